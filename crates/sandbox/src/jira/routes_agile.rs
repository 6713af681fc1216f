//! Boards and sprints, as Jira Software's REST API 1.0 shows them.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::door::Door;
use super::routes_search::split;
use super::site::{PROJECTS, SPRINTS};
use super::wire;

/// Items per page that names no number.
const PAGE_DEFAULT: usize = 50;

type Parameters = Query<HashMap<String, String>>;

pub(super) async fn boards(door: Door, Query(query): Parameters) -> Json<Value> {
    let project = query.get("projectKeyOrId").map(String::as_str);
    let name = query.get("name").map(|name| name.to_lowercase()).unwrap_or_default();
    let all: Vec<Value> = PROJECTS
        .iter()
        .zip(1..)
        .filter(|(known, _)| {
            project.is_none_or(|wanted| known.key.eq_ignore_ascii_case(wanted) || known.id == wanted)
                && format!("{} board", known.key).to_lowercase().contains(&name)
        })
        .map(|(project, place)| wire::board(door.face(), place, project))
        .collect();
    Json(page(all, &query))
}

pub(super) async fn sprints(
    door: Door,
    Path(board): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let board_id = board.parse::<usize>().ok().filter(|id| (1..=PROJECTS.len()).contains(id));
    let board_id = board_id.ok_or_else(|| missing("board"))? as u64;
    let states = query.get("state").map(|names| split(names));
    let wanted = |state: &str| states.as_ref().is_none_or(|states| states.iter().any(|known| known == state));
    let all: Vec<Value> = SPRINTS
        .iter()
        .filter(|sprint| sprint.board_id == board_id && wanted(sprint.state))
        .map(|sprint| wire::sprint(door.face(), sprint))
        .collect();
    Ok(Json(page(all, &query)))
}

/// The issue with the fields that only this API shows.
pub(super) async fn issue(
    door: Door,
    Path(key): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let wanted = query.get("fields").map_or_else(|| vec!["*all".to_owned()], |names| split(names));
    door.jira.read(|site| {
        let issue = site.issue(&key).ok_or_else(Refusal::no_issue)?;
        let mut shown = wire::issue(door.face(), site, issue, &wanted);
        let mut sprints = wire::sprints_of(door.face(), issue);
        sprints.retain(|name, _| wanted.iter().any(|field| field == name || field.starts_with('*')));
        if let Some(fields) = shown.get_mut("fields") {
            crate::json::merge(fields, sprints);
        }
        Ok(Json(shown))
    })
}

/// `{"issues": [keys]}`: up to 50 at once.
pub(super) async fn add_to_sprint(
    door: Door,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let sprint = SPRINTS.iter().find(|sprint| sprint.id.to_string() == id).ok_or_else(|| missing("sprint"))?;
    if sprint.state == "closed" {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "Issues can not be added to a closed sprint."));
    }
    let keys: Vec<String> =
        crate::json::list(&body, "issues").iter().filter_map(|key| key.as_str().map(str::to_owned)).collect();
    door.jira.change(|site| {
        if keys.iter().any(|key| site.issue(key).is_none()) {
            return Err(Refusal::no_issue());
        }
        for key in &keys {
            if let Some(issue) = site.issue_mut(key) {
                issue.sprints.retain(|known| *known != sprint.id);
                issue.sprints.push(sprint.id);
            }
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

fn missing(what: &str) -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, format!("The requested {what} cannot be viewed because it does not exist."))
}

/// One page of `{startAt, maxResults, isLast, values}`.
pub(super) fn page(all: Vec<Value>, query: &HashMap<String, String>) -> Value {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("startAt").unwrap_or(0);
    let limit = number("maxResults").unwrap_or(PAGE_DEFAULT).max(1);
    let total = all.len();
    let values: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    let last = start.saturating_add(limit) >= total;
    json!({ "startAt": start, "maxResults": limit, "total": total, "isLast": last, "values": values })
}
