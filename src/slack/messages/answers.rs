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
        /// Who has it.
        pub held_by_user_id: Option<String>,
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

    /// The answer to `/triage servers`, seen by the asker alone.
    pub struct ServersView {
        /// By name; the view shows 8.
        pub servers: Vec<McpServer>,
    }

    /// An MCP server.
    pub struct McpServer {
        /// As configured.
        pub name: String,
        /// `ready`, `starting` or `failed`.
        pub state: String,
        /// Whether Deskbell is not ready without it.
        pub required: bool,
        /// Why it can't be called, and what to do.
        pub reason: Option<String>,
        /// Nothing is sent for a while, after failures or a rate limit.
        pub breaker_open: bool,
        /// How many it offers.
        pub tools: u32,
        /// Tools whose definitions can't be relied on; the view shows 4.
        pub quarantined: Vec<String>,
        /// What its tools carry out; the view shows 6.
        pub bound: Vec<BoundAction>,
    }

    /// An action and its tool.
    pub struct BoundAction {
        /// The action.
        pub action: String,
        /// The tool.
        pub tool: String,
        /// Why it can't be used with the server as it is; absent while nobody can tell.
        pub fault: Option<String>,
    }

    /// `/triage help`.
    pub struct Help {
        /// Deskbell's own user, to be mentioned.
        pub bot_user_id: Option<String>,
        /// Channels that are watched; the help shows 10.
        pub watched_channel_ids: Vec<String>,
        /// Emoji that make a ticket of a message, by name; the help shows the first.
        pub triage_emoji: Vec<String>,
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
        /// The people or channels it speaks of, at the end; it mentions 20.
        pub mention_ids: Vec<String>,
        /// Where to read on.
        pub see_url: Option<String>,
    }

    /// The answer to a request made by command or shortcut.
    pub struct CommandAck {
        /// `DB-42`
        pub number: String,
        /// The request, shortened.
        pub summary: String,
        /// The conversation.
        pub thread_url: Option<String>,
        /// They hear back in their direct conversation, not in the ticket's thread.
        pub hears_directly: bool,
    }
}

impl Notice {
    /// One line, with nothing besides.
    pub fn line(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), by_user_id: None, mend: None, mention_ids: Vec::new(), see_url: None }
    }

    /// What did not work, and what to do.
    pub fn problem(text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..Self::line(Tone::Error, text) }
    }
}
