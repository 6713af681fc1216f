//! Which path does what; authentication and faults in front of all of REST.

use std::collections::HashMap;

use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::answer::Refusal;
use super::site::{self, Issue, PROJECTS};
use super::{JiraBox, JiraConfig, jql, page, routes_issue, wire};
use crate::faults::{Fault, answer_with_fault};

/// Issues per page of a search that names no number.
const SEARCH_RESULTS_DEFAULT: u64 = 50;
/// Issues per page of a search at most.
const SEARCH_RESULTS_MAX: u64 = 5_000;
/// What a page token starts with.
const PAGE_TOKEN: &str = "offset:";

pub(super) fn router(jira: JiraBox) -> Router {
    let rest = Router::new()
        .route("/issue", post(routes_issue::create))
        .route("/issue/{key}", get(routes_issue::show).put(routes_issue::edit))
        .route("/issue/{key}/assignee", put(routes_issue::assign))
        .route("/issue/{key}/comment", get(routes_issue::comments).post(routes_issue::add_comment))
        .route("/issue/{key}/transitions", get(routes_issue::transitions).post(routes_issue::transition))
        .route("/comment/list", post(routes_issue::comment_list))
        .route("/issue/createmeta/{project}/issuetypes", get(create_types))
        .route("/issue/createmeta/{project}/issuetypes/{id}", get(create_fields))
        .route("/search/jql", get(search_by_query).post(search_by_body))
        .route("/myself", get(myself))
        .route("/user/search", get(user_search))
        .route("/priority", get(priorities))
        .route("/project/search", get(projects))
        .route("/serverInfo", get(server_info))
        .route_layer(middleware::from_fn_with_state(jira.clone(), guard));
    Router::new()
        .nest("/rest/api/3", rest)
        .route("/browse/{key}", get(browse))
        .route("/sandbox-move", post(sandbox_move))
        .with_state(jira)
}

/// Checks the credentials, then lets the fault table have its say.
async fn guard(State(jira): State<JiraBox>, matched: MatchedPath, request: Request, next: Next) -> Response {
    if !authorised(jira.config(), &request) {
        return Refusal::message(StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.")
            .into_response();
    }
    jira.count_request();
    let path = matched.as_str().split("/rest/api/3").last().unwrap_or_default();
    let target = format!("jira:{} {path}", request.method());
    match jira.config().faults.decide(&target) {
        Some(Fault::Status { status, retry_after_seconds }) => failed(status, retry_after_seconds),
        fault => answer_with_fault(fault, next.run(request)).await,
    }
}

fn authorised(config: &JiraConfig, request: &Request) -> bool {
    let expected = format!("{}:{}", config.email, config.api_token);
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| BASE64.decode(encoded).ok())
        .unwrap_or_default();
    presented.ct_eq(expected.as_bytes()).into()
}

fn failed(status: u16, retry_after_seconds: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = match status {
        StatusCode::TOO_MANY_REQUESTS => "Rate limit exceeded.",
        _ => "Internal server error.",
    };
    let mut response = Refusal::message(status, message).into_response();
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

type Parameters = Query<HashMap<String, String>>;

async fn search_by_query(State(jira): State<JiraBox>, Query(query): Parameters) -> Result<Json<Value>, Refusal> {
    let fields = query.get("fields").map(|names| split(names)).unwrap_or_default();
    let limit = query.get("maxResults").and_then(|text| text.parse().ok());
    let jql = query.get("jql").map_or("", String::as_str);
    search(&jira, jql, &fields, limit, query.get("nextPageToken").map(String::as_str))
}

async fn search_by_body(State(jira): State<JiraBox>, Json(body): Json<Value>) -> Result<Json<Value>, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let fields = body.get("fields").and_then(Value::as_array);
    let fields: Vec<String> =
        fields.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let limit = body.get("maxResults").and_then(Value::as_u64);
    search(&jira, text("jql").unwrap_or_default(), &fields, limit, text("nextPageToken"))
}

fn search(
    jira: &JiraBox,
    jql: &str,
    fields: &[String],
    limit: Option<u64>,
    token: Option<&str>,
) -> Result<Json<Value>, Refusal> {
    let query = jql::parse(jql)?;
    let offset: usize = match token {
        None => 0,
        Some(token) => BASE64
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix(PAGE_TOKEN)?.parse().ok())
            .ok_or_else(|| Refusal::message(StatusCode::BAD_REQUEST, "Invalid nextPageToken."))?,
    };
    let limit = limit.unwrap_or(SEARCH_RESULTS_DEFAULT).clamp(1, SEARCH_RESULTS_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let now = Instant::now();
    Ok(Json(jira.read(|site| {
        let visible = |issue: &&Issue| issue.searchable_at <= now && query.matches(issue);
        let mut found: Vec<&Issue> = site.issues.iter().filter(visible).collect();
        query.sort(&mut found);
        let last = found.len() <= offset.saturating_add(limit);
        let base_url = &jira.config().base_url;
        let issues: Vec<Value> = found
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|issue| match fields {
                // Without `fields` the search tells ids only.
                [] => json!({ "id": issue.id.to_string() }),
                fields => wire::issue(base_url, site, issue, fields),
            })
            .collect();
        let mut body = json!({ "issues": issues, "isLast": last });
        if let (false, Some(object)) = (last, body.as_object_mut()) {
            let token = BASE64.encode(format!("{PAGE_TOKEN}{}", offset + limit));
            object.insert("nextPageToken".into(), token.into());
        }
        body
    })))
}

async fn create_types(State(jira): State<JiraBox>, Path(project): Path<String>) -> Result<Json<Value>, Refusal> {
    site::project_named(&project).ok_or_else(|| no_project(&project))?;
    let types = wire::issue_types(&jira.config().base_url);
    Ok(Json(json!({ "maxResults": 50, "startAt": 0, "total": types.len(), "issueTypes": types })))
}

async fn create_fields(
    State(jira): State<JiraBox>,
    Path((project, type_id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let known = site::project_named(&project).ok_or_else(|| no_project(&project))?;
    let (_, type_name) = site::issue_type_named(&type_id)
        .ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Issue type not found."))?;
    let field = |id: &str, name: &str, required: bool| {
        json!({
            "fieldId": id,
            "key": id,
            "name": name,
            "required": required,
            "hasDefaultValue": id == "priority",
            "operations": ["set"],
        })
    };
    let base_url = &jira.config().base_url;
    let components = known.components.iter().map(|name| json!({ "name": name })).collect();
    let allowing = |mut field: Value, allowed: Vec<Value>| {
        if let Some(object) = field.as_object_mut() {
            object.insert("allowedValues".into(), Value::Array(allowed));
        }
        field
    };
    let mut fields = vec![
        field("summary", "Summary", true),
        field("issuetype", "Issue Type", true),
        field("project", "Project", true),
        field("reporter", "Reporter", true),
        field("description", "Description", false),
        allowing(field("priority", "Priority", false), wire::priorities(base_url)),
        field("labels", "Labels", false),
        allowing(field("components", "Components", false), components),
        field("assignee", "Assignee", false),
    ];
    for rule in &jira.config().required_fields {
        if rule.project_key == known.key && rule.issue_type == type_name {
            fields.push(field(&rule.field_id, &rule.name, true));
        }
    }
    Ok(Json(json!({ "maxResults": 50, "startAt": 0, "total": fields.len(), "fields": fields })))
}

fn no_project(key: &str) -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, format!("No project could be found with key '{key}'."))
}

async fn myself(State(jira): State<JiraBox>) -> Result<Json<Value>, Refusal> {
    let base_url = &jira.config().base_url;
    jira.read(|site| site.accounts.first().map(|own| Json(wire::account(base_url, own)))).ok_or_else(Refusal::no_issue)
}

async fn user_search(State(jira): State<JiraBox>, Query(query): Parameters) -> Json<Value> {
    let wanted = query.get("query").map(|text| text.to_lowercase()).unwrap_or_default();
    let base_url = &jira.config().base_url;
    Json(jira.read(|site| {
        let matching = site.accounts.iter().filter(|account| {
            let name = account.name.to_lowercase();
            account.email.to_lowercase() == wanted
                || name.split_whitespace().any(|word| word.starts_with(&wanted))
                || name.starts_with(&wanted)
        });
        matching.map(|account| wire::account(base_url, account)).collect()
    }))
}

async fn priorities(State(jira): State<JiraBox>) -> Json<Value> {
    Json(Value::Array(wire::priorities(&jira.config().base_url)))
}

async fn projects(State(jira): State<JiraBox>) -> Json<Value> {
    let base_url = &jira.config().base_url;
    let values: Vec<Value> = PROJECTS.iter().map(|project| wire::project(base_url, project)).collect();
    Json(json!({
        "self": format!("{base_url}/rest/api/3/project/search"),
        "maxResults": 50,
        "startAt": 0,
        "total": values.len(),
        "isLast": true,
        "values": values,
    }))
}

async fn server_info(State(jira): State<JiraBox>) -> Json<Value> {
    Json(json!({
        "baseUrl": jira.config().base_url,
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud",
        "buildNumber": 100_000,
        "serverTime": wire::time(jiff::Timestamp::now()),
        "serverTitle": "Jira in a box",
    }))
}

async fn browse(State(jira): State<JiraBox>, Path(key): Path<String>) -> Response {
    match jira.read(|site| site.issue(&key).map(|issue| page::issue(site, issue))) {
        Some(html) => Html(html).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page::missing(&key))).into_response(),
    }
}

/// What a person does on the board: `{"key": ..., "status": ...}`.
async fn sandbox_move(State(jira): State<JiraBox>, Json(body): Json<Value>) -> Response {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if jira.move_issue(text("key"), text("status")) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Refusal::no_issue().into_response()
    }
}

/// The names in a comma-separated list.
pub(super) fn split(names: &str) -> Vec<String> {
    names.split(',').map(|name| name.trim().to_owned()).collect()
}
