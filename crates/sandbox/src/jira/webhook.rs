//! Webhooks about issues, signed and repeated as Jira does:
//! <https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks>.
//!
//! The signature is the header `X-Hub-Signature: sha256=<hex HMAC-SHA256 of the body>`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::door::Face;
use super::history::{Change, Happening};
use super::site::Site;
use super::wire;
use crate::faults::{Fault, FaultTable};

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);
/// Attempts in all; Jira repeats up to five times, minutes apart, the box at once.
const ATTEMPTS_MAX: u32 = 6;
/// The answers after which Jira repeats, besides every 5xx.
const REPEATED: [u16; 4] = [408, 409, 425, 429];

/// Where the webhooks go, and with which secret they are signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTarget {
    /// The address, such as `http://127.0.0.1:8080/webhooks/jira`.
    pub url: String,
    /// The secret that the webhook was registered with.
    pub secret: String,
}

/// One webhook that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookDelivery {
    /// Its identifier; the same for every attempt.
    pub identifier: String,
    /// Attempts so far.
    pub attempts: u32,
    /// HTTP status of the last answer; `None` when none came.
    pub status: Option<u16>,
}

#[derive(Debug)]
pub(super) struct Hook {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<Option<HookTarget>>,
    deliveries: Mutex<Vec<HookDelivery>>,
    faults: FaultTable,
}

impl Hook {
    pub(super) fn new(faults: FaultTable) -> Self {
        Self { shared: Arc::new(Shared { target: Mutex::default(), deliveries: Mutex::default(), faults }) }
    }

    pub(super) fn set_target(&self, target: Option<HookTarget>) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    pub(super) fn deliveries(&self) -> Vec<HookDelivery> {
        self.shared.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Delivers in the background, when webhooks are switched on and a runtime is there.
    pub(super) fn tell(&self, body: &Value) {
        let target = self.shared.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(target), Ok(runtime)) = (target, tokio::runtime::Handle::try_current()) {
            let shared = Arc::clone(&self.shared);
            let body = body.to_string();
            runtime.spawn(async move { shared.deliver(&target, body).await });
        }
    }
}

impl Shared {
    async fn deliver(&self, target: &HookTarget, body: String) {
        let Ok(http) = reqwest::Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build() else {
            tracing::error!("the webhook's HTTP client could not be made");
            return;
        };
        let (position, identifier) = {
            let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            let identifier = format!("sandbox-{:06}", deliveries.len() + 1);
            deliveries.push(HookDelivery { identifier: identifier.clone(), attempts: 0, status: None });
            (deliveries.len() - 1, identifier)
        };
        for attempt in 1..=ATTEMPTS_MAX {
            let status = self.attempt(&http, target, &body, &identifier).await;
            if let Some(delivery) = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).get_mut(position) {
                delivery.attempts = attempt;
                delivery.status = status;
            }
            if status.is_some_and(|status| status < 500 && !REPEATED.contains(&status)) {
                return;
            }
        }
    }

    async fn attempt(&self, http: &reqwest::Client, target: &HookTarget, body: &str, identifier: &str) -> Option<u16> {
        let post = || post(http, target, body, identifier);
        match self.faults.decide("deliver:jira") {
            None => post().await,
            Some(Fault::Delayed { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                post().await
            }
            Some(Fault::DuplicateDelivery) => {
                post().await;
                post().await
            }
            Some(Fault::LostResponse | Fault::Timeout { work_done: true, .. }) => {
                post().await;
                None
            }
            Some(Fault::Timeout { .. }) => None,
            Some(Fault::Status { status, .. }) => Some(status),
        }
    }
}

async fn post(http: &reqwest::Client, target: &HookTarget, body: &str, identifier: &str) -> Option<u16> {
    let request = http
        .post(&target.url)
        .header("content-type", "application/json; charset=UTF-8")
        .header("user-agent", "Atlassian Webhook HTTP Client")
        .header("x-atlassian-webhook-identifier", identifier)
        .header("x-hub-signature", format!("sha256={}", sign(&target.secret, body.as_bytes())))
        .body(body.to_owned());
    request.send().await.ok().map(|response| response.status().as_u16())
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

/// What Jira posts of it.
pub(super) fn body(face: Face<'_>, site: &Site, happening: &Happening) -> Value {
    let issue = site.issue(&happening.key).map(|issue| wire::issue(face, site, issue, &["*all".to_owned()]));
    let own = site.own_account_id();
    let author = happening.change.as_ref().map_or(own.as_str(), |change| change.author.as_str());
    let user = site.account(author).map(|account| wire::account(face, account));
    let at = happening.change.as_ref().map_or_else(jiff::Timestamp::now, |change| change.created);
    let mut body = json!({
        "timestamp": at.as_millisecond(),
        "webhookEvent": if happening.change.is_some() { "jira:issue_updated" } else { "jira:issue_created" },
        "issue_event_type_name": if happening.change.is_some() { "issue_generic" } else { "issue_created" },
        "user": user,
        "issue": issue,
    });
    if let Some(change) = &happening.change {
        crate::json::set(&mut body, "changelog", changelog(change));
    }
    body
}

fn changelog(change: &Change) -> Value {
    json!({ "id": change.id.to_string(), "items": wire::changed_fields(change) })
}
