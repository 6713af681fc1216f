//! Cloud's REST v2.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::routes::{not_found, refusal};
use super::wiki::Content;
use super::{ConfluenceBox, wire};

const LIMIT_DEFAULT: usize = 25;
const LIMIT_MAX: usize = 250;

/// Query parameters; a name may come several times, or once with commas.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(query: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.one(name)?.parse().ok()
    }

    /// The query again with one parameter set anew.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(known, _)| known != name);
        let mut written = url::form_urlencoded::Serializer::new(String::new());
        written.extend_pairs(kept);
        written.append_pair(name, value);
        written.finish()
    }
}

/// A page of a list; its cursor is a place.
fn listed(path: &str, parameters: &Parameters, all: Vec<Value>) -> Response {
    let limit = parameters.number("limit").unwrap_or(LIMIT_DEFAULT);
    if limit == 0 || limit > LIMIT_MAX {
        return refusal(StatusCode::BAD_REQUEST, "limit must be from 1 to 250");
    }
    let start = match parameters.one("cursor") {
        None => 0,
        Some(cursor) => {
            let place = BASE64.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
            let Some(place) = place else { return refusal(StatusCode::BAD_REQUEST, "the cursor is not valid") };
            place
        }
    };
    let count = all.len();
    let results: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    let end = start + results.len();
    let mut links = json!({});
    if end < count
        && let Some(links) = links.as_object_mut()
    {
        let query = parameters.with("cursor", &BASE64.encode(end.to_string()));
        links.insert("next".to_owned(), format!("/wiki/api/v2{path}?{query}").into());
    }
    Json(json!({ "results": results, "_links": links })).into_response()
}

pub(super) async fn spaces(State(confluence): State<ConfluenceBox>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let keys = parameters.all("keys");
    let all = confluence.read(|wiki| {
        let wanted = wiki.spaces.iter().filter(|space| keys.is_empty() || keys.contains(&space.key.as_str()));
        wanted.map(wire::space_v2).collect()
    });
    listed("/spaces", &parameters, all)
}

pub(super) async fn permissions(
    State(confluence): State<ConfluenceBox>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let all = confluence.read(|wiki| wiki.space_by_id(&id).map(wire::permissions_v2));
    let Some(all) = all else { return not_found() };
    listed(&format!("/spaces/{id}/permissions"), &Parameters::of(query.as_deref()), all)
}

pub(super) async fn pages_of_space(
    State(confluence): State<ConfluenceBox>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let all = confluence.read(|wiki| {
        let mut pages = wiki.pages(&wiki.space_by_id(&id)?.key);
        sort(&mut pages, parameters.one("sort"));
        Some(pages.into_iter().map(|page| wire::page_v2(wiki, page, with_body(&parameters))).collect())
    });
    let Some(all) = all else { return not_found() };
    listed(&format!("/spaces/{id}/pages"), &parameters, all)
}

fn sort(pages: &mut [&Content], by: Option<&str>) {
    if by == Some("-modified-date") {
        pages.sort_by_key(|page| std::cmp::Reverse(page.change));
    }
}

fn with_body(parameters: &Parameters) -> bool {
    parameters.one("body-format") == Some("storage")
}

pub(super) async fn pages(State(confluence): State<ConfluenceBox>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let ids = parameters.all("id");
    let all = confluence.read(|wiki| {
        let pages = wiki.spaces.iter().flat_map(|space| wiki.pages(&space.key));
        let wanted = pages.filter(|page| ids.is_empty() || ids.contains(&page.id.to_string().as_str()));
        wanted.map(|page| wire::page_v2(wiki, page, with_body(&parameters))).collect()
    });
    listed("/pages", &parameters, all)
}

pub(super) async fn page(
    State(confluence): State<ConfluenceBox>,
    Path(id): Path<u64>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let told = confluence.read(|wiki| wiki.live(id).map(|page| wire::page_v2(wiki, page, with_body(&parameters))));
    told.map_or_else(not_found, |told| Json(told).into_response())
}

pub(super) async fn ancestors(State(confluence): State<ConfluenceBox>, Path(id): Path<u64>) -> Response {
    let told = confluence.read(|wiki| {
        let above = wiki.ancestors(wiki.live(id)?);
        let line = |above: &&Content| json!({ "id": above.id.to_string(), "type": wire::kind(above.kind) });
        Some(above.iter().map(line).collect::<Vec<Value>>())
    });
    told.map_or_else(not_found, |results| Json(json!({ "results": results, "_links": {} })).into_response())
}

pub(super) async fn users(State(confluence): State<ConfluenceBox>, Json(body): Json<Value>) -> Response {
    let ids: Option<Vec<&str>> =
        body.get("accountIds").and_then(Value::as_array).map(|ids| ids.iter().filter_map(Value::as_str).collect());
    let Some(ids) = ids.filter(|ids| !ids.is_empty() && ids.len() <= LIMIT_MAX) else {
        return refusal(StatusCode::BAD_REQUEST, "accountIds must hold 1 to 250 ids");
    };
    let results: Vec<Value> =
        confluence.read(|wiki| ids.iter().filter_map(|id| wiki.person(id)).map(wire::user_v2).collect());
    Json(json!({ "results": results, "_links": {} })).into_response()
}
