//! What of a verified event is kept: the body where Deskbell listens, elsewhere the key alone.

use deskbell_domain::ids::{ChannelId, MessageTs};
use serde_json::Value;

use super::config::Watched;
use super::envelope::EventEnvelope;
use super::json::text;

/// What to keep of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keep {
    /// The body, to be interpreted.
    Body,
    /// Only that it came.
    KeyOnly,
    /// The body if one of these messages is a ticket's, or may become one's while events of the channel are not understood
    /// yet: what follows a request that was made in an unwatched channel.
    BodyIfTicket {
        /// Where.
        channel: ChannelId,
        /// The message or the thread's first one.
        messages: Vec<MessageTs>,
    },
}

/// Decides by the envelope alone.
pub(super) fn keep(event: EventEnvelope<'_>, watched: &Watched) -> Keep {
    if is_by_ourselves(event, watched) {
        return Keep::KeyOnly;
    }
    match event.event_type() {
        "message" => keep_message(event, watched),
        "app_mention" => Keep::Body,
        "reaction_added" => {
            let emoji = text(event.0, "/event/reaction").unwrap_or_default();
            if watched.is_triage_emoji(emoji) { Keep::Body } else { Keep::KeyOnly }
        }
        "reaction_removed" => Keep::KeyOnly,
        _ if event.channel().is_none_or(|_| is_listened_to(event, watched)) => Keep::Body,
        _ => Keep::KeyOnly,
    }
}

fn keep_message(event: EventEnvelope<'_>, watched: &Watched) -> Keep {
    if is_listened_to(event, watched) || mentions_us(event, watched) {
        return Keep::Body;
    }
    let message = event.message();
    let places = ["/thread_ts", "/ts"].into_iter().filter_map(|place| text(message, place));
    let mut messages: Vec<MessageTs> = places.map(MessageTs::new).collect();
    messages.extend(text(event.0, "/event/deleted_ts").map(MessageTs::new));
    messages.dedup();
    let is_change = matches!(event.subtype(), "message_changed" | "message_deleted");
    let is_reply = text(message, "/thread_ts").is_some_and(|thread| text(message, "/ts") != Some(thread));
    let is_follow_up = is_change || is_reply;
    match event.channel() {
        Some(channel) if is_follow_up && !messages.is_empty() => {
            Keep::BodyIfTicket { channel: channel.into(), messages }
        }
        _ => Keep::KeyOnly,
    }
}

fn is_listened_to(event: EventEnvelope<'_>, watched: &Watched) -> bool {
    event.is_direct() || event.channel().is_some_and(|channel| watched.channels.contains(&channel.into()))
}

fn mentions_us(event: EventEnvelope<'_>, watched: &Watched) -> bool {
    let texts = ["/event/text", "/event/message/text", "/event/previous_message/text"];
    texts.iter().filter_map(|place| text(event.0, place)).any(|text| watched.is_mentioned_in(text))
}

/// Our own messages and clicks come back as events. The app's id tells them, even before `auth.test` told the user's.
fn is_by_ourselves(event: EventEnvelope<'_>, watched: &Watched) -> bool {
    let message = event.message();
    let by_bot_user = watched.bot_user_id.as_ref().is_some_and(|bot| {
        text(event.0, "/event/user") == Some(bot.as_str()) || text(message, "/user") == Some(bot.as_str())
    });
    by_bot_user || event.app_id().is_some_and(|ours| is_by_app(message, ours))
}

fn is_by_app(message: &Value, app: &str) -> bool {
    ["/app_id", "/bot_profile/app_id"].iter().any(|place| text(message, place) == Some(app))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn watched() -> Watched {
        Watched {
            channels: ["C1".into()].into(),
            triage_emoji: ["ticket".to_owned()].into(),
            bot_user_id: Some("UBOT".into()),
        }
    }

    fn check(event: &Value, expected: &Keep) {
        let body = json!({"type": "event_callback", "api_app_id": "A1", "event": event});
        assert_eq!(&keep(EventEnvelope(&body), &watched()), expected, "{event}");
    }

    #[test]
    fn bodies_are_kept_where_deskbell_listens() {
        for event in [
            json!({"type": "message", "channel": "C1", "user": "U1", "text": "help"}),
            json!({"type": "message", "channel": "D1", "channel_type": "im", "user": "U1", "text": "help"}),
            json!({"type": "message", "channel": "C2", "user": "U1", "text": "<@UBOT> help"}),
            json!({"type": "app_mention", "channel": "C2", "user": "U1", "text": "<@UBOT> help"}),
            json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1", "previous_message": {"user": "U1"}}),
            json!({"type": "reaction_added", "reaction": "ticket::skin-tone-2", "user": "U1", "item": {"channel": "C2", "ts": "1"}}),
            json!({"type": "tokens_revoked"}),
            json!({"type": "something_new", "channel": {"id": "C1"}}),
        ] {
            check(&event, &Keep::Body);
        }
    }

    #[test]
    fn elsewhere_the_key_alone_is_kept() {
        for event in [
            json!({"type": "message", "channel": "C2", "user": "U1", "text": "lunch?"}),
            json!({"type": "reaction_added", "reaction": "tada", "user": "U1", "item": {"channel": "C1", "ts": "1"}}),
            json!({"type": "reaction_removed", "reaction": "ticket", "user": "U1", "item": {"channel": "C1", "ts": "1"}}),
            json!({"type": "something_new", "channel_id": "C2"}),
        ] {
            check(&event, &Keep::KeyOnly);
        }
    }

    #[test]
    fn our_own_messages_are_no_requests() {
        for event in [
            json!({"type": "message", "channel": "C1", "user": "UBOT", "text": "card"}),
            json!({"type": "message", "channel": "C1", "user": "UX", "bot_id": "B1", "app_id": "A1", "text": "card"}),
            json!({"type": "message", "channel": "C1", "bot_id": "B1", "bot_profile": {"app_id": "A1"}, "text": "card"}),
            json!({"type": "message", "subtype": "message_changed", "channel": "C1", "message": {"user": "UBOT", "text": "card"}}),
            json!({"type": "reaction_added", "reaction": "ticket", "user": "UBOT", "item": {"channel": "C1", "ts": "1"}}),
        ] {
            check(&event, &Keep::KeyOnly);
        }
    }

    #[test]
    fn what_follows_in_an_unwatched_channel_is_kept_if_it_follows_a_ticket() {
        let messages = |list: &[&str]| Keep::BodyIfTicket {
            channel: "C2".into(),
            messages: list.iter().map(|ts| MessageTs::new(*ts)).collect(),
        };
        check(
            &json!({"type": "message", "channel": "C2", "user": "U1", "ts": "2", "thread_ts": "1"}),
            &messages(&["1", "2"]),
        );
        check(
            &json!({"type": "message", "subtype": "message_changed", "channel": "C2", "message": {"user": "U1", "ts": "3"}}),
            &messages(&["3"]),
        );
        check(
            &json!({"type": "message", "subtype": "message_deleted", "channel": "C2", "deleted_ts": "3", "previous_message": {"user": "U1", "ts": "3"}}),
            &messages(&["3"]),
        );
    }
}
