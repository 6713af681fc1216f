//! The assessor that learned from labelled examples and from what people decided; what it isn't sure of it leaves to the keywords.
//!
//! Two things speak: a model of all examples, trained anew in the background while the one before goes on answering, and
//! precedents, which know of an answer the moment it is given.

use std::sync::{Arc, PoisonError, RwLock};

use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, Judged};
use deskbell_domain::ids::{CategoryId, TicketId};
use deskbell_domain::policy::Category;
use deskbell_judgement::classifier::{Example, HeldOut, Lesson, Model};
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::precedents::{Precedent, Precedents};

use super::config::{AssessorConfig, AssessorConfigError, load_encoder};
use super::keywords::KeywordAssessor;
use super::{AssessError, AssessRequest, Assessing, Assessor, examples, reading};
use crate::compute;
use crate::threads::Unfinished;

/// How much precedents that agree with the model take away of its doubt.
const AGREEMENT: f64 = 0.5;
/// What precedents keep of their certainty where the model says another thing.
const DISAGREEMENT: f64 = 0.8;
/// So many texts that were no tickets must be known before what is strange is learned from them.
const STRANGE_AT_LEAST: usize = 20;

/// Names the category by precedents and a model, and asks the keywords where both are silent. Clones share what was learned.
#[derive(Debug, Clone)]
pub struct LocalAssessor {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    categories: Vec<Category>,
    keywords: Arc<KeywordAssessor>,
    /// Examples of the configured file.
    labelled: Vec<Example>,
    /// The one that every model learns with.
    encoder: Option<Encoder>,
    abstain_below: f64,
    model: RwLock<Option<Arc<Model>>>,
    precedents: RwLock<Precedents>,
}

/// A request whose category people settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// What was asked.
    pub text: String,
    /// What it is; `None`: no ticket.
    pub category: Option<CategoryId>,
}

/// What came of learning: to be taken over, or thrown away.
#[derive(Debug)]
pub struct Learned {
    model: Option<Arc<Model>>,
    /// Examples in all.
    pub examples: usize,
    /// What it said of examples that it had not seen.
    pub held_out: Vec<HeldOut>,
    /// Why there is no model, and the keywords speak alone.
    pub without_model: Option<String>,
}

impl LocalAssessor {
    /// Reads the encoder, where one is configured, and learns from the policy's examples and `labelled`, the file's. Takes
    /// milliseconds for a policy's own, seconds for ten thousand; with an encoder up to a minute for so many.
    ///
    /// # Errors
    /// When the examples can't be learned, or the encoder can't be read.
    pub fn prepare(
        config: &AssessorConfig,
        categories: &[Category],
        labelled: Vec<Example>,
    ) -> Result<Self, AssessorConfigError> {
        config.check()?;
        examples::check_labels(categories, &labelled)?;
        let shared = Shared {
            categories: categories.to_vec(),
            keywords: Arc::new(KeywordAssessor::new(categories)),
            labelled,
            encoder: load_encoder(config.encoder.as_deref())?,
            abstain_below: config.abstain_below,
            model: RwLock::default(),
            precedents: RwLock::default(),
        };
        let local = Self { shared: Arc::new(shared) };
        let learned = local.learn(categories, &[])?;
        if let Some(reason) = &learned.without_model {
            tracing::info!(reason, "categories are judged by keywords alone");
        }
        local.take_over(learned);
        Ok(local)
    }

    /// Who answers where this one is silent.
    pub fn keywords(&self) -> Arc<KeywordAssessor> {
        Arc::clone(&self.shared.keywords)
    }

    /// Whether sentences are compared by their meaning, and not by their words alone.
    pub fn has_encoder(&self) -> bool {
        self.shared.encoder.is_some()
    }

    /// The sentence encoder, where one is configured or found.
    pub fn encoder(&self) -> Option<Encoder> {
        self.shared.encoder.clone()
    }

    /// Learns a model from the examples of these categories (an earlier policy's, where an earlier version is made again), the
    /// file's, and what people decided. Changes nothing: answers go on coming from the model in force. It computes; call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// When there are too many examples.
    pub fn learn(&self, categories: &[Category], taught: &[Taught]) -> Result<Learned, AssessorConfigError> {
        let shared = &self.shared;
        let known = |id: &str| shared.categories.iter().any(|category| category.id.as_str() == id);
        let settled = taught.iter().filter_map(|taught| {
            let label = taught.category.as_ref()?.to_string();
            Some(Example { text: taught.text.clone(), label })
        });
        let mut all = examples::of_policy(categories);
        all.extend(shared.labelled.iter().cloned().chain(settled));
        all.retain(|example| known(&example.label));
        let without_model = examples::too_little(&shared.categories, &all, shared.encoder.is_some());
        if without_model.is_some() {
            return Ok(Learned { model: None, examples: all.len(), held_out: Vec::new(), without_model });
        }
        let mut strange: Vec<String> =
            taught.iter().filter(|taught| taught.category.is_none()).map(|taught| taught.text.clone()).collect();
        if strange.len() < STRANGE_AT_LEAST {
            strange.clear();
        }
        let names = examples::names(&shared.categories);
        let lesson = Lesson { examples: &all, names: &names, strange: &strange, encoder: shared.encoder.as_ref() };
        let (model, held_out) = Model::learn(&lesson)?;
        Ok(Learned { model: Some(Arc::new(model)), examples: all.len(), held_out, without_model: None })
    }

    /// From now on this model answers.
    pub fn take_over(&self, learned: Learned) {
        *self.shared.model.write().unwrap_or_else(PoisonError::into_inner) = learned.model;
    }

    /// From now on these precedents count, and no others.
    pub fn remember_precedents(&self, decided: impl IntoIterator<Item = (TicketId, Option<CategoryId>)>) {
        let mut precedents = Precedents::default();
        decided.into_iter().for_each(|(ticket, category)| precedents.put(ticket, category));
        *self.shared.precedents.write().unwrap_or_else(PoisonError::into_inner) = precedents;
    }

    /// What people decided about nearly the same request as this one.
    pub fn settled(&self, request: &AssessRequest) -> Option<Precedent> {
        let precedent = self.shared.precedent(request).filter(Precedent::is_of_the_same)?;
        (precedent.category.is_none() || self.shared.knows(&precedent)).then_some(precedent)
    }

    /// A person decided what a ticket is (`None`: none); counts at once.
    pub fn decided(&self, ticket: TicketId, category: Option<CategoryId>) {
        self.shared.precedents.write().unwrap_or_else(PoisonError::into_inner).put(ticket, category);
    }

    /// What was decided about a ticket does not count any more.
    pub fn undecided(&self, ticket: TicketId) {
        self.shared.precedents.write().unwrap_or_else(PoisonError::into_inner).remove(ticket);
    }
}

/// What is said of the category, and what the card tells besides.
struct Said {
    by: AssessorName,
    category: Option<Judged<CategoryId>>,
    warning: Option<String>,
}

impl Shared {
    fn assess(&self, request: &AssessRequest) -> Assessment {
        let Said { by, category, warning } = self.category(request);
        let mut assessment = reading::assessment(by, request, category, self.keywords.categories());
        assessment.warnings.extend(warning);
        assessment
    }

    fn category(&self, request: &AssessRequest) -> Said {
        let precedent = self.precedent(request);
        let by_model = self.by_model(&request.text);
        let said = |category, warning| Said { by: AssessorName::Local, category, warning };
        match (precedent, by_model) {
            (Some(Precedent { category: None, probability, tickets, .. }), by_model) => {
                let named = tickets.first().map(ToString::to_string).unwrap_or_default();
                said(
                    by_model.map(|judged| doubted(judged, probability)),
                    Some(format!("reads like {named}, which was no ticket")),
                )
            }
            (Some(precedent), by_model) if self.knows(&precedent) => said(Some(weighed(precedent, by_model)), None),
            (_, Some(judged)) => said(Some(judged), None),
            (_, None) => match self.keywords.category(&request.text) {
                Some(judged) => Said { by: AssessorName::Keywords, category: Some(judged), warning: None },
                None => said(None, None),
            },
        }
    }

    fn precedent(&self, request: &AssessRequest) -> Option<Precedent> {
        self.precedents.read().unwrap_or_else(PoisonError::into_inner).of(&request.similar)
    }

    fn by_model(&self, text: &str) -> Option<Judged<CategoryId>> {
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let judged = model.classify_with(reading::read_part(text), self.encoder.as_ref(), self.abstain_below)?;
        let Judged { value, confidence, evidence } = judged;
        Some(Judged { value: CategoryId::new(value), confidence, evidence })
    }

    /// The policy may have changed since people decided so.
    fn knows(&self, precedent: &Precedent) -> bool {
        self.categories.iter().any(|category| Some(&category.id) == precedent.category.as_ref())
    }
}

/// People's own word comes first; what the model says of the words makes it more or less sure.
fn weighed(precedent: Precedent, by_model: Option<Judged<CategoryId>>) -> Judged<CategoryId> {
    let Precedent { category, probability, tickets, .. } = precedent;
    let value = category.unwrap_or_else(|| CategoryId::new(""));
    let tickets = tickets.iter().map(ToString::to_string);
    let of = Confidence::from_probability;
    match by_model {
        Some(judged) if judged.value == value => {
            let sure = judged.confidence.probability();
            let evidence = judged.evidence.into_iter().chain(tickets).collect();
            Judged { value, confidence: of(sure + (1.0 - sure) * probability * AGREEMENT), evidence }
        }
        Some(_) => Judged { value, confidence: of(probability * DISAGREEMENT), evidence: tickets.collect() },
        None => Judged { value, confidence: of(probability), evidence: tickets.collect() },
    }
}

fn doubted(judged: Judged<CategoryId>, against: f64) -> Judged<CategoryId> {
    let confidence = Confidence::from_probability(judged.confidence.probability() * (1.0 - against));
    Judged { confidence, ..judged }
}

impl Assessor for LocalAssessor {
    fn name(&self) -> AssessorName {
        AssessorName::Local
    }

    fn assess(&self, request: Arc<AssessRequest>) -> Assessing<'_> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let work = compute::when_free(move || shared.assess(&request));
            work.await.map_err(|error| AssessError::Unavailable {
                reason: match error {
                    Unfinished::Panicked(_) => "the local model broke off".to_owned(),
                    Unfinished::Ended => "Deskbell is stopping".to_owned(),
                },
                retry_after: None,
            })
        })
    }
}

#[cfg(test)]
mod tests;
