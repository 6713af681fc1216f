//! One type for all our MCP servers, so that sessions and transports are compiled once and not for each server.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{ClientNotification, ClientRequest, ProtocolVersion, ServerInfo, ServerResult};
use rmcp::service::{DynService, MaybeSendFuture, NotificationContext, RequestContext, Service};
use rmcp::{ErrorData, RoleServer, ServerHandler};

/// An MCP server, whichever it is. All clones are the same server.
#[derive(Clone)]
pub struct AnyServer(Arc<dyn DynService<RoleServer>>);

impl<H: ServerHandler> From<H> for AnyServer {
    fn from(server: H) -> Self {
        Self(Arc::new(server))
    }
}

impl Service<RoleServer> for AnyServer {
    fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ServerResult, ErrorData>> + MaybeSendFuture + '_ {
        self.0.handle_request(request, context)
    }

    fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        self.0.handle_notification(notification, context)
    }

    fn get_info(&self) -> ServerInfo {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}
