//! One HTTP exchange with a model's service. Nothing is retried here and nothing waits longer than it may.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::call::LlmError;
use super::provider::Provider;

/// The largest answer that is read, in bytes.
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;
/// Time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Anthropic's own status for "overloaded".
const OVERLOADED: u16 = 529;

/// What an exchange says about the health of the service.
#[derive(Debug)]
pub(super) enum Exchange {
    /// It answered with success.
    Answered(Vec<u8>),
    /// It answered, and will not do it.
    Declined(LlmError),
    /// It wants to be left alone.
    Paused(Option<Duration>),
    /// It could not be reached, broke, or was too slow.
    Failed {
        reason: String,
        /// When it asked to be tried again.
        retry_after: Option<Duration>,
        /// It may have answered, and charged for it.
        may_be_charged: bool,
    },
}

/// The pooled client. Redirects are not followed: one could carry the key elsewhere.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("deskbell/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends a request and reads the answer, all of it within `timeout`.
pub(super) async fn exchange(
    client: &Client,
    provider: &Provider,
    address: &str,
    body: &Value,
    timeout: Duration,
) -> Exchange {
    // A header that can't be sent is a key with a line break in it.
    let Some(headers) = headers(provider) else {
        let reason = "its key can't be sent in a header: correct what [llm] key refers to".to_owned();
        return Exchange::Declined(LlmError::Rejected { reason });
    };
    let request = client.post(address).headers(headers).json(body);
    let asking = async {
        let response = request.send().await.map_err(|error| failed(&error))?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        Ok((status, retry_after, read_bounded(response).await?))
    };
    match tokio::time::timeout(timeout, asking).await {
        Err(_) => {
            let reason = format!("no answer within {:.1} s", timeout.as_secs_f64());
            Exchange::Failed { reason, retry_after: None, may_be_charged: true }
        }
        Ok(Err(exchange)) => exchange,
        Ok(Ok((status, retry_after, bytes))) => classified(provider, status, retry_after, bytes),
    }
}

fn headers(provider: &Provider) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in provider.headers() {
        let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Some(headers)
}

fn failed(error: &reqwest::Error) -> Exchange {
    if error.is_builder() {
        let reason = "the request could not be built: correct [llm] base_url".to_owned();
        return Exchange::Declined(LlmError::Rejected { reason });
    }
    let reason = if error.is_connect() { "it can't be reached" } else { "the connection broke" };
    Exchange::Failed { reason: reason.to_owned(), retry_after: None, may_be_charged: !error.is_connect() }
}

/// Reads the body as it comes, so that no answer can exhaust memory.
async fn read_bounded(mut response: Response) -> Result<Vec<u8>, Exchange> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= RESPONSE_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let reason = format!("it is longer than {RESPONSE_BYTES_MAX} bytes");
                return Err(Exchange::Declined(LlmError::Unreadable { reason }));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(failed(&error)),
        }
    }
}

fn classified(provider: &Provider, status: StatusCode, retry_after: Option<Duration>, bytes: Vec<u8>) -> Exchange {
    if status.is_success() {
        return Exchange::Answered(bytes);
    }
    let code = status.as_u16();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Exchange::Paused(retry_after);
    }
    let passes = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY);
    if status.is_server_error() || code == OVERLOADED || passes {
        return Exchange::Failed { reason: format!("it answered {code}"), retry_after, may_be_charged: false };
    }
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    if Provider::refuses_content(&body) {
        return Exchange::Declined(LlmError::Refused { reason: "the service's content filter stopped it".to_owned() });
    }
    let mend = match code {
        401 | 403 => "correct what [llm] key refers to".to_owned(),
        404 => format!("correct [llm] base_url, or model `{}`", provider.model),
        300..=399 => "set [llm] base_url to the final address".to_owned(),
        402 => "the account has no credit left".to_owned(),
        413 => "the request is too long for it".to_owned(),
        _ => {
            "it does not take a setting of [llm]: try structured = \"json_object\", or leave temperature out".to_owned()
        }
    };
    Exchange::Declined(LlmError::Rejected { reason: format!("it answered {code}; {mend}") })
}

/// What is asked for beyond this is taken for this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// `Retry-After` in whole seconds, and the milliseconds that `OpenAI` and Azure add.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let millis = number("retry-after-ms").map(Duration::from_millis);
    let told = millis.or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs));
    // Nobody waits longer, and no sum overflows.
    told.map(|told| told.min(RETRY_AFTER_MAX))
}
