//! What a site has besides issues: projects, people, fields, statuses, and the pages of its board.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::door::{Door, Edition};
use super::site::{self, Account, ISSUE_TYPES, PROJECTS, Project, STATUSES, Site};
use super::{JiraBox, page, routes_agile, wire};

type Parameters = Query<HashMap<String, String>>;

/// Cloud's answers hold the items under names of their own, Data Center's under `values`.
fn meta_page(door: &Door, cloud_name: &str, items: Vec<Value>, query: &HashMap<String, String>) -> Json<Value> {
    let mut page = routes_agile::page(items, query);
    if let (Edition::Cloud, Some(object)) = (door.edition, page.as_object_mut()) {
        object.remove("isLast");
        let items = object.remove("values").unwrap_or_default();
        object.insert(cloud_name.to_owned(), items);
    }
    Json(page)
}

pub(super) async fn create_types(
    door: Door,
    Path(project): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    site::project_named(&project).ok_or_else(|| no_project(&project))?;
    Ok(meta_page(&door, "issueTypes", wire::issue_types(door.face()), &query))
}

pub(super) async fn create_fields(
    door: Door,
    Path((project, type_id)): Path<(String, String)>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let known = site::project_named(&project).ok_or_else(|| no_project(&project))?;
    let (_, type_name) = site::issue_type_named(&type_id)
        .ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Issue type not found."))?;
    let components = known.components.iter().map(|name| json!({ "name": name })).collect();
    let mut fields = vec![
        field("summary", "Summary", true, "string"),
        field("issuetype", "Issue Type", true, "issuetype"),
        field("project", "Project", true, "project"),
        field("reporter", "Reporter", true, "user"),
        field("description", "Description", false, "string"),
        allowing(field("priority", "Priority", false, "priority"), wire::priorities(door.face())),
        field("labels", "Labels", false, "array"),
        allowing(field("components", "Components", false, "array"), components),
        field("assignee", "Assignee", false, "user"),
    ];
    for rule in &door.jira.config().required_fields {
        if rule.project_key == known.key && rule.issue_type == type_name {
            let shown =
                field(&rule.field_id, &rule.name, true, if rule.options.is_empty() { "string" } else { "option" });
            let options: Vec<Value> = rule.options.iter().map(|option| json!({ "value": option })).collect();
            fields.push(if options.is_empty() { shown } else { allowing(shown, options) });
        }
    }
    Ok(meta_page(&door, "fields", fields, &query))
}

fn field(id: &str, name: &str, required: bool, kind: &str) -> Value {
    json!({
        "fieldId": id,
        "key": id,
        "name": name,
        "required": required,
        "hasDefaultValue": id == "priority",
        "operations": ["set"],
        "schema": { "type": kind, "system": id },
    })
}

fn allowing(mut field: Value, allowed: Vec<Value>) -> Value {
    crate::json::set(&mut field, "allowedValues", allowed);
    field
}

fn no_project(key: &str) -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, format!("No project could be found with key '{key}'."))
}

pub(super) async fn myself(door: Door) -> Result<Json<Value>, Refusal> {
    door.jira
        .read(|site| site.accounts.first().map(|own| Json(wire::account(door.face(), own))))
        .ok_or_else(Refusal::no_issue)
}

/// Data Center's `GET /user?username=...` (or `key`).
pub(super) async fn user(door: Door, Query(query): Parameters) -> Result<Json<Value>, Refusal> {
    let name = query.get("username").or_else(|| query.get("key")).map_or("", String::as_str);
    let name = name.trim_start_matches("JIRAUSER-");
    door.jira.read(|site| {
        let found = site.user_named(name).map(|account| Json(wire::account(door.face(), account)));
        found.ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, format!("The user named '{name}' does not exist")))
    })
}

pub(super) async fn user_search(door: Door, Query(query): Parameters) -> Json<Value> {
    let parameter = match door.edition {
        Edition::Cloud => "query",
        Edition::DataCenter => "username",
    };
    let wanted = query.get(parameter).map(|text| text.to_lowercase()).unwrap_or_default();
    let matches = |account: &Account| {
        let name = account.name.to_lowercase();
        let address = account.email.to_lowercase();
        let named = door.edition == Edition::DataCenter && account.user_name.starts_with(&wanted);
        address == wanted || named || name.starts_with(&wanted) || name.split(' ').any(|word| word.starts_with(&wanted))
    };
    Json(door.jira.read(|site: &Site| {
        let matching = site.accounts.iter().filter(|account| matches(account));
        matching.map(|account| wire::account(door.face(), account)).collect()
    }))
}

pub(super) async fn priorities(door: Door) -> Json<Value> {
    Json(Value::Array(wire::priorities(door.face())))
}

pub(super) async fn statuses(door: Door) -> Json<Value> {
    Json(STATUSES.iter().map(|status| wire::status(door.face(), status)).collect())
}

pub(super) async fn link_types(door: Door) -> Json<Value> {
    Json(json!({ "issueLinkTypes": wire::link_types(door.face()) }))
}

/// The fields that issues have on every screen together.
pub(super) async fn fields(door: Door) -> Json<Value> {
    const SYSTEM: [(&str, &str, &str); 9] = [
        ("summary", "Summary", "string"),
        ("issuetype", "Issue Type", "issuetype"),
        ("project", "Project", "project"),
        ("description", "Description", "string"),
        ("priority", "Priority", "priority"),
        ("labels", "Labels", "array"),
        ("components", "Component/s", "array"),
        ("assignee", "Assignee", "user"),
        ("status", "Status", "status"),
    ];
    let shown = |id: &str, name: &str, kind: &str, custom: bool| {
        json!({
            "id": id, "name": name, "custom": custom, "orderable": true, "navigable": true, "searchable": true,
            "clauseNames": [id], "schema": { "type": kind },
        })
    };
    let system = SYSTEM.iter().map(|(id, name, kind)| shown(id, name, kind, false));
    let rules = &door.jira.config().required_fields;
    Json(system.chain(rules.iter().map(|rule| shown(&rule.field_id, &rule.name, "string", true))).collect())
}

pub(super) async fn projects(door: Door) -> Json<Value> {
    Json(PROJECTS.iter().map(|project| wire::project(door.face(), project)).collect())
}

/// Cloud's pages of projects, narrowed by `query`.
pub(super) async fn project_page(door: Door, Query(query): Parameters) -> Json<Value> {
    let wanted = query.get("query").map(|text| text.to_lowercase()).unwrap_or_default();
    let named = |project: &&Project| {
        project.key.to_lowercase().contains(&wanted) || project.name.to_lowercase().contains(&wanted)
    };
    let found = PROJECTS.iter().filter(named).map(|project| wire::project(door.face(), project)).collect();
    let mut page = routes_agile::page(found, &query);
    crate::json::set(&mut page, "self", door.face().rest("project/search"));
    Json(page)
}

fn known(key: &str) -> Result<&'static Project, Refusal> {
    site::project_named(key).ok_or_else(|| no_project(key))
}

pub(super) async fn project(door: Door, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    let project = known(&key)?;
    let mut shown = wire::project(door.face(), project);
    crate::json::set(&mut shown, "components", wire::components(door.face(), project));
    crate::json::set(&mut shown, "issueTypes", wire::issue_types(door.face()));
    Ok(Json(shown))
}

pub(super) async fn components(door: Door, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    Ok(Json(wire::components(door.face(), known(&key)?)))
}

/// The statuses that each issue type of the project goes through; here the same for all.
pub(super) async fn project_statuses(door: Door, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    known(&key)?;
    let statuses: Vec<Value> = STATUSES.iter().map(|status| wire::status(door.face(), status)).collect();
    let of_type = |(id, name): &(&str, &str)| {
        json!({
            "id": id, "name": name, "self": door.face().rest(&format!("issuetype/{id}")), "subtask": false,
            "statuses": statuses,
        })
    };
    Ok(Json(ISSUE_TYPES.iter().map(of_type).collect()))
}

pub(super) async fn server_info(door: Door) -> Json<Value> {
    let (version, numbers, deployment) = match door.edition {
        Edition::Cloud => ("1001.0.0-SNAPSHOT", [1001, 0, 0], "Cloud"),
        Edition::DataCenter => ("10.3.1", [10, 3, 1], "Server"),
    };
    Json(json!({
        "baseUrl": door.face().base_url,
        "version": version,
        "versionNumbers": numbers,
        "deploymentType": deployment,
        "buildNumber": 100_000,
        "serverTime": wire::time(jiff::Timestamp::now()),
        "serverTitle": "Jira in a box",
    }))
}

pub(super) async fn browse(State(jira): State<JiraBox>, Path(key): Path<String>) -> Response {
    match jira.read(|site| site.issue(&key).map(|issue| page::issue(site, issue))) {
        Some(html) => Html(html).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page::missing(&key))).into_response(),
    }
}

/// What a person does on the board: `{"key": ..., "status": ...}`.
pub(super) async fn sandbox_move(State(jira): State<JiraBox>, Json(body): Json<Value>) -> Response {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if jira.move_issue(text("key"), text("status")) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Refusal::no_issue().into_response()
    }
}
