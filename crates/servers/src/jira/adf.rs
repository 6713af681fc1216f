//! Markdown to Atlassian Document Format, and ADF back to plain text.
//!
//! ADF restricts what may stand inside what (a list item starts with a paragraph, a quote holds no
//! heading, a rule stands at the top only), and Jira answers 400 to a document that breaks that.
//! Structure and node names: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde_json::{Map, Value, json};

/// Lists nested deeper than this are flattened into the level above.
const LIST_DEPTH_MAX: usize = 6;
/// Nodes nested deeper than this are left out of plain text.
const TEXT_DEPTH_MAX: usize = 64;

/// The ADF document for a Markdown text. An empty text gives a document with one empty paragraph.
///
/// Every line break of the text is one in the document. HTML stays visible as text, and links keep only http(s) and mailto targets: the text may come
/// from a customer.
pub fn from_markdown(markdown: &str) -> Value {
    let mut builder = Builder::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        builder.take(event);
    }
    let mut content = builder.finish();
    if content.is_empty() {
        content.push(json!({ "type": "paragraph", "content": [] }));
    }
    json!({ "type": "doc", "version": 1, "content": content })
}

/// The words of an ADF document, one line per block.
pub fn plain_text(document: &Value) -> String {
    let mut text = String::new();
    collect_text(document, 0, &mut text);
    text.trim_end().to_owned()
}

fn collect_text(node: &Value, depth: usize, text: &mut String) {
    if depth > TEXT_DEPTH_MAX {
        return;
    }
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push('\n'),
        "mention" | "emoji" => {
            let label = node.pointer("/attrs/text").and_then(Value::as_str);
            text.push_str(label.unwrap_or_default());
        }
        _ => {}
    }
    let children = node.get("content").and_then(Value::as_array);
    for child in children.into_iter().flatten() {
        collect_text(child, depth + 1, text);
    }
    if matches!(kind, "paragraph" | "heading" | "codeBlock" | "rule") {
        text.push('\n');
    }
}

/// A block that is being filled.
#[derive(Debug, PartialEq)]
enum Block {
    Document,
    /// `implied`: made for inline content that stands directly in a list item.
    Paragraph {
        implied: bool,
    },
    Heading(u8),
    BulletList,
    OrderedList(u64),
    Item,
    Quote,
    Code(String),
    /// Its children go to the block above.
    Dissolved,
}

struct Builder {
    open: Vec<(Block, Vec<Value>)>,
    marks: Vec<Value>,
    /// Text of a code block; its lines arrive in pieces.
    code: String,
}

impl Builder {
    fn new() -> Self {
        Self { open: vec![(Block::Document, Vec::new())], marks: Vec::new(), code: String::new() }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Html(line) => {
                self.text(&line);
                if line.ends_with('\n') {
                    self.line_break();
                }
            }
            Event::Code(text) => self.marked_text(&text, &[json!({ "type": "code" })]),
            // People write support texts line by line: what they set apart stays apart.
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.close_implied();
                if self.top() == &Block::Document {
                    self.push(json!({ "type": "rule" }));
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.marks.push(json!({ "type": "em" })),
            Tag::Strong => self.marks.push(json!({ "type": "strong" })),
            Tag::Strikethrough => self.marks.push(json!({ "type": "strike" })),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.marks.push(link_mark(&dest_url));
            }
            Tag::Paragraph | Tag::HtmlBlock => self.open_block(Block::Paragraph { implied: false }),
            Tag::Heading { level, .. } => self.open_block(Block::Heading(level_number(level))),
            Tag::List(start) => {
                let list = match start {
                    _ if self.list_depth() >= LIST_DEPTH_MAX => Block::Dissolved,
                    None => Block::BulletList,
                    Some(number) => Block::OrderedList(number),
                };
                self.open_block(list);
            }
            Tag::Item => {
                let inside_list = matches!(self.top(), Block::BulletList | Block::OrderedList(_));
                self.open_block(if inside_list { Block::Item } else { Block::Dissolved });
            }
            // A quote may stand at the top only.
            Tag::BlockQuote(_) => {
                self.close_implied();
                let quote = match self.top() {
                    Block::Document => Block::Quote,
                    _ => Block::Dissolved,
                };
                self.open_block(quote);
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => first_word(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.open_block(Block::Code(language));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.marks.pop();
            }
            TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::Heading(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock => {
                self.close_implied();
                self.close();
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if matches!(self.top(), Block::Code(_)) {
            self.code.push_str(text);
        } else {
            self.marked_text(text, &[]);
        }
    }

    fn marked_text(&mut self, text: &str, extra: &[Value]) {
        let text = text.trim_end_matches('\n');
        if text.is_empty() {
            return;
        }
        let mut marks: Vec<&Value> = Vec::new();
        for mark in self.marks.iter().chain(extra) {
            // `code` tolerates only links beside it; a repeated mark is invalid.
            let allowed = extra.is_empty() || kind_of(mark) == "code" || kind_of(mark) == "link";
            let repeated = marks.iter().any(|known| kind_of(known) == kind_of(mark));
            if !mark.is_null() && allowed && !repeated {
                marks.push(mark);
            }
        }
        let mut node = json!({ "type": "text", "text": text });
        if let (false, Some(object)) = (marks.is_empty(), node.as_object_mut()) {
            object.insert("marks".into(), json!(marks));
        }
        self.inline(node);
    }

    fn line_break(&mut self) {
        self.inline(json!({ "type": "hardBreak" }));
    }

    fn inline(&mut self, node: Value) {
        if !matches!(self.top(), Block::Paragraph { .. } | Block::Heading(_)) {
            self.open.push((Block::Paragraph { implied: true }, Vec::new()));
        }
        self.push(node);
    }

    fn open_block(&mut self, block: Block) {
        self.close_implied();
        self.open.push((block, Vec::new()));
    }

    fn close_implied(&mut self) {
        if self.top() == &(Block::Paragraph { implied: true }) {
            self.close();
        }
    }

    /// Closes the innermost block and hands it to the one above, in a form that may stand there.
    fn close(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let Some((block, mut content)) = self.open.pop() else {
            return;
        };
        while content.last().map(kind_of) == Some("hardBreak") {
            content.pop();
        }
        match block {
            Block::Dissolved => content.into_iter().for_each(|node| self.push(node)),
            Block::Paragraph { .. } if !content.is_empty() => {
                self.push(json!({ "type": "paragraph", "content": content }));
            }
            Block::Heading(level) if !content.is_empty() => self.push_heading(level, content),
            Block::Code(language) => {
                let node = code_block(&language, &std::mem::take(&mut self.code));
                self.push(node);
            }
            Block::Item => self.push(list_item(content)),
            Block::BulletList if !content.is_empty() => {
                self.push(json!({ "type": "bulletList", "content": content }));
            }
            Block::OrderedList(start) if !content.is_empty() => {
                let attrs = json!({ "order": start });
                self.push(json!({ "type": "orderedList", "attrs": attrs, "content": content }));
            }
            Block::Quote if !content.is_empty() => {
                self.push(json!({ "type": "blockquote", "content": content }));
            }
            _ => {}
        }
    }

    /// Below the top a heading becomes a paragraph in bold.
    fn push_heading(&mut self, level: u8, content: Vec<Value>) {
        let node = if self.top() == &Block::Document {
            json!({ "type": "heading", "attrs": { "level": level }, "content": content })
        } else {
            let bold: Vec<Value> = content.into_iter().map(embolden).collect();
            json!({ "type": "paragraph", "content": bold })
        };
        self.push(node);
    }

    fn push(&mut self, node: Value) {
        if let Some((_, content)) = self.open.last_mut() {
            content.push(node);
        }
    }

    fn top(&self) -> &Block {
        self.open.last().map_or(&Block::Document, |(block, _)| block)
    }

    fn list_depth(&self) -> usize {
        let is_list = |(block, _): &&(Block, Vec<Value>)| matches!(block, Block::BulletList | Block::OrderedList(_));
        self.open.iter().filter(is_list).count()
    }

    fn finish(mut self) -> Vec<Value> {
        while self.open.len() > 1 {
            self.close();
        }
        self.open.pop().map_or_else(Vec::new, |(_, content)| content)
    }
}

fn kind_of(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// `Null` for a target that must not become clickable, so that start and end stay paired.
fn link_mark(target: &str) -> Value {
    let scheme = target.split(':').next().unwrap_or_default();
    let safe = ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed));
    if safe && target.contains(':') { json!({ "type": "link", "attrs": { "href": target } }) } else { Value::Null }
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

fn first_word(info: &str) -> String {
    let word = info.split(|c: char| c.is_whitespace() || c == ',').next();
    word.unwrap_or_default().to_owned()
}

fn code_block(language: &str, code: &str) -> Value {
    let mut node = Map::new();
    node.insert("type".into(), "codeBlock".into());
    if !language.is_empty() {
        node.insert("attrs".into(), json!({ "language": language }));
    }
    let code = code.strip_suffix('\n').unwrap_or(code);
    // ADF forbids an empty text node.
    let content = if code.is_empty() { json!([]) } else { json!([{ "type": "text", "text": code }]) };
    node.insert("content".into(), content);
    Value::Object(node)
}

/// A list item must start with a paragraph or a code block.
fn list_item(mut content: Vec<Value>) -> Value {
    let first = content.first().map(kind_of);
    if !matches!(first, Some("paragraph" | "codeBlock")) {
        content.insert(0, json!({ "type": "paragraph", "content": [] }));
    }
    json!({ "type": "listItem", "content": content })
}

fn embolden(mut node: Value) -> Value {
    if kind_of(&node) == "text" {
        let strong = json!({ "type": "strong" });
        let object = node.as_object_mut();
        let marks = object.map(|object| object.entry("marks").or_insert_with(|| json!([])));
        if let Some(marks) = marks.and_then(Value::as_array_mut) {
            let settled = marks.iter().any(|mark| matches!(kind_of(mark), "strong" | "code"));
            if !settled {
                marks.push(strong);
            }
        }
    }
    node
}

#[cfg(test)]
mod tests;
