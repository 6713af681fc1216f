//! Clicks, shortcuts, submitted modals.

use deskbell_domain::ids::{ChannelId, MessageTs};
use deskbell_domain::interaction::{Button, Modal, SlackShortcut, field};
use deskbell_domain::workflow::event::Person;
use serde_json::Value;

use super::{FieldValue, Intake, ParseError, ShortcutMessage, person, text as words, view_state};
use crate::intake::envelope::InteractionEnvelope;
use crate::intake::json::{first_text, items, text};

pub(super) fn parse(payload: &Value) -> Result<Intake, ParseError> {
    match text(payload, "/type").unwrap_or_default() {
        "block_actions" => press(payload),
        "message_action" => message_shortcut(payload),
        "shortcut" => global_shortcut(payload),
        "view_submission" => submission(payload),
        "view_closed" => Ok(Intake::Irrelevant { reason: "a modal was closed" }),
        _ => Ok(Intake::Irrelevant { reason: "a type of interaction that asks for nothing" }),
    }
}

fn user(payload: &Value) -> Result<Person, ParseError> {
    person::presser(payload).ok_or(ParseError::Missing("user.id"))
}

fn response_url(payload: &Value) -> Option<String> {
    InteractionEnvelope(payload).response_url().map(str::to_owned)
}

fn press(payload: &Value) -> Result<Intake, ParseError> {
    let ours = items(payload, "/actions")
        .iter()
        .find_map(|action| Some((Button::of_action_id(text(action, "/action_id")?)?, action)));
    if let Some((Button::FindSimilar, _)) = ours {
        return find_similar(payload);
    }
    let Some((button, action)) = ours else {
        return Ok(Intake::Irrelevant { reason: "an element that is no button of ours" });
    };
    Ok(Intake::Press {
        button,
        value: text(action, "/value").unwrap_or_default().to_owned(),
        user: user(payload)?,
        channel: first_text(payload, &["/channel/id", "/container/channel_id"]).map(ChannelId::new),
        message_ts: first_text(payload, &["/container/message_ts", "/message/ts"]).map(MessageTs::new),
        response_url: response_url(payload),
    })
}

fn find_similar(payload: &Value) -> Result<Intake, ParseError> {
    let view = payload.get("view").ok_or(ParseError::Missing("view"))?;
    let values = view_state::values(view);
    Ok(Intake::FindSimilar {
        external_id: text(view, "/external_id").ok_or(ParseError::Missing("view.external_id"))?.to_owned(),
        text: values.get(field::TEXT).and_then(FieldValue::first).unwrap_or_default().to_owned(),
        user: user(payload)?,
    })
}

fn message_shortcut(payload: &Value) -> Result<Intake, ParseError> {
    let Some(callback) = text(payload, "/callback_id").and_then(SlackShortcut::parse) else {
        return Ok(Intake::Irrelevant { reason: "a shortcut that is not ours" });
    };
    let message = payload.get("message").unwrap_or(&Value::Null);
    let ts = first_text(payload, &["/message/ts", "/message_ts"]).ok_or(ParseError::Missing("message.ts"))?;
    Ok(Intake::MessageShortcut {
        callback,
        channel: ChannelId::new(text(payload, "/channel/id").ok_or(ParseError::Missing("channel.id"))?),
        message: ShortcutMessage {
            ts: MessageTs::new(ts),
            thread_ts: text(message, "/thread_ts").map(MessageTs::new),
            user: person::shortcut_author(payload),
            text: words::of_message(message),
        },
        user: user(payload)?,
        response_url: response_url(payload),
        trigger: text(payload, "/trigger_id").map(str::to_owned),
    })
}

fn global_shortcut(payload: &Value) -> Result<Intake, ParseError> {
    match text(payload, "/callback_id").and_then(SlackShortcut::parse) {
        Some(callback) => Ok(Intake::GlobalShortcut { callback, user: user(payload)? }),
        None => Ok(Intake::Irrelevant { reason: "a shortcut that is not ours" }),
    }
}

fn submission(payload: &Value) -> Result<Intake, ParseError> {
    let view = payload.get("view").ok_or(ParseError::Missing("view"))?;
    let Some(modal) = text(view, "/callback_id").and_then(Modal::parse) else {
        return Ok(Intake::Irrelevant { reason: "a modal that is not ours" });
    };
    Ok(Intake::Submission {
        modal,
        private_metadata: text(view, "/private_metadata").unwrap_or_default().to_owned(),
        values: view_state::values(view),
        user: user(payload)?,
        view_id: text(view, "/id").unwrap_or_default().to_owned(),
        external_id: text(view, "/external_id").map(str::to_owned),
    })
}
