//! What goes on the audit trail. The store seals the entry's detail, numbers it and chains it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, TicketId, WorkspaceId};
use crate::ticket::Actor;

/// What kind of thing happened: the closed list that an auditor filters by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A request became a ticket.
    TicketReceived,
    /// The ticket changed in a way that no other entry tells: a message of Deskbell's stands in Slack, words were erased.
    TicketUpdated,
    /// More of the requester's messages joined, changed or vanished.
    WordsChanged,
    /// An assessor answered.
    Assessed,
    /// A look-up for a decision answered, or brought nothing.
    LookedUp,
    /// A decision was made.
    Decided,
    /// The requester was answered from the knowledge base.
    AnswerGiven,
    /// What became of an answer from the knowledge base.
    AnswerSettled,
    /// The requester was asked for more, since nothing answers surely.
    AskedBack,
    /// The bot could not solve a ticket, and people have it.
    HandedOver,
    /// Actions were approved.
    Approved,
    /// A person answered or changed a confirmation, or it expired.
    Answered,
    /// A click was refused.
    Refused,
    /// An action reached a vendor.
    ActionDone,
    /// The tracker said that the issue has another status.
    TrackerMoved,
    /// An action was parked for a human.
    ActionParked,
    /// A human settled a parked action.
    ActionSettled,
    /// An escalation began, rose or was acknowledged.
    Escalated,
    /// A person took the ticket.
    Claimed,
    /// An SLA target was missed.
    SlaBreached,
    /// The ticket was closed.
    Closed,
    /// The requester said that it is not solved.
    Reopened,
    /// A person undid a decision.
    Undone,
    /// Slack would not take a message.
    DeliveryFailed,
    /// The policy in force changed.
    PolicyChanged,
    /// A tool was pinned at its first use, became something else, or a person settled that.
    ToolTrust,
    /// A server asked a person while it carried an action out. The words stay with the question.
    QuestionAsked,
    /// A server's question was answered, declined, or waits no longer.
    QuestionSettled,
    /// A person cancelled a call that was under way.
    CallCancelled,
    /// Another version of the local model assesses from now on.
    ModelChanged,
    /// From another confidence on than before a category may be carried out without asking.
    ThresholdMoved,
    /// A person's words were read or erased by an operator.
    Access,
}

impl AuditKind {
    /// The name in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketReceived => "ticket_received",
            Self::TicketUpdated => "ticket_updated",
            Self::WordsChanged => "words_changed",
            Self::Assessed => "assessed",
            Self::LookedUp => "looked_up",
            Self::Decided => "decided",
            Self::AnswerGiven => "answer_given",
            Self::AnswerSettled => "answer_settled",
            Self::AskedBack => "asked_back",
            Self::HandedOver => "handed_over",
            Self::Approved => "approved",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::ActionDone => "action_done",
            Self::TrackerMoved => "tracker_moved",
            Self::ActionParked => "action_parked",
            Self::ActionSettled => "action_settled",
            Self::Escalated => "escalated",
            Self::Claimed => "claimed",
            Self::SlaBreached => "sla_breached",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Undone => "undone",
            Self::DeliveryFailed => "delivery_failed",
            Self::PolicyChanged => "policy_changed",
            Self::ToolTrust => "tool_trust",
            Self::QuestionAsked => "question_asked",
            Self::QuestionSettled => "question_settled",
            Self::CallCancelled => "call_cancelled",
            Self::ModelChanged => "model_changed",
            Self::ThresholdMoved => "threshold_moved",
            Self::Access => "access",
        }
    }
}

/// An entry before the store has sealed and chained it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// The ticket, if it is about one.
    pub ticket: Option<TicketId>,
    /// When.
    pub at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// What.
    pub kind: AuditKind,
    /// The person whose key seals `detail`; `None`: the workspace's own key.
    pub subject: Option<PersonId>,
    /// The facts.
    pub detail: serde_json::Value,
}
