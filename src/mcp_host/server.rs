//! One server: its supervised session, its turn-taking, its breaker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{Peer, RoleClient, Subscription};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attended::{self, Attendant, AttendedCall};
use super::binding::ErrorRules;
use super::connect::{self, ConnectError, Heard, Session};
use super::oauth::{SignInError, SignInKeeper, Tokens};
use super::outcome::{self, CallError, CallOutput};
use super::reason::Reason;
use super::spec::{ServerSpec, Transport};
use super::tools::{self, Listing, ToolInfo};
use crate::breaker::{Breaker, BreakerState};

/// Pause before the first attempt to open a session again; doubles each time.
const RECONNECT_MIN: Duration = Duration::from_millis(250);
/// Longest pause between attempts.
const RECONNECT_MAX: Duration = Duration::from_secs(30);
/// A session that lasted this long starts the pauses again from the shortest.
const STEADY_AFTER: Duration = Duration::from_secs(30);
/// How often a server's tools are looked at unasked: it may have gone, or changed without a word.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether a person has signed in.
const LOOK_FOR_SIGN_IN_EVERY: Duration = Duration::from_secs(2);
/// Time for a session to close in good order when the host shuts down.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(8);

/// The pause before a server that takes one call at a time is tried again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// More calls in flight than any server takes.
const PLACES_MAX: usize = 100_000;

/// Where a server's session stands.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Starting,
    Ready { peer: Peer<RoleClient>, listing: Arc<Listing> },
    Failed { reason: Reason, next_try: Instant },
    SignInNeeded { reason: String, sign_in: u64 },
}

/// One server, shared by its supervisor and its callers.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) spec: ServerSpec,
    pub(super) phase: watch::Sender<Phase>,
    tokens: Option<Arc<Tokens>>,
    turns: Semaphore,
    breaker: Mutex<Breaker>,
    /// A call got no answer: the server may hang.
    doubted: Notify,
    /// What the server said by itself.
    heard: Heard,
}

impl Server {
    pub(super) fn new(spec: ServerSpec, sign_ins: &SignInKeeper) -> Self {
        // At least one turn: a spec with none is refused when the session is opened.
        let turns = Semaphore::new(spec.max_concurrency.clamp(1, PLACES_MAX));
        let tokens = match &spec.transport {
            Transport::Http { url, oauth: Some(oauth), .. } => {
                Some(Tokens::new(&spec.name, url.clone(), (**oauth).clone(), sign_ins.clone()))
            }
            Transport::Http { .. } | Transport::Stdio { .. } => None,
        };
        Self {
            spec,
            tokens,
            phase: watch::Sender::new(Phase::Starting),
            turns,
            breaker: Mutex::new(Breaker::default()),
            doubted: Notify::new(),
            heard: Heard::default(),
        }
    }

    /// Keeps a session open until `shutdown`: opens, watches, opens again after a pause.
    pub(super) async fn supervise(&self, shutdown: CancellationToken) {
        self.keep_open(&shutdown).await;
        if let Some(tokens) = &self.tokens {
            tokens.settled().await;
        }
    }

    async fn keep_open(&self, shutdown: &CancellationToken) {
        let mut pause = RECONNECT_MIN;
        loop {
            self.heard.line.begin();
            let opened = tokio::select! {
                opened = connect::open(&self.spec, self.tokens.as_ref(), &self.heard) => opened,
                () = shutdown.cancelled() => return,
            };
            let reason = match opened {
                Ok((session, listing)) => {
                    let since = Instant::now();
                    tracing::info!(server = self.spec.name, tools = listing.tools.len(), "MCP server is ready");
                    self.ready(session.peer().clone(), listing);
                    let ended = self.watch_session(session, shutdown).await;
                    if since.elapsed() >= STEADY_AFTER {
                        pause = RECONNECT_MIN;
                    }
                    match ended {
                        Ended::ByUs => return,
                        Ended::ByServer => "the server closed the session".into(),
                        Ended::Silent => "the server hung and was ended".into(),
                        // What is needed is said when it connects again.
                        Ended::SignedOut => continue,
                    }
                }
                Err(ConnectError::SignIn(error @ SignInError::Needed { sign_in, .. })) => {
                    tokio::select! {
                        () = self.until_signed_in(error.to_string(), sign_in) => {}
                        () = shutdown.cancelled() => return,
                    }
                    pause = RECONNECT_MIN;
                    continue;
                }
                Err(error) => error.reason(),
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

    fn ready(&self, peer: Peer<RoleClient>, listing: Listing) {
        for tool in &listing.quarantined {
            tracing::warn!(server = self.spec.name, tool = tool.name, tool.reason, "a tool can't be used");
        }
        metrics::gauge!("deskbell_mcp_server_ready", "server" => self.spec.name.clone()).set(1.0);
        self.phase.send_replace(Phase::Ready { peer, listing: Arc::new(listing) });
    }

    /// Takes a list of tools that is another than before.
    fn relisted(&self, peer: &Peer<RoleClient>, listing: Listing) {
        let is_new = !matches!(&*self.phase.borrow(), Phase::Ready { listing: before, .. } if **before == listing);
        if is_new {
            tracing::info!(server = self.spec.name, tools = listing.tools.len(), "MCP server changed its tools");
            self.ready(peer.clone(), listing);
        }
    }

    fn failed(&self, reason: Reason, wait: Duration) {
        tracing::warn!(server = self.spec.name, %reason, ?wait, "MCP server is not available");
        metrics::gauge!("deskbell_mcp_server_ready", "server" => self.spec.name.clone()).set(0.0);
        let next_try = Instant::now() + wait;
        self.phase.send_replace(Phase::Failed { reason, next_try });
    }

    /// Waits until a person has signed in.
    async fn until_signed_in(&self, reason: String, sign_in: u64) {
        self.needs_sign_in(reason, sign_in);
        tokio::time::sleep(LOOK_FOR_SIGN_IN_EVERY).await;
    }

    fn needs_sign_in(&self, reason: String, sign_in: u64) {
        let is_said = matches!(&*self.phase.borrow(), Phase::SignInNeeded { reason: said, .. } if *said == reason);
        if !is_said {
            tracing::error!(server = self.spec.name, reason, "MCP server wants somebody to sign in");
            metrics::gauge!("deskbell_mcp_server_ready", "server" => self.spec.name.clone()).set(0.0);
            self.phase.send_replace(Phase::SignInNeeded { reason, sign_in });
        }
    }

    /// Waits for a turn to call a tool, at most as long as a call may take. Nothing has been sent when it is there.
    pub(super) async fn turn(&self, tool: &str) -> Result<Turn<'_>, CallError> {
        // Of a server that asks, it must be known which call it asks about.
        let permit = if self.heard.line.is_single() {
            // The call before may wait for a person: others are not held up with it.
            let busy = || CallError::not_sent("the server is busy with another call", Some(BUSY_PAUSE));
            self.turns.try_acquire_many(self.places()).map_err(|_| busy())?
        } else {
            let turn = tokio::time::timeout(self.spec.call_timeout, self.turns.acquire()).await;
            let Ok(Ok(permit)) = turn else {
                return Err(CallError::not_sent("the server is busy with other calls", None));
            };
            permit
        };
        let (peer, tool) = self.peer_for(tool)?;
        let admission = self.admit()?;
        Ok(Turn { admission, peer, tool, _permit: permit })
    }

    /// Calls that may be in flight.
    fn places(&self) -> u32 {
        u32::try_from(self.spec.max_concurrency.clamp(1, PLACES_MAX)).unwrap_or(1)
    }

    /// Somebody waited for an answer in vain, for less long than a call may take.
    pub(super) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// The open session, provided that it offers the tool.
    fn peer_for(&self, tool: &str) -> Result<(Peer<RoleClient>, ToolInfo), CallError> {
        match &*self.phase.borrow() {
            Phase::Starting => Err(CallError::not_sent("the server is starting", None)),
            Phase::Failed { reason, next_try } => {
                Err(CallError::not_sent(reason.clone(), Some(next_try.saturating_duration_since(Instant::now()))))
            }
            Phase::SignInNeeded { reason, .. } => Err(CallError::not_sent(reason.clone(), None)),
            Phase::Ready { peer, .. } if peer.is_transport_closed() => Err(session_closed()),
            Phase::Ready { peer, listing } => match listing.tools.iter().find(|known| known.name == tool) {
                Some(known) => Ok((peer.clone(), known.clone())),
                None => Err(CallError::permanent(self.no_such_tool(listing, tool))),
            },
        }
    }

    fn no_such_tool(&self, listing: &Listing, tool: &str) -> String {
        let name = &self.spec.name;
        if !self.spec.tools.admits(tool) {
            return format!("allow or deny of [mcp.{name}] keeps the tool {tool:?} out; let it in or bind another");
        }
        match listing.quarantined.iter().find(|known| known.name == tool) {
            Some(known) => format!(
                "the tool {tool:?} of MCP server {name:?} can't be used, {}; have the server mended or bind another tool",
                known.reason
            ),
            None => format!("MCP server {name:?} has no tool {tool:?}; correct the name of the tool"),
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

/// The right to make one call now. Dropped unused, it is somebody else's.
pub(super) struct Turn<'a> {
    admission: Admission<'a>,
    peer: Peer<RoleClient>,
    tool: ToolInfo,
    _permit: SemaphorePermit<'a>,
}

impl Turn<'_> {
    /// The tool as it is now.
    pub(super) fn tool(&self) -> &ToolInfo {
        &self.tool
    }

    /// Calls a tool once. Never repeats anything. `errors` says what its failures mean.
    pub(super) async fn call(
        self,
        arguments: JsonObject,
        errors: &ErrorRules,
        attendant: Option<&dyn Attendant>,
    ) -> Result<CallOutput, CallError> {
        let Server { spec, doubted, heard, .. } = self.admission.server;
        if self.peer.is_transport_closed() {
            return Err(session_closed());
        }
        let request = CallToolRequestParams::new(self.tool.name).with_arguments(arguments);
        let response = if let Some(attendant) = attendant {
            AttendedCall { peer: &self.peer, line: &heard.line, spec, attendant }.run(request).await
        } else {
            let mut open = heard.line.open(None);
            // Dropping the request on a timeout also tells the server to give it up.
            match tokio::time::timeout(spec.call_timeout, attended::unattended(&self.peer, request)).await {
                Ok(answer) => {
                    open.answered();
                    answer
                }
                Err(_) => Err(CallError::TimedOut { waited: spec.call_timeout }),
            }
        };
        if matches!(response, Err(CallError::TimedOut { .. })) {
            doubted.notify_one();
        }
        let result = response.and_then(|answer| outcome::of_response(answer, spec.response_bytes_max, errors));
        self.admission.record(&result);
        result
    }
}

fn session_closed() -> CallError {
    CallError::not_sent("the session has just closed", Some(RECONNECT_MIN))
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
    SignedOut,
}

impl Server {
    /// Waits for the end of the session, or ends it: in good order on `shutdown`, and when the server hangs. A call
    /// may be slow because of what lies behind the server, so a server is taken to hang only when it does not even
    /// list its tools.
    async fn watch_session(&self, session: Session, shutdown: &CancellationToken) -> Ended {
        let closing = session.cancellation_token();
        let peer = session.peer().clone();
        let mut waiting = std::pin::pin!(session.waiting());
        let ended = tokio::select! {
            _ = &mut waiting => return Ended::ByServer,
            () = shutdown.cancelled() => Ended::ByUs,
            () = self.until_silent(&peer) => Ended::Silent,
            () = self.until_signed_out() => Ended::SignedOut,
        };
        if ended == Ended::Silent {
            self.failed("the server hangs and is being ended".into(), RECONNECT_MIN);
        }
        closing.cancel();
        // The child is killed when this is dropped, so a late one costs nothing but its good order.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, waiting).await;
        ended
    }

    /// Lists the tools whenever there is a reason to, until the server does not even do that.
    async fn until_silent(&self, peer: &Peer<RoleClient>) {
        let subscribed = tokio::time::timeout(self.spec.startup_timeout, connect::subscribe(peer)).await;
        let mut subscription = subscribed.ok().flatten();
        loop {
            tokio::select! {
                () = self.doubted.notified() => {}
                () = self.heard.tools_changed.notified() => {}
                () = change(&mut subscription) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match tokio::time::timeout(self.spec.call_timeout, tools::list(peer, &self.spec.tools)).await {
                Ok(Ok(listing)) => self.relisted(peer, listing),
                Ok(Err(error)) => {
                    let reason = error.reason();
                    tracing::warn!(server = self.spec.name, %reason, "MCP server did not list its tools again");
                    if peer.is_transport_closed() || !(self.is_child() || self.is_at_work()) {
                        return;
                    }
                }
                Err(_) if self.is_at_work() => {}
                Err(_) => return,
            }
        }
    }

    /// Waits until a person has to sign in again, and then for the calls under way: each still gets its answer, which says that
    /// it surely did nothing.
    async fn until_signed_out(&self) {
        let Some(tokens) = &self.tokens else { return std::future::pending().await };
        tokens.lost().await;
        if let Err(error @ SignInError::Needed { sign_in, .. }) = tokens.token().await {
            self.needs_sign_in(error.to_string(), sign_in);
        }
        let all = u32::try_from(self.spec.max_concurrency.max(1)).unwrap_or(u32::MAX);
        // Nobody takes a turn for longer than a call may last.
        let _ = tokio::time::timeout(self.spec.call_timeout, self.turns.acquire_many(all)).await;
    }

    /// A call is waiting for a person or shows progress: a server that does one thing at a time lists nothing meanwhile.
    fn is_at_work(&self) -> bool {
        self.heard.line.is_at_work(self.spec.call_timeout)
    }

    fn is_child(&self) -> bool {
        matches!(self.spec.transport, Transport::Stdio { .. })
    }
}

/// The server's next word that its tools changed; never, when it has none.
async fn change(subscription: &mut Option<Subscription>) {
    match subscription {
        None => std::future::pending().await,
        Some(open) => {
            if !matches!(open.next().await, Ok(Some(_))) {
                *subscription = None;
            }
        }
    }
}
