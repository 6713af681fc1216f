//! Slack's three request URLs.

use std::time::Instant;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use jiff::Timestamp;

use super::accept::{self, Answer};
use super::refusal::Refusal;
use super::signature::Claim;
use super::{Door, IntakeState, body, json};

/// `POST /slack/events`.
pub(super) async fn events(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = match verified(&state, request).await {
        Ok(raw) => Ok(accept::event(&state, Door::Events, &raw).await),
        Err(refusal) => Err(refusal),
    };
    respond(Door::Events, started, answer)
}

/// `POST /slack/commands`.
pub(super) async fn commands(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = match verified(&state, request).await {
        Ok(raw) => {
            let fields = url::form_urlencoded::parse(&raw).collect();
            Ok(accept::command(&state, Door::Commands, &raw, &fields).await)
        }
        Err(refusal) => Err(refusal),
    };
    respond(Door::Commands, started, answer)
}

/// `GET /slack/commands?ssl_check=1`: Slack looks at the certificate, unsigned.
pub(super) async fn check_certificate(RawQuery(query): RawQuery) -> StatusCode {
    let is_check = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "ssl_check" && value == "1");
    if is_check { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED }
}

/// `POST /slack/interactions`.
pub(super) async fn interactions(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = match verified(&state, request).await {
        Ok(raw) => match json::form_payload(&raw) {
            Some(payload) => Ok(accept::interaction(&state, Door::Interactions, &raw, &payload).await),
            None if is_certificate_check(&raw) => Ok(Answer::Accepted),
            None => Err(Refusal::Malformed),
        },
        Err(refusal) => Err(refusal),
    };
    respond(Door::Interactions, started, answer)
}

fn is_certificate_check(raw: &[u8]) -> bool {
    url::form_urlencoded::parse(raw).any(|(name, value)| name == "ssl_check" && value == "1")
}

/// The body, once it is known to be Slack's: headers first, then the size, then the hash.
async fn verified(state: &IntakeState, request: Request) -> Result<Bytes, Refusal> {
    let (parts, stream) = request.into_parts();
    let claim = Claim::slack(&parts.headers, Timestamp::now())?;
    let config = state.config();
    let raw = body::read(&parts.headers, stream, config.body_limit_bytes).await?;
    claim.check(&raw, config.previous_signing_secret.iter().chain([&config.signing_secret]))?;
    Ok(raw)
}

/// Turns an answer into HTTP, counts it and takes its time.
pub(super) fn respond(door: Door, started: Instant, answer: Result<Answer, Refusal>) -> Response {
    let refused = |refusal: Refusal| {
        refusal.count(door.as_str());
        refusal.into_response()
    };
    let response = match answer {
        Err(refusal) => return refused(refusal),
        Ok(Answer::Malformed) => return refused(Refusal::Malformed),
        Ok(Answer::Accepted) => StatusCode::OK.into_response(),
        Ok(Answer::Json(body)) => axum::Json(body).into_response(),
        Ok(Answer::Challenge(challenge)) => {
            let headers = [(header::CONTENT_TYPE, "text/plain"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (headers, challenge).into_response()
        }
        Ok(Answer::Later) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response(),
    };
    metrics::histogram!("deskbell_intake_ack_seconds", "path" => door.as_str()).record(started.elapsed());
    response
}
