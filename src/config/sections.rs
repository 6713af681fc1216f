//! The tables of the file but `[mcp]` and `[actions]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use super::helpdesk_poll::HelpdeskPollConfig;
use super::source::{ConfigError, Source};
use super::value::{DAY, Length, SecretRef};
use crate::intake::config::DEFAULT_BODY_LIMIT_BYTES;

/// `[server]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port. Put a TLS proxy in front for the internet.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Where `/readyz` and `/metrics` are served, and then only there; by default beside the doors.
    #[serde(deserialize_with = "optional_address")]
    pub admin_listen: Option<SocketAddr>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), admin_listen: None }
    }
}

impl ServerConfig {
    pub(super) fn fault(&self, source: &Source) -> Option<ConfigError> {
        let shared = self.admin_listen == Some(self.listen) && self.listen.port() != 0;
        shared.then(|| {
            ConfigError::at(
                source.name(),
                "[server] admin_listen is the address of listen: give it another port, or leave it out",
            )
        })
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!("`{text}` is no address: write for example \"127.0.0.1:8080\" or \"0.0.0.0:8080\""))
    })
}

fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    address(deserializer).map(Some)
}

/// How Slack hands events over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Slack calls Deskbell.
    Http,
    /// Deskbell opens connections to Slack: no public address needed.
    Socket,
}

/// `[slack]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackSection {
    /// How events arrive.
    #[serde(default = "http")]
    pub delivery: Delivery,
    /// "Basic Information" of the app. Needed for `http`.
    pub signing_secret: Option<SecretRef>,
    /// The one before the last rotation.
    pub previous_signing_secret: Option<SecretRef>,
    /// `xoxb-…`, "OAuth & Permissions" of the app.
    pub bot_token: SecretRef,
    /// `xapp-…`, "Basic Information" of the app. Needed for `socket`.
    pub app_token: Option<SecretRef>,
    /// Slack's Web API.
    #[serde(default = "slack_api")]
    api_url: Spanned<String>,
    /// A call that takes longer has an unknown outcome.
    #[serde(default = "call_timeout")]
    pub call_timeout: Length,
}

const fn http() -> Delivery {
    Delivery::Http
}

fn slack_api() -> Spanned<String> {
    Spanned::new(0..0, "https://slack.com/api".to_owned())
}

const fn call_timeout() -> Length {
    Length::seconds(15)
}

impl SlackSection {
    /// Slack's Web API, without a slash at the end.
    pub fn api_url(&self) -> String {
        self.api_url.get_ref().trim_end_matches('/').to_owned()
    }

    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let here = || source.name();
        if self.delivery == Delivery::Http && self.signing_secret.is_none() {
            faults.push(ConfigError::at(
                here(),
                "[slack] signing_secret is missing: add signing_secret = \"env:SLACK_SIGNING_SECRET\" (\"Basic Information\" of \
                 your Slack app), or set delivery = \"socket\"",
            ));
        }
        if self.delivery == Delivery::Socket && self.app_token.is_none() {
            faults.push(ConfigError::at(
                here(),
                "[slack] app_token is missing: delivery = \"socket\" needs app_token = \"env:SLACK_APP_TOKEN\" (an app-level token \
                 with connections:write)",
            ));
        }
        if let Some(fault) = self.call_timeout.outside(0, 600) {
            faults.push(ConfigError::at(here(), format!("[slack] call_timeout {fault}, or leave it out for 15s")));
        }
        if !is_http_address(self.api_url.get_ref()) {
            let message = format!(
                "[slack] api_url: `{}` is no http(s) address: leave it out for Slack's own",
                self.api_url.get_ref()
            );
            faults.push(source.error(&self.api_url.span(), message));
        }
        faults
    }
}

pub(super) fn is_http_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// `[intake]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeSection {
    /// Channels whose messages are requests, by id.
    pub watched_channels: Vec<Spanned<String>>,
    /// Emoji that make a ticket of a message, with or without colons.
    pub triage_emoji: Vec<String>,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// Events that may wait for their commit at once; further ones get 503 and Slack sends them again.
    pub max_in_flight_events: usize,
}

impl Default for IntakeSection {
    fn default() -> Self {
        Self {
            watched_channels: Vec::new(),
            triage_emoji: vec!["ticket".to_owned()],
            body_limit: DEFAULT_BODY_LIMIT_BYTES,
            max_in_flight_events: 1024,
        }
    }
}

impl IntakeSection {
    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let wrong = |channel: &&Spanned<String>| {
            let id = channel.get_ref();
            !(id.starts_with(['C', 'G'])
                && id.len() > 1
                && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
        };
        let mut faults: Vec<ConfigError> = self
            .watched_channels
            .iter()
            .filter(wrong)
            .map(|channel| {
                let message = format!(
                    "[intake] watched_channels: `{}` is no channel id: open the channel's details in Slack and copy the id at \
                     the bottom (C…)",
                    channel.get_ref()
                );
                source.error(&channel.span(), message)
            })
            .collect();
        if self.body_limit < 16 * 1024 {
            faults.push(ConfigError::at(
                source.name(),
                "[intake] body_limit is too small for Slack's own payloads: give at least 16384 bytes",
            ));
        }
        if self.max_in_flight_events == 0 {
            faults.push(ConfigError::at(source.name(), "[intake] max_in_flight_events is 0: give at least 1"));
        }
        faults
    }
}

/// `[helpdesk]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HelpdeskConfig {
    /// `POST /helpdesk/zendesk`.
    pub zendesk: Option<ZendeskConfig>,
    /// `POST /helpdesk/generic`.
    pub generic: Option<GenericHelpdeskConfig>,
    /// Asking, where no webhook is allowed.
    pub poll: Option<HelpdeskPollConfig>,
}

/// `[helpdesk.zendesk]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZendeskConfig {
    /// The webhook's signing secret.
    pub secret: SecretRef,
}

/// `[helpdesk.generic]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericHelpdeskConfig {
    /// Standard Webhooks secrets (`whsec_…`), several while one is being rotated.
    pub secrets: Vec<SecretRef>,
}

/// `[webhooks]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// `POST /webhooks/jira`.
    pub jira: Option<TrackerWebhookConfig>,
    /// `POST /webhooks/shortcut`.
    pub shortcut: Option<TrackerWebhookConfig>,
}

/// `[webhooks.jira]`, `[webhooks.shortcut]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackerWebhookConfig {
    /// The secret that the webhook was registered with.
    pub secret: SecretRef,
}

/// `[store]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSection {
    /// The database file, on a local disk.
    pub path: PathBuf,
    /// 32 bytes as base64 or hex; by default a key file beside the database, made on the first start.
    pub master_key: Option<SecretRef>,
    /// Connections for reading, 1 to 64.
    pub readers: usize,
    /// How long dead letters and events that could not be read are kept. The ops channel is told of dead letters a week before.
    pub keep_given_up: Length,
}

impl Default for StoreSection {
    fn default() -> Self {
        let keep_given_up = Length::seconds(90 * 24 * 3600);
        Self { path: PathBuf::from("deskbell.db"), master_key: None, readers: 4, keep_given_up }
    }
}

/// Each costs a file handle and memory, and more than this read no faster.
const READERS_MAX: usize = 64;
/// Ten years.
const KEPT_DAYS_MAX: u64 = 3_653;

impl StoreSection {
    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let message = format!("[store] readers = {}: give 1 to {READERS_MAX}, or leave it out for 4", self.readers);
        let readers = (!(1..=READERS_MAX).contains(&self.readers)).then_some(message);
        let kept = self.keep_given_up.outside(DAY, KEPT_DAYS_MAX * DAY);
        let kept = kept.map(|fault| format!("[store] keep_given_up {fault}, or leave it out for 2160h"));
        readers.into_iter().chain(kept).map(|message| ConfigError::at(source.name(), message)).collect()
    }
}

/// `[policy]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The company's own rules.
    pub file: PathBuf,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self { file: PathBuf::from("policy.toml") }
    }
}

/// Deskbell sets these of its own knowledge server's variables.
const OWN_VARIABLES: &str = "DESKBELL_KNOWLEDGE_";

/// `[knowledge]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnowledgeConfig {
    /// A folder of documents: Deskbell starts its own knowledge server on it.
    pub folder: Option<PathBuf>,
    /// Where people read the documents: the path within the folder is added to it.
    pub base_url: Option<String>,
    /// Where drafts of new documents are written; none: none are made.
    pub drafts: Option<PathBuf>,
    /// Where that server keeps what it learns of its documents; beside the store where it is left out.
    pub data: Option<PathBuf>,
    /// Who reads which documents of the folder, a TOML file (docs/SERVERS.md); none: everybody reads all.
    pub access: Option<PathBuf>,
    /// Further variables of that server, as in `[mcp.NAME.env]`: a Confluence site beside the folder.
    pub env: toml::Table,
    /// From this confidence on, 0 to 1, what is found is said as an answer; what is below is shown as what may be near.
    pub answer_from: f64,
    /// A ticket that a person resolves, with what solved it, becomes a document of the knowledge server: redacted, for nobody but
    /// those who could read the ticket. It is taken back when the ticket is opened again or its requester erased.
    pub resolved_tickets: bool,
}

impl Default for KnowledgeConfig {
    fn default() -> Self {
        Self {
            folder: None,
            base_url: None,
            drafts: None,
            data: None,
            access: None,
            env: toml::Table::new(),
            answer_from: 0.5,
            resolved_tickets: false,
        }
    }
}

impl KnowledgeConfig {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        if !(0.0..=1.0).contains(&self.answer_from) {
            return Some(format!("[knowledge] answer_from = {}: give a confidence from 0 to 1", self.answer_from));
        }
        let own = self.env.keys().find(|name| name.starts_with(OWN_VARIABLES))?;
        Some(format!(
            "[knowledge.env] {own}: Deskbell sets this one itself, from folder, base_url, drafts, data and access of [knowledge]; take it out"
        ))
    }
}

/// `[workers]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkersConfig {
    /// Jobs of one lane performed at the same time (events, assessing, Slack, MCP servers); 0: this process takes
    /// no work, it only keeps what comes in.
    pub count: usize,
    /// A job whose worker is silent this long is given to another.
    pub lease: Length,
    /// How long running jobs may take to finish when Deskbell stops.
    pub drain: Length,
    /// Calls for an action that surely did nothing, backing off in between, before the ops channel is asked. 12 take
    /// about ten minutes.
    pub dispatch_attempts: u32,
    /// How long an action waits for an MCP server that can't be called (busy, away, breaker open, asked to be left alone),
    /// before the ops channel is asked.
    pub dispatch_patience: Length,
    /// How long a person's answer to a question of an MCP server is waited for. The call's own time stands still meanwhile.
    pub question_timeout: Length,
}

/// Far beyond what one machine has use for, and what the runtime counts.
const WORKERS_MAX: usize = 1_024;

impl WorkersConfig {
    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let lengths = [
            ("lease", self.lease.outside(1, DAY), "60s"),
            ("drain", self.drain.outside(0, DAY), "20s"),
            ("dispatch_patience", self.dispatch_patience.outside(1, 30 * DAY), "30m"),
            ("question_timeout", self.question_timeout.outside(1, DAY), "10m"),
        ];
        let lengths = lengths.into_iter().filter_map(|(field, fault, usual)| {
            Some(format!("[workers] {field} {}, or leave it out for {usual}", fault?))
        });
        let count =
            (self.count > WORKERS_MAX).then(|| format!("[workers] count = {}: give at most {WORKERS_MAX}", self.count));
        let attempts = (self.dispatch_attempts == 0)
            .then(|| "[workers] dispatch_attempts = 0: give at least 1, the first attempt".to_owned());
        let found = lengths.chain(count).chain(attempts);
        found.map(|message| ConfigError::at(source.name(), message)).collect()
    }
}

impl Default for WorkersConfig {
    fn default() -> Self {
        Self {
            count: 8,
            lease: Length::seconds(60),
            drain: Length::seconds(20),
            dispatch_attempts: 12,
            dispatch_patience: Length::seconds(1800),
            question_timeout: Length::seconds(600),
        }
    }
}

/// `[templates]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemplatesConfig {
    /// A folder of templates that replace the built-in ones of the same name.
    pub folder: Option<PathBuf>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// An object a line.
    Json,
}

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How lines look.
    pub format: LogFormat,
    /// `info`, or per module as `tracing` writes it: `info,deskbell::pipeline=debug`. `RUST_LOG` overrides it.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info,rmcp=warn".to_owned() }
    }
}

/// `[console]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// Whether `/metrics` is served.
    pub metrics: bool,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self { metrics: true }
    }
}
