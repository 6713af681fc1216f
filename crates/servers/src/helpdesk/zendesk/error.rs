//! Zendesk's error bodies: `{"error", "description", "details": {"field": [{"description"}]}}`, and
//! `{"error": {"title", "message"}}`.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::Value;

use crate::failure::ToolFailure;

/// Characters of Zendesk's own words that are passed on.
const VENDOR_WORDS_MAX: usize = 600;
/// The field that a complaint about an idempotency key is filed under.
const KEY_FIELD: &str = "idempotency_key";

/// Words a 4xx answer of Zendesk's: what it complains about and what to do.
pub(super) fn explain(status: StatusCode, body: &Value) -> ToolFailure {
    if body.get("error").and_then(Value::as_str) == Some("IdempotentRequestError") {
        let message = "This idempotency key was used for a ticket with other content within the last two hours; \
                       use a key of its own for each ticket";
        return ToolFailure::permanent(message).with_field_errors([(KEY_FIELD.to_owned(), message.to_owned())].into());
    }
    let field_errors = field_errors(body);
    let said = vendor_words(body, &field_errors);
    let message = match status {
        StatusCode::UNAUTHORIZED => {
            "Zendesk refused the credentials; check the agent's e-mail address and the token, and that token access is \
             switched on in the Admin Center"
                .to_owned()
        }
        StatusCode::FORBIDDEN => with_words("The Zendesk agent lacks the permission; give it the role it needs", &said),
        StatusCode::NOT_FOUND => {
            with_words("Zendesk has no such object, or the agent may not see it; check the id and the agent", &said)
        }
        StatusCode::CONFLICT => {
            return ToolFailure::transient("The ticket was changed by somebody else at the same time; try again", None);
        }
        StatusCode::PAYLOAD_TOO_LARGE => with_words("The text is too long for Zendesk; shorten it", &said),
        _ => with_words(&format!("Zendesk refused the request ({status})"), &said),
    };
    ToolFailure::permanent(message).with_field_errors(field_errors)
}

/// Whether Zendesk knows the idempotency key with another request.
pub(super) fn is_key_conflict(failure: &ToolFailure) -> bool {
    failure.field_errors.contains_key(KEY_FIELD)
}

fn with_words(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}. Zendesk says: {said}") }
}

fn field_errors(body: &Value) -> BTreeMap<String, String> {
    let details = body.get("details").and_then(Value::as_object);
    let words = |complaints: &Value| {
        let complaints = complaints.as_array()?.iter();
        let said: Vec<&str> = complaints.filter_map(|complaint| complaint.get("description")?.as_str()).collect();
        Some(said.join("; "))
    };
    details.into_iter().flatten().filter_map(|(field, complaints)| Some((field.clone(), words(complaints)?))).collect()
}

fn vendor_words(body: &Value, field_errors: &BTreeMap<String, String>) -> String {
    let general = ["/description", "/error/title", "/error/message", "/message", "/error_description"];
    let general = general.into_iter().filter_map(|place| body.pointer(place)?.as_str()).map(str::to_owned);
    let words: Vec<String> = general.chain(field_errors.values().cloned()).collect();
    words.join(": ").chars().take(VENDOR_WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ErrorKind;
    use serde_json::json;

    #[test]
    fn passes_on_what_zendesk_says_about_each_field() {
        let body = json!({
            "error": "RecordInvalid", "description": "Record validation errors",
            "details": { "status": [{ "description": "Status: closed prevents ticket update" }] },
        });
        let failure = explain(StatusCode::UNPROCESSABLE_ENTITY, &body);
        assert_eq!(failure.error_kind, ErrorKind::Permanent);
        assert_eq!(
            failure.message,
            "Zendesk refused the request (422 Unprocessable Entity). \
             Zendesk says: Record validation errors: Status: closed prevents ticket update"
        );
        assert_eq!(failure.field_errors["status"], "Status: closed prevents ticket update");
    }

    #[test]
    fn survives_bodies_that_are_not_zendesks() {
        for body in [Value::Null, json!([]), json!({ "error": 1, "details": { "a": "x" } })] {
            let failure = explain(StatusCode::FORBIDDEN, &body);
            assert!(failure.message.contains("permission"));
        }
        let conflict = explain(StatusCode::CONFLICT, &json!({ "error": "UpdateConflict" }));
        assert_eq!(conflict.error_kind, ErrorKind::Transient);
    }
}
