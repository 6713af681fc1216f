//! Searches, views, groups, users and the incremental export.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::account::{GROUPS, OWN_ID, Ticket, User, VIEWS, View};
use super::answer::Refusal;
use super::routes::number;
use super::routes_ticket::Parameters;
use super::{ZendeskBox, query, wire};

/// Records per page of a search or a list at most.
const PAGE_SIZE_MAX: usize = 100;
/// Results of a search at most, however it is paged.
const SEARCH_RESULTS_MAX: usize = 1_000;
/// Tickets per page of the export at most.
const EXPORT_SIZE_MAX: usize = 1_000;
/// Views that one request may count.
const COUNTED_VIEWS_MAX: usize = 20;

/// `GET /search`.
pub(super) async fn search(
    State(zendesk): State<ZendeskBox>,
    Query(given): Parameters,
) -> Result<Json<Value>, Refusal> {
    let query = query::parse(given.get("query").map_or("", String::as_str))?;
    let number = |name: &str, usual: usize| given.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (page, size) = (number("page", 1).max(1), number("per_page", PAGE_SIZE_MAX).clamp(1, PAGE_SIZE_MAX));
    if page * size > SEARCH_RESULTS_MAX {
        let description = "Invalid search: Requested response size was greater than Search Response Limits";
        return Err(Refusal::described(StatusCode::UNPROCESSABLE_ENTITY, "invalid", description));
    }
    let now = Instant::now();
    let base_url = &zendesk.config().base_url;
    Ok(Json(zendesk.read(|account| {
        let visible = |ticket: &&Ticket| ticket.searchable_at <= now && query.matches(ticket, account);
        let mut found: Vec<&Ticket> = account.tickets.iter().filter(visible).collect();
        match given.get("sort_by").map(String::as_str) {
            Some("updated_at") => found.sort_by_key(|ticket| (ticket.updated, ticket.id)),
            _ => found.sort_by_key(|ticket| ticket.id),
        }
        if given.get("sort_order").is_none_or(|order| order != "asc") {
            found.reverse();
        }
        let count = found.len();
        let shown: Vec<&Ticket> = found.into_iter().skip((page - 1) * size).take(size).collect();
        let results: Vec<Value> = shown
            .iter()
            .map(|ticket| {
                let mut result = wire::ticket(base_url, ticket);
                crate::json::set(&mut result, "result_type", "ticket");
                result
            })
            .collect();
        let next = (page * size < count).then(|| format!("{base_url}/api/v2/search.json?page={}", page + 1));
        let mut answer = json!({
            "results": results, "count": count, "facets": null, "next_page": next, "previous_page": null,
        });
        let include = given.get("include").map_or("", String::as_str);
        wire::sideload(&mut answer, include, base_url, account, &shown);
        answer
    })))
}

/// `GET /incremental/tickets/cursor`,
/// <https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api/>.
pub(super) async fn incremental(
    State(zendesk): State<ZendeskBox>,
    Query(given): Parameters,
) -> Result<Json<Value>, Refusal> {
    let newest = Timestamp::now() - SignedDuration::try_from(zendesk.config().export_lag).unwrap_or_default();
    let after = match (given.get("cursor"), given.get("start_time")) {
        (Some(cursor), _) => position(cursor).ok_or_else(|| refused("InvalidValue", "cursor is invalid"))?,
        (None, Some(start)) => {
            let seconds: i64 = start.parse().map_err(|_| refused("InvalidValue", "start_time must be an integer"))?;
            if seconds > newest.as_second() {
                let description = "Too recent start_time. Use a start_time older than 60 seconds";
                return Err(refused("StartTimeTooRecent", description));
            }
            (seconds.saturating_mul(1_000_000), 0)
        }
        (None, None) => return Err(refused("InvalidValue", "start_time is required")),
    };
    let size = given.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(EXPORT_SIZE_MAX);
    let size = size.clamp(1, EXPORT_SIZE_MAX);
    let base_url = &zendesk.config().base_url;
    Ok(Json(zendesk.read(|account| {
        let place = |ticket: &Ticket| (ticket.updated.as_microsecond(), ticket.id);
        let due = |ticket: &&Ticket| place(ticket) > after && ticket.updated <= newest;
        let mut changed: Vec<&Ticket> = account.tickets.iter().filter(due).collect();
        changed.sort_by_key(|ticket| place(ticket));
        let end_of_stream = changed.len() <= size;
        changed.truncate(size);
        let (micros, id) = changed.last().map_or(after, |ticket| place(ticket));
        let cursor = BASE64.encode(format!("{micros}||{id}|"));
        let tickets: Vec<Value> = changed.iter().map(|ticket| wire::ticket(base_url, ticket)).collect();
        let mut answer = json!({
            "tickets": tickets,
            "after_url": format!("{base_url}/api/v2/incremental/tickets/cursor.json?cursor={cursor}"),
            "after_cursor": cursor,
            "before_url": null,
            "before_cursor": null,
            "end_of_stream": end_of_stream,
        });
        let include = given.get("include").map_or("", String::as_str);
        wire::sideload(&mut answer, include, base_url, account, &changed);
        answer
    })))
}

fn position(cursor: &str) -> Option<(i64, u64)> {
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    let (micros, id) = text.trim_end_matches('|').split_once("||")?;
    Some((micros.parse().ok()?, id.parse().ok()?))
}

fn refused(error: &str, description: &str) -> Refusal {
    Refusal::described(StatusCode::UNPROCESSABLE_ENTITY, error, description)
}

/// `GET /views/active`.
pub(super) async fn views(State(zendesk): State<ZendeskBox>) -> Json<Value> {
    let base_url = &zendesk.config().base_url;
    let views: Vec<Value> =
        VIEWS.iter().enumerate().map(|(position, view)| wire::view(base_url, position, view)).collect();
    Json(json!({ "views": views, "count": VIEWS.len(), "next_page": null, "previous_page": null }))
}

/// `GET /views/count_many?ids=`.
pub(super) async fn view_counts(
    State(zendesk): State<ZendeskBox>,
    Query(given): Parameters,
) -> Result<Json<Value>, Refusal> {
    let ids: Vec<u64> =
        given.get("ids").map_or("", String::as_str).split(',').filter_map(|id| id.trim().parse().ok()).collect();
    if ids.len() > COUNTED_VIEWS_MAX {
        return Err(refused("InvalidValue", "Too many ids"));
    }
    let base_url = &zendesk.config().base_url;
    Ok(Json(zendesk.read(|account| {
        let counts: Vec<Value> = VIEWS
            .iter()
            .filter(|view| ids.contains(&view.id))
            .map(|view| {
                let value = wire::held(view, account).count();
                let url = format!("{base_url}/api/v2/views/{}/count.json", view.id);
                json!({
                    "view_id": view.id, "url": url, "value": value, "pretty": value.to_string(), "fresh": true,
                })
            })
            .collect();
        json!({ "view_counts": counts })
    })))
}

/// `GET /views/{id}/tickets`.
pub(super) async fn view_tickets(
    State(zendesk): State<ZendeskBox>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    let view: &View = VIEWS.iter().find(|view| view.id == id).ok_or_else(Refusal::not_found)?;
    let base_url = &zendesk.config().base_url;
    Ok(Json(zendesk.read(|account| {
        let tickets: Vec<Value> =
            wire::held(view, account).take(PAGE_SIZE_MAX).map(|ticket| wire::ticket(base_url, ticket)).collect();
        json!({ "count": tickets.len(), "tickets": tickets, "next_page": null, "previous_page": null })
    })))
}

/// `GET /groups/assignable`.
pub(super) async fn groups(State(zendesk): State<ZendeskBox>) -> Json<Value> {
    let base_url = &zendesk.config().base_url;
    let groups: Vec<Value> = GROUPS.iter().map(|group| wire::group(base_url, group)).collect();
    Json(json!({ "groups": groups, "count": GROUPS.len(), "next_page": null, "previous_page": null }))
}

/// `GET /users/search?query=`: `email:` and `id:` are exact, anything else is part of a name or an address.
pub(super) async fn users(State(zendesk): State<ZendeskBox>, Query(given): Parameters) -> Json<Value> {
    let wanted = given.get("query").map_or("", String::as_str).replace('"', "").to_lowercase();
    let base_url = &zendesk.config().base_url;
    zendesk.read(|account| {
        let matches = |user: &&User| match (wanted.strip_prefix("email:"), wanted.strip_prefix("id:")) {
            (Some(email), _) => user.email.to_lowercase() == email,
            (_, Some(id)) => user.id.to_string() == id,
            _ => user.name.to_lowercase().contains(&wanted) || user.email.to_lowercase().contains(&wanted),
        };
        let users: Vec<Value> = account.users.iter().filter(matches).map(|user| wire::user(base_url, user)).collect();
        Json(json!({ "count": users.len(), "users": users, "next_page": null, "previous_page": null }))
    })
}

/// `GET /users/me`.
pub(super) async fn me(State(zendesk): State<ZendeskBox>) -> Result<Json<Value>, Refusal> {
    show_user(&zendesk, OWN_ID)
}

/// `GET /users/{id}`.
pub(super) async fn user(State(zendesk): State<ZendeskBox>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    show_user(&zendesk, number(&id)?)
}

fn show_user(zendesk: &ZendeskBox, id: u64) -> Result<Json<Value>, Refusal> {
    let base_url = &zendesk.config().base_url;
    zendesk.read(|account| {
        let user = account.user(id).ok_or_else(Refusal::not_found)?;
        Ok(Json(json!({ "user": wire::user(base_url, user) })))
    })
}
