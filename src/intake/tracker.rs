//! Trackers' webhooks: Jira tells of an issue's status, Shortcut of a story's.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Response;
use deskbell_domain::ids::EventKey;
use secrecy::SecretString;
use serde_json::Value;

use super::accept::{self, Answer, Arrival};
use super::envelope::digest_key;
use super::parse::tracker::{IssueStatus, TrackerWebhook, jira_webhook, shortcut_webhook};
use super::refusal::Refusal;
use super::signature::Claim;
use super::slack_routes::respond;
use super::{Door, IntakeState, body, json};
use crate::store::EventKind;

/// `POST /webhooks/jira`.
pub(super) async fn jira(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = jira_answer(&state, request).await;
    respond(Door::Jira, started, answer)
}

/// `POST /webhooks/shortcut`.
pub(super) async fn shortcut(State(state): State<IntakeState>, request: Request) -> Response {
    let started = Instant::now();
    let answer = shortcut_answer(&state, request).await;
    respond(Door::Shortcut, started, answer)
}

async fn jira_answer(state: &IntakeState, request: Request) -> Result<Answer, Refusal> {
    let secret = state.config().jira_webhook_secret.as_ref().ok_or(Refusal::NotConfigured)?;
    let claim = Claim::hub(request.headers())?;
    let told = Told { door: Door::Jira, claim, secret, read: jira_webhook };
    answer(state, request, told).await
}

async fn shortcut_answer(state: &IntakeState, request: Request) -> Result<Answer, Refusal> {
    let secret = state.config().shortcut_webhook_secret.as_ref().ok_or(Refusal::NotConfigured)?;
    let claim = Claim::shortcut(request.headers())?;
    let told = Told { door: Door::Shortcut, claim, secret, read: shortcut_webhook };
    answer(state, request, told).await
}

/// What one tracker's door has of its own.
struct Told<'s> {
    door: Door,
    claim: Claim,
    secret: &'s SecretString,
    read: fn(&Value) -> Option<TrackerWebhook>,
}

async fn answer(state: &IntakeState, request: Request, told: Told<'_>) -> Result<Answer, Refusal> {
    let (parts, stream) = request.into_parts();
    let raw = body::read(&parts.headers, stream, state.config().body_limit_bytes).await?;
    told.claim.check(&raw, [told.secret])?;
    let payload = json::object(&raw).ok_or(Refusal::Malformed)?;
    match (told.read)(&payload).ok_or(Refusal::Malformed)? {
        TrackerWebhook::StatusChanged(statuses) => {
            // One that can't be kept is told again with all others: what is known already is no news.
            let mut answered = Answer::Accepted;
            for (place, status) in statuses.iter().enumerate() {
                answered = record(state, told.door, (place, status), &raw).await?;
                if answered != Answer::Accepted {
                    break;
                }
            }
            Ok(answered)
        }
        TrackerWebhook::Other => Ok(Answer::Accepted),
    }
}

/// The body's digest is the key, for further issues with theirs: the signature has no time in it, so whoever sends a body again,
/// in whatever dress, says nothing new.
async fn record(
    state: &IntakeState,
    door: Door,
    (place, status): (usize, &IssueStatus),
    raw: &[u8],
) -> Result<Answer, Refusal> {
    let digest = digest_key(door.as_str(), raw);
    let key = if place == 0 { digest } else { EventKey::new(format!("{digest}/{}", status.key)) };
    let workspace = state.config().workspace.clone();
    let kept = serde_json::to_vec(status).map_err(|_| Refusal::Malformed)?;
    let arrival = Arrival {
        key,
        kind: EventKind::IssueStatus,
        subject: None,
        serial: Some(format!("{workspace}/issue/{}", status.key)),
        raw: Some(&kept),
        workspace,
    };
    Ok(accept::record_or_later(state, door, arrival).await)
}
