//! What a person can press or submit, as closed enums. The strings are the `action_id`s and
//! `callback_id`s in `blocks/` and in `manifest.yml`; a button's `value` carries the id it is about.

use std::fmt;

use crate::ids::TicketId;

/// What somebody saw who decides about a ticket: a card or form shows one decision, made on one revision of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Counts the ticket's decisions.
    pub decision: u32,
    /// Counts what was made of its words.
    pub revision: u32,
}

/// What a button or a form is about, as its value says: `DB-42`, or `DB-42/seen/2.5` where it shows decision 2 on revision 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The ticket.
    pub ticket: TicketId,
    /// What was shown with it; absent on messages that ask for no decision, and on those of older versions.
    pub seen: Option<Seen>,
}

impl About {
    /// Reads a value; `None` for what names no ticket.
    pub fn parse(value: &str) -> Option<Self> {
        let Some((ticket, seen)) = value.split_once("/seen/") else {
            return Some(Self { ticket: TicketId::parse(value)?, seen: None });
        };
        let (decision, revision) = seen.split_once('.')?;
        let seen = Seen { decision: decision.parse().ok()?, revision: revision.parse().ok()? };
        Some(Self { ticket: TicketId::parse(ticket)?, seen: Some(seen) })
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seen {
            Some(Seen { decision, revision }) => write!(f, "{}/seen/{decision}.{revision}", self.ticket),
            None => self.ticket.fmt(f),
        }
    }
}

macro_rules! wire_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $wire)] $variant),+ }

        impl $name {
            /// Every variant, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The string on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// Reads the string on the wire; `None` for a name that is not ours.
            pub fn parse(wire: &str) -> Option<Self> {
                match wire { $($wire => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

wire_names! {
    /// A button on one of Deskbell's messages (`action_id`).
    Button {
        /// Triage card: carry the proposed decision out. Value: [`About`].
        Confirm = "confirm",
        /// Triage card: open the modal that changes squad, priority and category. Value: [`About`].
        Change = "change",
        /// Triage card and squad alert: raise severity and alert level 1. Value: ticket id.
        Escalate = "escalate",
        /// Triage card: this was no request. Value: [`About`].
        NotATicket = "not_a_ticket",
        /// Squad alert: the presser takes the ticket. Value: ticket id.
        Claim = "claim",
        /// Escalation alert: the presser is on it; no further level is alerted. Value: ticket id.
        Acknowledge = "acknowledge",
        /// Squad alert: mark the ticket resolved. Value: ticket id.
        Resolve = "resolve",
        /// Triage card: undo the decision that was carried out. Value: [`About`].
        Undo = "undo",
        /// Ops alert: run the parked job again. Value: job id.
        Retry = "ops_retry",
        /// Ops alert: leave this step out and go on. Value: job id.
        Skip = "ops_skip",
        /// Ops alert: the presser does this step by hand. Value: job id.
        TakeOver = "ops_take_over",
        /// Tool drift: the tool may be used as it is now. Value: the drift's number.
        AcceptTool = "tool_accept",
        /// Tool drift: the tool stays blocked. Value: the drift's number.
        KeepBlocked = "tool_keep_blocked",
        /// A server's question: open the modal with its form. Value: the question's number.
        AnswerQuestion = "question_answer",
        /// A server's question that leads to a page: the presser has been there. Value: as above.
        AcceptQuestion = "question_accept",
        /// A server's question: no. Value: as above.
        DeclineQuestion = "question_decline",
        /// Triage card and a server's question: end the call that is under way. Value: action id.
        CancelCall = "call_cancel",
        /// The form for a new request: look for requests that read like what is typed there.
        FindSimilar = "find_similar",
        /// An answer: it helped. Value: ticket id, or `answer/` with the answer's number where it belongs to no ticket.
        AnswerSolved = "answer_solved",
        /// An answer: it did not help. Value: as above.
        AnswerNotHelpful = "answer_not_helpful",
        /// An answer: a person shall look. Value: as above.
        AskPerson = "answer_ask_person",
        /// Triage card: say to the requester what the knowledge base says. Value: [`About`].
        SendAnswer = "answer_send",
        /// A gap of the knowledge base: have a draft made. Value: what is asked.
        DraftArticle = "gap_draft",
        /// Link buttons (`url`): Slack still sends a click, which is acknowledged and ignored.
        OpenLink = "open_link",
    }
}

impl Button {
    /// Reads an `action_id`. A message that shows a button several times numbers them: `gap_draft.2`.
    pub fn of_action_id(id: &str) -> Option<Self> {
        let numbered = id.rsplit_once('.').filter(|(_, number)| number.parse::<u32>().is_ok());
        Self::parse(numbered.map_or(id, |(name, _)| name))
    }
}

wire_names! {
    /// A modal (`callback_id`).
    Modal {
        /// Change squad, priority, category before confirming. `private_metadata`: ticket id.
        Change = "change_ticket",
        /// The answer to a server's question. `private_metadata`: the question's number.
        Question = "question",
        /// New request by the global shortcut. `private_metadata`: empty.
        NewTicket = "new_ticket",
        /// The placeholder opened within Slack's 3 s, later replaced by `views.update`.
        Loading = "loading",
    }
}

wire_names! {
    /// A Slack shortcut (`callback_id` in `manifest.yml`).
    SlackShortcut {
        /// Message shortcut: make a ticket of this message.
        TriageMessage = "triage_message",
        /// Global shortcut: open the new-ticket modal.
        NewTicket = "new_ticket_shortcut",
    }
}

wire_names! {
    /// A slash command, as in `manifest.yml`.
    SlashCommand {
        /// `/triage <text>` or `/triage help`.
        Triage = "/triage",
        /// `/escalate <ticket> [reason]`.
        Escalate = "/escalate",
        /// `/ticket <id>`.
        Ticket = "/ticket",
        /// `/kb <question>`.
        Kb = "/kb",
    }
}

/// `block_id` and `action_id` of the inputs in Deskbell's modals: the block and its only element share the name.
pub mod field {
    /// Squad select in the change and new-ticket modals.
    pub const SQUAD: &str = "squad";
    /// Priority select.
    pub const PRIORITY: &str = "priority";
    /// Category select.
    pub const CATEGORY: &str = "category";
    /// Free text of a new request.
    pub const TEXT: &str = "text";
    /// Channel (conversations select) of a new request.
    pub const CHANNEL: &str = "channel";
}
