//! Markdown to Jira's wiki markup, which Data Center takes, and back to plain text.
//!
//! Notation: <https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all>. What people write must not
//! become markup: a mention would notify somebody, an image would be fetched, a macro would run.

use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Lists nested deeper than this stay at this depth.
const LIST_DEPTH_MAX: usize = 6;
/// Macros that plain text leaves out.
const MACROS: [&str; 6] = ["code", "noformat", "quote", "panel", "color", "anchor"];
/// Characters that are markup wherever they stand, or nearly so.
const SPECIAL: &str = "{}[]*_+^~|!";
/// Characters that an entity stands for, because no escape does.
const ENTITIES: [(&str, &str); 2] = [("&#46;", "."), ("&#92;", "\\")];

/// The wiki markup for a Markdown text.
///
/// Every line break of the text is one in the markup. HTML stays visible as text, and links keep only http(s) and mailto
/// targets: the text may come from a customer.
pub fn from_markdown(markdown: &str) -> String {
    let mut writer = Writer::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        writer.take(event);
    }
    writer.out.trim_end().to_owned()
}

/// An anchor, which readers don't see.
pub(super) fn anchor(name: &str) -> String {
    format!("{{anchor:{name}}}")
}

/// Whether the markup holds the anchor; an escaped one is text.
pub(super) fn has_anchor(markup: &str, name: &str) -> bool {
    let wanted = anchor(name);
    markup.match_indices(&wanted).any(|(place, _)| !markup.get(..place).unwrap_or_default().ends_with('\\'))
}

/// The words of wiki markup: without macros, headings' prefixes, links' targets and escapes.
pub fn plain_text(markup: &str) -> String {
    let mut text = String::new();
    for line in markup.lines() {
        let line = without_heading(line);
        text.push_str(&plain_line(line));
        text.push('\n');
    }
    text.trim().to_owned()
}

fn without_heading(line: &str) -> &str {
    let mut letters = line.chars();
    let heading =
        letters.next() == Some('h') && matches!(letters.next(), Some('1'..='6')) && letters.next() == Some('.');
    if heading { letters.as_str().trim_start() } else { line }
}

fn plain_line(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        rest = match first {
            '\\' => {
                let mut letters = after.chars();
                match letters.next() {
                    // Two of them break the line.
                    Some('\\') => text.push('\n'),
                    escaped => text.extend(escaped),
                }
                letters.as_str()
            }
            '{' => match macro_end(after) {
                Some(behind) => behind,
                None => after.strip_prefix('{').unwrap_or(after),
            },
            '}' => after.strip_prefix('}').unwrap_or(after),
            '[' => match after.split_once(']') {
                Some((inside, behind)) => {
                    text.push_str(inside.split('|').next().unwrap_or_default().trim_start_matches('~'));
                    behind
                }
                None => after,
            },
            other => {
                text.push(other);
                after
            }
        };
    }
    ENTITIES.iter().fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

/// What follows `{name}` or `{name:...}` of a known macro.
fn macro_end(after_brace: &str) -> Option<&str> {
    let (inside, behind) = after_brace.split_once('}')?;
    let name = inside.split(':').next().unwrap_or_default();
    MACROS.contains(&name).then_some(behind)
}

#[derive(Default)]
struct Writer {
    out: String,
    /// `*` or `#` for each open list.
    lists: Vec<char>,
    /// Targets of the open links; nothing for one that must not become clickable.
    links: Vec<Option<String>>,
    in_code: bool,
    quotes: usize,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => {
                // The macro would end early; a no-break in the word keeps it text.
                self.out.push_str(&text.replace("{code", "{\u{200b}code").replace("{noformat", "{\u{200b}noformat"));
            }
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => self.text(&text),
            Event::Code(text) => {
                let _ = write!(self.out, "{{{{{}}}}}", escaped(&text, false));
            }
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.block();
                self.out.push_str("----\n\n");
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.out.push('_'),
            Tag::Strong => self.out.push('*'),
            Tag::Strikethrough => self.out.push('-'),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let target = safe_target(&dest_url);
                if target.is_some() {
                    self.out.push('[');
                }
                self.links.push(target);
            }
            Tag::Heading { level, .. } => {
                self.block();
                if self.lists.is_empty() {
                    let _ = write!(self.out, "h{}. ", level_number(level));
                }
            }
            Tag::List(start) => {
                if self.lists.len() < LIST_DEPTH_MAX {
                    self.lists.push(if start.is_some() { '#' } else { '*' });
                } else {
                    self.lists.extend(self.lists.last().copied());
                }
                self.new_line();
            }
            Tag::Item => {
                self.new_line();
                self.out.extend(self.lists.iter().take(LIST_DEPTH_MAX));
                self.out.push(' ');
            }
            Tag::BlockQuote(_) => {
                self.block();
                if self.quotes == 0 && self.lists.is_empty() {
                    self.out.push_str("{quote}\n");
                }
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.new_line();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                let separator = if language.is_empty() { "" } else { ":" };
                let _ = writeln!(self.out, "{{code{separator}{language}}}");
                self.in_code = true;
            }
            Tag::Paragraph | Tag::HtmlBlock => self.block(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.out.push('_'),
            TagEnd::Strong => self.out.push('*'),
            TagEnd::Strikethrough => self.out.push('-'),
            TagEnd::Link | TagEnd::Image => {
                if let Some(Some(target)) = self.links.pop() {
                    let _ = write!(self.out, "|{target}]");
                }
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.block();
                }
            }
            TagEnd::BlockQuote(_) => {
                self.quotes = self.quotes.saturating_sub(1);
                if self.quotes == 0 && self.lists.is_empty() {
                    self.out.truncate(self.out.trim_end().len());
                    self.out.push_str("\n{quote}\n\n");
                }
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.new_line();
                self.out.push_str("{code}\n");
                if self.lists.is_empty() {
                    self.out.push('\n');
                }
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock if self.lists.is_empty() => {
                self.new_line();
                self.out.push('\n');
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        for (place, line) in text.trim_end_matches('\n').split('\n').enumerate() {
            if place > 0 {
                self.line_break();
            }
            let at_start = self.out.is_empty() || self.out.ends_with('\n');
            self.out.push_str(&escaped(line, at_start));
        }
    }

    /// In a list a new line would end the item, so the break is one that the markup names.
    fn line_break(&mut self) {
        self.out.push_str(if self.lists.is_empty() { "\n" } else { "\\\\ " });
    }

    fn new_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// An empty line before a block, unless it stands in a list.
    fn block(&mut self) {
        if self.lists.is_empty()
            && !self.out.is_empty()
            && !self.out.ends_with("\n\n")
            && !self.out.ends_with("{quote}\n")
        {
            self.new_line();
            self.out.push('\n');
        }
    }
}

/// A text that the renderer shows as it is. Addresses stay whole, so that they remain links.
fn escaped(text: &str, at_line_start: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, word) in text.split(' ').enumerate() {
        if place > 0 {
            out.push(' ');
        }
        if word.starts_with("http://") || word.starts_with("https://") {
            out.push_str(&inside_link(word));
        } else {
            escape_word(word, at_line_start && place == 0, &mut out);
        }
    }
    out
}

fn escape_word(word: &str, at_line_start: bool, out: &mut String) {
    let starts_block = matches!(word, "h1." | "h2." | "h3." | "h4." | "h5." | "h6." | "bq.");
    if at_line_start && starts_block {
        out.push_str(&word.replace('.', "&#46;"));
        return;
    }
    for (place, letter) in word.char_indices() {
        let dash = letter == '-' && (place == 0 || at_line_start || place + 1 == word.len());
        if letter == '\\' {
            out.push_str("&#92;");
            continue;
        }
        let number_sign = letter == '#' && at_line_start && place == 0;
        if dash || number_sign || SPECIAL.contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
}

fn inside_link(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    for letter in target.chars() {
        match letter {
            '{' | '}' | '[' | ']' | '|' | '\\' | '!' => {
                let _ = write!(out, "%{:02X}", u32::from(letter));
            }
            letter if letter.is_whitespace() => out.push_str("%20"),
            letter => out.push(letter),
        }
    }
    out
}

fn safe_target(target: &str) -> Option<String> {
    let (scheme, _) = target.split_once(':')?;
    let safe = ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed));
    safe.then(|| inside_link(target))
}

/// A language's name, without what would end the macro.
fn language(info: &str) -> String {
    info.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "+#-".contains(*letter)).collect()
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_marks_become_their_markup() {
        for (markdown, expected) in [
            ("# Steps\n\ntext", "h1. Steps\n\ntext"),
            ("**a** _b_ ~~c~~ `d`", "*a* _b_ -c- {{d}}"),
            ("- a\n- b\n  1. c\n", "* a\n* b\n*# c"),
            ("1. a\n   more\n", "# a\\\\ more"),
            ("> said\n\nthen", "{quote}\nsaid\n{quote}\n\nthen"),
            ("```rust\nlet a = [1];\n```\nb", "{code:rust}\nlet a = [1];\n{code}\n\nb"),
            ("[Slack](https://a.example/p1)", "[Slack|https://a.example/p1]"),
            ("a\nb\n\nc", "a\nb\n\nc"),
            ("a\n\n---\n\nb", "a\n\n----\n\nb"),
            ("", ""),
        ] {
            assert_eq!(from_markdown(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_people_write_never_becomes_markup() {
        for (text, expected) in [
            ("ping [~admin] now", "ping \\[\\~admin\\] now"),
            ("!http://a.example/x.png!", "\\!http://a.example/x.png\\!"),
            ("{anchor:deskbell-1}", "\\{anchor:deskbell\\-1\\}"),
            ("h1. loud", "h1&#46; loud"),
            ("snake_case a-b -c-", "snake\\_case a-b \\-c\\-"),
            ("see https://a.example/x_y|z", "see https://a.example/x_y%7Cz"),
            ("[x](javascript:alert)", "x"),
        ] {
            let markup = from_markdown(text);
            if text.starts_with('{') {
                assert!(!has_anchor(&markup, "deskbell-1"), "{markup}");
            } else {
                assert_eq!(markup, expected);
            }
        }
        let code = from_markdown("```\n{code}\n{anchor:m}\n```");
        assert_eq!(code.matches("{code}").count(), 2, "{code}");
    }

    #[test]
    fn plain_text_reads_what_was_written() {
        for text in ["snake_case {x} [~a] !b!", "h1. a\n-b- c\\d", "a|b ~ ^ +"] {
            assert_eq!(plain_text(&from_markdown(text)), text);
        }
        let whole = "h2. Steps\n# pay\n{code:rust}\nx\n{code}\n[Slack|https://a.example] {{id}}\n{anchor:m}";
        assert_eq!(plain_text(whole), "Steps\n# pay\n\nx\n\nSlack id");
    }
}
