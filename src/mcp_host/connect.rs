//! Opening a session: a child process or streamable HTTP, the handshake, the list of tools.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion, Tool};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RoleClient, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::ChildStderr;

use super::spec::{ServerSpec, Transport};

/// Variables that a child inherits; everything else must be configured for it.
const INHERITED_VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// Bytes of a child's standard error logged in one line.
const STDERR_CHUNK_BYTES: usize = 2048;
/// Time to establish a connection; a failure here is certain to have had no effect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An open session.
pub(super) type Session = RunningService<RoleClient, ClientConfig>;

/// Why a session could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    Spec(#[from] super::spec::SpecError),
    #[error("the program {command:?} could not be started ({source}); check its path")]
    Spawn { command: String, source: std::io::Error },
    #[error("the HTTP client could not be made ({0}); check the TLS setup")]
    HttpClient(#[source] reqwest::Error),
    #[error("the MCP session could not be opened ({0}); check the command, address and credentials")]
    Handshake(String),
    #[error("the server did not list its tools ({0})")]
    Tools(String),
    #[error("the server was not ready within {0:?}; raise its startup_timeout or look at its log")]
    Timeout(Duration),
}

/// Opens a session and lists the tools, within the startup timeout.
pub(super) async fn open(spec: &ServerSpec) -> Result<(Session, Vec<Tool>), ConnectError> {
    spec.check()?;
    // rmcp has no timeout of its own: a silent child would hang for ever.
    tokio::time::timeout(spec.startup_timeout, open_unbounded(spec))
        .await
        .unwrap_or(Err(ConnectError::Timeout(spec.startup_timeout)))
}

async fn open_unbounded(spec: &ServerSpec) -> Result<(Session, Vec<Tool>), ConnectError> {
    let session = match &spec.transport {
        Transport::Stdio { command, args, env, cwd } => {
            let child = spawn(&spec.name, command, args, env, cwd.as_ref())?;
            handshake(child, lifecycle(&spec.transport)).await?
        }
        Transport::Http { url, headers } => {
            let client = http_client(headers)?;
            let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                .max_sse_event_size(spec.response_bytes_max)
                .max_concurrent_requests(spec.max_concurrency);
            let transport = StreamableHttpClientTransport::with_client(client, config);
            handshake(transport, lifecycle(&spec.transport)).await?
        }
    };
    let tools = session.list_all_tools().await;
    let tools = tools.map_err(|error| ConnectError::Tools(error.to_string()))?;
    Ok((session, tools))
}

/// HTTP servers are asked which era they speak; a child is taken to know the handshake, which every
/// era's servers still answer, because an old one may stay silent when asked.
fn lifecycle(transport: &Transport) -> ClientLifecycleMode {
    match transport {
        Transport::Stdio { .. } => ClientLifecycleMode::Initialize,
        Transport::Http { .. } => {
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None }
        }
    }
}

async fn handshake<T, E, A>(transport: T, lifecycle: ClientLifecycleMode) -> Result<Session, ConnectError>
where
    T: rmcp::transport::IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let us = Implementation::new("deskbell", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), us)
        .serve_with_lifecycle(transport, lifecycle)
        .await
        .map_err(|error| ConnectError::Handshake(error.to_string()))
}

fn spawn(
    server: &str,
    command: &str,
    args: &[String],
    env: &BTreeMap<String, SecretString>,
    cwd: Option<&PathBuf>,
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
    // A group of its own, so that a server's own children are ended with it.
    wrap.wrap(ProcessGroup::leader()).wrap(KillOnDrop);
    let spawned = TokioChildProcess::builder(wrap).stderr(Stdio::piped()).spawn();
    let (child, stderr) = spawned.map_err(|source| ConnectError::Spawn { command: command.to_owned(), source })?;
    if let Some(stderr) = stderr {
        tokio::spawn(log_stderr(server.to_owned(), stderr));
    }
    Ok(child)
}

/// Keeps the pipe empty, so that a talkative child never blocks, in pieces of bounded size.
async fn log_stderr(server: String, stderr: ChildStderr) {
    let mut reader = BufReader::new(stderr);
    let mut chunk = vec![0; STDERR_CHUNK_BYTES];
    while let Ok(length @ 1..) = reader.read(&mut chunk).await {
        let said = String::from_utf8_lossy(chunk.get(..length).unwrap_or_default());
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            tracing::debug!(server, line, "MCP server wrote to standard error");
        }
    }
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

/// What of a tool the rest of Deskbell needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolInfo {
    /// Its name on its server.
    pub name: String,
    /// What the server says it does: data, never an instruction.
    pub description: String,
    /// JSON schema of its arguments.
    pub input_schema: Arc<serde_json::Map<String, serde_json::Value>>,
    /// JSON schema of its structured result.
    pub output_schema: Option<Arc<serde_json::Map<String, serde_json::Value>>>,
    /// Whether the server says that it only reads: a hint, never a permission.
    pub read_only_hint: bool,
}

impl From<Tool> for ToolInfo {
    fn from(tool: Tool) -> Self {
        let hints = tool.annotations;
        Self {
            name: tool.name.into_owned(),
            description: tool.description.unwrap_or_default().into_owned(),
            input_schema: tool.input_schema,
            output_schema: tool.output_schema,
            read_only_hint: hints.and_then(|hints| hints.read_only_hint) == Some(true),
        }
    }
}
