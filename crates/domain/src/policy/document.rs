//! The policy file as it is written, before references and conditions are checked. Unknown keys are refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::action::Occasion;
use crate::decision::Mode;

/// What happens to a card that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiryChoice {
    /// Carry the proposal out.
    Confirm,
    /// Alert level 1 of the squad's escalation policy; the card keeps waiting.
    Escalate,
    /// Close the ticket.
    Dismiss,
}

/// What happens to an open ticket whose issue is done in the tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackerDone {
    /// The thread hears of it and offers Resolve: whether the requester was helped, a person says.
    #[default]
    Offer,
    /// The ticket is resolved.
    Resolve,
}

/// What happens to a ticket that the bot answered and whose requester says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// People have it from then on, with what was tried.
    #[default]
    HandOver,
    /// It is closed, and counts as answered in silence, not as solved.
    Close,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub triage_channel: Spanned<String>,
    pub ops_channel: Spanned<String>,
    #[serde(default = "two_minutes")]
    pub join_window: Spanned<String>,
    #[serde(default = "two_weeks")]
    pub reopen_within: Spanned<String>,
    #[serde(default)]
    pub write_back: BTreeSet<Occasion>,
    #[serde(default)]
    pub on_tracker_done: TrackerDone,
    #[serde(default)]
    pub learning: LearningDocument,
    #[serde(default)]
    pub confirmation: ConfirmationDocument,
    #[serde(default)]
    pub answering: AnsweringDocument,
    #[serde(default)]
    pub groups: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
    pub rights: RightsDocument,
    pub default: DefaultDocument,
    pub squads: BTreeMap<String, SquadDocument>,
    #[serde(default)]
    pub queues: BTreeMap<String, Spanned<QueueDocument>>,
    pub priorities: Vec<PriorityDocument>,
    #[serde(default)]
    pub categories: Vec<CategoryDocument>,
    #[serde(default)]
    pub escalation: BTreeMap<String, EscalationDocument>,
    #[serde(default)]
    pub hours: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    pub rules: Vec<RuleDocument>,
}

fn unspanned(text: &str) -> Spanned<String> {
    Spanned::new(0..0, text.to_owned())
}

fn two_weeks() -> Spanned<String> {
    unspanned("336h")
}

fn two_minutes() -> Spanned<String> {
    unspanned("2m")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfirmationDocument {
    pub remind_after: Spanned<String>,
    pub expire_after: Spanned<String>,
    pub on_expiry: ExpiryChoice,
}

impl Default for ConfirmationDocument {
    fn default() -> Self {
        Self { remind_after: unspanned("30m"), expire_after: unspanned("4h"), on_expiry: ExpiryChoice::Escalate }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LearningDocument {
    pub auto_from: Option<Spanned<AutoFromDocument>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AutoFromDocument {
    pub min: f64,
    pub max: f64,
    #[serde(default = "fifty")]
    pub evidence: u32,
    #[serde(default = "nearly_always")]
    pub precision: f64,
}

fn fifty() -> u32 {
    50
}

fn nearly_always() -> f64 {
    0.95
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AnsweringDocument {
    pub wait: Spanned<String>,
    pub search_within: Spanned<String>,
    pub ask_back: bool,
    pub on_silence: Silence,
}

impl Default for AnsweringDocument {
    fn default() -> Self {
        Self { wait: unspanned("24h"), search_within: unspanned("1m"), ask_back: true, on_silence: Silence::HandOver }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RightsDocument {
    pub confirm: Spanned<Vec<Spanned<String>>>,
    pub escalate: Spanned<Vec<Spanned<String>>>,
    pub claim: Spanned<Vec<Spanned<String>>>,
    pub settle: Spanned<Vec<Spanned<String>>>,
    pub view: Option<Spanned<Vec<Spanned<String>>>>,
    pub set_priority: Option<Spanned<Vec<Spanned<String>>>>,
    pub trust_tools: Option<Spanned<Vec<Spanned<String>>>>,
    pub undo: Option<Spanned<Vec<Spanned<String>>>>,
    pub curate: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultDocument {
    pub squad: Spanned<String>,
    #[serde(default = "confirm")]
    pub mode: Spanned<Mode>,
    pub priority: PriorityByUrgency,
    #[serde(default)]
    pub actions: Vec<Spanned<String>>,
}

fn confirm() -> Spanned<Mode> {
    Spanned::new(0..0, Mode::Confirm)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriorityByUrgency {
    pub low: Spanned<String>,
    pub normal: Spanned<String>,
    pub high: Spanned<String>,
    pub critical: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SquadDocument {
    pub name: Option<String>,
    pub channel: Spanned<String>,
    pub members: Option<Spanned<Vec<Spanned<String>>>>,
    pub mention: Option<Vec<Spanned<String>>>,
    pub capacity: Spanned<u32>,
    pub queue: Option<Spanned<String>>,
    pub project: String,
    #[serde(default = "task")]
    pub issue_type: String,
    #[serde(default = "done")]
    pub done_status: String,
    pub undone_status: Option<String>,
    pub escalation: Option<Spanned<String>>,
    pub hours: Option<Spanned<String>>,
}

impl SquadDocument {
    pub fn members(&self) -> &[Spanned<String>] {
        self.members.as_ref().map(|members| members.get_ref().as_slice()).unwrap_or_default()
    }
}

fn done() -> String {
    "Done".to_owned()
}

fn task() -> String {
    "Task".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueDocument {
    pub name: Option<String>,
    pub helpdesk: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriorityDocument {
    pub id: Spanned<String>,
    pub name: Option<String>,
    pub tracker: Option<String>,
    pub first_response: Option<Spanned<String>>,
    pub resolution: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryDocument {
    pub id: Spanned<String>,
    pub name: Option<String>,
    #[serde(default)]
    pub area: String,
    pub squad: Option<Spanned<String>>,
    #[serde(default)]
    pub keywords: Vec<String>,
    #[serde(default)]
    pub examples: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EscalationDocument {
    pub levels: Spanned<Vec<LevelDocument>>,
    #[serde(default = "twice")]
    pub repeat: Spanned<u32>,
}

fn twice() -> Spanned<u32> {
    Spanned::new(0..0, super::REPEATS)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelDocument {
    #[serde(default)]
    pub notify: Vec<Spanned<String>>,
    pub channel: Option<Spanned<String>>,
    pub acknowledge_within: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleDocument {
    pub id: Spanned<String>,
    #[serde(default)]
    pub description: String,
    pub when: Spanned<String>,
    #[serde(default = "confirm")]
    pub mode: Spanned<Mode>,
    pub squad: Option<Spanned<String>>,
    pub squads: Option<Spanned<Vec<Spanned<String>>>>,
    pub queue: Option<Spanned<String>>,
    pub priority: Option<Spanned<String>>,
    pub severity: Option<Spanned<u8>>,
    pub category: Option<Spanned<String>>,
    pub actions: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub labels: Vec<Spanned<String>>,
    pub answer: Option<Spanned<bool>>,
    #[serde(default)]
    pub facts: Vec<Spanned<String>>,
    #[serde(default)]
    pub solve_with: Vec<Spanned<String>>,
    #[serde(default)]
    pub examples: Vec<Spanned<ExampleDocument>>,
}

/// A request on which the rule is tried when the policy is loaded. What is not given is as an assessor that
/// knows nothing would give it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleDocument {
    pub text: String,
    #[serde(default = "yes")]
    pub matches: bool,
    pub category: Option<Spanned<String>>,
    pub confidence: Option<f64>,
    pub urgency: Option<crate::assessment::Urgency>,
    pub sentiment: Option<crate::assessment::Sentiment>,
    pub sentiment_trend: Option<crate::assessment::SentimentTrend>,
    pub complexity: Option<crate::assessment::Complexity>,
    /// How likely it is a request at all; certain when it is left out.
    pub request_confidence: Option<f64>,
    pub language: Option<String>,
    pub channel: Option<String>,
    /// How it came in from Slack.
    #[serde(default = "watched_channel")]
    pub path: crate::ticket::SlackPath,
    /// The helpdesk that it came from instead.
    pub system: Option<String>,
    /// How many similar tickets there are; more are no different.
    pub similar: Option<u32>,
    #[serde(default)]
    pub external: bool,
    pub tier: Option<String>,
    pub requested_priority: Option<Spanned<String>>,
    #[serde(default)]
    pub load: BTreeMap<String, u32>,
    pub helpdesk: Option<BTreeMap<String, u32>>,
}

fn watched_channel() -> crate::ticket::SlackPath {
    crate::ticket::SlackPath::WatchedChannel
}

fn yes() -> bool {
    true
}
