//! Trackers' webhooks: Jira tells of an issue's status.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Response;

use super::accept::{self, Answer, Arrival};
use super::envelope::digest_key;
use super::parse::tracker::{IssueStatus, JiraWebhook, jira_webhook};
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

async fn jira_answer(state: &IntakeState, request: Request) -> Result<Answer, Refusal> {
    let config = state.config();
    let secret = config.jira_webhook_secret.as_ref().ok_or(Refusal::NotConfigured)?;
    let (parts, stream) = request.into_parts();
    let claim = Claim::hub(&parts.headers)?;
    let raw = body::read(&parts.headers, stream, config.body_limit_bytes).await?;
    claim.check(&raw, [secret])?;
    let payload = json::object(&raw).ok_or(Refusal::Malformed)?;
    match jira_webhook(&payload).ok_or(Refusal::Malformed)? {
        JiraWebhook::StatusChanged(status) => record(state, &status, &raw).await,
        JiraWebhook::Other => Ok(Answer::Accepted),
    }
}

/// The body's digest is the key: the signature has no time in it, so whoever sends a body again, in whatever dress, says
/// nothing new.
async fn record(state: &IntakeState, status: &IssueStatus, raw: &[u8]) -> Result<Answer, Refusal> {
    let workspace = state.config().workspace.clone();
    let kept = serde_json::to_vec(status).map_err(|_| Refusal::Malformed)?;
    let arrival = Arrival {
        key: digest_key("jira", raw),
        kind: EventKind::IssueStatus,
        subject: None,
        serial: Some(format!("{workspace}/issue/{}", status.key)),
        raw: Some(&kept),
        workspace,
    };
    Ok(accept::record_or_later(state, Door::Jira, arrival).await)
}
