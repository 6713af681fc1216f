//! Commit, then answer. HTTP and Socket Mode both come through here once they know who sent it.

use std::time::Duration;

use deskbell_domain::ids::{EventKey, PersonId, WorkspaceId};
use deskbell_domain::interaction::{Button, Modal, SlackShortcut};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::envelope::{
    CommandEnvelope, CommandFields, EventEnvelope, InteractionEnvelope, serials_of_channel, view_external_id,
};
use super::json::{items, text};
use super::keep::{Keep, keep};
use super::{Door, IntakeState};
use crate::store::{EventKind, NewEvent, Recorded, RecordedInTime, StoreError};

/// A click or a command must be answered within Slack's 3 s.
const COMMIT_WITHIN: Duration = Duration::from_millis(2500);
/// If the store is at it then, its end may be near.
const COMMIT_ENDS_WITHIN: Duration = Duration::from_millis(300);
/// Of which opening a loading view may take this much.
const OPEN_VIEW_WITHIN: Duration = Duration::from_millis(1200);
/// Saying that a click was lost may take longer: nobody waits for it.
const REPLY_WITHIN: Duration = Duration::from_secs(5);

/// How long a key without a body is remembered. It has no use but to know a redelivery, and Slack's last one comes within 24
/// hours (<https://docs.slack.dev/apis/events-api/#retries>, "delayed events"); two more are for clocks and queues. Keys of
/// unwatched channels are most of what comes in.
const KEY_KEPT: SignedDuration = SignedDuration::from_hours(26);
/// A body waits longer, for a mended parser.
const BODY_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

const NOT_ACCEPTED: &str = "Deskbell could not take this in just now. Please try again in a moment.";
const MAY_BE_ACCEPTED: &str =
    "Deskbell is slow just now and may have taken this in or not. Please look for it before you try again.";

/// What the sender is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It is on disk, or there is nothing to keep.
    Accepted,
    /// Accepted, with a body that Slack asks for or shows.
    Json(Value),
    /// Slack's handshake.
    Challenge(String),
    /// Not accepted: send it again.
    Later,
    /// Not what Slack sends.
    Malformed,
}

/// Something to record; the rest follows from it.
pub(super) struct Arrival<'r> {
    pub workspace: WorkspaceId,
    pub key: EventKey,
    pub kind: EventKind,
    pub subject: Option<PersonId>,
    pub serial: Option<String>,
    /// `None`: only the key.
    pub raw: Option<&'r [u8]>,
}

impl Arrival<'_> {
    pub(super) fn into_event(self, now: Timestamp) -> NewEvent {
        let kept = if self.raw.is_some() { BODY_KEPT } else { KEY_KEPT };
        NewEvent {
            workspace: self.workspace,
            key: self.key,
            kind: self.kind,
            subject: self.subject,
            raw: self.raw.map(<[u8]>::to_vec),
            received_at: now,
            serial: self.serial,
            expires_at: now.checked_add(kept).ok(),
        }
    }
}

/// A body of the Events API.
pub(super) async fn event(state: &IntakeState, door: Door, raw: &[u8]) -> Answer {
    let Some(body) = super::json::object(raw) else {
        return Answer::Malformed;
    };
    let event = EventEnvelope(&body);
    match event.outer_type() {
        "url_verification" => {
            return text(&body, "/challenge")
                .map_or(Answer::Malformed, |challenge| Answer::Challenge(challenge.to_owned()));
        }
        "app_rate_limited" => {
            metrics::counter!("deskbell_intake_rate_limited_total").increment(1);
            let minute = body.get("minute_rate_limited").and_then(Value::as_i64);
            tracing::warn!(minute, "Slack holds events back: over 30,000 in an hour for this workspace");
        }
        _ => {}
    }
    let Ok(_permit) = state.0.in_flight.try_acquire() else {
        return overloaded(door);
    };
    let workspace = event.workspace(&state.config().workspace);
    let keeps_body = keeps_body(state, event, &workspace).await;
    let arrival = Arrival {
        key: event.key(&workspace, raw),
        kind: EventKind::SlackEvent,
        subject: event.subject().filter(|_| keeps_body),
        serial: event.serial(&workspace).filter(|_| keeps_body),
        raw: keeps_body.then_some(raw),
        workspace,
    };
    record_or_later(state, door, arrival).await
}

async fn keeps_body(state: &IntakeState, event: EventEnvelope<'_>, workspace: &WorkspaceId) -> bool {
    let (channel, messages) = match keep(event, &state.config().watched) {
        Keep::Body => return true,
        Keep::KeyOnly => return false,
        Keep::BodyIfTicket { channel, messages } => (channel, messages),
    };
    // When in doubt, keep: a follow-up that is dropped is gone for good. Asked in this order, since an event is settled
    // together with the ticket that it makes.
    let serials = serials_of_channel(workspace, channel.as_str());
    if !matches!(state.0.store.has_unsettled_events(workspace, &serials).await, Ok(false)) {
        return true;
    }
    for message in &messages {
        match state.0.store.ticket_by_message(workspace, &channel, message).await {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return true,
        }
    }
    false
}

/// Records what its sender delivers again if it has to.
pub(super) async fn record_or_later(state: &IntakeState, door: Door, arrival: Arrival<'_>) -> Answer {
    let has_body = arrival.raw.is_some();
    match state.0.store.record_event(arrival.into_event(Timestamp::now())).await {
        Ok(recorded) => {
            count(door, outcome(recorded, has_body));
            Answer::Accepted
        }
        Err(StoreError::Overloaded) => overloaded(door),
        Err(error) => {
            tracing::error!(%error, door = door.as_str(), "event not recorded, its sender will send it again");
            count(door, "not_recorded");
            Answer::Later
        }
    }
}

fn overloaded(door: Door) -> Answer {
    count(door, "overloaded");
    Answer::Later
}

/// A slash command.
pub(super) async fn command(state: &IntakeState, door: Door, raw: &[u8], fields: &CommandFields<'_>) -> Answer {
    let command = CommandEnvelope(fields);
    if command.field("ssl_check") == Some("1") {
        return Answer::Accepted;
    }
    if command.field("command").is_none() {
        return Answer::Malformed;
    }
    let arrival = Arrival {
        workspace: command.workspace(&state.config().workspace),
        key: command.key(raw),
        kind: EventKind::SlackCommand,
        subject: command.subject(),
        serial: None,
        raw: Some(raw),
    };
    let is_org_wide = command.field("is_enterprise_install") == Some("true");
    if !is_ours(state, &arrival.workspace, is_org_wide) {
        return Answer::Json(ephemeral(NOT_ACCEPTED));
    }
    match record_in_time(state, door, arrival, COMMIT_WITHIN).await {
        Ok(()) => Answer::Accepted,
        Err(NotSurelyRecorded(told)) => Answer::Json(ephemeral(told)),
    }
}

/// Whose a payload is may be open until Slack has told for the first time which workspace is ours: one that names none, or
/// one of an organisation-wide installation, which could be the organisation's or a team's.
fn is_ours(state: &IntakeState, workspace: &WorkspaceId, is_org_wide: bool) -> bool {
    let home_known = !state.config().workspace.as_str().is_empty();
    home_known || !(is_org_wide || workspace.as_str().is_empty())
}

/// A click, a shortcut, a submitted modal, or whatever else Slack sends to the interactivity URL.
pub(super) async fn interaction(state: &IntakeState, door: Door, raw: &[u8], payload: &Value) -> Answer {
    let interaction = InteractionEnvelope(payload);
    let workspace = interaction.workspace(&state.config().workspace);
    let key = interaction.key(raw);
    if interaction.kind() == "block_suggestion" {
        return no_suggestions(state, door, workspace, key).await;
    }
    let is_org_wide = payload.get("is_enterprise_install") == Some(&Value::Bool(true));
    if !is_ours(state, &workspace, is_org_wide) {
        return not_accepted(state, interaction, NOT_ACCEPTED);
    }
    let started = tokio::time::Instant::now();
    // One after the other: whoever interprets the event replaces the view, so it has to be there by then.
    if let (true, Some(trigger)) = (wants_modal(payload), interaction.trigger()) {
        open_loading_view(state, trigger, &key).await;
    }
    let next = keeps_modal(payload).then(|| state.0.slack.loading_view(&view_external_id(&key)));
    let arrival = Arrival {
        key,
        kind: EventKind::SlackInteraction,
        subject: interaction.subject(),
        serial: interaction.serial(&workspace),
        raw: Some(raw),
        workspace,
    };
    match record_in_time(state, door, arrival, COMMIT_WITHIN.saturating_sub(started.elapsed())).await {
        Ok(()) => {
            next.map_or(Answer::Accepted, |view| Answer::Json(json!({ "response_action": "update", "view": view })))
        }
        Err(NotSurelyRecorded(told)) => not_accepted(state, interaction, told),
    }
}

/// Whether a submitted modal stays open: whoever reads what was written says in it what does not fit.
fn keeps_modal(payload: &Value) -> bool {
    let interaction = InteractionEnvelope(payload);
    interaction.kind() == "view_submission" && interaction.callback().and_then(Modal::parse) == Some(Modal::Question)
}

/// Slack asks while somebody types. What they typed so far is nobody's business: only the key is kept.
async fn no_suggestions(state: &IntakeState, door: Door, workspace: WorkspaceId, key: EventKey) -> Answer {
    let kind = EventKind::SlackInteraction;
    let arrival = Arrival { workspace, key, kind, subject: None, serial: None, raw: None };
    record_or_later(state, door, arrival).await;
    Answer::Json(json!({ "options": [] }))
}

fn wants_modal(payload: &Value) -> bool {
    let interaction = InteractionEnvelope(payload);
    match interaction.kind() {
        "block_actions" => {
            let pressed = items(payload, "/actions").iter().filter_map(|action| text(action, "/action_id"));
            pressed.filter_map(Button::parse).any(|button| matches!(button, Button::Change | Button::AnswerQuestion))
        }
        "shortcut" => interaction.callback().and_then(SlackShortcut::parse) == Some(SlackShortcut::NewTicket),
        _ => false,
    }
}

async fn open_loading_view(state: &IntakeState, trigger: &str, key: &EventKey) {
    let external_id = view_external_id(key);
    let opening = state.0.slack.open_loading_view(trigger, &external_id);
    match tokio::time::timeout(OPEN_VIEW_WITHIN, opening).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "no loading view opened; the click is recorded all the same");
        }
        Err(_) => tracing::warn!("Slack did not open a loading view in time; the click is recorded all the same"),
    }
}

/// What the person is told.
struct NotSurelyRecorded(&'static str);

/// Waits for room and for the disk, but not past Slack's 3 s. What the person is told is not accepted is never recorded.
async fn record_in_time(
    state: &IntakeState,
    door: Door,
    arrival: Arrival<'_>,
    within: Duration,
) -> Result<(), NotSurelyRecorded> {
    let event = arrival.into_event(Timestamp::now());
    let (counted, told) = match state.0.store.record_event_within(event, within, COMMIT_ENDS_WITHIN).await {
        Ok(RecordedInTime::Recorded(recorded)) => {
            count(door, outcome(recorded, true));
            return Ok(());
        }
        Ok(RecordedInTime::Withdrawn) => ("too_late", NOT_ACCEPTED),
        Ok(RecordedInTime::Unknown) => ("unknown", MAY_BE_ACCEPTED),
        Err(error) => {
            tracing::error!(%error, door = door.as_str(), "not recorded, the person is told");
            count(door, "not_recorded");
            return Err(NotSurelyRecorded(NOT_ACCEPTED));
        }
    };
    tracing::error!(door = door.as_str(), outcome = counted, "the store took too long, the person is told");
    count(door, counted);
    Err(NotSurelyRecorded(told))
}

/// Tells whoever pressed, wherever Slack lets them see it; a plain failure makes Slack's client show its own warning.
fn not_accepted(state: &IntakeState, interaction: InteractionEnvelope<'_>, told: &'static str) -> Answer {
    if interaction.kind() == "view_submission" {
        let input = items(interaction.0, "/view/blocks")
            .iter()
            .find(|block| text(block, "/type") == Some("input"))
            .and_then(|block| text(block, "/block_id"));
        return input.map_or(Answer::Later, |block| {
            Answer::Json(json!({ "response_action": "errors", "errors": { block: told } }))
        });
    }
    let Some(url) = interaction.response_url().map(str::to_owned) else {
        return Answer::Later;
    };
    let state = state.clone();
    tokio::spawn(async move {
        let message = ephemeral(told);
        let telling = state.0.slack.respond(&url, &message);
        if let Ok(Err(error)) = tokio::time::timeout(REPLY_WITHIN, telling).await {
            tracing::warn!(%error, "could not tell a person that their click was not accepted");
        }
    });
    Answer::Json(ephemeral(told))
}

fn ephemeral(text: &str) -> Value {
    json!({ "response_type": "ephemeral", "replace_original": false, "text": text })
}

const fn outcome(recorded: Recorded, has_body: bool) -> &'static str {
    match (recorded, has_body) {
        (Recorded::Duplicate, _) => "duplicate",
        (Recorded::New, true) => "recorded",
        (Recorded::New, false) => "key_only",
    }
}

fn count(door: Door, outcome: &'static str) {
    metrics::counter!("deskbell_intake_events_total", "path" => door.as_str(), "outcome" => outcome).increment(1);
}
