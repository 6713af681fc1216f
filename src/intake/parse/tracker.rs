//! What a tracker tells of an issue: which status it has now.
//!
//! A webhook of Jira's carries the whole issue, with words that are others'. Of these only [`IssueStatus`] is kept.

use deskbell_domain::ticket::StatusCategory;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::intake::json::text;

/// Characters of a status' name that are kept; Jira allows 60.
const STATUS_MAX: usize = 60;
/// Characters of an issue's key that are kept; Jira allows 10 and a number.
const KEY_MAX: usize = 64;

/// An issue's status, as a webhook or a poll told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueStatus {
    /// The issue's key.
    pub key: String,
    /// The status' name.
    pub status: String,
    /// What the status means.
    pub category: StatusCategory,
    /// When the tracker said so.
    pub at: Timestamp,
}

impl IssueStatus {
    /// `None` when there is no key or no status. Names and keys become parts of other keys, so they are bounded.
    pub fn new(key: &str, status: &str, category: Option<&str>, at: Timestamp) -> Option<Self> {
        let short = |text: &str, most: usize| -> String { text.trim().chars().take(most).collect() };
        let (key, status) = (short(key, KEY_MAX), short(status, STATUS_MAX));
        let category = category.and_then(StatusCategory::from_key).unwrap_or(StatusCategory::Indeterminate);
        (!key.is_empty() && !status.is_empty()).then_some(Self { key, status, category, at })
    }
}

/// What Jira's webhook says (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JiraWebhook {
    /// An issue has another status.
    StatusChanged(IssueStatus),
    /// Something else.
    Other,
}

/// Reads the body of Jira's webhook. `None` when it is not one.
pub fn jira_webhook(body: &Value) -> Option<JiraWebhook> {
    let event = text(body, "/webhookEvent")?;
    let items = body.pointer("/changelog/items").and_then(Value::as_array);
    let moved = items.into_iter().flatten().find(|item| text(item, "/field") == Some("status"));
    let Some(moved) = moved.filter(|_| event == "jira:issue_updated") else { return Some(JiraWebhook::Other) };
    // The issue itself may have moved on since; then the newest counts.
    let name = text(body, "/issue/fields/status/name").or_else(|| text(moved, "/toString"))?;
    let category = text(body, "/issue/fields/status/statusCategory/key");
    let at = body.get("timestamp").and_then(Value::as_i64).and_then(|at| Timestamp::from_millisecond(at).ok())?;
    IssueStatus::new(text(body, "/issue/key")?, name, category, at).map(JiraWebhook::StatusChanged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn moved() -> Value {
        json!({
            "timestamp": 1_767_323_045_678_i64, "webhookEvent": "jira:issue_updated",
            "issue": { "key": "PAY-1", "fields": {
                "summary": "secret words", "status": { "name": "Done", "statusCategory": { "key": "done" } },
            } },
            "changelog": { "items": [{ "field": "resolution" }, { "field": "status", "toString": "Done" }] },
        })
    }

    #[test]
    fn a_status_change_is_told_from_the_rest_without_the_issues_words() {
        let Some(JiraWebhook::StatusChanged(status)) = jira_webhook(&moved()) else { panic!("no status change") };
        assert_eq!((status.key.as_str(), status.status.as_str()), ("PAY-1", "Done"));
        assert_eq!(status.category, StatusCategory::Done);
        assert!(!serde_json::to_string(&status).unwrap().contains("secret"));
        let mut other = moved();
        other["changelog"]["items"] = json!([{ "field": "summary", "toString": "Done" }]);
        assert_eq!(jira_webhook(&other), Some(JiraWebhook::Other));
        other["webhookEvent"] = json!("comment_created");
        assert_eq!(jira_webhook(&other), Some(JiraWebhook::Other));
    }

    #[test]
    fn what_is_missing_is_no_webhook_and_never_a_panic() {
        for missing in ["/webhookEvent", "/timestamp", "/issue/key"] {
            let mut body = moved();
            *body.pointer_mut(missing).unwrap() = Value::Null;
            assert_eq!(jira_webhook(&body), None, "{missing}");
        }
        let mut body = moved();
        body["issue"]["fields"] = Value::Null;
        let Some(JiraWebhook::StatusChanged(status)) = jira_webhook(&body) else { panic!("no status change") };
        assert_eq!((status.status.as_str(), status.category), ("Done", StatusCategory::Indeterminate));
        for body in [json!([]), json!(1), json!({ "webhookEvent": [] })] {
            assert_eq!(jira_webhook(&body), None);
        }
    }
}
