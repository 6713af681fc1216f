//! One type for all our MCP servers, so that the protocol, its sessions and transports are compiled once and not for each.
//!
//! Every method of [`ServerHandler`] is handed on, so a server may override whichever it wants.

#![allow(deprecated)] // Older hosts subscribe the older way.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam, CompleteRequestParams,
    CompleteResult, CustomNotification, CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams,
    GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams,
    InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    UpdateTaskParams,
};
use rmcp::service::{MaybeSendFuture, NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};

type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Asked = RequestContext<RoleServer>;
type Told = NotificationContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

/// An MCP server, whichever it is. All clones are the same server.
#[derive(Clone)]
pub struct AnyServer(Arc<dyn Handler>);

impl AnyServer {
    /// This server.
    pub fn of(server: impl ServerHandler) -> Self {
        Self(Arc::new(server))
    }
}

/// Writes [`Handler`], a [`ServerHandler`] that can stand behind a pointer, with these methods that answer later and those that
/// answer at once; all servers are one, and [`AnyServer`] hands on to the one in it.
macro_rules! handed_on {
    (
        later { $($later:ident($($it:ident: $It:ty),*) -> $Later:ty;)* }
        at_once { $($at_once:ident($($that:ident: $That:ty),*) -> $AtOnce:ty;)* }
    ) => {
        trait Handler: Send + Sync {
            $(fn $later(&self, $($it: $It),*) -> Answering<'_, $Later>;)*
            $(fn $at_once(&self, $($that: $That),*) -> $AtOnce;)*
        }

        impl<H: ServerHandler> Handler for H {
            $(fn $later(&self, $($it: $It),*) -> Answering<'_, $Later> {
                Box::pin(ServerHandler::$later(self, $($it),*))
            })*
            $(fn $at_once(&self, $($that: $That),*) -> $AtOnce {
                ServerHandler::$at_once(self, $($that),*)
            })*
        }

        impl ServerHandler for AnyServer {
            $(fn $later(&self, $($it: $It),*) -> impl Future<Output = $Later> + MaybeSendFuture + '_ {
                Handler::$later(&*self.0, $($it),*)
            })*
            $(fn $at_once(&self, $($that: $That),*) -> $AtOnce {
                Handler::$at_once(&*self.0, $($that),*)
            })*
        }
    };
}

handed_on! {
    later {
        ping(context: Asked) -> Result<(), ErrorData>;
        initialize(request: InitializeRequestParams, context: Asked) -> Result<InitializeResult, ErrorData>;
        discover(context: Asked) -> Result<DiscoverResult, ErrorData>;
        complete(request: CompleteRequestParams, context: Asked) -> Result<CompleteResult, ErrorData>;
        set_level(request: SetLevelRequestParams, context: Asked) -> Result<(), ErrorData>;
        get_prompt(request: GetPromptRequestParams, context: Asked) -> Result<GetPromptResponse, ErrorData>;
        list_prompts(request: Page, context: Asked) -> Result<ListPromptsResult, ErrorData>;
        list_resources(request: Page, context: Asked) -> Result<ListResourcesResult, ErrorData>;
        list_resource_templates(request: Page, context: Asked) -> Result<ListResourceTemplatesResult, ErrorData>;
        read_resource(request: ReadResourceRequestParams, context: Asked) -> Result<ReadResourceResponse, ErrorData>;
        listen(context: SubscriptionContext) -> Result<(), ErrorData>;
        subscribe(request: SubscribeRequestParams, context: Asked) -> Result<(), ErrorData>;
        unsubscribe(request: UnsubscribeRequestParams, context: Asked) -> Result<(), ErrorData>;
        call_tool(request: CallToolRequestParams, context: Asked) -> Result<CallToolResponse, ErrorData>;
        list_tools(request: Page, context: Asked) -> Result<ListToolsResult, ErrorData>;
        on_custom_request(request: CustomRequest, context: Asked) -> Result<CustomResult, ErrorData>;
        on_cancelled(notification: CancelledNotificationParam, context: Told) -> ();
        on_progress(notification: ProgressNotificationParam, context: Told) -> ();
        on_initialized(context: Told) -> ();
        on_roots_list_changed(context: Told) -> ();
        on_custom_notification(notification: CustomNotification, context: Told) -> ();
        get_task(request: GetTaskParams, context: Asked) -> Result<GetTaskResult, ErrorData>;
        update_task(request: UpdateTaskParams, context: Asked) -> Result<(), ErrorData>;
        cancel_task(request: CancelTaskParams, context: Asked) -> Result<(), ErrorData>;
        list_skills(request: Page, context: Asked) -> Result<ListSkillsResult, ErrorData>;
        get_skill(request: GetSkillRequestParams, context: Asked) -> Result<GetSkillResult, ErrorData>;
        read_resource_directory(request: ReadResourceDirectoryRequestParams, context: Asked)
            -> Result<ReadResourceDirectoryResult, ErrorData>;
    }
    at_once {
        negotiate_initialize(request: &InitializeRequestParams) -> Result<InitializeResult, ErrorData>;
        supported_protocol_versions() -> Cow<'static, [ProtocolVersion]>;
        accepted_subscription_filter(requested: &SubscriptionFilter) -> Option<SubscriptionFilter>;
        get_tool(name: &str) -> Option<Tool>;
        get_info() -> ServerConfig;
    }
}
