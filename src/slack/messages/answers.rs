//! Answers that one person sees.

use serde::Serialize;

use super::shared::{Escalation, IssueLink, Party, Sla, Tone};

view_model! {
    /// The answer to `/ticket`, seen by the asker alone.
    pub struct TicketView {
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// In words: `waiting for a decision`.
        pub status: String,
        /// Who asks.
        pub requester: Party,
        /// Such as `Access`.
        pub category: String,
        /// Such as `high`.
        pub urgency: String,
        /// Such as `P2`.
        pub priority: String,
        /// Such as `major`.
        pub severity: Option<String>,
        /// Name of the squad.
        pub squad: Option<String>,
        /// Support queue.
        pub queue: Option<String>,
        /// The conversation.
        pub thread_url: Option<String>,
        /// The issue in the tracker.
        pub issue: Option<IssueLink>,
        /// Due times.
        pub sla: Option<Sla>,
        /// Once escalated.
        pub escalation: Option<Escalation>,
        /// The newest last; the view shows the last 15.
        pub history: Vec<HistoryLine>,
    }

    /// One thing that happened to a ticket.
    pub struct HistoryLine {
        /// When.
        pub at_unix: i64,
        /// What.
        pub text: String,
        /// By whom, when it was a member of the workspace.
        pub by_user_id: Option<String>,
    }

    /// The answer to `/kb`.
    pub struct KbAnswer {
        /// As asked.
        pub question: String,
        /// The best first; the answer shows 5.
        pub passages: Vec<Passage>,
    }

    /// A piece of a document.
    pub struct Passage {
        /// The document's title.
        pub title: String,
        /// The words that matched, in their surroundings.
        pub snippet: String,
        /// Where to read on.
        pub url: Option<String>,
    }

    /// `/triage help`.
    pub struct Help {
        /// Deskbell's own user, to be mentioned.
        pub bot_user_id: Option<String>,
        /// Channels that are watched; the help shows 10.
        pub watched_channel_ids: Vec<String>,
    }

    /// One line to one person.
    pub struct Notice {
        /// How it is meant.
        pub tone: Tone,
        /// What happened.
        pub text: String,
        /// Who did it, at the end of the line.
        pub by_user_id: Option<String>,
        /// What to do.
        pub mend: Option<String>,
    }

    /// The answer to a request made by command or shortcut.
    pub struct CommandAck {
        /// `DB-42`
        pub number: String,
        /// The request, shortened.
        pub summary: String,
        /// The conversation.
        pub thread_url: Option<String>,
    }
}
