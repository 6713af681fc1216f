//! The walk over a message or view: what is counted across blocks, and the checks that every rule is made of.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    ATTACHMENTS, ID, MARKDOWN_TEXT, MESSAGE_BLOCKS, MESSAGE_TEXT, MESSAGE_TOTAL_TEXT, Rule, Strictness, Violation,
    text_units,
};

pub(super) type Object = Map<String, Value>;

/// Where the blocks will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    Message,
    Modal,
    Home,
}

/// Which text objects a place takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Plain,
    Any,
}

pub(super) struct Checker {
    pub(super) strictness: Strictness,
    pub(super) surface: Surface,
    violations: Vec<Violation>,
    block_ids: HashSet<String>,
    action_ids: HashSet<String>,
    /// UTF-16 units of text seen in blocks so far.
    total_text: usize,
    /// UTF-16 units seen in markdown blocks so far.
    pub(super) markdown_text: usize,
    pub(super) tables: usize,
    pub(super) inputs: usize,
    focused: usize,
}

impl Checker {
    pub(super) fn new(strictness: Strictness, surface: Surface) -> Self {
        Self {
            strictness,
            surface,
            violations: Vec::new(),
            block_ids: HashSet::new(),
            action_ids: HashSet::new(),
            total_text: 0,
            markdown_text: 0,
            tables: 0,
            inputs: 0,
            focused: 0,
        }
    }

    pub(super) fn finish(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }

    pub(super) fn refuse(&mut self, path: &str, rule: Rule, message: impl Into<String>) {
        self.violations.push(Violation { path: path.to_owned(), rule, message: message.into() });
    }

    pub(super) fn message(&mut self, message: &Value) {
        let Some(message) = self.object("", message) else {
            return;
        };
        self.top_level_text(message);
        match message.get("blocks") {
            None | Some(Value::Null) => {}
            Some(Value::Array(blocks)) => self.blocks("blocks", blocks, MESSAGE_BLOCKS),
            Some(_) => self.refuse("blocks", Rule::Invalid, "must be an array of blocks"),
        }
        match message.get("attachments") {
            None | Some(Value::Null) => {}
            Some(Value::Array(attachments)) => self.attachments(attachments),
            Some(_) => self.refuse("attachments", Rule::Invalid, "must be an array of attachments"),
        }
        if self.total_text > MESSAGE_TOTAL_TEXT {
            let found = self.total_text;
            self.refuse(
                "blocks",
                Rule::TotalTooLong,
                format!("at most {MESSAGE_TOTAL_TEXT} characters of text in all, found {found}"),
            );
        }
        if self.markdown_text > MARKDOWN_TEXT {
            let found = self.markdown_text;
            self.refuse(
                "blocks",
                Rule::TooLong,
                format!("at most {MARKDOWN_TEXT} characters in all markdown blocks, found {found}"),
            );
        }
    }

    fn top_level_text(&mut self, message: &Object) {
        let has = |key: &str| message.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let optional = self.strictness == Strictness::Slack && (has("blocks") || has("attachments"));
        match message.get("text") {
            Some(Value::String(text)) if !text.trim().is_empty() => {
                self.length("text", text, MESSAGE_TEXT);
            }
            None | Some(Value::Null | Value::String(_)) if optional => {}
            Some(Value::String(_) | Value::Null) | None => {
                self.refuse("text", Rule::NoText, "required: it is what notifications and screen readers say");
            }
            Some(_) => self.refuse("text", Rule::Invalid, "must be a string"),
        }
    }

    fn attachments(&mut self, attachments: &[Value]) {
        self.count("attachments", attachments.len(), 0, ATTACHMENTS, "attachments");
        for (index, attachment) in attachments.iter().enumerate() {
            let path = format!("attachments[{index}]");
            let Some(attachment) = self.object(&path, attachment) else {
                continue;
            };
            if let Some(Value::Array(blocks)) = attachment.get("blocks") {
                self.blocks(&format!("{path}.blocks"), blocks, MESSAGE_BLOCKS);
            }
        }
    }

    pub(super) fn blocks(&mut self, path: &str, blocks: &[Value], most: usize) {
        self.count(path, blocks.len(), 0, most, "blocks");
        for (index, block) in blocks.iter().enumerate() {
            self.block(&format!("{path}[{index}]"), block);
        }
    }

    /// The value as an object; a violation otherwise.
    pub(super) fn object<'v>(&mut self, path: &str, value: &'v Value) -> Option<&'v Object> {
        let object = value.as_object();
        if object.is_none() {
            self.refuse(path, Rule::Invalid, "must be an object");
        }
        object
    }

    /// Required keys are there; no key stands that is neither required nor optional. `type` is always allowed.
    pub(super) fn keys(&mut self, path: &str, object: &Object, required: &[&str], optional: &[&str]) {
        for key in required {
            if object.get(*key).is_none_or(Value::is_null) {
                self.refuse(&join(path, key), Rule::Missing, "required field is missing");
            }
        }
        for key in object.keys() {
            let key = key.as_str();
            if key != "type" && !required.contains(&key) && !optional.contains(&key) {
                self.refuse(&join(path, key), Rule::Unknown, "Slack knows no such field here");
            }
        }
    }

    pub(super) fn count(&mut self, path: &str, found: usize, least: usize, most: usize, what: &str) {
        if found > most {
            self.refuse(path, Rule::TooMany, format!("at most {most} {what}, found {found}"));
        } else if found < least {
            self.refuse(path, Rule::Empty, format!("at least {least} {what}, found {found}"));
        }
    }

    pub(super) fn length(&mut self, path: &str, text: &str, most: usize) {
        let found = text_units(text);
        if found > most {
            self.refuse(path, Rule::TooLong, format!("at most {most} characters, found {found}"));
        }
    }

    /// Text that a reader sees: counted towards the message's total.
    pub(super) fn visible(&mut self, text: &str) {
        self.total_text += text_units(text);
    }

    /// UTF-16 units of text seen so far.
    pub(super) fn total(&self) -> usize {
        self.total_text
    }

    /// An optional string field of 1 to `most` UTF-16 units.
    pub(super) fn string<'v>(&mut self, path: &str, object: &'v Object, key: &str, most: usize) -> Option<&'v str> {
        let path = join(path, key);
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => {
                self.refuse(&path, Rule::Empty, "must not be empty");
                None
            }
            Some(Value::String(text)) => {
                self.length(&path, text, most);
                Some(text)
            }
            Some(_) => {
                self.refuse(&path, Rule::Invalid, "must be a string");
                None
            }
        }
    }

    /// An optional string field out of a closed set.
    pub(super) fn one_of(&mut self, path: &str, object: &Object, key: &str, allowed: &[&str]) {
        if let Some(found) = self.string(path, object, key, ID)
            && !allowed.contains(&found)
        {
            self.refuse(&join(path, key), Rule::Invalid, format!("must be one of {}", allowed.join(", ")));
        }
    }

    /// An optional web address.
    pub(super) fn url(&mut self, path: &str, object: &Object, key: &str) {
        if let Some(url) = self.string(path, object, key, super::URL) {
            let known = ["http://", "https://", "mailto:", "slack://"].iter().any(|scheme| url.starts_with(scheme));
            if !known || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
                self.refuse(
                    &join(path, key),
                    Rule::Invalid,
                    "must be an absolute http(s), mailto or slack address without spaces",
                );
            }
        }
    }

    pub(super) fn boolean(&mut self, path: &str, object: &Object, key: &str) {
        if object.get(key).is_some_and(|value| !value.is_boolean()) {
            self.refuse(&join(path, key), Rule::Invalid, "must be true or false");
        }
    }

    /// An optional whole number within bounds, both included.
    pub(super) fn integer(&mut self, path: &str, object: &Object, key: &str, least: i64, most: i64) {
        let Some(value) = object.get(key) else { return };
        if value.as_i64().is_none_or(|found| found < least || found > most) {
            self.refuse(&join(path, key), Rule::Invalid, format!("must be a whole number from {least} to {most}"));
        }
    }

    /// An optional list; its items, or none.
    pub(super) fn list<'v>(&mut self, path: &str, object: &'v Object, key: &str, most: usize) -> &'v [Value] {
        let path = join(path, key);
        match object.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) => {
                self.count(&path, items.len(), 1, most, "items");
                items
            }
            Some(_) => {
                self.refuse(&path, Rule::Invalid, "must be an array");
                &[]
            }
        }
    }

    /// An optional text object.
    pub(super) fn text(&mut self, path: &str, object: &Object, key: &str, kind: TextKind, most: usize) {
        if let Some(value) = object.get(key).filter(|value| !value.is_null()) {
            self.text_object(&join(path, key), value, kind, most);
        }
    }

    pub(super) fn text_object(&mut self, path: &str, value: &Value, kind: TextKind, most: usize) {
        let Some(object) = self.object(path, value) else {
            return;
        };
        let extra: &[&str] = match object.get("type").and_then(Value::as_str) {
            Some("plain_text") => &["emoji"],
            Some("mrkdwn") if kind == TextKind::Any => &["verbatim"],
            Some("mrkdwn") => {
                self.refuse(&join(path, "type"), Rule::Invalid, "must be plain_text here");
                &["verbatim"]
            }
            _ => {
                self.refuse(&join(path, "type"), Rule::Invalid, "must be plain_text or mrkdwn");
                return;
            }
        };
        self.keys(path, object, &["text"], extra);
        self.boolean(path, object, "emoji");
        self.boolean(path, object, "verbatim");
        if let Some(text) = self.string(path, object, "text", most) {
            self.visible(text);
        }
    }

    pub(super) fn block_id(&mut self, path: &str, block: &Object) {
        if let Some(id) = self.string(path, block, "block_id", ID)
            && !self.block_ids.insert(id.to_owned())
        {
            self.refuse(&join(path, "block_id"), Rule::Duplicate, format!("block_id {id:?} is used twice"));
        }
        if self.strictness == Strictness::Slack {
            // Slack asks for unique action_ids within one block only.
            self.action_ids.clear();
        }
    }

    pub(super) fn action_id(&mut self, path: &str, element: &Object) {
        match self.string(path, element, "action_id", ID) {
            Some(id) if !self.action_ids.insert(id.to_owned()) => {
                self.refuse(&join(path, "action_id"), Rule::Duplicate, format!("action_id {id:?} is used twice"));
            }
            None if self.strictness == Strictness::Templates && !element.contains_key("action_id") => {
                self.refuse(
                    &join(path, "action_id"),
                    Rule::Missing,
                    "required: a click without one can't be told from another",
                );
            }
            _ => {}
        }
    }

    pub(super) fn focus(&mut self, path: &str, element: &Object) {
        self.boolean(path, element, "focus_on_load");
        if element.get("focus_on_load").and_then(Value::as_bool) == Some(true) {
            self.focused += 1;
            if self.focused > 1 {
                self.refuse(
                    &join(path, "focus_on_load"),
                    Rule::TooMany,
                    "only one element of a view may take the focus",
                );
            }
        }
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
