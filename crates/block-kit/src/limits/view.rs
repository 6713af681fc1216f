//! Modals and home tabs: <https://docs.slack.dev/reference/views>.

use serde_json::Value;

use super::checker::{Checker, Surface, TextKind};
use super::{ID, PRIVATE_METADATA, Rule, VIEW_BLOCKS, VIEW_TITLE};

impl Checker {
    pub(super) fn view(&mut self, view: &Value) {
        let Some(view) = self.object("", view) else {
            return;
        };
        self.one_of("", view, "type", &["modal", "home"]);
        if self.surface == Surface::Modal {
            self.keys(
                "",
                view,
                &["type", "title", "blocks"],
                &[
                    "callback_id",
                    "clear_on_close",
                    "close",
                    "external_id",
                    "notify_on_close",
                    "private_metadata",
                    "submit",
                    "submit_disabled",
                ],
            );
        } else {
            self.keys("", view, &["type", "blocks"], &["callback_id", "external_id", "private_metadata"]);
        }
        for key in ["title", "submit", "close"] {
            self.text("", view, key, TextKind::Plain, VIEW_TITLE);
        }
        for key in ["callback_id", "external_id"] {
            self.string("", view, key, ID);
        }
        for key in ["clear_on_close", "notify_on_close", "submit_disabled"] {
            self.boolean("", view, key);
        }
        // Slack takes an empty private_metadata.
        match view.get("private_metadata") {
            Some(Value::String(metadata)) => {
                self.length("private_metadata", metadata, PRIVATE_METADATA);
            }
            None | Some(Value::Null) => {}
            Some(_) => self.refuse("private_metadata", Rule::Invalid, "must be a string"),
        }
        match view.get("blocks") {
            Some(Value::Array(blocks)) => self.blocks("blocks", blocks, VIEW_BLOCKS),
            None | Some(Value::Null) => {}
            Some(_) => self.refuse("blocks", Rule::Invalid, "must be an array of blocks"),
        }
        if self.surface == Surface::Modal && self.inputs > 0 && view.get("submit").is_none_or(Value::is_null) {
            self.refuse("submit", Rule::Missing, "required when a modal has an input block");
        }
    }
}
