//! Atlassian Document Format: what Jira refuses, and the words inside.

use serde_json::{Value, json};

/// Nodes nested deeper than this are refused.
const DEPTH_MAX: usize = 64;
/// Nodes that may stand where a block may.
const BLOCKS: [&str; 9] =
    ["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "panel", "table"];
const INLINES: [&str; 6] = ["text", "hardBreak", "mention", "emoji", "inlineCard", "date"];
const MARKS: [&str; 8] = ["strong", "em", "strike", "code", "link", "underline", "subsup", "textColor"];

/// Whether Jira would take the value as a document.
pub(super) fn is_document(value: &Value) -> bool {
    kind(value) == "doc"
        && value.get("version").and_then(Value::as_u64) == Some(1)
        && value.get("content").is_some_and(Value::is_array)
        && children(value).iter().all(|child| BLOCKS.contains(&kind(child)) && is_node(child, 1))
}

/// The words of a document, one line per block; wiki markup as it is.
pub(super) fn plain_text(document: &Value) -> String {
    if let Some(markup) = document.as_str() {
        return markup.to_owned();
    }
    let mut text = String::new();
    collect(document, 0, &mut text);
    text.trim_end().to_owned()
}

/// A text that was written as wiki markup, as Cloud would show it: its lines as paragraphs.
pub(super) fn of_lines(text: &str) -> Value {
    let paragraph = |line: &str| {
        let content = if line.is_empty() { json!([]) } else { json!([{ "type": "text", "text": line }]) };
        json!({ "type": "paragraph", "content": content })
    };
    json!({ "type": "doc", "version": 1, "content": text.lines().map(paragraph).collect::<Vec<_>>() })
}

fn is_node(node: &Value, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    let inside = children(node);
    let allowed: &[&str] = match kind(node) {
        "text" => return is_text(node),
        "hardBreak" | "rule" | "mention" | "emoji" | "inlineCard" | "date" => {
            return inside.is_empty();
        }
        "paragraph" => &INLINES,
        "heading" => {
            let level = node.pointer("/attrs/level").and_then(Value::as_u64);
            if !level.is_some_and(|level| (1..=6).contains(&level)) {
                return false;
            }
            &INLINES
        }
        "codeBlock" => {
            if inside.iter().any(|child| child.get("marks").is_some()) {
                return false;
            }
            &["text"]
        }
        "bulletList" | "orderedList" if !inside.is_empty() => &["listItem"],
        "listItem" => {
            if !inside.first().is_some_and(|first| matches!(kind(first), "paragraph" | "codeBlock")) {
                return false;
            }
            &["paragraph", "bulletList", "orderedList", "codeBlock"]
        }
        "blockquote" if !inside.is_empty() => &["paragraph", "bulletList", "orderedList", "codeBlock"],
        "panel" => &["paragraph", "heading", "bulletList", "orderedList"],
        "table" => &["tableRow"],
        "tableRow" => &["tableHeader", "tableCell"],
        "tableHeader" | "tableCell" => &BLOCKS,
        _ => return false,
    };
    inside.iter().all(|child| allowed.contains(&kind(child)) && is_node(child, depth + 1))
}

fn is_text(node: &Value) -> bool {
    let marks = node.get("marks").and_then(Value::as_array);
    let kinds: Vec<&str> = marks.into_iter().flatten().map(kind).collect();
    let known = kinds.iter().all(|mark| MARKS.contains(mark));
    let code_alone = !kinds.contains(&"code") || kinds.iter().all(|mark| matches!(*mark, "code" | "link"));
    node.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) && known && code_alone
}

fn collect(node: &Value, depth: usize, text: &mut String) {
    if depth > DEPTH_MAX {
        return;
    }
    match kind(node) {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push('\n'),
        _ => {}
    }
    for child in children(node) {
        collect(child, depth + 1, text);
    }
    if matches!(kind(node), "paragraph" | "heading" | "codeBlock") {
        text.push('\n');
    }
}

fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn children(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(content: &Value) -> Value {
        json!({ "type": "doc", "version": 1, "content": content })
    }

    #[test]
    fn takes_what_jira_takes() {
        let text = json!({ "type": "text", "text": "a", "marks": [{ "type": "strong" }] });
        let paragraph = json!({ "type": "paragraph", "content": [text] });
        let item = json!({ "type": "listItem", "content": [paragraph] });
        let good = document(&json!([paragraph, { "type": "bulletList", "content": [item] }, { "type": "rule" }]));
        assert!(is_document(&good));
        assert_eq!(plain_text(&good), "a\na");
    }

    #[test]
    fn refuses_what_jira_refuses() {
        let text = json!({ "type": "text", "text": "a" });
        for content in [
            json!([text]),
            json!([{ "type": "paragraph", "content": [{ "type": "text", "text": "" }] }]),
            json!([{ "type": "heading", "attrs": { "level": 9 }, "content": [] }]),
            json!([{ "type": "bulletList", "content": [{ "type": "listItem", "content": [] }] }]),
            json!([{ "type": "blockquote", "content": [{ "type": "rule" }] }]),
            json!("a"),
        ] {
            assert!(!is_document(&document(&content)), "{content}");
        }
        assert!(!is_document(&json!("plain words")));
    }
}
