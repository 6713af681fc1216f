//! The tools of the Salesforce server: what goes in and what comes out.

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{tool, tool_router};

use super::reads::Salesforce;
use super::schema::{
    AddCaseComment, AddedCaseComment, Case, Cases, CreateTask, CreatedTask, FindByIdempotencyKey, FindUpdate,
    FoundCase, FoundUpdate, GetCase, ListCases, UpdateCase, UpdatedCase, UpsertCase, UpsertedCase, WriteBack,
    WrittenBack,
};
use super::schema_customer::{Customer, ListOpportunities, LookupCustomer, Opportunities};
use super::{SalesforceConfig, SalesforceConfigError};
use crate::failure::{output_schema, tool_result};

/// The Salesforce MCP server. Clones share one HTTP client and one access token.
#[derive(Debug, Clone)]
pub struct SalesforceServer {
    pub(super) salesforce: Salesforce,
    pub(super) tool_router: ToolRouter<Self>,
}

#[tool_router(router = tool_router)]
impl SalesforceServer {
    /// A server for the configured organisation; makes no request.
    ///
    /// # Errors
    /// [`SalesforceConfigError`] when the key can't sign or the HTTP client can't be made.
    pub fn new(config: SalesforceConfig) -> Result<Self, SalesforceConfigError> {
        Ok(Self { salesforce: Salesforce::new(config)?, tool_router: Self::tool_router() })
    }

    /// Identify a customer by e-mail address, domain or Slack profile (name and e-mail address), and tell the account's
    /// tier, owner, open cases, open opportunities and entitlements. Where several accounts fit, none is chosen:
    /// `candidates` lists them.
    #[tool(
        name = "lookup_customer",
        output_schema = output_schema::<Customer>(),
        annotations(title = "Look up a customer in Salesforce", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn lookup_customer(&self, Parameters(wanted): Parameters<LookupCustomer>) -> CallToolResult {
        tool_result(self.salesforce.customer(&wanted).await)
    }

    /// Make a case, or change the one with this external id. With an `idempotency_key` and no `external_id`, the key is
    /// what the case goes by. The same call made twice leaves one case.
    #[tool(
        name = "upsert_case",
        output_schema = output_schema::<UpsertedCase>(),
        annotations(title = "Make or change a Salesforce case", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn upsert_case(&self, Parameters(wanted): Parameters<UpsertCase>) -> CallToolResult {
        tool_result(self.salesforce.upsert_case(&wanted).await)
    }

    /// Find the case that an `upsert_case` call with this `idempotency_key` made. There is no lag.
    #[tool(
        name = "find_by_idempotency_key",
        output_schema = output_schema::<FoundCase>(),
        annotations(title = "Find a Salesforce case by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_by_idempotency_key(&self, Parameters(wanted): Parameters<FindByIdempotencyKey>) -> CallToolResult {
        tool_result(self.salesforce.case_with_key(&wanted.idempotency_key).await.map(|found| FoundCase { found }))
    }

    /// Read one case with its last comments.
    #[tool(
        name = "get_case",
        output_schema = output_schema::<Case>(),
        annotations(title = "Read a Salesforce case", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_case(&self, Parameters(wanted): Parameters<GetCase>) -> CallToolResult {
        tool_result(self.salesforce.case(&wanted.case_id).await)
    }

    /// Change a case's status, priority, subject or owner. What is left out stays; what is so already is not sent.
    #[tool(
        name = "update_case",
        output_schema = output_schema::<UpdatedCase>(),
        annotations(title = "Change a Salesforce case", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_case(&self, Parameters(wanted): Parameters<UpdateCase>) -> CallToolResult {
        tool_result(self.salesforce.update_case(&wanted).await)
    }

    /// List the cases of an account or a person, the newest first, page by page.
    #[tool(
        name = "list_cases",
        output_schema = output_schema::<Cases>(),
        annotations(title = "List Salesforce cases", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_cases(&self, Parameters(wanted): Parameters<ListCases>) -> CallToolResult {
        tool_result(self.salesforce.cases(&wanted).await)
    }

    /// List the opportunities of an account, the newest first, page by page.
    #[tool(
        name = "list_opportunities",
        output_schema = output_schema::<Opportunities>(),
        annotations(title = "List Salesforce opportunities", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_opportunities(&self, Parameters(wanted): Parameters<ListOpportunities>) -> CallToolResult {
        tool_result(self.salesforce.opportunities(&wanted).await)
    }

    /// Comment on a case. With an `idempotency_key`, a repeated call adds nothing: comments are looked up without lag.
    #[tool(
        name = "add_case_comment",
        output_schema = output_schema::<AddedCaseComment>(),
        annotations(title = "Comment on a Salesforce case", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_case_comment(&self, Parameters(wanted): Parameters<AddCaseComment>) -> CallToolResult {
        tool_result(self.salesforce.add_comment(&wanted).await)
    }

    /// Make a task about a case or an account. With an `idempotency_key`, a repeated call makes none.
    #[tool(
        name = "create_task",
        output_schema = output_schema::<CreatedTask>(),
        annotations(title = "Make a Salesforce task", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_task(&self, Parameters(wanted): Parameters<CreateTask>) -> CallToolResult {
        tool_result(self.salesforce.create_task(&wanted).await)
    }

    /// Write a conversation back: its summary as a comment on the case, the whole as a finished task. For a customer
    /// without a case, the task stands at the account. A repeated call adds only what is missing.
    #[tool(
        name = "write_back",
        output_schema = output_schema::<WrittenBack>(),
        annotations(title = "Write a conversation back to Salesforce", read_only_hint = false,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn write_back(&self, Parameters(wanted): Parameters<WriteBack>) -> CallToolResult {
        tool_result(self.salesforce.write_back(&wanted).await)
    }

    /// Find the comment and the task that a call with this `idempotency_key` wrote. There is no lag.
    #[tool(
        name = "find_update_by_idempotency_key",
        output_schema = output_schema::<FoundUpdate>(),
        annotations(title = "Find what was written to Salesforce by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_update_by_idempotency_key(&self, Parameters(wanted): Parameters<FindUpdate>) -> CallToolResult {
        tool_result(self.salesforce.update_with_key(&wanted).await.map(|found| FoundUpdate { found }))
    }
}
