//! A ticket and all that hangs on it. What a customer said is in [`Words`] alone, which the store seals
//! under the requester's key; the rest may be indexed and logged.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::{ActionRecord, Approval};
use crate::decision::Decision;
use crate::enrichment::Lookup;
use crate::errand::{Errand, Unassigned};
use crate::ids::{
    ActionId, CategoryId, ChannelId, MessageTs, NoticeId, PersonId, PriorityId, QueueId, SquadId, TicketId, WorkspaceId,
};
use crate::interaction::Seen;
use crate::knowledge::{Lesson, Offer, Solving};
use crate::notice::Notice;
use crate::sla::SlaClock;
use crate::undo::Undone;

pub use crate::words::{FIRST_KEPT, NEWEST_KEPT, TicketMessage, Words};
pub use source::{SlackPath, Source};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, being assessed.
    Received,
    /// A card asks a human.
    AwaitingConfirmation,
    /// A rule lets the bot answer: an answer is looked for, or waits for what the requester says of it.
    Answering,
    /// Approved; actions are being carried out.
    Dispatching,
    /// An action is parked and waits for the ops channel.
    Parked,
    /// With the squad.
    Following,
    /// Done.
    Resolved,
    /// Was no request, or expired unanswered.
    Dismissed,
}

impl Status {
    /// The name in the store's index, in rules and on cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::AwaitingConfirmation => "awaiting_confirmation",
            Self::Answering => "answering",
            Self::Dispatching => "dispatching",
            Self::Parked => "parked",
            Self::Following => "following",
            Self::Resolved => "resolved",
            Self::Dismissed => "dismissed",
        }
    }

    /// Counts towards its squad's load.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Resolved | Self::Dismissed)
    }
}

/// How bad it is: 1 the worst, 4 the mildest. Raised by rules and by escalation, never lowered by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Severity(u8);

impl Severity {
    /// The worst.
    pub const WORST: Self = Self(1);
    /// The mildest, and the default.
    pub const MILDEST: Self = Self(4);

    /// One step worse; the worst stays.
    #[must_use]
    pub fn raised(self) -> Self {
        Self(self.0.saturating_sub(1).max(1))
    }

    /// 1..=4.
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Severity {
    type Error = String;
    fn try_from(level: u8) -> Result<Self, String> {
        if (1..=4).contains(&level) {
            Ok(Self(level))
        } else {
            Err(format!("severity {level} does not exist: use 1 (worst) to 4"))
        }
    }
}

impl From<Severity> for u8 {
    fn from(severity: Severity) -> Self {
        severity.0
    }
}

/// A message of ours in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedMessage {
    /// Where.
    pub channel: ChannelId,
    /// Which.
    pub ts: MessageTs,
}

/// A message of ours that may stand somewhere: Slack's answer got lost, and too much was written since to look through. It
/// is looked for from then on, and never posted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The earliest moment it may have been posted.
    pub since: Timestamp,
    /// The latest.
    pub until: Timestamp,
}

/// A link that opens a message in whichever Slack client the reader has
/// (<https://docs.slack.dev/reference/methods/chat.getPermalink> gives the same without the workspace's own name).
pub fn message_link(channel: &ChannelId, ts: &MessageTs) -> String {
    format!("https://slack.com/archives/{channel}/p{}", ts.as_str().replace('.', ""))
}

/// The triage card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Where it goes.
    pub channel: ChannelId,
    /// The thread it goes to; `None` posts at the top.
    pub thread: Option<MessageTs>,
    /// Set once posted.
    pub posted: Option<PostedMessage>,
    /// Set while nobody knows whether it is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The change it shows, see [`Ticket::changes`].
    pub shown: u32,
    /// How often its own channel and the triage channel refused it.
    #[serde(default)]
    pub refusals: u32,
    /// It was refused everywhere and waits to be tried again.
    #[serde(default)]
    pub is_put_off: bool,
}

impl Card {
    /// A card that is still to be posted.
    pub fn new(channel: ChannelId, thread: Option<MessageTs>) -> Self {
        Self { channel, thread, posted: None, doubt: None, shown: 0, refusals: 0, is_put_off: false }
    }
}

/// Where an issue, story or case lives outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalRef {
    /// The configured MCP server's name.
    pub system: String,
    /// The vendor's key, for example `PAY-17`.
    pub key: String,
    /// Where people read it.
    pub url: Option<String>,
}

/// What a tracker's status means, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCategory {
    /// Nobody has begun.
    New,
    /// Under way.
    Indeterminate,
    /// Done.
    Done,
}

impl StatusCategory {
    /// From Jira's own key or English name, or Shortcut's type of a state; `None` for one that neither has.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "new" | "To Do" | "backlog" | "unstarted" => Some(Self::New),
            "indeterminate" | "In Progress" | "started" => Some(Self::Indeterminate),
            "done" | "Done" => Some(Self::Done),
            _ => None,
        }
    }
}

/// What the tracker said last of the ticket's issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerStatus {
    /// The status' name.
    pub status: String,
    /// What it means.
    pub category: StatusCategory,
    /// When the tracker said so.
    pub at: Timestamp,
}

impl TrackerStatus {
    /// Whether it is the status of this name.
    pub fn is(&self, status: &str) -> bool {
        self.status.eq_ignore_ascii_case(status)
    }
}

/// Who decided what on a confirmation: the first valid answer wins and stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// The answer to a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Carry it out as proposed.
    Confirmed,
    /// Carry it out with changes.
    Changed,
    /// It was no request.
    NotATicket,
    /// Nobody answered in time.
    Expired,
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person in Slack.
    Person(PersonId),
    /// A rule that says `auto`.
    Rule(crate::ids::RuleId),
    /// Deskbell itself: a timer, the policy's default.
    Deskbell,
}

/// An escalation under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Counts the ticket's escalations from 1: a timer of an earlier one does nothing.
    pub round: u32,
    /// The level alerted last, from 1.
    pub level: u32,
    /// When it began.
    pub since: Timestamp,
    /// Who began it.
    pub by: Actor,
    /// Who is on it.
    pub acknowledged_by: Option<PersonId>,
    /// When the ops channel heard that nobody answers.
    #[serde(default)]
    pub unanswered_at: Option<Timestamp>,
}

/// A request and its life so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its number.
    pub id: TicketId,
    /// Where it stands.
    pub status: Status,
    /// Where it came from.
    pub source: Source,
    /// Who asked.
    pub requester: PersonId,
    /// The requester belongs to another organisation (Slack Connect).
    pub requester_is_external: bool,
    /// People of another organisation read the conversation it was asked in: they see number and outcome, nothing internal.
    #[serde(default)]
    pub outsiders_read: bool,
    /// When the first message was accepted.
    pub received_at: Timestamp,
    /// When the last message of the requester's was accepted: quick follow-ups join within the policy's window.
    pub last_message_at: Timestamp,
    /// Counts what was asked: an assessment of an older revision is dropped.
    pub revision: u32,
    /// The squad it went to.
    pub squad: Option<SquadId>,
    /// The squad's queue.
    pub queue: Option<QueueId>,
    /// Its priority.
    pub priority: Option<PriorityId>,
    /// The priority that the requester chose in the form.
    #[serde(default)]
    pub requested_priority: Option<PriorityId>,
    /// Its category.
    pub category: Option<CategoryId>,
    /// How bad.
    pub severity: Severity,
    /// The newest decision.
    pub decision: Option<Decision>,
    /// How its confirmation was answered.
    pub answer: Option<Answer>,
    /// How a decision was undone last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
    /// Who approved what.
    pub approvals: Vec<Approval>,
    /// What became of each action.
    pub actions: Vec<ActionRecord>,
    /// The primary external object (the Jira issue).
    pub external: Option<ExternalRef>,
    /// The status of that object, as far as it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<TrackerStatus>,
    /// The card.
    pub card: Card,
    /// Messages about it, in order; see [`Notice`].
    pub notices: Vec<Notice>,
    /// Who took it.
    pub assignee: Option<PersonId>,
    /// When.
    #[serde(default)]
    pub claimed_at: Option<Timestamp>,
    /// Why the issue is not theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unassigned: Option<Unassigned>,
    /// What waits until Slack has said who clicked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errands: Vec<Errand>,
    /// When the newest confirmation expired, if it still waits all the same.
    #[serde(default)]
    pub expired_at: Option<Timestamp>,
    /// Its escalation.
    pub escalation: Option<Escalation>,
    /// Its clocks.
    pub sla: Option<SlaClock>,
    /// Counts how often the clocks were set: a timer of an earlier setting does nothing.
    pub sla_round: u32,
    /// Counts what people could see change on the card and the notices.
    pub changes: u32,
    /// The requester's messages that were edited and whose new text is not passed on yet, each with the edit that its timer
    /// names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edited: BTreeMap<MessageTs, u32>,
    /// Counts the bursts of edits.
    #[serde(default)]
    pub edits: u32,
    /// The revision whose assessment was used last: a second answer for it changes nothing.
    #[serde(default)]
    pub assessed_revision: u32,
    /// The look-ups that the next decision waits for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub awaited: BTreeSet<Lookup>,
    /// The change with which the newest decision was made: a card that shows an older one asks something else.
    #[serde(default)]
    pub decided_change: u32,
    /// The answers from the knowledge base that the requester was given, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// The newest attempt to solve it without people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solving: Option<Solving>,
    /// Who wants an answer sent to the requester that is being looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<PersonId>,
    /// What it teaches the knowledge server, once a person resolved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Lesson>,
    /// When it was resolved or dismissed.
    pub closed_at: Option<Timestamp>,
    /// What the customer said. The store seals it under the requester's key.
    #[serde(default)]
    pub words: Words,
}

impl Ticket {
    /// What a card or form that is drawn now shows; `None` before the first decision.
    pub fn shows(&self) -> Option<Seen> {
        let decision = self.decision.as_ref()?.ordinal;
        Some(Seen { decision, revision: self.assessed_revision })
    }

    /// The record of an action.
    pub fn action(&self, id: ActionId) -> Option<&ActionRecord> {
        self.actions.iter().find(|record| record.id == id)
    }

    /// A notice by its id.
    pub fn notice(&self, id: NoticeId) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.id == id)
    }
}
