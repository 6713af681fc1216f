//! One server: its supervised session, its turn-taking, its breaker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{Peer, RoleClient};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::breaker::{Breaker, BreakerState};
use super::connect::{self, Session, ToolInfo};
use super::outcome::{self, CallError, CallOutput};
use super::spec::ServerSpec;

/// Pause before the first attempt to open a session again; doubles each time.
const RECONNECT_MIN: Duration = Duration::from_millis(250);
/// Longest pause between attempts.
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// A session that lasted this long starts the pauses again from the shortest.
const STEADY_AFTER: Duration = Duration::from_secs(30);
/// Time for a session to close in good order when the host shuts down.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(8);

/// Where a server's session stands.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Starting,
    Ready { peer: Peer<RoleClient>, tools: Arc<Vec<ToolInfo>> },
    Failed { reason: String, next_try: Instant },
}

/// One server, shared by its supervisor and its callers.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) spec: ServerSpec,
    pub(super) phase: watch::Sender<Phase>,
    turns: Semaphore,
    breaker: Mutex<Breaker>,
    /// A call got no answer: the server may hang.
    doubted: Notify,
}

impl Server {
    pub(super) fn new(spec: ServerSpec) -> Self {
        // At least one turn: a spec with none is refused when the session is opened.
        let turns = Semaphore::new(spec.max_concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            spec,
            phase: watch::Sender::new(Phase::Starting),
            turns,
            breaker: Mutex::new(Breaker::default()),
            doubted: Notify::new(),
        }
    }

    /// Keeps a session open until `shutdown`: opens, watches, opens again after a pause.
    pub(super) async fn supervise(&self, shutdown: CancellationToken) {
        let mut pause = RECONNECT_MIN;
        loop {
            let opened = tokio::select! {
                opened = connect::open(&self.spec) => opened,
                () = shutdown.cancelled() => return,
            };
            let reason = match opened {
                Ok((session, tools)) => {
                    let since = Instant::now();
                    self.ready(&session, tools);
                    let ended = self.watch_session(session, &shutdown).await;
                    if since.elapsed() >= STEADY_AFTER {
                        pause = RECONNECT_MIN;
                    }
                    match ended {
                        Ended::ByUs => return,
                        Ended::ByServer => "the server closed the session".to_owned(),
                        Ended::Silent => "the server hung and was ended".to_owned(),
                    }
                }
                Err(error) => error.to_string(),
            };
            // Jitter, so that servers that died together do not all come back together.
            let wait = pause.mul_f64(rand::rng().random_range(0.5..1.0));
            self.failed(reason, wait);
            pause = (pause * 2).min(RECONNECT_MAX);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn ready(&self, session: &Session, tools: Vec<rmcp::model::Tool>) {
        let tools: Vec<ToolInfo> = tools.into_iter().map(ToolInfo::from).collect();
        tracing::info!(server = self.spec.name, tools = tools.len(), "MCP server is ready");
        metrics::gauge!("deskbell_mcp_server_ready", "server" => self.spec.name.clone()).set(1.0);
        self.phase.send_replace(Phase::Ready { peer: session.peer().clone(), tools: Arc::new(tools) });
    }

    fn failed(&self, reason: String, wait: Duration) {
        tracing::warn!(server = self.spec.name, reason, ?wait, "MCP server is not available");
        metrics::gauge!("deskbell_mcp_server_ready", "server" => self.spec.name.clone()).set(0.0);
        let next_try = Instant::now() + wait;
        self.phase.send_replace(Phase::Failed { reason, next_try });
    }

    /// Calls a tool once. Never repeats anything.
    pub(super) async fn call(&self, tool: &str, arguments: JsonObject) -> Result<CallOutput, CallError> {
        let deadline = Instant::now() + self.spec.call_timeout;
        let turn = tokio::time::timeout_at(deadline, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(CallError::not_sent("the server is busy with other calls", None));
        };
        let peer = self.peer_for(tool)?;
        let admission = self.admit()?;
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        // Dropping the request on a timeout also tells the server to give it up.
        let answer = tokio::time::timeout_at(deadline, peer.call_tool_once(request)).await;
        let result = match answer {
            Ok(Ok(response)) => outcome::of_response(response, self.spec.response_bytes_max),
            Ok(Err(error)) => Err(outcome::of_service_error(&error)),
            Err(_) => {
                self.doubted.notify_one();
                Err(CallError::unknown(format!("no answer within {:?}", self.spec.call_timeout)))
            }
        };
        admission.record(&result);
        result
    }

    /// The open session, provided that it offers the tool.
    fn peer_for(&self, tool: &str) -> Result<Peer<RoleClient>, CallError> {
        match &*self.phase.borrow() {
            Phase::Starting => Err(CallError::not_sent("the server is starting", None)),
            Phase::Failed { reason, next_try } => {
                Err(CallError::not_sent(reason.clone(), Some(next_try.saturating_duration_since(Instant::now()))))
            }
            Phase::Ready { peer, .. } if peer.is_transport_closed() => {
                Err(CallError::not_sent("the session has just closed", Some(RECONNECT_MIN)))
            }
            Phase::Ready { peer, tools } => {
                if tools.iter().any(|known| known.name == tool) {
                    return Ok(peer.clone());
                }
                Err(CallError::permanent(format!(
                    "MCP server {:?} has no tool {tool:?}; correct the name of the tool",
                    self.spec.name
                )))
            }
        }
    }

    fn admit(&self) -> Result<Admission<'_>, CallError> {
        let admitted = self.breaker().admit(Instant::now());
        self.show_breaker();
        match admitted {
            Ok(()) => Ok(Admission { server: self, recorded: false }),
            Err(wait) => {
                Err(CallError::not_sent("the circuit breaker is open after failures or a rate limit", Some(wait)))
            }
        }
    }

    pub(super) fn breaker_state(&self) -> BreakerState {
        self.breaker().state(Instant::now())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 0 closed, 1 half-open, 2 open.
    fn show_breaker(&self) {
        let value = match self.breaker_state() {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 1.0,
            BreakerState::Open => 2.0,
        };
        metrics::gauge!("deskbell_mcp_breaker", "server" => self.spec.name.clone()).set(value);
    }
}

/// A call that the breaker let through; a call that is dropped half-way gives its place back.
struct Admission<'a> {
    server: &'a Server,
    recorded: bool,
}

impl Admission<'_> {
    fn record(mut self, result: &Result<CallOutput, CallError>) {
        self.recorded = true;
        let health = outcome::health(result);
        self.server.breaker().record(health, Instant::now());
        self.server.show_breaker();
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.recorded {
            self.server.breaker().abandon();
        }
    }
}

#[derive(Debug, PartialEq)]
enum Ended {
    ByUs,
    ByServer,
    Silent,
}

impl Server {
    /// Waits for the end of the session, or ends it: in good order on `shutdown`, and when the server hangs. A call
    /// may be slow because of what lies behind the server, so a server is taken to hang only when it does not even
    /// list its tools.
    async fn watch_session(&self, session: Session, shutdown: &CancellationToken) -> Ended {
        let closing = session.cancellation_token();
        let peer = session.peer().clone();
        let mut waiting = std::pin::pin!(session.waiting());
        let ended = loop {
            tokio::select! {
                _ = &mut waiting => return Ended::ByServer,
                () = shutdown.cancelled() => break Ended::ByUs,
                () = self.doubted.notified() => {}
            }
            tokio::select! {
                _ = &mut waiting => return Ended::ByServer,
                () = shutdown.cancelled() => break Ended::ByUs,
                answer = tokio::time::timeout(self.spec.call_timeout, peer.list_tools(None)) => {
                    if answer.is_err() {
                        break Ended::Silent;
                    }
                }
            }
        };
        if ended == Ended::Silent {
            self.failed("the server hangs and is being ended".to_owned(), RECONNECT_MIN);
        }
        closing.cancel();
        // The child is killed when this is dropped, so a late one costs nothing but its good order.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, waiting).await;
        ended
    }
}
