//! Outgoing webhooks, version 1: <https://developer.shortcut.com/api/webhook/v1>.
//!
//! Each change is posted once to every registered address; the vendor documents no repetition.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::directory;
use super::workspace::{Comment, Story, own_id};
use crate::error::SandboxError;
use crate::faults::{Fault, FaultTable};

/// Time for a receiver to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A registered receiver.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) created: Timestamp,
}

/// Something that webhooks tell of.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    event: Value,
}

impl Happening {
    /// A story that was created or updated; `changes` is Shortcut's `{field: {new, old}}`.
    pub(super) fn of_story(story: &Story, action: &str, changes: Option<Value>) -> Self {
        let mut entry = json!({
            "id": story.id, "entity_type": "story", "action": action, "name": story.draft.name,
            "story_type": story.draft.story_type,
        });
        let mut mentioned = vec![story.draft.workflow_state_id];
        if let Some(changes) = changes {
            mentioned.extend(changes.pointer("/workflow_state_id/old").and_then(Value::as_u64));
            crate::json::set(&mut entry, "changes", changes);
        }
        let references: Vec<Value> = mentioned
            .into_iter()
            .filter_map(directory::state_with_id)
            .map(|(_, state)| json!({ "id": state.id, "entity_type": "workflow-state", "name": state.name }))
            .collect();
        Self::new(story.id, &[entry], references)
    }

    /// A comment that was made.
    pub(super) fn of_comment(comment: &Comment) -> Self {
        let made = json!({
            "id": comment.id, "entity_type": "story-comment", "action": "create", "author_id": comment.author_id,
            "text": comment.text,
        });
        let story = json!({
            "id": comment.story_id, "entity_type": "story", "action": "update",
            "changes": { "comment_ids": { "adds": [comment.id] } },
        });
        Self::new(comment.story_id, &[made, story], Vec::new())
    }

    fn new(primary_id: u64, actions: &[Value], references: Vec<Value>) -> Self {
        let now = Timestamp::now();
        let nanos = now.as_nanosecond().unsigned_abs();
        let mut event = json!({
            "id": uuid_of(nanos), "changed_at": now.to_string(), "primary_id": primary_id, "member_id": own_id(),
            "version": "v1", "actions": actions,
        });
        if !references.is_empty() {
            crate::json::set(&mut event, "references", references);
        }
        Self { event }
    }
}

/// A well-formed UUID out of a number that does not repeat.
fn uuid_of(number: u128) -> String {
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Posts events to receivers in the background.
#[derive(Debug)]
pub(super) struct WebhookSender {
    http: reqwest::Client,
    faults: FaultTable,
}

impl WebhookSender {
    pub(super) fn new(faults: FaultTable) -> Result<Self, SandboxError> {
        // A second installation fails harmlessly: the process then has its provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(SandboxError::HttpClient)?;
        Ok(Self { http, faults })
    }

    pub(super) fn send(&self, receivers: &[Webhook], happened: &Happening) {
        let body = happened.event.to_string();
        for receiver in receivers {
            let mut request =
                self.http.post(&receiver.url).header("content-type", "application/json").body(body.clone());
            if let Some(secret) = &receiver.secret {
                request = request.header("payload-signature", sign(secret, body.as_bytes()));
            }
            let fault = self.faults.decide("deliver:shortcut");
            tokio::spawn(deliver(request, fault));
        }
    }
}

async fn deliver(request: reqwest::RequestBuilder, fault: Option<Fault>) {
    let copies = match fault {
        Some(Fault::Status { .. } | Fault::Timeout { work_done: false, .. }) => return,
        Some(Fault::Delayed { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            1
        }
        Some(Fault::DuplicateDelivery) => 2,
        None | Some(Fault::LostResponse | Fault::Timeout { .. }) => 1,
    };
    for _ in 0..copies {
        let sent = match request.try_clone() {
            Some(request) => request.send().await,
            None => return,
        };
        if let Err(error) = sent.and_then(reqwest::Response::error_for_status) {
            tracing::debug!(error = %error.without_url(), "a webhook's receiver did not take the event");
        }
    }
}

/// The hex HMAC-SHA256 of the body.
fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so the error can't happen; an empty signature would be refused.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
