//! Rich text: <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>.

use serde_json::Value;

use super::checker::{Checker, Object, join};
use super::{Rule, SECTION_TEXT};

impl Checker {
    pub(super) fn rich_text(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &["elements"], &["block_id"]);
        for (index, part) in self.parts(path, block).iter().enumerate() {
            self.rich_part(&format!("{path}.elements[{index}]"), part);
        }
    }

    /// The `elements` of a rich text part; Slack gives no upper bound and lets a part be empty.
    fn parts<'v>(&mut self, path: &str, part: &'v Object) -> &'v [Value] {
        match part.get("elements") {
            Some(Value::Array(elements)) => elements,
            None => &[],
            Some(_) => {
                self.refuse(&join(path, "elements"), Rule::Invalid, "must be an array");
                &[]
            }
        }
    }

    fn rich_part(&mut self, path: &str, part: &Value) {
        let Some(part) = self.object(path, part) else {
            return;
        };
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "rich_text_section" => self.keys(path, part, &["elements"], &[]),
            "rich_text_quote" => self.keys(path, part, &["elements"], &["border"]),
            "rich_text_preformatted" => {
                self.keys(path, part, &["elements"], &["border", "language"]);
            }
            "rich_text_list" => {
                self.keys(path, part, &["elements", "style"], &["border", "indent", "offset"]);
                self.one_of(path, part, "style", &["bullet", "ordered"]);
                self.integer(path, part, "indent", 0, 8);
            }
            _ => {
                self.refuse(&join(path, "type"), Rule::Unknown, format!("unknown rich text part {kind:?}"));
                return;
            }
        }
        for (index, element) in self.parts(path, part).iter().enumerate() {
            let path = format!("{path}.elements[{index}]");
            if kind == "rich_text_list" {
                self.list_item(&path, element);
            } else {
                self.rich_leaf(&path, element);
            }
        }
    }

    fn list_item(&mut self, path: &str, item: &Value) {
        if item.get("type").and_then(Value::as_str) == Some("rich_text_section") {
            self.rich_part(path, item);
        } else {
            self.refuse(&join(path, "type"), Rule::Misplaced, "an item of a list is a rich_text_section");
        }
    }

    fn rich_leaf(&mut self, path: &str, leaf: &Value) {
        let Some(leaf) = self.object(path, leaf) else {
            return;
        };
        let kind = leaf.get("type").and_then(Value::as_str).unwrap_or_default();
        let (required, optional): (&[&str], &[&str]) = match kind {
            "text" => (&["text"], &["style"]),
            "link" => (&["url"], &["style", "text", "unsafe"]),
            "emoji" => (&["name"], &["skin_tone", "style", "unicode", "url", "display_url", "display_team_id"]),
            "user" => (&["user_id"], &["style"]),
            "channel" => (&["channel_id"], &["style"]),
            "usergroup" => (&["usergroup_id"], &["style"]),
            "broadcast" => (&["range"], &["style"]),
            "color" => (&["value"], &["style"]),
            "date" => (&["timestamp", "format"], &["fallback", "style", "url"]),
            "team" => (&["team_id"], &["style"]),
            _ => {
                self.refuse(&join(path, "type"), Rule::Unknown, format!("unknown rich text element {kind:?}"));
                return;
            }
        };
        self.keys(path, leaf, required, optional);
        if let Some(text) = self.string(path, leaf, "text", SECTION_TEXT) {
            self.visible(text);
        }
        if kind == "link" {
            self.url(path, leaf, "url");
        }
        if kind == "broadcast" {
            self.one_of(path, leaf, "range", &["here", "channel", "everyone"]);
        }
    }
}
