//! Slack's limits on messages and views, checked before anything is sent.
//!
//! The rules are those of <https://docs.slack.dev/reference/block-kit/blocks>, `.../block-elements`,
//! `.../composition-objects` and <https://docs.slack.dev/reference/views>. Slack says "characters" without saying
//! which: lengths here are UTF-16 code units, the strictest reading (an emoji outside the basic plane counts as two), so
//! that what passes here passes there. They are counted on the JSON value as sent: `&amp;` counts as five.

mod block;
mod checker;
mod element;
mod object;
mod rich_text;
mod view;

use std::fmt;

use serde_json::Value;

use checker::{Checker, Surface};

/// Blocks in one message.
pub const MESSAGE_BLOCKS: usize = 50;
/// Blocks in one modal or home view.
pub const VIEW_BLOCKS: usize = 100;
/// UTF-16 units of all text in one message's blocks together (measured, not documented; Slack answers `msg_blocks_too_long`).
pub const MESSAGE_TOTAL_TEXT: usize = 13_200;
/// UTF-16 units of a message's top-level `text`; Slack truncates beyond 40,000 and recommends far less.
pub const MESSAGE_TEXT: usize = 40_000;
/// Legacy attachments in one message.
pub const ATTACHMENTS: usize = 100;
/// UTF-16 units of a section's text, and of any text object without a stricter rule.
pub const SECTION_TEXT: usize = 3_000;
/// Fields in a section.
pub const SECTION_FIELDS: usize = 10;
/// UTF-16 units of one field of a section.
pub const FIELD_TEXT: usize = 2_000;
/// UTF-16 units of a header.
pub const HEADER_TEXT: usize = 150;
/// Elements in an actions block.
pub const ACTIONS_ELEMENTS: usize = 25;
/// Elements in a context block.
pub const CONTEXT_ELEMENTS: usize = 10;
/// Elements in a `context_actions` block.
pub const CONTEXT_ACTIONS_ELEMENTS: usize = 5;
/// UTF-16 units of all markdown blocks in a message together.
pub const MARKDOWN_TEXT: usize = 12_000;
/// UTF-16 units of a button's text.
pub const BUTTON_TEXT: usize = 75;
/// UTF-16 units of a button's `value`.
pub const BUTTON_VALUE: usize = 2_000;
/// UTF-16 units of an `action_id`, `block_id`, `callback_id` or `external_id`.
pub const ID: usize = 255;
/// UTF-16 units of any URL.
pub const URL: usize = 3_000;
/// Options in a select, and option groups in one.
pub const SELECT_OPTIONS: usize = 100;
/// Options in checkboxes and radio buttons.
pub const CHOICE_OPTIONS: usize = 10;
/// Options in an overflow menu.
pub const OVERFLOW_OPTIONS: usize = 5;
/// UTF-16 units of an option's text or description, and of an option group's label.
pub const OPTION_TEXT: usize = 75;
/// UTF-16 units of an option's value.
pub const OPTION_VALUE: usize = 150;
/// UTF-16 units of a placeholder.
pub const PLACEHOLDER: usize = 150;
/// UTF-16 units of an input's label, a hint, an image's title and its alternative text.
pub const LABEL: usize = 2_000;
/// UTF-16 units of a view's title, submit and close texts.
pub const VIEW_TITLE: usize = 24;
/// UTF-16 units of a view's `private_metadata`.
pub const PRIVATE_METADATA: usize = 3_000;
/// UTF-16 units of a confirm dialog's title.
pub const CONFIRM_TITLE: usize = 100;
/// UTF-16 units of a confirm dialog's text.
pub const CONFIRM_TEXT: usize = 300;
/// UTF-16 units of a confirm dialog's buttons.
pub const CONFIRM_BUTTON: usize = 30;
/// Rows of a table, its header included.
pub const TABLE_ROWS: usize = 100;
/// Columns of a table.
pub const TABLE_COLUMNS: usize = 20;

/// How Slack counts text: UTF-16 code units (see the module's page for why).
pub fn text_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Deskbell's own templates: top-level `text` is required, an `action_id` is unique in the whole message, every
    /// interactive element has one, and only block types whose every rule is known here are let through.
    Templates,
    /// What Slack's servers refuse: newer block types pass, `text` may be missing where blocks stand.
    Slack,
}

/// What kind of rule was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A required field is missing.
    Missing,
    /// Text longer than its limit.
    TooLong,
    /// A list longer than its limit.
    TooMany,
    /// Text or a list that must not be empty.
    Empty,
    /// The JSON type or a value outside the closed set.
    Invalid,
    /// A field, block or element that Slack does not know.
    Unknown,
    /// A known block or element where it may not stand.
    Misplaced,
    /// An id used twice.
    Duplicate,
    /// All blocks' text together is too long.
    TotalTooLong,
    /// Neither `text`, `blocks` nor `attachments`; or no `text` on one of Deskbell's own.
    NoText,
}

/// One broken rule: where, and what is allowed against what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, such as `blocks[3].elements[0].text`.
    pub path: String,
    /// Which kind of rule.
    pub rule: Rule,
    /// The limit and what was found; never the text itself.
    pub message: String,
}

impl Violation {
    /// The path as a JSON pointer, the form in which Slack reports it: `/blocks/3/elements/0/text`.
    pub fn json_pointer(&self) -> String {
        let steps = self.path.replace('[', ".").replace(']', "");
        steps.split('.').filter(|step| !step.is_empty()).fold(String::new(), |pointer, step| pointer + "/" + step)
    }

    /// The `error` that Slack's Web API answers for this violation in a message; views answer `invalid_arguments`.
    pub fn message_error(&self) -> &'static str {
        match (self.rule, self.path.as_str()) {
            (Rule::NoText, _) => "no_text",
            (Rule::TotalTooLong, _) => "msg_blocks_too_long",
            (Rule::TooLong, "text") => "msg_too_long",
            (Rule::TooMany, "attachments") => "too_many_attachments",
            (Rule::Invalid, "blocks") => "invalid_blocks_format",
            _ => "invalid_blocks",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(top level)" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}

/// Checks `{text, blocks, attachments?}` by the rules for Deskbell's own messages.
///
/// # Errors
/// Every violation found, in document order.
pub fn check_message(message: &Value) -> Result<(), Vec<Violation>> {
    check_message_as(message, Strictness::Templates)
}

/// Checks a view (modal or home) by the rules for Deskbell's own views.
///
/// # Errors
/// Every violation found, in document order.
pub fn check_view(view: &Value) -> Result<(), Vec<Violation>> {
    check_view_as(view, Strictness::Templates)
}

/// Checks `{text, blocks, attachments?}`; other keys (`channel`, `metadata`, ...) are not looked at. `blocks` is a JSON
/// array: a caller that received it as a string parses it first.
///
/// # Errors
/// Every violation found, in document order.
pub fn check_message_as(message: &Value, strictness: Strictness) -> Result<(), Vec<Violation>> {
    let mut checker = Checker::new(strictness, Surface::Message);
    checker.message(message);
    checker.finish()
}

/// Checks a view (modal or home).
///
/// # Errors
/// Every violation found, in document order.
pub fn check_view_as(view: &Value, strictness: Strictness) -> Result<(), Vec<Violation>> {
    let surface = if view.get("type").and_then(Value::as_str) == Some("home") { Surface::Home } else { Surface::Modal };
    let mut checker = Checker::new(strictness, surface);
    checker.view(view);
    checker.finish()
}
