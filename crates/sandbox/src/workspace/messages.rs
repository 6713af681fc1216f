//! Messages: what is kept of one, and its shapes in the API, in events and on the page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ids::Ts;
use crate::json::set;
use crate::seed::{APP_ID, BOT_ID};

/// A reaction and who gave it, in order.
#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub(crate) name: String,
    pub(crate) users: Vec<String>,
}

/// One message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) ts: Option<Ts>,
    pub(crate) user: String,
    pub(crate) by_app: bool,
    pub(crate) username: Option<String>,
    pub(crate) icon_emoji: Option<String>,
    pub(crate) text: String,
    pub(crate) blocks: Option<Value>,
    pub(crate) attachments: Option<Value>,
    pub(crate) metadata: Option<Value>,
    pub(crate) thread: Option<Ts>,
    pub(crate) broadcast: bool,
    pub(crate) client_msg_id: Option<String>,
    pub(crate) ephemeral_for: Option<String>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) replies: BTreeSet<Ts>,
    pub(crate) edited: Option<(String, Ts)>,
    pub(crate) deleted: bool,
}

impl Message {
    pub(crate) fn ts(&self) -> Ts {
        self.ts.unwrap_or(Ts(0))
    }

    /// Whether it is a reply (a thread's root is none).
    pub(crate) fn is_reply(&self) -> bool {
        self.thread.is_some_and(|root| root != self.ts())
    }

    /// Whether the API returns it at all.
    pub(crate) fn is_public(&self) -> bool {
        !self.deleted && self.ephemeral_for.is_none()
    }

    /// The message as the Web API returns it and as events nest it.
    pub(crate) fn slack_object(&self, team_id: &str, with_metadata: bool) -> Value {
        let mut object = json!({
            "type": "message", "user": self.user, "text": self.text, "ts": self.ts().to_string(),
            "team": team_id,
        });
        if self.by_app {
            self.describe_app(&mut object, team_id);
        }
        let optional = [
            ("client_msg_id", self.client_msg_id.clone().map(Value::from)),
            ("blocks", self.blocks.clone()),
            ("attachments", self.attachments.clone()),
            ("metadata", self.metadata.clone().filter(|_| with_metadata)),
            ("edited", self.edited.as_ref().map(|(user, ts)| json!({"user": user, "ts": ts.to_string()}))),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                set(&mut object, key, value);
            }
        }
        if !self.reactions.is_empty() {
            set(&mut object, "reactions", self.reaction_objects());
        }
        self.describe_thread(&mut object);
        object
    }

    fn describe_app(&self, object: &mut Value, team_id: &str) {
        set(object, "bot_id", BOT_ID);
        set(object, "app_id", APP_ID);
        set(
            object,
            "bot_profile",
            json!({"id": BOT_ID, "app_id": APP_ID, "name": "Deskbell", "deleted": false, "updated": 1_700_000_000, "team_id": team_id}),
        );
        if let Some(username) = &self.username {
            set(object, "subtype", "bot_message");
            set(object, "username", username.clone());
        }
        if let Some(icon) = &self.icon_emoji {
            set(object, "icons", json!({"emoji": icon}));
        }
    }

    fn describe_thread(&self, object: &mut Value) {
        if let Some(root) = self.thread {
            set(object, "thread_ts", root.to_string());
            if self.broadcast {
                set(object, "subtype", "thread_broadcast");
            }
        }
        if let Some(latest) = self.replies.last() {
            set(object, "thread_ts", self.ts().to_string());
            set(object, "reply_count", self.replies.len());
            set(object, "latest_reply", latest.to_string());
            set(object, "is_locked", false);
        }
    }

    /// The reactions as `reactions.get` returns them.
    pub(crate) fn reaction_objects(&self) -> Value {
        self.reactions.iter().map(|r| json!({"name": r.name, "users": r.users, "count": r.users.len()})).collect()
    }

    /// The message as the page and the tests see it.
    pub(crate) fn page_object(&self, permalink: &str) -> Value {
        let thread = self.thread.or_else(|| (!self.replies.is_empty()).then(|| self.ts()));
        let reactions: Vec<Value> = self.reactions.iter().map(|r| json!({"name": r.name, "users": r.users})).collect();
        json!({
            "ts": self.ts().to_string(), "user": self.user, "bot_id": self.by_app.then_some(BOT_ID),
            "username": self.username, "text": self.text, "blocks": self.blocks,
            "attachments": self.attachments, "thread_ts": thread.map(|ts| ts.to_string()),
            "reply_count": self.replies.len(), "reactions": reactions, "edited": self.edited.is_some(),
            "deleted": self.deleted, "ephemeral_for": self.ephemeral_for, "metadata": self.metadata,
            "permalink": permalink,
        })
    }
}

/// Every message of every channel, in time order.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    by_channel: BTreeMap<String, BTreeMap<Ts, Message>>,
}

impl Messages {
    pub(crate) fn insert(&mut self, channel: &str, message: Message) {
        self.by_channel.entry(channel.to_owned()).or_default().insert(message.ts(), message);
    }

    /// A channel's messages, oldest first, the deleted and the ephemeral ones too.
    pub(crate) fn of(&self, channel: &str) -> impl DoubleEndedIterator<Item = &Message> {
        self.by_channel.get(channel).into_iter().flat_map(BTreeMap::values)
    }

    /// The messages of a channel from `oldest` to `latest`, both included.
    pub(crate) fn between(&self, channel: &str, oldest: Ts, latest: Ts) -> impl DoubleEndedIterator<Item = &Message> {
        let range = if oldest <= latest { oldest..=latest } else { latest..=latest };
        let empty = oldest > latest;
        self.by_channel
            .get(channel)
            .into_iter()
            .flat_map(move |all| all.range(range.clone()).map(|(_, message)| message))
            .filter(move |_| !empty)
    }

    pub(crate) fn get(&self, channel: &str, ts: Ts) -> Option<&Message> {
        self.by_channel.get(channel)?.get(&ts)
    }

    pub(crate) fn get_mut(&mut self, channel: &str, ts: Ts) -> Option<&mut Message> {
        self.by_channel.get_mut(channel)?.get_mut(&ts)
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Message) -> bool) -> usize {
        self.by_channel.values().flat_map(BTreeMap::values).filter(|message| wanted(message)).count()
    }
}
