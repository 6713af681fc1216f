//! Which path does what; the token, the rate limit and faults in front of all of REST.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::answer::Refusal;
use super::directory::{self, GROUPS, ITERATIONS, MEMBERS, WORKFLOWS};
use super::webhook::Webhook;
use super::{ShortcutBox, input, page, routes_story, wire};
use crate::faults::{Fault, answer_with_fault};
use crate::record;

/// What stands before every path of the API.
const PREFIX: &str = "/api/v3";

pub(super) fn router(shortcut: ShortcutBox) -> Router {
    let rest = Router::new()
        .route("/stories", post(routes_story::create))
        .route("/stories/search", post(routes_story::search_by_fields))
        .route("/stories/{id}", get(routes_story::show).put(routes_story::update))
        .route("/stories/{id}/comments", get(routes_story::comments).post(routes_story::add_comment))
        .route("/search/stories", get(routes_story::search_by_query))
        .route("/external-link/stories", get(routes_story::by_external_link))
        .route("/groups", get(groups))
        .route("/workflows", get(workflows))
        .route("/iterations", get(iterations))
        .route("/iterations/{id}", get(iteration))
        .route("/members", get(members))
        .route("/member", get(own_member))
        .route("/labels", get(labels).post(create_label))
        .route("/integrations/webhook", post(create_webhook))
        .route("/integrations/webhook/{id}", get(show_webhook).delete(delete_webhook))
        .route_layer(middleware::from_fn_with_state(shortcut.clone(), guard))
        .fallback(async || Refusal::message(StatusCode::NOT_FOUND, "Page not Found"));
    Router::new()
        .nest(PREFIX, rest)
        .route("/story/{id}", get(browse))
        .route("/sandbox-move", post(sandbox_move))
        .route("/sandbox-add", post(sandbox_add))
        .with_state(shortcut)
}

/// Checks the token and the rate, then lets the fault table have its say. Records what gets through.
async fn guard(State(shortcut): State<ShortcutBox>, matched: MatchedPath, request: Request, next: Next) -> Response {
    let presented = request.headers().get("shortcut-token").map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    if !bool::from(presented.ct_eq(shortcut.config().api_token.as_bytes())) {
        return Refusal::unauthorized().into_response();
    }
    let limit = shortcut.config().requests_per_minute;
    if let Some(seconds) = shortcut.note(|workspace| workspace.admit(limit)) {
        return Refusal::status(StatusCode::TOO_MANY_REQUESTS.as_u16(), Some(seconds)).into_response();
    }
    let path = matched.as_str().split(PREFIX).last().unwrap_or_default();
    let target = format!("shortcut:{} {path}", request.method());
    match shortcut.config().faults.decide(&target) {
        Some(Fault::Status { status, retry_after_seconds }) => {
            Refusal::status(status, retry_after_seconds).into_response()
        }
        fault => answer_with_fault(fault, recorded(&shortcut, request, next)).await,
    }
}

async fn recorded(shortcut: &ShortcutBox, request: Request, next: Next) -> Response {
    let Some((response, exchange)) = record::recorded(PREFIX, request, next).await else {
        return Refusal::message(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too long.").into_response();
    };
    shortcut.note(|workspace| workspace.exchanges.add(exchange));
    response
}

async fn groups(State(shortcut): State<ShortcutBox>) -> Json<Value> {
    let base_url = &shortcut.config().base_url;
    Json(shortcut.read(|workspace| GROUPS.iter().map(|group| wire::group(base_url, workspace, group)).collect()))
}

async fn workflows(State(shortcut): State<ShortcutBox>) -> Json<Value> {
    Json(shortcut.read(|workspace| WORKFLOWS.iter().map(|workflow| wire::workflow(workspace, workflow)).collect()))
}

async fn iterations(State(shortcut): State<ShortcutBox>) -> Json<Value> {
    let base_url = &shortcut.config().base_url;
    Json(ITERATIONS.iter().map(|iteration| wire::iteration(base_url, iteration)).collect())
}

async fn iteration(State(shortcut): State<ShortcutBox>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let found = id.parse().ok().and_then(directory::iteration_with_id).ok_or_else(Refusal::not_found)?;
    let mut whole = wire::iteration(&shortcut.config().base_url, found);
    crate::json::set(&mut whole, "description", "");
    Ok(Json(whole))
}

async fn members(State(shortcut): State<ShortcutBox>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let base_url = &shortcut.config().base_url;
    let wanted: Option<bool> = query.get("disabled").and_then(|text| text.parse().ok());
    let shown = MEMBERS.iter().filter(|member| wanted.is_none_or(|wanted| member.disabled == wanted));
    Json(shown.map(|member| wire::member(base_url, member)).collect())
}

async fn own_member(State(shortcut): State<ShortcutBox>) -> Json<Value> {
    Json(wire::own_member(&shortcut.config().base_url))
}

async fn labels(State(shortcut): State<ShortcutBox>) -> Json<Value> {
    let base_url = &shortcut.config().base_url;
    Json(shortcut.read(|workspace| workspace.labels.iter().map(|label| wire::label(base_url, label)).collect()))
}

async fn create_label(State(shortcut): State<ShortcutBox>, body: Bytes) -> Result<(StatusCode, Json<Value>), Refusal> {
    let fields = input::checked(&body, &[input::LABEL], &["name"])?;
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
    let base_url = &shortcut.config().base_url;
    let made = shortcut.change(|workspace| {
        let id = workspace.label_named(name);
        workspace.label(id).map(|label| wire::label(base_url, label))
    });
    Ok((StatusCode::CREATED, Json(made.ok_or_else(Refusal::not_found)?)))
}

/// The vendor's help page shows 201 with the integration, its `OpenAPI` document says 204 without a body; the page is
/// the newer of the two.
async fn create_webhook(
    State(shortcut): State<ShortcutBox>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let fields = input::checked(&body, &[input::WEBHOOK], &["webhook_url"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let url = text("webhook_url").filter(|url| url::Url::parse(url).is_ok_and(|url| url.has_host()));
    let url = url.ok_or_else(|| Refusal::unprocessable("The webhook_url is not a URL."))?;
    let made = shortcut.note(|workspace| {
        let webhook = Webhook { id: workspace.take_id(), url, secret: text("secret"), created: Timestamp::now() };
        workspace.webhooks.push(webhook.clone());
        webhook
    });
    Ok((StatusCode::CREATED, Json(wire::webhook(&made))))
}

async fn show_webhook(State(shortcut): State<ShortcutBox>, Path(id): Path<u64>) -> Result<Json<Value>, Refusal> {
    shortcut.read(|workspace| {
        let found = workspace.webhooks.iter().find(|webhook| webhook.id == id);
        found.map(|webhook| Json(wire::webhook(webhook))).ok_or_else(Refusal::not_found)
    })
}

async fn delete_webhook(State(shortcut): State<ShortcutBox>, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    shortcut.note(|workspace| {
        let before = workspace.webhooks.len();
        workspace.webhooks.retain(|webhook| webhook.id != id);
        if workspace.webhooks.len() < before { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found()) }
    })
}

async fn browse(State(shortcut): State<ShortcutBox>, Path(id): Path<String>) -> Response {
    let page = shortcut.read(|workspace| Some(page::story(workspace, workspace.story(id.parse().ok()?)?)));
    match page {
        Some(html) => Html(html).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page::missing())).into_response(),
    }
}

/// What a person adds on the board: `{"name": ..., "workflow": ...}`.
async fn sandbox_add(State(shortcut): State<ShortcutBox>, Json(body): Json<Value>) -> Response {
    let text = |field: &str| crate::json::text(&body, field).unwrap_or_default();
    if let Some(id) = shortcut.add_story(text("name"), text("workflow")) {
        return (StatusCode::CREATED, Json(json!({ "id": id }))).into_response();
    }
    Refusal::unprocessable("Give the story a name, and a workflow that there is.").into_response()
}

/// What a person does on the board: `{"id": ..., "state": ...}`.
async fn sandbox_move(State(shortcut): State<ShortcutBox>, Json(body): Json<Value>) -> Response {
    let id = body.get("id").and_then(Value::as_u64).unwrap_or_default();
    if shortcut.move_story(id, crate::json::text(&body, "state").unwrap_or_default()) {
        return StatusCode::NO_CONTENT.into_response();
    }
    (StatusCode::NOT_FOUND, Json(json!({ "message": "There is no such story, or no such state in its workflow." })))
        .into_response()
}
