//! Recorded bytes to what they mean. Pure, so that a mended parser can read again what an older one could not.
//!
//! Tolerant: a field that is not needed may be absent, null or of another type. What is needed and not there is a
//! [`ParseError`]; what is understood and none of Deskbell's business is [`Intake::Irrelevant`].

mod command;
mod event;
pub mod helpdesk;
mod interaction;
pub mod mention;
mod person;
mod text;
pub mod tracker;
mod view_state;

use std::collections::BTreeMap;

use deskbell_domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use deskbell_domain::interaction::{Button, Modal, SlackShortcut, SlashCommand};
use deskbell_domain::workflow::event::Person;
use serde_json::Value;

use self::helpdesk::{generic_ticket, zendesk_ticket};
use super::envelope::{EventEnvelope, InteractionEnvelope, helpdesk_requester};
use super::json;
use crate::store::EventKind;

pub(super) use self::command::object_fields;

/// What came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Intake {
    /// A message.
    Message(Message),
    /// Deskbell was mentioned. The same message may also arrive as [`Intake::Message`]: tell by channel and ts.
    Mention(Message),
    /// A message was edited.
    MessageChanged {
        /// Where.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
        /// Its author.
        user: Option<Person>,
        /// What it says now.
        text: String,
        /// What it said.
        previous_text: Option<String>,
        /// When it came to say so.
        at: Option<MessageTs>,
    },
    /// A message was deleted.
    MessageDeleted {
        /// Where.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
    },
    /// An emoji was put on a message. Its text is not in the event, and it may be a reply.
    Reaction {
        /// The name without colons, a skin tone after `::`.
        emoji: String,
        /// Who reacted.
        user: Person,
        /// Where.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
        /// Who wrote it.
        item_user: Option<PersonId>,
    },
    /// A shortcut on a message.
    MessageShortcut {
        /// Which.
        callback: SlackShortcut,
        /// Where.
        channel: ChannelId,
        /// The message it was used on.
        message: ShortcutMessage,
        /// Who used it.
        user: Person,
        /// Answers go here (5 uses, 30 minutes).
        response_url: Option<String>,
        /// Opens a modal for 3 s.
        trigger: Option<String>,
    },
    /// A shortcut from anywhere. Its loading view is open under [`super::envelope::view_external_id`].
    GlobalShortcut {
        /// Which.
        callback: SlackShortcut,
        /// Who used it.
        user: Person,
    },
    /// Whoever fills in the form for a new request wants to see whether others asked the same.
    FindSimilar {
        /// Deskbell's id of the view.
        external_id: String,
        /// What is typed so far.
        text: String,
        /// Who.
        user: Person,
    },
    /// A slash command.
    Command {
        /// Which.
        command: SlashCommand,
        /// What follows it.
        text: String,
        /// Who typed it.
        user: PersonId,
        /// Whose person that is.
        from: CommandOrigin,
        /// Where.
        channel: ChannelId,
        /// `directmessage`, `privategroup` or the channel's name.
        channel_name: Option<String>,
        /// Answers go here (5 uses, 30 minutes).
        response_url: Option<String>,
    },
    /// A button was pressed.
    Press {
        /// Which.
        button: Button,
        /// What it is about.
        value: String,
        /// By whom.
        user: Person,
        /// Where the message stands.
        channel: Option<ChannelId>,
        /// The message it is on.
        message_ts: Option<MessageTs>,
        /// Answers go here (5 uses, 30 minutes).
        response_url: Option<String>,
    },
    /// A modal was submitted.
    Submission {
        /// Which.
        modal: Modal,
        /// What Deskbell put in it.
        private_metadata: String,
        /// The inputs by their `action_id`.
        values: BTreeMap<String, FieldValue>,
        /// By whom.
        user: Person,
        /// Slack's id of the view.
        view_id: String,
        /// Deskbell's id of the view.
        external_id: Option<String>,
    },
    /// A helpdesk has a new ticket.
    Helpdesk {
        /// `zendesk`, or the name the generic webhook gives.
        system: String,
        /// The helpdesk's number of the ticket.
        external_id: String,
        /// Where people read it.
        url: Option<String>,
        /// Who asked: their id in Deskbell, without the address.
        requester: PersonId,
        /// Their name.
        requester_name: Option<String>,
        /// Their e-mail address.
        requester_email: Option<String>,
        /// The subject line.
        subject: Option<String>,
        /// What they wrote.
        text: String,
        /// When, as far as a poll tells it.
        written_at: Option<jiff::Timestamp>,
    },
    /// An issue in the tracker has this status.
    IssueStatus(tracker::IssueStatus),
    /// Understood, and none of Deskbell's business.
    Irrelevant {
        /// Why.
        reason: &'static str,
    },
}

/// The team and the organisation of whoever typed a command. Unlike a click, a command names no installation to compare
/// them with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOrigin {
    /// Slack's `team_id`.
    pub team: Option<String>,
    /// Slack's `enterprise_id`, on Enterprise Grid.
    pub organisation: Option<String>,
}

impl CommandOrigin {
    /// Whether neither is ours. `home` is the team or organisation that the app is installed in, `organisation` the one
    /// that this team belongs to: a channel may be shared between the teams of one organisation.
    pub fn is_external(&self, home: &WorkspaceId, organisation: Option<&str>) -> bool {
        let mut theirs = [&self.team, &self.organisation].into_iter().flatten().peekable();
        theirs.peek().is_some() && !theirs.any(|id| id == home.as_str() || Some(id.as_str()) == organisation)
    }
}

/// A message in Slack.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Where.
    pub channel: ChannelId,
    /// What kind of conversation.
    pub channel_kind: ChannelKind,
    /// Who wrote it; for a bot without a user its bot id.
    pub user: Person,
    /// The message.
    pub ts: MessageTs,
    /// The thread it stands in. A thread's first message may name itself.
    pub thread_ts: Option<MessageTs>,
    /// What it says, as mrkdwn; rebuilt from its blocks where Slack gives no text.
    pub text: String,
    /// How many files hang on it.
    pub files_count: usize,
    /// Slack's subtype, for example `file_share`.
    pub subtype: Option<String>,
    /// A bot or a workflow wrote it.
    pub is_bot: bool,
}

impl Message {
    /// The thread of a reply; a thread's first message is no reply.
    pub fn reply_thread(&self) -> Option<&MessageTs> {
        self.thread_ts.as_ref().filter(|thread| **thread != self.ts)
    }

    /// Whether it stands in another message's thread.
    pub fn is_reply(&self) -> bool {
        self.reply_thread().is_some()
    }
}

/// The message a shortcut was used on.
#[derive(Debug, Clone, PartialEq)]
pub struct ShortcutMessage {
    /// The message.
    pub ts: MessageTs,
    /// The thread it stands in.
    pub thread_ts: Option<MessageTs>,
    /// Who wrote it; `None` for some bots.
    pub user: Option<Person>,
    /// What it says.
    pub text: String,
}

/// What kind of conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// A public channel.
    Public,
    /// A private channel.
    Private,
    /// A direct message with the bot.
    Direct,
    /// A direct message among several.
    GroupDirect,
}

/// What stands in an input of a modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Typed text, a number, a date; rich text as mrkdwn.
    Text(String),
    /// The values of the chosen options.
    Options(Vec<String>),
    /// The chosen people.
    People(Vec<PersonId>),
    /// The chosen conversations.
    Channels(Vec<ChannelId>),
    /// Left empty.
    Empty,
}

impl FieldValue {
    /// The text, or the first of what was chosen.
    pub fn first(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Options(options) => options.first().map(String::as_str),
            Self::People(people) => people.first().map(PersonId::as_str),
            Self::Channels(channels) => channels.first().map(ChannelId::as_str),
            Self::Empty => None,
        }
    }
}

/// Why a recorded body can't be read. It stays, to be read again by a mended parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No JSON object, no form with a `payload`.
    #[error("the body is not {0}")]
    NotA(&'static str),
    /// Something that every such payload has is not there.
    #[error("the body has no {0}")]
    Missing(&'static str),
}

/// Reads a recorded body.
///
/// # Errors
/// When it is not what its door receives, or lacks what it can't be without.
pub fn parse(kind: EventKind, raw: &[u8]) -> Result<Intake, ParseError> {
    match kind {
        EventKind::SlackEvent => event::parse(&json::object(raw).ok_or(ParseError::NotA("JSON object"))?),
        EventKind::SlackCommand => command::parse(raw),
        EventKind::SlackInteraction => {
            let payload = interaction_payload(raw);
            interaction::parse(&payload.ok_or(ParseError::NotA("form with a JSON payload"))?)
        }
        EventKind::Zendesk => helpdesk(raw, zendesk_ticket),
        EventKind::GenericHelpdesk => helpdesk(raw, generic_ticket),
        EventKind::IssueStatus => {
            serde_json::from_slice(raw).map(Intake::IssueStatus).map_err(|_| ParseError::NotA("status of an issue"))
        }
    }
}

/// Over HTTP a form carries the payload, over Socket Mode it comes as it is.
fn interaction_payload(raw: &[u8]) -> Option<Value> {
    json::object(raw).or_else(|| json::form_payload(raw))
}

/// Whether a recorded body names the workspace or organisation as its own; one that names none may be anybody's, and so is what
/// a helpdesk sends.
pub fn belongs_to(kind: EventKind, raw: &[u8], ours: &WorkspaceId) -> bool {
    let named = match kind {
        EventKind::SlackEvent => json::object(raw).map(|event| EventEnvelope(&event).workspace(ours)),
        EventKind::SlackCommand => Some(command::workspace(raw, ours)),
        EventKind::SlackInteraction => interaction_payload(raw).map(|it| InteractionEnvelope(&it).workspace(ours)),
        EventKind::Zendesk | EventKind::GenericHelpdesk | EventKind::IssueStatus => None,
    };
    named.is_none_or(|named| named == *ours)
}

/// Whether an event happened in a channel that Slack shares with another organisation
/// (<https://docs.slack.dev/apis/events-api/#callback-field>).
pub fn is_in_shared_channel(kind: EventKind, raw: &[u8]) -> bool {
    let event = (kind == EventKind::SlackEvent).then(|| json::object(raw)).flatten();
    event.is_some_and(|event| event.get("is_ext_shared_channel").and_then(Value::as_bool) == Some(true))
}

/// Whether the author of a message that a recorded event led to belongs to another organisation. `team` is theirs, as Slack
/// shows it with the message.
pub fn is_of_another_organisation(raw: &[u8], team: Option<&str>) -> bool {
    json::object(raw).is_some_and(|event| person::is_of_another_organisation(&event, team))
}

fn helpdesk(raw: &[u8], read: fn(&Value) -> Option<helpdesk::HelpdeskTicket>) -> Result<Intake, ParseError> {
    let payload = json::object(raw).ok_or(ParseError::NotA("JSON object"))?;
    if let Some(reason) = helpdesk::why_irrelevant(&payload) {
        return Ok(Intake::Irrelevant { reason });
    }
    let ticket = read(&payload).ok_or(ParseError::Missing("ticket id"))?;
    let (requester, email) = (ticket.requester_id.as_deref(), ticket.requester_email.as_deref());
    Ok(Intake::Helpdesk {
        requester: helpdesk_requester(&ticket.system, requester, email, &ticket.external_id),
        system: ticket.system,
        external_id: ticket.external_id,
        url: ticket.url,
        requester_name: ticket.requester_name,
        requester_email: ticket.requester_email,
        subject: ticket.subject,
        text: ticket.text,
        written_at: ticket.written_at,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let keys = prop::sample::select(vec![
            "type",
            "event",
            "channel",
            "user",
            "ts",
            "text",
            "blocks",
            "elements",
            "actions",
            "view",
            "state",
            "values",
            "message",
            "item",
            "action_id",
            "callback_id",
            "id",
            "team",
            "files",
            "attachments",
            "ticket",
            "detail",
            "requester",
            "selected_option",
            "subtype",
            "previous_message",
            "authorizations",
            "container",
        ]);
        let words = prop::sample::select(vec![
            "message",
            "app_mention",
            "reaction_added",
            "block_actions",
            "view_submission",
            "message_action",
            "shortcut",
            "event_callback",
            "C1",
            "confirm",
            "new_ticket",
            "rich_text",
            "message_changed",
            "",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            words.prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((keys.clone(), inner), 0..8)
                    .prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            ]
        })
    }

    #[track_caller]
    fn check_origin(expected: bool, team: Option<&str>, organisation: Option<&str>, home: &str) {
        let from = CommandOrigin { team: team.map(str::to_owned), organisation: organisation.map(str::to_owned) };
        assert_eq!(from.is_external(&home.into(), Some("E1")), expected, "{from:?} at {home}");
    }

    #[test]
    fn a_command_from_another_team_is_external_unless_the_organisation_is_ours() {
        check_origin(false, Some("T1"), None, "T1");
        check_origin(true, Some("T9"), None, "T1");
        check_origin(true, Some("T9"), Some("E9"), "T1");
        check_origin(false, Some("T2"), Some("E1"), "T1");
        check_origin(false, Some("T2"), Some("E1"), "E1");
        check_origin(true, Some("T9"), None, "E1");
        check_origin(false, None, None, "T1");
    }

    proptest! {
        #[test]
        fn no_json_makes_the_parser_panic(value in any_json()) {
            for kind in EventKind::ALL {
                drop(parse(*kind, value.to_string().as_bytes()));
            }
        }

        #[test]
        fn no_bytes_make_the_parser_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            for kind in EventKind::ALL {
                drop(parse(*kind, &raw));
            }
        }
    }
}
