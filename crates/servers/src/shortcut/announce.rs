//! Telling a channel of a new story, through whatever MCP server posts messages there: an address, a token, a channel.
//!
//! The story stands whatever becomes of the announcement; the answer says it. One story has one idempotency key, so that
//! a call that is repeated announces nothing twice.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::ShortcutConfigError;
use super::schema::{Announcement, AnnouncementState, CreatedStory};

/// The tool that posts, as Deskbell's Slack server offers it.
const POST_TOOL: &str = "post_message";
/// Time for the whole announcement: whoever called for a story waits for it.
const ANNOUNCE_TIMEOUT: Duration = Duration::from_secs(5);

/// Who announces new stories, and where.
#[derive(Debug, Clone)]
pub struct AnnounceConfig {
    /// The MCP endpoint of a server with a tool `post_message`, such as `http://127.0.0.1:8091/mcp`.
    pub url: Url,
    /// Its bearer token; none for a server on loopback that demands none.
    pub token: Option<SecretString>,
    /// The channel, as that server names it.
    pub channel: String,
}

/// Calls the server that posts. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Announcer {
    http: reqwest::Client,
    place: Arc<AnnounceConfig>,
}

impl Announcer {
    pub(super) fn new(config: AnnounceConfig) -> Result<Self, ShortcutConfigError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &config.token {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| ShortcutConfigError::BadAnnounceToken)?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(ANNOUNCE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ShortcutConfigError::HttpClient(error.to_string()))?;
        Ok(Self { http, place: Arc::new(config) })
    }

    /// Announces a story unless it was.
    pub(super) async fn announce(&self, story: &CreatedStory, name: &str) -> Announcement {
        let told = tokio::time::timeout(ANNOUNCE_TIMEOUT, self.post(story, name)).await;
        let announcement = told.unwrap_or_else(|_| {
            failed("the announcing server did not answer in time; look there whether it was posted")
        });
        if announcement.state == AnnouncementState::Failed {
            tracing::warn!(story = story.story_id, reason = announcement.reason, "a new story was not announced");
        }
        announcement
    }

    async fn post(&self, story: &CreatedStory, name: &str) -> Announcement {
        let config = StreamableHttpClientTransportConfig::with_uri(self.place.url.as_str());
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        let era =
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None };
        let Ok(session) = ().serve_with_lifecycle(transport, era).await else {
            return failed(
                "the announcing server opened no session; check DESKBELL_SHORTCUT_ANNOUNCE_URL and \
                 DESKBELL_SHORTCUT_ANNOUNCE_TOKEN, and whether it runs",
            );
        };
        let arguments = json!({
            "channel": self.place.channel,
            "text": text(story, name),
            "idempotency_key": format!("shortcut/{}/created", story.url),
        });
        let request =
            CallToolRequestParams::new(POST_TOOL).with_arguments(arguments.as_object().cloned().unwrap_or_default());
        let answer = session.call_tool(request).await;
        // A session that can't be closed ends by itself.
        let _ = session.cancel().await;
        match answer {
            Ok(result) => read(&result),
            Err(_) => failed("the announcing server broke the call off; look there whether it was posted"),
        }
    }
}

/// What became of it, by the server's own account.
fn read(result: &CallToolResult) -> Announcement {
    let said = result.structured_content.as_ref();
    let text = |name: &str| said.and_then(|said| said.get(name)).and_then(Value::as_str).map(str::to_owned);
    if result.is_error == Some(true) {
        let words = text("message").or_else(|| result.content.first()?.as_text().map(|text| text.text.clone()));
        return failed(&words.unwrap_or_else(|| "the announcing server refused without a word".to_owned()));
    }
    let was_there = said.and_then(|said| said.get("created")) == Some(&Value::Bool(false));
    let state = if was_there { AnnouncementState::AlreadyPosted } else { AnnouncementState::Posted };
    Announcement { state, url: text("url"), reason: None }
}

fn failed(reason: &str) -> Announcement {
    Announcement { state: AnnouncementState::Failed, url: None, reason: Some(reason.to_owned()) }
}

/// One line of Slack's mrkdwn. The name is people's words: it calls nobody and opens no other link.
fn text(story: &CreatedStory, name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("New story <{}|{}>: {name}", story.url, story.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storys_name_stays_a_name() {
        let story = CreatedStory {
            story_id: 7,
            key: "sc-7".to_owned(),
            url: "https://app.shortcut.com/northwind/story/7".to_owned(),
            created: true,
            announcement: None,
        };
        assert_eq!(
            text(&story, "a <!channel>\n& b"),
            "New story <https://app.shortcut.com/northwind/story/7|sc-7>: a &lt;!channel&gt; &amp; b"
        );
    }
}
