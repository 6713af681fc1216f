//! The assessor that learned from labelled examples; what it isn't sure of it leaves to the keywords.

use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, AssessorName, Judged};
use deskbell_domain::ids::CategoryId;
use deskbell_judgement::classifier::{Example, Lesson, Model, TrainingError};
use deskbell_judgement::encoder::Encoder;

use super::keywords::KeywordAssessor;
use super::{AssessError, AssessRequest, Assessing, Assessor, reading};

/// Names the category by a model and asks the keywords where the model abstains.
#[derive(Debug, Clone)]
pub struct LocalAssessor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    model: Model,
    /// The one that the model learned with.
    encoder: Option<Encoder>,
    keywords: Arc<KeywordAssessor>,
    abstain_below: f64,
}

impl LocalAssessor {
    /// Learns from the examples. Takes milliseconds for a policy's own, seconds for ten thousand; with an encoder up to
    /// a minute for so many.
    ///
    /// # Errors
    /// When the examples can't teach anything.
    pub fn train(
        examples: &[Example],
        encoder: Option<Encoder>,
        keywords: Arc<KeywordAssessor>,
        abstain_below: f64,
    ) -> Result<Self, TrainingError> {
        let (model, _) = Model::learn(&Lesson { examples, encoder: encoder.as_ref(), ..Lesson::default() })?;
        Ok(Self { inner: Arc::new(Inner { model, encoder, keywords, abstain_below }) })
    }
}

impl Inner {
    fn assess(&self, request: &AssessRequest) -> Assessment {
        let (name, category) = self.category(&request.text);
        reading::assessment(name, request, category, self.keywords.categories())
    }

    fn category(&self, text: &str) -> (AssessorName, Option<Judged<CategoryId>>) {
        let read = reading::read_part(text);
        if let Some(judged) = self.model.classify_with(read, self.encoder.as_ref(), self.abstain_below) {
            let Judged { value, confidence, evidence } = judged;
            return (AssessorName::Local, Some(Judged { value: CategoryId::new(value), confidence, evidence }));
        }
        match self.keywords.category(text) {
            Some(judged) => (AssessorName::Keywords, Some(judged)),
            None => (AssessorName::Local, None),
        }
    }
}

impl Assessor for LocalAssessor {
    fn name(&self) -> AssessorName {
        AssessorName::Local
    }

    fn assess(&self, request: Arc<AssessRequest>) -> Assessing<'_> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || inner.assess(&request));
            work.await.map_err(|error| AssessError::Unavailable {
                reason: if error.is_panic() { "the local model broke off" } else { "Deskbell is stopping" }.to_owned(),
                retry_after: None,
            })
        })
    }
}
