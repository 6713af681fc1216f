//! Helpdesks' webhooks: Zendesk by its own signature, any other by Standard Webhooks.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Response;
use deskbell_domain::ids::EventKey;
use http::HeaderMap;
use jiff::Timestamp;

use super::accept::{self, Answer, Arrival};
use super::envelope::{digest_key, helpdesk_requester};
use super::parse::helpdesk::{HelpdeskTicket, ZENDESK, generic_ticket, why_irrelevant, zendesk_ticket};
use super::refusal::Refusal;
use super::signature::{Claim, single_header, standard_webhook, standard_webhook_headers};
use super::slack_routes::respond;
use super::{Door, IntakeState, body, json};
use crate::store::EventKind;

/// `POST /helpdesk/zendesk`.
pub(super) async fn zendesk(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = zendesk_answer(&state, request).await;
    respond(Door::Zendesk, started, answer)
}

/// `POST /helpdesk/generic`.
pub(super) async fn generic(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = generic_answer(&state, request).await;
    respond(Door::GenericHelpdesk, started, answer)
}

async fn zendesk_answer(state: &IntakeState, request: Request) -> Result<Answer, Refusal> {
    let config = state.config();
    let secret = config.helpdesk.zendesk_signing_secret.as_ref().ok_or(Refusal::NotConfigured)?;
    let (parts, stream) = request.into_parts();
    let claim = Claim::zendesk(&parts.headers, Timestamp::now())?;
    let raw = body::read(&parts.headers, stream, config.body_limit_bytes).await?;
    claim.check(&raw, [secret])?;
    let payload = json::object(&raw).ok_or(Refusal::Malformed)?;
    let ticket = zendesk_ticket(&payload);
    // Of other events it is enough that they came.
    if ticket.is_none() && why_irrelevant(&payload).is_none() {
        return Err(no_ticket("zendesk"));
    }
    let key = zendesk_key(&parts.headers, ticket.as_ref(), &raw);
    Ok(record(state, Door::Zendesk, EventKind::Zendesk, key, ticket.as_ref(), &raw).await)
}

async fn generic_answer(state: &IntakeState, request: Request) -> Result<Answer, Refusal> {
    let config = state.config();
    let secrets = &config.helpdesk.generic_secrets;
    if secrets.is_empty() {
        return Err(Refusal::NotConfigured);
    }
    let (parts, stream) = request.into_parts();
    let id = standard_webhook_headers(&parts.headers, Timestamp::now())?;
    let raw = body::read(&parts.headers, stream, config.body_limit_bytes).await?;
    standard_webhook(&parts.headers, &raw, secrets)?;
    let payload = json::object(&raw).ok_or(Refusal::Malformed)?;
    let ticket = generic_ticket(&payload).ok_or_else(|| no_ticket("generic"))?;
    if ticket.system.eq_ignore_ascii_case(ZENDESK) {
        return Err(Refusal::ReservedSystem);
    }
    let key = EventKey::new(format!("generic/{id}"));
    Ok(record(state, Door::GenericHelpdesk, EventKind::GenericHelpdesk, key, Some(&ticket), &raw).await)
}

/// Whoever set the webhook up reads the answer; whoever runs Deskbell reads the log and the counter.
fn no_ticket(door: &'static str) -> Refusal {
    tracing::warn!(
        door,
        "a helpdesk's signed webhook names no ticket and is refused: compare its body with the README's"
    );
    Refusal::NoTicket
}

/// Zendesk repeats the invocation's id when it delivers again
/// (<https://developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request/>).
fn zendesk_key(headers: &HeaderMap, ticket: Option<&HelpdeskTicket>, raw: &[u8]) -> EventKey {
    let invocation = single_header(headers, "x-zendesk-webhook-invocation-id").ok();
    match (invocation.filter(|id| !id.is_empty() && id.len() <= 100), ticket) {
        (Some(invocation), Some(ticket)) => EventKey::new(format!("zendesk/{invocation}/{}", ticket.external_id)),
        (Some(invocation), None) => EventKey::new(format!("zendesk/{invocation}")),
        (None, _) => digest_key("zendesk", raw),
    }
}

async fn record(
    state: &IntakeState,
    door: Door,
    kind: EventKind,
    key: EventKey,
    ticket: Option<&HelpdeskTicket>,
    raw: &[u8],
) -> Answer {
    let workspace = state.config().workspace.clone();
    let arrival = Arrival {
        key,
        kind,
        subject: ticket.map(|ticket| {
            let (requester, email) = (ticket.requester_id.as_deref(), ticket.requester_email.as_deref());
            helpdesk_requester(&ticket.system, requester, email, &ticket.external_id)
        }),
        serial: ticket.map(|ticket| format!("{workspace}/helpdesk/{}/{}", ticket.system, ticket.external_id)),
        raw: Some(raw),
        workspace,
    };
    accept::record_or_later(state, door, arrival).await
}
