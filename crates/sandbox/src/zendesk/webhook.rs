//! The webhook that a trigger calls for each new ticket of a customer, signed and repeated as Zendesk does:
//! <https://developer.zendesk.com/documentation/webhooks/verifying/>,
//! <https://developer.zendesk.com/documentation/webhooks/monitoring/#webhook-retries>.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::account::Account;
use super::wire;
use crate::faults::{Fault, FaultTable};

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);
/// Attempts in all when the answer is a conflict, or does not come.
const ATTEMPTS_MAX: u32 = 4;

/// Where the webhook goes, and with which secret it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTarget {
    /// The address, such as `http://127.0.0.1:8080/helpdesk/zendesk`.
    pub url: String,
    /// The signing secret.
    pub secret: String,
}

/// One invocation of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookDelivery {
    /// The invocation's id; the same for every attempt.
    pub invocation: String,
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

    /// Delivers in the background, when the webhook is switched on and a runtime is there.
    pub(super) fn tell(&self, body: Value) {
        let target = self.shared.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(target), Ok(runtime)) = (target, tokio::runtime::Handle::try_current()) {
            let shared = Arc::clone(&self.shared);
            runtime.spawn(async move { shared.deliver(&target, body.to_string()).await });
        }
    }
}

impl Shared {
    async fn deliver(&self, target: &HookTarget, body: String) {
        let Ok(http) = reqwest::Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build() else {
            tracing::error!("the webhook's HTTP client could not be made");
            return;
        };
        let position = {
            let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            let invocation = format!("01SANDBOX{:06}", deliveries.len() + 1);
            deliveries.push(HookDelivery { invocation, attempts: 0, status: None });
            deliveries.len() - 1
        };
        for attempt in 1..=ATTEMPTS_MAX {
            let status = self.attempt(&http, target, &body, position).await;
            if let Some(delivery) = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).get_mut(position) {
                delivery.attempts = attempt;
                delivery.status = status;
            }
            // Zendesk repeats after a conflict or silence, nothing else.
            if status.is_some_and(|status| status != 409) {
                return;
            }
        }
    }

    async fn attempt(&self, http: &reqwest::Client, target: &HookTarget, body: &str, position: usize) -> Option<u16> {
        match self.faults.decide("deliver:zendesk") {
            None => self.post(http, target, body, position).await,
            Some(Fault::Delayed { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.post(http, target, body, position).await
            }
            Some(Fault::DuplicateDelivery) => {
                self.post(http, target, body, position).await;
                self.post(http, target, body, position).await
            }
            Some(Fault::LostResponse | Fault::Timeout { work_done: true, .. }) => {
                self.post(http, target, body, position).await;
                None
            }
            Some(Fault::Timeout { .. }) => None,
            Some(Fault::Status { status, .. }) => Some(status),
        }
    }

    async fn post(&self, http: &reqwest::Client, target: &HookTarget, body: &str, position: usize) -> Option<u16> {
        let invocation = {
            let deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            deliveries.get(position).map(|delivery| delivery.invocation.clone()).unwrap_or_default()
        };
        let timestamp = wire::time(Timestamp::now());
        let request = http
            .post(&target.url)
            .header("content-type", "application/json")
            .header("user-agent", "Zendesk Webhook")
            .header("x-zendesk-account-id", "1")
            .header("x-zendesk-webhook-id", "01SANDBOXHOOK")
            .header("x-zendesk-webhook-invocation-id", invocation)
            .header("x-zendesk-webhook-signature", sign(&target.secret, &timestamp, body))
            .header("x-zendesk-webhook-signature-timestamp", timestamp)
            .body(body.to_owned());
        request.send().await.ok().map(|response| response.status().as_u16())
    }
}

/// `base64(HMAC-SHA256("{timestamp}{body}"))`.
fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    // HMAC takes a key of any length, so the error can't happen; an empty signature would be refused.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    mac.update(body.as_bytes());
    BASE64.encode(mac.finalize().into_bytes())
}

/// The body that Deskbell's documentation asks the trigger to send.
pub(super) fn new_ticket(base_url: &str, account: &Account, id: u64) -> Value {
    let Some(ticket) = account.ticket(id) else {
        return Value::Null;
    };
    let requester = account.user(ticket.requester);
    json!({ "ticket": {
        "id": ticket.id.to_string(),
        "url": format!("{base_url}/agent/tickets/{id}"),
        "subject": ticket.subject,
        "description": ticket.description(),
        "requester": { "name": requester.map(|user| &user.name), "email": requester.map(|user| &user.email) },
    } })
}
