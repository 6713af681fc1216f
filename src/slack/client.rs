//! Calls to Slack's Web API through slack-morphism's client.
//!
//! A post carries a *marker* in its metadata. Slack has no idempotency key, so whoever is not sure whether an
//! earlier attempt got through looks for the marker before posting again.

use std::time::{Duration, Instant};

use deskbell_domain::ids::{ChannelId, JobId, MessageTs, PersonId, WorkspaceId};
use deskbell_domain::interaction::Modal;
use deskbell_domain::ticket::PostedMessage;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::hyper_tokio::SlackClientHyperConnector;
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient as MorphismClient, SlackClientSession};

use super::error::SlackError;
use super::limiter::ChannelLimiter;

type Connector = SlackClientHyperConnector<HttpsConnector<HttpConnector>>;

/// The type of our markers in a message's metadata.
pub const MARKER_EVENT_TYPE: &str = "deskbell_message";

/// Messages on one page of a search, and pages looked through: a search that goes on for ever would use up the calls that
/// Slack allows in a minute (<https://docs.slack.dev/apis/web-api/pagination>).
const SEARCH_PAGE: &str = "200";
const SEARCH_PAGES_MAX: usize = 20;

/// Where Slack takes answers to clicks and commands, besides the API's own origin.
const RESPONSE_ORIGINS: [&str; 2] = ["https://hooks.slack.com", "https://hooks.slack-gov.com"];

/// How to reach Slack.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// `https://slack.com/api`, or the sandbox's.
    pub api_url: String,
    /// `xoxb-…`.
    pub bot_token: SecretString,
    /// A call that takes longer has an unknown outcome.
    pub call_timeout: Duration,
}

/// Slack's Web API for one workspace.
pub struct SlackClient {
    client: MorphismClient<Connector>,
    token: SlackApiToken,
    pub(super) http: reqwest::Client,
    call_timeout: Duration,
    limiter: ChannelLimiter,
    pub(super) response_origins: Vec<url::Origin>,
    loading_view: Value,
}

/// A message to post.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Where.
    pub channel: &'a ChannelId,
    /// In which thread.
    pub thread: Option<&'a MessageTs>,
    /// `text` and `blocks`.
    pub message: &'a Value,
    /// Found again after a lost answer.
    pub marker: &'a str,
}

/// Who we are in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The organisation that the workspace belongs to, on Enterprise Grid.
    pub organisation: Option<WorkspaceId>,
    /// All its workspaces share this installation.
    pub is_org_wide: bool,
    /// The bot's user.
    pub bot_user: PersonId,
    /// The bot itself (`B…`): its messages name it even where they name no user.
    pub bot_id: Option<String>,
}

impl Identity {
    /// We wrote this message. Metadata alone proves nothing: any app can copy it.
    fn wrote(&self, message: &Value) -> bool {
        let said = |name: &str| message.get(name).and_then(Value::as_str);
        said("user") == Some(self.bot_user.as_str())
            || (self.bot_id.is_some() && said("bot_id") == self.bot_id.as_deref())
    }
}

/// What a search for a message found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It stands here.
    Here(PostedMessage),
    /// All that was written since was looked through.
    Nowhere,
    /// So much was written since that the search ended before. Nobody knows whether it stands there: posting again may repeat it.
    Unclear,
}

/// A message that may have been posted, to be looked for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Where.
    pub channel: &'a ChannelId,
    /// In which thread.
    pub thread: Option<&'a MessageTs>,
    /// What it carries.
    pub marker: &'a str,
    /// The earliest moment it may have been posted, in Unix seconds.
    pub oldest: i64,
    /// The latest, in Unix seconds: what is written meanwhile does not make the search longer.
    pub latest: i64,
}

/// A message read back.
#[derive(Debug, Clone)]
pub struct FoundMessage {
    /// Who wrote it; `None` for bots without a user.
    pub user: Option<PersonId>,
    /// The author's own team or organisation, as far as Slack tells it.
    pub team: Option<String>,
    /// Its text.
    pub text: String,
    /// The thread it stands in, if it is a reply.
    pub thread: Option<MessageTs>,
    /// A bot wrote it.
    pub is_bot: bool,
}

impl SlackClient {
    /// Prepares a client. `loading_view` is what a modal shows until it is filled.
    ///
    /// # Errors
    /// When the machine's root certificates can't be read, or the HTTP client can't be built.
    pub fn new(config: &SlackConfig, loading_view: Value) -> Result<Self, std::io::Error> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let connector = SlackClientHyperConnector::with_connector(https).with_slack_api_url(&config.api_url);
        Ok(Self {
            client: MorphismClient::new(connector),
            token: SlackApiToken::new(SlackApiTokenValue::new(config.bot_token.expose_secret().to_owned())),
            http: reqwest::Client::builder()
                .timeout(config.call_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(std::io::Error::other)?,
            call_timeout: config.call_timeout,
            limiter: ChannelLimiter::default(),
            response_origins: RESPONSE_ORIGINS
                .iter()
                .chain([&config.api_url.as_str()])
                .filter_map(|url| origin(url))
                .collect(),
            loading_view,
        })
    }

    /// How long a call may take before its outcome is unknown.
    pub fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Value, SlackError> {
        let session: SlackClientSession<'_, Connector> = self.client.open_session(&self.token);
        let call = session.http_session_api.http_post::<Value, Value>(method, body, None);
        self.timed(method, call).await
    }

    pub(super) async fn read(&self, method: &str, parameters: &[(&str, Option<&str>)]) -> Result<Value, SlackError> {
        let session: SlackClientSession<'_, Connector> = self.client.open_session(&self.token);
        let parameters = parameters.to_vec();
        let call = session.http_session_api.http_get::<Value, _, &str>(method, &parameters, None);
        self.timed(method, call).await
    }

    async fn timed(
        &self,
        method: &str,
        call: impl Future<Output = Result<Value, slack_morphism::errors::SlackClientError>>,
    ) -> Result<Value, SlackError> {
        let started = Instant::now();
        let result = match tokio::time::timeout(self.call_timeout, call).await {
            Ok(result) => result.map_err(SlackError::from),
            Err(_) => Err(SlackError::Unknown { reason: "timed out".to_owned() }),
        };
        let outcome = match &result {
            Ok(_) => "ok",
            Err(SlackError::RateLimited { .. }) => "rate_limited",
            Err(SlackError::Refused { .. }) => "refused",
            Err(SlackError::Transient { .. }) => "transient",
            Err(SlackError::Unknown { .. }) => "unknown",
        };
        metrics::histogram!("deskbell_slack_call_seconds", "method" => method.to_owned(), "outcome" => outcome)
            .record(started.elapsed().as_secs_f64());
        result
    }

    /// Who we are.
    ///
    /// # Errors
    /// When Slack can't be reached or refuses the token.
    pub async fn identity(&self) -> Result<Identity, SlackError> {
        let answer = self.call("auth.test", &json!({})).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Identity {
            workspace: WorkspaceId::new(text("team_id").unwrap_or_default()),
            organisation: text("enterprise_id").map(WorkspaceId::new),
            is_org_wide: answer.get("is_enterprise_install").and_then(Value::as_bool) == Some(true),
            bot_user: PersonId::new(text("user_id").unwrap_or_default()),
            bot_id: text("bot_id"),
        })
    }

    /// Whether a job may post in the channel now. If not, its place is kept.
    ///
    /// # Errors
    /// The time after which to come back.
    pub fn place(&self, channel: &ChannelId, job: &JobId) -> Result<(), Duration> {
        self.limiter.place(channel, job.as_str(), Instant::now())
    }

    /// Waits until a message may be posted in the channel, a few seconds at most.
    ///
    /// # Errors
    /// [`SlackError::RateLimited`] when the wait would be longer.
    pub async fn turn(&self, channel: &ChannelId) -> Result<(), SlackError> {
        const PATIENCE: Duration = Duration::from_secs(4);
        let wait = self.limiter.reserve(channel, Instant::now(), PATIENCE);
        tokio::time::sleep(wait.map_err(|retry_after| SlackError::RateLimited { retry_after })?).await;
        Ok(())
    }

    /// Posts a message once. Whoever posts has its [`Self::place`] or takes the channel's [`Self::turn`] before.
    ///
    /// # Errors
    /// See [`SlackError`]; after `Unknown` look for the marker with [`Self::find_marked`].
    pub async fn post(&self, post: Post<'_>) -> Result<PostedMessage, SlackError> {
        let mut body = with_address(post.message, post.channel);
        insert(&mut body, "thread_ts", json!(post.thread));
        insert(&mut body, "unfurl_links", json!(false));
        insert(
            &mut body,
            "metadata",
            json!({ "event_type": MARKER_EVENT_TYPE, "event_payload": { "marker": post.marker } }),
        );
        let result = self.call("chat.postMessage", &body).await;
        if let Err(SlackError::RateLimited { retry_after }) = &result {
            self.limiter.blocked(post.channel, Instant::now(), *retry_after);
        }
        let answer = result?;
        posted(&answer, post.channel)
            .ok_or_else(|| SlackError::Unknown { reason: "the answer names no message".to_owned() })
    }

    /// Brings a message up to date.
    ///
    /// # Errors
    /// See [`SlackError`]; updating again is harmless.
    pub async fn update(&self, at: &PostedMessage, message: &Value) -> Result<(), SlackError> {
        let mut body = with_address(message, &at.channel);
        insert(&mut body, "ts", json!(at.ts));
        self.call("chat.update", &body).await.map(drop)
    }

    /// Looks for a message of ours by its marker.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn find_marked(&self, ours: &Identity, sought: Sought<'_>) -> Result<Found, SlackError> {
        let (oldest, latest) = (sought.oldest.to_string(), sought.latest.to_string());
        let mut cursor = String::new();
        for _ in 0..SEARCH_PAGES_MAX {
            let page = self.search_page(sought, &oldest, &latest, &cursor).await?;
            let messages = page.get("messages").and_then(Value::as_array);
            let is_sought = |message: &&Value| marked(message, sought.marker) && ours.wrote(message);
            let found = messages.into_iter().flatten().find(is_sought);
            if let Some(posted) = found.and_then(|found| posted(found, sought.channel)) {
                return Ok(Found::Here(posted));
            }
            match page.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() && next != cursor => next.clone_into(&mut cursor),
                _ => return Ok(Found::Nowhere),
            }
        }
        Ok(Found::Unclear)
    }

    async fn search_page(
        &self,
        sought: Sought<'_>,
        oldest: &str,
        latest: &str,
        cursor: &str,
    ) -> Result<Value, SlackError> {
        let mut parameters = vec![
            ("channel", Some(sought.channel.as_str())),
            ("oldest", Some(oldest)),
            ("latest", Some(latest)),
            ("include_all_metadata", Some("true")),
            ("limit", Some(SEARCH_PAGE)),
            ("cursor", Some(cursor).filter(|cursor| !cursor.is_empty())),
        ];
        let method = if let Some(thread) = sought.thread {
            parameters.push(("ts", Some(thread.as_str())));
            "conversations.replies"
        } else {
            "conversations.history"
        };
        self.read(method, &parameters).await
    }

    /// Shows one person something in a conversation. It may get lost: nothing hangs on it.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn whisper(&self, channel: &ChannelId, person: &PersonId, message: &Value) -> Result<(), SlackError> {
        let mut body = with_address(message, channel);
        insert(&mut body, "user", json!(person));
        self.call("chat.postEphemeral", &body).await.map(drop)
    }

    /// Opens the loading view within the 3 s that a `trigger_id` lives. It is filled later by its `external_id`.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn open_loading_view(&self, trigger_id: &str, id: &str) -> Result<(), SlackError> {
        self.call("views.open", &json!({ "trigger_id": trigger_id, "view": self.loading_view(id) })).await.map(drop)
    }

    /// What a modal shows until it is filled.
    pub fn loading_view(&self, external_id: &str) -> Value {
        let mut view = self.loading_view.clone();
        insert(&mut view, "external_id", json!(external_id));
        insert(&mut view, "callback_id", json!(Modal::Loading.as_str()));
        view
    }

    /// Fills a view that is open.
    ///
    /// # Errors
    /// See [`SlackError`]; `not_found` when the person closed it.
    pub async fn fill_view(&self, external_id: &str, view: &Value) -> Result<(), SlackError> {
        let mut view = view.clone();
        insert(&mut view, "external_id", json!(external_id));
        self.call("views.update", &json!({ "external_id": external_id, "view": view })).await.map(drop)
    }

    /// Opens a conversation with one person.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn direct_channel(&self, person: &PersonId) -> Result<ChannelId, SlackError> {
        let answer = self.call("conversations.open", &json!({ "users": person })).await?;
        let id = answer.pointer("/channel/id").and_then(Value::as_str).unwrap_or_default();
        Ok(ChannelId::new(id))
    }

    /// Whether people of another organisation are in a conversation, or are invited to it
    /// (<https://docs.slack.dev/reference/objects/conversation-object>).
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn is_shared_outside(&self, channel: &ChannelId) -> Result<bool, SlackError> {
        let answer = self.read("conversations.info", &[("channel", Some(channel.as_str()))]).await?;
        let is_said = |name: &str| answer.pointer(name).and_then(Value::as_bool) == Some(true);
        Ok(is_said("/channel/is_ext_shared") || is_said("/channel/is_pending_ext_shared"))
    }

    /// Reads one message, reply or not (`conversations.replies` finds both; history finds no replies).
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn message(&self, channel: &ChannelId, ts: &MessageTs) -> Result<Option<FoundMessage>, SlackError> {
        let parameters = [
            ("channel", Some(channel.as_str())),
            ("ts", Some(ts.as_str())),
            ("oldest", Some(ts.as_str())),
            ("latest", Some(ts.as_str())),
            ("inclusive", Some("true")),
            ("limit", Some("10")),
        ];
        let page = self.read("conversations.replies", &parameters).await?;
        let messages = page.get("messages").and_then(Value::as_array);
        let found = messages
            .into_iter()
            .flatten()
            .find(|message| message.get("ts").and_then(Value::as_str) == Some(ts.as_str()));
        Ok(found.map(|message| {
            let text = |name: &str| message.get(name).and_then(Value::as_str).map(str::to_owned);
            FoundMessage {
                user: text("user").map(PersonId::new),
                team: ["user_team", "source_team", "team"].into_iter().find_map(text),
                text: text("text").unwrap_or_default(),
                thread: text("thread_ts").filter(|thread| thread != ts.as_str()).map(MessageTs::new),
                is_bot: message.get("bot_id").is_some_and(|bot| !bot.is_null()),
            }
        }))
    }
}

/// Scheme, host and port. An address with a user in it is nobody's.
pub(super) fn origin(url: &str) -> Option<url::Origin> {
    let url = url::Url::parse(url).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    Some(url.origin()).filter(|origin| is_plain && origin.is_tuple())
}

pub(super) fn insert(body: &mut Value, name: &str, value: Value) {
    if let (Value::Object(fields), false) = (body, value.is_null()) {
        fields.insert(name.to_owned(), value);
    }
}

fn with_address(message: &Value, channel: &ChannelId) -> Value {
    let mut body = message.clone();
    insert(&mut body, "channel", json!(channel));
    body
}

fn posted(answer: &Value, channel: &ChannelId) -> Option<PostedMessage> {
    let ts = answer.get("ts").and_then(Value::as_str)?;
    let channel = answer.get("channel").and_then(Value::as_str).map_or_else(|| channel.clone(), ChannelId::new);
    Some(PostedMessage { channel, ts: MessageTs::new(ts) })
}

fn marked(message: &Value, marker: &str) -> bool {
    message.pointer("/metadata/event_type").and_then(Value::as_str) == Some(MARKER_EVENT_TYPE)
        && message.pointer("/metadata/event_payload/marker").and_then(Value::as_str) == Some(marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_slacks_own_origins_alone() {
        let known: Vec<_> = RESPONSE_ORIGINS.iter().filter_map(|url| origin(url)).collect();
        let is_slacks = |url: &str| origin(url).is_some_and(|origin| known.contains(&origin));
        assert!(is_slacks("https://hooks.slack.com/commands/T1/2/x"));
        for foreign in [
            "http://hooks.slack.com/x",
            "https://hooks.slack.com:8443/x",
            "https://hooks.slack.com@evil.example/x",
            "https://user:word@hooks.slack.com/x",
            "https://hooks.slack.com.evil.example/x",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "hooks.slack.com",
            "",
        ] {
            assert!(!is_slacks(foreign), "{foreign}");
        }
    }
}
