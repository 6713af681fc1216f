//! One rule per block element: <https://docs.slack.dev/reference/block-kit/block-elements>.

use serde_json::Value;

use super::checker::{Checker, Object, Surface, TextKind, join};
use super::{
    BUTTON_TEXT, BUTTON_VALUE, CHOICE_OPTIONS, LABEL, OPTION_TEXT, OVERFLOW_OPTIONS, PLACEHOLDER, Rule, SECTION_TEXT,
    SELECT_OPTIONS,
};

/// Elements that stand in an actions block and beside a section.
const ACTION_ELEMENTS: &[&str] = &[
    "button",
    "channels_select",
    "checkboxes",
    "conversations_select",
    "datepicker",
    "datetimepicker",
    "external_select",
    "overflow",
    "radio_buttons",
    "static_select",
    "timepicker",
    "users_select",
    "workflow_button",
];
/// Selects of several items: beside a section or in an input, never in an actions block.
const MULTI_SELECTS: &[&str] = &[
    "multi_channels_select",
    "multi_conversations_select",
    "multi_external_select",
    "multi_static_select",
    "multi_users_select",
];
/// Elements that stand in an input block, besides the selects.
const INPUT_ELEMENTS: &[&str] = &[
    "channels_select",
    "checkboxes",
    "conversations_select",
    "datepicker",
    "datetimepicker",
    "email_text_input",
    "external_select",
    "file_input",
    "number_input",
    "plain_text_input",
    "radio_buttons",
    "rich_text_input",
    "static_select",
    "timepicker",
    "url_text_input",
    "users_select",
];

impl Checker {
    pub(super) fn action_element(&mut self, path: &str, element: &Value) {
        self.placed_element(path, element, &[ACTION_ELEMENTS], "an actions block");
    }

    pub(super) fn input_element(&mut self, path: &str, element: &Value) {
        self.placed_element(path, element, &[INPUT_ELEMENTS, MULTI_SELECTS], "an input block");
    }

    pub(super) fn accessory(&mut self, path: &str, element: &Value) {
        if element.get("type").and_then(Value::as_str) == Some("image") {
            self.image_element(path, element);
        } else {
            self.placed_element(path, element, &[ACTION_ELEMENTS, MULTI_SELECTS], "a section");
        }
    }

    pub(super) fn context_action(&mut self, path: &str, element: &Value) {
        self.placed_element(path, element, &[&["feedback_buttons", "icon_button"]], "a context_actions block");
    }

    fn placed_element(&mut self, path: &str, element: &Value, allowed: &[&[&str]], place: &str) {
        let Some(element) = self.object(path, element) else {
            return;
        };
        let Some(kind) = element.get("type").and_then(Value::as_str) else {
            self.refuse(&join(path, "type"), Rule::Missing, "required field is missing");
            return;
        };
        if !allowed.iter().any(|set| set.contains(&kind)) {
            self.refuse(&join(path, "type"), Rule::Misplaced, format!("element {kind:?} may not stand in {place}"));
            return;
        }
        self.action_id(path, element);
        self.focus(path, element);
        if let Some(confirm) = element.get("confirm") {
            self.confirm(&join(path, "confirm"), confirm);
        }
        self.text(path, element, "placeholder", TextKind::Plain, PLACEHOLDER);
        self.element_by_type(path, element, kind);
    }

    fn element_by_type(&mut self, path: &str, element: &Object, kind: &str) {
        match kind {
            "button" => self.button(path, element),
            "workflow_button" => {
                self.keys(path, element, &["text", "workflow"], &["accessibility_label", "action_id", "style"]);
                self.text(path, element, "text", TextKind::Plain, BUTTON_TEXT);
            }
            "icon_button" => self.icon_button(path, element),
            "feedback_buttons" => self.feedback_buttons(path, element),
            "overflow" => self.choices(path, element, OVERFLOW_OPTIONS, TextKind::Plain),
            "checkboxes" | "radio_buttons" => {
                self.choices(path, element, CHOICE_OPTIONS, TextKind::Any);
            }
            "datepicker" => {
                self.keys(
                    path,
                    element,
                    &[],
                    &["action_id", "confirm", "focus_on_load", "initial_date", "placeholder"],
                );
            }
            "datetimepicker" => {
                self.keys(path, element, &[], &["action_id", "confirm", "focus_on_load", "initial_date_time"]);
                self.integer(path, element, "initial_date_time", 0, 9_999_999_999);
            }
            "timepicker" => self.keys(
                path,
                element,
                &[],
                &["action_id", "confirm", "focus_on_load", "initial_time", "placeholder", "timezone"],
            ),
            "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" | "rich_text_input" => {
                self.text_input(path, element, kind);
            }
            "file_input" => self.file_input(path, element),
            _ => self.select(path, element, kind),
        }
    }

    fn button(&mut self, path: &str, element: &Object) {
        self.keys(path, element, &["text"], &["accessibility_label", "action_id", "confirm", "style", "url", "value"]);
        self.text(path, element, "text", TextKind::Plain, BUTTON_TEXT);
        self.string(path, element, "value", BUTTON_VALUE);
        self.string(path, element, "accessibility_label", BUTTON_TEXT);
        self.url(path, element, "url");
        self.one_of(path, element, "style", &["primary", "danger"]);
    }

    fn icon_button(&mut self, path: &str, element: &Object) {
        self.keys(
            path,
            element,
            &["icon", "text"],
            &["accessibility_label", "action_id", "confirm", "value", "visible_to_user_ids"],
        );
        self.text(path, element, "text", TextKind::Plain, BUTTON_TEXT);
        self.string(path, element, "value", BUTTON_VALUE);
    }

    fn feedback_buttons(&mut self, path: &str, element: &Object) {
        self.keys(path, element, &["positive_button", "negative_button"], &["action_id"]);
        for key in ["positive_button", "negative_button"] {
            let path = join(path, key);
            let Some(button) = element.get(key).and_then(Value::as_object) else {
                continue;
            };
            self.keys(&path, button, &["text", "value"], &["accessibility_label"]);
            self.text(&path, button, "text", TextKind::Plain, BUTTON_TEXT);
            self.string(&path, button, "value", BUTTON_VALUE);
        }
    }

    fn choices(&mut self, path: &str, element: &Object, most: usize, kind: TextKind) {
        self.keys(
            path,
            element,
            &["options"],
            &["action_id", "confirm", "focus_on_load", "initial_option", "initial_options"],
        );
        self.options(path, element, "options", most, kind);
        self.initials(path, element);
    }

    fn select(&mut self, path: &str, element: &Object, kind: &str) {
        let own: &[&str] = match kind {
            "static_select" => &["initial_option", "option_groups", "options"],
            "multi_static_select" => &["initial_options", "max_selected_items", "option_groups", "options"],
            "external_select" => &["initial_option", "min_query_length"],
            "multi_external_select" => &["initial_options", "max_selected_items", "min_query_length"],
            "users_select" => &["initial_user"],
            "multi_users_select" => &["initial_users", "max_selected_items"],
            "conversations_select" => {
                &["default_to_current_conversation", "filter", "initial_conversation", "response_url_enabled"]
            }
            "multi_conversations_select" => {
                &["default_to_current_conversation", "filter", "initial_conversations", "max_selected_items"]
            }
            "channels_select" => &["initial_channel", "response_url_enabled"],
            _ => &["initial_channels", "max_selected_items"],
        };
        let optional = [own, &["action_id", "confirm", "focus_on_load", "placeholder"]].concat();
        self.keys(path, element, &[], &optional);
        self.integer(path, element, "max_selected_items", 1, i64::MAX);
        self.boolean(path, element, "default_to_current_conversation");
        if kind.ends_with("static_select") {
            self.static_options(path, element);
        }
        if let Some(filter) = element.get("filter") {
            self.conversation_filter(&join(path, "filter"), filter);
        }
        if element.contains_key("response_url_enabled") && self.surface != Surface::Modal {
            self.refuse(&join(path, "response_url_enabled"), Rule::Misplaced, "only in a modal's input block");
        }
    }

    fn static_options(&mut self, path: &str, element: &Object) {
        match (element.contains_key("options"), element.contains_key("option_groups")) {
            (true, false) => {
                self.options(path, element, "options", SELECT_OPTIONS, TextKind::Plain);
            }
            (false, true) => {
                for (index, group) in self.list(path, element, "option_groups", SELECT_OPTIONS).iter().enumerate() {
                    let path = format!("{path}.option_groups[{index}]");
                    let Some(group) = self.object(&path, group) else {
                        continue;
                    };
                    self.keys(&path, group, &["label", "options"], &[]);
                    self.text(&path, group, "label", TextKind::Plain, OPTION_TEXT);
                    self.options(&path, group, "options", SELECT_OPTIONS, TextKind::Plain);
                }
            }
            _ => self.refuse(path, Rule::Missing, "a static select needs either options or option_groups"),
        }
        self.initials(path, element);
    }

    fn text_input(&mut self, path: &str, element: &Object, kind: &str) {
        let (required, own): (&[&str], &[&str]) = match kind {
            "plain_text_input" => (&[], &["initial_value", "max_length", "min_length", "multiline"]),
            "number_input" => (&["is_decimal_allowed"], &["initial_value", "max_value", "min_value"]),
            "rich_text_input" => (&["action_id"], &["initial_value"]),
            _ => (&[], &["initial_value"]),
        };
        let optional = [own, &["action_id", "dispatch_action_config", "focus_on_load", "placeholder"]].concat();
        self.keys(path, element, required, &optional);
        if kind == "plain_text_input" {
            self.boolean(path, element, "multiline");
            self.integer(path, element, "min_length", 0, 3_000);
            self.integer(path, element, "max_length", 1, 3_000);
            self.string(path, element, "initial_value", SECTION_TEXT);
        }
    }

    fn file_input(&mut self, path: &str, element: &Object) {
        if self.surface != Surface::Modal {
            self.refuse(&join(path, "type"), Rule::Misplaced, "a file_input stands in modals only");
        }
        self.keys(path, element, &[], &["action_id", "filetypes", "max_files"]);
        self.integer(path, element, "max_files", 1, 10);
    }

    pub(super) fn image_element(&mut self, path: &str, element: &Value) {
        let Some(element) = self.object(path, element) else {
            return;
        };
        self.keys(path, element, &["alt_text"], &["image_url", "slack_file"]);
        self.image_source(path, element);
        self.string(path, element, "alt_text", LABEL);
    }
}
