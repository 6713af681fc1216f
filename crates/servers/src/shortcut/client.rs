//! Shortcut's REST API v3: paths, JSON and paging, and nothing about tools.

use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;

use super::error::explain;
use super::{ShortcutConfig, ShortcutConfigError};
use crate::failure::ToolFailure;
use crate::rest::{self, Effect};

/// An authenticated client for one workspace. Cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub struct ShortcutClient {
    http: reqwest::Client,
    base_url: Url,
    api_token: HeaderValue,
}

impl ShortcutClient {
    /// A client for the configured workspace; makes no request.
    ///
    /// # Errors
    /// [`ShortcutConfigError`] when the base URL can't carry a path, the token is no header value, or TLS can't be set up.
    pub fn new(config: ShortcutConfig) -> Result<Self, ShortcutConfigError> {
        if config.base_url.cannot_be_a_base() {
            return Err(ShortcutConfigError::BadUrl);
        }
        let mut api_token =
            HeaderValue::from_str(config.api_token.expose_secret()).map_err(|_| ShortcutConfigError::BadToken)?;
        api_token.set_sensitive(true);
        let http =
            rest::http_client(config.timeout).map_err(|error| ShortcutConfigError::HttpClient(error.to_string()))?;
        Ok(Self { http, base_url: config.base_url, api_token })
    }

    /// `POST /stories` -> the story.
    pub(super) async fn create_story(&self, fields: &Map<String, Value>) -> Result<Value, ToolFailure> {
        self.send(self.request(Method::POST, &["stories"]).json(fields), Effect::Once).await
    }

    /// `GET /stories/{id}` -> the story with its description and comments.
    pub(super) async fn story(&self, id: u64) -> Result<Value, ToolFailure> {
        self.send(self.request(Method::GET, &["stories", &id.to_string()]), Effect::Repeatable).await
    }

    /// `PUT /stories/{id}` with the given fields -> the story.
    pub(super) async fn update_story(&self, id: u64, fields: &Map<String, Value>) -> Result<Value, ToolFailure> {
        let request = self.request(Method::PUT, &["stories", &id.to_string()]);
        self.send(request.json(fields), Effect::Repeatable).await
    }

    /// `GET /stories/{id}/comments` -> all comments; they are there as soon as they are made.
    pub(super) async fn comments(&self, id: u64) -> Result<Vec<Value>, ToolFailure> {
        self.list(&["stories", &id.to_string(), "comments"]).await
    }

    /// `POST /stories/{id}/comments` -> the comment.
    pub(super) async fn add_comment(&self, id: u64, text: &str, mark: Option<&str>) -> Result<Value, ToolFailure> {
        let mut comment = Map::from_iter([("text".to_owned(), json!(text))]);
        comment.extend(mark.map(|mark| ("external_id".to_owned(), json!(mark))));
        let request = self.request(Method::POST, &["stories", &id.to_string(), "comments"]);
        self.send(request.json(&comment), Effect::Once).await
    }

    /// `POST /stories/search` -> the oldest story with this `external_id`, which Shortcut does not keep unique.
    pub(super) async fn story_with_mark(&self, mark: &str) -> Result<Option<Value>, ToolFailure> {
        let request = self.request(Method::POST, &["stories", "search"]).json(&json!({ "external_id": mark }));
        let found = self.send(request, Effect::Repeatable).await?;
        let id = |story: &Value| story.get("id").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let marked = items(found).into_iter();
        Ok(marked.filter(|story| story.get("external_id").and_then(Value::as_str) == Some(mark)).min_by_key(id))
    }

    /// `GET /search/stories` -> `{total, data, next}`, the stories without descriptions and comments.
    pub(super) async fn search(&self, query: &str, size: u32, next: Option<&str>) -> Result<Value, ToolFailure> {
        let request = self
            .request(Method::GET, &["search", "stories"])
            .query(&[("query", query), ("detail", "slim")])
            .query(&[("page_size", size)])
            .query(&next.map(|next| ("next", next)).into_iter().collect::<Vec<_>>());
        self.send(request, Effect::Repeatable).await
    }

    /// The token in a search's `next`, which Shortcut writes as the path of the next page.
    pub(super) fn next_token(&self, answer: &Value) -> Option<String> {
        let next = answer.get("next")?.as_str().filter(|next| !next.is_empty())?;
        let address = self.base_url.join(next).ok()?;
        let token = address.query_pairs().find(|(name, _)| name == "next").map(|(_, token)| token.into_owned());
        token.or_else(|| (!next.contains(['?', '/'])).then(|| next.to_owned()))
    }

    /// `GET /external-link/stories` -> the stories that carry this link.
    pub(super) async fn stories_with_link(&self, link: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["external-link", "stories"]).query(&[("external_link", link)]);
        Ok(items(self.send(request, Effect::Repeatable).await?))
    }

    /// `GET` of a path that answers with an array, whole: Shortcut does not page these.
    pub(super) async fn list(&self, path: &[&str]) -> Result<Vec<Value>, ToolFailure> {
        Ok(items(self.send(self.request(Method::GET, path), Effect::Repeatable).await?))
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut address = self.base_url.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v3"]).extend(path);
        }
        self.http.request(method, address).header("Shortcut-Token", self.api_token.clone())
    }

    async fn send(&self, request: RequestBuilder, effect: Effect) -> Result<Value, ToolFailure> {
        let answer = rest::send("Shortcut", request, effect, explain).await?;
        Ok(answer.body)
    }
}

fn items(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
