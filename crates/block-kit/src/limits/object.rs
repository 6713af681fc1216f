//! Composition objects: <https://docs.slack.dev/reference/block-kit/composition-objects>.

use serde_json::Value;

use super::checker::{Checker, Object, TextKind, join};
use super::{CONFIRM_BUTTON, CONFIRM_TEXT, CONFIRM_TITLE, ID, OPTION_TEXT, OPTION_VALUE, Rule};

impl Checker {
    pub(super) fn options(&mut self, path: &str, element: &Object, key: &str, most: usize, kind: TextKind) {
        for (index, option) in self.list(path, element, key, most).iter().enumerate() {
            let path = format!("{path}.{key}[{index}]");
            let Some(option) = self.object(&path, option) else {
                continue;
            };
            self.keys(&path, option, &["text", "value"], &["description", "url"]);
            self.text(&path, option, "text", kind, OPTION_TEXT);
            self.text(&path, option, "description", kind, OPTION_TEXT);
            self.string(&path, option, "value", OPTION_VALUE);
            self.url(&path, option, "url");
        }
    }

    /// An initial option is exactly one of the offered ones, text included.
    pub(super) fn initials(&mut self, path: &str, element: &Object) {
        let items = |holder: &Object, key: &str| holder.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut offered = items(element, "options");
        for group in items(element, "option_groups") {
            offered.extend(group.as_object().map(|group| items(group, "options")).unwrap_or_default());
        }
        if element.get("initial_option").is_some_and(|initial| !offered.contains(initial)) {
            self.refuse(&join(path, "initial_option"), Rule::Invalid, "must be exactly one of the options");
        }
        if items(element, "initial_options").iter().any(|initial| !offered.contains(initial)) {
            self.refuse(&join(path, "initial_options"), Rule::Invalid, "each must be exactly one of the options");
        }
    }

    pub(super) fn conversation_filter(&mut self, path: &str, filter: &Value) {
        let Some(filter) = self.object(path, filter) else {
            return;
        };
        self.keys(path, filter, &[], &["exclude_bot_users", "exclude_external_shared_channels", "include"]);
        for include in self.list(path, filter, "include", 4) {
            if !["im", "mpim", "private", "public"].iter().any(|known| include == known) {
                self.refuse(&join(path, "include"), Rule::Invalid, "must be im, mpim, private or public");
            }
        }
    }

    pub(super) fn image_source(&mut self, path: &str, image: &Object) {
        match (image.contains_key("image_url"), image.get("slack_file")) {
            (true, None) => self.url(path, image, "image_url"),
            (false, Some(file)) => {
                let path = join(path, "slack_file");
                let Some(file) = self.object(&path, file) else {
                    return;
                };
                self.keys(&path, file, &[], &["id", "url"]);
                self.string(&path, file, "id", ID);
                self.url(&path, file, "url");
            }
            _ => self.refuse(path, Rule::Missing, "an image needs either image_url or slack_file"),
        }
    }

    pub(super) fn confirm(&mut self, path: &str, confirm: &Value) {
        let Some(confirm) = self.object(path, confirm) else {
            return;
        };
        self.keys(path, confirm, &["title", "text", "confirm", "deny"], &["style"]);
        self.text(path, confirm, "title", TextKind::Plain, CONFIRM_TITLE);
        self.text(path, confirm, "text", TextKind::Any, CONFIRM_TEXT);
        self.text(path, confirm, "confirm", TextKind::Plain, CONFIRM_BUTTON);
        self.text(path, confirm, "deny", TextKind::Plain, CONFIRM_BUTTON);
        self.one_of(path, confirm, "style", &["primary", "danger"]);
    }
}
