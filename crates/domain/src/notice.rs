//! The messages Deskbell posts about a ticket besides its card. A notice is a row of the ticket: posting and
//! re-rendering it are effects, so a crash repeats nothing that people see.

use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, ChannelId, MessageTs, NoticeId, PersonId};
use crate::ticket::{Actor, PostedMessage};

/// What a notice says. What can be derived from the ticket is not repeated here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum NoticeKind {
    /// To the squad's channel: here is a ticket for you (Claim, Open in Jira, Escalate, Resolve).
    SquadAlert,
    /// To an escalation level: somebody must act now (Acknowledge).
    EscalationAlert {
        /// The level, from 1.
        level: u32,
    },
    /// To the ops channel: an action is parked (Retry, Skip, Take over).
    OpsAlert {
        /// The action.
        action: ActionId,
        /// Set when somebody chose.
        settled_by: Option<Actor>,
    },
    /// In the card's thread: this confirmation still waits.
    Reminder {
        /// The ticket's decision that waits.
        decision: u32,
    },
    /// In the ticket's thread: the issue's key.
    IssueCreated,
    /// In the ticket's thread: it is resolved.
    Resolved {
        /// By whom.
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
        /// Slack's error and the mend; no customers' words.
        reason: String,
    },
}

impl NoticeKind {
    /// It belongs under the card, wherever that stands.
    pub const fn belongs_under_card(&self) -> bool {
        matches!(self, Self::Reminder { .. } | Self::IssueCreated | Self::Resolved { .. })
    }
}

/// One message about a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// What it says.
    pub kind: NoticeKind,
    /// Where it goes.
    pub channel: ChannelId,
    /// The thread it goes to.
    pub thread: Option<MessageTs>,
    /// Set once posted.
    pub posted: Option<PostedMessage>,
    /// The change it shows, see [`crate::ticket::Ticket::changes`].
    pub shown: u32,
}
