//! Jira Cloud's REST API v3: paths, JSON and paging, and nothing about tools.

use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::error::explain;
use super::{JiraConfig, JiraConfigError};
use crate::failure::ToolFailure;
use crate::rest::{self, Effect};

/// The fields of an issue that the tools show.
const ISSUE_FIELDS: [&str; 8] =
    ["summary", "status", "issuetype", "priority", "assignee", "labels", "created", "updated"];
/// The property on a comment that holds its mark.
const COMMENT_PROPERTY: &str = "deskbell.idempotency";
/// Comments read per page; Jira's own maximum is 5,000.
const COMMENTS_PER_PAGE: u64 = 100;
/// Pages of comments searched for a mark, newest first.
const COMMENT_PAGES_MAX: usize = 20;

/// An authenticated client for one site. Cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub struct JiraClient {
    http: reqwest::Client,
    base_url: Url,
    email: String,
    api_token: SecretString,
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
        Ok(Self { http, base_url: config.base_url, email: config.email, api_token: config.api_token })
    }

    /// Where a person opens the issue.
    pub fn browse_url(&self, issue_key: &str) -> String {
        self.address(&["browse", issue_key]).into()
    }

    /// `POST /issue` -> `{id, key, self}`.
    pub(super) async fn create_issue(&self, fields: Value) -> Result<Value, ToolFailure> {
        let request = self.request(Method::POST, &["issue"]);
        self.send(request.json(&json!({ "fields": fields })), Effect::Once).await
    }

    /// `GET /issue/{key}` with [`ISSUE_FIELDS`] and the description.
    pub(super) async fn issue(&self, issue_key: &str) -> Result<Value, ToolFailure> {
        let fields = format!("{},description", ISSUE_FIELDS.join(","));
        let request = self.request(Method::GET, &["issue", issue_key]);
        self.send(request.query(&[("fields", fields)]), Effect::Repeatable).await
    }

    /// `PUT /issue/{key}` with the given fields.
    pub(super) async fn edit_issue(&self, issue_key: &str, fields: Value) -> Result<(), ToolFailure> {
        let request = self.request(Method::PUT, &["issue", issue_key]);
        self.send(request.json(&json!({ "fields": fields })), Effect::Repeatable).await?;
        Ok(())
    }

    /// `PUT /issue/{key}/assignee`.
    pub(super) async fn assign(&self, issue_key: &str, account_id: &str) -> Result<(), ToolFailure> {
        let request = self.request(Method::PUT, &["issue", issue_key, "assignee"]);
        let body = json!({ "accountId": account_id });
        self.send(request.json(&body), Effect::Repeatable).await?;
        Ok(())
    }

    /// `POST /search/jql` -> `{issues, nextPageToken?, isLast}`.
    pub(super) async fn search(
        &self,
        jql: &str,
        max_results: u32,
        next_page_token: Option<&str>,
    ) -> Result<Value, ToolFailure> {
        let mut body = json!({ "jql": jql, "maxResults": max_results, "fields": ISSUE_FIELDS });
        if let (Some(token), Some(object)) = (next_page_token, body.as_object_mut()) {
            object.insert("nextPageToken".into(), token.into());
        }
        let request = self.request(Method::POST, &["search", "jql"]);
        self.send(request.json(&body), Effect::Repeatable).await
    }

    /// `GET /issue/{key}/transitions` -> the transitions that the account may make now.
    pub(super) async fn transitions(&self, issue_key: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["issue", issue_key, "transitions"]);
        let body = self.send(request, Effect::Repeatable).await?;
        Ok(list(&body, "transitions"))
    }

    /// `POST /issue/{key}/transitions`.
    ///
    /// Repeatable for the caller, who resolves the transition from the issue's present status.
    pub(super) async fn transition(&self, issue_key: &str, transition_id: &str) -> Result<(), ToolFailure> {
        let request = self.request(Method::POST, &["issue", issue_key, "transitions"]);
        let body = json!({ "transition": { "id": transition_id } });
        self.send(request.json(&body), Effect::Repeatable).await?;
        Ok(())
    }

    /// `POST /issue/{key}/comment` with the mark as a comment property -> the comment.
    pub(super) async fn add_comment(
        &self,
        issue_key: &str,
        body: Value,
        mark: Option<&str>,
    ) -> Result<Value, ToolFailure> {
        let mut comment = json!({ "body": body });
        if let (Some(mark), Some(object)) = (mark, comment.as_object_mut()) {
            let property = json!([{ "key": COMMENT_PROPERTY, "value": { "marker": mark } }]);
            object.insert("properties".into(), property);
        }
        let request = self.request(Method::POST, &["issue", issue_key, "comment"]);
        self.send(request.json(&comment), Effect::Once).await
    }

    /// The comment that carries `mark`, looked for from the newest to the oldest.
    ///
    /// Two requests per page, because only `POST /comment/list` documents `expand=properties`.
    pub(super) async fn comment_with_mark(&self, issue_key: &str, mark: &str) -> Result<Option<Value>, ToolFailure> {
        let mut start = 0;
        for _page in 0..COMMENT_PAGES_MAX {
            let window = [("startAt", start), ("maxResults", COMMENTS_PER_PAGE)];
            let request = self
                .request(Method::GET, &["issue", issue_key, "comment"])
                .query(&window)
                .query(&[("orderBy", "-created")]);
            let body = self.send(request, Effect::Repeatable).await?;
            let ids: Vec<u64> = list(&body, "comments")
                .iter()
                .filter_map(|comment| comment.get("id")?.as_str()?.parse().ok())
                .collect();
            if ids.is_empty() {
                return Ok(None);
            }
            start += ids.len() as u64;
            if let Some(found) = self.marked_among(ids, mark).await? {
                return Ok(Some(found));
            }
            let total = body.get("total").and_then(Value::as_u64).unwrap_or(0);
            if start >= total {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn marked_among(&self, ids: Vec<u64>, mark: &str) -> Result<Option<Value>, ToolFailure> {
        let request = self
            .request(Method::POST, &["comment", "list"])
            .query(&[("expand", "properties")])
            .json(&json!({ "ids": ids }));
        let body = self.send(request, Effect::Repeatable).await?;
        Ok(list(&body, "values").into_iter().find(|comment| carries(comment, mark)))
    }

    /// `GET /issue/createmeta/{project}/issuetypes` -> the issue types of the project.
    pub(super) async fn issue_types(&self, project_key: &str) -> Result<Vec<Value>, ToolFailure> {
        let path = ["issue", "createmeta", project_key, "issuetypes"];
        let request = self.request(Method::GET, &path);
        let request = request.query(&[("maxResults", "200")]);
        let body = self.send(request, Effect::Repeatable).await?;
        Ok(list(&body, "issueTypes"))
    }

    /// `GET /issue/createmeta/{project}/issuetypes/{type}` -> the fields of the create screen.
    pub(super) async fn create_fields(
        &self,
        project_key: &str,
        issue_type_id: &str,
    ) -> Result<Vec<Value>, ToolFailure> {
        let path = ["issue", "createmeta", project_key, "issuetypes", issue_type_id];
        let request = self.request(Method::GET, &path);
        let request = request.query(&[("maxResults", "200")]);
        let body = self.send(request, Effect::Repeatable).await?;
        Ok(list(&body, "fields"))
    }

    /// `GET /user/search` -> the users whose name or e-mail address matches.
    pub(super) async fn users(&self, query: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = self.request(Method::GET, &["user", "search"]);
        let request = request.query(&[("query", query), ("maxResults", "10")]);
        let body = self.send(request, Effect::Repeatable).await?;
        Ok(body.as_array().cloned().unwrap_or_default())
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let segments: Vec<&str> = ["rest", "api", "3"].iter().chain(path).copied().collect();
        self.http.request(method, self.address(&segments)).basic_auth(&self.email, Some(self.api_token.expose_secret()))
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
}

fn carries(comment: &Value, mark: &str) -> bool {
    list(comment, "properties").iter().any(|property| {
        property.get("key").and_then(Value::as_str) == Some(COMMENT_PROPERTY)
            && property.pointer("/value/marker").and_then(Value::as_str) == Some(mark)
    })
}

fn list(body: &Value, name: &str) -> Vec<Value> {
    let items = body.get(name).and_then(Value::as_array);
    items.cloned().unwrap_or_default()
}
