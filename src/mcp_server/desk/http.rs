//! `/mcp` of `deskbell serve`: streamable HTTP, each caller by its own bearer token.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use deskbell_servers::http::streamable_http;
use deskbell_servers::server::AnyServer;
use http::{StatusCode, header};
use tokio_util::sync::CancellationToken;

use super::DeskServer;
use super::caller::Callers;

/// The route `/mcp`. `allowed_hosts` are the names, besides the loopback ones, that the `Host` header may carry; `listen` is where
/// it is served. No web page may call but one of the very same loopback address.
pub fn router(
    server: DeskServer,
    callers: Callers,
    allowed_hosts: Vec<String>,
    listen: SocketAddr,
    shutdown: CancellationToken,
) -> Router {
    let own = ["127.0.0.1", "[::1]", "localhost"].map(|host| format!("http://{host}:{}", listen.port()));
    let origins = own.into_iter().filter(|_| listen.ip().is_loopback()).collect();
    let service = streamable_http(AnyServer::of(server), allowed_hosts, origins, shutdown);
    Router::new().route_service("/mcp", service).layer(middleware::from_fn_with_state(callers, authenticate))
}

/// Says who calls: the request carries it on to the tools.
async fn authenticate(State(callers): State<Callers>, mut request: Request, next: Next) -> Response {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    let Some(caller) = callers.find(presented) else {
        return (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
            "send a token of [desk] tokens as `Authorization: Bearer <token>`\n",
        )
            .into_response();
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}
