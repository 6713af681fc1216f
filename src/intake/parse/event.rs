//! The Events API.

use deskbell_domain::ids::{ChannelId, MessageTs, PersonId};
use serde_json::Value;

use super::{ChannelKind, Intake, Message, ParseError, person, text as words};
use crate::intake::json::{first_text, items, text};

/// Subtypes that are somebody's words; the others are Slack's own notices (joined, renamed, pinned).
const SPOKEN: [&str; 5] = ["", "file_share", "thread_broadcast", "me_message", "bot_message"];

pub(super) fn parse(body: &Value) -> Result<Intake, ParseError> {
    match text(body, "/type").unwrap_or_default() {
        "event_callback" => {}
        "app_rate_limited" => {
            return Ok(Intake::Irrelevant { reason: "Slack held events back" });
        }
        _ => {
            return Ok(Intake::Irrelevant { reason: "not an event_callback" });
        }
    }
    match text(body, "/event/type").unwrap_or_default() {
        "message" => message_event(body),
        "app_mention" => Ok(Intake::Mention(message(body)?)),
        "reaction_added" => reaction(body),
        _ => Ok(Intake::Irrelevant { reason: "a type of event that asks for nothing" }),
    }
}

fn message_event(body: &Value) -> Result<Intake, ParseError> {
    match text(body, "/event/subtype").unwrap_or_default() {
        "message_changed" => changed(body),
        "message_deleted" => {
            let ts = first_text(body, &["/event/deleted_ts", "/event/previous_message/ts"]);
            let ts = MessageTs::new(ts.ok_or(ParseError::Missing("event.deleted_ts"))?);
            Ok(Intake::MessageDeleted { channel: channel(body)?, ts })
        }
        spoken if SPOKEN.contains(&spoken) => Ok(Intake::Message(message(body)?)),
        _ => Ok(Intake::Irrelevant { reason: "a notice of Slack's, nobody's words" }),
    }
}

/// Slack also reports an unfurled link or a new reply as a change; a deleted message that has replies stays as a tombstone.
fn changed(body: &Value) -> Result<Intake, ParseError> {
    let message = body.pointer("/event/message").ok_or(ParseError::Missing("event.message"))?;
    let channel = channel(body)?;
    let ts = MessageTs::new(text(message, "/ts").ok_or(ParseError::Missing("event.message.ts"))?);
    if text(message, "/subtype") == Some("tombstone") {
        return Ok(Intake::MessageDeleted { channel, ts });
    }
    let now = words::of_message(message);
    let before = body.pointer("/event/previous_message").map(words::of_message);
    if before.as_deref() == Some(now.as_str()) {
        return Ok(Intake::Irrelevant { reason: "the message changed, its words did not" });
    }
    let user = person::author(body, message);
    let at = first_text(body, &["/event/event_ts", "/event/ts"]).map(MessageTs::new);
    Ok(Intake::MessageChanged { channel, ts, user, text: now, previous_text: before, at })
}

fn message(body: &Value) -> Result<Message, ParseError> {
    let event = body.get("event").unwrap_or(&Value::Null);
    let channel = channel(body)?;
    let subtype = text(event, "/subtype");
    Ok(Message {
        channel_kind: channel_kind(event, &channel),
        channel,
        user: person::author(body, event).ok_or(ParseError::Missing("event.user"))?,
        ts: MessageTs::new(text(event, "/ts").ok_or(ParseError::Missing("event.ts"))?),
        thread_ts: text(event, "/thread_ts").map(MessageTs::new),
        text: words::of_message(event),
        files_count: items(event, "/files").len(),
        is_bot: subtype == Some("bot_message") || text(event, "/bot_id").is_some(),
        subtype: subtype.map(str::to_owned),
    })
}

fn reaction(body: &Value) -> Result<Intake, ParseError> {
    if text(body, "/event/item/type").is_some_and(|item| item != "message") {
        return Ok(Intake::Irrelevant { reason: "a reaction on something that is no message" });
    }
    let user = text(body, "/event/user").ok_or(ParseError::Missing("event.user"))?;
    let channel = text(body, "/event/item/channel").ok_or(ParseError::Missing("event.item.channel"))?;
    Ok(Intake::Reaction {
        emoji: text(body, "/event/reaction").ok_or(ParseError::Missing("event.reaction"))?.to_owned(),
        user: person::actor(body, user),
        channel: ChannelId::new(channel),
        ts: MessageTs::new(text(body, "/event/item/ts").ok_or(ParseError::Missing("event.item.ts"))?),
        item_user: text(body, "/event/item_user").map(PersonId::new),
    })
}

fn channel(body: &Value) -> Result<ChannelId, ParseError> {
    let named = first_text(body, &["/event/channel", "/event/channel/id"]);
    named.map(ChannelId::new).ok_or(ParseError::Missing("event.channel"))
}

fn channel_kind(event: &Value, channel: &ChannelId) -> ChannelKind {
    match (text(event, "/channel_type"), channel.as_str().chars().next()) {
        (Some("im"), _) | (None, Some('D')) => ChannelKind::Direct,
        (Some("mpim"), _) => ChannelKind::GroupDirect,
        (Some("group"), _) | (None, Some('G')) => ChannelKind::Private,
        _ => ChannelKind::Public,
    }
}
