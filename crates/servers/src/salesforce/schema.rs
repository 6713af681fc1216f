//! Arguments and results of the tools about cases and tasks; their schemas are what `tools/list` publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Arguments of `upsert_case`. Give `external_id`, `idempotency_key` or both; what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertCase {
    /// What the external id field is to hold, such as the support desk's own ticket id. Made of the `idempotency_key` when
    /// it is left out.
    #[serde(default)]
    pub external_id: Option<String>,
    /// One line; Salesforce takes at most 255 characters.
    #[serde(default)]
    pub subject: Option<String>,
    /// Plain text of at most 32,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// One of the organisation's statuses, such as New or Closed.
    #[serde(default)]
    pub status: Option<String>,
    /// One of the organisation's priorities, such as High.
    #[serde(default)]
    pub priority: Option<String>,
    /// Where the request came from, one of the organisation's origins, such as Email or Web.
    #[serde(default)]
    pub origin: Option<String>,
    /// Id of the customer's account.
    #[serde(default)]
    pub account_id: Option<String>,
    /// Id of the person who asks.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// Calls with the same key make one case.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `upsert_case`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UpsertedCase {
    /// The case's number, or its id where the number can't be read.
    pub key: String,
    /// The case's id.
    pub case_id: String,
    /// Where a person opens it.
    pub url: String,
    /// False when a case with this external id was there and was changed.
    pub created: bool,
}

/// Arguments of `update_case`. What is left out stays; what is so already is not sent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCase {
    /// The case: its id, its number or its external id.
    pub case_id: String,
    /// One of the organisation's statuses.
    #[serde(default)]
    pub status: Option<String>,
    /// One of the organisation's priorities.
    #[serde(default)]
    pub priority: Option<String>,
    /// One line.
    #[serde(default)]
    pub subject: Option<String>,
    /// Id of the user or queue that is to act.
    #[serde(default)]
    pub owner_id: Option<String>,
    /// Accepted so that every call can carry one; setting the same values again changes nothing.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `update_case`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UpdatedCase {
    /// The case as it is now.
    pub case: Case,
    /// False when all was so already.
    pub changed: bool,
}

/// Arguments of `get_case`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCase {
    /// The case: its id, its number or its external id.
    pub case_id: String,
}

/// Arguments of `find_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindByIdempotencyKey {
    /// The key that was given to `upsert_case` without an `external_id`.
    pub idempotency_key: String,
}

/// Result of `find_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundCase {
    /// The case, or nothing when none was made with this key.
    pub found: Option<CaseSummary>,
}

/// Arguments of `list_cases`; give at least one of `account_id` and `contact_email`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCases {
    /// Cases of this account.
    #[serde(default)]
    pub account_id: Option<String>,
    /// Cases of the person with this address.
    #[serde(default)]
    pub contact_email: Option<String>,
    /// Closed ones, too; only open ones otherwise.
    #[serde(default)]
    pub include_closed: bool,
    /// From the answer before, for the next page; Salesforce sets the page's size, 200 or more.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `list_cases`, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cases {
    /// The page's cases.
    pub cases: Vec<CaseSummary>,
    /// Cases of all pages.
    pub total: u64,
    /// For the next page; nothing on the last one.
    pub next_page_token: Option<String>,
}

/// A case in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseSummary {
    /// The case's number.
    pub key: String,
    /// The case's id.
    pub case_id: String,
    /// Where a person opens it.
    pub url: String,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: String,
    /// Whether that status is an end.
    pub is_closed: bool,
    /// How urgent it is.
    pub priority: Option<String>,
    /// When it was opened.
    pub created_at: Option<String>,
}

/// A case with what was said on it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Case {
    /// Number, subject, status.
    #[serde(flatten)]
    pub summary: CaseSummary,
    /// What the external id field holds.
    pub external_id: Option<String>,
    /// Plain text.
    pub description: Option<String>,
    /// Where the request came from.
    pub origin: Option<String>,
    /// Id of the customer's account.
    pub account_id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// Id of the person who asks.
    pub contact_id: Option<String>,
    /// That person's name.
    pub contact: Option<String>,
    /// Name of the user or queue that is to act.
    pub owner: Option<String>,
    /// The last comments, the newest first.
    pub comments: Vec<CaseComment>,
}

/// A comment on a case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseComment {
    /// Its id.
    pub comment_id: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Plain text.
    pub text: String,
    /// Whether the customer may read it.
    pub is_public: bool,
    /// When it was written.
    pub created_at: Option<String>,
}

/// Arguments of `add_case_comment`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddCaseComment {
    /// The case: its id, its number or its external id.
    pub case_id: String,
    /// Plain text of at most 3,950 bytes.
    pub text: String,
    /// Whether the customer may read it in a portal. Nobody but agents when it is left out.
    #[serde(default)]
    pub is_public: bool,
    /// Calls with the same key add one comment; its mark is the comment's last line.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `add_case_comment`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddedCaseComment {
    /// The comment's id.
    pub comment_id: String,
    /// Where a person opens the case.
    pub url: String,
    /// False when an earlier call with the same idempotency key had added it.
    pub created: bool,
}

/// Arguments of `create_task`; give `case_id` or `account_id`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// The case that the task is about: its id, its number or its external id.
    #[serde(default)]
    pub case_id: Option<String>,
    /// Id of the account that the task is about, when it is about no case.
    #[serde(default)]
    pub account_id: Option<String>,
    /// Id of the person whom the task concerns.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// One line of at most 255 characters.
    pub subject: String,
    /// Plain text of at most 31,900 characters.
    #[serde(default)]
    pub description: String,
    /// One of the organisation's statuses; `Completed` records what was done already. `Not Started` when it is left out.
    #[serde(default)]
    pub status: Option<String>,
    /// Calls with the same key make one task; its mark is the description's last line.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `create_task`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedTask {
    /// The task's id.
    pub task_id: String,
    /// Where a person opens it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `write_back`; give `case_id`, or `account_id` for a customer without a case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteBack {
    /// The case: its id, its number or its external id.
    #[serde(default)]
    pub case_id: Option<String>,
    /// Id of the customer's account; the task stands there when there is no case.
    #[serde(default)]
    pub account_id: Option<String>,
    /// Id of the person who asked.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// The task's one line.
    pub subject: String,
    /// What came of it: the case's comment and the head of the task's text. The rest of a long one is cut off.
    pub summary: String,
    /// What was said, in the task's text. The rest of a long one is cut off.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Whether the customer may read the comment in a portal. Nobody but agents when it is left out.
    #[serde(default)]
    pub is_public: bool,
    /// A repeated call adds only what is missing.
    pub idempotency_key: String,
}

/// Result of `write_back`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WrittenBack {
    /// Where a person opens the case, or the task when there is no case.
    pub url: String,
    /// The case's comment; nothing when there is no case.
    pub comment_id: Option<String>,
    /// The finished task.
    pub task_id: String,
    /// False when earlier calls had written both.
    pub created: bool,
    /// Whether a text was too long and lost its end.
    pub cut: bool,
}

/// Arguments of `find_update_by_idempotency_key`; give `case_id` or `account_id`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindUpdate {
    /// The case: its id, its number or its external id.
    #[serde(default)]
    pub case_id: Option<String>,
    /// Id of the account that the task stands at, when there is no case.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The key that was given to `add_case_comment`, `create_task` or `write_back`.
    pub idempotency_key: String,
}

/// Result of `find_update_by_idempotency_key`. There is no lag: nothing found is nothing written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundUpdate {
    /// What was written with this key, or nothing.
    pub found: Option<Update>,
}

/// What a key left behind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Update {
    /// The comment, if there is one.
    pub comment_id: Option<String>,
    /// The task, if there is one.
    pub task_id: Option<String>,
}
