//! The assessor that asks a language model. The model fills in a form; what it fills in is checked, calibrated, and never more than
//! one of the values that the form foresees. Its only free text is the summary.

pub mod combine;

use std::sync::{Arc, PoisonError, RwLock};

use deskbell_domain::assessment::{
    Assessment, AssessorName, Complexity, Confidence, Judged, Sentiment, Stated, Urgency,
};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;
use deskbell_judgement::language::UNDETERMINED;
use deskbell_judgement::mrkdwn;
use deskbell_judgement::temperature::Temperature;
use deskbell_judgement::text::words;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AssessError, AssessRequest, Assessing, Assessor, reading};
use crate::llm::shape::Shape;
use crate::llm::{Llm, LlmError, PromptCall, PromptName};

/// What the model says for a category where none fits.
pub const UNKNOWN: &str = "unknown";
/// Examples of each category in the prompt, and characters of each.
const EXAMPLES_MAX: usize = 3;
const EXAMPLE_CHARS: usize = 140;
/// Pieces of the request that are shown as evidence, and characters of each.
const EVIDENCE_MAX: usize = 3;
const EVIDENCE_CHARS: usize = 120;
/// More than a summary may have, so that one that is a little too long is shortened and not refused.
const SUMMARY_CHARS: usize = 1_000;
/// What a model's yes or no to whether anything is asked is taken for: it gives no figure with it.
const IS_REQUEST: f64 = 0.9;
/// What its word for a language is taken for that our own reading can't tell.
const LANGUAGE: f64 = 0.5;
/// No model is surer than this of anything.
const SURE_MAX: f64 = 0.97;

/// Asks a language model what a request is about. Clones share what is known of its candour.
#[derive(Debug, Clone)]
pub struct LlmAssessor {
    llm: Llm,
    categories: Arc<[Category]>,
    /// What it states of a category counts so. Of urgency, tone and the rest people settle nothing: there the prior stands.
    temperature: Arc<RwLock<Temperature>>,
}

/// The form, filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    category: String,
    category_confidence: f64,
    evidence: Vec<String>,
    is_request: bool,
    urgency: Urgency,
    urgency_confidence: f64,
    sentiment: Sentiment,
    sentiment_confidence: f64,
    language: String,
    complexity: Help,
    complexity_confidence: f64,
    summary: String,
}

/// Who can help, in the prompt's words.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Help {
    Knowledge,
    Person,
}

impl LlmAssessor {
    /// Assesses into these categories.
    pub fn new(llm: Llm, categories: &[Category]) -> Self {
        Self { llm, categories: categories.into(), temperature: Arc::default() }
    }

    /// The model, as configured.
    pub fn model(&self) -> &str {
        self.llm.model()
    }

    /// What its own certainty of a category is worth.
    pub fn temperature(&self) -> Temperature {
        *self.temperature.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on its own certainty of a category is worth this.
    pub fn take_for(&self, temperature: Temperature) {
        *self.temperature.write().unwrap_or_else(PoisonError::into_inner) = temperature;
    }

    /// Asks, without a word of Deskbell's own reading.
    ///
    /// # Errors
    /// Why the model gave no answer.
    pub async fn ask(&self, request: &AssessRequest) -> Result<Assessment, LlmError> {
        let completion = self.llm.complete(self.call(request)).await?;
        let form = serde_json::from_value(completion.answer);
        // The shape was checked; a form that is none all the same is ours to mend.
        let form = form.map_err(|_| LlmError::Unreadable { reason: "the form is another".to_owned() })?;
        Ok(self.assessment(request, form))
    }

    /// The form. Only the policy's categories are in it.
    fn shape(&self) -> Shape {
        let urgencies = [Urgency::Low, Urgency::Normal, Urgency::High, Urgency::Critical].map(Urgency::as_str);
        let sentiments = [Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative].map(Sentiment::as_str);
        let known = self.categories.iter().map(|category| category.id.as_str()).chain([UNKNOWN]);
        Shape::object([
            ("category", Shape::one_of(known)),
            ("category_confidence", Shape::probability()),
            ("evidence", Shape::list(Shape::text(600), 8)),
            ("is_request", Shape::Flag),
            ("urgency", Shape::one_of(urgencies)),
            ("urgency_confidence", Shape::probability()),
            ("sentiment", Shape::one_of(sentiments)),
            ("sentiment_confidence", Shape::probability()),
            ("language", Shape::text(8)),
            ("complexity", Shape::one_of(["knowledge", "person"])),
            ("complexity_confidence", Shape::probability()),
            ("summary", Shape::text(SUMMARY_CHARS)),
        ])
    }

    fn call(&self, request: &AssessRequest) -> PromptCall {
        let categories: Vec<Value> = self.categories.iter().map(told).collect();
        PromptCall::new(PromptName::Assess, self.shape())
            .told("unknown", UNKNOWN)
            .told("categories", categories)
            .words("request", mrkdwn::plain(reading::read_part(&request.text)))
            .names(request.people.iter().cloned())
            .for_ticket(request.ticket)
    }

    fn assessment(&self, request: &AssessRequest, form: Form) -> Assessment {
        let evidence = quoted(&form.evidence, &request.text);
        let stated = (form.category != UNKNOWN).then(|| Stated {
            model: self.llm.model().to_owned(),
            category: CategoryId::new(form.category),
            confidence: Confidence::from_probability(form.category_confidence),
        });
        let category = stated.as_ref().map(|stated| Judged {
            value: stated.category.clone(),
            confidence: calibrated(form.category_confidence, self.temperature()),
            evidence,
        });
        let name = AssessorName::Llm(self.llm.model().to_owned());
        let mut assessment = reading::assessment(name, request, category, &self.categories);
        assessment.stated = stated;
        assessment.urgency = judged(form.urgency, form.urgency_confidence);
        assessment.sentiment = judged(form.sentiment, form.sentiment_confidence);
        assessment.complexity = Some(judged(complexity(form.complexity), form.complexity_confidence));
        assessment.request = Some(judged(form.is_request, IS_REQUEST));
        if assessment.language == UNDETERMINED {
            assessment.language = language(&form.language);
            assessment.language_confidence = match assessment.language.as_str() {
                UNDETERMINED => Confidence::NONE,
                _ => Confidence::from_probability(LANGUAGE),
            };
        }
        if let Some(summary) = summary(&form.summary) {
            assessment.summary = summary;
            assessment.summary_confidence = Confidence::NONE;
        }
        if !form.is_request {
            assessment.warnings.push(format!("{} finds that nothing is asked here", self.llm.model()));
        }
        assessment
    }
}

impl Assessor for LlmAssessor {
    fn name(&self) -> AssessorName {
        AssessorName::Llm(self.llm.model().to_owned())
    }

    fn assess(&self, request: Arc<AssessRequest>) -> Assessing<'_> {
        Box::pin(async move { Ok(self.ask(&request).await?) })
    }
}

impl From<LlmError> for AssessError {
    fn from(error: LlmError) -> Self {
        match error {
            LlmError::Unavailable { reason, retry_after } => Self::Unavailable { reason, retry_after },
            LlmError::OverBudget { reason } | LlmError::Rejected { reason } | LlmError::Prompt { reason } => {
                Self::Unavailable { reason, retry_after: None }
            }
            LlmError::Refused { reason } => Self::Refused { reason },
            LlmError::Unreadable { reason } => Self::Unreadable { reason },
        }
    }
}

fn told(category: &Category) -> Value {
    let short = |text: &String| text.chars().take(EXAMPLE_CHARS).collect::<String>();
    let examples: Vec<String> = category.examples.iter().take(EXAMPLES_MAX).map(short).collect();
    json!({ "id": category.id.as_str(), "name": category.name, "examples": examples })
}

fn judged<T>(value: T, stated: f64) -> Judged<T> {
    Judged { value, confidence: calibrated(stated, Temperature::default()), evidence: Vec::new() }
}

/// What a model's own figure is worth.
pub fn calibrated(stated: f64, temperature: Temperature) -> Confidence {
    Confidence::from_probability(temperature.applied(stated).min(SURE_MAX))
}

const fn complexity(help: Help) -> Complexity {
    match help {
        Help::Knowledge => Complexity::Answerable,
        Help::Person => Complexity::NeedsPerson,
    }
}

fn language(said: &str) -> String {
    let is_code = said.len() == 2 && said.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_code { said.to_owned() } else { UNDETERMINED.to_owned() }
}

/// Only what stands in the request indeed.
fn quoted(evidence: &[String], text: &str) -> Vec<String> {
    let there = words(&mrkdwn::plain(text));
    let stands = |piece: &&String| {
        let quoted = words(piece);
        !quoted.is_empty() && there.windows(quoted.len()).any(|window| window == quoted.as_slice())
    };
    let short = |piece: &String| one_line(piece, EVIDENCE_CHARS);
    evidence.iter().filter(stands).map(short).take(EVIDENCE_MAX).collect()
}

fn summary(said: &str) -> Option<String> {
    let summary = one_line(said, deskbell_judgement::summary::SUMMARY_CHARS);
    (!summary.is_empty()).then_some(summary)
}

fn one_line(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars {
        return line;
    }
    line.chars().take(chars - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
