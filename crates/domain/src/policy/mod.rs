//! The company's own rules: who must act on what, how soon, who is asked and who may answer.
//!
//! [`Policy::load`] reads TOML, checks every reference, condition and example, and refuses with line and column.
//! A loaded policy can't be wrong any more, so deciding never fails.

pub mod condition;
mod document;
mod error;
mod examples;
pub mod facts;
mod load;
mod people;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::SignedDuration;

use crate::action::Occasion;
use crate::decision::Mode;
use crate::enrichment::Lookup;
use crate::ids::{CategoryId, ChannelId, PersonId, PolicyHash, PriorityId, QueueId, RuleId, SquadId};
use crate::learning::AutoBounds;
use crate::sla::{BusinessHours, SlaTarget};
use crate::ticket::Severity;

pub use document::{ExpiryChoice, Silence, TrackerDone};
pub use error::{PolicyCaution, PolicyError, PolicyErrors};
pub use people::Right;

use condition::Condition;

/// All rules of a workspace, checked.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Names exactly this text.
    pub hash: PolicyHash,
    /// Where helpdesk tickets and forms go.
    pub triage_channel: ChannelId,
    /// Where parked work and undeliverable messages go.
    pub ops_channel: ChannelId,
    /// Messages of one author within this time are one request.
    pub join_window: SignedDuration,
    /// A requester's reply within this time after the resolution opens the ticket again.
    pub reopen_within: SignedDuration,
    /// When a conversation goes back to the customer's record.
    pub write_back: BTreeSet<Occasion>,
    /// What happens to an open ticket whose issue is done in the tracker.
    pub on_tracker_done: TrackerDone,
    /// How far experience may move the confidence from which on `auto` holds; `None`: `auto` asks for no confidence.
    pub auto_bounds: Option<AutoBounds>,
    /// How long a card waits.
    pub confirmation: ConfirmationPolicy,
    /// How the bot answers where a rule lets it.
    pub answering: AnsweringPolicy,
    /// Who may do what.
    pub rights: people::Rights,
    /// What applies where no rule says otherwise.
    pub default: DefaultOutcome,
    /// Squads by name.
    pub squads: BTreeMap<SquadId, Squad>,
    /// Queues by name.
    pub queues: BTreeMap<QueueId, Queue>,
    /// Priorities, the most urgent first.
    pub priorities: Vec<Priority>,
    /// Categories, as the assessors learn them.
    pub categories: Vec<Category>,
    /// Escalation policies by name.
    pub escalations: BTreeMap<String, EscalationPolicy>,
    /// Rules in the order of the file.
    pub rules: Vec<Rule>,
}

/// How long a card waits for an answer, and what then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationPolicy {
    /// After this a reminder is posted in the thread.
    pub remind_after: SignedDuration,
    /// After this the card expires.
    pub expire_after: SignedDuration,
    /// What happens then.
    pub on_expiry: ExpiryChoice,
}

/// How the bot answers where a rule lets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweringPolicy {
    /// The requester may say this long whether the answer helps.
    pub wait: SignedDuration,
    /// An answer is looked for no longer than this; then people have the ticket.
    pub search_within: SignedDuration,
    /// Where nothing answers surely, the requester is asked for more, once.
    pub ask_back: bool,
    /// What happens when the requester says nothing.
    pub on_silence: Silence,
}

/// What applies where no matching rule says otherwise.
#[derive(Debug, Clone)]
pub struct DefaultOutcome {
    /// The squad of last resort.
    pub squad: SquadId,
    /// Whether a human confirms.
    pub mode: Mode,
    /// Priority by urgency: low, normal, high, critical.
    pub priorities: [PriorityId; 4],
    /// Actions carried out once approved.
    pub actions: Vec<String>,
}

/// People who act together.
#[derive(Debug, Clone)]
pub struct Squad {
    /// For cards.
    pub name: String,
    /// Where its alerts go.
    pub channel: ChannelId,
    /// Who belongs to it.
    pub members: Vec<PersonId>,
    /// Who is called by name in its alerts.
    pub mention: Vec<PersonId>,
    /// Open tickets it can carry: load is measured against it. At least 1.
    pub capacity: u32,
    /// Where its tickets queue.
    pub queue: Option<QueueId>,
    /// Its project in the tracker.
    pub tracker: Tracker,
    /// Its escalation policy.
    pub escalation: Option<String>,
    /// When it works; SLA targets count in this time.
    pub hours: BusinessHours,
}

/// Where a squad's issues are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    /// The project's key.
    pub project: String,
    /// `Bug`, `Task` …
    pub issue_type: String,
    /// The status that means done.
    pub done_status: String,
    /// The status of an issue whose decision was undone.
    pub undone_status: String,
}

/// A support queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// For cards.
    pub name: String,
    /// The helpdesk's name for it.
    pub helpdesk: String,
}

/// How soon, in the team's own terms.
#[derive(Debug, Clone)]
pub struct Priority {
    /// Its name in rules.
    pub id: PriorityId,
    /// For cards.
    pub name: String,
    /// The tracker's name for it.
    pub tracker: Option<String>,
    /// When somebody must have answered.
    pub sla: SlaTarget,
}

/// A kind of request, with what assessors learn it from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its name in rules.
    pub id: CategoryId,
    /// For cards.
    pub name: String,
    /// The technical area in a word.
    pub area: String,
    /// The squad that usually takes it.
    pub squad: Option<SquadId>,
    /// Words and phrases that speak for it.
    pub keywords: Vec<String>,
    /// Requests of this kind.
    pub examples: Vec<String>,
}

/// Who is alerted in turn while nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationPolicy {
    /// Level 1 first; never empty.
    pub levels: Vec<EscalationLevel>,
    /// How often the last level is called again before the ops channel hears that nobody answers.
    pub repeat: u32,
}

impl EscalationPolicy {
    /// A level by its number, from 1.
    pub fn level(&self, number: u32) -> Option<&EscalationLevel> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.levels.get(index)
    }
}

/// How often a last level is called again where the policy does not say.
const REPEATS: u32 = 2;

/// A squad without an escalation policy has one level: its own channel and members.
static UNWRITTEN_ESCALATION: LazyLock<EscalationPolicy> = LazyLock::new(|| EscalationPolicy {
    levels: vec![EscalationLevel {
        people: Vec::new(),
        squad_too: true,
        channel: None,
        acknowledge_within: SignedDuration::from_mins(15),
    }],
    repeat: REPEATS,
});

/// One level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationLevel {
    /// Who is mentioned.
    pub people: Vec<PersonId>,
    /// Also the squad's members.
    pub squad_too: bool,
    /// Where; `None`: the squad's channel.
    pub channel: Option<ChannelId>,
    /// Without an acknowledgement within this time the next level is alerted, or the last one again.
    pub acknowledge_within: SignedDuration,
}

/// When this holds, that is what should be done.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// For people; may be empty.
    pub description: String,
    /// The line of its condition in the file, from 1.
    pub line: usize,
    /// What must hold.
    pub when: Condition,
    /// How far it goes.
    pub mode: Mode,
    /// Candidate squads; empty: the rule says nothing of squads.
    pub squads: Vec<SquadId>,
    /// The queue, if not the squad's own.
    pub queue: Option<QueueId>,
    /// The priority.
    pub priority: Option<PriorityId>,
    /// At least this severe.
    pub severity: Option<Severity>,
    /// The category it settles.
    pub category: Option<CategoryId>,
    /// What is carried out once approved; `None`: the default's.
    pub actions: Option<Vec<String>>,
    /// What the issue is labelled with.
    pub labels: BTreeSet<String>,
    /// The bot may answer before anybody acts.
    pub answer: bool,
    /// What it may look up for its answer.
    pub facts: Vec<String>,
    /// The company's own actions that it may carry out along with its answer.
    pub solve_with: Vec<String>,
}

impl Policy {
    /// A squad by its name. Every name within a loaded policy is known.
    pub fn squad(&self, id: &SquadId) -> Option<&Squad> {
        self.squads.get(id)
    }

    /// A priority by its name.
    pub fn priority(&self, id: &PriorityId) -> Option<&Priority> {
        self.priorities.iter().find(|priority| &priority.id == id)
    }

    /// A category by its name.
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.categories.iter().find(|category| &category.id == id)
    }

    /// Every action that it may ask for, each once.
    pub fn actions(&self) -> BTreeSet<&str> {
        let rules = self.rules.iter().filter_map(|rule| rule.actions.as_ref()).flatten();
        let written_back = (!self.write_back.is_empty()).then_some("write_back");
        let labelled = self.rules.iter().any(|rule| !rule.labels.is_empty()).then_some(["add_labels", "remove_labels"]);
        let solving = self.rules.iter().flat_map(|rule| &rule.solve_with);
        let named = self.default.actions.iter().chain(rules).chain(solving).map(String::as_str);
        named.chain(written_back).chain(labelled.into_iter().flatten()).collect()
    }

    /// Everything that the bot may look up for an answer, each once.
    pub fn facts(&self) -> BTreeSet<&str> {
        self.rules.iter().flat_map(|rule| &rule.facts).map(String::as_str).collect()
    }

    /// The escalation policy of a squad; one level, its own channel, where it has none.
    pub fn escalation_of(&self, squad: &SquadId) -> &EscalationPolicy {
        self.squad(squad)
            .and_then(|squad| squad.escalation.as_ref())
            .and_then(|name| self.escalations.get(name))
            .unwrap_or(&UNWRITTEN_ESCALATION)
    }

    /// Rules that will never hold as meant, with the mend: those that read what only a look-up fills, and it is not bound.
    pub fn cautions(&self, is_bound: impl Fn(Lookup) -> bool) -> Vec<PolicyCaution> {
        let unbound = [Lookup::Customer, Lookup::QueueLoad].into_iter().filter(|lookup| !is_bound(*lookup));
        let mut cautions: Vec<PolicyCaution> = unbound
            .flat_map(|lookup| {
                let (variable, binding) = match lookup {
                    Lookup::Customer => ("customer", "lookup_customer"),
                    Lookup::QueueLoad => ("helpdesk", "queue_load"),
                };
                let reading = self.rules.iter().filter(|rule| rule.when.reads(variable));
                reading.map(|rule| PolicyCaution { line: rule.line, rule: rule.id.clone(), variable, binding })
            })
            .collect();
        cautions.sort_by_key(|caution| caution.line);
        cautions
    }
}
