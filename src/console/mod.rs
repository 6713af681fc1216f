//! What operators and their tools ask Deskbell: is it alive, is it ready, how is it doing.
//!
//! `GET /healthz`: the process answers. `GET /readyz`: the store can be written, it is known who we are in Slack, every required
//! MCP server is up; 503 with the reasons otherwise. `GET /metrics`: Prometheus. `GET /api/accuracy`: how well requests are understood,
//! by what people decided, as JSON; on `admin_listen` or the machine's own address alone. `/readyz` and `/metrics` tell nothing of tickets, but nobody
//! outside needs them: `[server] admin_listen` gives them an address of their own; else put them behind the proxy's rules.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deskbell_domain::policy::Policy;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::{Mutex, watch};

use crate::learning::Learning;
use crate::learning::report::report;
use crate::mcp_host::{BindingFault, Bindings, McpHost, ServerState, ServerStatus};
use crate::slack::OpenConnections;
use crate::store::{Store, StoreError};

/// How long the store's health is taken for granted: looking costs a write to disk, and anybody may ask.
const HEALTH_KEPT: Duration = Duration::from_secs(1);

/// Whether it is known who we are in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackStanding {
    /// Not yet.
    Unknown {
        /// Why, and the mend.
        reason: String,
    },
    /// From the last run; Slack has not confirmed it. The doors are open, the workers wait.
    Remembered,
    /// Slack says so.
    Known,
}

impl SlackStanding {
    /// Requests get in.
    pub fn are_doors_open(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::Remembered => "remembered",
            Self::Known => "known",
        }
    }
}

/// Looks whether the store can be written, at most once in [`HEALTH_KEPT`] however many ask.
#[derive(Clone)]
pub struct StoreCheck {
    store: Store,
    last: Arc<Mutex<Option<Looked>>>,
}

/// What a look at the store found, and when.
struct Looked {
    at: Instant,
    found: Result<(), StoreError>,
}

impl StoreCheck {
    /// For this store.
    pub fn new(store: Store) -> Self {
        Self { store, last: Arc::default() }
    }

    async fn health(&self) -> Result<(), StoreError> {
        let mut last = self.last.lock().await;
        if let Some(looked) = last.as_ref().filter(|looked| looked.at.elapsed() < HEALTH_KEPT) {
            return looked.found.clone();
        }
        let found = self.store.health().await;
        *last = Some(Looked { at: Instant::now(), found: found.clone() });
        found
    }
}

/// What the console looks at. Cheap to clone.
#[derive(Clone)]
pub struct ConsoleState {
    /// Must be writable.
    pub store: StoreCheck,
    /// Its required servers must be up.
    pub host: McpHost,
    /// What is bound to a required server, it must offer.
    pub bindings: Arc<Bindings>,
    /// Must be known.
    pub slack: watch::Receiver<SlackStanding>,
    /// One must be open, where Slack is reached by Socket Mode.
    pub sockets: Option<OpenConnections>,
    /// Rendered at `/metrics`; `None`: that page is not served.
    pub metrics: Option<PrometheusHandle>,
    /// Told at `/api/accuracy`; `None` where people outside might read it.
    pub accuracy: Option<AccuracySource>,
}

/// What `/api/accuracy` looks at.
#[derive(Clone)]
pub struct AccuracySource {
    /// Where the labels stand.
    pub store: Store,
    /// The rules in force.
    pub policy: Arc<Policy>,
    /// What was learned.
    pub learning: Learning,
    /// It stands where only operators come. Else whatever a proxy hands on comes from outside.
    pub is_admin: bool,
}

/// `/healthz`.
pub fn health_router() -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}

/// `/healthz`, `/readyz`, `/metrics`, `/api/accuracy`.
pub fn router(state: ConsoleState) -> Router {
    let health = health_router();
    let console = Router::new()
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/accuracy", get(accuracy))
        .with_state(state);
    health.merge(console)
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// What is missing, each with the mend.
    reasons: Vec<String>,
    /// `known`, `remembered` (Slack has not confirmed it yet) or `unknown`.
    slack: &'static str,
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
    let slack = state.slack.borrow().clone();
    if let SlackStanding::Unknown { reason } = &slack {
        reasons.push(format!("slack: {reason}"));
    } else if state.sockets.as_ref().is_some_and(|sockets| sockets.count() == 0) {
        reasons.push("slack: no Socket Mode connection is open, so nothing comes in; the log says why".to_owned());
    }
    let mut mcp = Vec::new();
    for server in state.host.status() {
        let word = state_word(&server.state);
        if server.required && server.state != ServerState::Ready {
            let why = match &server.state {
                // Names the server and the command, nothing of the machine.
                ServerState::SignInNeeded { .. } => format!("sign-in needed: run `deskbell mcp login {}`", server.name),
                _ => word.to_owned(),
            };
            reasons.push(format!("mcp.{}: required and {why}", server.name));
        } else if server.required {
            reasons.extend(unusable(&state.bindings, &server));
        }
        mcp.push(ServerLine { name: server.name, state: word, required: server.required });
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons, slack: slack.word(), mcp })).into_response()
}

/// What is bound to a server that is up and can't be done there.
fn unusable(bindings: &Bindings, server: &ServerStatus) -> Vec<String> {
    let faults = bindings.at(&server.name).flat_map(|binding| {
        let fatal = binding.faults(server).into_iter().filter(BindingFault::is_fatal);
        fatal.map(|fault| {
            format!("mcp.{}: required, and [actions.{}] can't use it: {fault}", server.name, binding.action)
        })
    });
    faults.collect()
}

/// A server's state in a word.
pub fn state_word(state: &ServerState) -> &'static str {
    match state {
        ServerState::Starting => "starting",
        ServerState::Ready => "ready",
        ServerState::Failed { .. } => "failed",
        ServerState::SignInNeeded { .. } => "sign_in_needed",
    }
}

async fn metrics(State(state): State<ConsoleState>) -> Response {
    let Some(handle) = state.metrics else {
        return (StatusCode::NOT_FOUND, "[console] metrics = false\n").into_response();
    };
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

async fn accuracy(State(state): State<ConsoleState>, headers: HeaderMap) -> Response {
    let is_handed_on =
        [header::FORWARDED.as_str(), "x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    let Some(source) = state.accuracy.filter(|source| source.is_admin || !is_handed_on) else {
        let mend = "set [server] admin_listen: it is told there alone\n";
        return (StatusCode::NOT_FOUND, mend).into_response();
    };
    let found = match source.store.installation().await {
        Ok(Some(installation)) => {
            report(&source.store, &installation.workspace, &source.policy, &source.learning).await
        }
        Ok(None) => return (StatusCode::SERVICE_UNAVAILABLE, "Slack has not said who we are yet\n").into_response(),
        Err(error) => Err(error),
    };
    match found {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::warn!(%error, "/api/accuracy could not be answered");
            (StatusCode::SERVICE_UNAVAILABLE, "the store failed; see the log\n").into_response()
        }
    }
}
