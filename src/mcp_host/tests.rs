//! The host against real children and real HTTP. A child is this test program, started again as
//! [`child`]: it serves Jira from a box, or misbehaves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_sandbox::jira::{JiraBox, JiraConfig as BoxConfig};
use deskbell_servers::http::{HttpAccess, serve_listener};
use deskbell_servers::jira::{JiraConfig, JiraServer};
use deskbell_servers::server::AnyServer;
use deskbell_servers::stdio::serve_stdio;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    BindingConfig, Bindings, BreakerState, CallError, CallOutput, McpHost, ServerSpec, ServerState, ToolFilter,
    Transport,
};

mod environment;
#[path = "../../tests/fixtures/scripted_mcp.rs"]
mod scripted;
mod tools_of_strangers;

const BEHAVIOUR: &str = "DESKBELL_TEST_CHILD";
/// Where a child finds its script.
const SCRIPT: &str = "DESKBELL_TEST_SCRIPT";
const BEARER: &str = "open-sesame";

/// What runs inside a child.
#[test]
#[ignore = "runs as a child of the other tests"]
fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match std::env::var(BEHAVIOUR).unwrap().as_str() {
        "jira" => runtime.block_on(async {
            install_tls();
            assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_none(), "environment leaked");
            let server = JiraServer::new(JiraConfig::from_env().unwrap()).unwrap();
            serve_stdio(AnyServer::of(server), CancellationToken::new()).await.unwrap();
        }),
        "silent" => loop {
            std::thread::park();
        },
        "scripted" => scripted::serve(Path::new(&std::env::var(SCRIPT).unwrap())),
        // Leaves a grandchild that would outlive it and tells its id, then says nothing more.
        file => {
            let mut sleeper = std::process::Command::new("sleep").arg("600").spawn().unwrap();
            std::fs::write(file, sleeper.id().to_string()).unwrap();
            sleeper.wait().unwrap();
        }
    }
}

fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

struct Site {
    jira: JiraBox,
    faults: FaultTable,
    base_url: String,
}

async fn site() -> Site {
    install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let faults = FaultTable::new(1);
    let jira = JiraBox::new(BoxConfig {
        base_url: base_url.clone(),
        search_lag_ms: 0..=0,
        seed: 1,
        faults: faults.clone(),
        email: "bot@example.com".into(),
        api_token: "hush".into(),
        required_fields: Vec::new(),
    });
    let router = jira.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Site { jira, faults, base_url }
}

impl Site {
    fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("DESKBELL_JIRA_URL", self.base_url.clone()),
            ("DESKBELL_JIRA_EMAIL", "bot@example.com".into()),
            ("DESKBELL_JIRA_API_TOKEN", "hush".into()),
        ]
    }

    fn fault(&self, target: &str, fault: Fault, count: u64) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(count), skip: 0 });
    }

    fn child_spec(&self) -> ServerSpec {
        child_spec("jira", self.variables().into_iter().collect())
    }

    /// The address of the Jira server on HTTP.
    async fn serve_http(&self) -> (std::net::SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let variables: BTreeMap<_, _> = self.variables().into_iter().collect();
        let config = JiraConfig::from_variables(|name| variables.get(name).cloned()).unwrap();
        let access = HttpAccess { bearer: Some(BEARER.into()), ..HttpAccess::default() };
        let shutdown = CancellationToken::new();
        let server = JiraServer::new(config).unwrap();
        tokio::spawn(serve_listener(AnyServer::of(server), listener, access, shutdown.clone()));
        (address, shutdown)
    }
}

fn spec(transport: Transport) -> ServerSpec {
    ServerSpec {
        name: "jira".into(),
        transport,
        startup_timeout: Duration::from_secs(20),
        call_timeout: Duration::from_secs(10),
        call_limit: Duration::from_secs(60),
        asks_people: false,
        max_concurrency: 8,
        required: true,
        response_bytes_max: 1024 * 1024,
        tools: ToolFilter::default(),
    }
}

fn child_spec(behaviour: &str, variables: BTreeMap<&str, String>) -> ServerSpec {
    let mut env: BTreeMap<String, SecretString> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    env.insert(BEHAVIOUR.to_owned(), behaviour.into());
    let command = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let args = ["--exact", "mcp_host::tests::child", "--ignored", "--nocapture"];
    let args = args.map(String::from).into();
    spec(Transport::Stdio { command, args, env, cwd: None })
}

fn http_spec(address: std::net::SocketAddr, bearer: &str) -> ServerSpec {
    let url = format!("http://{address}/mcp").parse().unwrap();
    let headers = [("authorization".into(), format!("Bearer {bearer}").into())].into();
    spec(Transport::Http { url, headers, oauth: None })
}

fn arguments(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn issue() -> Map<String, Value> {
    arguments(&json!({
        "project_key": "PAY", "issue_type": "Bug", "summary": "a", "idempotency_key": "k",
    }))
}

#[tokio::test]
async fn a_child_is_called_and_its_classification_is_kept() {
    let site = site().await;
    let host = McpHost::start(vec![site.child_spec()]);
    let early = host.call("jira", "create_issue", issue()).await;
    assert!(matches!(early, Err(CallError::NotSent { .. })));
    host.settled().await;
    assert_eq!(host.status()[0].state, ServerState::Ready);
    let tools = &host.status()[0].tools;
    assert!(tools.iter().any(|tool| tool.name == "get_issue" && tool.read_only_hint));

    let limit = Fault::Status { status: 429, retry_after_seconds: Some(0) };
    site.fault("jira:POST /issue", limit, 1);
    let limited = host.call("jira", "create_issue", issue()).await.unwrap_err();
    let CallError::Transient { retry_after, .. } = limited else {
        panic!("{limited}");
    };
    assert_eq!(retry_after, Some(Duration::ZERO));
    site.fault("jira:POST /issue", Fault::LostResponse, 1);
    let lost = host.call("jira", "create_issue", issue()).await.unwrap_err();
    assert!(matches!(lost, CallError::Unknown { .. }), "{lost}");
    let found = host.call("jira", "create_issue", issue()).await.unwrap();
    assert_eq!(found.structured["created"], false);
    assert_eq!(site.jira.counts().issues, 1);

    for (server, tool) in [("jira", "drop_database"), ("nobody", "get_issue")] {
        let error = host.call(server, tool, Map::new()).await.unwrap_err();
        assert!(matches!(error, CallError::Permanent { .. }), "{error}");
    }
    host.shutdown().await;
    let after = host.call("jira", "create_issue", issue()).await;
    assert!(matches!(after, Err(CallError::NotSent { .. })), "{after:?}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_unknown_and_the_next_one_works() {
    let site = site().await;
    let mut spec = site.child_spec();
    spec.call_timeout = Duration::from_millis(300);
    let host = McpHost::start(vec![spec]);
    host.settled().await;
    site.fault("jira:POST /issue", Fault::Timeout { ms: 60_000, work_done: true }, 1);
    let late = host.call("jira", "create_issue", issue()).await.unwrap_err();
    assert!(matches!(late, CallError::TimedOut { .. }), "{late}");
    let found = host.call("jira", "create_issue", issue()).await.unwrap();
    assert_eq!(found.structured["created"], false);
    host.shutdown().await;
}

#[tokio::test]
async fn a_call_that_waits_in_vain_for_its_turn_is_not_sent() {
    let site = site().await;
    let mut spec = site.child_spec();
    (spec.max_concurrency, spec.call_timeout) = (1, Duration::from_millis(500));
    let host = McpHost::start(vec![spec]);
    host.settled().await;
    let turn = host.turn("jira", "create_issue").await.unwrap();
    let requests = site.jira.counts().requests;
    let error = host.call("jira", "create_issue", issue()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error}");
    assert_eq!(site.jira.counts().requests, requests);
    drop(turn);
    host.call("jira", "create_issue", issue()).await.unwrap();
    host.shutdown().await;
}

/// The time that a call waits for its turn is not taken from the call: it would be cut off half-way and its outcome unknown.
#[tokio::test]
async fn a_call_has_its_whole_time_once_it_has_its_turn() {
    let site = site().await;
    let mut spec = site.child_spec();
    (spec.max_concurrency, spec.call_timeout) = (1, Duration::from_millis(1500));
    let host = McpHost::start(vec![spec]);
    host.settled().await;
    site.fault("jira:POST /issue", Fault::Delayed { ms: 1000 }, 2);
    let second = async {
        let other = arguments(&json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "b" }));
        host.call("jira", "create_issue", other).await
    };
    let (first, second) = tokio::join!(host.call("jira", "create_issue", issue()), second);
    first.unwrap();
    second.unwrap();
    host.shutdown().await;
}

#[test]
fn an_action_that_makes_something_must_say_what() {
    let written = |more: &str| -> BTreeMap<String, BindingConfig> {
        toml::from_str(&format!("[create_issue]\nserver = \"jira\"\ntool = \"make\"\n{more}")).unwrap()
    };
    let refused = Bindings::check(&written(""), |_| true).unwrap_err();
    assert!(refused.to_string().starts_with("[actions.create_issue] has no `result`"), "{refused}");
    let bindings = Bindings::check(&written("result = { key = \"/key\" }"), |_| true).unwrap();
    let binding = bindings.of("create_issue").unwrap();
    let made = |structured: Value| {
        let output = CallOutput { structured, text: String::new() };
        binding.made(&output).map(|external| external.key)
    };
    assert_eq!(made(json!({ "key": "PAY-1" })), Some("PAY-1".to_owned()));
    assert_eq!(made(json!({ "key": 17 })), Some("17".to_owned()));
    for nothing in [json!({}), json!({ "key": "" }), json!({ "key": null }), Value::Null] {
        assert_eq!(made(nothing), None);
    }
}

#[test]
fn a_server_that_is_said_to_do_a_thing_once_must_be_given_the_key() {
    let check = |arguments: &str, reconcile: &str| {
        let text = format!(
            "[comment]\nserver = \"jira\"\ntool = \"add_comment\"\narguments = {{ {arguments} }}\nreconcile = {reconcile}"
        );
        let written: BTreeMap<String, BindingConfig> = toml::from_str(&text).map_err(|error| error.to_string())?;
        Bindings::check(&written, |_| true).map_err(|error| error.to_string())
    };
    let key = "key = \"='deskbell-' ~ idempotency_key\"";
    for (reconcile, recourse) in [
        ("\"native\"", super::Recourse::CallAgain { lasts: None }),
        ("\"native for 2h\"", super::Recourse::CallAgain { lasts: Some(jiff::SignedDuration::from_hours(2)) }),
        ("\"unknown\"", super::Recourse::Look),
        ("{ tool = \"find\", result = { key = \"$.key\" }, lag = \"1s\" }", super::Recourse::Look),
    ] {
        assert_eq!(check(key, reconcile).unwrap().of("comment").unwrap().recourse(), recourse);
    }
    for (arguments, reconcile, words) in [
        ("body = \"=action.body\"", "\"native\"", "no argument hands over the key"),
        ("body = \"idempotency_key\"", "\"native\"", "no argument hands over the key"),
        (key, "\"nativ\"", "native for 2h"),
        (key, "\"native for ever\"", "native for 2h"),
        (key, "{ tool = \"find\", lag = \"1s\" }", "result"),
        (key, "{ tool = \"find\", result = { key = \"key\" }, lag = \"1s\" }", "reconcile.result: \"key\" is no place"),
        (key, "{ tool = \"find\", result = { key = \"/key\" }, lag = \"soon\" }", "lag = \"soon\""),
    ] {
        let refused = check(arguments, reconcile).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
}

#[tokio::test]
async fn failures_in_a_row_open_the_breaker_before_anything_is_sent() {
    let site = site().await;
    let host = McpHost::start(vec![site.child_spec()]);
    host.settled().await;
    site.fault("jira:*", Fault::Status { status: 500, retry_after_seconds: None }, 100);
    for _ in 0..5 {
        let error = host.call("jira", "create_issue", issue()).await.unwrap_err();
        assert!(matches!(error, CallError::Transient { .. }), "{error}");
    }
    let requests = site.jira.counts().requests;
    let error = host.call("jira", "create_issue", issue()).await.unwrap_err();
    let CallError::NotSent { retry_after: Some(wait), .. } = error else {
        panic!("{error}");
    };
    assert!(wait <= Duration::from_secs(1));
    assert_eq!(host.status()[0].breaker, BreakerState::Open);
    assert_eq!(site.jira.counts().requests, requests);
    host.shutdown().await;
}

#[tokio::test]
async fn a_silent_child_fails_at_its_timeout_and_harms_nobody_else() {
    let site = site().await;
    let mut silent = child_spec("silent", BTreeMap::new());
    silent.name = "silent".into();
    silent.startup_timeout = Duration::from_millis(200);
    let mut absent = spec(Transport::Stdio {
        command: "/no/such/program".into(),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: None,
    });
    absent.name = "absent".into();
    let host = McpHost::start(vec![silent, absent, site.child_spec()]);
    host.settled().await;
    let states: BTreeMap<String, ServerState> =
        host.status().into_iter().map(|status| (status.name, status.state)).collect();
    assert_eq!(states["jira"], ServerState::Ready);
    let reason = |name: &str| match &states[name] {
        ServerState::Failed { reason, .. } => reason.clone(),
        other => panic!("{other:?}"),
    };
    assert!(reason("silent").contains("startup_timeout"), "{}", reason("silent"));
    assert!(reason("absent").contains("/no/such/program"), "{}", reason("absent"));
    host.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_child_is_started_again() {
    let site = site().await;
    let host = McpHost::start(vec![site.child_spec()]);
    host.settled().await;
    for child in children_of(std::process::id()) {
        if command_line(child).contains("mcp_host::tests::child") && serves(child, &site.base_url) {
            kill(child);
        }
    }
    let server = &host.inner.servers["jira"];
    let mut phase = server.phase.subscribe();
    let failed = phase.wait_for(|phase| matches!(phase, super::Phase::Failed { .. })).await;
    drop(failed.unwrap());
    drop(phase.wait_for(|phase| matches!(phase, super::Phase::Ready { .. })).await.unwrap());
    host.call("jira", "create_issue", issue()).await.unwrap();
    host.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn grandchildren_end_with_their_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut spec = child_spec(file.to_str().unwrap(), BTreeMap::new());
    spec.startup_timeout = Duration::from_secs(3);
    let host = McpHost::start(vec![spec]);
    host.settled().await;
    let grandchild: u32 = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    let gone = async {
        while is_alive(grandchild) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    host.shutdown().await;
}

#[tokio::test]
async fn http_servers_are_called_with_their_headers() {
    let site = site().await;
    let (address, shutdown) = site.serve_http().await;
    let host = McpHost::start(vec![http_spec(address, BEARER)]);
    host.settled().await;
    host.call("jira", "create_issue", issue()).await.unwrap();
    let stranger = McpHost::start(vec![http_spec(address, "wrong")]);
    stranger.settled().await;
    let ServerState::Failed { reason, .. } = &stranger.status()[0].state else {
        panic!("{:?}", stranger.status());
    };
    assert!(!reason.contains("wrong"), "{reason}");

    shutdown.cancel();
    let gone = async {
        loop {
            match host.call("jira", "create_issue", issue()).await {
                Err(CallError::NotSent { .. }) => return,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    assert_eq!(site.jira.counts().issues, 1);
}

#[cfg(target_os = "linux")]
fn children_of(parent: u32) -> Vec<u32> {
    let path = |task: &str| format!("/proc/{parent}/task/{task}/children");
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let names = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
    names
        .flat_map(|task| std::fs::read_to_string(path(&task)))
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

#[cfg(target_os = "linux")]
fn command_line(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default()
}

#[cfg(target_os = "linux")]
fn serves(process: u32, base_url: &str) -> bool {
    let environment = std::fs::read_to_string(format!("/proc/{process}/environ"));
    environment.is_ok_and(|variables| variables.contains(base_url))
}

#[cfg(target_os = "linux")]
fn kill(process: u32) {
    let status = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(status.unwrap().success());
}

/// A zombie is as good as gone.
#[cfg(target_os = "linux")]
fn is_alive(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}
