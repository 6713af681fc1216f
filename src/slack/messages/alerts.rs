//! What squads and ops are told in channels, and what a ticket's thread is told.

use serde::Serialize;

use super::knowledge::{Source, TriedAnswer};
use super::shared::{Decider, IssueLink, Party, Sla};

view_model! {
    /// What a squad sees of a ticket that is theirs.
    pub struct SquadAlert {
        /// The buttons' value.
        pub ticket_id: String,
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// Who asks.
        pub requester: Party,
        /// Such as `Access`.
        pub category: String,
        /// Such as `P2`.
        pub priority: String,
        /// Such as `major`.
        pub severity: Option<String>,
        /// Who settled that this squad acts.
        pub decided_by: Decider,
        /// The conversation.
        pub thread_url: Option<String>,
        /// The issue in the tracker.
        pub issue: Option<IssueLink>,
        /// Due times.
        pub sla: Option<Sla>,
        /// Why the issue is not whose ticket it is.
        pub unassigned: Option<String>,
        /// Who is called; the alert mentions 20.
        pub mention_user_ids: Vec<String>,
        /// What the requester was answered before people had it.
        pub tried: Option<TriedAnswer>,
        /// When the requester said that it is not solved, if it is open again.
        pub reopened_unix: Option<i64>,
        /// Open, claimed, resolved or withdrawn.
        pub status: AlertStatus,
    }

    /// How far a squad is with an alert.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum AlertStatus {
        /// Nobody has it.
        Open,
        /// Somebody has it.
        Claimed {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Done.
        Resolved {
            /// Who, when it was a member of the workspace.
            by_user_id: Option<String>,
            /// When.
            at_unix: i64,
        },
        /// The decision that gave it to the squad was undone.
        Withdrawn {
            /// Who undid it.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
    }

    /// The call to one level of an escalation policy.
    pub struct EscalationAlert {
        /// The button's value.
        pub ticket_id: String,
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// From 1.
        pub level: u32,
        /// How often this level was called before.
        pub repeat: u32,
        /// In the words of who escalated, or the policy's.
        pub reason: Option<String>,
        /// Who escalated; absent when time did.
        pub raised_by_user_id: Option<String>,
        /// Who is called (users or user groups); the alert mentions 20.
        pub member_ids: Vec<String>,
        /// The conversation.
        pub thread_url: Option<String>,
        /// The issue in the tracker.
        pub issue: Option<IssueLink>,
        /// What happens unless somebody acknowledges.
        pub next: Option<EscalationNext>,
        /// Whoever reads it may still say that they are on it.
        pub may_acknowledge: bool,
        /// Open, acknowledged, superseded or over.
        pub status: EscalationStatus,
    }

    /// What follows a call that nobody answers.
    #[serde(tag = "step", rename_all = "snake_case")]
    pub enum EscalationNext {
        /// A level is called.
        Level {
            /// Which.
            level: u32,
            /// When.
            at_unix: i64,
        },
        /// The same level is called again.
        Again {
            /// When.
            at_unix: i64,
        },
        /// The ops channel is told.
        Ops {
            /// When.
            at_unix: i64,
        },
    }

    /// How an escalation alert was answered.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum EscalationStatus {
        /// Not yet.
        Open,
        /// Somebody is on it.
        Acknowledged {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Nobody answered; the next level was alerted.
        Superseded {
            /// That level.
            by_level: u32,
            /// When.
            at_unix: i64,
        },
        /// Nobody answered; the same level was called again.
        Repeated {
            /// When.
            at_unix: i64,
        },
        /// The ticket was closed, or went to another squad.
        Over {
            /// When.
            at_unix: i64,
        },
    }

    /// A step that Deskbell can't finish alone.
    pub struct OpsAlert {
        /// The buttons' value.
        pub job_id: String,
        /// The step: `Create the Jira issue`.
        pub step: String,
        /// `DB-42`, when it is about a ticket.
        pub number: Option<String>,
        /// The ticket's conversation.
        pub thread_url: Option<String>,
        /// Which server or system failed.
        pub server: Option<String>,
        /// Tries so far.
        pub attempts: u32,
        /// What is known of the outcome.
        pub fate: Fate,
        /// What the system said, redacted.
        pub error: String,
        /// Open, or who did what.
        pub status: OpsStatus,
    }

    /// A tool that is not what it was at its first use.
    pub struct ToolDrift {
        /// The buttons' value.
        pub drift_id: String,
        /// The configured server.
        pub server: String,
        /// The tool.
        pub tool: String,
        /// Actions that are bound to it.
        pub actions: Vec<String>,
        /// What is different, a line each.
        pub changes: String,
        /// Open, or who chose what.
        pub status: DriftStatus,
    }

    /// What became of a drift.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum DriftStatus {
        /// Nobody has chosen.
        Open,
        /// The tool may be used as it is now.
        Accepted {
            /// Who said so.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// It may not.
        KeptBlocked {
            /// Who said so.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
    }

    /// What is known of the outcome of a step that failed.
    #[serde(rename_all = "snake_case")]
    pub enum Fate {
        /// It was not done.
        Failed,
        /// It may have been done: the answer got lost.
        Unknown,
    }

    /// What a person made of an ops alert.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum OpsStatus {
        /// Nothing yet.
        Open,
        /// Ran it again.
        Retried {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Left it out.
        Skipped {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Does it by hand.
        TakenOver {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Its decision was undone, so it is not done any more.
        Withdrawn {
            /// Who undid it.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// It was found done after all.
        Found {
            /// When.
            at_unix: i64,
        },
    }

    /// A confirmation that nobody has answered, said again in the card's thread.
    pub struct Reminder {
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// The triage card.
        pub card_url: Option<String>,
        /// It still waits.
        pub is_waiting: bool,
        /// When the proposal expires.
        pub expires_unix: Option<i64>,
        /// Who may decide; the reminder mentions 20.
        pub mention_user_ids: Vec<String>,
    }

    /// A short line in the ticket's thread.
    pub struct ThreadUpdate {
        /// `DB-42`
        pub number: String,
        /// What happened.
        pub event: ThreadEvent,
    }

    /// What a ticket's thread is told.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum ThreadEvent {
        /// To people of another organisation: the request was taken in.
        Accepted,
        /// To people of another organisation: somebody works on it.
        Taken,
        /// To people of another organisation: nothing will follow.
        Closed {
            /// How long a reply asks again, such as `14 days`; absent where nobody can reply.
            reply_within: Option<String>,
        },
        /// The issue exists.
        IssueCreated {
            /// The issue.
            issue: IssueLink,
            /// Who works on it.
            squad: String,
        },
        /// Done.
        Resolved {
            /// Who, when it was a member of the workspace.
            by_user_id: Option<String>,
            /// How long a reply opens it again, such as `14 days`; absent where nobody can reply.
            reply_within: Option<String>,
        },
        /// Done, since the issue is done.
        ResolvedInTracker {
            /// The issue.
            issue: IssueLink,
            /// The name of its status.
            status: String,
            /// How long a reply opens it again, such as `14 days`; absent where nobody can reply.
            reply_within: Option<String>,
        },
        /// The issue is done; the ticket is not said to be.
        DoneInTracker {
            /// The issue.
            issue: IssueLink,
            /// The name of its status.
            status: String,
            /// What the button Resolve is about; absent once the ticket is closed.
            ticket_id: Option<String>,
        },
        /// What is known is too thin to answer with; the requester may tell more.
        AskedBack {
            /// What the button Ask a person is about; absent once they replied, or people have it.
            ticket_id: Option<String>,
            /// What came near.
            near: Vec<Source>,
        },
        /// The requester says that an answer solved it.
        SaidSolved {
            /// Who.
            by_user_id: String,
            /// What the button Resolve is about; absent once the ticket is closed.
            ticket_id: Option<String>,
        },
        /// The requester says that it is not solved.
        Reopened {
            /// Who; absent in the requester's own conversation.
            by_user_id: Option<String>,
            /// What they said; absent in the requester's own conversation.
            words: Option<String>,
            /// Who is called: whoever has it, or the squad.
            mention_user_ids: Vec<String>,
            /// It was dismissed before, and waits for a decision again.
            asks_again: bool,
        },
        /// Another squad has it.
        HandedOver {
            /// Which.
            to_squad: String,
        },
        /// Raised.
        Escalated {
            /// The level alerted, from 1.
            level: u32,
            /// Who; absent when time did.
            by_user_id: Option<String>,
        },
        /// Somebody took it.
        Claimed {
            /// Who.
            by_user_id: String,
        },
        /// The decision was undone; another follows.
        Undone {
            /// Who undid it.
            by_user_id: String,
        },
        /// A later message was added to the ticket.
        Joined,
        /// Nobody confirmed in time.
        Expired {
            /// What the policy made of it.
            outcome: String,
        },
        /// It was no request.
        Dismissed {
            /// Who said so.
            by_user_id: String,
            /// How long a reply asks again, such as `14 days`; absent where nobody can reply.
            reply_within: Option<String>,
        },
    }
}
