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
    /// Account id of the assignee; on Data Center the user name.
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
    /// Calls with the same key on the same issue make one comment. Kept with the comment.
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
    /// Calls with the same key on the same issue change it once, whatever happens to it in between. Kept on the issue.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `transition_issue`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransitionedIssue {
    /// Key of the issue.
    pub key: String,
    /// Its status now.
    pub status: String,
    /// What it was before; absent when an earlier call with the same key had changed it.
    pub previous: Option<Previous>,
    /// False when it was there already.
    pub changed: bool,
}

/// What was there before a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Previous {
    /// The status' or priority's name, or the assignee's account id (Data Center: user name); null when there was none.
    pub value: Option<String>,
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
    /// Account id of the assignee; on Data Center the user name.
    #[serde(default)]
    pub account_id: Option<String>,
    /// E-mail address of the assignee.
    #[serde(default)]
    pub email: Option<String>,
    /// True to assign it to nobody.
    #[serde(default)]
    pub unassign: Option<bool>,
    /// Calls with the same key on the same issue change it once, whatever happens to it in between. Kept on the issue.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `assign_issue`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AssignedIssue {
    /// Key of the issue.
    pub key: String,
    /// Account id of the assignee; on Data Center the user name. Null when it is nobody's.
    pub account_id: Option<String>,
    /// Whose it was before; absent when an earlier call with the same key had changed it.
    pub previous: Option<Previous>,
    /// False when it was so already.
    pub changed: bool,
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
    /// Calls with the same key on the same issue change it once, whatever happens to it in between. Kept on the issue.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `set_priority`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PrioritisedIssue {
    /// Key of the issue.
    pub key: String,
    /// Name of its priority now.
    pub priority: String,
    /// What it was before; absent when an earlier call with the same key had changed it.
    pub previous: Option<Previous>,
    /// False when it was so already.
    pub changed: bool,
}

/// Arguments of `edit_labels`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditLabels {
    /// Key of the issue.
    pub issue_key: String,
    /// Labels to add, without spaces.
    #[serde(default)]
    pub add: Option<Vec<String>>,
    /// Labels to take off.
    #[serde(default)]
    pub remove: Option<Vec<String>>,
    /// Calls with the same key on the same issue change it once, whatever happens to it in between. Kept on the issue.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `edit_labels`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelledIssue {
    /// Key of the issue.
    pub key: String,
    /// Its labels now.
    pub labels: Vec<String>,
    /// What they were before; absent when an earlier call with the same key had changed them.
    pub previous: Option<PreviousLabels>,
    /// False when they were so already.
    pub changed: bool,
}

/// Labels before a change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviousLabels {
    /// All of them.
    pub labels: Vec<String>,
}

/// Arguments of `link_issues`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIssues {
    /// Key of the issue that the sentence begins with: `PAY-1` in "PAY-1 blocks PAY-2".
    pub from_issue_key: String,
    /// The type by its name (`Blocks`) or as a sentence (`blocks`, `is blocked by`).
    pub link_type: String,
    /// Key of the other issue.
    pub to_issue_key: String,
    /// Calls with the same key on the same issue change it once, whatever happens to it in between. Kept on the issue.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `link_issues`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkedIssues {
    /// Key of the issue that does what the type's outward name says.
    pub from: String,
    /// Key of the issue that it is done to.
    pub to: String,
    /// Name of the type.
    pub link_type: String,
    /// False when they were linked so already.
    pub changed: bool,
}

/// Arguments of `find_comment_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindComment {
    /// Key of the issue.
    pub issue_key: String,
    /// The key that was given to `add_comment`.
    pub idempotency_key: String,
}

/// Result of `find_comment_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundComment {
    /// The comment, or nothing when no call made it.
    pub found: Option<AddedComment>,
}

/// Arguments of `find_similar_issues`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindSimilarIssues {
    /// One line that describes the problem.
    pub summary: String,
    /// Key of the project to look in; all when absent.
    #[serde(default)]
    pub project_key: Option<String>,
    /// Whether to leave out what is not resolved yet.
    #[serde(default)]
    pub resolved_only: Option<bool>,
    /// Key of an issue to leave out, such as the new one itself.
    #[serde(default)]
    pub except_issue_key: Option<String>,
    /// Issues at most, 1 to 20; 5 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
}

/// Result of `find_similar_issues`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SimilarIssues {
    /// The most similar first.
    pub issues: Vec<SimilarIssue>,
}

/// An issue like the one described.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SimilarIssue {
    /// How alike the summaries are, 0 to 1.
    pub similarity: f64,
    /// The issue, with its resolution when it has one.
    pub issue: Issue,
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
    /// Name of its resolution, when it is resolved.
    pub resolution: Option<String>,
    /// When it was resolved, as Jira writes it.
    pub resolved: Option<String>,
    /// Name of its issue type.
    pub issue_type: String,
    /// Name of its priority, when it has one.
    pub priority: Option<String>,
    /// Its assignee, when it has one.
    pub assignee: Option<Person>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Names of its components; searches leave them out.
    pub components: Option<Vec<String>>,
    /// Its links to other issues; searches leave them out.
    pub links: Option<Vec<IssueLink>>,
    /// When it was created, as Jira writes it (`2026-01-02T03:04:05.000+0000`).
    pub created: Option<String>,
    /// When it was last changed, as Jira writes it.
    pub updated: Option<String>,
    /// Its description as plain text; searches leave it out.
    pub description: Option<String>,
}

/// A link of an issue, seen from it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssueLink {
    /// What it does to the other issue, such as `blocks` or `is blocked by`.
    pub relation: String,
    /// Key of the other issue.
    pub key: String,
    /// The other issue's summary.
    pub summary: String,
    /// Name of the other issue's status.
    pub status: String,
}

/// A Jira account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Person {
    /// Its account id; on Data Center its user name.
    pub account_id: String,
    /// The name it shows.
    pub display_name: String,
}
