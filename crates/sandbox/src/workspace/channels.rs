//! Channels and direct messages: who is in, and how Slack's API describes them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::seed::{ChannelSeed, EXTERNAL_TEAM_ID};

/// A channel or a direct message.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) is_private: bool,
    pub(crate) is_im: bool,
    pub(crate) is_ext_shared: bool,
    /// Members in the order in which they came.
    pub(crate) members: Vec<String>,
    /// The person on the other side of a direct message with the bot.
    pub(crate) im_user: Option<String>,
    /// Who made it.
    pub(crate) creator: String,
    /// When, in Unix seconds.
    pub(crate) created: i64,
}

/// When what a sandbox starts with was made.
const SEEDED_AT: i64 = 1_700_000_000;

impl Channel {
    /// The direct message between the bot and a person.
    pub(crate) fn direct(bot: &str, user: &str) -> Self {
        Self {
            id: format!("D{}", user.strip_prefix('U').unwrap_or(user)),
            name: String::new(),
            topic: String::new(),
            is_private: true,
            is_im: true,
            is_ext_shared: false,
            members: vec![bot.to_owned(), user.to_owned()],
            im_user: Some(user.to_owned()),
            creator: bot.to_owned(),
            created: SEEDED_AT,
        }
    }

    /// A channel that the bot makes.
    pub(crate) fn made(id: String, name: String, is_private: bool, bot: &str, created: i64) -> Self {
        Self {
            id,
            name,
            topic: String::new(),
            is_private,
            is_im: false,
            is_ext_shared: false,
            members: vec![bot.to_owned()],
            im_user: None,
            creator: bot.to_owned(),
            created,
        }
    }

    pub(crate) fn has(&self, user: &str) -> bool {
        self.members.iter().any(|member| member == user)
    }

    /// The `channel_type` of message events.
    pub(crate) fn kind(&self) -> &'static str {
        match (self.is_im, self.is_private) {
            (true, _) => "im",
            (false, true) => "group",
            (false, false) => "channel",
        }
    }

    /// The one-letter type of membership events.
    pub(crate) fn letter(&self) -> &'static str {
        match self.kind() {
            "im" => "D",
            "group" => "G",
            _ => "C",
        }
    }

    /// The name that commands and clicks carry: Slack hides those of private conversations.
    pub(crate) fn public_name(&self) -> &str {
        match self.kind() {
            "im" => "directmessage",
            "group" => "privategroup",
            _ => &self.name,
        }
    }

    /// A conversation object, <https://docs.slack.dev/reference/objects/conversation-object>.
    pub(crate) fn conversation_object(&self, team_id: &str, bot_user_id: &str) -> Value {
        if self.is_im {
            return json!({
                "id": self.id, "created": self.created, "is_archived": false, "is_im": true,
                "is_org_shared": false, "context_team_id": team_id, "user": self.im_user,
                "is_user_deleted": false, "is_open": true, "priority": 0,
            });
        }
        let connected = if self.is_ext_shared { vec![EXTERNAL_TEAM_ID] } else { Vec::new() };
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name, "is_channel": !self.is_private,
            "is_group": self.is_private, "is_im": false, "is_mpim": false, "is_private": self.is_private,
            "created": self.created, "is_archived": false, "is_general": self.name == "general",
            "unlinked": 0, "is_shared": self.is_ext_shared, "is_org_shared": false,
            "is_pending_ext_shared": false, "is_ext_shared": self.is_ext_shared,
            "context_team_id": team_id, "creator": self.creator, "shared_team_ids": [team_id],
            "connected_team_ids": connected, "is_member": self.has(bot_user_id),
            "num_members": self.members.len(),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.topic, "creator": "", "last_set": 0},
            "previous_names": [],
        })
    }

    /// The channel as the page and the tests see it.
    pub(crate) fn page_object(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "topic": self.topic, "is_private": self.is_private,
            "is_im": self.is_im, "is_ext_shared": self.is_ext_shared, "members": self.members,
            "im_user": self.im_user,
        })
    }
}

impl From<ChannelSeed> for Channel {
    fn from(seed: ChannelSeed) -> Self {
        Self {
            id: seed.id,
            name: seed.name,
            topic: seed.topic,
            is_private: seed.is_private,
            is_im: false,
            is_ext_shared: seed.is_ext_shared,
            // A person made it: bots come first among the members.
            creator: seed.members.last().cloned().unwrap_or_default(),
            members: seed.members,
            im_user: None,
            created: SEEDED_AT,
        }
    }
}

/// Every conversation, by id.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    by_id: BTreeMap<String, Channel>,
}

impl Channels {
    pub(crate) fn new(seeds: Vec<ChannelSeed>) -> Self {
        let by_id = seeds.into_iter().map(|seed| (seed.id.clone(), Channel::from(seed))).collect();
        Self { by_id }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.by_id.values()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Channel> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn find_by_name(&self, name: &str) -> Option<&Channel> {
        self.by_id.values().find(|channel| !channel.is_im && channel.name == name)
    }

    /// The bot's direct message with `user`, if it was opened.
    pub(crate) fn im_with(&self, user: &str) -> Option<&Channel> {
        self.by_id.values().find(|channel| channel.im_user.as_deref() == Some(user))
    }

    pub(crate) fn insert(&mut self, channel: Channel) {
        self.by_id.insert(channel.id.clone(), channel);
    }
}
