//! The paths below `/issue`, and comments.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::door::Door;
use super::routes_agile;
use super::routes_search::split;
use super::site::{self, STATUSES};
use super::{fields, wire};

/// Comments per page of a request that names no number.
const COMMENTS_DEFAULT: usize = 100;

type Parameters = Query<HashMap<String, String>>;

pub(super) async fn create(door: Door, Json(body): Json<Value>) -> Result<(StatusCode, Json<Value>), Refusal> {
    let fields = fields_of(&body)?;
    let config = door.jira.config();
    // Checked before `change`, so that a refused request tells no subscriber.
    let draft = door.jira.read(|site| fields::draft(fields, site, config, door.edition))?;
    let (id, key) = door.jira.change(|site| site.create(draft));
    let address = door.face().rest(&format!("issue/{id}"));
    let body = json!({ "id": id.to_string(), "key": key, "self": address });
    Ok((StatusCode::CREATED, Json(body)))
}

pub(super) async fn show(
    door: Door,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let wanted = query.get("fields").map_or_else(|| vec!["*all".to_owned()], |names| split(names));
    let listed =
        |parameter: &str, name: &str| query.get(parameter).is_some_and(|names| split(names).iter().any(|n| n == name));
    door.jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let mut shown = wire::issue(door.face(), site, issue, &wanted);
        if listed("expand", "changelog") {
            let histories: Vec<Value> =
                issue.history.iter().map(|change| wire::change(door.face(), site, change)).collect();
            let total = histories.len();
            let log = json!({ "startAt": 0, "maxResults": total, "total": total, "histories": histories });
            crate::json::set(&mut shown, "changelog", log);
        }
        if query.contains_key("properties") {
            let mut properties = issue.properties.clone();
            properties.retain(|key, _| listed("properties", key) || listed("properties", "*all"));
            crate::json::set(&mut shown, "properties", json!(properties));
        }
        Ok(Json(shown))
    })
}

pub(super) async fn edit(door: Door, Path(key): Path<String>, Json(body): Json<Value>) -> Result<StatusCode, Refusal> {
    if body.get("fields").is_none() && body.get("update").is_none() && body.get("properties").is_none() {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "one of 'fields' or 'update' required"));
    }
    if door.jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    door.jira.change(|site| fields::edit(&body, site, &key, door.edition))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn assign(
    door: Door,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let assignee = door
        .jira
        .read(|site| fields::assignee(&body, site, door.edition))
        .map_err(|complaint| Refusal::field("assignee", complaint))?;
    door.jira.change(|site| {
        let own = site.own_account_id();
        site.edit(&key, &own, |issue| issue.draft.assignee = assignee).ok_or_else(Refusal::no_issue)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn comments(
    door: Door,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("startAt").unwrap_or(0);
    let limit = number("maxResults").unwrap_or(COMMENTS_DEFAULT);
    let newest_first = query.get("orderBy").is_some_and(|order| order == "-created");
    door.jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let mut shown: Vec<Value> =
            issue.comments.iter().map(|comment| wire::comment(door.face(), site, issue.id, comment, false)).collect();
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
    door: Door,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let document = body.get("body").cloned().unwrap_or_default();
    let issue_id = door.jira.read(|site| site.issue(&key).map(|issue| issue.id)).ok_or_else(Refusal::no_issue)?;
    fields::check_text("comment", &document, door.edition)?;
    let properties = body.get("properties").cloned().unwrap_or_else(|| json!([]));
    let comment = door.jira.change(|site| site.comment(&key, document, properties)).ok_or_else(Refusal::no_issue)?;
    let shown = door.jira.read(|site| wire::comment(door.face(), site, issue_id, &comment, false));
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn comment_list(door: Door, Query(query): Parameters, Json(body): Json<Value>) -> Json<Value> {
    let ids: Vec<u64> =
        body.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect();
    let expanded = query.get("expand").map(|names| split(names)).unwrap_or_default();
    let properties = expanded.iter().any(|name| name == "properties");
    let values: Vec<Value> = door.jira.read(|site| {
        let all = site.issues.iter().flat_map(|issue| issue.comments.iter().map(move |comment| (issue.id, comment)));
        all.filter(|(_, comment)| ids.contains(&comment.id))
            .map(|(issue_id, comment)| wire::comment(door.face(), site, issue_id, comment, properties))
            .collect()
    });
    Json(json!({
        "startAt": 0, "maxResults": 1_048_576, "total": values.len(), "isLast": true, "values": values,
    }))
}

pub(super) async fn transitions(door: Door, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    if door.jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    let transitions: Vec<Value> = STATUSES.iter().map(|target| wire::transition(door.face(), target)).collect();
    Ok(Json(json!({ "expand": "transitions", "transitions": transitions })))
}

pub(super) async fn transition(
    door: Door,
    Path(key): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    if door.jira.read(|site| site.issue(&key).is_none()) {
        return Err(Refusal::no_issue());
    }
    let id = body.pointer("/transition/id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "Missing 'transition' identifier"));
    }
    door.jira.change(|site| {
        if !STATUSES.iter().any(|status| status.transition_id == id) {
            let complaint = format!("Transition id '{id}' is not valid for this issue.");
            return Err(Refusal::message(StatusCode::BAD_REQUEST, complaint));
        }
        fields::edit(&body, site, &key, door.edition)?;
        site.transition(&key, id);
        Ok(StatusCode::NO_CONTENT)
    })
}

fn fields_of(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.get("fields")
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::message(StatusCode::BAD_REQUEST, "one of 'fields' or 'update' required"))
}

/// The issue's changes, the oldest first.
pub(super) async fn changelog(
    door: Door,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    door.jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let all = issue.history.iter().map(|change| wire::change(door.face(), site, change)).collect();
        let mut page = routes_agile::page(all, &query);
        crate::json::set(&mut page, "self", door.face().rest(&format!("issue/{key}/changelog")));
        Ok(Json(page))
    })
}

pub(super) async fn set_property(
    door: Door,
    Path((key, property)): Path<(String, String)>,
    Json(value): Json<Value>,
) -> Result<StatusCode, Refusal> {
    door.jira.change(|site| {
        let issue = site.issue_mut(&key).ok_or_else(Refusal::no_issue)?;
        let known = issue.properties.insert(property, value).is_some();
        Ok(if known { StatusCode::OK } else { StatusCode::CREATED })
    })
}

pub(super) async fn property(
    door: Door,
    Path((key, property)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    door.jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let value = issue.properties.get(&property).ok_or_else(|| {
            Refusal::message(StatusCode::NOT_FOUND, format!("The property with key '{property}' does not exist."))
        })?;
        Ok(Json(json!({ "key": property, "value": value })))
    })
}

/// `{"type": {"name"}, "inwardIssue": {"key"}, "outwardIssue": {"key"}}`.
pub(super) async fn link(door: Door, Json(body): Json<Value>) -> Result<StatusCode, Refusal> {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = Some(text("/type/name")).filter(|name| !name.is_empty()).unwrap_or(text("/type/id"));
    let kind = site::link_type_named(name).ok_or_else(|| {
        Refusal::message(StatusCode::NOT_FOUND, format!("No issue link type with name '{name}' found."))
    })?;
    door.jira.change(|site| {
        let key = |side: &str| site.issue(text(side)).map(|issue| issue.key.clone()).ok_or_else(Refusal::no_issue);
        let (inward, outward) = (key("/inwardIssue/key")?, key("/outwardIssue/key")?);
        site.link(kind, &inward, &outward);
        Ok(StatusCode::CREATED)
    })
}
