//! Jira's REST APIs: paths, JSON, paging and what differs between the editions, and nothing about tools.
//!
//! [`issues`] is what is done with one issue, [`lists`] what a site has besides. Cloud answers below `/rest/api/3`, Data
//! Center below `/rest/api/2`, Jira Software's boards and sprints in both below `/rest/agile/1.0`.

pub(super) mod issues;
mod lists;

use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::config::{Credentials, Edition, JiraConfig, JiraConfigError};
use super::error::explain;
use super::{adf, wiki};
use crate::failure::ToolFailure;
use crate::rest::{self, Effect};

/// The version of Jira Software's API.
const AGILE: [&str; 3] = ["rest", "agile", "1.0"];

/// An authenticated client for one site. Cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub struct JiraClient {
    http: reqwest::Client,
    base_url: Url,
    edition: Edition,
    credentials: Credentials,
}

/// Some of the items that a request asked for.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    /// What to ask for the next page with; nothing on the last one.
    pub(super) next: Option<String>,
    /// How many there are in all, when Jira says so.
    pub(super) total: Option<u64>,
}

/// Which page: how many items, and where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) size: u32,
    /// `next` of the page before.
    pub(super) token: Option<&'a str>,
}

impl Window<'_> {
    /// The place of the page's first item, for APIs that page by offsets.
    pub(super) fn start(self) -> Result<u64, ToolFailure> {
        self.token.map_or(Ok(0), |token| {
            token.parse().map_err(|_| {
                ToolFailure::permanent(
                    "next_page_token is not one that this tool gave; leave it out for the first page",
                )
            })
        })
    }

    /// This page of a list that Jira answers whole.
    pub(super) fn of(self, all: Vec<Value>) -> Result<Page, ToolFailure> {
        let start = self.start()?;
        let total = all.len() as u64;
        let skipped = usize::try_from(start).unwrap_or(usize::MAX);
        let items: Vec<Value> = all.into_iter().skip(skipped).take(self.size as usize).collect();
        let end = start.saturating_add(items.len() as u64);
        Ok(Page { items, next: (end < total).then(|| end.to_string()), total: Some(total) })
    }
}

impl JiraClient {
    /// A client for the configured site; makes no request.
    ///
    /// # Errors
    /// [`JiraConfigError`] when the base URL can't carry a path, or TLS can't be set up.
    pub fn new(config: JiraConfig) -> Result<Self, JiraConfigError> {
        if config.base_url.cannot_be_a_base() {
            return Err(JiraConfigError::BadUrl);
        }
        let http = rest::http_client(config.timeout).map_err(|error| JiraConfigError::HttpClient(error.to_string()))?;
        Ok(Self { http, base_url: config.base_url, edition: config.edition, credentials: config.credentials })
    }

    /// Where a person opens the issue.
    pub fn browse_url(&self, issue_key: &str) -> String {
        self.address(&["browse", issue_key]).into()
    }

    /// A Markdown text in the edition's form: a document or wiki markup.
    pub(super) fn text(&self, markdown: &str) -> Value {
        match self.edition {
            Edition::Cloud => adf::from_markdown(markdown),
            Edition::DataCenter => wiki::from_markdown(markdown).into(),
        }
    }

    /// The words of a text in the edition's form; nothing when there is no text.
    pub(super) fn plain(text: &Value) -> Option<String> {
        match text {
            Value::String(markup) => Some(wiki::plain_text(markup)),
            Value::Object(_) => Some(adf::plain_text(text)),
            _ => None,
        }
    }

    /// What names a person in a request: by account id, on Data Center by user name.
    pub(super) fn person(&self, id: Option<&str>) -> Value {
        match self.edition {
            Edition::Cloud => json!({ "accountId": id }),
            Edition::DataCenter => json!({ "name": id }),
        }
    }

    /// The account id of a person in an answer, on Data Center the user name.
    pub(super) fn person_id(&self, person: &Value) -> Option<String> {
        let name = match self.edition {
            Edition::Cloud => "accountId",
            Edition::DataCenter => "name",
        };
        person.get(name)?.as_str().map(str::to_owned)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let version = match self.edition {
            Edition::Cloud => "3",
            Edition::DataCenter => "2",
        };
        self.request_at(method, &["rest", "api", version], path)
    }

    fn agile(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.request_at(method, &AGILE, path)
    }

    fn request_at(&self, method: Method, prefix: &[&str], path: &[&str]) -> RequestBuilder {
        let segments: Vec<&str> = prefix.iter().chain(path).copied().collect();
        let request = self.http.request(method, self.address(&segments));
        match &self.credentials {
            Credentials::Basic { user, secret } => request.basic_auth(user, Some(secret.expose_secret())),
            Credentials::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    /// The base URL with the segments behind it, each percent-encoded, so that a key can't change
    /// the path.
    fn address(&self, segments: &[&str]) -> Url {
        let mut address = self.base_url.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        address
    }

    async fn send(&self, request: RequestBuilder, effect: Effect) -> Result<Value, ToolFailure> {
        let answer = rest::send("Jira", request, effect, explain).await?;
        Ok(answer.body)
    }

    async fn read(&self, request: RequestBuilder) -> Result<Value, ToolFailure> {
        self.send(request, Effect::Repeatable).await
    }

    /// A page of an API that takes `startAt` and `maxResults` and holds its items under one of `names`.
    async fn offset_page(
        &self,
        request: RequestBuilder,
        window: Window<'_>,
        names: &[&str],
    ) -> Result<Page, ToolFailure> {
        let start = window.start()?;
        let body = self.read(request.query(&[("startAt", start), ("maxResults", u64::from(window.size))])).await?;
        let items = names.iter().find_map(|name| body.get(name)?.as_array()).cloned().unwrap_or_default();
        let total = body.get("total").and_then(Value::as_u64);
        let end = start.saturating_add(items.len() as u64);
        let more = match (body.get("isLast").and_then(Value::as_bool), total) {
            (Some(last), _) => !last,
            (None, Some(total)) => end < total,
            (None, None) => false,
        };
        Ok(Page { next: (more && !items.is_empty()).then(|| end.to_string()), items, total })
    }
}

fn list(body: &Value, name: &str) -> Vec<Value> {
    let items = body.get(name).and_then(Value::as_array);
    items.cloned().unwrap_or_default()
}
