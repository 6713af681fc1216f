//! Searches: Cloud pages by tokens, Data Center by offsets.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Query;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::Refusal;
use super::door::{Door, Edition};
use super::site::Issue;
use super::{jql, wire};

/// Issues per page of a search that names no number.
const RESULTS_DEFAULT: u64 = 50;
/// Issues per page of a search at most: Cloud's and Data Center's.
const RESULTS_MAX: [u64; 2] = [5_000, 1_000];
/// What a page token starts with.
const PAGE_TOKEN: &str = "offset:";

/// What a search asks for.
#[derive(Debug, Default)]
struct Wanted {
    jql: String,
    fields: Vec<String>,
    limit: Option<u64>,
    start: Option<u64>,
    token: Option<String>,
}

pub(super) async fn by_query(door: Door, Query(query): Query<HashMap<String, String>>) -> Result<Json<Value>, Refusal> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse().ok());
    search(
        &door,
        Wanted {
            jql: query.get("jql").cloned().unwrap_or_default(),
            fields: query.get("fields").map(|names| split(names)).unwrap_or_default(),
            limit: number("maxResults"),
            start: number("startAt"),
            token: query.get("nextPageToken").cloned(),
        },
    )
}

pub(super) async fn by_body(door: Door, Json(body): Json<Value>) -> Result<Json<Value>, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let fields = body.get("fields").and_then(Value::as_array);
    search(
        &door,
        Wanted {
            jql: text("jql").unwrap_or_default(),
            fields: fields.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            limit: body.get("maxResults").and_then(Value::as_u64),
            start: body.get("startAt").and_then(Value::as_u64),
            token: text("nextPageToken"),
        },
    )
}

fn search(door: &Door, mut wanted: Wanted) -> Result<Json<Value>, Refusal> {
    let [cloud_max, data_center_max] = RESULTS_MAX;
    let (query, start, most) = match door.edition {
        Edition::Cloud => (jql::parse(&wanted.jql)?, offset(wanted.token.as_deref())?, cloud_max),
        Edition::DataCenter => {
            if wanted.fields.is_empty() {
                wanted.fields.push("*navigable".to_owned());
            }
            (jql::parse_unbounded(&wanted.jql)?, wanted.start.unwrap_or(0), data_center_max)
        }
    };
    let limit = wanted.limit.unwrap_or(RESULTS_DEFAULT).clamp(1, most);
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let now = Instant::now();
    Ok(Json(door.jira.read(|site| {
        let visible = |issue: &&Issue| issue.searchable_at <= now && query.matches(issue);
        let mut found: Vec<&Issue> = site.issues.iter().filter(visible).collect();
        query.sort(&mut found);
        let total = found.len();
        let page = found.into_iter().skip(place(start)).take(place(limit));
        let issues: Vec<Value> = page
            .map(|issue| match wanted.fields.as_slice() {
                // Without `fields` Cloud's search tells ids only.
                [] => json!({ "id": issue.id.to_string() }),
                fields => wire::issue(door.face(), site, issue, fields),
            })
            .collect();
        match door.edition {
            Edition::Cloud => cloud_page(&issues, start.saturating_add(limit), total),
            Edition::DataCenter => json!({
                "expand": "schema,names", "startAt": start, "maxResults": limit, "total": total, "issues": issues,
            }),
        }
    })))
}

fn cloud_page(issues: &[Value], end: u64, total: usize) -> Value {
    let last = total as u64 <= end;
    let mut body = json!({ "issues": issues, "isLast": last });
    if !last {
        crate::json::set(&mut body, "nextPageToken", BASE64.encode(format!("{PAGE_TOKEN}{end}")));
    }
    body
}

fn offset(token: Option<&str>) -> Result<u64, Refusal> {
    let Some(token) = token else { return Ok(0) };
    let decoded = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .and_then(|text| text.strip_prefix(PAGE_TOKEN)?.parse().ok())
        .ok_or_else(|| Refusal::message(StatusCode::BAD_REQUEST, "Invalid nextPageToken."))
}

/// The names in a comma-separated list.
pub(super) fn split(names: &str) -> Vec<String> {
    names.split(',').map(|name| name.trim().to_owned()).collect()
}
