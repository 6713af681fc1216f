//! The triage card.

use serde::Serialize;

use super::knowledge::{Suggestion, TriedAnswer};
use super::shared::{Escalation, IssueLink, Party, Sla};

view_model! {
    /// Why the decision is what it is.
    pub struct Why {
        /// Names of the rules that matched, the deciding one first.
        pub rules: Vec<String>,
        /// One sentence.
        pub reason: String,
        /// The squad or rule that came second.
        pub runner_up: Option<String>,
        /// Words of the request, or tickets like it, that weighed.
        pub evidence: Vec<String>,
    }

    /// A ticket like this one.
    pub struct SimilarTicket {
        /// `DB-7`
        pub number: String,
        /// Its summary.
        pub summary: String,
        /// Its conversation or issue.
        pub url: Option<String>,
    }

    /// What a look-up says of the customer; empty or 0 where it says nothing.
    pub struct CustomerRecord {
        /// The account's name.
        pub account: String,
        /// Such as `enterprise`.
        pub tier: String,
        /// Who looks after them.
        pub owner: String,
        /// Open cases.
        pub open_cases: i64,
        /// Open opportunities.
        pub open_opportunities: i64,
        /// The support they are entitled to.
        pub entitlement: String,
        /// Tickets they had before.
        pub earlier_tickets: i64,
    }

    /// A call of an MCP server that takes long.
    pub struct CallUnderWay {
        /// The value of the button that ends it.
        pub call: String,
        /// What is being done: `Creating the issue`.
        pub step: String,
        /// The server's configured name.
        pub server: String,
        /// Since when.
        pub since_unix: i64,
        /// How far it is, as the server says.
        pub progress: Option<String>,
    }

    /// The card on which a person confirms, changes or dismisses what Deskbell proposes.
    pub struct TriageCard {
        /// The buttons' value.
        pub ticket_id: String,
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// Who asks.
        pub requester: Party,
        /// Once looked up.
        pub customer: Option<CustomerRecord>,
        /// The message or the helpdesk's ticket.
        pub source_url: Option<String>,
        /// The helpdesk's ticket, where the request came from one: its system, number and page.
        pub helpdesk: Option<IssueLink>,
        /// The whole request, where the card does not hang on the message that asked; the card shows what a section takes.
        pub request: Option<String>,
        /// Such as `Access`.
        pub category: String,
        /// Technical area.
        pub area: Option<String>,
        /// Such as `high`.
        pub urgency: String,
        /// Such as `P2`.
        pub priority: String,
        /// The priority that the requester asked for, where it is another.
        pub requested_priority: Option<String>,
        /// Such as `major`.
        pub severity: Option<String>,
        /// 0 to 100, the assessor's own calibrated figure.
        pub confidence_percent: u8,
        /// Who assessed: `the LLM`, `the local model`, `keyword rules`; empty when nobody could.
        pub assessed_by: String,
        /// Name of the squad.
        pub squad: String,
        /// The squad's channel.
        pub squad_channel_id: Option<String>,
        /// Support queue.
        pub queue: Option<String>,
        /// The reasons.
        pub why: Why,
        /// Due times.
        pub sla: Option<Sla>,
        /// The nearest first; the card shows 3.
        pub similar: Vec<SimilarTicket>,
        /// Once created.
        pub issue: Option<IssueLink>,
        /// Such as `Decided without the customer record: …`; the card shows 5.
        pub warnings: Vec<String>,
        /// Once escalated.
        pub escalation: Option<Escalation>,
        /// What the knowledge base says, for those who see the card.
        pub suggestion: Option<Suggestion>,
        /// What the requester was answered.
        pub tried: Option<TriedAnswer>,
        /// A call that takes long.
        pub under_way: Option<CallUnderWay>,
        /// What a press on Undo would come to; absent while there is nothing to undo.
        pub undo: Option<UndoOffer>,
        /// Once a decision was undone.
        pub undone: Option<UndoneDecision>,
        /// Where the ticket stands.
        pub status: CardStatus,
    }

    /// What undoing the decision would come to.
    pub struct UndoOffer {
        /// What is done for it: `close PAY-1 with a note`.
        pub undone: Vec<String>,
        /// What was done and stays: `the comment`.
        pub stays: Vec<String>,
        /// What may or may not have happened: `Creating the issue`.
        pub unclear: Vec<String>,
    }

    /// What came of undoing a decision.
    pub struct UndoneDecision {
        /// Who undid it.
        pub by_user_id: String,
        /// When.
        pub at_unix: i64,
        /// What is done for it; the card shows 8.
        pub steps: Vec<UndoStep>,
        /// What was done and stays.
        pub stays: Vec<String>,
        /// What may or may not have happened.
        pub unclear: Vec<String>,
    }

    /// One thing that is done to undo a decision.
    pub struct UndoStep {
        /// `close PAY-1 with a note`
        pub text: String,
        /// How far it is.
        pub state: UndoState,
    }

    /// How far something is that is done to undo a decision.
    #[serde(rename_all = "snake_case")]
    pub enum UndoState {
        /// Not done yet.
        UnderWay,
        /// Done.
        Done,
        /// It failed and waits for ops.
        WaitsForOps,
        /// Ops left it out, or somebody does it by hand.
        LeftToPerson,
    }

    /// How far the bot's answer to a ticket is.
    #[serde(rename_all = "snake_case")]
    pub enum AnsweringStage {
        /// It is looked for.
        Seeking,
        /// Nothing answered surely: the requester was asked for more.
        AskedBack,
        /// It was given; the requester has not said what it is worth.
        Answered,
    }

    /// Where the ticket of a triage card stands; only `Awaiting` has buttons to decide with.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum CardStatus {
        /// A person must decide.
        Awaiting {
            /// When the proposal expires.
            expires_unix: Option<i64>,
            /// When it did, if it waits all the same.
            expired_unix: Option<i64>,
        },
        /// A person confirmed.
        Confirmed {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
            /// They changed squad, priority or category.
            changed: bool,
            /// From what to what: `priority P3 → P2`.
            changes: Vec<String>,
        },
        /// A rule decided.
        Auto {
            /// Which.
            rule: String,
            /// When.
            at_unix: i64,
        },
        /// Nobody answered in time.
        Expired {
            /// When.
            at_unix: i64,
            /// What the policy made of it: `carried out as proposed`.
            outcome: String,
        },
        /// It was no request.
        Dismissed {
            /// Who said so.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// The requester took it back.
        Withdrawn {
            /// The requester.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// A rule lets the bot answer.
        Answering {
            /// Since when.
            since_unix: i64,
            /// How far it is.
            stage: AnsweringStage,
        },
        /// It was answered and closed, and nobody said whether that helps.
        Unconfirmed {
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
        /// A step failed and waits for ops.
        Parked {
            /// The step: `Creating the Jira issue`.
            step: String,
            /// When.
            at_unix: i64,
        },
    }
}
