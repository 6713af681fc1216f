//! What operators and their tools ask Deskbell: is it alive, is it ready, how is it doing.
//!
//! `GET /healthz`: the process answers. `GET /readyz`: the store can be written, Slack knows who we are, every required MCP
//! server is up; 503 with the reasons otherwise. `GET /metrics`: Prometheus. Put the three behind the proxy's own rules:
//! they tell nothing of tickets, but nobody outside needs them.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::watch;

use crate::mcp_host::{McpHost, ServerState};
use crate::store::Store;

/// Whether Slack has told us who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackStanding {
    /// Not yet.
    Unknown {
        /// Why, and the mend.
        reason: String,
    },
    /// Yes.
    Known,
}

/// What the console looks at. Cheap to clone.
#[derive(Clone)]
pub struct ConsoleState {
    /// Must be writable.
    pub store: Store,
    /// Its required servers must be up.
    pub host: McpHost,
    /// Must be known.
    pub slack: watch::Receiver<SlackStanding>,
    /// Rendered at `/metrics`; `None`: that page is not served.
    pub metrics: Option<PrometheusHandle>,
}

/// `/healthz`, `/readyz`, `/metrics`.
pub fn router(state: ConsoleState) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// What is missing, each with the mend.
    reasons: Vec<String>,
    mcp: Vec<ServerLine>,
}

#[derive(Debug, Serialize)]
struct ServerLine {
    name: String,
    state: &'static str,
    required: bool,
}

async fn ready(State(state): State<ConsoleState>) -> Response {
    let mut reasons = Vec::new();
    if let Err(error) = state.store.health().await {
        reasons.push(format!("store: {error}"));
    }
    if let SlackStanding::Unknown { reason } = &*state.slack.borrow() {
        reasons.push(format!("slack: {reason}"));
    }
    let mut mcp = Vec::new();
    for server in state.host.status() {
        let word = state_word(&server.state);
        if server.required && server.state != ServerState::Ready {
            reasons.push(format!("mcp.{}: required and {word}", server.name));
        }
        mcp.push(ServerLine { name: server.name, state: word, required: server.required });
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons, mcp })).into_response()
}

/// A server's state in a word.
pub fn state_word(state: &ServerState) -> &'static str {
    match state {
        ServerState::Starting => "starting",
        ServerState::Ready => "ready",
        ServerState::Failed { .. } => "failed",
    }
}

async fn metrics(State(state): State<ConsoleState>) -> Response {
    let Some(handle) = state.metrics else {
        return (StatusCode::NOT_FOUND, "[console] metrics = false\n").into_response();
    };
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}
