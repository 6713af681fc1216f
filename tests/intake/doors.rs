//! Deskbell's doors on a free port, with their own store.

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deskbell::intake::config::{IntakeConfig, Watched};
use deskbell::intake::{IntakeState, router};
use deskbell::slack::{SlackClient, SlackConfig};
use deskbell::store::{MasterKey, Store, StoreConfig, StoredEvent};
use deskbell_domain::ids::WorkspaceId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use sha2::Sha256;

use super::slack_api::SlackApi;

pub const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub const OLD_SECRET: &str = "0000000000000000000000000000000a";
pub const ZENDESK_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
pub const HOME: &str = "T061EG9R6";

pub struct Doors {
    pub address: SocketAddr,
    pub store: Store,
    pub slack: SlackApi,
    pub state: IntakeState,
    pub http: reqwest::Client,
    pub folder: tempfile::TempDir,
}

/// As a support team would set it: one channel, one emoji.
pub fn config() -> IntakeConfig {
    let mut config = IntakeConfig::new(HOME.into(), SecretString::from(SECRET));
    config.previous_signing_secret = Some(SecretString::from(OLD_SECRET));
    config.body_limit_bytes = 64 * 1024;
    config.helpdesk.zendesk_signing_secret = Some(SecretString::from(ZENDESK_SECRET));
    config.helpdesk.generic_secrets = vec![SecretString::from(GENERIC_SECRET)];
    config.watched = Watched {
        channels: ["C0HELP".into()].into(),
        triage_emoji: ["ticket".to_owned()].into(),
        bot_user_id: Some("U0BOT".into()),
    };
    config
}

pub const GENERIC_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Doors {
    pub async fn open() -> Self {
        Self::open_with(config()).await
    }

    pub async fn open_with(config: IntakeConfig) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let slack = SlackApi::start().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskbell.db");
        let store = Store::open(&StoreConfig::new(path), MasterKey::from_bytes([7; 32])).unwrap();
        let client = SlackConfig {
            api_url: slack.url(),
            bot_token: SecretString::from("xoxb-test"),
            call_timeout: Duration::from_secs(5),
        };
        let loading = json!({ "type": "modal", "title": { "type": "plain_text", "text": "One moment" }, "blocks": [] });
        let client = Arc::new(SlackClient::new(&client, loading).unwrap());
        let state = IntakeState::new(config, store.clone(), client);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(state.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, store, slack, state, http: reqwest::Client::new(), folder }
    }

    /// A request without any signature.
    pub fn unsigned(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.http.post(format!("http://{}{path}", self.address)).body(body)
    }

    /// A request signed as Slack signs, now.
    pub fn signed(&self, path: &str, body: &[u8]) -> reqwest::RequestBuilder {
        self.signed_at(path, body, Timestamp::now().as_second(), SECRET)
    }

    pub fn signed_at(&self, path: &str, body: &[u8], seconds: i64, secret: &str) -> reqwest::RequestBuilder {
        self.unsigned(path, body.to_vec())
            .header("x-slack-request-timestamp", seconds.to_string())
            .header("x-slack-signature", signature(body, &seconds.to_string(), secret))
    }

    pub async fn recorded(&self, workspace: &str, key: &str) -> Option<StoredEvent> {
        self.store.event(&WorkspaceId::from(workspace), &key.into()).await.unwrap()
    }

    /// How many events are on disk, with a body or without.
    pub fn events_on_disk(&self) -> usize {
        let file = rusqlite::Connection::open(self.folder.path().join("deskbell.db")).unwrap();
        file.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, u32>(0)).unwrap() as usize
    }

    /// How many jobs wait: one for each event that will be interpreted.
    pub async fn waiting_jobs(&self) -> usize {
        let later = Timestamp::now() + jiff::SignedDuration::from_secs(1);
        self.store
            .claim(
                later,
                "test",
                deskbell_domain::workflow::effect::Lane::Desk,
                jiff::SignedDuration::from_secs(60),
                1000,
            )
            .await
            .unwrap()
            .len()
    }
}

/// `v0=` and the HMAC in hex.
pub fn signature(body: &[u8], timestamp: &str, secret: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("v0:{timestamp}:")).chain_update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// Zendesk's: base64 of the HMAC over timestamp and body.
pub fn zendesk_signature(body: &[u8], timestamp: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(ZENDESK_SECRET.as_bytes()).unwrap();
    STANDARD.encode(mac.chain_update(timestamp).chain_update(body).finalize().into_bytes())
}

/// As Slack posts an interaction.
pub fn form_payload(payload: &str) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", payload).finish().into_bytes()
}

/// As Slack posts a command: an object's fields as a form.
pub fn form(fields: &serde_json::Value) -> Vec<u8> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().unwrap() {
        form.append_pair(name, value.as_str().unwrap());
    }
    form.finish().into_bytes()
}

/// A file of `tests/fixtures/slack/`, without `.json`.
pub fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/slack");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}
