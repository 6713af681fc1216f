//! The tools of the Jira server that change something, and what the server says of itself: what goes in, what comes out.

use rmcp::handler::server::router::prompt::PromptRouter;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, Implementation, ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool, tool_handler, tool_router};
use serde_json::Value;

use super::client::JiraClient;
use super::schema::{
    AddComment, AddedComment, AssignIssue, AssignedIssue, CreateIssue, CreatedIssue, EditLabels, LabelledIssue,
    LinkIssues, LinkedIssues, PrioritisedIssue, SetPriority, TransitionIssue, TransitionedIssue,
};
use super::shown::string;
use super::{JiraConfig, JiraConfigError, change, create, resources};
use crate::failure::{ToolFailure, output_schema, tool_result};
use crate::ledger::Ledger;
use crate::marker::marker;
use crate::resource;

/// What a host's model is told of the server.
const INSTRUCTIONS: &str = "Jira issues: create, find, comment, move, assign, label, link; projects, boards and sprints. \
    Give an idempotency_key to every call that writes, and after error_kind `unknown` look the issue up with \
    find_by_idempotency_key before creating it again. Texts are Markdown.";

/// The Jira MCP server. Clones share one HTTP client and what they know of idempotency keys.
#[derive(Debug, Clone)]
pub struct JiraServer {
    pub(super) client: JiraClient,
    created: Ledger<String>,
    tool_router: ToolRouter<Self>,
    prompt_router: PromptRouter<Self>,
}

#[tool_handler(router = self.tool_router)]
#[prompt_handler(router = self.prompt_router)]
impl ServerHandler for JiraServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("deskbell-jira", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(resource::listed(resources::all(), None, &context))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resource::templates(resources::templates(), &context))
    }

    async fn read_resource(
        &self,
        wanted: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.client, &wanted.uri, &context).await.map(ReadResourceResponse::from)
    }
}

#[tool_router(router = writing_tools)]
impl JiraServer {
    /// A server for the configured site; makes no request.
    ///
    /// # Errors
    /// [`JiraConfigError`] when the HTTP client can't be made.
    pub fn new(config: JiraConfig) -> Result<Self, JiraConfigError> {
        Ok(Self {
            client: JiraClient::new(config)?,
            created: Ledger::default(),
            tool_router: Self::writing_tools() + Self::reading_tools(),
            prompt_router: Self::prompts(),
        })
    }

    /// Create an issue. With an `idempotency_key`, an issue that an earlier call made is returned
    /// instead; Jira's search lags, so after `error_kind` `unknown` wait before repeating.
    #[tool(
        name = "create_issue",
        output_schema = output_schema::<CreatedIssue>(),
        annotations(title = "Create a Jira issue", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_issue(&self, Parameters(wanted): Parameters<CreateIssue>) -> CallToolResult {
        tool_result(create::issue(&self.client, &self.created, &wanted).await)
    }

    /// Add a comment to an issue. With an `idempotency_key`, a repeated call adds nothing: comments
    /// are looked up without lag.
    #[tool(
        name = "add_comment",
        output_schema = output_schema::<AddedComment>(),
        annotations(title = "Comment on a Jira issue", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_comment(&self, Parameters(wanted): Parameters<AddComment>) -> CallToolResult {
        tool_result(self.comment(wanted).await)
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
        tool_result(change::transition(&self.client, wanted).await)
    }

    /// Assign an issue to an account, by account id (Data Center: user name) or e-mail address, or to nobody.
    #[tool(
        name = "assign_issue",
        output_schema = output_schema::<AssignedIssue>(),
        annotations(title = "Assign a Jira issue", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn assign_issue(&self, Parameters(wanted): Parameters<AssignIssue>) -> CallToolResult {
        tool_result(change::assign(&self.client, wanted).await)
    }

    /// Set an issue's priority by its name.
    #[tool(
        name = "set_priority",
        output_schema = output_schema::<PrioritisedIssue>(),
        annotations(title = "Set a Jira issue's priority", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn set_priority(&self, Parameters(wanted): Parameters<SetPriority>) -> CallToolResult {
        tool_result(change::prioritise(&self.client, wanted).await)
    }

    /// Add labels to an issue and take labels off; its other labels stay.
    #[tool(
        name = "edit_labels",
        output_schema = output_schema::<LabelledIssue>(),
        annotations(title = "Change a Jira issue's labels", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn edit_labels(&self, Parameters(wanted): Parameters<EditLabels>) -> CallToolResult {
        tool_result(change::labels(&self.client, wanted).await)
    }

    /// Link two issues. Does nothing when they are linked so already.
    #[tool(
        name = "link_issues",
        output_schema = output_schema::<LinkedIssues>(),
        annotations(title = "Link two Jira issues", read_only_hint = false,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn link_issues(&self, Parameters(wanted): Parameters<LinkIssues>) -> CallToolResult {
        tool_result(change::link(&self.client, wanted).await)
    }
}

impl JiraServer {
    async fn comment(&self, comment: AddComment) -> Result<AddedComment, ToolFailure> {
        let key = &comment.issue_key;
        let mark = comment.idempotency_key.as_deref().map(marker);
        if let Some(mark) = &mark
            && let Some(existing) = self.client.comment_with_mark(key, mark).await?
        {
            return Ok(self.added(key, &existing, false));
        }
        let answer = self.client.add_comment(key, &comment.body, mark.as_deref()).await?;
        Ok(self.added(key, &answer, true))
    }

    pub(super) fn added(&self, issue_key: &str, comment: &Value, created: bool) -> AddedComment {
        let comment_id = string(comment, "/id").unwrap_or_default();
        AddedComment {
            url: format!("{}?focusedCommentId={comment_id}", self.client.browse_url(issue_key)),
            comment_id,
            created,
        }
    }
}
