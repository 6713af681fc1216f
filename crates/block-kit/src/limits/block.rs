//! One rule per block type: <https://docs.slack.dev/reference/block-kit/blocks>.

use serde_json::Value;

use super::checker::{Checker, Object, Surface, TextKind, join};
use super::{
    ACTIONS_ELEMENTS, CONTEXT_ACTIONS_ELEMENTS, CONTEXT_ELEMENTS, FIELD_TEXT, HEADER_TEXT, LABEL, Rule, SECTION_FIELDS,
    SECTION_TEXT, Strictness, TABLE_COLUMNS, TABLE_ROWS,
};

/// Block types that Slack accepts and whose inner rules are not written down here; Deskbell's templates do not use them.
const NEWER: &[&str] = &["alert", "call", "card", "carousel", "data_table", "data_visualization", "plan", "task_card"];

/// UTF-16 units of all cells of a table together.
const TABLE_TEXT: usize = 10_000;

impl Checker {
    pub(super) fn block(&mut self, path: &str, block: &Value) {
        let Some(block) = self.object(path, block) else {
            return;
        };
        self.block_id(path, block);
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "actions" => self.actions(path, block),
            "context" => self.context(path, block),
            "context_actions" => self.context_actions(path, block),
            "divider" => self.keys(path, block, &[], &["block_id"]),
            "file" => self.file(path, block),
            "header" => self.header(path, block),
            "image" => self.image_block(path, block),
            "input" => self.input(path, block),
            "markdown" => self.markdown(path, block),
            "rich_text" => self.rich_text(path, block),
            "section" => self.section(path, block),
            "table" => self.table(path, block),
            "video" => self.video(path, block),
            "" => self.refuse(&join(path, "type"), Rule::Missing, "required field is missing"),
            newer if NEWER.contains(&newer) && self.strictness == Strictness::Slack => {
                self.newer_texts(block);
            }
            _ => self.refuse(&join(path, "type"), Rule::Unknown, format!("unknown block type {kind:?}")),
        }
    }

    fn only_on(&mut self, path: &str, surfaces: &[Surface]) {
        if !surfaces.contains(&self.surface) {
            let here = match self.surface {
                Surface::Message => "a message",
                Surface::Modal => "a modal",
                Surface::Home => "a home tab",
            };
            self.refuse(&join(path, "type"), Rule::Misplaced, format!("this block may not stand in {here}"));
        }
    }

    fn actions(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &["elements"], &["block_id"]);
        for (index, element) in self.list(path, block, "elements", ACTIONS_ELEMENTS).iter().enumerate() {
            self.action_element(&format!("{path}.elements[{index}]"), element);
        }
    }

    fn context(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &["elements"], &["block_id"]);
        for (index, element) in self.list(path, block, "elements", CONTEXT_ELEMENTS).iter().enumerate() {
            let path = format!("{path}.elements[{index}]");
            if element.get("type").and_then(Value::as_str) == Some("image") {
                self.image_element(&path, element);
            } else {
                self.text_object(&path, element, TextKind::Any, SECTION_TEXT);
            }
        }
    }

    fn context_actions(&mut self, path: &str, block: &Object) {
        self.only_on(path, &[Surface::Message]);
        self.keys(path, block, &["elements"], &["block_id"]);
        for (index, element) in self.list(path, block, "elements", CONTEXT_ACTIONS_ELEMENTS).iter().enumerate() {
            self.context_action(&format!("{path}.elements[{index}]"), element);
        }
    }

    fn file(&mut self, path: &str, block: &Object) {
        self.only_on(path, &[Surface::Message]);
        self.keys(path, block, &["external_id", "source"], &["block_id"]);
        self.one_of(path, block, "source", &["remote"]);
    }

    fn header(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &["text"], &["block_id", "level"]);
        self.integer(path, block, "level", 1, 4);
        self.text(path, block, "text", TextKind::Plain, HEADER_TEXT);
    }

    fn image_block(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &["alt_text"], &["block_id", "image_url", "slack_file", "title"]);
        self.image_source(path, block);
        self.string(path, block, "alt_text", LABEL);
        self.text(path, block, "title", TextKind::Plain, LABEL);
    }

    fn input(&mut self, path: &str, block: &Object) {
        self.inputs += 1;
        self.keys(path, block, &["label", "element"], &["block_id", "dispatch_action", "hint", "optional"]);
        self.text(path, block, "label", TextKind::Plain, LABEL);
        self.text(path, block, "hint", TextKind::Plain, LABEL);
        self.boolean(path, block, "dispatch_action");
        self.boolean(path, block, "optional");
        if let Some(element) = block.get("element") {
            self.input_element(&join(path, "element"), element);
        }
    }

    fn markdown(&mut self, path: &str, block: &Object) {
        self.only_on(path, &[Surface::Message]);
        self.keys(path, block, &["text"], &["block_id"]);
        if let Some(text) = self.string(path, block, "text", usize::MAX) {
            self.visible(text);
            self.markdown_text += super::text_units(text);
        }
    }

    fn section(&mut self, path: &str, block: &Object) {
        self.keys(path, block, &[], &["accessory", "block_id", "expand", "fields", "text"]);
        if block.get("text").is_none_or(Value::is_null) && block.get("fields").is_none_or(Value::is_null) {
            self.refuse(path, Rule::Missing, "a section needs text or fields");
        }
        self.boolean(path, block, "expand");
        self.text(path, block, "text", TextKind::Any, SECTION_TEXT);
        for (index, field) in self.list(path, block, "fields", SECTION_FIELDS).iter().enumerate() {
            self.text_object(&format!("{path}.fields[{index}]"), field, TextKind::Any, FIELD_TEXT);
        }
        if let Some(accessory) = block.get("accessory") {
            self.accessory(&join(path, "accessory"), accessory);
        }
    }

    fn table(&mut self, path: &str, block: &Object) {
        self.only_on(path, &[Surface::Message]);
        self.tables += 1;
        if self.tables > 1 {
            self.refuse(path, Rule::TooMany, "at most 1 table in a message");
        }
        self.keys(path, block, &["rows"], &["block_id", "column_settings"]);
        let before = self.total();
        for (index, row) in self.list(path, block, "rows", TABLE_ROWS).iter().enumerate() {
            let path = format!("{path}.rows[{index}]");
            let Some(cells) = row.as_array() else {
                self.refuse(&path, Rule::Invalid, "must be an array of cells");
                continue;
            };
            self.count(&path, cells.len(), 1, TABLE_COLUMNS, "cells");
            for (column, cell) in cells.iter().enumerate() {
                self.cell(&format!("{path}[{column}]"), cell);
            }
        }
        let found = self.total() - before;
        if found > TABLE_TEXT {
            self.refuse(
                &join(path, "rows"),
                Rule::TooLong,
                format!("at most {TABLE_TEXT} characters in a table, found {found}"),
            );
        }
        self.list(path, block, "column_settings", TABLE_COLUMNS);
    }

    fn cell(&mut self, path: &str, cell: &Value) {
        let Some(object) = self.object(path, cell) else {
            return;
        };
        match object.get("type").and_then(Value::as_str) {
            Some("raw_text") => {
                self.keys(path, object, &["text"], &[]);
                if let Some(text) = self.string(path, object, "text", SECTION_TEXT) {
                    self.visible(text);
                }
            }
            Some("raw_number") if object.contains_key("value") => {}
            Some("rich_text") => self.rich_text(path, object),
            _ => self.refuse(&join(path, "type"), Rule::Unknown, "a cell is raw_text, raw_number or rich_text"),
        }
    }

    fn video(&mut self, path: &str, block: &Object) {
        self.keys(
            path,
            block,
            &["alt_text", "thumbnail_url", "title", "video_url"],
            &["author_name", "block_id", "description", "provider_icon_url", "provider_name", "title_url"],
        );
        self.string(path, block, "alt_text", LABEL);
        self.string(path, block, "author_name", 50);
        self.text(path, block, "title", TextKind::Plain, 200);
        self.text(path, block, "description", TextKind::Plain, 200);
        for key in ["thumbnail_url", "video_url", "title_url", "provider_icon_url"] {
            self.url(path, block, key);
        }
    }

    /// Counts every `text` string of a block whose own rules are not known here.
    fn newer_texts(&mut self, block: &Object) {
        for (key, value) in block {
            match value {
                Value::String(text) if key == "text" => self.visible(text),
                Value::Object(inner) => self.newer_texts(inner),
                Value::Array(items) => {
                    items.iter().filter_map(Value::as_object).for_each(|item| self.newer_texts(item));
                }
                _ => {}
            }
        }
    }
}
