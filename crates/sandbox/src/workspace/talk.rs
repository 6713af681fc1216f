//! Posting, editing and deleting messages, and joining channels, with the events that follow.
//!
//! Event shapes: <https://docs.slack.dev/reference/events/message> and its subtypes.

use serde_json::{Value, json};

use super::Workspace;
use super::blocks::name_blocks;
use super::channels::Channel;
use super::ids::Ts;
use super::messages::Message;
use crate::json::set;

/// What an edit changes; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) text: Option<String>,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
    pub(crate) metadata: Option<Value>,
}

impl Workspace {
    /// Posts a message and tells everyone; the error is Slack's.
    pub(crate) fn post(&mut self, channel: &str, mut message: Message) -> Result<Ts, &'static str> {
        let ts = self.ids.ts();
        message.ts = Some(ts);
        name_blocks(message.blocks.as_mut(), &mut self.ids);
        if message.ephemeral_for.is_some() {
            self.tell_page_of_message(channel, &message);
            self.messages.insert(channel, message);
            return Ok(ts);
        }
        self.attach_to_thread(channel, &mut message)?;
        self.tell_page_of_message(channel, &message);
        let events = self.events_of_post(channel, &message);
        self.messages.insert(channel, message);
        for event in events {
            self.tell_app(channel, event);
        }
        Ok(ts)
    }

    /// Enters a reply under its root; a reply to a reply goes to the same root.
    fn attach_to_thread(&mut self, channel: &str, message: &mut Message) -> Result<(), &'static str> {
        let Some(asked) = message.thread else {
            return Ok(());
        };
        let found = self.messages.get(channel, asked).filter(|m| m.ephemeral_for.is_none());
        let root = found.map(|m| m.thread.unwrap_or(asked)).ok_or("thread_not_found")?;
        message.thread = Some(root);
        if let Some(parent) = self.messages.get_mut(channel, root) {
            parent.replies.insert(message.ts());
            let parent = parent.clone();
            self.tell_page_of_message(channel, &parent);
        }
        Ok(())
    }

    /// The `message` event, and for a mention the `app_mention` beside it, in no fixed order.
    fn events_of_post(&mut self, channel: &str, message: &Message) -> Vec<Value> {
        let event = self.message_event(channel, message);
        let is_im = self.channels.get(channel).is_some_and(|place| place.is_im);
        let mentions = self.mentions_bot(&message.text);
        if message.by_app || is_im || !mentions {
            return vec![event];
        }
        let mut mention = event.clone();
        set(&mut mention, "type", "app_mention");
        if let Some(object) = mention.as_object_mut() {
            object.remove("channel_type");
        }
        if self.ids.coin() { vec![mention, event] } else { vec![event, mention] }
    }

    fn mentions_bot(&self, text: &str) -> bool {
        let bot = self.bot();
        text.contains(&format!("<@{bot}>")) || text.contains(&format!("<@{bot}|"))
    }

    fn message_event(&self, channel: &str, message: &Message) -> Value {
        let mut event = message.slack_object(&self.people.team_of(&message.user), true);
        set(&mut event, "channel", channel);
        set(&mut event, "event_ts", message.ts().to_string());
        self.set_channel_type(&mut event, channel);
        if message.user != self.bot() && self.people.team_of(&message.user) != self.team_id {
            let theirs = self.people.team_of(&message.user);
            set(&mut event, "user_team", theirs.clone());
            set(&mut event, "source_team", theirs);
        }
        let root = message.thread.filter(|_| message.is_reply());
        if let Some(parent) = root.and_then(|root| self.messages.get(channel, root)) {
            set(&mut event, "parent_user_id", parent.user.clone());
        }
        event
    }

    fn set_channel_type(&self, event: &mut Value, channel: &str) {
        if let Some(place) = self.channels.get(channel) {
            set(event, "channel_type", place.kind());
        }
    }

    /// Changes a message and tells everyone; the error is Slack's.
    pub(crate) fn edit(&mut self, channel: &str, ts: Ts, by: &str, edit: Edit) -> Result<Message, &'static str> {
        let before = self.messages.get(channel, ts).filter(|m| !m.deleted).ok_or("message_not_found")?.clone();
        let mut message = before.clone();
        if let Some(text) = edit.text {
            message.text = text;
        }
        if let Some(mut blocks) = edit.blocks {
            name_blocks(Some(&mut blocks), &mut self.ids);
            message.blocks = Some(blocks).filter(|blocks| blocks.as_array().is_none_or(|all| !all.is_empty()));
        }
        message.attachments = edit.attachments.or(message.attachments);
        message.metadata = edit.metadata.or(message.metadata);
        let now = self.ids.ts();
        message.edited = Some((by.to_owned(), now));
        self.messages.insert(channel, message.clone());
        self.tell_page_of_message(channel, &message);
        if message.is_public() {
            self.tell_app_of_change(channel, &before, &message, now);
        }
        Ok(message)
    }

    fn tell_app_of_change(&mut self, channel: &str, before: &Message, after: &Message, now: Ts) {
        let team = self.people.team_of(&after.user);
        let mut event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": channel,
            "ts": now.to_string(), "event_ts": now.to_string(),
            "message": after.slack_object(&team, true),
            "previous_message": before.slack_object(&team, true),
        });
        self.set_channel_type(&mut event, channel);
        self.tell_app(channel, event);
    }

    /// Removes a message and tells everyone; the error is Slack's.
    pub(crate) fn delete(&mut self, channel: &str, ts: Ts) -> Result<(), &'static str> {
        let message = self.messages.get_mut(channel, ts).filter(|m| !m.deleted).ok_or("message_not_found")?;
        message.deleted = true;
        let message = message.clone();
        self.detach_from_thread(channel, &message);
        self.tell_page(json!({"kind": "message_removed", "channel": channel, "ts": ts.to_string()}));
        if message.ephemeral_for.is_some() {
            return Ok(());
        }
        let now = self.ids.ts();
        let mut event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "channel": channel,
            "ts": now.to_string(), "event_ts": now.to_string(), "deleted_ts": ts.to_string(),
            "previous_message": message.slack_object(&self.people.team_of(&message.user), true),
        });
        self.set_channel_type(&mut event, channel);
        self.tell_app(channel, event);
        Ok(())
    }

    fn detach_from_thread(&mut self, channel: &str, reply: &Message) {
        let root = reply.thread.filter(|_| reply.is_reply());
        let Some(parent) = root.and_then(|root| self.messages.get_mut(channel, root)) else {
            return;
        };
        parent.replies.remove(&reply.ts());
        let parent = parent.clone();
        if !parent.deleted {
            self.tell_page_of_message(channel, &parent);
        }
    }

    /// Adds a member; says whether they were new. The error is Slack's.
    pub(crate) fn join(&mut self, channel: &str, user: &str, inviter: Option<&str>) -> Result<bool, &'static str> {
        if self.people.find(user).is_none() {
            return Err("user_not_found");
        }
        let place = self.channels.get_mut(channel).filter(|place| !place.is_im).ok_or("channel_not_found")?;
        if place.has(user) {
            return Ok(false);
        }
        place.members.push(user.to_owned());
        let mut event = json!({
            "type": "member_joined_channel", "user": user, "channel": channel,
            "channel_type": place.letter(), "team": self.people.team_of(user),
            "event_ts": self.ids.ts().to_string(),
        });
        if let Some(inviter) = inviter {
            set(&mut event, "inviter", inviter);
        }
        self.tell_page_of_channel(channel);
        self.tell_app(channel, event);
        Ok(true)
    }

    /// Takes a member out; says whether they were one. The app hears nothing of it: its manifest asks for no such event. The error is
    /// Slack's.
    pub(crate) fn leave(&mut self, channel: &str, user: &str) -> Result<bool, &'static str> {
        let place = self.channels.get_mut(channel).filter(|place| !place.is_im).ok_or("channel_not_found")?;
        let was_in = place.has(user);
        place.members.retain(|member| member != user);
        self.tell_page_of_channel(channel);
        Ok(was_in)
    }

    /// The bot's direct message with `user`, opened if need be; the error is Slack's.
    pub(crate) fn open_im(&mut self, user: &str) -> Result<(String, bool), &'static str> {
        if let Some(place) = self.channels.im_with(user) {
            return Ok((place.id.clone(), true));
        }
        let person = self.people.find(user).ok_or("user_not_found")?;
        if person.is_bot {
            return Err("cannot_dm_bot");
        }
        let place = Channel::direct(self.bot(), user);
        let id = place.id.clone();
        self.channels.insert(place);
        self.tell_page_of_channel(&id);
        Ok((id, false))
    }
}
