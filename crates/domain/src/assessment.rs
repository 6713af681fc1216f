//! What an assessor found out about a request. Data only: an assessment permits nothing.

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, SquadId, TicketId};

/// A probability in `0.0..=1.0`, kept as thousandths so that decisions replay to the byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidence(u16);

impl Confidence {
    /// No confidence at all.
    pub const NONE: Self = Self(0);

    /// Rounds a probability to thousandths; what is outside `0.0..=1.0` (or NaN) is clamped.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn from_probability(probability: f64) -> Self {
        if probability.is_nan() {
            return Self::NONE;
        }
        Self((probability.clamp(0.0, 1.0) * 1000.0).round() as u16)
    }

    /// From thousandths; more than 1000 are 1000.
    pub const fn from_thousandths(thousandths: u16) -> Self {
        Self(if thousandths > 1000 { 1000 } else { thousandths })
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// As a probability in `0.0..=1.0`.
    pub fn probability(self) -> f64 {
        f64::from(self.0.min(1000)) / 1000.0
    }

    /// In whole per cent, as people read it.
    pub fn percent(self) -> u16 {
        (self.0.min(1000) + 5) / 10
    }
}

/// How soon somebody must act, judged from the words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Whenever there is time.
    Low,
    /// The usual.
    Normal,
    /// Work is hindered.
    High,
    /// Work or business has stopped.
    Critical,
}

impl Urgency {
    /// The name in rules and on cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The tone of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sentiment {
    /// Friendly or thankful.
    Positive,
    /// Matter of fact.
    Neutral,
    /// Annoyed or angry.
    Negative,
}

impl Sentiment {
    /// The name in rules and on cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// Where the requester's tone goes in the course of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentimentTrend {
    /// Friendlier than before.
    Improving,
    /// Much the same.
    Steady,
    /// More annoyed than before.
    Worsening,
}

impl SentimentTrend {
    /// The name in rules and on cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Improving => "improving",
            Self::Steady => "steady",
            Self::Worsening => "worsening",
        }
    }
}

/// Who can help: the knowledge base, or a person alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// What is asked is written somewhere: a how-to, a rule, a limit.
    Answerable,
    /// Somebody has to look, decide or do something.
    NeedsPerson,
}

impl Complexity {
    /// The name in rules and on cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answerable => "answerable",
            Self::NeedsPerson => "needs_person",
        }
    }
}

/// Which assessor spoke.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssessorName {
    /// Keywords and examples of the rules.
    Keywords,
    /// The statistical model learned from labelled examples.
    Local,
    /// A language model, by its configured name.
    Llm(String),
    /// None: the request could not be assessed.
    Nobody,
}

/// So much of what weighed is shown.
const EVIDENCE_OF_CATEGORY: usize = 3;
const EVIDENCE_OF_URGENCY: usize = 2;

/// One label with its confidence and what weighed for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged<T> {
    /// The label.
    pub value: T,
    /// How likely it is right, calibrated: of all answers at 0.8, eight in ten should be right (docs/JUDGEMENT.md says how far that holds).
    pub confidence: Confidence,
    /// The words or tickets that weighed most, the heaviest first. Customers' words: sealed with the ticket.
    pub evidence: Vec<String>,
}

/// What a language model itself said, before anything was made of it: what its figures are worth is learned from that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The model, by its configured name.
    pub model: String,
    /// The category that it named.
    pub category: CategoryId,
    /// How sure it said it was.
    pub confidence: Confidence,
}

/// An earlier ticket that reads alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimilarTicket {
    /// Which.
    pub ticket: TicketId,
    /// How alike, `1` is the same text.
    pub similarity: Confidence,
}

/// One thing that was read from a request, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What, by its name in rules.
    pub what: &'static str,
    /// What it says.
    pub said: String,
    /// How likely that is right.
    pub confidence: Confidence,
    /// What weighed most. Customers' words.
    pub evidence: Vec<String>,
}

impl Assessment {
    /// What is known where nobody could assess: nothing, and the reason for the card.
    pub fn missing(warning: impl Into<String>) -> Self {
        fn unknown<T>(value: T) -> Judged<T> {
            Judged { value, confidence: Confidence::NONE, evidence: Vec::new() }
        }
        Self {
            assessor: AssessorName::Nobody,
            category: None,
            area: String::new(),
            squad: None,
            urgency: unknown(Urgency::Normal),
            sentiment: unknown(Sentiment::Neutral),
            sentiment_trend: None,
            complexity: None,
            request: None,
            language: "und".to_owned(),
            language_confidence: Confidence::NONE,
            summary: String::new(),
            summary_confidence: Confidence::NONE,
            similar: Vec::new(),
            stated: None,
            warnings: vec![warning.into()],
        }
    }
}

/// What an assessor returns. Every part is an input of the decision and never a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Who spoke.
    pub assessor: AssessorName,
    /// The support category; `None` when nothing spoke for any.
    pub category: Option<Judged<CategoryId>>,
    /// The technical area (`login`, `api`, `billing` …) in a word; empty when unknown.
    pub area: String,
    /// The squad suggested by the words, where labels say so.
    pub squad: Option<Judged<SquadId>>,
    /// How soon.
    pub urgency: Judged<Urgency>,
    /// The tone.
    pub sentiment: Judged<Sentiment>,
    /// Where the tone goes; `None` until a thread has two messages of the requester's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment_trend: Option<Judged<SentimentTrend>>,
    /// What it takes to answer; `None` where nobody judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Judged<Complexity>>,
    /// Whether it asks for anything at all, with the probability of what is said; `None` where nobody judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Judged<bool>>,
    /// ISO 639-1 code, or `und`.
    pub language: String,
    /// That the language is right: the learned model's probability.
    #[serde(default)]
    pub language_confidence: Confidence,
    /// Up to three sentences, the customer's own. Sealed with the ticket.
    pub summary: String,
    /// That the summary holds what the request is about; none where a model put it in words.
    #[serde(default)]
    pub summary_confidence: Confidence,
    /// The most alike first, at most 5.
    pub similar: Vec<SimilarTicket>,
    /// What a language model itself said of the category; `None` where none was asked, or none fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// What went wrong on the way, for the card ("LLM timed out, assessed locally"). No customers' words.
    pub warnings: Vec<String>,
}

impl Assessment {
    /// What weighed most for category and urgency, each said once.
    pub fn evidence(&self) -> Vec<String> {
        let category = self.category.iter().flat_map(|judged| judged.evidence.iter().take(EVIDENCE_OF_CATEGORY));
        let mut evidence: Vec<String> = Vec::new();
        for said in category.chain(self.urgency.evidence.iter().take(EVIDENCE_OF_URGENCY)) {
            if !evidence.contains(said) {
                evidence.push(said.clone());
            }
        }
        evidence
    }

    /// Everything that was read from the words, each with how sure it is and what weighed.
    pub fn readings(&self) -> Vec<Reading> {
        fn read<T>(what: &'static str, judged: &Judged<T>, said: impl Fn(&T) -> String) -> Reading {
            let (confidence, evidence) = (judged.confidence, judged.evidence.clone());
            Reading { what, said: said(&judged.value), confidence, evidence }
        }
        let plain = |what, said: &str, confidence, evidence: &[String]| {
            let is_said = !said.is_empty();
            is_said.then(|| Reading { what, said: said.to_owned(), confidence, evidence: evidence.to_vec() })
        };
        let of_category = self.category.as_ref().map(|judged| judged.evidence.as_slice()).unwrap_or_default();
        let readings = [
            self.request.as_ref().map(|judged| read("request", judged, ToString::to_string)),
            self.category.as_ref().map(|judged| read("category", judged, ToString::to_string)),
            plain("area", &self.area, self.area_confidence(), of_category),
            self.squad.as_ref().map(|judged| read("squad", judged, ToString::to_string)),
            Some(read("urgency", &self.urgency, |value| value.as_str().to_owned())),
            Some(read("sentiment", &self.sentiment, |value| value.as_str().to_owned())),
            self.sentiment_trend
                .as_ref()
                .map(|judged| read("sentiment_trend", judged, |value| value.as_str().to_owned())),
            self.complexity.as_ref().map(|judged| read("complexity", judged, |value| value.as_str().to_owned())),
            plain("language", &self.language, self.language_confidence, &[]),
            // The requester's own sentences are what it rests on.
            plain("summary", &self.summary, self.summary_confidence, &[]),
        ];
        readings.into_iter().flatten().collect()
    }

    /// How likely the area is right: it follows from the category.
    pub fn area_confidence(&self) -> Confidence {
        let category = self.category.as_ref().filter(|_| !self.area.is_empty());
        category.map_or(Confidence::NONE, |judged| judged.confidence)
    }

    /// How likely it is that somebody asks for something; certain where nobody judged it.
    pub fn request_probability(&self) -> f64 {
        match &self.request {
            None => 1.0,
            Some(judged) if judged.value => judged.confidence.probability(),
            Some(judged) => 1.0 - judged.confidence.probability(),
        }
    }
}
