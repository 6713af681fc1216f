//! Deskbell's own MCP servers as other hosts meet them: the binary's child process or its HTTP address, rmcp's client in
//! front, the sandbox behind.

mod announcing;
mod desk;
mod slack;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use deskbell_sandbox::{Sandbox, SandboxConfig};
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use serde_json::Value;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Client = RunningService<RoleClient, ()>;

/// A sandbox without rate limits whose bot may make channels and read user groups.
pub fn sandbox_config() -> SandboxConfig {
    let mut config = SandboxConfig { rate_limits: false, ..SandboxConfig::default() };
    for scope in ["channels:manage", "groups:write", "usergroups:read"] {
        config.scopes.push(scope.to_owned());
    }
    config
}

pub async fn start(config: SandboxConfig) -> Sandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Sandbox::start(config).await.unwrap()
}

/// What every own server gets to know of the sandbox.
pub fn variables(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let config = SandboxConfig::default();
    vec![
        ("SLACK_BOT_TOKEN", config.bot_token),
        ("DESKBELL_SLACK_API_URL", sandbox.api_url()),
        ("DESKBELL_SLACK_TIMEOUT_SECONDS", "2".to_owned()),
        ("DESKBELL_SHORTCUT_URL", sandbox.shortcut_url().unwrap_or_default()),
        ("DESKBELL_SHORTCUT_API_TOKEN", "sandbox-shortcut-token".to_owned()),
    ]
}

/// `deskbell mcp serve NAME` on standard input and output.
pub async fn child(name: &str, variables: &[(&str, String)]) -> Client {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_deskbell"));
    command.args(["mcp", "serve", name]).envs(variables.iter().map(|(name, value)| (name, value)));
    ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap()
}

/// `deskbell mcp serve NAME --http`, ended when it is dropped.
pub struct HttpServer {
    child: Child,
    pub url: String,
    pub bearer: &'static str,
}

impl HttpServer {
    pub async fn start(name: &str, variables: &[(&str, String)]) -> Self {
        Self::start_at(free_port(), name, variables).await
    }

    pub async fn start_at(port: u16, name: &str, variables: &[(&str, String)]) -> Self {
        let bearer = "open-sesame";
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_deskbell"))
            .args(["mcp", "serve", name, "--http", &format!("127.0.0.1:{port}")])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("DESKBELL_MCP_BEARER", bearer)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, url: format!("http://127.0.0.1:{port}/mcp"), bearer };
        let health = format!("http://127.0.0.1:{port}/healthz");
        let started = Instant::now();
        while !reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(started.elapsed() < PATIENCE && server.child.try_wait().unwrap().is_none(), "{name} did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    pub async fn client(&self) -> Client {
        ().serve(transport(&self.url, self.bearer)).await.unwrap()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn transport(url: &str, bearer: &str) -> StreamableHttpClientTransport<reqwest::Client> {
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(bearer);
    StreamableHttpClientTransport::with_client(reqwest::Client::new(), config)
}

pub async fn call(client: &Client, tool: &str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().cloned().unwrap();
    client.call_tool(CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments)).await.unwrap()
}

/// The structured content of a call that succeeds.
pub async fn done(client: &Client, tool: &str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result.structured_content.unwrap()
}

/// The failure of a call that fails; its text is the message.
pub async fn failed(client: &Client, tool: &str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    let failure = result.structured_content.unwrap();
    assert_eq!(failure["message"], result.content[0].as_text().unwrap().text.as_str());
    failure
}

/// Every tool's name with its hints (reads only, destroys, may be repeated); all have descriptions and schemas.
pub async fn hints(client: &Client) -> Vec<(String, bool, bool, bool)> {
    let tools = client.list_all_tools().await.unwrap();
    let shown = |tool: &rmcp::model::Tool| {
        let hints = tool.annotations.as_ref().unwrap();
        assert!(tool.description.as_ref().unwrap().len() > 10);
        assert_eq!(tool.input_schema["type"], "object");
        assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
        (
            tool.name.to_string(),
            hints.read_only_hint.unwrap(),
            hints.destructive_hint.unwrap(),
            hints.idempotent_hint.unwrap(),
        )
    };
    tools.iter().map(shown).collect()
}

/// What stands in a channel of the sandbox's Slack.
pub async fn messages(sandbox: &Sandbox, channel: &str) -> Vec<Value> {
    state(sandbox).await["messages"][channel].as_array().cloned().unwrap_or_default()
}

/// Everything the sandbox shows.
pub async fn state(sandbox: &Sandbox) -> Value {
    reqwest::get(format!("{}/sandbox/state", sandbox.base_url())).await.unwrap().json().await.unwrap()
}
