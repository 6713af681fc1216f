//! What changes somebody's system, and the proof that it may.
//!
//! An [`ApprovedAction`] is a witness: the only thing a dispatcher takes. It has no public constructor, can't be
//! cloned or deserialised, and is rebuilt from an [`Approval`] or a [`Lesson`](crate::knowledge::Lesson) in a [`StoredTicket`],
//! which the store makes when it reads a ticket back and nobody else does (`tests/architecture` sees to it), or from a
//! [`StoredClick`], which is as strictly kept. So no text that is parsed into a ticket leads to a call:
//!
//! ```compile_fail
//! let forged: deskbell_domain::action::ApprovedAction = serde_json::from_str("{}").unwrap();
//! ```
//!
//! ```compile_fail
//! use deskbell_domain::action::ApprovedAction;
//! fn copy(approved: &ApprovedAction) -> ApprovedAction { approved.clone() }
//! ```
//!
//! ```compile_fail
//! let forged: deskbell_domain::action::StoredTicket = serde_json::from_str("{}").unwrap();
//! ```
//!
//! ```compile_fail
//! use deskbell_domain::action::ApprovedAction;
//! fn parsed(ticket: &deskbell_domain::ticket::Ticket) { let _ = ApprovedAction::rebuild(ticket, ticket.actions[0].id); }
//! ```

mod approved;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ActionId;
use crate::ticket::{Actor, ExternalRef};

pub use approved::{ApprovedAction, NotApproved, StoredTicket};

/// What Deskbell wants done. Which server's tool does it is configuration (`[actions.…]`), never named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Open an issue in the squad's project.
    CreateIssue {
        /// The tracker's project key, from the squad.
        project: String,
        /// `Bug`, `Task` …, from the squad or the rule.
        issue_type: String,
        /// One line. Customers' words.
        summary: String,
        /// Markdown. Customers' words.
        description: String,
        /// The tracker's name for the priority, from the policy.
        priority: Option<String>,
        /// Labels, besides the marker that the adapter adds.
        labels: Vec<String>,
    },
    /// Add a comment to the ticket's primary external object.
    Comment {
        /// Markdown.
        body: String,
    },
    /// Move the ticket's primary external object.
    Transition {
        /// The tracker's status name.
        to: String,
    },
    /// Set the priority of the ticket's primary external object.
    SetPriority {
        /// The tracker's name for it.
        priority: String,
    },
    /// Give the ticket's primary external object to somebody.
    Assign {
        /// Their e-mail or account id in the tracker; empty: to nobody.
        account: String,
    },
    /// Add labels to the ticket's primary external object; those that it has stay.
    AddLabels {
        /// From the rules.
        labels: Vec<String>,
    },
    /// Take labels off the ticket's primary external object; the others stay.
    RemoveLabels {
        /// Those that were added.
        labels: Vec<String>,
    },
    /// Open a story in the squad's project, where a tracker tells stories from issues.
    CreateStory {
        /// As in `CreateIssue`.
        project: String,
        /// As in `CreateIssue`.
        issue_type: String,
        /// As in `CreateIssue`.
        summary: String,
        /// As in `CreateIssue`.
        description: String,
        /// As in `CreateIssue`.
        priority: Option<String>,
        /// As in `CreateIssue`.
        labels: Vec<String>,
    },
    /// Bring the helpdesk's ticket up to date that the request came from.
    UpdateTicket {
        /// The helpdesk, as the ticket's source names it.
        system: String,
        /// The helpdesk's own number.
        external_id: String,
        /// `open` once approved, `solved` once resolved.
        status: String,
        /// The tracker's name for the priority, from the policy.
        priority: Option<String>,
        /// For agents, never for the customer. Markdown.
        note: String,
    },
    /// Say in another place than Slack's own that a squad has a ticket.
    PostMessage {
        /// The squad's channel.
        channel: String,
        /// Markdown. Customers' words.
        text: String,
    },
    /// What a tool of the company's own does, under the name that its configuration gives it (`[actions.NAME]` with `custom = true`).
    Custom {
        /// That name.
        name: String,
        /// Whom it is done for.
        requester: Beneficiary,
        /// One line. Customers' words.
        summary: String,
        /// What was asked. Customers' words.
        request: String,
    },
    /// Keep with the customer's record what was asked and what came of it.
    WriteBack {
        /// When it is written.
        occasion: Occasion,
        /// The account's key, from the look-up.
        account: Option<String>,
        /// The requester's e-mail, where the source gave one.
        email: Option<String>,
        /// One line. Customers' words.
        subject: String,
        /// What came of it. Markdown. Customers' words.
        summary: String,
        /// What was said. Markdown. Customers' words.
        conversation: String,
    },
    /// Tell the knowledge server what a person made of its answer.
    RecordFeedback {
        /// What was asked. Customers' words, redacted.
        query: String,
        /// The server's ids of the passages that the answer was taken from.
        passages: Vec<String>,
        /// `solved`, `not_helpful` or `asked_person`.
        outcome: String,
    },
    /// Make a draft of a document, for people to write on and review.
    CreateDraft {
        /// One line.
        title: String,
        /// Markdown.
        markdown: String,
    },
    /// Hand the knowledge server what a resolved ticket taught, or hand it over anew.
    PutDocument {
        /// The document's path there: one for each ticket.
        path: String,
        /// One line. Customers' words, redacted.
        title: String,
        /// What solved it. Markdown. People's words, redacted.
        markdown: String,
        /// Where the ticket is read.
        url: Option<String>,
        /// Who may read it.
        readers: Vec<DocumentReader>,
    },
    /// Take that back.
    RemoveDocument {
        /// As above.
        path: String,
    },
}

/// Whoever asked, as a company's own tool knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beneficiary {
    /// Slack's id.
    pub slack_id: String,
    /// Their e-mail address, as Slack says.
    pub email: String,
}

/// Somebody who may read a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentReader {
    /// Their e-mail address, by which the knowledge's sources know them.
    pub email: String,
}

/// When a conversation is written back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// It was resolved.
    Resolution,
    /// Others have it from now on: another squad, or whoever acknowledged an escalation.
    Handover,
}

impl Action {
    /// The name under which `[actions.…]` binds it.
    pub fn name(&self) -> &str {
        match self {
            Self::Custom { name, .. } => name,
            Self::CreateIssue { .. } => "create_issue",
            Self::Comment { .. } => "comment",
            Self::Transition { .. } => "transition",
            Self::SetPriority { .. } => "set_priority",
            Self::Assign { .. } => "assign",
            Self::AddLabels { .. } => "add_labels",
            Self::RemoveLabels { .. } => "remove_labels",
            Self::CreateStory { .. } => "create_story",
            Self::UpdateTicket { .. } => "update_ticket",
            Self::PostMessage { .. } => "post_message",
            Self::WriteBack { .. } => "write_back",
            Self::RecordFeedback { .. } => "record_feedback",
            Self::CreateDraft { .. } => "create_draft",
            Self::PutDocument { .. } => "put_document",
            Self::RemoveDocument { .. } => "remove_document",
        }
    }

    /// Whether a company may give its own action this name: in small letters, digits and underscores, and none of Deskbell's.
    pub fn is_custom_name(name: &str) -> bool {
        let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
        let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        begins && name.bytes().all(plain) && !Self::NAMES.contains(&name)
    }

    /// Every name that is Deskbell's own.
    pub const NAMES: &'static [&'static str] = &[
        "create_issue",
        "comment",
        "transition",
        "set_priority",
        "assign",
        "add_labels",
        "remove_labels",
        "create_story",
        "update_ticket",
        "post_message",
        "write_back",
        "record_feedback",
        "create_draft",
        "put_document",
        "remove_document",
    ];

    /// Those that belong to no ticket: a click allows each.
    pub const OF_CLICKS: &'static [&'static str] = &["record_feedback", "create_draft"];

    /// Those that keep the knowledge server's document of a ticket as the ticket is: whoever resolves it allows them.
    pub const OF_LESSONS: &'static [&'static str] = &["put_document", "remove_document"];

    /// Those that make what others are about. A ticket has one.
    pub const OPENING: &'static [&'static str] = &["create_issue", "create_story"];

    /// Those that are about what an opening one made.
    pub const ABOUT_THE_ISSUE: &'static [&'static str] =
        &["comment", "transition", "set_priority", "assign", "add_labels", "remove_labels"];

    /// Primary actions run first: the others need what they made.
    pub const fn is_primary(&self) -> bool {
        matches!(self, Self::CreateIssue { .. } | Self::CreateStory { .. })
    }
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ActionState {
    /// Approved and waiting for its turn, or under way.
    Pending,
    /// Done.
    Done {
        /// What it made, if it made something.
        external: Option<ExternalRef>,
    },
    /// Waits for the ops channel: Retry, Skip or Take over.
    Parked {
        /// Deskbell's own words; no customers' words, no secrets. What the server said stands in
        /// [`crate::ticket::Words::failures`].
        reason: String,
        /// True: it may or may not have happened. It is never repeated by itself.
        fate_unknown: bool,
    },
    /// A person chose to leave it out.
    Skipped {
        /// Who.
        by: Actor,
    },
    /// A person does it by hand.
    TakenOver {
        /// Who.
        by: Actor,
    },
    /// Its decision was undone before it was carried out: it is sent no more.
    Withdrawn {
        /// Who undid the decision.
        by: Actor,
    },
}

impl ActionState {
    /// Nothing more will happen to it by itself.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Skipped { .. } | Self::TakenOver { .. } | Self::Withdrawn { .. })
    }
}

/// An action of a ticket, without its words (those are in [`crate::ticket::Words::actions`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Which.
    pub id: ActionId,
    /// The bound name, see [`Action::name`].
    pub name: String,
    /// Primary actions run first.
    pub primary: bool,
    /// How often a person asked for it again: part of the job's id.
    pub generation: u32,
    /// Where it stands.
    pub state: ActionState,
    /// Since when; `None` while nothing has happened to it.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// What it is about, where that is not the ticket's issue of the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ExternalRef>,
    /// The action that it undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<ActionId>,
}

impl ActionRecord {
    /// It is about what the primary action makes.
    pub(crate) fn needs_an_issue(&self) -> bool {
        self.about.is_none() && Action::ABOUT_THE_ISSUE.contains(&self.name.as_str())
    }

    /// It stands elsewhere from now on.
    pub(crate) fn come_to(&mut self, state: ActionState, now: Timestamp) {
        self.state = state;
        self.since = Some(now);
    }
}

/// A stored "yes": who allowed which actions. Only [`crate::workflow::step`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    by: Actor,
    at: Timestamp,
    actions: Vec<ActionId>,
    #[serde(default, skip_serializing_if = "Standing::is_ordinary")]
    standing: Standing,
}

/// What an approval is worth by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// What it allows may be carried out.
    #[default]
    Stands,
    /// Its decision was undone: it allows nothing any more.
    Revoked,
    /// It allows what undoes a decision, and says nothing of the next one.
    Undoes,
    /// It allows what a rule lets the bot do along with its answer; nobody has decided on more.
    Solves,
    /// It allowed that, until the ticket's decision was undone.
    Solved,
}

impl Standing {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over by reference")]
    fn is_ordinary(&self) -> bool {
        *self == Self::Stands
    }
}

impl Approval {
    /// Made by the workflow when a person clicks or a rule says `auto`.
    pub(crate) fn new(by: Actor, at: Timestamp, actions: Vec<ActionId>) -> Self {
        Self { by, at, actions, standing: Standing::Stands }
    }

    /// Made by the workflow when a person undoes a decision.
    pub(crate) fn undoing(by: Actor, at: Timestamp, actions: Vec<ActionId>) -> Self {
        Self { by, at, actions, standing: Standing::Undoes }
    }

    /// Made by the workflow when a rule lets the bot answer, and act along with that.
    pub(crate) fn solving(by: Actor, at: Timestamp, actions: Vec<ActionId>) -> Self {
        Self { by, at, actions, standing: Standing::Solves }
    }

    /// Its decision was undone.
    pub(crate) fn revoke(&mut self) {
        self.standing = match self.standing {
            Standing::Stands | Standing::Revoked => Standing::Revoked,
            Standing::Solves | Standing::Solved => Standing::Solved,
            Standing::Undoes => Standing::Undoes,
        };
    }

    /// The same click allows one more: what it undoes turned out to have happened.
    pub(crate) fn cover(&mut self, action: ActionId) {
        self.actions.push(action);
    }

    /// It belongs to the decision in force.
    pub fn stands(&self) -> bool {
        self.standing == Standing::Stands
    }

    /// Its decision was undone.
    pub fn is_revoked(&self) -> bool {
        matches!(self.standing, Standing::Revoked | Standing::Solved)
    }

    /// It allows what undoes a decision.
    pub fn undoes(&self) -> bool {
        self.standing == Standing::Undoes
    }

    /// It is about what the bot does along with its answer.
    pub fn solves(&self) -> bool {
        matches!(self.standing, Standing::Solves | Standing::Solved)
    }

    fn allows(&self, action: ActionId) -> bool {
        !self.is_revoked() && self.actions.contains(&action)
    }

    /// Who allowed it.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Which actions.
    pub fn actions(&self) -> &[ActionId] {
        &self.actions
    }
}
