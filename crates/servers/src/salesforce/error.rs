//! Salesforce's error bodies: `[{"message", "errorCode", "fields"}]`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm>

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::Value;

use super::names::FieldName;
use crate::failure::ToolFailure;

/// Characters of Salesforce's own words that are passed on.
const VENDOR_WORDS_MAX: usize = 600;
/// The field that a missing column is filed under.
const COLUMN: &str = "column";

/// What a code means, and whether its message may be passed on: many messages repeat what was sent.
struct Known {
    code: &'static str,
    what: &'static str,
    is_passed_on: bool,
}

const fn told(code: &'static str, what: &'static str) -> Known {
    Known { code, what, is_passed_on: true }
}

const fn untold(code: &'static str, what: &'static str) -> Known {
    Known { code, what, is_passed_on: false }
}

const RIGHTS: &str = "The Salesforce user that the app acts as lacks a right; give it a permission set with access to \
                      the object and its fields";

const KNOWN: &[Known] = &[
    told("API_DISABLED_FOR_ORG", "The organisation's edition has no API; use one that has"),
    told("API_CURRENTLY_DISABLED", "The user that the app acts as may not use the API; grant \"API Enabled\""),
    told("INSUFFICIENT_ACCESS_OR_READONLY", RIGHTS),
    told("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", RIGHTS),
    told("INSUFFICIENT_ACCESS", RIGHTS),
    told(
        "INVALID_TYPE",
        "Salesforce has no such object, or the user may not see it; give it a permission set with access",
    ),
    told("NOT_FOUND", "Salesforce has no such object, or the user may not see it; check the id"),
    told("ENTITY_IS_DELETED", "The record is deleted; restore it or name another"),
    told("INVALID_CROSS_REFERENCE_KEY", "A record that is referred to does not exist; check the ids"),
    told("REQUIRED_FIELD_MISSING", "Salesforce demands a field that was not given"),
    told("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "A value is not one of the field's choices"),
    told("DUPLICATE_VALUE", "Another record holds this value in a unique field"),
    told("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A validation rule of the organisation refused the change"),
    untold("DUPLICATES_DETECTED", "A duplicate rule of the organisation refused the record"),
    untold("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "A trigger of the organisation refused the change; ask its owner"),
    untold("STRING_TOO_LONG", "A text is longer than its field takes; shorten it"),
    untold("INVALID_EMAIL_ADDRESS", "An e-mail address is none"),
    untold("MALFORMED_ID", "An id is none of this object's; check it"),
    untold(
        "MALFORMED_QUERY",
        "Salesforce did not understand the query; set DESKBELL_SALESFORCE_API_VERSION to a newer one",
    ),
    untold("INVALID_QUERY_LOCATOR", "next_page_token is too old, or none of this tool's; leave it out to begin anew"),
    untold(
        "INVALID_QUERY_LOCATOR_FIELD",
        "next_page_token is too old, or none of this tool's; leave it out to begin anew",
    ),
    untold(
        "UNSUPPORTED_API_VERSION",
        "Salesforce does not speak this version; correct DESKBELL_SALESFORCE_API_VERSION",
    ),
];

/// Nothing was done, and the same call may go through later.
const TRANSIENT: &[(&str, &str)] = &[
    (
        "REQUEST_LIMIT_EXCEEDED",
        "Salesforce's limit of API requests is used up; it counts the last 24 hours. Wait, or raise the limit",
    ),
    ("UNABLE_TO_LOCK_ROW", "The record is being changed by somebody else; try again"),
    ("ENTITY_IS_LOCKED", "The record is locked, as by an approval; try again later"),
    ("QUERY_TIMEOUT", "Salesforce took too long over the query; try again"),
    ("SERVER_UNAVAILABLE", "Salesforce is busy; try again"),
    ("TXN_SECURITY_METERING_ERROR", "Salesforce is limiting requests; try again"),
];

/// Words an answer that is no success: what Salesforce complains about and what to do.
pub(super) fn explain(status: StatusCode, body: &Value) -> ToolFailure {
    if status == StatusCode::MULTIPLE_CHOICES {
        let several = body.as_array().map_or(0, Vec::len);
        return ToolFailure::permanent(format!(
            "{several} cases hold this external id, so none was changed; make the field of \
             DESKBELL_SALESFORCE_CASE_ID_FIELD unique and clear it on all cases but one"
        ));
    }
    let complaints = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let code = complaints.first().map(code).unwrap_or_default();
    if let Some((_, words)) = TRANSIENT.iter().find(|(known, _)| *known == code) {
        return ToolFailure::transient(*words, None);
    }
    if code == "INVALID_FIELD" {
        return missing_column(complaints.first().map(message).unwrap_or_default());
    }
    let known = KNOWN.iter().find(|known| known.code == code);
    let what = match (known, status) {
        (Some(known), _) => known.what.to_owned(),
        (None, StatusCode::UNAUTHORIZED) => {
            "Salesforce took neither the access token nor a new one; check that the app's session policies and the \
             user's IP restrictions admit Deskbell"
                .to_owned()
        }
        (None, StatusCode::FORBIDDEN) => RIGHTS.to_owned(),
        (None, StatusCode::NOT_FOUND) => {
            "Salesforce has no such record or address; check the id and DESKBELL_SALESFORCE_API_VERSION".to_owned()
        }
        (None, _) => format!("Salesforce refused the request ({status})"),
    };
    let passed_on = known.is_some_and(|known| known.is_passed_on);
    let said: Vec<String> =
        complaints.iter().map(|one| words(one, passed_on)).filter(|said| !said.is_empty()).collect();
    let said: String = said.join("; ").chars().take(VENDOR_WORDS_MAX).collect();
    let message = if said.is_empty() { what } else { format!("{what}. Salesforce says: {said}") };
    ToolFailure::permanent(message).with_field_errors(field_errors(complaints))
}

/// Whether Salesforce has no such object: the organisation does not use the feature.
pub(super) fn is_unknown_object(failure: &ToolFailure) -> bool {
    failure.field_errors.contains_key("INVALID_TYPE")
}

fn missing_column(message: &str) -> ToolFailure {
    let quoted = message.split_once("No such column '").and_then(|(_, rest)| rest.split_once('\''));
    let name = quoted.and_then(|(name, _)| FieldName::parse(name));
    let name = name.as_ref().map_or("a field", FieldName::as_str);
    ToolFailure::permanent(format!(
        "Salesforce has no field {name}, or the user may not see it; create it, grant it, or correct \
         DESKBELL_SALESFORCE_CASE_ID_FIELD or DESKBELL_SALESFORCE_TIER_FIELD"
    ))
    .with_field_errors([(COLUMN.to_owned(), name.to_owned())].into())
}

fn code(complaint: &Value) -> &str {
    complaint.get("errorCode").and_then(Value::as_str).unwrap_or_default()
}

fn message(complaint: &Value) -> &str {
    complaint.get("message").and_then(Value::as_str).unwrap_or_default()
}

fn words(complaint: &Value, passed_on: bool) -> String {
    let (code, message) = (code(complaint), message(complaint));
    if passed_on && !message.is_empty() { format!("{message} ({code})") } else { code.to_owned() }
}

/// The codes per field; a complaint about no field is filed under its own code.
fn field_errors(complaints: &[Value]) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    for complaint in complaints {
        let code = code(complaint);
        let fields = complaint.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named: Vec<&str> = fields.iter().filter_map(Value::as_str).collect();
        for field in &named {
            errors.insert((*field).to_owned(), code.to_owned());
        }
        if named.is_empty() && !code.is_empty() {
            errors.insert(code.to_owned(), code.to_owned());
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::ErrorKind;

    #[test]
    fn says_which_field_and_not_what_was_sent() {
        let body = json!([{
            "message": "Subject: data value too large: my secret (max length=255)",
            "errorCode": "STRING_TOO_LONG", "fields": ["Subject"],
        }]);
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert_eq!(failure.error_kind, ErrorKind::Permanent);
        assert_eq!(failure.field_errors["Subject"], "STRING_TOO_LONG");
        assert!(!failure.message.contains("secret"));
        let body = json!([{
            "message": "\nSELECT Id, Tier__c FROM Account WHERE Name = 'secret'\n           ^\nERROR at Row:1:Column:12\n\
                        No such column 'Tier__c' on entity 'Account'.",
            "errorCode": "INVALID_FIELD",
        }]);
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert!(failure.message.contains("no field Tier__c") && !failure.message.contains("secret"), "{failure}");
    }

    #[test]
    fn passes_on_what_the_organisation_says() {
        let body = json!([{
            "message": "Give every case a product", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": [],
        }]);
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert!(failure.message.contains("Give every case a product"), "{failure}");
    }

    #[test]
    fn a_used_up_limit_and_a_lock_pass() {
        for (status, code) in
            [(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED"), (StatusCode::BAD_REQUEST, "UNABLE_TO_LOCK_ROW")]
        {
            let failure = explain(status, &json!([{ "message": "x", "errorCode": code }]));
            assert_eq!(failure.error_kind, ErrorKind::Transient);
        }
    }

    #[test]
    fn several_cases_are_no_redirect() {
        let body = json!(["/services/data/v62.0/sobjects/Case/1", "/services/data/v62.0/sobjects/Case/2"]);
        let failure = explain(StatusCode::MULTIPLE_CHOICES, &body);
        assert!(failure.message.starts_with("2 cases"), "{failure}");
    }

    #[test]
    fn survives_bodies_that_are_not_salesforces() {
        for body in [Value::Null, json!({}), json!([1, { "errorCode": 2, "fields": "x" }])] {
            assert!(explain(StatusCode::FORBIDDEN, &body).message.contains("permission set"));
        }
    }
}
