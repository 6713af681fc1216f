//! Jira's error bodies: `{"errorMessages": [...], "errors": {"field": "..."}}`.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::Value;

use crate::failure::ToolFailure;

/// Characters of Jira's own words that are passed on.
const VENDOR_WORDS_MAX: usize = 600;

/// Words a 4xx answer of Jira's: what it complains about and what to do.
pub(super) fn explain(status: StatusCode, body: &Value) -> ToolFailure {
    let field_errors = field_errors(body);
    let said = vendor_words(body, &field_errors);
    let message = match status {
        StatusCode::UNAUTHORIZED => {
            "Jira refused the credentials; check the account's e-mail address and its API token".to_owned()
        }
        StatusCode::FORBIDDEN => {
            with_words("The Jira account lacks the permission; grant it in the project's permission scheme", &said)
        }
        StatusCode::NOT_FOUND => {
            with_words("Jira has no such object, or the account may not see it; check the key and the account", &said)
        }
        StatusCode::CONFLICT => {
            return ToolFailure::transient("The Jira issue is being changed by somebody else; try again", None);
        }
        StatusCode::PAYLOAD_TOO_LARGE => with_words("The text is too long for Jira; shorten it", &said),
        _ => with_words(&format!("Jira refused the request ({status})"), &said),
    };
    ToolFailure::permanent(message).with_field_errors(field_errors)
}

fn with_words(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}. Jira says: {said}") }
}

fn field_errors(body: &Value) -> BTreeMap<String, String> {
    let errors = body.get("errors").and_then(Value::as_object);
    errors.into_iter().flatten().filter_map(|(field, text)| Some((field.clone(), text.as_str()?.to_owned()))).collect()
}

fn vendor_words(body: &Value, field_errors: &BTreeMap<String, String>) -> String {
    let general = body
        .get("errorMessages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned);
    let fields = field_errors.iter().map(|(field, text)| format!("{field}: {text}"));
    let words: Vec<String> = general.chain(fields).collect();
    words.join(" ").chars().take(VENDOR_WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ErrorKind;
    use serde_json::json;

    #[test]
    fn passes_on_what_jira_says_about_each_field() {
        let body = json!({"errorMessages": [], "errors": {"project": "valid project is required"}});
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert_eq!(failure.error_kind, ErrorKind::Permanent);
        assert_eq!(
            failure.message,
            "Jira refused the request (400 Bad Request). \
             Jira says: project: valid project is required"
        );
        assert_eq!(failure.field_errors["project"], "valid project is required");
    }

    #[test]
    fn survives_bodies_that_are_not_jiras() {
        for body in [Value::Null, json!([]), json!({"errors": [1], "errorMessages": "x"})] {
            let failure = explain(StatusCode::FORBIDDEN, &body);
            assert!(failure.message.contains("permission"));
        }
    }
}
