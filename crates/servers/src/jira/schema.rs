//! Arguments and results of the Jira tools; their schemas are what `tools/list` publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Arguments of `create_issue`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIssue {
    /// Key of the project, such as `PAY`.
    pub project_key: String,
    /// Name of the issue type, such as `Bug`.
    pub issue_type: String,
    /// One line; Jira takes at most 255 characters.
    pub summary: String,
    /// The text in Markdown. May be empty.
    #[serde(default)]
    pub description: String,
    /// Name of the priority, such as `High`.
    #[serde(default)]
    pub priority: Option<String>,
    /// Labels without spaces.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// Names of components that exist in the project.
    #[serde(default)]
    pub components: Option<Vec<String>>,
    /// Account id of the assignee.
    #[serde(default)]
    pub assignee_account_id: Option<String>,
    /// Further fields by their id (`customfield_10010`), in the form Jira's REST API takes them.
    #[serde(default)]
    pub extra_fields: Option<Map<String, Value>>,
    /// Calls with the same key make one issue. Stored on the issue as a label.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `create_issue`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedIssue {
    /// Key of the issue, such as `PAY-7`.
    pub key: String,
    /// Where a person opens it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `find_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindByIdempotencyKey {
    /// The key that was given to `create_issue`.
    pub idempotency_key: String,
}

/// Result of `find_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundIssue {
    /// The issue, or nothing when the search does not find it (yet).
    pub found: Option<Issue>,
}

/// Arguments of `add_comment`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddComment {
    /// Key of the issue.
    pub issue_key: String,
    /// The text in Markdown.
    pub body: String,
    /// Calls with the same key on the same issue make one comment. Stored as a comment property.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `add_comment`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddedComment {
    /// Id of the comment.
    pub comment_id: String,
    /// Where a person reads it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `transition_issue`; give one of `to_status` and `transition_id`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionIssue {
    /// Key of the issue.
    pub issue_key: String,
    /// Name of the status to reach, such as `In Progress`.
    #[serde(default)]
    pub to_status: Option<String>,
    /// Id of a transition that is open to the issue now.
    #[serde(default)]
    pub transition_id: Option<String>,
}

/// Result of `transition_issue`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransitionedIssue {
    /// Key of the issue.
    pub key: String,
    /// Its status now.
    pub status: String,
    /// False when it was there already.
    pub changed: bool,
}

/// Arguments of `search_issues`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchIssues {
    /// A query in Jira's query language; it must restrict the result (Jira refuses an unbounded one).
    pub jql: String,
    /// Issues per page, 1 to 100; 20 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `search_issues`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundIssues {
    /// One page of issues.
    pub issues: Vec<Issue>,
    /// Token of the next page; nothing on the last page.
    pub next_page_token: Option<String>,
}

/// Arguments of `assign_issue`; give one of `account_id` and `email`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignIssue {
    /// Key of the issue.
    pub issue_key: String,
    /// Account id of the assignee.
    #[serde(default)]
    pub account_id: Option<String>,
    /// E-mail address of the assignee.
    #[serde(default)]
    pub email: Option<String>,
}

/// Result of `assign_issue`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AssignedIssue {
    /// Key of the issue.
    pub key: String,
    /// Account id of the assignee.
    pub account_id: String,
}

/// Arguments of `get_issue`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetIssue {
    /// Key of the issue.
    pub issue_key: String,
}

/// Arguments of `set_priority`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPriority {
    /// Key of the issue.
    pub issue_key: String,
    /// Name of the priority, such as `High`.
    pub priority: String,
}

/// Result of `set_priority`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PrioritisedIssue {
    /// Key of the issue.
    pub key: String,
    /// Name of its priority now.
    pub priority: String,
}

/// An issue as the tools show it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Issue {
    /// Its key, such as `PAY-7`.
    pub key: String,
    /// Where a person opens it.
    pub url: String,
    /// Its summary.
    pub summary: String,
    /// Name of its status.
    pub status: String,
    /// Category of its status: `new`, `indeterminate` or `done`.
    pub status_category: String,
    /// Name of its issue type.
    pub issue_type: String,
    /// Name of its priority, when it has one.
    pub priority: Option<String>,
    /// Its assignee, when it has one.
    pub assignee: Option<Person>,
    /// Its labels.
    pub labels: Vec<String>,
    /// When it was created, as Jira writes it (`2026-01-02T03:04:05.000+0000`).
    pub created: Option<String>,
    /// When it was last changed, as Jira writes it.
    pub updated: Option<String>,
    /// Its description as plain text; searches leave it out.
    pub description: Option<String>,
}

/// A Jira account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Person {
    /// Its account id.
    pub account_id: String,
    /// The name it shows.
    pub display_name: String,
}
