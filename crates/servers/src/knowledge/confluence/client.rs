//! HTTP to one Confluence site.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::config::{ConfluenceConfig, ConfluenceConfigError};
use crate::failure::ToolFailure;
use crate::jira::Credentials;
use crate::rest::{self, Effect};

/// An attachment's bytes at most.
const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// REST v2, on Cloud alone; and v1.
pub(super) const V2: &str = "/api/v2";
pub(super) const V1: &str = "/rest/api";

/// Query parameters in their order.
pub(super) type Query = Vec<(String, String)>;

/// An authenticated client for one site. Cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base_url: Url,
    authorization: HeaderValue,
}

impl Client {
    pub(super) fn new(config: &ConfluenceConfig) -> Result<Self, ConfluenceConfigError> {
        let http =
            rest::http_client(config.timeout).map_err(|error| ConfluenceConfigError::HttpClient(error.to_string()))?;
        let written = match &config.credentials {
            Credentials::Basic { user, secret } => {
                format!("Basic {}", BASE64.encode(format!("{user}:{}", secret.expose_secret())))
            }
            Credentials::Bearer(token) => format!("Bearer {}", token.expose_secret()),
        };
        let mut authorization = HeaderValue::from_str(&written)
            .map_err(|_| ConfluenceConfigError::HttpClient("the token holds signs that no header takes".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self { http, base_url: config.base_url.clone(), authorization })
    }

    /// The site's address without a slash at the end.
    pub(super) fn base(&self) -> &str {
        self.base_url.as_str().trim_end_matches('/')
    }

    pub(super) async fn get(&self, path: &str, query: &Query) -> Result<Value, ToolFailure> {
        let request = self.request(Method::GET, path).query(query);
        Ok(rest::send("Confluence", request, Effect::Repeatable, explain).await?.body)
    }

    /// As [`Self::get`]; nothing where there is no such thing, or the account may not see it.
    pub(super) async fn find(&self, path: &str, query: &Query) -> Result<Option<Value>, ToolFailure> {
        match self.get(path, query).await {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.http_status == Some(404) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A question that is too long for an address.
    pub(super) async fn ask(&self, path: &str, body: &Value) -> Result<Value, ToolFailure> {
        let request = self.request(Method::POST, path).json(body);
        Ok(rest::send("Confluence", request, Effect::Repeatable, explain).await?.body)
    }

    /// A file, wherever the site keeps it; nothing for one that is gone or too large. Another place is asked without
    /// credentials: its address is the permission.
    pub(super) async fn file(&self, path: &str) -> Result<Option<Vec<u8>>, ToolFailure> {
        let mut response = sent(self.request(Method::GET, path)).await?;
        if response.status().is_redirection() {
            let target = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let target = target.and_then(|to| response.url().join(to).ok());
            // Never from https to http.
            let Some(target) = target.filter(|to| to.scheme() == "https" || to.scheme() == self.base_url.scheme())
            else {
                return Ok(None);
            };
            response = sent(self.http.get(target)).await?;
        }
        match response.status() {
            status if status.is_success() => bounded(response).await,
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(None),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
                let wait = wait.map(std::time::Duration::from_secs);
                Err(ToolFailure::transient("Confluence is limiting the rate of requests", wait))
            }
            status => Err(ToolFailure::transient(format!("Confluence answered {status} for a file"), None)),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base());
        self.http.request(method, url).header(AUTHORIZATION, self.authorization.clone())
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, ToolFailure> {
    request.send().await.map_err(|_| ToolFailure::transient("Confluence did not answer for a file", None))
}

async fn bounded(mut response: Response) -> Result<Option<Vec<u8>>, ToolFailure> {
    let mut bytes = Vec::new();
    loop {
        let broken = |_| ToolFailure::transient("Confluence broke off within a file", None);
        match response.chunk().await.map_err(broken)? {
            None => return Ok(Some(bytes)),
            Some(chunk) if bytes.len() + chunk.len() <= FILE_BYTES_MAX => bytes.extend_from_slice(&chunk),
            Some(_) => return Ok(None),
        }
    }
}

/// Words a 4xx answer. What Confluence says may name a page, so its words are not passed on.
fn explain(status: StatusCode, _: &Value) -> ToolFailure {
    ToolFailure::permanent(match status {
        StatusCode::UNAUTHORIZED => {
            "Confluence refused the credentials; check the account and its token in DESKBELL_CONFLUENCE_…".to_owned()
        }
        StatusCode::FORBIDDEN => {
            "the Confluence account lacks a permission: it must see the spaces, their permissions and the groups"
                .to_owned()
        }
        StatusCode::NOT_FOUND => "Confluence has no such object, or the account may not see it".to_owned(),
        _ => format!("Confluence refused a request ({status})"),
    })
}

/// The query of the next page, from the address that Confluence gives for it.
pub(super) fn next(answer: &Value) -> Option<Query> {
    let address = answer.pointer("/_links/next")?.as_str()?;
    let (_, query) = address.split_once('?')?;
    Some(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

/// The items of a page.
pub(super) fn results(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.get("results").and_then(Value::as_array).into_iter().flatten()
}

/// A text of a JSON object.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// One pair of a query.
#[allow(clippy::needless_pass_by_value)] // Numbers and texts alike, as they are.
pub(super) fn pair(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}
