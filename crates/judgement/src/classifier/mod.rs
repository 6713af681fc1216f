//! A model learned from labelled examples. Up to four experts give a score per label: separating planes over TF-IDF
//! of words and characters, and, where there is a sentence encoder, logistic regression on its vectors, the
//! nearest example, and all examples as far as they are near. How much each weighs, and with it the probabilities, is fitted on examples that were held out.
//! It is honest about what it hasn't seen: unknown words and few examples lower its confidence, and a learned score
//! tells texts of an untaught kind. Without an encoder, or for a model learned without one, the words speak alone.
//!
//! Read [`Model`], then `experts`, `calibration` and `familiarity`; `solver` and `logistic` do the learning.

mod calibration;
mod experts;
mod familiarity;
mod features;
mod logistic;
mod neighbours;
mod solver;

use std::collections::BTreeMap;

use deskbell_domain::assessment::{Confidence, Judged};
use serde::{Deserialize, Serialize};

use self::calibration::{Calibration, Outcome};
use self::experts::{Experts, Names, Row};
use self::familiarity::{Familiarity, signs};
use self::features::Features;
use crate::encoder::Encoder;
use crate::text::is_stop_word;

/// More examples than this are refused: training would take minutes.
pub const EXAMPLES_AT_MOST: usize = 50_000;
/// More labels than this are refused.
pub const LABELS_AT_MOST: usize = 500;
/// Up to so many examples every one is held out once; beyond, one part in [`LARGE_FOLDS`] is.
const SMALL_SET: usize = 600;
const SMALL_FOLDS: usize = 5;
const LARGE_FOLDS: usize = 7;
/// Sentence vectors are dear to compute and cheap to weigh: with them more examples are held out in turn.
const SMALL_SET_WITH_VECTORS: usize = 2_500;
/// At most so many words are shown as evidence.
const EVIDENCE: usize = 4;
/// So many examples of a label, in the middle, and fewer: nothing can be held out, the means and names speak.
const FEW: u32 = 3;
/// So many and fewer: what a label is called counts as one more example of it.
const NAMES_HELP_TO: u32 = 30;
/// Pieces of words that are encoded for all examples together: what bounds the time of training on long texts.
const TOKENS_FOR_ALL: usize = 400_000;
const THREADS: usize = 2;
/// Weights before anything was measured: mild, so that few examples give mild answers.
const PRIOR_OF_WORDS: [f64; 1] = [3.0];
const PRIOR_OF_ALL: [f64; 4] = [0.8, 0.8, 2.0, 4.0];
/// What a cosine is stretched by where nothing could be held out.
const FIXED_FOR_FEW: [f64; 4] = [0.0, 0.0, 16.0, 0.0];

/// A text whose label is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What somebody wrote.
    pub text: String,
    /// What it is about.
    pub label: String,
}

/// Why nothing can be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainingError {
    /// One label separates nothing.
    #[error("examples of at least 2 labels are needed, found {found}; add examples of another category")]
    TooFewLabels {
        /// How many labels the examples have.
        found: usize,
    },
    /// A single example can't be held out.
    #[error("label `{label}` has one example; give it at least 2 with words in them")]
    TooFewExamples {
        /// Whose.
        label: String,
    },
    /// Training would take too long or too much memory.
    #[error("{examples} examples of {labels} labels are too many; keep to {EXAMPLES_AT_MOST} of {LABELS_AT_MOST}")]
    TooMany {
        /// How many examples.
        examples: usize,
        /// How many labels.
        labels: usize,
    },
}

/// What the model says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Every label with its probability, the likeliest first. They add up to 1 or less: what is missing is doubt.
    pub ranked: Vec<(String, f64)>,
    /// The share of the text's content words that training saw, `0.0..=1.0`; with an encoder 1 for any text with words.
    pub coverage: f64,
    /// How likely the text is of a kind that training saw, `0.0..=1.0`.
    pub familiarity: f64,
    /// The words that weighed most for the first label, the heaviest first.
    pub evidence: Vec<String>,
}

/// What is given to learn from beside the examples.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lesson<'a> {
    /// Texts whose label is known.
    pub examples: &'a [Example],
    /// What labels are called in people's words, where the label itself doesn't say it; may name labels that have no
    /// example, which only an encoder can use.
    pub names: &'a [(String, String)],
    /// Texts that are known to be of no label.
    pub strange: &'a [String],
    /// Turns texts into vectors.
    pub encoder: Option<&'a Encoder>,
}

/// What the model, before it saw it, said of one of the examples.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Its first label's probability.
    pub probability: f64,
    /// Whether that label was right.
    pub right: bool,
    /// How likely it took the text to be of a known kind.
    pub familiarity: f64,
}

/// A trained model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    labels: Vec<String>,
    /// How many examples each label had.
    support: Vec<u32>,
    /// Texts are encoded up to so many pieces of words.
    tokens: usize,
    experts: Experts,
    /// Of the words alone.
    of_words: Calibration,
    /// Of all experts, where there are vectors.
    of_all: Option<Calibration>,
    familiarity: Option<Familiarity>,
}

impl Model {
    /// Learns from the examples' words. Takes milliseconds for dozens, seconds for ten thousand.
    ///
    /// # Errors
    /// When the examples have fewer than 2 labels, a label has fewer than 2 examples with words, or there are too many.
    pub fn train(examples: &[Example]) -> Result<Self, TrainingError> {
        Self::learn(&Lesson { examples, ..Lesson::default() }).map(|(model, _)| model)
    }

    /// Learns from everything given, and tells what was said of the examples that were held out: thresholds are
    /// chosen on it. Nothing is held out where labels have 3 examples or fewer.
    ///
    /// # Errors
    /// See [`Self::train`]; with an encoder a label may have one example, or a name and none.
    pub fn learn(lesson: &Lesson<'_>) -> Result<(Self, Vec<HeldOut>), TrainingError> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        if lesson.encoder.is_some() {
            counts.extend(lesson.names.iter().map(|(label, _)| (label.as_str(), 0)));
        }
        for example in lesson.examples {
            *counts.entry(&example.label).or_insert(0) += 1;
        }
        check_size(lesson.examples.len(), &counts, lesson.encoder.is_some())?;
        let labels: Vec<String> = counts.keys().map(ToString::to_string).collect();
        let support: Vec<u32> = counts.into_values().collect();
        let tokens = (TOKENS_FOR_ALL / lesson.examples.len().max(1)).clamp(32, 128);
        let rows = read(lesson, &labels, tokens);
        let middle = median(&support);
        let few = lesson.encoder.is_some() && middle <= FEW;
        let names = (lesson.encoder.is_some() && middle <= NAMES_HELP_TO)
            .then(|| Names { vectors: names_as_vectors(lesson, &labels), alone: few });
        let outcomes = if few { Vec::new() } else { held_out(&rows, labels.len(), names.as_ref()) };
        let of_words = Calibration::fit(&outcomes, &PRIOR_OF_WORDS);
        let fused =
            || if few { Calibration::fixed(&FIXED_FOR_FEW) } else { Calibration::fit(&outcomes, &PRIOR_OF_ALL) };
        let of_all = lesson.encoder.map(|_| fused());
        let experts = Experts::learn(&rows.iter().collect::<Vec<_>>(), labels.len(), names.as_ref());
        let mut model = Self { labels, support, tokens, experts, of_words, of_all, familiarity: None };
        model.familiarity = model.fit_familiarity(&outcomes, lesson);
        let told = outcomes.iter().map(|outcome| model.told(outcome)).collect();
        Ok((model, told))
    }

    fn calibration(&self) -> &Calibration {
        self.of_all.as_ref().unwrap_or(&self.of_words)
    }

    /// Strange texts that are given count; without any, held-out ones stand in for them.
    fn fit_familiarity(&self, outcomes: &[Outcome], lesson: &Lesson<'_>) -> Option<Familiarity> {
        let calibration = self.calibration();
        let seen = |outcome: &Outcome, strike| signs(&outcome.scores, calibration, strike);
        let known: Vec<_> = outcomes.iter().map(|outcome| seen(outcome, None)).collect();
        let mut strange: Vec<_> = lesson
            .strange
            .iter()
            .map(|text| signs(&self.experts.scores(&self.row(text, lesson.encoder)), calibration, None))
            .collect();
        // With one of two labels struck, nothing is left to compare.
        if strange.is_empty() && self.labels.len() > 2 {
            strange = outcomes.iter().map(|outcome| seen(outcome, Some(outcome.truth))).collect();
        }
        Familiarity::fit(&known, &strange)
    }

    fn told(&self, outcome: &Outcome) -> HeldOut {
        let shares = self.calibration().probabilities(&outcome.scores);
        let first = shares.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
        let (label, probability) = first.map_or((usize::MAX, 0.0), |(label, share)| (label, *share));
        let seen = signs(&outcome.scores, self.calibration(), None);
        let familiarity = self.familiarity.as_ref().map_or(probability, |familiarity| familiarity.score(&seen));
        HeldOut { probability, right: label == outcome.truth, familiarity }
    }

    /// The labels, sorted.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    fn row(&self, text: &str, encoder: Option<&Encoder>) -> Row {
        let vector = encoder.map(|encoder| encoder.encode_up_to(text, self.tokens));
        Row { features: Features::read(text), vector, label: 0 }
    }

    /// Says what it thinks of a text's words, however little that is.
    #[cfg(test)]
    fn predict(&self, text: &str) -> Prediction {
        self.predict_with(text, None)
    }

    /// Says what it thinks of a text. The encoder must be the one that the model learned with.
    pub fn predict_with(&self, text: &str, encoder: Option<&Encoder>) -> Prediction {
        let row = self.row(text, encoder.filter(|_| self.of_all.is_some()));
        let coverage = self.coverage(&row.features);
        let scores = self.experts.scores(&row);
        let of_all = self.of_all.as_ref().filter(|_| row.vector.is_some());
        let calibration = of_all.unwrap_or(&self.of_words);
        let mut ranked: Vec<(usize, f64)> = calibration.probabilities(&scores).into_iter().enumerate().collect();
        if of_all.is_none() {
            for (label, probability) in &mut ranked {
                let support = self.support.get(*label).copied().unwrap_or(0);
                *probability *= trust_in(coverage) * trust_in_support(support);
            }
        }
        ranked.sort_by(|left, right| right.1.total_cmp(&left.1));
        let first = ranked.first().copied();
        let evidence = first.map(|(label, _)| self.evidence(&row.features, label)).unwrap_or_default();
        let likeliest = first.map_or(0.0, |(_, probability)| probability);
        let same_experts = of_all.is_some() == self.of_all.is_some();
        let familiarity = match self.familiarity.as_ref().filter(|_| same_experts) {
            Some(familiarity) => familiarity.score(&signs(&scores, calibration, None)),
            None => likeliest,
        };
        let named = |(label, probability): (usize, f64)| self.labels.get(label).map(|name| (name.clone(), probability));
        let readable = if of_all.is_some() { f64::from(u8::from(!row.features.words.is_empty())) } else { coverage };
        Prediction { ranked: ranked.into_iter().filter_map(named).collect(), coverage: readable, familiarity, evidence }
    }

    /// The likeliest label; `None` when it is less likely than `abstain_below` or nothing in the text is known.
    pub fn classify(&self, text: &str, abstain_below: f64) -> Option<Judged<String>> {
        self.classify_with(text, None, abstain_below)
    }

    /// [`Self::classify`] with the encoder that the model learned with.
    pub fn classify_with(&self, text: &str, encoder: Option<&Encoder>, abstain_below: f64) -> Option<Judged<String>> {
        let prediction = self.predict_with(text, encoder);
        let (label, probability) = prediction.ranked.into_iter().next()?;
        if prediction.coverage == 0.0 || probability < abstain_below {
            return None;
        }
        Some(Judged {
            value: label,
            confidence: Confidence::from_probability(probability),
            evidence: prediction.evidence,
        })
    }

    /// Stop words are counted only where there is nothing else.
    #[allow(clippy::cast_precision_loss)]
    fn coverage(&self, features: &Features) -> f64 {
        let content: Vec<&String> = features.words.iter().filter(|word| !is_stop_word(word)).collect();
        if content.is_empty() {
            return 0.0;
        }
        let known = content.iter().filter(|word| self.experts.planes.vocabulary.knows(word)).count();
        known as f64 / content.len() as f64
    }

    fn evidence(&self, features: &Features, label: usize) -> Vec<String> {
        let Some(plane) = self.experts.planes.weights.get(label) else {
            return Vec::new();
        };
        let mut by_word: BTreeMap<&str, f32> = BTreeMap::new();
        for weighted in self.experts.planes.vocabulary.by_word(features) {
            let Some(word) = features.words.get(weighted.word).filter(|word| !is_stop_word(word)) else {
                continue;
            };
            let weight = plane.get(weighted.feature as usize).copied().unwrap_or(0.0);
            *by_word.entry(word).or_insert(0.0) += weight * weighted.weight;
        }
        let mut heaviest: Vec<(&str, f32)> = by_word.into_iter().filter(|(_, weight)| *weight > 0.0).collect();
        heaviest.sort_by(|left, right| right.1.total_cmp(&left.1));
        heaviest.into_iter().take(EVIDENCE).map(|(word, _)| word.to_owned()).collect()
    }
}

fn check_size(examples: usize, counts: &BTreeMap<&str, u32>, encoded: bool) -> Result<(), TrainingError> {
    if examples > EXAMPLES_AT_MOST || counts.len() > LABELS_AT_MOST {
        return Err(TrainingError::TooMany { examples, labels: counts.len() });
    }
    if counts.len() < 2 {
        return Err(TrainingError::TooFewLabels { found: counts.len() });
    }
    match counts.iter().find(|(_, count)| **count < 2 && !encoded) {
        Some((label, _)) => Err(TrainingError::TooFewExamples { label: (*label).to_owned() }),
        None => Ok(()),
    }
}

fn median(support: &[u32]) -> u32 {
    let mut sorted = support.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

fn read(lesson: &Lesson<'_>, labels: &[String], tokens: usize) -> Vec<Row> {
    let texts: Vec<&str> = lesson.examples.iter().map(|example| example.text.as_str()).collect();
    let vectors = lesson.encoder.map(|encoder| encoder.encode_all(&texts, tokens, THREADS)).unwrap_or_default();
    let mut vectors = vectors.into_iter();
    let row = |example: &Example| {
        let vector = vectors.next();
        let label = labels.binary_search(&example.label).ok()?;
        Some(Row { features: Features::read(&example.text), vector, label })
    };
    lesson.examples.iter().filter_map(row).collect()
}

/// What the labels' names mean; a label without one is named by itself, its underlines read as spaces.
fn names_as_vectors(lesson: &Lesson<'_>, labels: &[String]) -> Vec<Option<Vec<f32>>> {
    let named = |label: &String| {
        let given = lesson.names.iter().find(|(of, _)| of == label).map(|(_, name)| name.clone());
        let name = given.unwrap_or_else(|| label.replace(['_', '-', '.', ':', '/'], " "));
        lesson.encoder.map(|encoder| encoder.encode(&name))
    };
    labels.iter().map(named).collect()
}

/// What models that didn't see a text say of it.
fn held_out(examples: &[Row], labels: usize, names: Option<&Names>) -> Vec<Outcome> {
    let encoded = examples.iter().any(|row| row.vector.is_some());
    let small = examples.len() <= if encoded { SMALL_SET_WITH_VECTORS } else { SMALL_SET };
    let (folds, used) = if small { (SMALL_FOLDS, SMALL_FOLDS) } else { (LARGE_FOLDS, 1) };
    let mut seen = vec![0_usize; labels];
    let places: Vec<usize> = examples
        .iter()
        .map(|row| seen.get_mut(row.label).map_or(0, |count| std::mem::replace(count, *count + 1) % folds))
        .collect();
    let mut outcomes = Vec::new();
    for fold in 0..used {
        let (held, kept): (Vec<_>, Vec<_>) = examples.iter().zip(&places).partition(|(_, place)| **place == fold);
        let kept: Vec<&Row> = kept.into_iter().map(|(row, _)| row).collect();
        if held.is_empty() || kept.is_empty() {
            continue;
        }
        let learned = Experts::learn(&kept, labels, names);
        let told = |(row, _): (&Row, &usize)| Outcome { scores: learned.scores(row), truth: row.label };
        outcomes.extend(held.into_iter().map(told));
    }
    outcomes
}

/// A text half unknown is trusted less; a few unknown words are normal.
fn trust_in(coverage: f64) -> f64 {
    (0.3 + 0.9 * coverage).min(1.0)
}

fn trust_in_support(examples: u32) -> f64 {
    let examples = f64::from(examples);
    examples / (examples + 0.5)
}

#[cfg(test)]
mod tests;
