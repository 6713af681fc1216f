//! An MCP server on streamable HTTP: `/mcp` behind a bearer token, and `/healthz`.
//!
//! Requests with an unexpected `Host` or a browser's `Origin` other than the server's own are refused, so that a web page can't
//! reach a server on the loopback address through DNS rebinding:
//! <https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning>.
//! Whoever opens connections and stays silent is let go, see [`deskbell_listener`].

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use deskbell_listener::Limits;
use http::{StatusCode, header};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::AnyServer;

/// The largest request body that is accepted, in bytes.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// What this machine calls itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Who may call the server, and what a stranger may take of it.
#[derive(Debug, Clone, Default)]
pub struct HttpAccess {
    /// The bearer token that every request must carry; `None` is allowed on loopback only.
    pub bearer: Option<SecretString>,
    /// Names that the `Host` header may carry besides the loopback ones (`desk.example.com`, with or
    /// without a port).
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may call, such as `https://inspector.example.com`; besides the server's own on a loopback
    /// address, from which no page of somebody else's can come.
    pub allowed_origins: Vec<String>,
    /// Connections, and the time for a request's head.
    pub limits: Limits,
}

/// Why a server on HTTP could not be started or ended early.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Without a token anybody on the network could act in the vendor's system.
    #[error(
        "{listen} is reachable from other machines and no bearer token is set; \
         set DESKBELL_MCP_BEARER to one, for example from `openssl rand -hex 32`, or listen on 127.0.0.1"
    )]
    BearerMissing {
        /// The address that was asked for.
        listen: SocketAddr,
    },
    /// The socket failed.
    #[error("the MCP server could not listen: {0}; choose a free address")]
    Listen(#[from] std::io::Error),
}

/// Binds `listen` and serves until `shutdown` is cancelled; sessions are closed then.
///
/// # Errors
/// [`HttpError`] when the address is taken, or public without a bearer token.
pub async fn serve_http(
    server: AnyServer,
    listen: SocketAddr,
    access: HttpAccess,
    shutdown: CancellationToken,
) -> Result<(), HttpError> {
    serve_http_beside(server, Router::new(), listen, access, shutdown).await
}

/// As [`serve_http`], with routes of the server's own beside `/mcp`, which look themselves to who may call them.
///
/// # Errors
/// [`HttpError`] when the address is taken, or public without a bearer token.
pub async fn serve_http_beside(
    server: AnyServer,
    beside: Router,
    listen: SocketAddr,
    access: HttpAccess,
    shutdown: CancellationToken,
) -> Result<(), HttpError> {
    if access.bearer.is_none() && !listen.ip().is_loopback() {
        return Err(HttpError::BearerMissing { listen });
    }
    let listener = TcpListener::bind(listen).await?;
    serve_listener_beside(server, beside, listener, access, shutdown).await
}

/// As [`serve_http`], on a socket that the caller has bound.
///
/// # Errors
/// [`HttpError`] when the socket is public without a bearer token, or fails.
pub async fn serve_listener(
    server: AnyServer,
    listener: TcpListener,
    access: HttpAccess,
    shutdown: CancellationToken,
) -> Result<(), HttpError> {
    serve_listener_beside(server, Router::new(), listener, access, shutdown).await
}

/// As [`serve_http_beside`], on a socket that the caller has bound.
///
/// # Errors
/// [`HttpError`] when the socket is public without a bearer token, or fails.
pub async fn serve_listener_beside(
    server: AnyServer,
    beside: Router,
    listener: TcpListener,
    mut access: HttpAccess,
    shutdown: CancellationToken,
) -> Result<(), HttpError> {
    let listen = listener.local_addr()?;
    if access.bearer.is_none() && !listen.ip().is_loopback() {
        return Err(HttpError::BearerMissing { listen });
    }
    tracing::info!(%listen, "MCP server listens");
    if listen.ip().is_loopback() {
        let port = listen.port();
        access.allowed_origins.extend(LOOPBACK.map(|host| format!("http://{}:{port}", in_address(host))));
    }
    let limits = access.limits;
    let router = router(server, access, shutdown.clone()).merge(beside);
    deskbell_listener::serve(listener, router, limits, shutdown.cancelled_owned()).await;
    Ok(())
}

/// The routes `/mcp` and `/healthz`; the caller answers for not exposing them without a token.
pub fn router(server: AnyServer, access: HttpAccess, shutdown: CancellationToken) -> Router {
    let service = streamable_http(server, access.allowed_hosts, access.allowed_origins, shutdown);
    let bearer = Arc::new(access.bearer);
    let mcp =
        Router::new().route_service("/mcp", service).layer(middleware::from_fn_with_state(bearer, require_bearer));
    Router::new().route("/healthz", get(|| async { "ok\n" })).merge(mcp)
}

/// The endpoint alone, which refuses unexpected hosts and browser origins; the caller answers for who may call it.
pub fn streamable_http(
    server: AnyServer,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
    shutdown: CancellationToken,
) -> StreamableHttpService<AnyServer, LocalSessionManager> {
    let mut hosts: Vec<String> = LOOPBACK.map(String::from).into();
    hosts.extend(allowed_hosts);
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(allowed_origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(REQUEST_BYTES_MAX)
        .with_cancellation_token(shutdown);
    let sessions = Arc::new(LocalSessionManager::default());
    StreamableHttpService::new(move || Ok(server.clone()), sessions, config)
}

/// A host as addresses write it.
fn in_address(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Refuses a request without the configured token; compares in constant time.
async fn require_bearer(State(expected): State<Arc<Option<SecretString>>>, request: Request, next: Next) -> Response {
    let Some(expected) = expected.as_ref() else {
        return next.run(request).await;
    };
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    if bool::from(presented.ct_eq(expected.expose_secret().as_bytes())) {
        return next.run(request).await;
    }
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Bearer")],
        "send the server's token as `Authorization: Bearer <token>`\n",
    )
        .into_response()
}
