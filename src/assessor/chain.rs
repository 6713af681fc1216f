//! Assessors in order: the preferred first, and at the end the one that cannot fail. A language model is heard beside them, and
//! what both say is made one.

use std::collections::BTreeMap;
use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, AssessorName};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;
use deskbell_judgement::classifier::Example;

use super::config::{AssessorConfig, AssessorConfigError, load_encoder};
use super::keywords::KeywordAssessor;
use super::llm::combine::{Voices, combined};
use super::local::LocalAssessor;
use super::{AssessRequest, Assessor};

/// A category needs so many examples before a model may learn from it.
const EXAMPLES_AT_LEAST: usize = 2;

/// Asks one assessor after the other until one answers, and a language model, where there is one, at the same time.
#[derive(Clone)]
pub struct Chain {
    model: Option<Arc<dyn Assessor>>,
    preferred: Vec<Arc<dyn Assessor>>,
    last: Arc<KeywordAssessor>,
}

impl Chain {
    /// Asks `preferred` in their order and `last` when all of them failed.
    pub fn new(preferred: Vec<Arc<dyn Assessor>>, last: Arc<KeywordAssessor>) -> Self {
        Self { model: None, preferred, last }
    }

    /// Hears this language model too.
    #[must_use]
    pub fn with_model(mut self, model: Arc<dyn Assessor>) -> Self {
        self.model = Some(model);
        self
    }

    /// The chain that needs nobody outside: the local model where every category has examples enough, then the
    /// keywords. `labelled` are the examples of [`AssessorConfig::examples_file`].
    ///
    /// # Errors
    /// When a labelled example names no category of the policy, or there are too many to learn from.
    pub fn local(
        config: &AssessorConfig,
        categories: &[Category],
        labelled: Vec<Example>,
    ) -> Result<Self, AssessorConfigError> {
        config.check()?;
        let last = Arc::new(KeywordAssessor::new(categories));
        let examples = all_examples(categories, labelled)?;
        if let Some(reason) = too_little(categories, &examples) {
            tracing::info!(%reason, "categories are judged by keywords alone");
            return Ok(Self::new(Vec::new(), last));
        }
        let encoder = load_encoder(config.encoder.as_deref())?;
        let local = LocalAssessor::train(&examples, encoder, Arc::clone(&last), config.abstain_below)?;
        Ok(Self::new(vec![Arc::new(local)], last))
    }

    /// Assesses a request; somebody always answers. Each one who failed leaves a warning.
    pub async fn assess(&self, request: AssessRequest) -> Assessment {
        let request = Arc::new(request);
        let Some(model) = &self.model else { return self.by_own(request).await };
        let (asked, own) = tokio::join!(model.assess(Arc::clone(&request)), self.by_own(Arc::clone(&request)));
        let name = model.name();
        match asked {
            Ok(said) => {
                let by_own = own.assessor.clone();
                let voices = Voices { model: spoken(&name), own: spoken(&by_own) };
                combined(said, own, voices, |id| self.name_of(id))
            }
            Err(error) => {
                tracing::warn!(assessor = spoken(&name), ticket = %request.ticket, %error, "an assessor failed");
                with_warnings(own, &[format!("{} {error}", spoken(&name))])
            }
        }
    }

    /// The category as people call it.
    fn name_of(&self, id: &CategoryId) -> String {
        let known = self.last.categories().iter().find(|category| category.id == *id);
        known.map_or_else(|| id.to_string(), |category| category.name.clone())
    }

    /// What can be told without a language model.
    async fn by_own(&self, request: Arc<AssessRequest>) -> Assessment {
        let mut failures = Vec::new();
        for assessor in &self.preferred {
            match assessor.assess(Arc::clone(&request)).await {
                Ok(assessment) => return with_warnings(assessment, &failures),
                Err(error) => {
                    tracing::warn!(assessor = spoken(&assessor.name()), ticket = %request.ticket, %error, "an assessor failed");
                    failures.push(format!("{} {error}", spoken(&assessor.name())));
                }
            }
        }
        with_warnings(self.by_keywords(request).await, &failures)
    }

    async fn by_keywords(&self, request: Arc<AssessRequest>) -> Assessment {
        let (last, asked) = (Arc::clone(&self.last), Arc::clone(&request));
        match tokio::task::spawn_blocking(move || last.assess(&asked)).await {
            Ok(assessment) => assessment,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The blocking pool is closing; the answer is needed to finish the job in hand.
                Err(_) => self.last.assess(&request),
            },
        }
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<AssessorName> = self.preferred.iter().map(|assessor| assessor.name()).collect();
        let model = self.model.as_ref().map(|model| model.name());
        f.debug_struct("Chain").field("model", &model).field("preferred", &names).finish_non_exhaustive()
    }
}

fn with_warnings(mut assessment: Assessment, failures: &[String]) -> Assessment {
    let who = spoken(&assessment.assessor).to_owned();
    let warnings = failures.iter().map(|failure| format!("{failure}; assessed by {who}"));
    assessment.warnings.splice(0..0, warnings);
    assessment
}

fn spoken(name: &AssessorName) -> &str {
    match name {
        AssessorName::Keywords => "the keywords",
        AssessorName::Local => "the local model",
        AssessorName::Llm(model) => model,
        AssessorName::Nobody => "nobody",
    }
}

fn all_examples(categories: &[Category], labelled: Vec<Example>) -> Result<Vec<Example>, AssessorConfigError> {
    let stranger = labelled.iter().find(|example| categories.iter().all(|known| known.id.as_str() != example.label));
    if let Some(example) = stranger {
        let known: Vec<&str> = categories.iter().map(|category| category.id.as_str()).collect();
        return Err(AssessorConfigError::UnknownLabel { label: example.label.clone(), known: known.join(", ") });
    }
    let own = categories.iter().flat_map(|category| {
        let label = category.id.as_str();
        category.examples.iter().map(move |text| Example { text: text.clone(), label: label.to_owned() })
    });
    Ok(own.chain(labelled).collect())
}

/// Why a model would do harm: it never answers with a category that it has no examples of.
fn too_little(categories: &[Category], examples: &[Example]) -> Option<String> {
    if categories.len() < 2 {
        return Some("the policy has fewer than 2 categories".to_owned());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        *counts.entry(&example.label).or_insert(0) += 1;
    }
    let poor = categories
        .iter()
        .find(|category| counts.get(category.id.as_str()).is_none_or(|count| *count < EXAMPLES_AT_LEAST))?;
    Some(format!("category `{}` has fewer than {EXAMPLES_AT_LEAST} examples", poor.id))
}

#[cfg(test)]
mod tests;
