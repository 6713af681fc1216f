//! The paths below `/issue`, and comments.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::routes::split;
use super::site::STATUSES;
use super::{JiraBox, fields, wire};

/// Comments per page of a request that names no number.
const COMMENTS_DEFAULT: usize = 100;

type Parameters = Query<HashMap<String, String>>;

pub(super) async fn create(
    State(jira): State<JiraBox>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let fields = fields_of(&body)?;
    let config = jira.config();
    // Checked before `change`, so that a refused request tells no subscriber.
    let draft = jira.read(|site| fields::draft(fields, site, config))?;
    let (id, key) = jira.change(|site| site.create(draft));
    let address = format!("{}/rest/api/3/issue/{id}", config.base_url);
    let body = json!({ "id": id.to_string(), "key": key, "self": address });
    Ok((StatusCode::CREATED, Json(body)))
}

pub(super) async fn show(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let wanted = query.get("fields").map_or_else(|| vec!["*all".to_owned()], |names| split(names));
    let base_url = &jira.config().base_url;
    jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        Ok(Json(wire::issue(base_url, site, issue, &wanted)))
    })
}

pub(super) async fn edit(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let fields = fields_of(&body)?;
    if jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    jira.change(|site| fields::edit(fields, site, &key))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn assign(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let assignee =
        jira.read(|site| fields::assignee(&body, site)).map_err(|complaint| Refusal::field("assignee", complaint))?;
    jira.change(|site| {
        let issue = site.issue_mut(&key).ok_or_else(Refusal::no_issue)?;
        issue.draft.assignee = assignee;
        issue.updated = jiff::Timestamp::now();
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn comments(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("startAt").unwrap_or(0);
    let limit = number("maxResults").unwrap_or(COMMENTS_DEFAULT);
    let newest_first = query.get("orderBy").is_some_and(|order| order == "-created");
    let base_url = &jira.config().base_url;
    jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let mut shown: Vec<Value> =
            issue.comments.iter().map(|comment| wire::comment(base_url, site, issue.id, comment, false)).collect();
        let total = shown.len();
        if newest_first {
            shown.reverse();
        }
        let page: Vec<Value> = shown.into_iter().skip(start).take(limit).collect();
        Ok(Json(json!({
            "startAt": start, "maxResults": limit, "total": total, "comments": page,
        })))
    })
}

pub(super) async fn add_comment(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let document = body.get("body").cloned().unwrap_or_default();
    let issue_id = jira.read(|site| site.issue(&key).map(|issue| issue.id)).ok_or_else(Refusal::no_issue)?;
    fields::check_document("comment", &document)?;
    let properties = body.get("properties").cloned().unwrap_or_else(|| json!([]));
    let comment = jira.change(|site| site.comment(&key, document, properties)).ok_or_else(Refusal::no_issue)?;
    let base_url = &jira.config().base_url;
    let shown = jira.read(|site| wire::comment(base_url, site, issue_id, &comment, false));
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn comment_list(
    State(jira): State<JiraBox>,
    Query(query): Parameters,
    Json(body): Json<Value>,
) -> Json<Value> {
    let ids: Vec<u64> =
        body.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect();
    let expanded = query.get("expand").map(|names| split(names)).unwrap_or_default();
    let properties = expanded.iter().any(|name| name == "properties");
    let base_url = &jira.config().base_url;
    let values: Vec<Value> = jira.read(|site| {
        let all = site.issues.iter().flat_map(|issue| issue.comments.iter().map(move |comment| (issue.id, comment)));
        all.filter(|(_, comment)| ids.contains(&comment.id))
            .map(|(issue_id, comment)| wire::comment(base_url, site, issue_id, comment, properties))
            .collect()
    });
    Json(json!({
        "startAt": 0, "maxResults": 1_048_576, "total": values.len(), "isLast": true, "values": values,
    }))
}

pub(super) async fn transitions(State(jira): State<JiraBox>, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    if jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    let base_url = &jira.config().base_url;
    let transitions: Vec<Value> = STATUSES.iter().map(|target| wire::transition(base_url, target)).collect();
    Ok(Json(json!({ "expand": "transitions", "transitions": transitions })))
}

pub(super) async fn transition(
    State(jira): State<JiraBox>,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    if jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    let id = body.pointer("/transition/id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "Missing 'transition' identifier"));
    }
    if jira.change(|site| site.transition(&key, id)) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::message(StatusCode::BAD_REQUEST, format!("Transition id '{id}' is not valid for this issue.")))
}

fn fields_of(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.get("fields")
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::message(StatusCode::BAD_REQUEST, "one of 'fields' or 'update' required"))
}
