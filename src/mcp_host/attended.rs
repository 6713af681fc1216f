//! A call with a person behind it: they are asked what the server asks, see how far it is, and may cancel it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, pending};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientRequest, ElicitResult,
    ElicitationAction, ElicitationCapability, FormElicitationCapability, InputRequest, InputRequiredResult,
    InputResponses, RequestMetaObject, ServerResult, UrlElicitationCapability,
};
use rmcp::service::{PeerRequestOptions, RequestHandle, RoleClient};
use rmcp::{Peer, ServiceError};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::line::{Asked, Attended, Line, Progress};
use super::outcome::{self, CallError};
use super::question::{Question, Reply};
use super::spec::ServerSpec;

/// Questions of one call, over all its rounds.
const QUESTIONS_MAX: usize = 10;
/// Rounds of questions of one call.
const ROUNDS_MAX: usize = 10;
/// The pause before a call that a server only wants repeated.
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// Who stands behind a call of an approved action.
pub trait Attendant: Send + Sync {
    /// Asks a person, and waits for what they answer. Dropped when the call ends before.
    fn ask(&self, question: Question) -> BoxFuture<'_, Reply>;

    /// The server does not wait for its question's answer any more.
    fn withdrawn(&self) -> BoxFuture<'_, ()>;

    /// The server said how far it is.
    fn progressed(&self, progress: &Progress);

    /// Completes when a person cancels the call.
    fn cancelled(&self) -> BoxFuture<'_, ()>;
}

/// What is said of us where a person can be asked.
pub(super) fn can_be_asked() -> ClientCapabilities {
    let elicitation = ElicitationCapability::new()
        .with_form(FormElicitationCapability::new().with_schema_validation(true))
        .with_url(UrlElicitationCapability::new());
    let mut capabilities = ClientCapabilities::default();
    capabilities.elicitation = Some(elicitation);
    capabilities
}

/// The answer as the protocol has it.
pub(super) fn elicited(reply: Reply) -> ElicitResult {
    match reply {
        Reply::Accept { content } => ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content)),
        Reply::Decline => ElicitResult::new(ElicitationAction::Decline),
        Reply::Cancel => ElicitResult::new(ElicitationAction::Cancel),
    }
}

/// A request that is under way. Dropped before its answer, the server is told to give it up.
struct Pending {
    handle: Option<RequestHandle<RoleClient>>,
}

impl Pending {
    async fn answer(&mut self) -> Result<ServerResult, ServiceError> {
        let Some(handle) = &mut self.handle else { return Err(ServiceError::TransportClosed) };
        let answer = (&mut handle.rx).await;
        self.handle = None;
        answer.map_err(|_| ServiceError::TransportClosed)?
    }

    /// Tells the server to give it up.
    async fn cancel(mut self, reason: &str) {
        if let Some(handle) = self.handle.take() {
            // A session that has just closed hears nothing, and its server does nothing more.
            let _ = handle.cancel(Some(reason.to_owned())).await;
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(handle), Ok(runtime)) = (self.handle.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(handle.cancel(Some("nobody waits for it any more".to_owned())));
        }
    }
}

/// A question that a person has before them.
struct Open<'a> {
    answer: BoxFuture<'a, Reply>,
    to: oneshot::Sender<Reply>,
}

/// How long a call may take, and how often it may ask. It stands still while a person is asked.
struct Clock {
    questions_left: usize,
    idle: Instant,
    end: Instant,
    each: Duration,
}

impl Clock {
    fn new(spec: &ServerSpec) -> Self {
        let now = Instant::now();
        let whole = spec.call_limit.max(spec.call_timeout);
        Self { questions_left: QUESTIONS_MAX, idle: now + spec.call_timeout, end: now + whole, each: spec.call_timeout }
    }

    fn deadline(&self) -> Instant {
        self.idle.min(self.end)
    }

    /// The server showed that it works on it.
    fn moved(&mut self) {
        self.idle = Instant::now() + self.each;
    }

    /// Whether one more question may be asked, which it then is.
    fn may_ask(&mut self) -> bool {
        let left = self.questions_left.checked_sub(1);
        self.questions_left = left.unwrap_or(0);
        left.is_some()
    }

    /// Where nobody answered, nobody is asked again.
    fn replied(&mut self, reply: &Reply) {
        if matches!(reply, Reply::Cancel) {
            self.questions_left = 0;
        }
    }

    /// A person was asked since.
    fn stood_still(&mut self, since: Instant) {
        self.end += since.elapsed();
        self.moved();
    }
}

/// A call of a tool with somebody behind it.
pub(super) struct AttendedCall<'a> {
    pub peer: &'a Peer<RoleClient>,
    pub line: &'a Line,
    pub spec: &'a ServerSpec,
    pub attendant: &'a dyn Attendant,
}

impl AttendedCall<'_> {
    /// Calls, as often as the server answers that it needs to ask before it does anything.
    pub(super) async fn run(&self, mut params: CallToolRequestParams) -> Result<CallToolResponse, CallError> {
        let mut clock = Clock::new(self.spec);
        for _ in 0..ROUNDS_MAX {
            match self.round(params.clone(), &mut clock).await? {
                CallToolResponse::InputRequired(wanted) => {
                    (params.input_responses, params.request_state) = self.answers(wanted, &mut clock).await?;
                }
                response => return Ok(response),
            }
        }
        Err(CallError::permanent(format!("the tool asked {ROUNDS_MAX} times and did nothing")))
    }

    /// One request, up to its answer.
    async fn round(&self, params: CallToolRequestParams, clock: &mut Clock) -> Result<CallToolResponse, CallError> {
        let (questions, mut asked) = mpsc::unbounded_channel::<Asked>();
        let (progress, mut progressed) = watch::channel(None);
        // Before it leaves: what the server says at once finds it.
        let mut open = self.line.open(Some(Attended { questions, progress: Arc::new(progress) }));
        let handle = send(self.peer, params, PeerRequestOptions::no_options()).await?;
        open.sent_as(&handle.progress_token);
        let mut pending = Pending { handle: Some(handle) };
        let mut cancelled = self.attendant.cancelled();
        let mut question: Option<Open<'_>> = None;
        let mut since = Instant::now();
        loop {
            let is_asking = question.is_some();
            tokio::select! {
                biased;
                answer = pending.answer() => {
                    open.answered();
                    return answer.and_then(response).map_err(|error| outcome::of_service_error(&error));
                }
                () = &mut cancelled => {
                    pending.cancel("a person cancelled it").await;
                    return Err(CallError::Cancelled);
                }
                reply = replied(&mut question), if is_asking => {
                    match (question.take(), reply) {
                        (Some(open), Some(reply)) => {
                            clock.replied(&reply);
                            drop(open.to.send(reply));
                        }
                        _ => self.attendant.withdrawn().await,
                    }
                    clock.stood_still(since);
                }
                Some(Asked { question: words, reply }) = asked.recv(), if !is_asking => {
                    if !clock.may_ask() {
                        tracing::warn!(server = self.spec.name, "an MCP server asks without end; its call is cancelled");
                        pending.cancel("it asked too often, or again when nobody answered").await;
                        return Err(CallError::Cancelled);
                    }
                    since = Instant::now();
                    question = Some(Open { answer: self.attendant.ask(words), to: reply });
                }
                Ok(()) = progressed.changed() => {
                    clock.moved();
                    if let Some(progress) = progressed.borrow_and_update().as_ref() {
                        self.attendant.progressed(progress);
                    }
                }
                () = tokio::time::sleep_until(clock.deadline()), if !is_asking => {
                    pending.cancel("it took too long").await;
                    return Err(CallError::TimedOut { waited: clock.each });
                }
            }
        }
    }

    /// The answers to what the server needs before it goes on.
    async fn answers(
        &self,
        wanted: InputRequiredResult,
        clock: &mut Clock,
    ) -> Result<(Option<InputResponses>, Option<String>), CallError> {
        let requests = wanted.input_requests.unwrap_or_default();
        let since = Instant::now();
        let mut responses = InputResponses::new();
        if requests.is_empty() {
            tokio::time::sleep(ROUND_PAUSE).await;
        }
        for (key, request) in requests {
            let InputRequest::Elicitation(request) = request else {
                return Err(CallError::permanent(
                    "the tool asks for more than a person can answer, which Deskbell does not give; bind one that needs none",
                ));
            };
            if !clock.may_ask() {
                return Err(CallError::permanent(
                    "the tool asked too often, or again when nobody answered, and did nothing",
                ));
            }
            let reply = match Question::read(request.params) {
                Ok(question) => tokio::select! {
                    reply = self.attendant.ask(question) => reply,
                    () = self.attendant.cancelled() => return Err(CallError::Cancelled),
                },
                Err(reason) => {
                    tracing::warn!(server = self.spec.name, reason, "a question of an MCP server is declined");
                    Reply::Decline
                }
            };
            clock.replied(&reply);
            let reply = serde_json::to_value(elicited(reply)).unwrap_or_default();
            responses.insert(key, reply);
        }
        clock.stood_still(since);
        Ok(((!responses.is_empty()).then_some(responses), wanted.request_state))
    }
}

async fn send(
    peer: &Peer<RoleClient>,
    params: CallToolRequestParams,
    options: PeerRequestOptions,
) -> Result<RequestHandle<RoleClient>, CallError> {
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    peer.send_cancellable_request(request, options).await.map_err(|error| outcome::of_service_error(&error))
}

/// A call that nobody stands behind: where the protocol says with each request what we can do, it says that nobody can be asked.
pub(super) async fn unattended(
    peer: &Peer<RoleClient>,
    params: CallToolRequestParams,
) -> Result<CallToolResponse, CallError> {
    let says_each_time = peer.peer_info().is_some_and(|info| !info.protocol_version.has_initialize());
    let mut options = PeerRequestOptions::no_options();
    if says_each_time {
        let mut meta = RequestMetaObject::default();
        meta.set_client_capabilities(ClientCapabilities::default());
        options = options.with_meta(meta);
    }
    let mut pending = Pending { handle: Some(send(peer, params, options).await?) };
    pending.answer().await.and_then(response).map_err(|error| outcome::of_service_error(&error))
}

/// The reply of a person; `None` when the server does not wait for it any more.
async fn replied(question: &mut Option<Open<'_>>) -> Option<Reply> {
    match question {
        None => pending().await,
        Some(open) => tokio::select! {
            reply = &mut open.answer => Some(reply),
            () = open.to.closed() => None,
        },
    }
}

fn response(result: ServerResult) -> Result<CallToolResponse, ServiceError> {
    match result {
        ServerResult::CallToolResult(result) => Ok(CallToolResponse::Complete(result)),
        ServerResult::InputRequiredResult(result) => Ok(CallToolResponse::InputRequired(result)),
        ServerResult::CreateTaskResult(result) => Ok(CallToolResponse::Task(result)),
        _ => Err(ServiceError::UnexpectedResponse),
    }
}
