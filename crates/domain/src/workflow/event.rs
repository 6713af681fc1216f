//! What happened to a ticket.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::enrichment::LookedUp;
use crate::errand::{Errand, Introduction};
use crate::ids::{ActionId, CategoryId, ChannelId, MessageTs, NoticeId, PersonId, PriorityId, SquadId, WorkspaceId};
use crate::interaction::{Button, Seen};
use crate::knowledge::{Finding, Purpose, Sought};
use crate::ticket::{Card, ExternalRef, PostedMessage, Source, StatusCategory, TicketMessage};
use crate::workflow::effect::Timer;

/// What was tried before a person was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The answer's number.
    pub answer: u64,
    /// What it said.
    pub finding: Finding,
}

/// A request that is not a ticket yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Where it came from.
    pub source: Source,
    /// Who asked.
    pub requester: PersonId,
    /// The requester belongs to another organisation.
    pub requester_is_external: bool,
    /// It was said in a channel that Slack shares with another organisation, or may: the card stands elsewhere.
    pub is_said_in_shared_channel: bool,
    /// Helpdesk: the requester's name.
    pub requester_name: Option<String>,
    /// Helpdesk: the requester's e-mail.
    pub requester_email: Option<String>,
    /// A subject line, where the source has one.
    pub subject: Option<String>,
    /// The priority that they chose in the form.
    pub requested_priority: Option<PriorityId>,
    /// What was asked.
    pub message: TicketMessage,
    /// Where its card goes.
    pub card: Card,
    /// The answer that its requester was given before.
    pub tried: Option<Tried>,
}

/// A person who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Slack's id.
    pub id: PersonId,
    /// Belongs to another organisation (Slack Connect): may not decide unless the policy names them.
    pub is_external: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A new request was accepted.
    Received(Box<NewRequest>),
    /// The requester said more within the joining window, or somebody else said it to Deskbell in the ticket's thread
    /// (then the message names its author).
    MessageJoined(TicketMessage),
    /// A message of the ticket's was edited, by its author: whose it is the ticket knows.
    MessageEdited(TicketMessage),
    /// A message of the ticket's was deleted, by whomever.
    MessageDeleted(MessageTs),
    /// The assessor answered for a revision.
    Assessed {
        /// The revision it read.
        revision: u32,
        /// Its answer.
        assessment: Box<Assessment>,
    },
    /// A look-up for a revision answered, or brought nothing.
    Enriched {
        /// The revision it was asked for.
        revision: u32,
        /// What came of it.
        answer: Box<LookedUp>,
    },
    /// The knowledge base was asked.
    AnswerSought {
        /// What for.
        purpose: Purpose,
        /// The revision that it was asked on.
        revision: u32,
        /// The conversation whose readers it was asked for; `None`: the requester alone.
        read_in: Option<ChannelId>,
        /// What came of it.
        sought: Box<Sought>,
    },
    /// A button about the ticket as a whole was pressed.
    Pressed {
        /// Which.
        button: Button,
        /// What they saw of the ticket when they pressed, as far as the button says.
        seen: Option<Seen>,
        /// By whom.
        by: Person,
        /// Where an answer only they see may go.
        reply: ReplyTo,
    },
    /// Somebody escalated by command, and may have said why.
    EscalationAsked {
        /// By whom.
        by: Person,
        /// Their words.
        reason: Option<String>,
        /// Where an answer only they see may go.
        reply: ReplyTo,
    },
    /// The change modal was submitted.
    Changed {
        /// What the modal showed, as far as it says.
        seen: Option<Seen>,
        /// By whom.
        by: Person,
        /// The chosen squad.
        squad: SquadId,
        /// The chosen priority.
        priority: PriorityId,
        /// The chosen category.
        category: Option<CategoryId>,
        /// Where an answer only they see may go.
        reply: ReplyTo,
    },
    /// A timer came due.
    TimerFired(Timer),
    /// An action was carried out.
    ActionDone {
        /// Which.
        action: ActionId,
        /// What it made.
        external: Option<ExternalRef>,
        /// What was there before, as its server tells: empty where nothing was, `None` where it does not tell.
        former: Option<String>,
    },
    /// The tracker says that the ticket's issue has this status.
    TrackerMoved {
        /// The status' name.
        status: String,
        /// What the status means.
        category: StatusCategory,
        /// When the tracker said so.
        at: Timestamp,
    },
    /// An action can't go on by itself.
    ActionParked {
        /// Which.
        action: ActionId,
        /// Deskbell's own words: no customers' words, no secrets.
        reason: String,
        /// What the server said, if it said something now; sealed with the ticket's words, for people alone.
        words: Option<String>,
        /// It may or may not have happened.
        fate_unknown: bool,
    },
    /// Nobody knows whether an action happened, and it is being looked for.
    ActionDoubted {
        /// Which.
        action: ActionId,
        /// What the server said, as for a parked one.
        words: String,
    },
    /// Somebody in the ops channel chose what becomes of a parked action.
    OpsChose {
        /// Which action.
        action: ActionId,
        /// `Retry`, `Skip` or `TakeOver`.
        button: Button,
        /// Who.
        by: Person,
        /// Where an answer only they see may go.
        reply: ReplyTo,
    },
    /// The card was posted or brought up to date.
    CardPosted {
        /// Where it stands now.
        posted: PostedMessage,
        /// The change it shows.
        change: u32,
    },
    /// Slack says what the requester is called.
    RequesterNamed {
        /// Their name there.
        name: String,
    },
    /// Slack says who clicked, or can't.
    Introduced {
        /// What waits for it.
        errand: Errand,
        /// Who they are.
        who: Introduction,
    },
    /// The card can't be posted where it should.
    CardUndeliverable {
        /// Slack's error and the mend.
        reason: String,
    },
    /// The card may stand where it should: Slack's answer got lost, and too much was written since to look through.
    CardUnclear {
        /// Since when.
        since: Timestamp,
        /// For people.
        reason: String,
    },
    /// A notice was posted.
    NoticePosted {
        /// Which.
        notice: NoticeId,
        /// Where it stands now.
        posted: PostedMessage,
        /// The change it shows.
        change: u32,
    },
    /// A notice can't be posted where it should.
    NoticeUndeliverable {
        /// Which.
        notice: NoticeId,
        /// Slack's error and the mend.
        reason: String,
    },
    /// As [`Event::CardUnclear`], for a notice.
    NoticeUnclear {
        /// Which.
        notice: NoticeId,
        /// Since when.
        since: Timestamp,
        /// For people.
        reason: String,
    },
}

impl Event {
    /// Whether the rules may decide because of it: then the load is looked at.
    pub const fn may_decide(&self) -> bool {
        matches!(self, Self::Assessed { .. } | Self::Enriched { .. } | Self::TimerFired(Timer::LookupDue { .. }))
    }
}

/// Where an answer that one person sees may go. It may get lost, so no state hangs on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Slack's `response_url` (5 uses, 30 minutes).
    pub response_url: Option<String>,
    /// The conversation they are in, for `chat.postEphemeral`.
    pub channel: Option<ChannelId>,
    /// The `external_id` of a loading view that is open for them.
    pub view: Option<String>,
}
