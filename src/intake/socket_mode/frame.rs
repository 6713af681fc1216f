//! One frame of Slack's: what it is, and how its payload is answered.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::intake::accept::{self, Answer};
use crate::intake::parse::object_fields;
use crate::intake::refusal::Refusal;
use crate::intake::{Door, IntakeState, json as look};

/// What a frame asks for.
#[derive(Debug)]
pub(super) enum Frame {
    /// The connection is ready.
    Hello,
    /// Slack will close the connection; the reason is `warning`, `refresh_requested`, `link_disabled` or newer.
    Disconnect {
        /// Slack's word.
        reason: String,
    },
    /// A payload to commit and acknowledge.
    Delivery(Delivery),
    /// Nothing we know.
    Unknown,
}

/// A payload with its envelope's id.
#[derive(Debug)]
pub(super) struct Delivery {
    envelope_id: String,
    kind: String,
    /// The bytes as they came.
    payload: Box<RawValue>,
    may_answer: bool,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Option<Box<RawValue>>,
    #[serde(default)]
    accepts_response_payload: Option<bool>,
    #[serde(default)]
    reason: Option<String>,
}

impl Frame {
    pub fn read(text: &str) -> Self {
        let Ok(wire) = serde_json::from_str::<Wire>(text) else {
            return Self::Unknown;
        };
        let kind = wire.kind.unwrap_or_default();
        match (kind.as_str(), wire.envelope_id, wire.payload) {
            ("hello", _, _) => Self::Hello,
            ("disconnect", _, _) => Self::Disconnect { reason: wire.reason.unwrap_or_default() },
            (_, Some(envelope_id), Some(payload)) => {
                let may_answer = wire.accepts_response_payload == Some(true);
                Self::Delivery(Delivery { envelope_id, kind, payload, may_answer })
            }
            _ => Self::Unknown,
        }
    }
}

/// Commits the payload; the acknowledgement to send, or `None` so that Slack sends it again.
pub(super) async fn accept(state: IntakeState, delivery: Delivery) -> Option<String> {
    let door = Door::SocketMode;
    let started = std::time::Instant::now();
    let raw = delivery.payload.get().as_bytes();
    let answer = match delivery.kind.as_str() {
        "slash_commands" => match look::object(raw) {
            Some(object) => accept::command(&state, door, raw, &object_fields(&object)).await,
            None => Answer::Malformed,
        },
        "interactive" => match look::object(raw) {
            Some(payload) => accept::interaction(&state, door, raw, &payload).await,
            None => Answer::Malformed,
        },
        _ => accept::event(&state, door, raw).await,
    };
    let payload = match answer {
        Answer::Later => return None,
        // Sent again it would be no better.
        Answer::Malformed => {
            Refusal::Malformed.count(door.as_str());
            None
        }
        Answer::Json(payload) => Some(payload),
        Answer::Accepted | Answer::Challenge(_) => None,
    };
    metrics::histogram!("deskbell_intake_ack_seconds", "path" => door.as_str()).record(started.elapsed());
    Some(acknowledgement(&delivery.envelope_id, payload.filter(|_| delivery.may_answer)))
}

fn acknowledgement(envelope_id: &str, payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({ "envelope_id": envelope_id, "payload": payload }).to_string(),
        None => json!({ "envelope_id": envelope_id }).to_string(),
    }
}
