//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::jira::RequiredField;
use crate::seed::WorkspaceSeed;

/// How the sandbox hands events, commands and clicks to Deskbell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Delivery {
    /// Signed requests to `{base_url}/slack/events`, `/slack/commands` and `/slack/interactions`.
    Http {
        /// Deskbell's address without a trailing slash, for example `http://127.0.0.1:8080`.
        base_url: String,
    },
    /// Frames over the web sockets that Deskbell opened through `apps.connections.open`.
    SocketMode,
}

/// How long the sandbox waits and when it tries again. Slack's own figures are the default;
/// tests set tiny ones. See <https://docs.slack.dev/apis/events-api/#retries>.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a delivery may take to be acknowledged.
    pub ack_timeout: Duration,
    /// Pauses before the first, second and third retry of an event.
    pub retry_delays: Vec<Duration>,
    /// How long a `trigger_id` lives.
    pub trigger_lifetime: Duration,
    /// How long a `response_url` lives.
    pub response_url_lifetime: Duration,
    /// How far ahead of closing a Socket Mode connection is warned.
    pub socket_warning: Duration,
    /// Age at which a Socket Mode connection is refreshed; `None` means only when asked to.
    pub socket_refresh: Option<Duration>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(3),
            retry_delays: vec![Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)],
            trigger_lifetime: Duration::from_secs(3),
            response_url_lifetime: Duration::from_secs(30 * 60),
            socket_warning: Duration::from_secs(10),
            socket_refresh: None,
        }
    }
}

/// The figures behind Slack's rate limits, <https://docs.slack.dev/apis/web-api/rate-limits>.
#[derive(Debug, Clone)]
pub struct RateNumbers {
    /// `chat.postMessage` per second and channel.
    pub posts_per_second: f64,
    /// How many posts to one channel may come at once.
    pub post_burst: f64,
    /// Calls per minute and method for tiers 1 to 4.
    pub per_minute: [f64; 4],
    /// How many calls of one method may come at once, for tiers 1 to 4.
    pub burst: [f64; 4],
}

impl Default for RateNumbers {
    fn default() -> Self {
        Self {
            posts_per_second: 1.0,
            post_burst: 3.0,
            per_minute: [1.0, 20.0, 50.0, 100.0],
            burst: [2.0, 10.0, 20.0, 40.0],
        }
    }
}

/// What a sandbox is started with; `Default` suits the demo.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Address to bind; port 0 takes any free one. Loopback only: nothing here is protected.
    pub listen: SocketAddr,
    /// Secret that signs deliveries.
    pub signing_secret: String,
    /// Token that the Web API accepts (`xoxb-...`).
    pub bot_token: String,
    /// Token that `apps.connections.open` accepts (`xapp-...`).
    pub app_token: String,
    /// Where deliveries go; may be set after the start.
    pub delivery: Option<Delivery>,
    /// Who and what exists when the sandbox starts.
    pub workspace: WorkspaceSeed,
    /// OAuth scopes of the bot token.
    pub scopes: Vec<String>,
    /// Whether Slack's rate limits apply.
    pub rate_limits: bool,
    /// The figures of the rate limits.
    pub rate_numbers: RateNumbers,
    /// The most messages on one page of `conversations.history` and `conversations.replies`, whatever is asked for. Slack's is
    /// 999, for some apps 15: <https://docs.slack.dev/reference/methods/conversations.history>.
    pub page_max: usize,
    /// Waits and retries.
    pub timing: Timing,
    /// Seed of everything random: ids, fault probabilities, the order of a mention's two events.
    pub faults_seed: u64,
    /// The Jira in the box, mounted at `/jira`; `None` leaves it out.
    pub jira: Option<JiraSettings>,
    /// The Shortcut in the box, mounted at `/shortcut`; `None` leaves it out.
    pub shortcut: Option<ShortcutSettings>,
    /// The Zendesk in the box, mounted at `/zendesk`; `None` leaves it out.
    pub zendesk: Option<ZendeskSettings>,
    /// The Salesforce in the box, mounted at `/salesforce`; `None` leaves it out.
    pub salesforce: Option<SalesforceSettings>,
    /// The Confluence in the box, mounted at `/confluence`; `None` leaves it out.
    pub confluence: Option<ConfluenceSettings>,
}

/// How the Jira in the box behaves; its address, seed and faults are the sandbox's own.
#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// How long a new issue stays invisible to searches, in milliseconds; drawn per issue.
    pub search_lag_ms: RangeInclusive<u64>,
    /// E-mail address that Basic authentication must name.
    pub email: String,
    /// API token of that account; on Data Center's side its personal access token.
    pub api_token: String,
    /// Fields that an issue type demands beyond Jira's own.
    pub required_fields: Vec<RequiredField>,
    /// Secret that its webhooks are signed with, for whoever sets their target.
    pub webhook_secret: String,
}

impl Default for JiraSettings {
    fn default() -> Self {
        Self {
            search_lag_ms: 0..=0,
            email: "deskbell@northwind.example".into(),
            api_token: "sandbox-jira-token".into(),
            required_fields: Vec::new(),
            webhook_secret: "sandbox-jira-webhook-secret".into(),
        }
    }
}

/// How the Shortcut in the box behaves; its address, seed and faults are the sandbox's own, and so is whether its rate
/// limit applies.
#[derive(Debug, Clone)]
pub struct ShortcutSettings {
    /// How long a new story stays invisible to searches, in milliseconds; drawn per story.
    pub search_lag_ms: RangeInclusive<u64>,
    /// Token that `Shortcut-Token` must carry.
    pub api_token: String,
    /// Requests per minute before 429.
    pub requests_per_minute: u32,
}

impl Default for ShortcutSettings {
    fn default() -> Self {
        Self { search_lag_ms: 0..=0, api_token: "sandbox-shortcut-token".into(), requests_per_minute: 200 }
    }
}

/// How the Zendesk in the box behaves; its address, seed and faults are the sandbox's own, and so is whether its limits
/// apply.
#[derive(Debug, Clone)]
pub struct ZendeskSettings {
    /// How long a new ticket stays invisible to searches, in milliseconds; drawn per ticket.
    pub search_lag_ms: RangeInclusive<u64>,
    /// How recent a change may be to be left out of the incremental export.
    pub export_lag: Duration,
    /// E-mail address that Basic authentication must name, with `/token` behind it.
    pub email: String,
    /// API token of that account.
    pub api_token: String,
    /// OAuth access token that Bearer authentication may carry instead.
    pub access_token: String,
    /// Signing secret of its webhook, for whoever sets the webhook's target.
    pub webhook_secret: String,
}

impl Default for ZendeskSettings {
    fn default() -> Self {
        Self {
            search_lag_ms: 0..=0,
            export_lag: Duration::from_secs(60),
            email: "deskbell@northwind.example".into(),
            api_token: "sandbox-zendesk-token".into(),
            access_token: "sandbox-zendesk-access-token".into(),
            webhook_secret: "sandbox-zendesk-webhook-secret".into(),
        }
    }
}

/// How the Salesforce in the box behaves; its address and faults are the sandbox's own, and so is whether its limit of
/// requests applies.
#[derive(Debug, Clone)]
pub struct SalesforceSettings {
    /// The app's consumer key.
    pub client_id: String,
    /// The app's consumer secret.
    pub client_secret: String,
    /// How long an access token is good for.
    pub token_lifetime: Duration,
    /// API requests within 24 hours before `REQUEST_LIMIT_EXCEEDED`.
    pub daily_requests: u64,
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        Self {
            client_id: "sandbox-salesforce-consumer-key".into(),
            client_secret: "sandbox-salesforce-consumer-secret".into(),
            token_lifetime: Duration::from_secs(2 * 60 * 60),
            daily_requests: 100_000,
        }
    }
}

/// How the Confluence in the box behaves; its address and faults are the sandbox's own, and so is whether its limit of
/// requests applies.
#[derive(Debug, Clone)]
pub struct ConfluenceSettings {
    /// E-mail address that Basic authentication must name.
    pub email: String,
    /// API token of that account; on Data Center's side its personal access token.
    pub api_token: String,
    /// Requests per minute before 429.
    pub requests_per_minute: usize,
}

impl Default for ConfluenceSettings {
    fn default() -> Self {
        Self {
            email: "deskbell@northwind.example".into(),
            api_token: "sandbox-confluence-token".into(),
            requests_per_minute: 600,
        }
    }
}

/// The scopes that a support desk's bot asks for.
pub const DEFAULT_SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
];

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            signing_secret: "sandbox-signing-secret".into(),
            bot_token: "xoxb-sandbox-bot-token".into(),
            app_token: "xapp-sandbox-app-token".into(),
            delivery: None,
            workspace: WorkspaceSeed::default(),
            scopes: DEFAULT_SCOPES.iter().map(ToString::to_string).collect(),
            rate_limits: true,
            rate_numbers: RateNumbers::default(),
            page_max: 999,
            timing: Timing::default(),
            faults_seed: 1,
            jira: Some(JiraSettings::default()),
            shortcut: Some(ShortcutSettings::default()),
            zendesk: Some(ZendeskSettings::default()),
            salesforce: Some(SalesforceSettings::default()),
            confluence: Some(ConfluenceSettings::default()),
        }
    }
}
