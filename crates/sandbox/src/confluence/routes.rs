//! The site over HTTP: who may ask, faults and limits, and which edition answers.

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{ConfluenceBox, ConfluenceConfig, routes_v1, routes_v2};
use crate::faults::{Fault, answer_with_fault};
use crate::record;

/// Confluence's two products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Cloud,
    DataCenter,
}

const V2: &str = "/api/v2";
const V1: &str = "/rest/api";

pub(super) fn router(confluence: ConfluenceBox) -> Router {
    let behind = |edition: Edition, rest: Router<ConfluenceBox>| {
        rest.route_layer(middleware::from_fn_with_state((confluence.clone(), edition), guard))
    };
    let v2 = Router::new()
        .route("/spaces", get(routes_v2::spaces))
        .route("/spaces/{id}/permissions", get(routes_v2::permissions))
        .route("/spaces/{id}/pages", get(routes_v2::pages_of_space))
        .route("/pages", get(routes_v2::pages))
        .route("/pages/{id}", get(routes_v2::page))
        .route("/pages/{id}/ancestors", get(routes_v2::ancestors))
        .route("/users-bulk", post(routes_v2::users));
    let v1_cloud = v1_common().route("/group/{group}/membersByGroupId", get(routes_v1::members));
    let v1_own = v1_common()
        .route("/content", get(routes_v1::contents))
        .route("/content/{id}", get(routes_v1::content))
        .route("/space", get(routes_v1::spaces))
        .route("/space/{key}/permissions", get(routes_v1::permissions))
        .route("/user", get(routes_v1::user))
        .route("/group/{group}/member", get(routes_v1::members));
    let cloud = Router::new()
        .nest(V2, behind(Edition::Cloud, v2))
        .nest(V1, behind(Edition::Cloud, v1_cloud))
        .merge(people(Edition::Cloud, &confluence));
    Router::new()
        .nest("/wiki", cloud)
        .nest(V1, behind(Edition::DataCenter, v1_own))
        .merge(people(Edition::DataCenter, &confluence))
        .with_state(confluence)
}

fn v1_common() -> Router<ConfluenceBox> {
    Router::new()
        .route("/content/search", get(routes_v1::search))
        .route("/content/{id}/restriction/byOperation/read", get(routes_v1::restriction))
}

/// What browsers open, and files: Cloud gives these from elsewhere, to whoever has the address.
fn people(edition: Edition, confluence: &ConfluenceBox) -> Router<ConfluenceBox> {
    let download = Router::new()
        .route("/download/attachments/{page}/{id}", get(routes_v1::download))
        .route_layer(middleware::from_fn_with_state((confluence.clone(), edition), guard));
    let router = Router::new().route("/spaces/{space}/pages/{id}", get(shown)).merge(download);
    match edition {
        Edition::Cloud => router.route("/media/{id}", get(routes_v1::media)),
        Edition::DataCenter => router,
    }
}

/// Checks the credentials and the limit, then lets the fault table have its say. Records what gets through.
async fn guard(
    State((confluence, edition)): State<(ConfluenceBox, Edition)>,
    matched: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    if edition_of(confluence.config(), &request) != Some(edition) {
        return refusal(StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.");
    }
    if let Some(wait) = confluence.spend() {
        return limited(Some(wait));
    }
    request.extensions_mut().insert(edition);
    let prefix = [V2, V1].into_iter().find(|prefix| matched.as_str().contains(prefix));
    let path = prefix.and_then(|prefix| matched.as_str().split(prefix).last()).unwrap_or("/download");
    let target = format!("confluence:{} {path}", request.method());
    match confluence.config().faults.decide(&target) {
        Some(Fault::Status { status: 429, retry_after_seconds }) => limited(retry_after_seconds),
        fault => answer_with_fault(fault, recorded(&confluence, prefix, request, next)).await,
    }
}

async fn recorded(confluence: &ConfluenceBox, prefix: Option<&str>, request: Request, next: Next) -> Response {
    let Some(prefix) = prefix else { return next.run(request).await };
    let Some((response, exchange)) = record::recorded(prefix, request, next).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too long.");
    };
    confluence.change(|wiki| wiki.exchanges.add(exchange));
    response
}

/// The edition whose credentials the request carries.
fn edition_of(config: &ConfluenceConfig, request: &Request) -> Option<Edition> {
    let presented = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let same = |presented: &[u8], expected: &str| bool::from(presented.ct_eq(expected.as_bytes()));
    if let Some(token) = presented.strip_prefix("Bearer ") {
        return same(token.as_bytes(), &config.api_token).then_some(Edition::DataCenter);
    }
    let decoded = BASE64.decode(presented.strip_prefix("Basic ")?).ok()?;
    same(&decoded, &format!("{}:{}", config.email, config.api_token)).then_some(Edition::Cloud)
}

fn limited(retry_after_seconds: Option<u64>) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.");
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An answer that is no success; both versions' readers find their words in it.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    let code = status.as_u16();
    let body: Value = json!({
        "statusCode": code, "message": message,
        "errors": [{ "status": code, "code": "ERROR", "title": message, "detail": null }],
    });
    (status, axum::Json(body)).into_response()
}

pub(super) fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "Not Found")
}

/// The page as a browser shows it.
async fn shown(State(confluence): State<ConfluenceBox>, Path((_, id)): Path<(String, u64)>) -> Response {
    let page = confluence.read(|wiki| wiki.live(id).map(|page| (page.title.clone(), page.storage.clone())));
    let Some((title, storage)) = page else { return (StatusCode::NOT_FOUND, "there is no such page").into_response() };
    Html(format!("<!doctype html><title>{title}</title><h1>{title}</h1>{storage}")).into_response()
}
