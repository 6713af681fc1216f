//! Shortcut's error bodies: `{"message": "...", "errors": {"field": complaint}}`.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::Value;

use crate::failure::ToolFailure;

/// Characters of Shortcut's own words that are passed on.
const VENDOR_WORDS_MAX: usize = 600;

/// Words a 4xx answer of Shortcut's: what it complains about and what to do.
pub(super) fn explain(status: StatusCode, body: &Value) -> ToolFailure {
    let field_errors = field_errors(body);
    let said = vendor_words(body, &field_errors);
    let message = match status {
        StatusCode::UNAUTHORIZED => "Shortcut refused the API token; check DESKBELL_SHORTCUT_API_TOKEN".to_owned(),
        StatusCode::FORBIDDEN => {
            with_words("The account of the Shortcut API token lacks the right; give it a role that has it", &said)
        }
        StatusCode::NOT_FOUND => {
            with_words("Shortcut has no such object, or the account may not see it; check the id", &said)
        }
        StatusCode::CONFLICT => {
            return ToolFailure::transient("The story is being changed by somebody else; try again", None);
        }
        StatusCode::PAYLOAD_TOO_LARGE => with_words("The text is too long for Shortcut; shorten it", &said),
        _ => with_words(&format!("Shortcut refused the request ({status})"), &said),
    };
    ToolFailure::permanent(message).with_field_errors(field_errors)
}

fn with_words(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}. Shortcut says: {said}") }
}

fn field_errors(body: &Value) -> BTreeMap<String, String> {
    let errors = body.get("errors").and_then(Value::as_object);
    errors.into_iter().flatten().map(|(field, complaint)| (field.clone(), complaint_words(complaint))).collect()
}

/// A complaint is a word (`missing-required-key`) or `["not", [predicate, value]]`: the value may be a customer's words
/// and is left out.
fn complaint_words(complaint: &Value) -> String {
    if let Some(word) = complaint.as_str() {
        return word.to_owned();
    }
    match complaint.pointer("/1/0").and_then(Value::as_str) {
        Some(predicate) => format!("must be {}", predicate.trim_end_matches('?')),
        None => "is not as Shortcut takes it".to_owned(),
    }
}

fn vendor_words(body: &Value, field_errors: &BTreeMap<String, String>) -> String {
    let general = body.get("message").and_then(Value::as_str).map(str::to_owned);
    let fields = field_errors.iter().map(|(field, text)| format!("{field}: {text}."));
    let words: Vec<String> = general.into_iter().chain(fields).collect();
    words.join(" ").chars().take(VENDOR_WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::ErrorKind;

    #[test]
    fn passes_on_what_shortcut_says_about_each_field_but_not_what_it_was_sent() {
        let body = json!({
            "message": "The request included invalid or missing parameters.",
            "errors": { "name": "missing-required-key", "estimate": ["not", ["integer?", "my secret"]], "x": [1] },
        });
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert_eq!(failure.error_kind, ErrorKind::Permanent);
        assert_eq!(
            failure.message,
            "Shortcut refused the request (400 Bad Request). Shortcut says: The request included invalid or missing \
             parameters. estimate: must be integer. name: missing-required-key. x: is not as Shortcut takes it."
        );
        assert_eq!(failure.field_errors["name"], "missing-required-key");
    }

    #[test]
    fn survives_bodies_that_are_not_shortcuts() {
        for body in [Value::Null, json!([]), json!({"errors": [1], "message": 3})] {
            assert!(explain(StatusCode::FORBIDDEN, &body).message.contains("role"));
        }
    }
}
