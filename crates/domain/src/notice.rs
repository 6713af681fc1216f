//! The messages Deskbell posts about a ticket besides its card. A notice is a row of the ticket: posting and
//! re-rendering it are effects, so a crash repeats nothing that people see.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, ChannelId, MessageTs, NoticeId, PersonId};
use crate::interaction::Button;
use crate::ticket::{Actor, Doubt, PostedMessage};

/// What a notice says. What can be derived from the ticket is not repeated here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum NoticeKind {
    /// To the squad's channel: here is a ticket for you (Claim, Open in Jira, Escalate, Resolve).
    SquadAlert,
    /// What was a squad's alert, until the decision that gave it the ticket was undone.
    AlertWithdrawn {
        /// Who undid it.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// In the ticket's conversation: the decision was undone, another follows.
    Undone {
        /// Who undid it.
        by: PersonId,
    },
    /// To an escalation level: somebody must act now (Acknowledge).
    EscalationAlert(EscalationCall),
    /// To the ops channel: every level was called, and nobody acknowledged.
    EscalationUnanswered {
        /// The last level.
        level: u32,
        /// How often it was called.
        calls: u32,
    },
    /// To the ops channel: an action is parked (Retry, Skip, Take over).
    OpsAlert {
        /// The action.
        action: ActionId,
        /// Set when somebody chose, or when it was found done after all.
        settled_by: Option<Actor>,
        /// When.
        #[serde(default)]
        settled_at: Option<Timestamp>,
        /// What they chose; `None`: it was found done.
        #[serde(default)]
        choice: Option<Button>,
    },
    /// In the card's thread: this confirmation still waits.
    Reminder {
        /// The ticket's decision that waits.
        decision: u32,
    },
    /// In a conversation that people of another organisation read: the request was taken in.
    Accepted,
    /// In the ticket's conversation: the issue's key.
    IssueCreated,
    /// In a direct conversation, whose reader sees no card and no alert: somebody took it.
    Claimed {
        /// Who.
        by: PersonId,
    },
    /// In a direct conversation: nothing will follow.
    Dismissed {
        /// Who said that it is no request; `None`: nobody answered in time.
        by: Option<PersonId>,
    },
    /// In the ticket's conversation: it is resolved.
    Resolved {
        /// By whom.
        by: PersonId,
    },
    /// In the ticket's thread: its issue is done, and whoever may can press Resolve.
    DoneInTracker {
        /// The status' name.
        status: String,
    },
    /// In the ticket's conversation: it is resolved, since its issue is done.
    ResolvedInTracker {
        /// The status' name.
        status: String,
    },
    /// To the requester: what is known is too thin to answer with; a little more might do.
    AskedBack,
    /// To the requester: what the knowledge base says, and whether that helps.
    Answered {
        /// The finding's number.
        answer: u64,
    },
    /// In the thread of the squad's alert: the requester says that the answer solved it.
    SaidSolved {
        /// The finding's number.
        answer: u64,
    },
    /// The requester says that it is not solved: in the thread of the squad's alert with their words, in the ticket's
    /// conversation without.
    Reopened {
        /// The message that says so.
        message: MessageTs,
        /// Whether it quotes the message.
        with_words: bool,
    },
    /// In the thread of the squad's alert: somebody who did not ask said this to Deskbell in the ticket's thread.
    Added {
        /// Their message, as it stands now.
        message: MessageTs,
        /// Who.
        by: PersonId,
    },
    /// In the squad's channel: an SLA target was missed.
    SlaBreached {
        /// `first response` or `resolution`.
        target: String,
    },
    /// To the ops channel: a message could not be delivered to Slack (bot not in channel …).
    DeliveryFailed {
        /// What could not be posted.
        what: String,
        /// Where; `None` where `what` says it.
        #[serde(default)]
        channel: Option<ChannelId>,
        /// Slack's error and the mend; no customers' words.
        reason: String,
    },
}

/// A level's call to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationCall {
    /// The ticket's escalation that it belongs to, from 1.
    #[serde(default)]
    pub round: u32,
    /// The level, from 1.
    pub level: u32,
    /// How often the level was called before.
    #[serde(default)]
    pub repeat: u32,
    /// Who began the escalation; `None`: kept by a version that did not note it.
    #[serde(default)]
    pub by: Option<Actor>,
    /// What happens unless somebody acknowledges, and when.
    #[serde(default)]
    pub next: Option<(NextCall, Timestamp)>,
    /// How it ended.
    #[serde(default)]
    pub end: Option<(CallEnd, Timestamp)>,
}

/// What follows a call that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextCall {
    /// This level is called.
    Level(u32),
    /// The same level is called again.
    Again,
    /// The ops channel hears that nobody answers.
    Ops,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// Somebody is on it.
    Acknowledged(PersonId),
    /// Nobody answered: this came next.
    Unanswered(NextCall),
    /// The ticket went to another squad, or was closed.
    Over,
}

impl NoticeKind {
    /// It belongs under the card, wherever that stands.
    pub const fn belongs_under_card(&self) -> bool {
        matches!(
            self,
            Self::Reminder { .. }
                | Self::Accepted
                | Self::IssueCreated
                | Self::Undone { .. }
                | Self::Claimed { .. }
                | Self::Dismissed { .. }
                | Self::Resolved { .. }
                | Self::DoneInTracker { .. }
                | Self::ResolvedInTracker { .. }
                | Self::AskedBack
                | Self::Answered { .. }
                | Self::Reopened { with_words: false, .. }
        )
    }
}

/// One message about a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// What it says.
    pub kind: NoticeKind,
    /// Where it goes, or the ticket's channel where it goes to `person`.
    pub channel: ChannelId,
    /// It goes to this person's direct conversation with Deskbell instead.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// The thread it goes to.
    pub thread: Option<MessageTs>,
    /// Set once posted.
    pub posted: Option<PostedMessage>,
    /// Set while nobody knows whether it is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The change it shows, see [`crate::ticket::Ticket::changes`].
    pub shown: u32,
}
