//! Zendesk's Support API v2: paths, JSON and paging, and nothing about tools.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;

use super::error::explain;
use super::{ZendeskConfig, ZendeskConfigError, ZendeskCredentials};
use crate::failure::ToolFailure;
use crate::rest::{self, Answer, Effect};

/// Where an audit's metadata holds the mark of an idempotency key.
const MARK: &str = "deskbell_idempotency";
/// Records per page; Zendesk's own maximum.
const PAGE_SIZE: u32 = 100;
/// Pages of audits searched for a mark.
const AUDIT_PAGES_MAX: usize = 20;

/// An authenticated client for one account. Cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub(super) struct ZendeskClient {
    http: reqwest::Client,
    base_url: Url,
    credentials: ZendeskCredentials,
}

impl ZendeskClient {
    /// A client for the configured account; makes no request.
    pub(super) fn new(config: ZendeskConfig) -> Result<Self, ZendeskConfigError> {
        if config.base_url.cannot_be_a_base() {
            return Err(ZendeskConfigError::BadUrl);
        }
        let made = rest::http_client(config.timeout);
        let http = made.map_err(|error| ZendeskConfigError::HttpClient(error.to_string()))?;
        Ok(Self { http, base_url: config.base_url, credentials: config.credentials })
    }

    /// Where an agent opens the ticket.
    pub(super) fn agent_url(&self, ticket: &str) -> String {
        self.address(&["agent", "tickets", ticket]).into()
    }

    /// `POST /tickets` -> `{ticket, audit}`, and whether Zendesk answered from an earlier call with the same key.
    pub(super) async fn create(
        &self,
        ticket: Map<String, Value>,
        mark: Option<&str>,
    ) -> Result<(Value, bool), ToolFailure> {
        let mut request = self.request(Method::POST, &["tickets"]).json(&json!({ "ticket": ticket }));
        if let Some(mark) = mark {
            request = request.header("Idempotency-Key", mark);
        }
        let answer = self.exchange(request, Effect::Once).await?;
        let repeated = is_hit(&answer.headers);
        Ok((answer.body, repeated))
    }

    /// `GET /tickets?external_id=` -> the tickets with this external id. There is no lag.
    pub(super) async fn by_external_id(&self, external_id: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["tickets"]).query(&[("external_id", external_id)]);
        Ok(list(&self.send(request).await?, "tickets"))
    }

    /// `GET /tickets/{id}` with people and groups -> `{ticket, users, groups}`.
    pub(super) async fn ticket(&self, id: u64) -> Result<Value, ToolFailure> {
        let request = self.request(Method::GET, &["tickets", &id.to_string()]);
        self.send(request.query(&[("include", "users,groups")])).await
    }

    /// `PUT /tickets/{id}` -> `{ticket, audit}`; with `mark` the audit carries it.
    pub(super) async fn update(
        &self,
        id: u64,
        mut fields: Map<String, Value>,
        mark: Option<&str>,
        effect: Effect,
    ) -> Result<Value, ToolFailure> {
        if let Some(mark) = mark {
            fields.insert("metadata".to_owned(), json!({ MARK: mark }));
        }
        let request = self.request(Method::PUT, &["tickets", &id.to_string()]);
        Ok(self.exchange(request.json(&json!({ "ticket": fields })), effect).await?.body)
    }

    /// The audit that carries `mark`. There is no lag.
    pub(super) async fn audit_with_mark(&self, id: u64, mark: &str) -> Result<Option<Value>, ToolFailure> {
        let mut after: Option<String> = None;
        for _page in 0..AUDIT_PAGES_MAX {
            let request = self.request(Method::GET, &["tickets", &id.to_string(), "audits"]);
            let body = self.send(paged(request, PAGE_SIZE, after.as_deref())).await?;
            let place = format!("/metadata/custom/{MARK}");
            let carries = |audit: &Value| audit.pointer(&place).and_then(Value::as_str) == Some(mark);
            if let Some(found) = list(&body, "audits").into_iter().find(carries) {
                return Ok(Some(found));
            }
            after = next_cursor(&body);
            if after.is_none() {
                return Ok(None);
            }
        }
        Err(ToolFailure::permanent(format!(
            "Ticket {id} has more than {} updates, too many to look for an idempotency key; \
             look for the change yourself, then call without a key",
            AUDIT_PAGES_MAX * PAGE_SIZE as usize
        )))
    }

    /// `GET /tickets/{id}/comments`, the newest first -> `{comments, users, meta}`.
    pub(super) async fn comments(&self, id: u64, size: u32, after: Option<&str>) -> Result<Value, ToolFailure> {
        let request = self.request(Method::GET, &["tickets", &id.to_string(), "comments"]);
        let request = request.query(&[("include", "users"), ("sort", "-created_at")]);
        self.send(paged(request, size, after)).await
    }

    /// `GET /search`, the latest first by `sort_by` -> `{results, count, next_page, users, groups}`.
    pub(super) async fn search(&self, query: &str, sort_by: &str, size: u32, page: u32) -> Result<Value, ToolFailure> {
        let request = self
            .request(Method::GET, &["search"])
            .query(&[("query", query), ("sort_by", sort_by), ("sort_order", "desc")])
            .query(&[("per_page", size), ("page", page)])
            .query(&[("include", "tickets(users,groups)")]);
        self.send(request).await
    }

    /// `GET /incremental/tickets/cursor` from a time or a cursor -> `{tickets, after_cursor, end_of_stream, users, groups}`.
    ///
    /// A cursor goes alone, as the guide shows and `after_url` has it.
    pub(super) async fn changes(&self, from: &From, size: u32) -> Result<Value, ToolFailure> {
        let request = self.request(Method::GET, &["incremental", "tickets", "cursor"]);
        let request = match from {
            From::Time(seconds) => request.query(&[("start_time", seconds)]),
            From::Cursor(cursor) => request.query(&[("cursor", cursor)]),
        };
        self.send(request.query(&[("per_page", size)]).query(&[("include", "users,groups")])).await
    }

    /// `GET /views/active` -> the first hundred views.
    pub(super) async fn views(&self) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["views", "active"]);
        Ok(list(&self.send(request).await?, "views"))
    }

    /// `GET /views/count_many` -> `{view_id, value, fresh}` of each.
    pub(super) async fn view_counts(&self, ids: &[String]) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["views", "count_many"]).query(&[("ids", ids.join(","))]);
        Ok(list(&self.send(request).await?, "view_counts"))
    }

    /// `GET /groups/assignable` -> the first hundred groups.
    pub(super) async fn groups(&self) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["groups", "assignable"]);
        Ok(list(&self.send(request).await?, "groups"))
    }

    /// `GET /users/search` -> the users that match.
    pub(super) async fn users(&self, query: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["users", "search"]).query(&[("query", query)]);
        Ok(list(&self.send(request).await?, "users"))
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let segments: Vec<&str> = ["api", "v2"].iter().chain(path).copied().collect();
        let request = self.http.request(method, self.address(&segments));
        match &self.credentials {
            ZendeskCredentials::ApiToken { email, token } => {
                request.basic_auth(format!("{email}/token"), Some(token.expose_secret()))
            }
            ZendeskCredentials::AccessToken(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    /// The base URL with the segments behind it, each percent-encoded.
    fn address(&self, segments: &[&str]) -> Url {
        let mut address = self.base_url.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        address
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, ToolFailure> {
        Ok(self.exchange(request, Effect::Repeatable).await?.body)
    }

    async fn exchange(&self, request: RequestBuilder, effect: Effect) -> Result<Answer, ToolFailure> {
        rest::send("Zendesk", request, effect, explain).await
    }
}

/// Where an incremental export begins.
#[derive(Debug)]
pub(super) enum From {
    /// Seconds since 1970.
    Time(i64),
    /// `after_cursor` of the page before.
    Cursor(String),
}

/// Cursor pagination, <https://developer.zendesk.com/api-reference/introduction/pagination/#using-cursor-pagination>.
fn paged(request: RequestBuilder, size: u32, after: Option<&str>) -> RequestBuilder {
    let request = request.query(&[("page[size]", size)]);
    match after {
        Some(after) => request.query(&[("page[after]", after)]),
        None => request,
    }
}

/// The cursor of the next page, when there is one.
pub(super) fn next_cursor(body: &Value) -> Option<String> {
    let more = body.pointer("/meta/has_more").and_then(Value::as_bool) == Some(true);
    let cursor = body.pointer("/meta/after_cursor").and_then(Value::as_str)?;
    more.then(|| cursor.to_owned())
}

fn is_hit(headers: &HeaderMap) -> bool {
    headers.get("x-idempotency-lookup").is_some_and(|lookup| lookup == "hit")
}

/// The elements under `name`, or none.
pub(super) fn list(body: &Value, name: &str) -> Vec<Value> {
    body.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}
