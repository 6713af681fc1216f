//! Opening a session: a child process or streamable HTTP, the handshake, the list of tools.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use process_wrap::tokio::CommandWrap;
use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, Implementation, ProgressNotificationParam,
    ProtocolVersion, SubscriptionFilter,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, NotificationContext, Peer, RequestContext,
    RoleClient, RunningService, Subscription,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use super::attended::{can_be_asked, elicited};
use super::line::Line;
use super::oauth::{AuthorizedClient, SignInError, Tokens};
use super::outcome;
use super::process::in_its_own_group;
use super::question::{Question, Reply};
use super::reason::Reason;
use super::spec::{ServerSpec, Transport};
use super::stderr::LastWords;
use super::tools::{self, ListError, Listing};

/// Variables that a child inherits; everything else must be configured for it.
const INHERITED_VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// Time to establish a connection; a failure here is certain to have had no effect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An open session.
pub(super) type Session = RunningService<RoleClient, Us>;

/// What Deskbell is to a server.
#[derive(Debug)]
pub(super) struct Us {
    config: ClientConfig,
    heard: Heard,
}

/// Where what a server says by itself goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// Its tools are others now.
    pub tools_changed: Arc<Notify>,
    /// Its questions and its progress.
    pub line: Arc<Line>,
}

impl ClientHandler for Us {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.heard.tools_changed.notify_one();
    }

    async fn on_progress(&self, said: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        self.heard.line.progress(said);
    }

    /// A question of the older protocol; the newest asks in the answer to a call.
    async fn create_elicitation(
        &self,
        asked: ElicitRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, rmcp::ErrorData> {
        let reply = match Question::read(asked) {
            Ok(question) => tokio::select! {
                reply = self.heard.line.ask(question) => reply,
                () = context.ct.cancelled() => Reply::Cancel,
            },
            Err(reason) => {
                tracing::warn!(reason, "a question of an MCP server is declined");
                Reply::Decline
            }
        };
        Ok(elicited(reply))
    }
}

/// Why a session could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    Spec(#[from] super::spec::SpecError),
    #[error("the program {command:?} could not be started ({source}); check its path")]
    Spawn { command: String, source: std::io::Error },
    #[error("the HTTP client could not be made ({0}); check the TLS setup")]
    HttpClient(#[source] reqwest::Error),
    #[error("cannot be reached at {url} ({why}): start it, or mend [mcp.{server}] url")]
    Unreachable { server: String, url: String, why: &'static str },
    #[error("the MCP session could not be opened ({0}); check the command, address and credentials")]
    Handshake(Box<ClientInitializeError>),
    #[error("{0}")]
    SignIn(#[from] SignInError),
    #[error("the server did not list its tools ({0})")]
    Tools(#[from] ListError),
    #[error("the server was not ready within {0:?}; raise its startup_timeout or look at its log")]
    Timeout(Duration),
}

impl ConnectError {
    /// Without the server's words where it is logged.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Handshake(error) => Reason::said(
                format!(
                    "the MCP session could not be opened ({}); check the command, address and credentials",
                    kind_of(error)
                ),
                &error.to_string(),
            ),
            Self::Tools(error) => error.reason(),
            Self::SignIn(error) => error.reason(),
            Self::Spec(_) | Self::Spawn { .. } | Self::HttpClient(_) | Self::Unreachable { .. } | Self::Timeout(_) => {
                Reason::from(self.to_string())
            }
        }
    }
}

/// How opening a session failed, in Deskbell's words.
fn kind_of(error: &ClientInitializeError) -> String {
    use ClientInitializeError as Error;
    match error {
        Error::TransportError { error, .. } => outcome::of_transport_error(error).reason().to_string(),
        Error::JsonRpcError(error) => format!("the server answered with JSON-RPC error {}", error.code.0),
        Error::ConnectionClosed(_) => "the connection was closed".to_owned(),
        Error::NoCompatibleProtocolVersion { .. } => "no version of the protocol is known to both".to_owned(),
        Error::LegacyFallbackFailed { fallback, .. } => kind_of(fallback),
        _ => "the server answered with something else".to_owned(),
    }
}

/// Opens a session and lists the tools, within the startup timeout. What the server says by itself is `heard`.
pub(super) async fn open(
    spec: &ServerSpec,
    tokens: Option<&Arc<Tokens>>,
    heard: &Heard,
) -> Result<(Session, Listing), ConnectError> {
    spec.check()?;
    // rmcp has no timeout of its own: a silent child would hang for ever.
    let last_words = LastWords::default();
    let opened = tokio::time::timeout(spec.startup_timeout, open_unbounded(spec, tokens, heard, &last_words))
        .await
        .unwrap_or(Err(ConnectError::Timeout(spec.startup_timeout)));
    if opened.is_err() {
        last_words.log(&spec.name).await;
    }
    opened
}

async fn open_unbounded(
    spec: &ServerSpec,
    tokens: Option<&Arc<Tokens>>,
    heard: &Heard,
    last_words: &LastWords,
) -> Result<(Session, Listing), ConnectError> {
    let session = match &spec.transport {
        Transport::Stdio { command, args, env, cwd } => {
            let child = || spawn(&spec.name, command, args, env, cwd.as_ref(), last_words);
            match handshake(child()?, ClientLifecycleMode::Initialize, spec, heard).await {
                Err(ConnectError::Handshake(error)) if knows_no_handshake(&error) => {
                    handshake(child()?, newest_era(), spec, heard).await?
                }
                opened => opened?,
            }
        }
        Transport::Http { url, headers, .. } => {
            if let Some(tokens) = tokens {
                // What keeps it from a token is said before the server is asked, in its own words.
                tokens.token().await?;
            }
            let client = AuthorizedClient::new(http_client(headers)?, tokens.cloned());
            let transport = || {
                let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .max_sse_event_size(spec.response_bytes_max)
                    .max_concurrent_requests(spec.max_concurrency);
                StreamableHttpClientTransport::with_client(client.clone(), config)
            };
            let opened = match handshake(transport(), either_era(), spec, heard).await {
                Err(ConnectError::Handshake(error)) if answers_anything(&error) => {
                    handshake(transport(), ClientLifecycleMode::Initialize, spec, heard).await
                }
                opened => opened,
            };
            opened.map_err(|error| match unreachable_because(&error) {
                Some(why) => ConnectError::Unreachable { server: spec.name.clone(), url: shown(url), why },
                None => error,
            })?
        }
    };
    let listing = tools::list(session.peer(), &spec.tools).await?;
    Ok((session, listing))
}

/// What the system says of an address where nobody answers, and the same in plain words.
const UNREACHABLE: [(&str, &str); 7] = [
    ("ConnectionRefused", "connection refused"),
    ("ConnectionReset", "connection cut off"),
    ("HostUnreachable", "no way there"),
    ("NetworkUnreachable", "no way there"),
    ("TimedOut", "no answer in time"),
    ("dns error", "no such host"),
    ("InvalidCertificate", "its certificate is not trusted"),
];

/// Why nobody answers at the address, if that is what an error says.
fn unreachable_because(error: &ConnectError) -> Option<&'static str> {
    use ClientInitializeError::{LegacyFallbackFailed, TransportError};
    let ConnectError::Handshake(error) = error else { return None };
    // rmcp hands on the client's error without naming it as its source. Nothing of this text is shown.
    let told = matches!(**error, TransportError { .. } | LegacyFallbackFailed { .. }).then(|| format!("{error:?}"))?;
    UNREACHABLE.iter().find(|(system, _)| told.contains(system)).map(|(_, plain)| *plain)
}

/// An address without what may be secret in it.
fn shown(url: &url::Url) -> String {
    let mut url = url.clone();
    // An address that can't carry them has none.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.to_string()
}

/// HTTP servers are asked which era they speak.
fn either_era() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None }
}

/// A child is first taken to know the handshake, which nearly all still do: an old one may stay silent when asked for its era.
fn newest_era() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

/// Whether the server answered, and what it answered is that it has no `initialize`.
fn knows_no_handshake(error: &ClientInitializeError) -> bool {
    use ClientInitializeError as Error;
    matches!(error, Error::JsonRpcError(_) | Error::NoCompatibleProtocolVersion { .. })
}

/// Whether the server answered the question for its era with a result that is none: some older ones answer so whatever they do
/// not know, in place of an error.
fn answers_anything(error: &ClientInitializeError) -> bool {
    matches!(error, ClientInitializeError::ExpectedInitResult(_))
}

async fn handshake<T, E, A>(
    transport: T,
    lifecycle: ClientLifecycleMode,
    spec: &ServerSpec,
    heard: &Heard,
) -> Result<Session, ConnectError>
where
    T: rmcp::transport::IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let implementation = Implementation::new("deskbell", env!("CARGO_PKG_VERSION"));
    // The older protocol says it once, when the session is opened; the newest with each request, where a call that nobody stands
    // behind says otherwise.
    let capabilities = if spec.asks_people { can_be_asked() } else { ClientCapabilities::default() };
    let config = ClientConfig::new(capabilities, implementation);
    Us { config, heard: heard.clone() }
        .serve_with_lifecycle(transport, lifecycle)
        .await
        .map_err(|error| ConnectError::Handshake(Box::new(error)))
}

/// Asks a server of the newest era to tell when its tools change; the older ones tell unasked. `None` when it has no way to.
pub(super) async fn subscribe(peer: &Peer<RoleClient>) -> Option<Subscription> {
    if peer.peer_info()?.protocol_version.has_initialize() {
        return None;
    }
    peer.listen(SubscriptionFilter::builder().tools_list_changed().build()).await.ok()
}

fn spawn(
    server: &str,
    command: &str,
    args: &[String],
    env: &BTreeMap<String, SecretString>,
    cwd: Option<&PathBuf>,
    last_words: &LastWords,
) -> Result<TokioChildProcess, ConnectError> {
    let mut wrap = CommandWrap::with_new(command, |child| {
        child.args(args).env_clear();
        for name in INHERITED_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                child.env(name, value);
            }
        }
        for (name, value) in env {
            child.env(name, value.expose_secret());
        }
        if let Some(cwd) = cwd {
            child.current_dir(cwd);
        }
    });
    in_its_own_group(&mut wrap);
    let spawned = TokioChildProcess::builder(wrap).stderr(Stdio::piped()).spawn();
    let (child, stderr) = spawned.map_err(|source| ConnectError::Spawn { command: command.to_owned(), source })?;
    if let Some(stderr) = stderr {
        let is_own = std::env::current_exe().is_ok_and(|own| own.as_os_str() == command);
        last_words.listen(server, env, stderr, is_own);
    }
    Ok(child)
}

fn http_client(headers: &BTreeMap<String, SecretString>) -> Result<reqwest::Client, ConnectError> {
    // `check` has refused bad headers before.
    let headers = header_map(headers).unwrap_or_default();
    reqwest::Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(ConnectError::HttpClient)
}

/// The headers, marked as secret; the error is the name of the first that HTTP does not allow.
pub(super) fn header_map(headers: &BTreeMap<String, SecretString>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::from_str(value.expose_secret()).ok());
        let Some((header, mut value)) = parsed else {
            return Err(name.clone());
        };
        value.set_sensitive(true);
        map.insert(header, value);
    }
    Ok(map)
}
