//! Pieces of a page as Markdown.

use super::Page;
use super::pieces::{Piece, attribute, without_entities};

/// Elements whose content is not for readers.
const LEFT_OUT: [&str; 12] = [
    "head",
    "script",
    "style",
    "template",
    "noscript",
    "svg",
    "iframe",
    "nav",
    "ac:parameter",
    "ac:task-id",
    "ac:task-status",
    "ac:placeholder",
];
/// Elements that have no end tag.
const VOID: [&str; 12] = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];
/// Elements that begin a block of their own.
const BLOCKS: [&str; 19] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "aside",
    "blockquote",
    "figure",
    "figcaption",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
    "address",
    "ac:layout-section",
    "ac:rich-text-body",
];

/// A list that is open, and the number of its next item where it is ordered.
type List = Option<u32>;

/// Writes a page.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    /// The words of the block that is being written.
    block: String,
    title: Option<String>,
    /// While within `<title>`.
    title_text: Option<String>,
    /// Depth within an element that is left out.
    hidden: Vec<String>,
    lists: Vec<List>,
    /// What the next block of a list's item begins with.
    marker: Option<String>,
    heading: usize,
    is_code: bool,
    links: Vec<Option<(String, usize)>>,
    row: Option<Vec<String>>,
    rows: usize,
    /// The page that a Confluence link leads to: its name stands where the link has no words.
    named: Option<String>,
}

impl Writer {
    pub(super) fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Open { name, attributes, is_closed } => self.open(&name, attributes, is_closed),
            Piece::Close(name) => self.close(&name),
            Piece::Words(words) => self.words(&without_entities(words)),
            Piece::Verbatim(words) => self.words(words),
        }
    }

    pub(super) fn finish(mut self) -> Page {
        self.end_block();
        Page { title: self.title, markdown: self.out.trim().to_owned() }
    }

    fn open(&mut self, name: &str, attributes: &str, is_closed: bool) {
        let is_void = is_closed || VOID.contains(&name);
        if name == "title" && !is_void {
            self.title_text = Some(String::new());
            return;
        }
        if !self.hidden.is_empty() || LEFT_OUT.contains(&name) || is_hidden(attributes) {
            if !is_void {
                self.hidden.push(name.to_owned());
            }
            return;
        }
        match name {
            "br" => self.block.push('\n'),
            "hr" => self.end_block(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_block();
                self.heading = name.bytes().last().map_or(1, |digit| usize::from(digit.saturating_sub(b'0')));
            }
            "ul" | "ol" | "ac:task-list" => {
                self.end_block();
                self.lists.push((name == "ol").then_some(1));
            }
            "li" | "ac:task" => self.open_item(),
            "pre" | "ac:plain-text-body" => {
                self.end_block();
                self.is_code = true;
            }
            "table" => {
                self.end_block();
                self.rows = 0;
            }
            "tr" => self.row = Some(Vec::new()),
            "td" | "th" => self.block.clear(),
            "a" => {
                let to = attribute(attributes, "href").filter(|to| is_web(to));
                self.links.push(to.map(|to| (to, self.block.len())));
            }
            "b" | "strong" => self.block.push_str("**"),
            "img" => self.words(&attribute(attributes, "alt").unwrap_or_default()),
            "ri:page" => self.named = attribute(attributes, "ri:content-title"),
            "ac:link" | "ac:plain-text-link-body" | "ac:link-body" => self.named = None,
            _ if BLOCKS.contains(&name) => self.end_block(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "title"
            && let Some(text) = self.title_text.take()
        {
            let text = squeezed(&text);
            self.title = self.title.take().or(Some(text).filter(|text| !text.is_empty()));
            return;
        }
        if let Some(at) = self.hidden.iter().rposition(|open| open == name) {
            self.hidden.truncate(at);
            return;
        }
        if !self.hidden.is_empty() {
            return;
        }
        match name {
            "ul" | "ol" | "ac:task-list" => {
                self.end_block();
                self.lists.pop();
            }
            "pre" | "ac:plain-text-body" => {
                self.end_block();
                self.is_code = false;
            }
            "td" | "th" => {
                let cell = squeezed(&self.block).replace('|', "\\|");
                self.block.clear();
                if let Some(row) = &mut self.row {
                    row.push(cell);
                }
            }
            "tr" => self.end_row(),
            "a" => self.end_link(),
            "b" | "strong" => self.end_strong(),
            "ac:link" => {
                if let Some(named) = self.named.take() {
                    self.words(&named);
                }
            }
            "li" | "ac:task" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.end_block(),
            _ if BLOCKS.contains(&name) => self.end_block(),
            _ => {}
        }
    }

    fn words(&mut self, words: &str) {
        if let Some(title) = &mut self.title_text {
            title.push_str(words);
        } else if self.hidden.is_empty() {
            let words = if self.is_code { words.to_owned() } else { escaped(words) };
            self.block.push_str(&words);
        }
    }

    fn open_item(&mut self) {
        self.end_block();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.marker = Some(format!("{indent}{marker}"));
    }

    fn end_link(&mut self) {
        if let Some(Some((to, from))) = self.links.pop()
            && self.block.get(from..).is_some_and(|words| !words.trim().is_empty())
        {
            let words = self.block.split_off(from);
            let to = to.replace([' ', ')'], "%20");
            self.block.extend(["[", words.trim(), "](", &to, ")"]);
        }
    }

    /// Marks around nothing would be read as words.
    fn end_strong(&mut self) {
        if self.block.ends_with("**") {
            let end = self.block.len() - 2;
            self.block.truncate(end);
        } else {
            self.block.push_str("**");
        }
    }

    fn end_row(&mut self) {
        let Some(cells) = self.row.take().filter(|cells| !cells.is_empty()) else { return };
        if self.rows == 0 && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(["| ", &cells.join(" | "), " |\n"]);
        if self.rows == 0 {
            self.out.extend(["|", &" --- |".repeat(cells.len()), "\n"]);
        }
        self.rows += 1;
    }

    /// Writes the block that is open, if it has words.
    fn end_block(&mut self) {
        // A cell's blocks stay in their cell.
        if self.row.is_some() {
            self.block.push(' ');
            return;
        }
        let block = std::mem::take(&mut self.block);
        if self.is_code {
            let code = block.trim_matches('\n');
            if !code.trim().is_empty() {
                self.out.extend(["\n```\n", code, "\n```\n"]);
            }
            return;
        }
        let lines: Vec<String> = block.lines().map(squeezed).filter(|line| !line.is_empty()).collect();
        let heading = std::mem::take(&mut self.heading);
        if lines.is_empty() {
            return;
        }
        if heading > 0 {
            let text = lines.join(" ");
            if heading == 1 && self.title.is_none() {
                self.title = Some(text.replace("**", "").replace('\\', ""));
            }
            self.out.extend(["\n", &"#".repeat(heading), " ", &text, "\n"]);
        } else if let Some(marker) = self.marker.take() {
            self.out.extend([marker.as_str(), &lines.join(" "), "\n"]);
        } else if self.lists.is_empty() {
            self.out.extend(["\n", &lines.join("\n"), "\n"]);
        } else {
            // A further paragraph of a list's item.
            self.out.extend(["  ".repeat(self.lists.len()).as_str(), &lines.join(" "), "\n"]);
        }
    }
}

fn is_hidden(attributes: &str) -> bool {
    let is_invisible = |style: String| {
        let style: String = style.to_lowercase().split_whitespace().collect();
        style.contains("display:none") || style.contains("visibility:hidden")
    };
    attribute(attributes, "hidden").is_some() || attribute(attributes, "style").is_some_and(is_invisible)
}

fn is_web(address: &str) -> bool {
    let lower = address.trim().to_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words whose signs would be Markdown's get a backslash. Line ends of the source are blanks.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '#' | '|' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}
