//! One HTTP exchange with a vendor, turned into a value or a [`ToolFailure`].
//!
//! Nothing is retried and nothing sleeps here: `Retry-After` is reported to the caller.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::failure::ToolFailure;

/// The largest response body that is read, in bytes; a larger one is refused.
const RESPONSE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Idle connections kept per vendor host.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// Time to establish a connection; short, because a failure here is certain to have had no effect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a request does at the vendor when it is sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only, or sets a value: repeating it changes nothing more.
    Repeatable,
    /// Adds something: repeating it adds it again, so a lost answer is an unknown outcome.
    Once,
}

/// A JSON response with a 2xx status. `body` is `Null` when there is none.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The decoded JSON body.
    pub body: Value,
    /// The response's headers.
    pub headers: HeaderMap,
}

/// Reads a vendor's error body into a failure that needs no classification by status.
pub type ExplainError = fn(StatusCode, &Value) -> ToolFailure;

/// The pooled HTTP client for one vendor.
///
/// # Errors
/// [`reqwest::Error`] when no TLS provider is installed or the system's roots can't be read.
pub fn http_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        // A redirect could carry credentials elsewhere, or turn a POST into a GET.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("deskbell/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends one request and classifies its outcome.
///
/// # Errors
/// [`ToolFailure`]; `explain` words the vendor's 4xx answers, everything else is worded here.
pub async fn send(
    vendor: &str,
    request: RequestBuilder,
    effect: Effect,
    explain: ExplainError,
) -> Result<Answer, ToolFailure> {
    let response = request.send().await.map_err(|error| transport_failure(vendor, &error, effect))?;
    let status = response.status();
    let headers = response.headers().clone();
    let retry_after = retry_after(&headers);
    let bytes = read_bounded(vendor, response, effect).await;
    if status.is_success() {
        return Ok(Answer { status, body: decode_success(vendor, status, &bytes?, effect)?, headers });
    }
    let body = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
    Err(status_failure(vendor, status, retry_after, &body, effect, explain))
}

fn decode_success(vendor: &str, status: StatusCode, bytes: &[u8], effect: Effect) -> Result<Value, ToolFailure> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|_| {
        lost_answer(&format!("{vendor} answered {status} with a body that is not JSON"), effect)
            .with_status(status.as_u16())
    })
}

/// Reads the body up to [`RESPONSE_BYTES_MAX`], so that no answer can exhaust memory.
async fn read_bounded(vendor: &str, mut response: Response, effect: Effect) -> Result<Vec<u8>, ToolFailure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= RESPONSE_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                let what = format!("{vendor} answered with more than {RESPONSE_BYTES_MAX} bytes");
                return Err(match effect {
                    // The same question has the same answer.
                    Effect::Repeatable => ToolFailure::permanent(format!("{what}; ask for less at once")),
                    Effect::Once => lost_answer(&what, effect),
                });
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(transport_failure(vendor, &error, effect)),
        }
    }
}

/// Only a failure to connect is certain to have had no effect at the vendor.
fn transport_failure(vendor: &str, error: &reqwest::Error, effect: Effect) -> ToolFailure {
    if error.is_builder() {
        return ToolFailure::permanent(format!(
            "the request to {vendor} could not be built; check its base URL and credentials"
        ));
    }
    if error.is_connect() {
        return ToolFailure::transient(
            format!("{vendor} could not be reached; check its base URL and the network"),
            None,
        );
    }
    let what = if error.is_timeout() { "did not answer in time" } else { "closed the connection before answering" };
    lost_answer(&format!("{vendor} {what}"), effect)
}

fn lost_answer(what: &str, effect: Effect) -> ToolFailure {
    match effect {
        Effect::Repeatable => ToolFailure::transient(format!("{what}; try again later"), None),
        Effect::Once => ToolFailure::unknown(format!(
            "{what}: the change may or may not have been made. \
             Look it up by its idempotency key before repeating the call"
        )),
    }
}

fn status_failure(
    vendor: &str,
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &Value,
    effect: Effect,
    explain: ExplainError,
) -> ToolFailure {
    let failure = match status {
        StatusCode::TOO_MANY_REQUESTS => ToolFailure::transient(
            format!("{vendor} is limiting the rate of requests; wait before the next one"),
            retry_after,
        ),
        StatusCode::REQUEST_TIMEOUT => lost_answer(&format!("{vendor} timed out"), effect),
        // A gateway may answer 5xx for a request that was carried out behind it.
        _ if status.is_server_error() => {
            let mut failure = lost_answer(&format!("{vendor} answered {status}"), effect);
            failure.retry_after_seconds = retry_after.map(|wait| wait.as_secs());
            failure
        }
        // 300 carries a body that says among what there is to choose.
        _ if status.is_redirection() && status != StatusCode::MULTIPLE_CHOICES => ToolFailure::permanent(format!(
            "{vendor} answered with a redirect ({status}); set its base URL to the final address"
        )),
        _ => explain(status, body),
    };
    failure.with_status(status.as_u16())
}

/// `Retry-After` in its form of whole seconds; vendors' APIs do not send the date form.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
