//! The workspace's state, one concern a module, and what happens when it changes.
//!
//! Nothing here knows of HTTP. A change leaves [`Happening`]s in the outbox; whoever holds the lock
//! sends them on before letting go, so that the page and Deskbell see one order.

pub(crate) mod blocks;
pub(crate) mod channels;
pub(crate) mod ids;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod reactions;
pub(crate) mod responses;
pub(crate) mod talk;
pub(crate) mod views;

use serde_json::{Map, Value, json};

use self::channels::{Channel, Channels};
use self::ids::Ids;
use self::messages::{Message, Messages};
use self::people::People;
use self::responses::Responses;
use self::views::Views;
use crate::config::SandboxConfig;
use crate::seed::{CommandSeed, Person, ShortcutSeed, UserGroupSeed};

/// What others must hear of.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A change that the page shows: `{kind, ...}`.
    Change(Value),
    /// An event for Deskbell: the inner `event`, and whether its channel is shared with another team.
    Event { event: Value, is_ext_shared: bool },
}

/// Everything that the sandbox remembers of Slack.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) team_id: String,
    pub(crate) team_name: String,
    pub(crate) team_domain: String,
    pub(crate) first_channel: String,
    pub(crate) first_person: String,
    pub(crate) base_url: String,
    pub(crate) people: People,
    pub(crate) channels: Channels,
    pub(crate) user_groups: Vec<UserGroupSeed>,
    pub(crate) messages: Messages,
    pub(crate) views: Views,
    pub(crate) responses: Responses,
    pub(crate) commands: Vec<CommandSeed>,
    pub(crate) shortcuts: Vec<ShortcutSeed>,
    pub(crate) ids: Ids,
    outbox: Vec<Happening>,
}

impl Workspace {
    pub(crate) fn new(config: &SandboxConfig, base_url: String) -> Self {
        let seed = config.workspace.clone();
        let mut channels = Channels::new(seed.channels);
        for person in seed.people.iter().filter(|person| !person.is_bot && !person.is_external) {
            channels.insert(Channel::direct(&seed.bot_user_id, &person.id));
        }
        Self {
            people: People::new(seed.people, seed.bot_user_id, seed.team_id.clone()),
            channels,
            user_groups: seed.user_groups,
            messages: Messages::default(),
            views: Views::new(seed.team_id.clone(), config.timing.trigger_lifetime),
            responses: Responses::new(config.timing.response_url_lifetime),
            commands: seed.commands,
            shortcuts: seed.shortcuts,
            ids: Ids::new(config.faults_seed),
            outbox: Vec::new(),
            team_id: seed.team_id,
            team_name: seed.team_name,
            team_domain: seed.team_domain,
            first_channel: seed.first_channel,
            first_person: seed.first_person,
            base_url,
        }
    }

    pub(crate) fn bot(&self) -> &str {
        &self.people.bot_user_id
    }

    /// What happened since the last call.
    /// A person as Slack's API shows them to the app.
    pub(crate) fn user_object(&self, person: &Person, with_email: bool) -> Value {
        let is_met = self.channels.iter().any(|channel| channel.has(self.bot()) && channel.has(&person.id));
        self.people.user_object(person, with_email, is_met)
    }

    pub(crate) fn take_outbox(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.outbox)
    }

    /// Tells the page of a change.
    pub(crate) fn tell_page(&mut self, change: Value) {
        self.outbox.push(Happening::Change(change));
    }

    /// Tells Deskbell of an event, if its bot is in the channel.
    pub(crate) fn tell_app(&mut self, channel: &str, event: Value) {
        let Some(place) = self.channels.get(channel).filter(|place| place.has(self.bot())) else {
            return;
        };
        let is_ext_shared = place.is_ext_shared;
        self.outbox.push(Happening::Event { event, is_ext_shared });
    }

    /// Tells the page that a message is new or different.
    pub(crate) fn tell_page_of_message(&mut self, channel: &str, message: &Message) {
        let object = message.page_object(&self.permalink(channel, message));
        self.tell_page(json!({"kind": "message", "channel": channel, "message": object}));
    }

    /// Tells the page that a channel is new or different.
    pub(crate) fn tell_page_of_channel(&mut self, channel: &str) {
        if let Some(object) = self.channels.get(channel).map(channels::Channel::page_object) {
            self.tell_page(json!({"kind": "channel", "channel": object}));
        }
    }

    /// The address under which a person finds a message.
    pub(crate) fn permalink(&self, channel: &str, message: &Message) -> String {
        let ts = message.ts().to_string();
        let base = format!("{}/archives/{channel}/p{}", self.base_url, ts.replace('.', ""));
        match message.thread.filter(|_| message.is_reply()) {
            Some(root) => format!("{base}?thread_ts={root}&cid={channel}"),
            None => base,
        }
    }

    /// The entire state as `GET /sandbox/state` returns it, without Jira and the sequence number.
    pub(crate) fn page_state(&self) -> Value {
        let messages: Map<String, Value> =
            self.channels.iter().map(|channel| (channel.id.clone(), self.page_messages(&channel.id))).collect();
        json!({
            "team": {"id": self.team_id, "name": self.team_name, "domain": self.team_domain},
            "first_channel": self.first_channel,
            "first_person": self.first_person,
            "bot_user_id": self.bot(),
            "users": self.people.iter().map(people::page_object).collect::<Vec<_>>(),
            "channels": self.channels.iter().map(channels::Channel::page_object).collect::<Vec<_>>(),
            "messages": messages,
            "views": self.views.stacks(),
            "homes": self.views.homes(),
            "commands": self.commands,
            "shortcuts": self.shortcuts,
        })
    }

    fn page_messages(&self, channel: &str) -> Value {
        self.messages
            .of(channel)
            .filter(|message| !message.deleted || !message.replies.is_empty())
            .map(|message| message.page_object(&self.permalink(channel, message)))
            .collect()
    }
}
