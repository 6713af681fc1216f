//! Learning from people: every answer to a card is a label. It counts at once as a precedent, the model learns it in the background,
//! and what is carried out without asking moves with the evidence, inside the policy's bounds.
//!
//! Read [`Learning`] (what the pipeline holds), then `learner` (the loop behind it: train, go back, move), [`report`] (how the
//! assessor does). The labels themselves are written with the ticket's own change, so nothing here can lose one: whatever was
//! not learned before a crash is learned after the start.

mod learner;
pub mod report;

use std::sync::{Arc, PoisonError, RwLock};

use deskbell_domain::ids::{CategoryId, TicketId};
use deskbell_domain::label::{Label, Labelling};
use deskbell_domain::ticket::Verdict;
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::temperature::{Candour, Temperature};
use tokio::sync::Notify;

use crate::assessor::llm::LlmAssessor;
use crate::assessor::local::LocalAssessor;
use crate::store::{AutoFrom, ModelVersion};

pub use learner::{LearnError, Learner};

/// A factor that changed by less is not told.
const TOLD_FROM: f64 = 0.01;

/// The version that answers.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// Which.
    pub version: ModelVersion,
    /// A person went back to it: nothing is learned until somebody asks for it.
    pub is_pinned: bool,
}

/// What was learned, as the pipeline uses it. Clones share it.
#[derive(Debug, Clone)]
pub struct Learning {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    local: LocalAssessor,
    llm: Option<LlmAssessor>,
    standing: RwLock<Standing>,
    answered: Notify,
}

#[derive(Debug, Default)]
struct Standing {
    auto_from: AutoFrom,
    in_force: Option<InForce>,
    /// Precedents stand still, as the model does.
    is_pinned: bool,
}

impl Learning {
    /// For the local assessor, and a language model where one assesses.
    pub fn new(local: LocalAssessor, llm: Option<LlmAssessor>) -> Self {
        Self { inner: Arc::new(Inner { local, llm, standing: RwLock::default(), answered: Notify::new() }) }
    }

    /// The confidences from which on categories may be carried out without asking, as evidence says.
    pub fn auto_from(&self) -> AutoFrom {
        self.read(|standing| standing.auto_from.clone())
    }

    /// The version that answers; `None` before the first is made.
    pub fn in_force(&self) -> Option<InForce> {
        self.read(|standing| standing.in_force.clone())
    }

    /// The language model that assesses, and what its own certainty is worth; `None` where none does.
    pub fn llm(&self) -> Option<(&str, Temperature)> {
        self.inner.llm.as_ref().map(|llm| (llm.model(), llm.temperature()))
    }

    /// What the language model's own certainty is worth follows from what people settled after that very model had spoken.
    fn calibrate<'a>(&self, labels: impl IntoIterator<Item = &'a Label>) {
        let Some(llm) = &self.inner.llm else { return };
        let found = Candour::of(labels).remove(llm.model()).unwrap_or_default();
        let (before, now) = (llm.temperature().factor(), found.factor.factor());
        llm.take_for(found.factor);
        metrics::gauge!("deskbell_llm_certainty_factor", "model" => llm.model().to_owned()).set(now);
        if (before - now).abs() >= TOLD_FROM {
            tracing::info!(
                model = llm.model(),
                before,
                now,
                labels = found.labels,
                "a language model's certainty counts anew"
            );
        }
    }

    /// Whether sentences are compared by their meaning.
    pub fn has_encoder(&self) -> bool {
        self.inner.local.has_encoder()
    }

    /// The sentence encoder, where there is one.
    pub fn encoder(&self) -> Option<Encoder> {
        self.inner.local.encoder()
    }

    /// A step was committed with this label: it counts from now on.
    pub fn took(&self, labelling: &Labelling) {
        let verdict = match labelling {
            Labelling::Given { label, .. } => verdict_word(label.verdict),
            Labelling::Withdrawn { .. } => "withdrawn",
        };
        metrics::counter!("deskbell_labels_total", "verdict" => verdict).increment(1);
        if !self.read(|standing| standing.is_pinned) {
            match labelling {
                Labelling::Given { label, .. } => match precedent(label) {
                    Some((ticket, category)) => self.inner.local.decided(ticket, category),
                    None => self.inner.local.undecided(label.ticket),
                },
                Labelling::Withdrawn { ticket, .. } => self.inner.local.undecided(*ticket),
            }
        }
        self.inner.answered.notify_one();
    }

    fn read<T>(&self, read: impl FnOnce(&Standing) -> T) -> T {
        read(&self.inner.standing.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, write: impl FnOnce(&mut Standing)) {
        write(&mut self.inner.standing.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What an answer says of its ticket: a category, or (`None`) that it is no ticket. An answer that leaves the category open says
/// nothing.
fn precedent(label: &Label) -> Option<(TicketId, Option<CategoryId>)> {
    match (&label.category, label.verdict) {
        (_, Verdict::NotATicket) => Some((label.ticket, None)),
        (Some(category), _) => Some((label.ticket, Some(category.clone()))),
        (None, _) => None,
    }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed => "confirmed",
        Verdict::Changed => "changed",
        Verdict::NotATicket => "not_a_ticket",
        Verdict::Expired => "expired",
    }
}
