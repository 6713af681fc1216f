//! Sessions with MCP servers: started in parallel, kept open, called with an honest account of
//! whether a call may have had an effect.
//!
//! [`spec`] says what a server is, `connect` opens a session, `server` supervises it and lets calls
//! through its `breaker`, [`outcome`] classifies what came of them.
//!
//! Invariants: a call is sent at most once; [`CallError::NotSent`] is said only of requests that
//! surely never reached the server; nothing of arguments or results reaches a log.

mod binding;
mod breaker;
mod connect;
mod dispatch;
pub mod outcome;
mod server;
pub mod spec;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use binding::{Binding, BindingConfig, BindingError, Bindings, ReconcileConfig, ResultPointers};
pub use breaker::BreakerState;
pub use connect::ToolInfo;
pub use dispatch::{DispatchError, Found};
pub use outcome::{CallError, CallOutput};
pub use spec::{ServerSpec, SpecError, Transport};

use server::{Phase, Server};

/// The sessions with all configured servers. Clones share them; the servers end when
/// [`McpHost::shutdown`] is called or the last clone is dropped.
#[derive(Debug, Clone)]
pub struct McpHost {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    servers: BTreeMap<String, Arc<Server>>,
    supervisors: tokio::sync::Mutex<JoinSet<()>>,
    shutdown: CancellationToken,
}

/// What an operator wants to know about a server.
#[derive(Debug, Clone)]
pub struct ServerStatus {
    /// Its configured name.
    pub name: String,
    /// Whether Deskbell is not ready without it.
    pub required: bool,
    /// Where its session stands.
    pub state: ServerState,
    /// Its tools; none while it is not ready.
    pub tools: Arc<Vec<ToolInfo>>,
    /// What its circuit breaker lets through.
    pub breaker: BreakerState,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// Its first start is under way.
    Starting,
    /// It can be called.
    Ready,
    /// It could not be started, or went away.
    Failed {
        /// Why, and what to do.
        reason: String,
        /// Time until the next attempt.
        next_try: Duration,
    },
}

impl McpHost {
    /// Starts all servers in parallel and returns at once; needs a Tokio runtime.
    ///
    /// Of servers that share a name the first is taken; the configuration refuses that beforehand.
    pub fn start(specs: Vec<ServerSpec>) -> Self {
        let shutdown = CancellationToken::new();
        let mut servers: BTreeMap<String, Arc<Server>> = BTreeMap::new();
        let mut supervisors = JoinSet::new();
        for spec in specs {
            let name = spec.name.clone();
            if servers.contains_key(&name) {
                tracing::error!(server = name, "two MCP servers share a name; rename one");
                continue;
            }
            let server = Arc::new(Server::new(spec));
            let (supervised, shutdown) = (Arc::clone(&server), shutdown.clone());
            supervisors.spawn(async move { supervised.supervise(shutdown).await });
            servers.insert(name, server);
        }
        Self { inner: Arc::new(Inner { servers, supervisors: tokio::sync::Mutex::new(supervisors), shutdown }) }
    }

    /// Every server in the order of their names.
    pub fn status(&self) -> Vec<ServerStatus> {
        self.inner.servers.values().map(|server| status_of(server)).collect()
    }

    /// Whether every required server can be called.
    pub fn required_ready(&self) -> bool {
        let mut required = self.inner.servers.values().filter(|server| server.spec.required);
        required.all(|server| matches!(*server.phase.borrow(), Phase::Ready { .. }))
    }

    /// Waits until every server is ready or has failed once.
    pub async fn settled(&self) {
        for server in self.inner.servers.values() {
            let mut phase = server.phase.subscribe();
            // The sender lives as long as the server, so waiting can't fail.
            let _ = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await;
        }
    }

    /// Calls a tool once, within the server's `call_timeout`. Outside this module only an approved action leads here.
    ///
    /// # Errors
    /// [`CallError`], which says whether the call may have had an effect.
    async fn call(&self, server: &str, tool: &str, arguments: Map<String, Value>) -> Result<CallOutput, CallError> {
        let Some(server) = self.inner.servers.get(server) else {
            return Err(CallError::permanent(format!(
                "no MCP server is named {server:?}; correct the name or configure it"
            )));
        };
        let started = Instant::now();
        let result = server.call(tool, arguments).await;
        let outcome = result.as_ref().map_or_else(CallError::label, |_| "done");
        let name = server.spec.name.clone();
        metrics::histogram!("deskbell_mcp_call_seconds", "server" => name.clone())
            .record(started.elapsed().as_secs_f64());
        metrics::counter!("deskbell_mcp_calls_total", "server" => name, "outcome" => outcome).increment(1);
        result
    }

    /// Closes every session in good order and waits for the servers to end.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        let mut supervisors = self.inner.supervisors.lock().await;
        while supervisors.join_next().await.is_some() {}
    }
}

impl Drop for Inner {
    /// Supervisors hold no reference to this, so they see it and close their sessions.
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.supervisors.get_mut().detach_all();
    }
}

fn status_of(server: &Server) -> ServerStatus {
    let (state, tools) = match &*server.phase.borrow() {
        Phase::Starting => (ServerState::Starting, Arc::default()),
        Phase::Ready { tools, .. } => (ServerState::Ready, Arc::clone(tools)),
        Phase::Failed { reason, next_try } => {
            let wait = next_try.saturating_duration_since(tokio::time::Instant::now());
            let state = ServerState::Failed { reason: reason.clone(), next_try: wait };
            (state, Arc::default())
        }
    };
    ServerStatus {
        name: server.spec.name.clone(),
        required: server.spec.required,
        state,
        tools,
        breaker: server.breaker_state(),
    }
}
