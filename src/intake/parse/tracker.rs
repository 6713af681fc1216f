//! What a tracker tells of an issue: which status it has now.
//!
//! A tracker's webhook carries the issue or its name, with words that are others'. Of these only [`IssueStatus`] is kept.

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

/// What a tracker's webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackerWebhook {
    /// Issues have another status: Jira tells of one, Shortcut of all that were moved at once.
    StatusChanged(Vec<IssueStatus>),
    /// Something else.
    Other,
}

/// Reads the body of Jira's webhook (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>). `None` when it is not one.
pub fn jira_webhook(body: &Value) -> Option<TrackerWebhook> {
    let event = text(body, "/webhookEvent")?;
    let items = body.pointer("/changelog/items").and_then(Value::as_array);
    let moved = items.into_iter().flatten().find(|item| text(item, "/field") == Some("status"));
    let Some(moved) = moved.filter(|_| event == "jira:issue_updated") else { return Some(TrackerWebhook::Other) };
    // The issue itself may have moved on since; then the newest counts.
    let name = text(body, "/issue/fields/status/name").or_else(|| text(moved, "/toString"))?;
    let category = text(body, "/issue/fields/status/statusCategory/key");
    let at = body.get("timestamp").and_then(Value::as_i64).and_then(|at| Timestamp::from_millisecond(at).ok())?;
    IssueStatus::new(text(body, "/issue/key")?, name, category, at)
        .map(|status| TrackerWebhook::StatusChanged(vec![status]))
}

/// Reads the body of Shortcut's webhook (<https://developer.shortcut.com/api/webhook/v1>). `None` when it is not one.
///
/// It names the state and not what the state means: that is told by the story's being started or completed with the move.
pub fn shortcut_webhook(body: &Value) -> Option<TrackerWebhook> {
    let at = text(body, "/changed_at")?.parse().ok()?;
    let actions = body.get("actions")?.as_array()?;
    let moved = actions.iter().filter_map(|action| {
        let is_update = text(action, "/entity_type") == Some("story") && text(action, "/action") == Some("update");
        let state = action.pointer("/changes/workflow_state_id/new").and_then(Value::as_u64);
        state.filter(|_| is_update).map(|state| (action, state))
    });
    let statuses: Vec<IssueStatus> =
        moved.map(|(story, state)| moved_story(body, story, state, at)).collect::<Option<_>>()?;
    Some(if statuses.is_empty() { TrackerWebhook::Other } else { TrackerWebhook::StatusChanged(statuses) })
}

fn moved_story(body: &Value, story: &Value, state: u64, at: Timestamp) -> Option<IssueStatus> {
    let id = story.get("id")?.as_u64()?;
    let references = body.get("references").and_then(Value::as_array);
    let named = references.into_iter().flatten().find(|reference| {
        text(reference, "/entity_type") == Some("workflow-state")
            && reference.get("id").and_then(Value::as_u64) == Some(state)
    });
    let is_now = |what: &str| story.pointer(&format!("/changes/{what}/new")).and_then(Value::as_bool) == Some(true);
    let category = if is_now("completed") { "done" } else { "indeterminate" };
    IssueStatus::new(&format!("sc-{id}"), text(named?, "/name")?, Some(category), at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(told: Option<TrackerWebhook>) -> IssueStatus {
        let Some(TrackerWebhook::StatusChanged(mut statuses)) = told else { panic!("no status change") };
        assert_eq!(statuses.len(), 1);
        statuses.remove(0)
    }

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
        let status = only(jira_webhook(&moved()));
        assert_eq!((status.key.as_str(), status.status.as_str()), ("PAY-1", "Done"));
        assert_eq!(status.category, StatusCategory::Done);
        assert!(!serde_json::to_string(&status).unwrap().contains("secret"));
        let mut other = moved();
        other["changelog"]["items"] = json!([{ "field": "summary", "toString": "Done" }]);
        assert_eq!(jira_webhook(&other), Some(TrackerWebhook::Other));
        other["webhookEvent"] = json!("comment_created");
        assert_eq!(jira_webhook(&other), Some(TrackerWebhook::Other));
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
        let status = only(jira_webhook(&body));
        assert_eq!((status.status.as_str(), status.category), ("Done", StatusCategory::Indeterminate));
        for body in [json!([]), json!(1), json!({ "webhookEvent": [] })] {
            assert_eq!(jira_webhook(&body), None);
        }
    }

    fn story_moved() -> Value {
        json!({
            "id": "595285dc-9c43-4b9c-a1e6-0cd9aff5b084", "changed_at": "2026-01-02T03:04:05.678Z", "primary_id": 12,
            "version": "v1", "member_id": "m", "actions": [
                { "id": 3, "entity_type": "branch", "action": "update" },
                { "id": 12, "entity_type": "story", "action": "update", "name": "secret words", "changes": {
                    "completed": { "new": true, "old": false }, "workflow_state_id": { "new": 1495, "old": 1493 },
                } },
            ],
            "references": [
                { "id": 1493, "entity_type": "workflow-state", "name": "Ready for Dev" },
                { "id": 1495, "entity_type": "workflow-state", "name": "Completed" },
            ],
        })
    }

    #[test]
    fn stories_that_were_moved_at_once_are_all_told() {
        let mut body = story_moved();
        let mut other = body["actions"][1].clone();
        (other["id"], other["changes"]["completed"]["new"]) = (json!(13), json!(false));
        body["actions"].as_array_mut().unwrap().push(other);
        let Some(TrackerWebhook::StatusChanged(statuses)) = shortcut_webhook(&body) else { panic!("not moved") };
        let told: Vec<_> = statuses.iter().map(|status| (status.key.as_str(), status.category)).collect();
        assert_eq!(told, [("sc-12", StatusCategory::Done), ("sc-13", StatusCategory::Indeterminate)]);
    }

    #[test]
    fn a_moved_story_is_told_from_the_rest_without_its_words() {
        let status = only(shortcut_webhook(&story_moved()));
        assert_eq!((status.key.as_str(), status.status.as_str()), ("sc-12", "Completed"));
        assert_eq!((status.category, status.at.as_millisecond()), (StatusCategory::Done, 1_767_323_045_678));
        assert!(!serde_json::to_string(&status).unwrap().contains("secret"));
        let mut under_way = story_moved();
        under_way["actions"][1]["changes"]["completed"] = json!({ "new": false, "old": true });
        let status = only(shortcut_webhook(&under_way));
        assert_eq!(status.category, StatusCategory::Indeterminate);
        for (place, other) in
            [("/actions/1/entity_type", json!("epic")), ("/actions/1/changes", json!({})), ("/actions", json!([]))]
        {
            let mut body = story_moved();
            *body.pointer_mut(place).unwrap() = other;
            assert_eq!(shortcut_webhook(&body), Some(TrackerWebhook::Other), "{place}");
        }
        for missing in ["/changed_at", "/actions", "/references", "/actions/1/id", "/references/1/name"] {
            let mut body = story_moved();
            *body.pointer_mut(missing).unwrap() = Value::Null;
            assert_eq!(shortcut_webhook(&body), None, "{missing}");
        }
    }
}
