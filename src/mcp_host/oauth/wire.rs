//! The requests to authorization servers: https only, no redirects, bounded in time and size.

use std::time::Duration;

use futures_util::StreamExt;
use http::{Response, StatusCode, header};
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientFuture, OAuthHttpRequest};
use url::Url;

use super::SignInError;
use crate::mcp_host::spec::is_loopback;

/// Time for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Speaks with authorization servers on behalf of one MCP server.
pub(super) struct Wire {
    client: reqwest::Client,
    /// The MCP server is on this machine, so its authorization server may be, and speak plain http there.
    may_stay_here: bool,
}

/// What a request was refused for.
#[derive(Debug, thiserror::Error)]
enum WireError {
    #[error("{0} is not https, so no secret is sent there")]
    NotHttps(String),
    #[error("the answer of {0} is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong(String),
}

impl Wire {
    pub fn new(server: &Url) -> Result<Self, SignInError> {
        let client = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SignInError::failed(format!("the HTTP client could not be made: {error}")))?;
        Ok(Self { client, may_stay_here: is_loopback(server) })
    }

    /// Whether what is secret may be sent to an address that metadata names.
    pub fn allows(server: &Url, address: &Url) -> bool {
        address.scheme() == "https" || (address.scheme() == "http" && is_loopback(server) && is_loopback(address))
    }

    /// What the MCP server says to who comes without a token: some say it only to a message, not to a mere look.
    pub async fn challenge(&self, server: &Url) -> Option<String> {
        let ping = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let accept = (header::ACCEPT, "application/json, text/event-stream");
        let answer = self.client.post(server.clone()).header(accept.0, accept.1).json(&ping).send().await.ok()?;
        let challenges = answer.headers().get_all(header::WWW_AUTHENTICATE).into_iter();
        let texts: Vec<&str> = challenges.filter_map(|challenge| challenge.to_str().ok()).collect();
        let chosen = texts.iter().find(|text| text.contains("resource_metadata")).or(texts.first());
        chosen.filter(|_| answer.status() == StatusCode::UNAUTHORIZED).map(|text| (*text).to_owned())
    }

    async fn sent(
        &self,
        request: OAuthHttpRequest,
    ) -> Result<Response<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        let request = reqwest::Request::try_from(request.request)?;
        let url = request.url().clone();
        let is_allowed = url.scheme() == "https" || (self.may_stay_here && is_loopback(&url));
        if !is_allowed {
            return Err(WireError::NotHttps(url.origin().ascii_serialization()).into());
        }
        let answer = self.client.execute(request).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(WireError::TooLong(url.origin().ascii_serialization()).into());
            }
            body.extend_from_slice(&piece);
        }
        Ok(response.body(body)?)
    }
}

impl OAuthHttpClient for Wire {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(self.sent(request))
    }
}
