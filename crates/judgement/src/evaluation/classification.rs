//! Figures of a classifier.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::classifier::HeldOut;

/// Parts into which confidence is cut to see whether it comes true.
const BINS: usize = 15;

/// What was said of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The label it has; `None` for a text of no label.
    pub truth: Option<String>,
    /// The label that was said.
    pub said: String,
    /// How likely that label was said to be.
    pub probability: f64,
    /// How likely the text was said to be of a known kind.
    pub familiarity: f64,
}

/// How texts of no label are told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Known {
    /// How often a text with a label is more familiar than one without (area under the ROC curve).
    pub auroc: f64,
    /// The share of texts without a label that are told where 95 % of the others are kept.
    pub recall_at_95_kept: f64,
}

/// Answering only where it is sure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Selective {
    /// Answered from this probability on; above 1 where held-out answers never were right often enough.
    pub threshold: f64,
    /// The share of texts answered.
    pub coverage: f64,
    /// The share of those answered rightly.
    pub precision: f64,
}

/// All the figures; shares are `0.0..=1.0` and over texts that have a label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Classification {
    /// The share of right answers.
    pub accuracy: f64,
    /// The mean over labels of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Expected calibration error: how far confidence and truth lie apart, over 15 bins of equal width.
    pub ece: f64,
    /// With the threshold that gave 95 % precision on held-out answers.
    pub at_95: Selective,
    /// The same for 98 %.
    pub at_98: Selective,
    /// Where there are texts of no label.
    pub out_of_scope: Option<Known>,
}

impl Classification {
    /// Measures the answers; `held_out` chooses the thresholds.
    pub fn measure(answers: &[Answer], held_out: &[HeldOut]) -> Self {
        let (known, strange): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.truth.is_some());
        let judged: Vec<(f64, bool)> = known.iter().map(|answer| (answer.probability, right(answer))).collect();
        let validation: Vec<(f64, bool)> = held_out.iter().map(|answer| (answer.probability, answer.right)).collect();
        let selective = |precision| applied(threshold(&validation, precision), &judged);
        Self {
            accuracy: share(judged.iter().filter(|(_, right)| *right).count(), judged.len()),
            macro_f1: macro_f1(&known),
            ece: calibration_error(&judged),
            at_95: selective(0.95),
            at_98: selective(0.98),
            out_of_scope: (!strange.is_empty()).then(|| told_apart(&familiarity(&known), &familiarity(&strange))),
        }
    }
}

fn right(answer: &Answer) -> bool {
    answer.truth.as_deref() == Some(answer.said.as_str())
}

fn familiarity(answers: &[&Answer]) -> Vec<f64> {
    answers.iter().map(|answer| answer.familiarity).collect()
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn macro_f1(answers: &[&Answer]) -> f64 {
    // Right answers, texts of the label, answers of the label.
    let mut counts: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for answer in answers {
        let truth = answer.truth.as_deref().unwrap_or_default();
        let of_truth = counts.entry(truth).or_default();
        of_truth.1 += 1;
        of_truth.0 += usize::from(right(answer));
        counts.entry(&answer.said).or_default().2 += 1;
    }
    let known: Vec<f64> = counts
        .values()
        .filter(|(_, texts, _)| *texts > 0)
        .map(|(right, texts, said)| share(2 * right, texts + said))
        .collect();
    mean(&known)
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn calibration_error(judged: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0_f64, 0_usize, 0_usize); BINS];
    for (probability, right) in judged {
        let place = ((probability * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        if let Some(bin) = bins.get_mut(place) {
            *bin = (bin.0 + probability, bin.1 + usize::from(*right), bin.2 + 1);
        }
    }
    bins.iter().map(|(said, right, _)| (said - *right as f64).abs()).sum::<f64>() / judged.len().max(1) as f64
}

/// The least probability from which on answers are right often enough; 2 where there is none.
fn threshold(validation: &[(f64, bool)], precision: f64) -> f64 {
    let mut sorted = validation.to_vec();
    sorted.sort_by(|left, right| right.0.total_cmp(&left.0));
    let (mut right, mut found) = (0, 2.0);
    for (answered, (probability, was_right)) in (1..).zip(&sorted) {
        right += usize::from(*was_right);
        let last_of_its_probability = sorted.get(answered).is_none_or(|(next, _)| next < probability);
        if last_of_its_probability && share(right, answered) >= precision {
            found = *probability;
        }
    }
    found
}

fn applied(threshold: f64, judged: &[(f64, bool)]) -> Selective {
    let answered: Vec<bool> =
        judged.iter().filter(|(probability, _)| *probability >= threshold).map(|(_, right)| *right).collect();
    let right = answered.iter().filter(|right| **right).count();
    Selective { threshold, coverage: share(answered.len(), judged.len()), precision: share(right, answered.len()) }
}

fn told_apart(known: &[f64], strange: &[f64]) -> Known {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Twice the pairs in order, ties once.
    let above = |value: &f64| {
        let not_above = sorted.partition_point(|known| known <= value);
        let below = sorted.partition_point(|known| known < value);
        2 * (sorted.len() - not_above) + (not_above - below)
    };
    let auroc = share(strange.iter().map(above).sum(), 2 * known.len() * strange.len());
    let kept_from = sorted.get(sorted.len() / 20).copied().unwrap_or(0.0);
    let told = strange.iter().filter(|value| **value < kept_from).count();
    Known { auroc, recall_at_95_kept: share(told, strange.len()) }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Classification, HeldOut};

    fn answer(truth: Option<&str>, said: &str, probability: f64, familiarity: f64) -> Answer {
        Answer { truth: truth.map(str::to_owned), said: said.to_owned(), probability, familiarity }
    }

    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn figures_of_a_small_sample_computed_by_hand() {
        let answers = [
            answer(Some("a"), "a", 0.9, 0.9),
            answer(Some("a"), "a", 0.8, 0.8),
            answer(Some("a"), "b", 0.6, 0.7),
            answer(Some("b"), "b", 0.7, 0.6),
            answer(None, "b", 0.5, 0.65),
            answer(None, "a", 0.5, 0.1),
        ];
        let held_out = [(0.95, true), (0.75, true), (0.7, true), (0.5, false)].map(|(probability, right)| HeldOut {
            probability,
            right,
            familiarity: 1.0,
        });
        let figures = Classification::measure(&answers, &held_out);
        near(figures.accuracy, 0.75);
        // a: 2·2/(3+2); b: 2·1/(1+2).
        near(figures.macro_f1, f64::midpoint(0.8, 2.0 / 3.0));
        // Bins of a fifteenth: 0.9 and 0.8 and 0.7 and 0.6 stand alone.
        near(figures.ece, (0.1 + 0.2 + 0.3 + 0.6) / 4.0);
        near(figures.at_95.threshold, 0.7);
        near(figures.at_95.coverage, 0.75);
        near(figures.at_95.precision, 1.0);
        let out = figures.out_of_scope.unwrap();
        near(out.auroc, 7.0 / 8.0);
        near(out.recall_at_95_kept, 0.5);
    }

    #[test]
    fn nothing_is_answered_where_no_threshold_was_good_enough() {
        let answers = [answer(Some("a"), "a", 0.9, 0.9)];
        let figures =
            Classification::measure(&answers, &[HeldOut { probability: 0.9, right: false, familiarity: 1.0 }]);
        near(figures.at_98.coverage, 0.0);
        assert!(figures.out_of_scope.is_none());
        near(Classification::measure(&[], &[]).accuracy, 0.0);
    }
}
