//! An MCP server that hands everything on to another one on streamable HTTP: for clients that speak standard input and
//! output only.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, Peer, RequestContext, RoleClient, RunningService, ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use secrecy::{ExposeSecret, SecretString};

/// Why the other server does not answer.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The token can't be a header's value.
    #[error("the token holds characters that no header takes; copy it again")]
    BadToken,
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made ({0})")]
    Client(#[from] reqwest::Error),
    /// No session.
    #[error("{url} opened no MCP session ({reason}); check the address and the token, and whether it runs")]
    Session {
        /// Its address.
        url: String,
        /// What came back.
        reason: String,
    },
}

/// Tools and resources of the other server, under this one's own description.
#[derive(Clone)]
pub struct Relay {
    upstream: Peer<RoleClient>,
    info: ServerConfig,
}

/// Opens a session with the server at `url`, which lasts as long as the second value is kept. `info` is what the relay says of
/// itself.
///
/// # Errors
/// [`RelayError`] when it does not answer, or refuses the token.
pub async fn connect(
    url: &str,
    token: &SecretString,
    info: ServerConfig,
) -> Result<(Relay, RunningService<RoleClient, ()>), RelayError> {
    let mut bearer =
        HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| RelayError::BadToken)?;
    bearer.set_sensitive(true);
    let http = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let era =
        ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None };
    let session =
        ().serve_with_lifecycle(transport, era)
            .await
            .map_err(|error| RelayError::Session { url: url.to_owned(), reason: error.to_string() })?;
    Ok((Relay { upstream: session.peer().clone(), info }, session))
}

impl ServerHandler for Relay {
    fn get_info(&self) -> ServerConfig {
        self.info.clone()
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.upstream.list_tools(request).await.map_err(|error| passed_on(&error))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.upstream.call_tool(request).await.map(Into::into).map_err(|error| passed_on(&error))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.upstream.list_resources(request).await.map_err(|error| passed_on(&error))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.upstream.read_resource(request).await.map(Into::into).map_err(|error| passed_on(&error))
    }
}

/// The other server's own error as it is; what broke on the way, as such.
fn passed_on(error: &ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(error) => error.clone(),
        error => ErrorData::internal_error(
            format!(
                "the server behind this one did not answer ({error}); look whether it runs, then look before repeating"
            ),
            None,
        ),
    }
}
