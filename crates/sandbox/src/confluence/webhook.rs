//! Webhooks, signed as Data Center does: `X-Hub-Signature: sha256=<hex HMAC-SHA256 of the body>`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::faults::{Fault, FaultTable};

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);

/// Where the webhooks go, and with which secret they are signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTarget {
    /// The address, such as `http://127.0.0.1:8090/webhooks/confluence`.
    pub url: String,
    /// The secret that the webhook was registered with.
    pub secret: String,
}

#[derive(Debug)]
pub(super) struct Hook {
    target: Arc<Mutex<Option<HookTarget>>>,
    faults: FaultTable,
}

impl Hook {
    pub(super) fn new(faults: FaultTable) -> Self {
        Self { target: Arc::default(), faults }
    }

    pub(super) fn set_target(&self, target: Option<HookTarget>) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Delivers in the background, once, as Data Center does; when webhooks are switched on and a runtime is there.
    pub(super) fn tell(&self, body: &Value) {
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(target), Ok(runtime)) = (target, tokio::runtime::Handle::try_current()) else { return };
        let (body, fault) = (body.to_string(), self.faults.decide("deliver:confluence"));
        runtime.spawn(async move {
            let times = match fault {
                None | Some(Fault::LostResponse) => 1,
                Some(Fault::DuplicateDelivery) => 2,
                Some(Fault::Delayed { ms }) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    1
                }
                Some(Fault::Status { .. } | Fault::Timeout { .. }) => 0,
            };
            for _ in 0..times {
                post(&target, &body).await;
            }
        });
    }
}

async fn post(target: &HookTarget, body: &str) {
    let Ok(http) = reqwest::Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build() else {
        tracing::error!("the webhook's HTTP client could not be made");
        return;
    };
    let request = http
        .post(&target.url)
        .header("content-type", "application/json")
        .header("x-hub-signature", format!("sha256={}", sign(&target.secret, body.as_bytes())))
        .body(body.to_owned());
    if let Err(error) = request.send().await {
        tracing::debug!(%error, "a webhook did not arrive");
    }
}

fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so the error can't happen; an empty signature would be refused.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
