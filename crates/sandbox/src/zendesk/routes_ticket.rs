//! The paths below `/tickets`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::account::{Account, Kept, OWN_ID, Ticket};
use super::answer::Refusal;
use super::routes::number;
use super::{ZendeskBox, fields, wire};
use crate::json::{list, text};

/// Records per page at most.
const PAGE_SIZE_MAX: usize = 100;

pub(super) type Parameters = Query<HashMap<String, String>>;

/// `POST /tickets`, <https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency>.
pub(super) async fn create(
    State(zendesk): State<ZendeskBox>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Refusal> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let ticket = ticket_of(&body)?;
    let until = Instant::now() + zendesk.config().idempotency_lifetime;
    let base_url = &zendesk.config().base_url;
    zendesk.change(|account| {
        if let Some(key) = &key {
            account.kept.retain(|_, kept| kept.until > Instant::now());
            match account.kept.get(key) {
                Some(kept) if kept.request == body => return Ok(created(&kept.answer, Some("hit"))),
                Some(_) => return Err(mismatch()),
                None => {}
            }
        }
        let change = fields::change(ticket, account)?;
        fields::new_ticket(&change)?;
        let id = account.create(change, OWN_ID);
        let made = account.ticket(id).ok_or_else(Refusal::not_found)?;
        let answer = json!({ "ticket": wire::ticket(base_url, made), "audit": last_audit(made) });
        let lookup = key.as_ref().map(|_| "miss");
        if let Some(key) = key {
            account.kept.insert(key, Kept { request: body.clone(), answer: answer.clone(), until });
        }
        Ok(created(&answer, lookup))
    })
}

fn created(answer: &Value, lookup: Option<&'static str>) -> Response {
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    if let Some(lookup) = lookup {
        response.headers_mut().insert("x-idempotency-lookup", HeaderValue::from_static(lookup));
    }
    response
}

fn mismatch() -> Refusal {
    let description = "Request parameters don't match the given idempotency key";
    Refusal::described(StatusCode::BAD_REQUEST, "IdempotentRequestError", description)
}

/// `GET /tickets?external_id=`; without it the first hundred.
pub(super) async fn by_external_id(State(zendesk): State<ZendeskBox>, Query(query): Parameters) -> Json<Value> {
    let base_url = &zendesk.config().base_url;
    zendesk.read(|account| {
        let wanted = query.get("external_id");
        let found = account.tickets.iter().filter(|ticket| wanted.is_none() || ticket.external_id.as_ref() == wanted);
        let tickets: Vec<Value> = found.take(PAGE_SIZE_MAX).map(|ticket| wire::ticket(base_url, ticket)).collect();
        Json(json!({ "count": tickets.len(), "tickets": tickets, "next_page": null, "previous_page": null }))
    })
}

/// `GET /tickets/{id}`.
pub(super) async fn show(
    State(zendesk): State<ZendeskBox>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    let base_url = &zendesk.config().base_url;
    zendesk.read(|account| {
        let ticket = account.ticket(id).ok_or_else(Refusal::not_found)?;
        let mut answer = json!({ "ticket": wire::ticket(base_url, ticket) });
        let include = query.get("include").map_or("", String::as_str);
        wire::sideload(&mut answer, include, base_url, account, &[ticket]);
        Ok(Json(answer))
    })
}

/// `PUT /tickets/{id}`, with `safe_update`:
/// <https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/#protecting-against-ticket-update-collisions>.
pub(super) async fn update(
    State(zendesk): State<ZendeskBox>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    let ticket = ticket_of(&body)?;
    let base_url = &zendesk.config().base_url;
    zendesk.change(|account| {
        refuse_update(account.ticket(id).ok_or_else(Refusal::not_found)?, ticket)?;
        let change = fields::change(ticket, account)?;
        account.update(id, change, OWN_ID);
        let changed = account.ticket(id).ok_or_else(Refusal::not_found)?;
        Ok(Json(json!({ "ticket": wire::ticket(base_url, changed), "audit": last_audit(changed) })))
    })
}

fn refuse_update(ticket: &Ticket, wanted: &Map<String, Value>) -> Result<(), Refusal> {
    if ticket.status == "closed" {
        return Err(Refusal::field("status", "Status: closed prevents ticket update"));
    }
    let stamp = wanted.get("updated_stamp").and_then(Value::as_str);
    if wanted.contains_key("safe_update") && stamp != Some(wire::time(ticket.updated).as_str()) {
        return Err(Refusal::described(
            StatusCode::CONFLICT,
            "UpdateConflict",
            "Safe Update prevented the update due to outdated ticket data. \
             Please fetch the latest ticket data and try again.",
        ));
    }
    Ok(())
}

fn last_audit(ticket: &Ticket) -> Option<Value> {
    ticket.audits.last().map(|audit| wire::audit(ticket.id, audit))
}

/// `GET /tickets/{id}/comments`, the oldest first unless `sort=-created_at`; `include=users` tells who wrote.
pub(super) async fn comments(
    State(zendesk): State<ZendeskBox>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let newest_first = query.get("sort").is_some_and(|order| order == "-created_at");
    let mut page = page_of(&zendesk, &id, &query, "comments", |account, id| {
        let ticket = account.ticket(id)?;
        let mut comments: Vec<Value> = ticket.comments.iter().map(wire::comment).collect();
        if newest_first {
            comments.reverse();
        }
        Some(comments)
    })?;
    if query.get("include").is_some_and(|include| include.contains("users")) {
        let authors: Vec<u64> =
            list(&page, "comments").iter().filter_map(|comment| comment.get("author_id")?.as_u64()).collect();
        let base_url = &zendesk.config().base_url;
        let users: Vec<Value> = zendesk.read(|account| {
            let wrote = account.users.iter().filter(|user| authors.contains(&user.id));
            wrote.map(|user| wire::user(base_url, user)).collect()
        });
        crate::json::set(&mut page, "users", users);
    }
    Ok(page)
}

/// `GET /tickets/{id}/audits`, the oldest first.
pub(super) async fn audits(
    State(zendesk): State<ZendeskBox>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    page_of(&zendesk, &id, &query, "audits", |account, id| {
        let ticket = account.ticket(id)?;
        Some(ticket.audits.iter().map(|audit| wire::audit(id, audit)).collect())
    })
}

/// Cursor pagination, <https://developer.zendesk.com/api-reference/introduction/pagination/#cursor-pagination>.
fn page_of(
    zendesk: &ZendeskBox,
    id: &str,
    query: &HashMap<String, String>,
    name: &str,
    records: impl FnOnce(&Account, u64) -> Option<Vec<Value>>,
) -> Result<Json<Value>, Refusal> {
    let id = number(id)?;
    let all = zendesk.read(|account| records(account, id)).ok_or_else(Refusal::not_found)?;
    let size = query.get("page[size]").and_then(|text| text.parse().ok()).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX);
    let start: usize = query.get("page[after]").and_then(|text| text.parse().ok()).unwrap_or(0);
    let has_more = all.len() > start.saturating_add(size);
    let records: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let after = (start + records.len()).to_string();
    let mut answer = json!({ "meta": { "has_more": has_more, "after_cursor": after, "before_cursor": null } });
    crate::json::set(&mut answer, name, records);
    Ok(Json(answer))
}

fn ticket_of(body: &Value) -> Result<&Map<String, Value>, Refusal> {
    body.get("ticket").and_then(Value::as_object).ok_or_else(|| {
        let named = text(body, "ticket").is_some();
        let description = if named { "ticket must be an object" } else { "Parameter ticket is required" };
        Refusal::described(StatusCode::BAD_REQUEST, "ParameterMissing", description)
    })
}
