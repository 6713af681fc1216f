//! What is done with one issue, and searches.

use reqwest::Method;
use serde_json::{Value, json};

use super::{JiraClient, Page, Window, list};
use crate::failure::ToolFailure;
use crate::jira::config::Edition;
use crate::jira::wiki;
use crate::rest::Effect;

/// The fields of an issue that the tools show.
const ISSUE_FIELDS: [&str; 10] = [
    "summary",
    "status",
    "resolution",
    "resolutiondate",
    "issuetype",
    "priority",
    "assignee",
    "labels",
    "created",
    "updated",
];
/// The property on a comment or an issue that holds marks.
pub(in crate::jira) const MARK_PROPERTY: &str = "deskbell.idempotency";
/// Comments read per page; Jira's own maximum is 5,000.
const COMMENTS_PER_PAGE: u64 = 100;
/// Pages of comments searched for a mark, newest first.
const COMMENT_PAGES_MAX: usize = 20;

impl JiraClient {
    /// `POST /issue` -> `{id, key, self}`.
    pub(in crate::jira) async fn create_issue(&self, fields: Value) -> Result<Value, ToolFailure> {
        let request = self.request(Method::POST, &["issue"]);
        self.send(request.json(&json!({ "fields": fields })), Effect::Once).await
    }

    /// `GET /issue/{key}` with the fields that are shown, the description, components and links.
    pub(in crate::jira) async fn issue(&self, issue_key: &str) -> Result<Value, ToolFailure> {
        let fields = format!("{},description,components,issuelinks", ISSUE_FIELDS.join(","));
        self.read(self.request(Method::GET, &["issue", issue_key]).query(&[("fields", fields)])).await
    }

    /// `GET /issue/{key}` with its status, priority, labels, assignee, links and the property that holds marks.
    pub(in crate::jira) async fn issue_state(&self, issue_key: &str) -> Result<Value, ToolFailure> {
        let wanted = [("fields", "status,priority,labels,assignee,issuelinks"), ("properties", MARK_PROPERTY)];
        self.read(self.request(Method::GET, &["issue", issue_key]).query(&wanted)).await
    }

    /// `PUT /issue/{key}` with `fields`, `update` and `properties`, as the body gives them.
    pub(in crate::jira) async fn edit_issue(&self, issue_key: &str, body: &Value) -> Result<(), ToolFailure> {
        let request = self.request(Method::PUT, &["issue", issue_key]);
        self.send(request.json(body), Effect::Repeatable).await?;
        Ok(())
    }

    /// `PUT /issue/{key}/properties/deskbell.idempotency`.
    pub(in crate::jira) async fn set_mark_property(&self, issue_key: &str, value: &Value) -> Result<(), ToolFailure> {
        let request = self.request(Method::PUT, &["issue", issue_key, "properties", MARK_PROPERTY]);
        self.send(request.json(value), Effect::Repeatable).await?;
        Ok(())
    }

    /// `PUT /issue/{key}/assignee`; nobody when there is no person.
    pub(in crate::jira) async fn assign(&self, issue_key: &str, person: Option<&str>) -> Result<(), ToolFailure> {
        let request = self.request(Method::PUT, &["issue", issue_key, "assignee"]);
        self.send(request.json(&self.person(person)), Effect::Repeatable).await?;
        Ok(())
    }

    /// `POST /issueLink`: `inward` does to `outward` what the type's outward name says. Linking twice the same way makes
    /// one link.
    pub(in crate::jira) async fn link(&self, kind: &str, inward: &str, outward: &str) -> Result<(), ToolFailure> {
        let body =
            json!({ "type": { "name": kind }, "inwardIssue": { "key": inward }, "outwardIssue": { "key": outward } });
        self.send(self.request(Method::POST, &["issueLink"]).json(&body), Effect::Repeatable).await?;
        Ok(())
    }

    /// Cloud's `POST /search/jql` pages by tokens, Data Center's `POST /search` by offsets.
    pub(in crate::jira) async fn search(&self, jql: &str, window: Window<'_>) -> Result<Page, ToolFailure> {
        let mut body = json!({ "jql": jql, "maxResults": window.size, "fields": ISSUE_FIELDS });
        if self.edition == Edition::DataCenter {
            let start = window.start()?;
            set(&mut body, "startAt", start.into());
            let answer = self.read(self.request(Method::POST, &["search"]).json(&body)).await?;
            let items = list(&answer, "issues");
            let total = answer.get("total").and_then(Value::as_u64);
            let end = start.saturating_add(items.len() as u64);
            let more = !items.is_empty() && total.is_some_and(|total| end < total);
            return Ok(Page { items, next: more.then(|| end.to_string()), total });
        }
        if let Some(token) = window.token {
            set(&mut body, "nextPageToken", token.into());
        }
        let answer = self.read(self.request(Method::POST, &["search", "jql"]).json(&body)).await?;
        let next = answer.get("nextPageToken").and_then(Value::as_str).map(str::to_owned);
        Ok(Page { items: list(&answer, "issues"), next, total: None })
    }

    /// `GET /issue/{key}/transitions` -> the transitions that the account may make now.
    pub(in crate::jira) async fn transitions(&self, issue_key: &str) -> Result<Vec<Value>, ToolFailure> {
        let body = self.read(self.request(Method::GET, &["issue", issue_key, "transitions"])).await?;
        Ok(list(&body, "transitions"))
    }

    /// `POST /issue/{key}/transitions`, with the properties that it sets in the same step.
    ///
    /// Repeatable for the caller, who resolves the transition from the issue's present status.
    pub(in crate::jira) async fn transition(
        &self,
        issue_key: &str,
        transition_id: &str,
        properties: Option<Value>,
    ) -> Result<(), ToolFailure> {
        let request = self.request(Method::POST, &["issue", issue_key, "transitions"]);
        let mut body = json!({ "transition": { "id": transition_id } });
        if let Some(properties) = properties {
            set(&mut body, "properties", properties);
        }
        self.send(request.json(&body), Effect::Repeatable).await?;
        Ok(())
    }

    /// `POST /issue/{key}/comment` with the mark -> the comment. Cloud keeps the mark as a comment property; Data Center,
    /// which shows no properties with comments, as an anchor in the text, which no reader sees.
    pub(in crate::jira) async fn add_comment(
        &self,
        issue_key: &str,
        markdown: &str,
        mark: Option<&str>,
    ) -> Result<Value, ToolFailure> {
        let mut comment = json!({ "body": self.text(markdown) });
        match (self.edition, mark) {
            (Edition::Cloud, Some(mark)) => {
                let property = json!([{ "key": MARK_PROPERTY, "value": { "marker": mark } }]);
                set(&mut comment, "properties", property);
            }
            (Edition::DataCenter, Some(mark)) => {
                let text = format!("{}\n\n{}", wiki::from_markdown(markdown), wiki::anchor(mark));
                set(&mut comment, "body", text.into());
            }
            (_, None) => {}
        }
        let request = self.request(Method::POST, &["issue", issue_key, "comment"]);
        self.send(request.json(&comment), Effect::Once).await
    }

    /// The comment that carries `mark`, looked for from the newest to the oldest.
    pub(in crate::jira) async fn comment_with_mark(
        &self,
        issue_key: &str,
        mark: &str,
    ) -> Result<Option<Value>, ToolFailure> {
        let mut start = 0;
        for _page in 0..COMMENT_PAGES_MAX {
            let window = [("startAt", start), ("maxResults", COMMENTS_PER_PAGE)];
            let request = self
                .request(Method::GET, &["issue", issue_key, "comment"])
                .query(&window)
                .query(&[("orderBy", "-created")]);
            let body = self.read(request).await?;
            let comments = list(&body, "comments");
            if comments.is_empty() {
                return Ok(None);
            }
            start += comments.len() as u64;
            if let Some(found) = self.marked_among(comments, mark).await? {
                return Ok(Some(found));
            }
            let total = body.get("total").and_then(Value::as_u64).unwrap_or(0);
            if start >= total {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// On Cloud one request more per page, because only `POST /comment/list` documents `expand=properties`.
    async fn marked_among(&self, comments: Vec<Value>, mark: &str) -> Result<Option<Value>, ToolFailure> {
        if self.edition == Edition::DataCenter {
            let anchored = |comment: &Value| {
                comment.get("body").and_then(Value::as_str).is_some_and(|body| wiki::has_anchor(body, mark))
            };
            return Ok(comments.into_iter().find(anchored));
        }
        let ids: Vec<u64> = comments.iter().filter_map(|comment| comment.get("id")?.as_str()?.parse().ok()).collect();
        let request = self
            .request(Method::POST, &["comment", "list"])
            .query(&[("expand", "properties")])
            .json(&json!({ "ids": ids }));
        let body = self.read(request).await?;
        Ok(list(&body, "values").into_iter().find(|comment| carries(comment, mark)))
    }

    /// The issue's changes, the oldest first: Cloud's `GET /issue/{key}/changelog`; Data Center shows them with the issue.
    pub(in crate::jira) async fn changelog(&self, issue_key: &str, window: Window<'_>) -> Result<Page, ToolFailure> {
        if self.edition == Edition::Cloud {
            let request = self.request(Method::GET, &["issue", issue_key, "changelog"]);
            return self.offset_page(request, window, &["values"]).await;
        }
        let wanted = [("fields", "summary"), ("expand", "changelog")];
        let body = self.read(self.request(Method::GET, &["issue", issue_key]).query(&wanted)).await?;
        let mut histories = list(body.get("changelog").unwrap_or(&Value::Null), "histories");
        let number = |history: &Value| history.get("id").and_then(|id| id.as_str()?.parse::<u64>().ok());
        histories.sort_by_key(number);
        window.of(histories)
    }

    /// `GET /rest/agile/1.0/issue/{key}` -> the issue with `sprint` and `closedSprints`.
    pub(in crate::jira) async fn issue_sprints(&self, issue_key: &str) -> Result<Value, ToolFailure> {
        let request = self.agile(Method::GET, &["issue", issue_key]);
        self.read(request.query(&[("fields", "sprint,closedSprints")])).await
    }
}

fn carries(comment: &Value, mark: &str) -> bool {
    list(comment, "properties").iter().any(|property| {
        property.get("key").and_then(Value::as_str) == Some(MARK_PROPERTY)
            && property.pointer("/value/marker").and_then(Value::as_str) == Some(mark)
    })
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(object) = body.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
