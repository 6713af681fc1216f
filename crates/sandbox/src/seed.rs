//! Who and what exists when a sandbox starts. Ids are fixed, so that tests can name them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Id of the app under test.
pub const APP_ID: &str = "A0DESKBELL";
/// Bot id of the app under test.
pub const BOT_ID: &str = "B0DESKBELL";
/// Team of people who come in through a shared channel.
pub const EXTERNAL_TEAM_ID: &str = "T0ACMECORP";

/// A person or the bot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// User id, `U...`.
    pub id: String,
    /// Handle without `@`.
    pub name: String,
    /// Name that people read.
    pub real_name: String,
    /// E-mail address; empty for the bot.
    pub email: String,
    /// Avatar colour as `rrggbb`.
    pub color: String,
    /// Job title.
    pub title: String,
    /// Whether this is the app's bot user.
    #[serde(default)]
    pub is_bot: bool,
    /// Whether this person belongs to another company (Slack Connect).
    #[serde(default)]
    pub is_external: bool,
}

/// A channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelSeed {
    /// Channel id, `C...`.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// What the channel is for.
    pub topic: String,
    /// Whether only members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Whether another company shares it.
    #[serde(default)]
    pub is_ext_shared: bool,
    /// User ids of the members.
    pub members: Vec<String>,
}

/// A user group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserGroupSeed {
    /// Group id, `S...`.
    pub id: String,
    /// Name that people read.
    pub name: String,
    /// Handle without `@`.
    pub handle: String,
    /// What it is for.
    pub description: String,
    /// User ids of the members.
    pub users: Vec<String>,
}

impl UserGroupSeed {
    /// A user group object, <https://docs.slack.dev/reference/objects/usergroup-object>.
    pub(crate) fn slack_object(&self, team_id: &str, with_users: bool, with_count: bool) -> Value {
        let mut object = json!({
            "id": self.id, "team_id": team_id, "is_usergroup": true, "name": self.name,
            "description": self.description, "handle": self.handle, "is_external": false,
            "date_create": 1_700_000_000, "date_update": 1_700_000_000, "date_delete": 0,
            "auto_type": null, "created_by": "U0GRACE", "updated_by": "U0GRACE", "deleted_by": null,
            "prefs": {"channels": [], "groups": []},
        });
        if with_users {
            crate::json::set(&mut object, "users", self.users.clone());
        }
        if with_count {
            crate::json::set(&mut object, "user_count", self.users.len());
        }
        object
    }
}

/// A slash command that the app registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandSeed {
    /// The command with its slash.
    pub command: String,
    /// What it does.
    pub description: String,
    /// What to type after it.
    pub usage_hint: String,
}

/// A shortcut that the app registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShortcutSeed {
    /// Its `callback_id`.
    pub callback_id: String,
    /// What people read.
    pub name: String,
    /// `global` or `message`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Everything a workspace starts with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkspaceSeed {
    /// Team id, `T...`.
    pub team_id: String,
    /// Team name.
    pub team_name: String,
    /// Subdomain.
    pub team_domain: String,
    /// The channel that the page opens first, for those who are in it.
    #[serde(default)]
    pub first_channel: String,
    /// Whom the page acts as at first.
    pub first_person: String,
    /// Bot user id; must be among `people`.
    pub bot_user_id: String,
    /// Everybody.
    pub people: Vec<Person>,
    /// Every channel.
    pub channels: Vec<ChannelSeed>,
    /// Every user group.
    #[serde(default)]
    pub user_groups: Vec<UserGroupSeed>,
    /// The app's slash commands.
    pub commands: Vec<CommandSeed>,
    /// The app's shortcuts.
    pub shortcuts: Vec<ShortcutSeed>,
}

type PersonRow = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PEOPLE: &[PersonRow] = &[
    ("U0ANNA", "anna", "Anna Lindqvist", "2e7d32", "Account Manager"),
    ("U0BEN", "ben", "Ben Okafor", "1565c0", "Payments Engineer"),
    ("U0CARLA", "carla", "Carla Mendes", "ad1457", "Support Lead"),
    ("U0DEV", "dev", "Dev Patel", "6a1b9a", "Platform Engineer"),
    ("U0ELENA", "elena", "Elena Rossi", "ef6c00", "Identity Engineer"),
    ("U0FRANK", "frank", "Frank Weber", "00838f", "Sales Engineer"),
    ("U0GRACE", "grace", "Grace Kim", "4e342e", "Head of Operations"),
    ("U0HUGO", "hugo", "Hugo Martin", "c62828", "IT Manager, Acme Corp"),
];

type ChannelRow = (&'static str, &'static str, &'static str, &'static [&'static str]);

const EVERYONE: &[&str] = &["U0DESKBELL", "U0ANNA", "U0BEN", "U0CARLA", "U0DEV", "U0ELENA", "U0FRANK", "U0GRACE"];

const CHANNELS: &[ChannelRow] = &[
    ("C0GENERAL", "general", "Company-wide announcements", EVERYONE),
    ("C0SUPPORT", "support", "Ask here when something does not work", EVERYONE),
    ("C0PAYMENTS", "payments-squad", "Payments, refunds, invoices", &["U0DESKBELL", "U0BEN", "U0CARLA", "U0GRACE"]),
    ("C0PLATFORM", "platform-squad", "API, uptime, data", &["U0DESKBELL", "U0DEV", "U0CARLA", "U0GRACE"]),
    ("C0IDENTITY", "identity-squad", "Login, SSO, permissions", &["U0DESKBELL", "U0ELENA", "U0CARLA", "U0GRACE"]),
    (
        "C0TRIAGE",
        "triage",
        "Requests that wait for a decision",
        &["U0DESKBELL", "U0CARLA", "U0GRACE", "U0BEN", "U0DEV", "U0ELENA"],
    ),
    ("C0OPS", "ops", "What Deskbell could not do by itself", &["U0DESKBELL", "U0GRACE", "U0CARLA"]),
    ("C0LEADERS", "leadership", "Private", &["U0GRACE", "U0CARLA"]),
    ("C0ACME", "acme-northwind", "Shared with Acme Corp", &["U0DESKBELL", "U0ANNA", "U0CARLA", "U0HUGO"]),
];

const USER_GROUPS: &[ChannelRow] = &[
    ("S0PAYMENTS", "payments-oncall", "Payments, on call", &["U0BEN"]),
    ("S0PLATFORM", "platform-oncall", "Platform, on call", &["U0DEV", "U0ELENA"]),
];

impl Default for WorkspaceSeed {
    fn default() -> Self {
        Self {
            team_id: "T0NORTHWIND".into(),
            team_name: "Northwind".into(),
            team_domain: "northwind".into(),
            first_channel: "C0SUPPORT".into(),
            first_person: "U0CARLA".into(),
            bot_user_id: "U0DESKBELL".into(),
            people: people(),
            channels: CHANNELS.iter().map(channel).collect(),
            user_groups: USER_GROUPS.iter().map(user_group).collect(),
            commands: commands(),
            shortcuts: vec![
                shortcut("triage_message", "Make a ticket", "message"),
                shortcut("new_ticket_shortcut", "New request", "global"),
            ],
        }
    }
}

fn people() -> Vec<Person> {
    let bot = Person {
        id: "U0DESKBELL".into(),
        name: "deskbell".into(),
        real_name: "Deskbell".into(),
        email: String::new(),
        color: "37474f".into(),
        title: "Support desk".into(),
        is_bot: true,
        is_external: false,
    };
    std::iter::once(bot).chain(PEOPLE.iter().map(person)).collect()
}

fn person((id, name, real_name, color, title): &PersonRow) -> Person {
    let is_external = *id == "U0HUGO";
    let domain = if is_external { "acme.example" } else { "northwind.example" };
    Person {
        id: (*id).into(),
        name: (*name).into(),
        real_name: (*real_name).into(),
        email: format!("{name}@{domain}"),
        color: (*color).into(),
        title: (*title).into(),
        is_bot: false,
        is_external,
    }
}

fn channel((id, name, topic, members): &ChannelRow) -> ChannelSeed {
    ChannelSeed {
        id: (*id).into(),
        name: (*name).into(),
        topic: (*topic).into(),
        is_private: *id == "C0LEADERS",
        is_ext_shared: *id == "C0ACME",
        members: members.iter().map(ToString::to_string).collect(),
    }
}

fn user_group((id, handle, name, users): &ChannelRow) -> UserGroupSeed {
    UserGroupSeed {
        id: (*id).into(),
        name: (*name).into(),
        handle: (*handle).into(),
        description: format!("Who answers for {name}"),
        users: users.iter().map(ToString::to_string).collect(),
    }
}

fn commands() -> Vec<CommandSeed> {
    [
        ("/triage", "Raise a support request", "<what is wrong> | help"),
        ("/escalate", "Escalate a ticket", "<ticket id> [reason]"),
        ("/ticket", "Show a ticket", "<ticket id>"),
        ("/kb", "Search the knowledge base", "<question>"),
    ]
    .map(|(command, description, usage_hint)| CommandSeed {
        command: command.into(),
        description: description.into(),
        usage_hint: usage_hint.into(),
    })
    .into()
}

fn shortcut(callback_id: &str, name: &str, kind: &str) -> ShortcutSeed {
    ShortcutSeed { callback_id: callback_id.into(), name: name.into(), kind: kind.into() }
}
