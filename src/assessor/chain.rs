//! Assessors in order: the preferred first, and at the end the one that cannot fail. A language model is heard beside them, and
//! what both say is made one.

use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, AssessorName};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;
use deskbell_judgement::classifier::Example;

use super::config::{AssessorConfig, AssessorConfigError};
use super::keywords::KeywordAssessor;
use super::llm::combine::{Voices, combined};
use super::local::LocalAssessor;
use super::{AssessRequest, Assessor};
use crate::compute;
use crate::threads::Unfinished;

/// Asks one assessor after the other until one answers, and a language model, where there is one, at the same time.
#[derive(Clone)]
pub struct Chain {
    model: Option<Arc<dyn Assessor>>,
    /// Who remembers what people decided.
    memory: Option<LocalAssessor>,
    preferred: Vec<Arc<dyn Assessor>>,
    last: Arc<KeywordAssessor>,
}

impl Chain {
    /// Asks `preferred` in their order and `last` when all of them failed.
    pub fn new(preferred: Vec<Arc<dyn Assessor>>, last: Arc<KeywordAssessor>) -> Self {
        Self { model: None, memory: None, preferred, last }
    }

    /// Hears this language model too.
    #[must_use]
    pub fn with_model(mut self, model: Arc<dyn Assessor>) -> Self {
        self.model = Some(model);
        self
    }

    /// The chain that needs nobody outside: the local assessor, then the keywords.
    pub fn of_local(local: &LocalAssessor) -> Self {
        Self { memory: Some(local.clone()), ..Self::new(vec![Arc::new(local.clone())], local.keywords()) }
    }

    /// The same, of an assessor that has learned nothing but examples. `labelled` are those of [`AssessorConfig::examples_file`].
    ///
    /// # Errors
    /// When a labelled example names no category of the policy, or there are too many to learn from.
    pub fn local(
        config: &AssessorConfig,
        categories: &[Category],
        labelled: Vec<Example>,
    ) -> Result<Self, AssessorConfigError> {
        LocalAssessor::prepare(config, categories, labelled).map(|local| Self::of_local(&local))
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
                let settled = self.memory.as_ref().and_then(|memory| memory.settled(&request));
                combined(said, own, voices, settled.as_ref(), |id| self.name_of(id))
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
        match compute::when_free(move || last.assess(&asked)).await {
            Ok(assessment) => assessment,
            Err(Unfinished::Panicked(panic)) => std::panic::resume_unwind(panic),
            // The answer is needed to finish the job in hand.
            Err(Unfinished::Ended) => self.last.assess(&request),
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

#[cfg(test)]
mod tests;
