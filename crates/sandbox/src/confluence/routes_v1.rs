//! REST v1: what Cloud's v2 lacks, and Data Center's whole.

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::cql::{self, Found};
use super::routes::{Edition, not_found, refusal};
use super::routes_v2::Parameters;
use super::wiki::{Kind, Wiki};
use super::{ConfluenceBox, wire};

const LIMIT_DEFAULT: usize = 25;
const LIMIT_MAX: usize = 250;

/// A page of a list; it goes on at `start`.
fn listed(path: &str, parameters: &Parameters, all: Vec<Value>) -> Response {
    let limit = parameters.number("limit").unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let start = parameters.number("start").unwrap_or(0);
    let count = all.len();
    let results: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    let end = start + results.len();
    let mut body = json!({ "start": start, "limit": limit, "size": results.len(), "results": results, "_links": {} });
    if end < count
        && let Some(links) = body.get_mut("_links").and_then(Value::as_object_mut)
    {
        let query = parameters.with("start", &end.to_string());
        links.insert("next".to_owned(), format!("/rest/api{path}?{query}").into());
    }
    Json(body).into_response()
}

fn found(wiki: &Wiki, found: &Found<'_>, edition: Edition, expand: &[&str]) -> Value {
    match found {
        Found::Content(page) => wire::page_v1(wiki, page, edition, expand),
        Found::Attachment(attachment) => wire::attachment(attachment, edition),
    }
}

pub(super) async fn search(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let wanted = match cql::parse(parameters.one("cql").unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, &message),
    };
    let expand = parameters.all("expand");
    let all = confluence.read(|wiki| wanted.run(wiki).iter().map(|item| found(wiki, item, edition, &expand)).collect());
    listed("/content/search", &parameters, all)
}

pub(super) async fn restriction(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    Path(id): Path<u64>,
) -> Response {
    let told = confluence.read(|wiki| wiki.live(id).map(|content| wire::restriction(wiki, content, edition)));
    told.map_or_else(not_found, |told| Json(told).into_response())
}

pub(super) async fn contents(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let expand = parameters.all("expand");
    let all = confluence.read(|wiki| {
        let pages = wiki.pages(parameters.one("spaceKey").unwrap_or_default());
        pages.into_iter().map(|page| wire::page_v1(wiki, page, edition, &expand)).collect()
    });
    listed("/content", &parameters, all)
}

pub(super) async fn content(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    Path(id): Path<u64>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let expand = parameters.all("expand");
    let told = confluence.read(|wiki| {
        let page = wiki.live(id).filter(|content| content.kind == Kind::Page)?;
        Some(wire::page_v1(wiki, page, edition, &expand))
    });
    told.map_or_else(not_found, |told| Json(told).into_response())
}

pub(super) async fn spaces(State(confluence): State<ConfluenceBox>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let keys = parameters.all("spaceKey");
    let all = confluence.read(|wiki| {
        let wanted = wiki.spaces.iter().filter(|space| keys.is_empty() || keys.contains(&space.key.as_str()));
        wanted.map(wire::space_v1).collect()
    });
    listed("/space", &parameters, all)
}

pub(super) async fn permissions(State(confluence): State<ConfluenceBox>, Path(key): Path<String>) -> Response {
    let told = confluence.read(|wiki| wiki.space(&key).map(|space| wire::permissions_v1(wiki, space)));
    told.map_or_else(not_found, |told| Json(told).into_response())
}

pub(super) async fn user(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::of(query.as_deref());
    let key = parameters.one("key").unwrap_or_default();
    let told = confluence.read(|wiki| {
        let person = wiki.people.iter().find(|person| wire::user_key(person) == key)?;
        Some(wire::user(person, edition))
    });
    told.map_or_else(not_found, |told| Json(told).into_response())
}

/// Cloud knows groups by id, Data Center by name.
pub(super) async fn members(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    Path(group): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let all = confluence.read(|wiki| {
        let is_it = |known: &&super::wiki::Group| match edition {
            Edition::Cloud => known.id == group,
            Edition::DataCenter => known.name == group,
        };
        let members = &wiki.groups.iter().find(is_it)?.members;
        Some(members.iter().filter_map(|id| wiki.person(id)).map(|person| wire::user(person, edition)).collect())
    });
    let Some(all) = all else { return not_found() };
    listed(&format!("/group/{group}"), &Parameters::of(query.as_deref()), all)
}

/// Data Center gives the file; Cloud leads to where it is kept.
pub(super) async fn download(
    State(confluence): State<ConfluenceBox>,
    Extension(edition): Extension<Edition>,
    Path((_, id)): Path<(u64, u64)>,
) -> Response {
    match edition {
        Edition::Cloud => {
            Redirect::temporary(&format!("{}/wiki/media/{id}", confluence.config().base_url)).into_response()
        }
        Edition::DataCenter => file(&confluence, id),
    }
}

pub(super) async fn media(State(confluence): State<ConfluenceBox>, Path(id): Path<u64>) -> Response {
    file(&confluence, id)
}

fn file(confluence: &ConfluenceBox, id: u64) -> Response {
    let found = confluence.read(|wiki| {
        let attachment = wiki.attachments.get(&id)?;
        Some((attachment.media_type.clone(), attachment.bytes.clone()))
    });
    let Some((media_type, bytes)) = found else { return not_found() };
    ([(header::CONTENT_TYPE, media_type)], bytes).into_response()
}
