//! What must be done outside. Effects hold ids, no words: the worker loads the ticket. Each is a durable job
//! whose id follows from its cause, so queueing it twice queues it once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::enrichment::Lookup;
use crate::errand::Errand;
use crate::ids::{ActionId, EventKey, JobId, MessageTs, NoticeId, PersonId, TicketId, WorkspaceId};
use crate::knowledge::{Outcome, Purpose};
use crate::workflow::event::ReplyTo;

/// A timer of a ticket: when its `run_at` comes, it is the event [`crate::workflow::event::Event::TimerFired`].
/// A timer whose moment has passed (answered, acknowledged, closed) does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum Timer {
    /// Remind the channel that a confirmation waits. `decision` counts the ticket's decisions.
    Remind {
        /// The decision that waits.
        decision: u32,
    },
    /// The confirmation expires.
    Expire {
        /// The decision that waits.
        decision: u32,
    },
    /// Nobody acknowledged: alert this level.
    EscalateTo {
        /// The level, from 2.
        level: u32,
        /// The ticket's escalation it belongs to.
        round: u32,
    },
    /// Nobody acknowledged at the last level: call it again, or tell the ops channel.
    EscalateAgain {
        /// Counts the calls of the last level after its first one, from 1.
        repeat: u32,
        /// As above.
        round: u32,
    },
    /// The card was refused everywhere: try again.
    ShowCardAgain {
        /// Counts the refusals, from 1.
        refusal: u32,
    },
    /// A decision waits no longer for a look-up.
    LookupDue {
        /// Which.
        lookup: Lookup,
        /// The revision it was asked for.
        revision: u32,
    },
    /// An answer is looked for no longer.
    SeekDue {
        /// The decision that lets the bot answer.
        decision: u32,
        /// The revision that it is looked for on; 0 in timers of a version that looked once.
        #[serde(default)]
        revision: u32,
    },
    /// The requester was asked for more, and has said nothing.
    ReplyDue {
        /// The decision that lets the bot answer.
        decision: u32,
    },
    /// The requester has said nothing of the answer.
    AnswerUnsaid {
        /// The answer's number.
        answer: u64,
    },
    /// The requester has probably stopped editing a message: what it reads now is passed on.
    EditsSettled {
        /// The message.
        message: MessageTs,
        /// Counts the ticket's edits, so that a later burst has a timer of its own.
        edit: u32,
    },
    /// First response is due.
    FirstResponseDue {
        /// The setting of the clocks it belongs to.
        round: u32,
    },
    /// Resolution is due.
    ResolutionDue {
        /// As above.
        round: u32,
    },
}

/// Something to do outside, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Parse a recorded intake event and tell whom it concerns.
    Interpret {
        /// Which.
        event: EventKey,
    },
    /// Read a recorded event again where Slack may be asked for what the event itself does not hold: the message that a
    /// reaction is on, who reads the channel of a command.
    LookUp {
        /// The event.
        event: EventKey,
    },
    /// Ask Slack what the requester is called, for people who read the issue elsewhere.
    NameRequester,
    /// Ask Slack who clicked, for what names them in another system.
    Introduce {
        /// What waits for it.
        errand: Errand,
        /// Makes the job's id unique: the event that caused it.
        cause: String,
    },
    /// Assess this revision of the ticket's words.
    Assess {
        /// The revision.
        revision: u32,
    },
    /// Look something up for the decision on this revision. It only reads.
    Enrich {
        /// What.
        lookup: Lookup,
        /// The revision.
        revision: u32,
    },
    /// Ask the knowledge base on this revision. It only reads.
    SeekAnswer {
        /// What for.
        purpose: Purpose,
        /// The revision.
        revision: u32,
        /// Makes the job's id new where a person asks again.
        cause: String,
    },
    /// Keep what became of an answer, and let the knowledge server hear what a person said of it.
    SettleAnswer {
        /// The answer's number.
        answer: u64,
        /// What became of it.
        outcome: Outcome,
        /// Who said so.
        by: Option<PersonId>,
    },
    /// Carry out the action that a click allows which belongs to no ticket.
    CarryOut {
        /// The click's number in the store.
        click: u64,
    },
    /// Bring the knowledge server's document of the ticket to what the ticket is by now: there, or not.
    Teach {
        /// Makes the job's id new.
        cause: String,
    },
    /// Post the card, or bring it up to date with the ticket.
    ShowCard {
        /// Counts what changed: only makes the job's id new, the newest state is shown.
        change: u32,
    },
    /// Carry out an approved action.
    Dispatch {
        /// Which.
        action: ActionId,
        /// How often a person asked for it.
        generation: u32,
    },
    /// An action may or may not have been carried out: look for its marker, never repeat it.
    Reconcile {
        /// Which.
        action: ActionId,
        /// As in `Dispatch`.
        generation: u32,
        /// Counts the looks from 1.
        look: u32,
        /// When it may have been carried out.
        since: Timestamp,
    },
    /// Post a notice, or bring it up to date.
    ShowNotice {
        /// Which.
        notice: NoticeId,
        /// As in `ShowCard`.
        change: u32,
    },
    /// Fill the loading view that a press on Change opened.
    OfferChange {
        /// Who pressed.
        person: PersonId,
        /// The view's `external_id`.
        view: String,
    },
    /// Answer a question that changes nothing (`/ticket`, `/kb`, help, the form for a new request); the words stay in the recorded
    /// event.
    Answer {
        /// The event that asks.
        event: EventKey,
    },
    /// The same for a question that an MCP server is asked, too.
    SearchKnowledge {
        /// The event that asks.
        event: EventKey,
    },
    /// Tell one person something only they see.
    Tell {
        /// Whom.
        person: PersonId,
        /// What.
        what: Telling,
        /// Where.
        reply: ReplyTo,
        /// Makes the job's id unique: the event that caused it.
        cause: String,
    },
    /// Deliver a timer.
    Fire(Timer),
    /// Tell the ops channel that a tool is not what it was at its first use, or bring that message up to date.
    ShowDrift {
        /// The drift's number in the store.
        drift: u64,
        /// As in `ShowCard`.
        change: u32,
    },
    /// Show a server's question to whoever may answer, or bring that message up to date.
    ShowQuestion {
        /// The question's number in the store.
        question: u64,
        /// As in `ShowCard`.
        change: u32,
    },
    /// Bring the card up to date with a call that is under way: nothing of it is the ticket's own.
    RefreshCard {
        /// Makes the job's id new.
        cause: String,
    },
    /// Tell the ops channel of the jobs that were given up.
    ReportDeadLetters {
        /// The first of them.
        since: Timestamp,
    },
    /// Tell the ops channel that a person has to sign in at an MCP server.
    AskForSignIn {
        /// The server.
        server: String,
        /// The sign-in that does no more; 0 when there was none.
        sign_in: u64,
    },
}

/// Whose time an effect takes. Each lane has its own workers, so that a tracker or a Slack that hangs holds up what waits for
/// it and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Deskbell's own: events, timers.
    Desk,
    /// The assessor's.
    Assessor,
    /// Slack's.
    Slack,
    /// The MCP servers'.
    Systems,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 4] = [Self::Desk, Self::Assessor, Self::Slack, Self::Systems];

    /// The name in the store and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Assessor => "assessor",
            Self::Slack => "slack",
            Self::Systems => "systems",
        }
    }
}

/// What one person is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "telling", rename_all = "snake_case")]
pub enum Telling {
    /// They may not press this.
    NotAllowed {
        /// `confirm`, `escalate` …
        what: String,
        /// Who may, in words.
        who: String,
        /// Who may by name.
        #[serde(default)]
        people: Vec<PersonId>,
    },
    /// Somebody else answered the confirmation first.
    AlreadyDecided,
    /// Somebody else undid the decision first.
    AlreadyUndone,
    /// Somebody else has the ticket.
    AlreadyClaimed,
    /// An escalation is under way.
    AlreadyEscalated,
    /// Somebody else acknowledged the escalation first.
    AlreadyAcknowledged,
    /// Somebody else chose what becomes of the step.
    AlreadySettled,
    /// The command made a ticket.
    Accepted,
    /// The escalation was raised.
    Escalated,
    /// The action can't be done any more (the ticket is closed, the job is settled).
    TooLate,
    /// The knowledge base has nothing that may be said to the requester.
    NothingToSend,
    /// What they said of an answer is kept.
    Noted,
}

impl Effect {
    /// The job's id: what it is about and why, so the same cause never queues it twice.
    pub fn job_id(&self, workspace: &WorkspaceId, ticket: Option<TicketId>) -> JobId {
        let subject = ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
        let rest = match self {
            Self::Interpret { event } => format!("interpret/{event}"),
            Self::LookUp { event } => format!("look_up/{event}"),
            Self::NameRequester => "name_requester".to_owned(),
            Self::Introduce { errand, cause } => format!("introduce/{}/{}/{cause}", errand.by, errand.what.as_str()),
            Self::Assess { revision } => format!("assess/{revision}"),
            Self::Enrich { lookup, revision } => format!("enrich/{}/{revision}", lookup.as_str()),
            Self::SeekAnswer { purpose, revision, cause } => format!("seek/{}/{revision}/{cause}", purpose.as_str()),
            Self::SettleAnswer { answer, outcome, .. } => format!("settle_answer/{answer}/{}", outcome.as_str()),
            Self::CarryOut { click } => format!("click/{click}"),
            Self::Teach { cause } => format!("teach/{cause}"),
            Self::ShowCard { change } => format!("card/{change}"),
            Self::Dispatch { action, generation } => format!("dispatch/{}/{generation}", action.ordinal),
            Self::Reconcile { action, generation, look, .. } => {
                format!("reconcile/{}/{generation}/{look}", action.ordinal)
            }
            Self::ShowNotice { notice, change } => format!("notice/{}/{change}", notice.ordinal),
            Self::OfferChange { view, .. } => format!("offer_change/{view}"),
            Self::Answer { event } => format!("answer/{event}"),
            Self::SearchKnowledge { event } => format!("search/{event}"),
            Self::Tell { person, cause, .. } => format!("tell/{person}/{cause}"),
            Self::Fire(timer) => match timer {
                Timer::Remind { decision } => format!("timer/remind/{decision}"),
                Timer::Expire { decision } => format!("timer/expire/{decision}"),
                Timer::EscalateTo { level, round } => format!("timer/escalate/{round}/{level}"),
                Timer::ShowCardAgain { refusal } => format!("timer/show_card_again/{refusal}"),
                Timer::EscalateAgain { repeat, round } => format!("timer/escalate_again/{round}/{repeat}"),
                Timer::LookupDue { lookup, revision } => format!("timer/lookup/{}/{revision}", lookup.as_str()),
                Timer::SeekDue { decision, revision } => format!("timer/seek/{decision}/{revision}"),
                Timer::ReplyDue { decision } => format!("timer/reply/{decision}"),
                Timer::AnswerUnsaid { answer } => format!("timer/unsaid/{answer}"),
                Timer::EditsSettled { message, edit } => format!("timer/edits_settled/{message}/{edit}"),
                Timer::FirstResponseDue { round } => format!("timer/first_response/{round}"),
                Timer::ResolutionDue { round } => format!("timer/resolution/{round}"),
            },
            Self::ShowDrift { drift, change } => format!("tool_drift/{drift}/{change}"),
            Self::ShowQuestion { question, change } => format!("question/{question}/{change}"),
            Self::RefreshCard { cause } => format!("refresh_card/{cause}"),
            // As many digits for every moment: reports sort by it.
            Self::ReportDeadLetters { since } => format!("dead_letters/{:020}", since.as_microsecond()),
            Self::AskForSignIn { server, sign_in } => format!("sign_in/{server}/{sign_in}"),
        };
        JobId::new(format!("{workspace}/{subject}/{rest}"))
    }

    /// Whose time it takes.
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Interpret { .. } | Self::Fire(_) | Self::SettleAnswer { .. } => Lane::Desk,
            Self::Assess { .. } => Lane::Assessor,
            Self::Enrich { .. }
            | Self::SearchKnowledge { .. }
            | Self::SeekAnswer { .. }
            | Self::CarryOut { .. }
            | Self::Teach { .. }
            | Self::Dispatch { .. }
            | Self::Reconcile { .. } => Lane::Systems,
            Self::ShowCard { .. }
            | Self::ShowNotice { .. }
            | Self::OfferChange { .. }
            | Self::LookUp { .. }
            | Self::NameRequester
            | Self::Introduce { .. }
            | Self::Answer { .. }
            | Self::Tell { .. }
            | Self::ShowDrift { .. }
            | Self::ShowQuestion { .. }
            | Self::RefreshCard { .. }
            | Self::ReportDeadLetters { .. }
            | Self::AskForSignIn { .. } => Lane::Slack,
        }
    }

    /// Jobs that share this run one after the other: two of them would post the same message twice.
    pub fn serial(&self, workspace: &WorkspaceId, ticket: Option<TicketId>) -> Option<String> {
        if let Self::ReportDeadLetters { .. } = self {
            return Some(format!("{workspace}/dead_letters"));
        }
        if let Self::ShowDrift { drift, .. } = self {
            return Some(format!("{workspace}/tool_drift/{drift}"));
        }
        let ticket = ticket?;
        match self {
            Self::ShowCard { .. } | Self::RefreshCard { .. } => Some(format!("{workspace}/{ticket}/card")),
            Self::Teach { .. } => Some(format!("{workspace}/{ticket}/lesson")),
            Self::ShowQuestion { question, .. } => Some(format!("{workspace}/{ticket}/question/{question}")),
            Self::ShowNotice { notice, .. } => Some(format!("{workspace}/{ticket}/notice/{}", notice.ordinal)),
            Self::Dispatch { action, .. } | Self::Reconcile { action, .. } => {
                Some(format!("{workspace}/{ticket}/action/{}", action.ordinal))
            }
            _ => None,
        }
    }
}
