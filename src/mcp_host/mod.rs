//! Sessions with MCP servers: started in parallel, kept open, called with an honest account of
//! whether a call may have had an effect.
//!
//! [`spec`] says what a server is, `connect` opens a session with a child (`process`, `stderr`) or an address, `tools` lists and judges
//! what it offers, `server` supervises it and lets calls through its `breaker`, [`outcome`] classifies what came of them. `binding`
//! says which tool carries out an action, which goes by `dispatch`, and `fitness` watches that it still can; `lookup` says which
//! one answers what only reads, by `reading`. Both write their `arguments` alike.
//! `oauth` signs in where a server wants it. `statuses` asks a tracker how issues stand.
//! A call of an approved action is `attended`: what the server asks meanwhile (`question`) finds its way by the `line`.
//!
//! Invariants: a call is sent at most once; [`CallError::NotSent`] is said only of requests that
//! surely never reached the server; nothing of arguments or results reaches a log.

mod arguments;
mod attended;
mod binding;
mod changes;
mod connect;
mod dispatch;
mod drift;
mod fitness;
mod line;
mod lookup;
mod oauth;
pub mod outcome;
mod process;
mod propose;
mod question;
mod reading;
mod reason;
mod server;
pub mod spec;
mod spoken;
mod statuses;
mod stderr;
mod tools;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use attended::Attendant;
pub use binding::shipped::{Shipped, ShippedUse};
pub use binding::written::BindingConfig;
pub use binding::{Binding, BindingError, BindingFault, Bindings, Recourse};
pub use changes::{ChangedPage, ChangedTicket, ChangesFrom, HelpdeskPerson, PublicComment, ReadComments};
pub use dispatch::{CarriedOut, DispatchError, Found, Ready};
pub use drift::differences;
pub use line::Progress;
pub use lookup::{
    Fact, FactConfig, FoundGap, FoundPassage, GapPointers, Lookup, LookupConfig, LookupError, Lookups, LookupsConfig,
    PassagePointers,
};
pub use oauth::{Grant, KeptSignIn, Login, LoginError, OAuthSpec, SignInError, SignInKeeper};
pub use outcome::{CallError, CallOutput};
pub use propose::{Proposal, propose, propose_lookups};
pub use question::{Field, FieldKind, Question, Reply, TextFormat, Unfit, Wanted};
pub use reading::{NotRead, Reading};
pub use reason::Reason;
pub use spec::{ServerSpec, SpecError, ToolFilter, Transport};
pub use statuses::{ShownStatus, StatusLook, StatusLookConfig};
pub use tools::{QuarantinedTool, ToolInfo};

pub use crate::breaker::BreakerState;

use binding::ErrorRules;
use server::{Phase, Server, Turn};

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
    pub tools: Vec<ToolInfo>,
    /// Tools of it that can't be used.
    pub quarantined: Vec<QuarantinedTool>,
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
        /// Why, and what to do, with what the server said: for people, not for logs.
        reason: String,
        /// Time until the next attempt.
        next_try: Duration,
    },
    /// A person has to sign in: `deskbell mcp login`.
    SignInNeeded {
        /// Why, and what to do.
        reason: String,
        /// Which sign-in does no more; 0 when there was none.
        sign_in: u64,
    },
}

impl ServerState {
    /// Why it can't be called, and what to do.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Starting | Self::Ready => None,
            Self::Failed { reason, .. } | Self::SignInNeeded { reason, .. } => Some(reason),
        }
    }
}

impl McpHost {
    /// Starts all servers in parallel and returns at once; needs a Tokio runtime.
    ///
    /// Of servers that share a name the first is taken; the configuration refuses that beforehand.
    /// Nobody ever signed in anywhere.
    pub fn start(specs: Vec<ServerSpec>) -> Self {
        Self::start_signed_in(specs, &SignInKeeper::nowhere())
    }

    /// As [`Self::start`]; `sign_ins` is where people's sign-ins at the servers are kept.
    pub fn start_signed_in(specs: Vec<ServerSpec>, sign_ins: &SignInKeeper) -> Self {
        let shutdown = CancellationToken::new();
        let mut servers: BTreeMap<String, Arc<Server>> = BTreeMap::new();
        let mut supervisors = JoinSet::new();
        for spec in specs {
            let name = spec.name.clone();
            if servers.contains_key(&name) {
                tracing::error!(server = name, "two MCP servers share a name; rename one");
                continue;
            }
            let server = Arc::new(Server::new(spec, sign_ins));
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

    /// Waits until every server is ready or has failed once.
    pub async fn settled(&self) {
        for server in self.inner.servers.values() {
            let mut phase = server.phase.subscribe();
            // The sender lives as long as the server, so waiting can't fail.
            let _ = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await;
        }
    }

    /// A tool as its server lists it now.
    pub fn tool(&self, server: &str, tool: &str) -> Option<ToolInfo> {
        let server = self.inner.servers.get(server)?;
        match &*server.phase.borrow() {
            Phase::Ready { listing, .. } => listing.tools.iter().find(|known| known.name == tool).cloned(),
            Phase::Starting | Phase::Failed { .. } | Phase::SignInNeeded { .. } => None,
        }
    }

    /// Waits for the turn to call a tool. Outside this module only an approved action leads
    /// here, and a tool that only reads.
    ///
    /// # Errors
    /// [`CallError`]: nothing was sent.
    async fn turn(&self, server: &str, tool: &str) -> Result<Turn<'_>, CallError> {
        let Some(server) = self.inner.servers.get(server) else {
            return Err(CallError::permanent(format!(
                "no MCP server is named {server:?}; correct the name or configure it"
            )));
        };
        let turn = server.turn(tool).await;
        if let Err(error) = &turn {
            count_call(&server.spec.name, error.label());
        }
        turn
    }

    /// Calls a tool once, within the server's `call_timeout` from its turn on.
    ///
    /// # Errors
    /// [`CallError`], which says whether the call may have had an effect.
    async fn call(&self, server: &str, tool: &str, arguments: Map<String, Value>) -> Result<CallOutput, CallError> {
        take(self.turn(server, tool).await?, server, arguments, &ErrorRules::default(), None).await
    }

    /// Closes every session in good order and waits for the servers to end.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        let mut supervisors = self.inner.supervisors.lock().await;
        while supervisors.join_next().await.is_some() {}
    }
}

/// Uses a turn for a call, and takes its time. `attendant` stands behind it, if somebody does.
async fn take(
    turn: Turn<'_>,
    server: &str,
    arguments: Map<String, Value>,
    errors: &ErrorRules,
    attendant: Option<&dyn Attendant>,
) -> Result<CallOutput, CallError> {
    let started = Instant::now();
    let result = turn.call(arguments, errors, attendant).await;
    metrics::histogram!("deskbell_mcp_call_seconds", "server" => server.to_owned())
        .record(started.elapsed().as_secs_f64());
    count_call(server, result.as_ref().map_or_else(CallError::label, |_| "done"));
    result
}

fn count_call(server: &str, outcome: &'static str) {
    metrics::counter!("deskbell_mcp_calls_total", "server" => server.to_owned(), "outcome" => outcome).increment(1);
}

impl Drop for Inner {
    /// Supervisors hold no reference to this, so they see it and close their sessions.
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.supervisors.get_mut().detach_all();
    }
}

fn status_of(server: &Server) -> ServerStatus {
    let (state, listing) = match &*server.phase.borrow() {
        Phase::Starting => (ServerState::Starting, Arc::default()),
        Phase::Ready { listing, .. } => (ServerState::Ready, Arc::clone(listing)),
        Phase::Failed { reason, next_try } => {
            let wait = next_try.saturating_duration_since(tokio::time::Instant::now());
            let state = ServerState::Failed { reason: reason.for_people(), next_try: wait };
            (state, Arc::default())
        }
        Phase::SignInNeeded { reason, sign_in } => {
            (ServerState::SignInNeeded { reason: reason.clone(), sign_in: *sign_in }, Arc::default())
        }
    };
    ServerStatus {
        name: server.spec.name.clone(),
        required: server.spec.required,
        state,
        tools: listing.tools.clone(),
        quarantined: listing.quarantined.clone(),
        breaker: server.breaker_state(),
    }
}
