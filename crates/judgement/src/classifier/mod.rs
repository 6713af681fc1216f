//! A linear model learned from labelled examples: TF-IDF of words and characters, one separating plane per
//! label, probabilities calibrated on examples that were held out. It is honest about what it hasn't seen:
//! unknown words and few examples lower its confidence.

mod calibration;
mod features;
mod solver;

use std::collections::BTreeMap;

use deskbell_domain::assessment::{Confidence, Judged};
use serde::{Deserialize, Serialize};

use self::calibration::{Calibration, Outcome};
use self::features::{Features, Vocabulary};
use self::solver::Labelled;
use crate::text::is_stop_word;

/// More examples than this are refused: training would take minutes.
pub const EXAMPLES_AT_MOST: usize = 50_000;
/// More labels than this are refused.
pub const LABELS_AT_MOST: usize = 500;
/// Up to so many examples every one is held out once; beyond, one part in [`LARGE_FOLDS`] is.
const SMALL_SET: usize = 600;
const SMALL_FOLDS: usize = 5;
const LARGE_FOLDS: usize = 7;
/// At most so many words are shown as evidence.
const EVIDENCE: usize = 4;

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
    /// The share of the text's content words that training saw, `0.0..=1.0`.
    pub coverage: f64,
    /// The words that weighed most for the first label, the heaviest first.
    pub evidence: Vec<String>,
}

/// A trained model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    labels: Vec<String>,
    /// How many examples each label had.
    support: Vec<u32>,
    planes: Planes,
    calibration: Calibration,
}

/// The vocabulary and one plane per label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Planes {
    vocabulary: Vocabulary,
    weights: Vec<Vec<f32>>,
}

impl Planes {
    fn learn(examples: &[&(Features, usize)], labels: usize) -> Self {
        let vocabulary = Vocabulary::learn(examples.iter().map(|(features, _)| features));
        let labelled: Vec<Labelled> = examples
            .iter()
            .map(|(features, label)| Labelled { vector: vocabulary.vector(features), label: *label })
            .collect();
        let weights = (0..labels).map(|label| solver::separate(&labelled, label, vocabulary.len())).collect();
        Self { vocabulary, weights }
    }

    fn margins(&self, features: &Features) -> Vec<f64> {
        let vector = self.vocabulary.vector(features);
        self.weights.iter().map(|plane| solver::score(&vector, plane)).collect()
    }
}

impl Model {
    /// Learns from the examples. Takes milliseconds for dozens, seconds for ten thousand.
    ///
    /// # Errors
    /// When the examples have fewer than 2 labels, a label has fewer than 2 examples with words, or there are too many.
    pub fn train(examples: &[Example]) -> Result<Self, TrainingError> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for example in examples {
            *counts.entry(&example.label).or_insert(0) += 1;
        }
        check_size(examples.len(), &counts)?;
        let labels: Vec<String> = counts.keys().map(ToString::to_string).collect();
        let read: Vec<(Features, usize)> = examples
            .iter()
            .filter_map(|example| {
                let label = labels.binary_search(&example.label).ok()?;
                Some((Features::read(&example.text), label))
            })
            .collect();
        let calibration = Calibration::fit(&held_out(&read, labels.len()));
        let planes = Planes::learn(&read.iter().collect::<Vec<_>>(), labels.len());
        Ok(Self { labels, support: counts.into_values().collect(), planes, calibration })
    }

    /// The labels, sorted.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Says what it thinks of a text, however little that is.
    pub fn predict(&self, text: &str) -> Prediction {
        let features = Features::read(text);
        let coverage = self.coverage(&features);
        let shares = self.calibration.probabilities(&self.planes.margins(&features));
        let mut ranked: Vec<(usize, f64)> = shares.into_iter().enumerate().collect();
        for (label, probability) in &mut ranked {
            let support = self.support.get(*label).copied().unwrap_or(0);
            *probability *= trust_in(coverage) * trust_in_support(support);
        }
        ranked.sort_by(|left, right| right.1.total_cmp(&left.1));
        let evidence = ranked.first().map(|(label, _)| self.evidence(&features, *label)).unwrap_or_default();
        let named = |(label, probability): (usize, f64)| self.labels.get(label).map(|name| (name.clone(), probability));
        Prediction { ranked: ranked.into_iter().filter_map(named).collect(), coverage, evidence }
    }

    /// The likeliest label; `None` when it is less likely than `abstain_below` or no word is known.
    pub fn classify(&self, text: &str, abstain_below: f64) -> Option<Judged<String>> {
        let prediction = self.predict(text);
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
        let known = content.iter().filter(|word| self.planes.vocabulary.knows(word)).count();
        known as f64 / content.len() as f64
    }

    fn evidence(&self, features: &Features, label: usize) -> Vec<String> {
        let Some(plane) = self.planes.weights.get(label) else {
            return Vec::new();
        };
        let mut by_word: BTreeMap<&str, f32> = BTreeMap::new();
        for weighted in self.planes.vocabulary.by_word(features) {
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

fn check_size(examples: usize, counts: &BTreeMap<&str, u32>) -> Result<(), TrainingError> {
    if examples > EXAMPLES_AT_MOST || counts.len() > LABELS_AT_MOST {
        return Err(TrainingError::TooMany { examples, labels: counts.len() });
    }
    if counts.len() < 2 {
        return Err(TrainingError::TooFewLabels { found: counts.len() });
    }
    match counts.iter().find(|(_, count)| **count < 2) {
        Some((label, _)) => Err(TrainingError::TooFewExamples { label: (*label).to_owned() }),
        None => Ok(()),
    }
}

/// What models that didn't see a text say of it.
fn held_out(examples: &[(Features, usize)], labels: usize) -> Vec<Outcome> {
    let small = examples.len() <= SMALL_SET;
    let (folds, used) = if small { (SMALL_FOLDS, SMALL_FOLDS) } else { (LARGE_FOLDS, 1) };
    let mut seen = vec![0_usize; labels];
    let places: Vec<usize> = examples
        .iter()
        .map(|(_, label)| seen.get_mut(*label).map_or(0, |count| std::mem::replace(count, *count + 1) % folds))
        .collect();
    let mut outcomes = Vec::new();
    for fold in 0..used {
        let (held, kept): (Vec<_>, Vec<_>) = examples.iter().zip(&places).partition(|(_, place)| **place == fold);
        let kept: Vec<&(Features, usize)> = kept.into_iter().map(|(example, _)| example).collect();
        if held.is_empty() || kept.is_empty() {
            continue;
        }
        let learned = Planes::learn(&kept, labels);
        outcomes.extend(
            held.into_iter()
                .map(|((features, truth), _)| Outcome { margins: learned.margins(features), truth: *truth }),
        );
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
