//! The tools of the Jira server: what goes in, what comes out, and in which order Jira is asked.

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use serde_json::{Value, json};

use super::client::JiraClient;
use super::schema::{
    AddComment, AddedComment, AssignIssue, AssignedIssue, CreateIssue, CreatedIssue, FindByIdempotencyKey, FoundIssue,
    FoundIssues, GetIssue, Issue, Person, PrioritisedIssue, SearchIssues, SetPriority, TransitionIssue,
    TransitionedIssue,
};
use super::{JiraConfig, JiraConfigError, adf, create, users};
use crate::failure::{ToolFailure, output_schema, tool_result};
use crate::marker::marker;

/// The largest page of a search.
const SEARCH_RESULTS_MAX: u32 = 100;
/// The page size of a search that names none.
const SEARCH_RESULTS_DEFAULT: u32 = 20;

/// The Jira MCP server. Clones share one HTTP client.
#[derive(Debug, Clone)]
pub struct JiraServer {
    client: JiraClient,
    tool_router: ToolRouter<Self>,
}

#[tool_handler(
    router = self.tool_router,
    name = "deskbell-jira",
    instructions = "Jira issues: create, find, comment, move, assign. Give an idempotency_key to \
                    every create_issue and add_comment, and after error_kind `unknown` look the \
                    issue up with find_by_idempotency_key before creating it again."
)]
impl ServerHandler for JiraServer {}

#[tool_router(router = tool_router)]
impl JiraServer {
    /// A server for the configured site; makes no request.
    ///
    /// # Errors
    /// [`JiraConfigError`] when the HTTP client can't be made.
    pub fn new(config: JiraConfig) -> Result<Self, JiraConfigError> {
        Ok(Self { client: JiraClient::new(config)?, tool_router: Self::tool_router() })
    }

    /// Create an issue. With an `idempotency_key`, an issue that an earlier call made is returned
    /// instead; Jira's search lags, so after `error_kind` `unknown` wait before repeating.
    #[tool(
        name = "create_issue",
        output_schema = output_schema::<CreatedIssue>(),
        annotations(title = "Create a Jira issue", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_issue(&self, Parameters(issue): Parameters<CreateIssue>) -> CallToolResult {
        tool_result(self.create(issue).await)
    }

    /// Find the issue that a `create_issue` call with this `idempotency_key` made. Jira's search lags
    /// behind creation by seconds, at times minutes: an empty answer proves nothing until then.
    #[tool(
        name = "find_by_idempotency_key",
        output_schema = output_schema::<FoundIssue>(),
        annotations(title = "Find a Jira issue by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_by_idempotency_key(&self, Parameters(wanted): Parameters<FindByIdempotencyKey>) -> CallToolResult {
        let found = self.marked_issue(&marker(&wanted.idempotency_key)).await;
        tool_result(found.map(|found| FoundIssue { found }))
    }

    /// Add a comment to an issue. With an `idempotency_key`, a repeated call adds nothing: comments
    /// are looked up without lag.
    #[tool(
        name = "add_comment",
        output_schema = output_schema::<AddedComment>(),
        annotations(title = "Comment on a Jira issue", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_comment(&self, Parameters(comment): Parameters<AddComment>) -> CallToolResult {
        tool_result(self.comment(comment).await)
    }

    /// Move an issue to a status by its name, or make a transition by its id. Does nothing when the
    /// issue is in that status already.
    #[tool(
        name = "transition_issue",
        output_schema = output_schema::<TransitionedIssue>(),
        annotations(title = "Move a Jira issue", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn transition_issue(&self, Parameters(wanted): Parameters<TransitionIssue>) -> CallToolResult {
        tool_result(self.transition(wanted).await)
    }

    /// Search issues with JQL, page by page. New issues appear in the search with a lag.
    #[tool(
        name = "search_issues",
        output_schema = output_schema::<FoundIssues>(),
        annotations(title = "Search Jira issues", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn search_issues(&self, Parameters(query): Parameters<SearchIssues>) -> CallToolResult {
        tool_result(self.search(query).await)
    }

    /// Assign an issue to an account, by account id or e-mail address.
    #[tool(
        name = "assign_issue",
        output_schema = output_schema::<AssignedIssue>(),
        annotations(title = "Assign a Jira issue", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn assign_issue(&self, Parameters(wanted): Parameters<AssignIssue>) -> CallToolResult {
        tool_result(self.assign(wanted).await)
    }

    /// Read one issue.
    #[tool(
        name = "get_issue",
        output_schema = output_schema::<Issue>(),
        annotations(title = "Read a Jira issue", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_issue(&self, Parameters(wanted): Parameters<GetIssue>) -> CallToolResult {
        let issue = self.client.issue(&wanted.issue_key).await;
        tool_result(issue.map(|issue| self.shown(&issue)))
    }

    /// Set an issue's priority by its name.
    #[tool(
        name = "set_priority",
        output_schema = output_schema::<PrioritisedIssue>(),
        annotations(title = "Set a Jira issue's priority", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn set_priority(&self, Parameters(wanted): Parameters<SetPriority>) -> CallToolResult {
        let fields = json!({ "priority": { "name": wanted.priority } });
        let edited = self.client.edit_issue(&wanted.issue_key, fields).await;
        tool_result(edited.map(|()| PrioritisedIssue { key: wanted.issue_key, priority: wanted.priority }))
    }
}

impl JiraServer {
    async fn create(&self, issue: CreateIssue) -> Result<CreatedIssue, ToolFailure> {
        let mark = issue.idempotency_key.as_deref().map(marker);
        if let Some(mark) = &mark
            && let Some(existing) = self.marked_issue(mark).await?
        {
            return Ok(CreatedIssue { key: existing.key, url: existing.url, created: false });
        }
        let fields = create::issue_fields(&self.client, &issue, mark.as_deref()).await?;
        let answer = self.client.create_issue(fields).await?;
        let key = answer.get("key").and_then(Value::as_str).ok_or_else(|| {
            ToolFailure::unknown(
                "Jira took the issue but did not say its key; \
                 look it up by its idempotency key before creating it again",
            )
        })?;
        Ok(CreatedIssue { key: key.to_owned(), url: self.client.browse_url(key), created: true })
    }

    /// The oldest issue with the label, so that every caller gets the same one.
    async fn marked_issue(&self, mark: &str) -> Result<Option<Issue>, ToolFailure> {
        let jql = format!("labels = \"{mark}\" ORDER BY created ASC");
        let body = self.client.search(&jql, 1, None).await?;
        let first = body.pointer("/issues/0");
        Ok(first.map(|issue| self.shown(issue)))
    }

    async fn comment(&self, comment: AddComment) -> Result<AddedComment, ToolFailure> {
        let key = &comment.issue_key;
        let mark = comment.idempotency_key.as_deref().map(marker);
        if let Some(mark) = &mark
            && let Some(existing) = self.client.comment_with_mark(key, mark).await?
        {
            return Ok(self.added(key, &existing, false));
        }
        let body = adf::from_markdown(&comment.body);
        let answer = self.client.add_comment(key, body, mark.as_deref()).await?;
        Ok(self.added(key, &answer, true))
    }

    fn added(&self, issue_key: &str, comment: &Value, created: bool) -> AddedComment {
        let comment_id = string(comment, "/id").unwrap_or_default();
        AddedComment {
            url: format!("{}?focusedCommentId={comment_id}", self.client.browse_url(issue_key)),
            comment_id,
            created,
        }
    }

    async fn transition(&self, wanted: TransitionIssue) -> Result<TransitionedIssue, ToolFailure> {
        let key = wanted.issue_key;
        match (wanted.to_status, wanted.transition_id) {
            (Some(status), None) => self.transition_to(key, &status).await,
            (None, Some(id)) => {
                self.client.transition(&key, &id).await?;
                let issue = self.shown(&self.client.issue(&key).await?);
                Ok(TransitionedIssue { key, status: issue.status, changed: true })
            }
            _ => Err(ToolFailure::permanent("Give exactly one of to_status and transition_id")),
        }
    }

    async fn transition_to(&self, key: String, status: &str) -> Result<TransitionedIssue, ToolFailure> {
        let now = self.shown(&self.client.issue(&key).await?).status;
        if now.eq_ignore_ascii_case(status) {
            return Ok(TransitionedIssue { key, status: now, changed: false });
        }
        let open = self.client.transitions(&key).await?;
        let target = |transition: &Value| string(transition, "/to/name").unwrap_or_default();
        let chosen = open
            .iter()
            .find(|transition| target(transition).eq_ignore_ascii_case(status))
            .and_then(|transition| Some((string(transition, "/id")?, target(transition))));
        let Some((id, reached)) = chosen else {
            let reachable: Vec<String> = open.iter().map(target).collect();
            return Err(ToolFailure::permanent(format!(
                "{key} is in {now:?} and can't go to {status:?} from there; it can go to {}",
                reachable.join(", ")
            )));
        };
        self.client.transition(&key, &id).await?;
        Ok(TransitionedIssue { key, status: reached, changed: true })
    }

    async fn search(&self, query: SearchIssues) -> Result<FoundIssues, ToolFailure> {
        let limit = query.max_results.unwrap_or(SEARCH_RESULTS_DEFAULT);
        let limit = limit.clamp(1, SEARCH_RESULTS_MAX);
        let token = query.next_page_token.as_deref();
        let body = self.client.search(&query.jql, limit, token).await?;
        let issues = body.get("issues").and_then(Value::as_array);
        Ok(FoundIssues {
            issues: issues.into_iter().flatten().map(|issue| self.shown(issue)).collect(),
            next_page_token: string(&body, "/nextPageToken"),
        })
    }

    async fn assign(&self, wanted: AssignIssue) -> Result<AssignedIssue, ToolFailure> {
        let account_id = match (wanted.account_id, wanted.email) {
            (Some(account_id), None) => account_id,
            (None, Some(email)) => users::account_id_by_email(&self.client, &email).await?,
            _ => {
                return Err(ToolFailure::permanent("Give exactly one of account_id and email"));
            }
        };
        self.client.assign(&wanted.issue_key, &account_id).await?;
        Ok(AssignedIssue { key: wanted.issue_key, account_id })
    }

    /// Reads Jira's issue tolerantly: a missing field is shown as empty, never an error.
    fn shown(&self, issue: &Value) -> Issue {
        let field = |path: &str| string(issue, &format!("/fields/{path}"));
        let key = string(issue, "/key").unwrap_or_default();
        let labels = issue.pointer("/fields/labels").and_then(Value::as_array);
        Issue {
            url: self.client.browse_url(&key),
            key,
            summary: field("summary").unwrap_or_default(),
            status: field("status/name").unwrap_or_default(),
            status_category: field("status/statusCategory/key").unwrap_or_default(),
            issue_type: field("issuetype/name").unwrap_or_default(),
            priority: field("priority/name"),
            assignee: field("assignee/accountId").map(|account_id| Person {
                account_id,
                display_name: field("assignee/displayName").unwrap_or_default(),
            }),
            labels: labels.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            created: field("created"),
            updated: field("updated"),
            description: issue.pointer("/fields/description").map(adf::plain_text),
        }
    }
}

fn string(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}
