//! What is asked of a model, and what comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell_domain::ids::TicketId;
use serde::Serialize;
use serde_json::Value;

use super::prompts::PromptName;
use super::shape::Shape;

/// One question to the model: a prompt file, the shape of its answer, and what the prompt's places are filled with.
///
/// There are two kinds of filling. [`Self::words`] are strangers' words: every text in them is redacted before it leaves and
/// can't end the place it stands in. [`Self::told`] is Deskbell's own or the policy's, and goes out as it is.
#[derive(Debug, Clone)]
pub struct PromptCall {
    pub(super) prompt: PromptName,
    pub(super) shape: Shape,
    pub(super) ticket: Option<TicketId>,
    pub(super) words: BTreeMap<&'static str, Value>,
    pub(super) told: BTreeMap<&'static str, Value>,
    pub(super) names: Vec<String>,
}

impl PromptCall {
    /// Asks `prompt` for an answer of this shape; an answer of any other is refused.
    pub fn new(prompt: PromptName, shape: Shape) -> Self {
        Self { prompt, shape, ticket: None, words: BTreeMap::new(), told: BTreeMap::new(), names: Vec::new() }
    }

    /// Fills a place with strangers' words: a text, or a list or map with texts in it. What can't be written as JSON is empty.
    #[must_use]
    pub fn words(mut self, place: &'static str, words: impl Serialize) -> Self {
        self.words.insert(place, serde_json::to_value(words).unwrap_or(Value::Null));
        self
    }

    /// Fills a place with what Deskbell or the policy says itself. Never for a customer's words or a page's.
    #[must_use]
    pub fn told(mut self, place: &'static str, told: impl Serialize) -> Self {
        self.told.insert(place, serde_json::to_value(told).unwrap_or(Value::Null));
        self
    }

    /// Names of people that are known beforehand: they are redacted wherever they stand in the words.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// Counts against this ticket's budget too.
    #[must_use]
    pub fn for_ticket(mut self, ticket: TicketId) -> Self {
        self.ticket = Some(ticket);
        self
    }
}

/// What a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the question.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

impl Usage {
    /// Both together.
    pub const fn tokens(self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    pub(super) const fn add(&mut self, more: Self) {
        self.input_tokens = self.input_tokens.saturating_add(more.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(more.output_tokens);
    }
}

/// A model's answer in the agreed shape, with the redacted values put back.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The answer; it has the shape that was asked for.
    pub answer: Value,
    /// The model that spoke, as configured.
    pub model: String,
    /// Version of the prompt file that it answered.
    pub prompt_version: u32,
    /// What it used; nothing where the answer was kept from an earlier call.
    pub usage: Usage,
    /// The same question was answered before.
    pub cached: bool,
}

/// Why there is no answer. The reasons are Deskbell's own words: no customer's, no model's, no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// It can't be reached, is overloaded, or did not answer in time.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// What was seen.
        reason: String,
        /// When it asked to be tried again.
        retry_after: Option<Duration>,
    },
    /// A budget is used up: nothing was sent.
    #[error("not asked: {reason}")]
    OverBudget {
        /// Which budget.
        reason: String,
    },
    /// The model won't answer this.
    #[error("refused to answer: {reason}")]
    Refused {
        /// How it said so.
        reason: String,
    },
    /// It answered, but not in the agreed shape.
    #[error("gave an answer that can't be read: {reason}")]
    Unreadable {
        /// What is wrong with the answer.
        reason: String,
    },
    /// The service refuses the request itself: key, address, model or a setting is wrong.
    #[error("the service refused the request: {reason}")]
    Rejected {
        /// What to correct.
        reason: String,
    },
    /// The prompt file can't be filled.
    #[error("the prompt can't be filled: {reason}")]
    Prompt {
        /// What is wrong with it.
        reason: String,
    },
}

impl LlmError {
    /// The word for metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::OverBudget { .. } => "over_budget",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
            Self::Rejected { .. } => "rejected",
            Self::Prompt { .. } => "prompt",
        }
    }

    /// Whether the same question may have an answer a moment later.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unreadable { .. })
    }
}
