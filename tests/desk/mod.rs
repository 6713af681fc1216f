//! A desk on the wire: the sandbox in this process, Deskbell as a child process, joined over real HTTP with real
//! signatures, a real MCP child and a real store on disk.
//!
//! No test waits for a length of time: it says what it waits for. Every change in the sandbox makes it look again; what only
//! a file, a process or a page of Deskbell's tells is looked at every few milliseconds.

pub mod answers;
mod answers_in_words;
pub mod bindings;
mod buttons;
mod chaos;
mod claims;
mod commands;
mod console;
mod dead_letters;
mod decisions;
mod duplicates;
mod enrichment;
mod escalation;
mod expiry;
mod failures;
mod helpdesk;
mod helpdesk_poll;
mod learning;
mod ledger;
mod llm;
mod main_job;
mod mcp_atlassian;
mod meaning;
mod modals;
mod paths;
mod posts;
pub mod questions;
mod readings;
mod requests;
mod resolved_tickets;
mod restarts;
mod rights;
mod salesforce;
mod search_servers;
mod sending;
mod shared_channels;
mod shortcut;
mod sign_ins;
mod socket_mode;
mod solving;
mod tracker;
pub mod trust;
mod undo;
mod writing_back;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use deskbell_sandbox::{Delivery, Sandbox, SandboxConfig};
use futures_util::StreamExt;
use serde_json::{Value, json};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is bound to Deskbell's own Jira server.
const ACTIONS: &str = r#"
[actions.create_issue]
server = "jira"
tool = "create_issue"
arguments = { project_key = "=action.project", issue_type = "=action.issue_type", summary = "=action.summary", description = "=action.description", priority = "=action.priority", labels = "=action.labels", idempotency_key = "=idempotency_key" }
result = { key = "/key", url = "/url" }

[actions.create_issue.reconcile]
tool = "find_by_idempotency_key"
arguments = { idempotency_key = "=idempotency_key" }
result = { key = "/found/key", url = "/found/url" }
lag = "3s"

[actions.comment]
server = "jira"
tool = "add_comment"
arguments = { issue_key = "=external.key", body = "=action.body", idempotency_key = "=idempotency_key" }

[actions.transition]
server = "jira"
tool = "transition_issue"
arguments = { issue_key = "=external.key", to_status = "=action.to" }
"#;

/// Tokens of agents that a test may let call.
pub const AGENT_TOKENS: [(&str, &str); 3] = [
    ("TEST_HELPER_TOKEN", "helper-token-of-the-tests"),
    ("TEST_READER_TOKEN", "reader-token-of-the-tests"),
    ("TEST_STRANGER_TOKEN", "stranger-token-of-the-tests"),
];

/// What a test wants to be different.
pub struct Wish {
    /// The policy file's text.
    pub policy: String,
    /// The actions that are bound, and to what.
    pub actions: String,
    /// Added to Deskbell's configuration.
    pub config: String,
    /// Replaced in Deskbell's configuration.
    pub config_edits: Vec<(String, String)>,
    /// The sandbox.
    pub sandbox: SandboxConfig,
    /// Deliver by Socket Mode.
    pub socket_mode: bool,
    /// Give `/readyz` and `/metrics` an address of their own.
    pub admin_listen: bool,
}

impl Default for Wish {
    fn default() -> Self {
        let mut sandbox = SandboxConfig { rate_limits: false, ..SandboxConfig::default() };
        sandbox.timing.retry_delays = vec![Duration::from_millis(50); 3];
        Self {
            policy: include_str!("../fixtures/policy.toml").to_owned(),
            actions: ACTIONS.to_owned(),
            config: String::new(),
            config_edits: Vec::new(),
            sandbox,
            socket_mode: false,
            admin_listen: false,
        }
    }
}

impl Wish {
    /// Replaces a piece of the policy; the piece must be there.
    pub fn policy_with(mut self, from: &str, to: &str) -> Self {
        assert!(self.policy.contains(from), "the policy fixture has no `{from}`");
        self.policy = self.policy.replace(from, to);
        self
    }

    /// Replaces a piece of Deskbell's configuration; the piece must be there.
    pub fn config_with(mut self, from: &str, to: &str) -> Self {
        self.config_edits.push((from.to_owned(), to.to_owned()));
        self
    }
}

/// A running desk. Dropping it stops everything.
pub struct Desk {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    child: Option<Child>,
    folder: tempfile::TempDir,
    port: u16,
    admin: Option<u16>,
    wish: Wish,
}

impl Desk {
    /// Starts sandbox and Deskbell, and waits until Deskbell is ready.
    pub async fn open(wish: Wish) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let sandbox = Sandbox::start(wish.sandbox.clone()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (port, admin) = (free_port(), wish.admin_listen.then(free_port));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut desk = Self { sandbox, http, child: None, folder, port, admin, wish };
        std::fs::write(desk.folder.path().join("policy.toml"), &desk.wish.policy).unwrap();
        std::fs::create_dir_all(desk.folder.path().join("knowledge")).unwrap();
        std::fs::write(
            desk.folder.path().join("knowledge/refunds.md"),
            "# Refunds\n\n## How long does a refund take?\n\nA refund reaches the card within five business days.\n",
        )
        .unwrap();
        let mut config = desk.config();
        for (from, to) in &desk.wish.config_edits {
            assert!(config.contains(from), "the configuration has no `{from}`");
            config = config.replace(from, to);
        }
        std::fs::write(desk.config_path(), config).unwrap();
        desk.start().await;
        desk
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("deskbell.toml")
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where `/readyz` and `/metrics` are.
    pub fn admin_url(&self) -> String {
        self.admin.map_or_else(|| self.url(), |port| format!("http://127.0.0.1:{port}"))
    }

    /// The process that serves.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    fn config(&self) -> String {
        let sandbox = self.sandbox.base_url();
        let delivery = if self.wish.socket_mode { "socket" } else { "http" };
        let binary = env!("CARGO_BIN_EXE_deskbell");
        format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
{admin}

[slack]
delivery = "{delivery}"
api_url = "{sandbox}/api"
signing_secret = "env:TEST_SIGNING_SECRET"
bot_token = "env:TEST_BOT_TOKEN"
app_token = "env:TEST_APP_TOKEN"
call_timeout = "5s"

[intake]
watched_channels = ["C0SUPPORT", "C0ACME"]
triage_emoji = ["ticket"]

[store]
path = "deskbell.db"

[policy]
file = "policy.toml"

[knowledge]
folder = "knowledge"
base_url = "https://help.example/"

[workers]
count = 16
lease = "5s"

[helpdesk.zendesk]
secret = "env:TEST_ZENDESK_SECRET"

[helpdesk.generic]
secrets = ["env:TEST_GENERIC_SECRET"]

[mcp.jira]
command = "{binary}"
args = ["mcp", "serve", "jira"]
call_timeout = "3s"
env = {{ DESKBELL_JIRA_URL = "env:TEST_JIRA_URL", DESKBELL_JIRA_EMAIL = "env:TEST_JIRA_EMAIL", DESKBELL_JIRA_API_TOKEN = "env:TEST_JIRA_TOKEN" }}

{actions}

{more}
"#,
            port = self.port,
            admin = self.admin.map(|port| format!("admin_listen = \"127.0.0.1:{port}\"")).unwrap_or_default(),
            actions = self.wish.actions,
            more = self.wish.config
        )
    }

    /// The binary with this desk's secrets.
    pub fn deskbell(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskbell"));
        let zendesk = self.wish.sandbox.zendesk.clone().unwrap_or_default();
        command
            .arg("--config")
            .arg(self.config_path())
            .current_dir(self.folder.path())
            .env("TEST_SIGNING_SECRET", &self.wish.sandbox.signing_secret)
            .env("TEST_BOT_TOKEN", &self.wish.sandbox.bot_token)
            .env("TEST_APP_TOKEN", &self.wish.sandbox.app_token)
            .env("TEST_ZENDESK_SECRET", "zendesk-secret")
            .env("TEST_GENERIC_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .env("TEST_JIRA_URL", self.sandbox.jira_url().unwrap_or_default())
            .env("TEST_JIRA_EMAIL", "deskbell@northwind.example")
            .env("TEST_JIRA_TOKEN", "sandbox-jira-token")
            .env("TEST_JIRA_WEBHOOK_SECRET", "jira-webhook-secret")
            .env("TEST_SHORTCUT_WEBHOOK_SECRET", "shortcut-webhook-secret")
            .env("TEST_SHORTCUT_URL", self.sandbox.shortcut_url().unwrap_or_default())
            .env("TEST_SHORTCUT_TOKEN", "sandbox-shortcut-token")
            .env("TEST_ZENDESK_URL", self.sandbox.zendesk_url().unwrap_or_default())
            .env("TEST_ZENDESK_EMAIL", &zendesk.email)
            .env("TEST_ZENDESK_TOKEN", &zendesk.api_token)
            .env("TEST_SALESFORCE_URL", self.sandbox.salesforce_url().unwrap_or_default())
            .env(
                "TEST_CONFLUENCE_URL",
                self.sandbox.confluence_url().map(|site| format!("{site}/wiki")).unwrap_or_default(),
            )
            .env("TEST_CONFLUENCE_TOKEN", "sandbox-confluence-token")
            .env("TEST_LLM_KEY", deskbell_sandbox::llm::KEY)
            .env("TEST_SALESFORCE_SECRET", "sandbox-salesforce-consumer-secret")
            // A sentence encoder of whoever runs the tests is none of theirs.
            .env("DESKBELL_MODELS", self.folder.path().join("no-models"))
            .envs(AGENT_TOKENS);
        command
    }

    /// Starts Deskbell and waits until it is ready.
    pub async fn start(&mut self) {
        self.launch();
        let started = Instant::now();
        while !self.answers("/readyz").await {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "Deskbell did not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.deliver();
    }

    /// Lets Slack's deliveries come to this Deskbell.
    pub fn deliver(&self) {
        let delivery =
            if self.wish.socket_mode { Delivery::SocketMode } else { Delivery::Http { base_url: self.url() } };
        self.sandbox.set_delivery(Some(delivery));
    }

    /// Starts Deskbell and waits for nothing.
    pub fn launch(&mut self) {
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.path().join("deskbell.log")).unwrap();
        let child = self
            .deskbell()
            .arg("serve")
            .env("RUST_LOG", "info,deskbell=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Whether this page of Deskbell says 200.
    pub async fn answers(&self, path: &str) -> bool {
        let answer = self.http.get(format!("{}{path}", self.admin_url())).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// SIGKILL: nothing gets a chance to finish.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM: Deskbell drains and ends by itself.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        let killed = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
        assert!(killed.success());
        child.wait().unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("deskbell.log")).unwrap_or_default()
    }

    /// Waits until the log says something.
    pub async fn until_log(&self, words: &str) {
        let started = Instant::now();
        while !self.log().contains(words) {
            assert!(started.elapsed() < PATIENCE, "the log never says `{words}`:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A person does something in Slack.
    pub async fn act(&self, act: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/act/{act}", self.sandbox.base_url());
        let answer: Value = self.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        answer
    }

    /// A person writes; the answer is the message's ts.
    pub async fn says(&self, user: &str, channel: &str, text: &str) -> String {
        let answer = self.act("message", json!({ "user": user, "channel": channel, "text": text })).await;
        answer["ts"].as_str().unwrap_or_else(|| panic!("not posted: {answer}")).to_owned()
    }

    /// A person presses a button of a message.
    pub async fn presses(&self, user: &str, message: &Message, button: &str) -> Value {
        self.act(
            "block_action",
            json!({ "user": user, "channel": message.channel, "message_ts": message.ts, "action_id": button }),
        )
        .await
    }

    /// A person types a command.
    pub async fn types(&self, user: &str, channel: &str, command: &str, text: &str) -> Value {
        self.act("command", json!({ "user": user, "channel": channel, "command": command, "text": text })).await
    }

    /// Everything the sandbox shows.
    pub async fn state(&self) -> Value {
        let url = format!("{}/sandbox/state", self.sandbox.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Adds a fault rule.
    pub async fn fault(&self, rule: Value) {
        let url = format!("{}/sandbox/faults", self.sandbox.base_url());
        let answer = self.http.post(url).json(&rule).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub async fn no_faults(&self) {
        let url = format!("{}/sandbox/faults", self.sandbox.base_url());
        self.http.delete(url).send().await.unwrap();
    }

    /// Waits until `find` finds something in the sandbox's state; looks again after every change.
    pub async fn until<T>(&self, what: &str, find: impl Fn(&State) -> Option<T>) -> T {
        self.until_within(PATIENCE, what, find).await
    }

    /// As [`Self::until`], for what takes longer.
    pub async fn until_within<T>(&self, patience: Duration, what: &str, find: impl Fn(&State) -> Option<T>) -> T {
        let url = format!("{}/sandbox/stream", self.sandbox.base_url());
        let mut changes = self.http.get(url).send().await.unwrap().bytes_stream();
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let state = State(self.state().await);
            if let Some(found) = find(&state) {
                return found;
            }
            let change = tokio::time::timeout_at(deadline, changes.next()).await;
            assert!(
                change.is_ok(),
                "waited in vain for {what}; messages: {}\nDeskbell's log:\n{}",
                serde_json::to_string_pretty(&state.0["messages"]).unwrap(),
                self.log()
            );
        }
    }

    /// Somebody asks in #support; the answer is the card.
    pub async fn asks(&self, user: &str, text: &str) -> Message {
        let ts = self.says(user, "C0SUPPORT", text).await;
        self.card_under("C0SUPPORT", &ts).await
    }

    /// A message as it is now.
    pub async fn again(&self, message: &Message) -> Message {
        let state = State(self.state().await);
        let found = state.messages(&message.channel).into_iter().find(|found| found.ts == message.ts);
        found.unwrap_or_else(|| panic!("{} is gone from {}", message.ts, message.channel))
    }

    /// Waits until a message has become what `find` wants.
    pub async fn until_message(&self, what: &str, message: &Message, find: impl Fn(&Message) -> bool) -> Message {
        self.until(what, |state| {
            state.messages(&message.channel).into_iter().find(|found| found.ts == message.ts && find(found))
        })
        .await
    }

    /// Waits for a message in a channel.
    pub async fn until_posted(&self, what: &str, channel: &str, find: impl Fn(&Message) -> bool) -> Message {
        self.until(what, |state| state.messages(channel).into_iter().find(|found| find(found))).await
    }

    /// Waits for what only this person sees.
    pub async fn until_told(&self, user: &str, channel: &str, words: &str) -> Message {
        let what = format!("the word `{words}` to {user}");
        self.until_posted(&what, channel, |message| message.only_for(user) && message.says(words)).await
    }

    /// Presses Confirm and waits for the issue of the card's ticket.
    pub async fn confirms(&self, user: &str, card: &Message) -> Value {
        let pressed = self.presses(user, card, "confirm").await;
        assert_eq!(pressed["ok"], true, "{pressed}");
        let number = card.number();
        self.until("the issue", |state| state.issues().into_iter().find(|issue| is_issue_of(issue, &number))).await
    }

    /// Runs `deskbell` to its end; the answer is whether it succeeded and what it said.
    pub async fn runs(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.deskbell();
        command.args(arguments).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// The triage card in the thread of a message.
    pub async fn card_under(&self, channel: &str, ts: &str) -> Message {
        self.until("the triage card", |state| {
            state.messages(channel).into_iter().find(|message| message.thread() == Some(ts) && message.is_card())
        })
        .await
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- Deskbell's log ---\n{}", self.log());
        }
    }
}

/// The sandbox's state.
pub struct State(pub Value);

impl State {
    /// The messages of a channel, in order.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        let messages = self.0["messages"][channel].as_array().cloned().unwrap_or_default();
        messages.into_iter().map(|body| Message::new(channel, body)).collect()
    }

    /// All Jira issues.
    pub fn issues(&self) -> Vec<Value> {
        self.0["jira"]["issues"].as_array().cloned().unwrap_or_default()
    }

    /// The topmost modal of a person.
    pub fn view(&self, user: &str) -> Option<Value> {
        self.0["views"][user].as_array().and_then(|views| views.last().cloned())
    }
}

/// A message in the sandbox.
#[derive(Debug, Clone)]
pub struct Message {
    pub channel: String,
    pub ts: String,
    pub body: Value,
}

impl Message {
    fn new(channel: &str, body: Value) -> Self {
        Self { channel: channel.to_owned(), ts: body["ts"].as_str().unwrap_or_default().to_owned(), body }
    }

    pub fn thread(&self) -> Option<&str> {
        self.body["thread_ts"].as_str().filter(|thread| *thread != self.ts)
    }

    /// Text and blocks as one string, to look for words in.
    pub fn all_text(&self) -> String {
        format!("{} {}", self.body["text"].as_str().unwrap_or_default(), self.body["blocks"])
    }

    pub fn says(&self, words: &str) -> bool {
        self.all_text().contains(words)
    }

    /// Whether it has a button with this `action_id`.
    pub fn has_button(&self, button: &str) -> bool {
        self.body["blocks"].to_string().contains(&format!("\"action_id\":\"{button}\""))
    }

    /// Deskbell's triage card, answered or not.
    pub fn is_card(&self) -> bool {
        self.marker().is_some_and(|marker| marker.contains("/card/"))
    }

    /// Deskbell's own mark on its messages.
    pub fn marker(&self) -> Option<&str> {
        self.body["metadata"]["event_payload"]["marker"].as_str()
    }

    /// Deskbell's number of the ticket that a card is about: `DB-1`.
    pub fn number(&self) -> String {
        self.marker()
            .and_then(|marker| marker.split('/').nth(1))
            .unwrap_or_else(|| panic!("no card: {self:?}"))
            .to_owned()
    }

    pub fn only_for(&self, user: &str) -> bool {
        self.body["ephemeral_for"].as_str() == Some(user)
    }
}

/// Whether an issue in Jira was made for this ticket.
pub fn is_issue_of(issue: &Value, number: &str) -> bool {
    let description = issue["description"].as_str().unwrap_or_default();
    description.split_whitespace().any(|word| word == number)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
