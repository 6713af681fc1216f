//! Which path does what; authentication, limits and faults in front of all of REST.

use std::time::Duration;

use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::answer::Refusal;
use super::{ZendeskBox, ZendeskConfig, page, routes_lists, routes_ticket};
use crate::faults::{Fault, answer_with_fault};
use crate::json::text;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn router(zendesk: ZendeskBox) -> Router {
    let rest = Router::new()
        .route("/tickets", get(routes_ticket::by_external_id).post(routes_ticket::create))
        .route("/tickets/{id}", get(routes_ticket::show).put(routes_ticket::update))
        .route("/tickets/{id}/comments", get(routes_ticket::comments))
        .route("/tickets/{id}/audits", get(routes_ticket::audits))
        .route("/search", get(routes_lists::search))
        .route("/incremental/tickets/cursor", get(routes_lists::incremental))
        .route("/views/active", get(routes_lists::views))
        .route("/views/count_many", get(routes_lists::view_counts))
        .route("/views/{id}/tickets", get(routes_lists::view_tickets))
        .route("/groups/assignable", get(routes_lists::groups))
        .route("/users/search", get(routes_lists::users))
        .route("/users/me", get(routes_lists::me))
        .route("/users/{id}", get(routes_lists::user))
        .route_layer(middleware::from_fn_with_state(zendesk.clone(), guard));
    Router::new()
        .nest("/api/v2", rest)
        .route("/agent/tickets", get(tickets_page))
        .route("/agent/tickets/{id}", get(ticket_page))
        .route("/sandbox-ask", post(sandbox_ask))
        .with_state(zendesk)
}

/// Checks the credentials and the limits, then lets the fault table have its say.
async fn guard(State(zendesk): State<ZendeskBox>, matched: MatchedPath, request: Request, next: Next) -> Response {
    if let Err(refusal) = authorised(zendesk.config(), &request) {
        return refusal.into_response();
    }
    zendesk.count_request();
    let path = matched.as_str().split("/api/v2").last().unwrap_or_default();
    let (kind, most, window) = match path {
        "/incremental/tickets/cursor" => ("incremental", 10, MINUTE),
        "/views/count_many" => ("counts", 6, 5 * MINUTE),
        _ => ("all", 700, MINUTE),
    };
    if let Some(seconds) = zendesk.spend(kind, most, window) {
        return Refusal::too_many(Some(seconds)).into_response();
    }
    let target = format!("zendesk:{} {path}", request.method());
    match zendesk.config().faults.decide(&target) {
        Some(Fault::Status { status, retry_after_seconds }) => {
            Refusal::fault(status, retry_after_seconds).into_response()
        }
        fault => answer_with_fault(fault, next.run(request)).await,
    }
}

/// Basic with `email/token`, or a bearer token,
/// <https://developer.zendesk.com/api-reference/introduction/security-and-auth/>.
fn authorised(config: &ZendeskConfig, request: &Request) -> Result<(), Refusal> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some(token) = header.strip_prefix("Bearer ") {
        let known = token.as_bytes().ct_eq(config.access_token.as_bytes());
        return if known.into() { Ok(()) } else { Err(Refusal::stranger(true)) };
    }
    let expected = format!("{}/token:{}", config.email, config.api_token);
    let presented = header.strip_prefix("Basic ").and_then(|encoded| BASE64.decode(encoded).ok()).unwrap_or_default();
    if presented.ct_eq(expected.as_bytes()).into() { Ok(()) } else { Err(Refusal::stranger(false)) }
}

/// The number in a path.
pub(super) fn number(text: &str) -> Result<u64, Refusal> {
    text.trim_end_matches(".json").parse().map_err(|_| Refusal::bad_id())
}

async fn ticket_page(State(zendesk): State<ZendeskBox>, Path(id): Path<String>) -> Response {
    let id = id.parse().unwrap_or_default();
    match zendesk.read(|account| account.ticket(id).map(|ticket| page::ticket(account, ticket))) {
        Some(html) => Html(html).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page::missing())).into_response(),
    }
}

async fn tickets_page(State(zendesk): State<ZendeskBox>) -> Html<String> {
    Html(zendesk.read(page::tickets))
}

/// What a customer does: `{"name", "email", "subject", "text"}`, answered with the ticket's id.
async fn sandbox_ask(State(zendesk): State<ZendeskBox>, Json(body): Json<Value>) -> Response {
    let given = |name: &str| text(&body, name).unwrap_or_default();
    if given("email").is_empty() || given("text").is_empty() {
        return Refusal::field("base", "Description: cannot be blank").into_response();
    }
    let id = zendesk.ask(given("name"), given("email"), given("subject"), given("text"));
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}
