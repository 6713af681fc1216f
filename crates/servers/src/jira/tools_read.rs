//! The tools of the Jira server that only read.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{tool, tool_router};

use super::client::Window;
use super::schema::{
    FindByIdempotencyKey, FindComment, FindSimilarIssues, FoundComment, FoundIssue, FoundIssues, GetIssue, Issue,
    SearchIssues, SimilarIssues,
};
use super::schema_lists::{
    Board, Change, Component, CreateFields, GetChangelog, GetCreateFields, IssueSprints, ListBoards, ListOfProject,
    ListProjects, ListSprints, ListTransitions, Listed, Project, Sprint, Status, Transitions,
};
use super::{JiraServer, create, lists, shown, similar};
use crate::failure::{ToolFailure, output_schema, tool_result};
use crate::marker::marker;

/// The largest page of a search.
const SEARCH_RESULTS_MAX: u32 = 100;
/// The page size of a search that names none.
const SEARCH_RESULTS_DEFAULT: u32 = 20;

#[tool_router(router = reading_tools, vis = "pub(super)")]
impl JiraServer {
    /// Find the issue that a `create_issue` call with this `idempotency_key` made. Jira's search lags
    /// behind creation by seconds, at times minutes: an empty answer proves nothing until then.
    #[tool(
        name = "find_by_idempotency_key",
        output_schema = output_schema::<FoundIssue>(),
        annotations(title = "Find a Jira issue by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_by_idempotency_key(&self, Parameters(wanted): Parameters<FindByIdempotencyKey>) -> CallToolResult {
        tool_result(self.marked(&wanted.idempotency_key).await)
    }

    /// Find the comment that an `add_comment` call with this `idempotency_key` made. Comments are there as
    /// soon as they are made.
    #[tool(
        name = "find_comment_by_idempotency_key",
        output_schema = output_schema::<FoundComment>(),
        annotations(title = "Find a Jira comment by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_comment_by_idempotency_key(&self, Parameters(wanted): Parameters<FindComment>) -> CallToolResult {
        tool_result(self.marked_comment(&wanted).await)
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
        tool_result(issue.map(|issue| shown::issue(&self.client, &issue)))
    }

    /// Search issues with JQL, page by page. New issues appear in the search with a lag.
    #[tool(
        name = "search_issues",
        output_schema = output_schema::<FoundIssues>(),
        annotations(title = "Search Jira issues", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn search_issues(&self, Parameters(wanted): Parameters<SearchIssues>) -> CallToolResult {
        tool_result(self.search(wanted).await)
    }

    /// Find issues like a new one by the words of its summary, with how they were resolved. New issues appear
    /// with a lag.
    #[tool(
        name = "find_similar_issues",
        output_schema = output_schema::<SimilarIssues>(),
        annotations(title = "Find similar Jira issues", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_similar_issues(&self, Parameters(wanted): Parameters<FindSimilarIssues>) -> CallToolResult {
        tool_result(similar::issues(&self.client, wanted).await)
    }

    /// List an issue's changes, the oldest first: what, when, by whom.
    #[tool(
        name = "get_issue_changelog",
        output_schema = output_schema::<Listed<Change>>(),
        annotations(title = "Read a Jira issue's history", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_issue_changelog(&self, Parameters(wanted): Parameters<GetChangelog>) -> CallToolResult {
        tool_result(lists::changelog(&self.client, wanted).await)
    }

    /// Tell the sprint that an issue is in, and those it was in.
    #[tool(
        name = "get_issue_sprint",
        output_schema = output_schema::<IssueSprints>(),
        annotations(title = "Read a Jira issue's sprint", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_issue_sprint(&self, Parameters(wanted): Parameters<GetIssue>) -> CallToolResult {
        tool_result(lists::issue_sprints(&self.client, &wanted.issue_key).await)
    }

    /// Tell which issue types a project has, and which fields an issue of a type takes, must have, and may choose
    /// from. Ask before `create_issue` in a project that you do not know.
    #[tool(
        name = "get_create_fields",
        output_schema = output_schema::<CreateFields>(),
        annotations(title = "Read what a Jira issue needs", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_create_fields(&self, Parameters(wanted): Parameters<GetCreateFields>) -> CallToolResult {
        tool_result(lists::create_fields(&self.client, wanted).await)
    }

    /// List the transitions that are open to an issue now.
    #[tool(
        name = "list_transitions",
        output_schema = output_schema::<Transitions>(),
        annotations(title = "List a Jira issue's transitions", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_transitions(&self, Parameters(wanted): Parameters<ListTransitions>) -> CallToolResult {
        tool_result(lists::transitions(&self.client, &wanted.issue_key).await)
    }

    /// List projects.
    #[tool(
        name = "list_projects",
        output_schema = output_schema::<Listed<Project>>(),
        annotations(title = "List Jira projects", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_projects(&self, Parameters(wanted): Parameters<ListProjects>) -> CallToolResult {
        tool_result(lists::projects(&self.client, wanted).await)
    }

    /// List a project's components.
    #[tool(
        name = "list_components",
        output_schema = output_schema::<Listed<Component>>(),
        annotations(title = "List a Jira project's components", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_components(&self, Parameters(wanted): Parameters<ListOfProject>) -> CallToolResult {
        tool_result(lists::components(&self.client, wanted).await)
    }

    /// List the statuses that a project's issues go through.
    #[tool(
        name = "list_statuses",
        output_schema = output_schema::<Listed<Status>>(),
        annotations(title = "List a Jira project's statuses", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_statuses(&self, Parameters(wanted): Parameters<ListOfProject>) -> CallToolResult {
        tool_result(lists::statuses(&self.client, wanted).await)
    }

    /// List boards, of one project or all.
    #[tool(
        name = "list_boards",
        output_schema = output_schema::<Listed<Board>>(),
        annotations(title = "List Jira boards", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_boards(&self, Parameters(wanted): Parameters<ListBoards>) -> CallToolResult {
        tool_result(lists::boards(&self.client, wanted).await)
    }

    /// List a scrum board's sprints.
    #[tool(
        name = "list_sprints",
        output_schema = output_schema::<Listed<Sprint>>(),
        annotations(title = "List a Jira board's sprints", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_sprints(&self, Parameters(wanted): Parameters<ListSprints>) -> CallToolResult {
        tool_result(lists::sprints(&self.client, wanted).await)
    }
}

impl JiraServer {
    async fn marked(&self, idempotency_key: &str) -> Result<FoundIssue, ToolFailure> {
        let found = create::marked(&self.client, &marker(idempotency_key)).await?;
        Ok(FoundIssue { found: found.map(|issue| shown::issue(&self.client, &issue)) })
    }

    async fn marked_comment(&self, wanted: &FindComment) -> Result<FoundComment, ToolFailure> {
        let mark = marker(&wanted.idempotency_key);
        let found = self.client.comment_with_mark(&wanted.issue_key, &mark).await?;
        Ok(FoundComment { found: found.map(|comment| self.added(&wanted.issue_key, &comment, false)) })
    }

    async fn search(&self, query: SearchIssues) -> Result<FoundIssues, ToolFailure> {
        let size = query.max_results.unwrap_or(SEARCH_RESULTS_DEFAULT).clamp(1, SEARCH_RESULTS_MAX);
        let page = self.client.search(&query.jql, Window { size, token: query.next_page_token.as_deref() }).await?;
        Ok(FoundIssues {
            issues: page.items.iter().map(|issue| shown::issue(&self.client, issue)).collect(),
            next_page_token: page.next,
        })
    }
}
