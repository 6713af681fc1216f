//! From the experts' scores to probabilities that come true as often as they say.

use serde::{Deserialize, Serialize};

/// How many held-out answers the prior counts as, where the words speak alone.
const PRIOR_STRENGTH: f64 = 4.0;
/// With several experts the data must be able to silence one.
const WEAK_PRIOR: f64 = 0.5;
/// Rounds over the experts' weights.
const ROUNDS: usize = 6;

/// What each expert says of one held-out text, a score per label, and the label it really has.
pub(super) struct Outcome {
    pub(super) scores: Scores,
    pub(super) truth: usize,
}

/// By expert, then by label.
pub(super) type Scores = Vec<Vec<f64>>;

/// How much each expert's scores weigh before they become probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    /// Single precision, which JSON gives back to the bit.
    weights: Vec<f32>,
}

impl Calibration {
    /// Weights given, not fitted.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn fixed(weights: &[f64]) -> Self {
        Self { weights: weights.iter().map(|weight| *weight as f32).collect() }
    }

    /// The weights that make the held-out answers likeliest (temperature scaling, Guo et al. 2017, with a temperature
    /// per expert), drawn to `prior` while the answers are few. Experts beyond the prior's are left out.
    pub(super) fn fit(outcomes: &[Outcome], prior: &[f64]) -> Self {
        let strength = if prior.len() == 1 { PRIOR_STRENGTH } else { WEAK_PRIOR };
        let mut new = Self::fixed(prior);
        let rounds = if prior.len() == 1 { 1 } else { ROUNDS };
        for _ in 0..rounds {
            for (expert, mild) in prior.iter().enumerate() {
                let loss = |logarithm: f64| {
                    new.with(expert, logarithm).loss(outcomes) + strength * (logarithm - mild.ln()).powi(2)
                };
                let best = least(loss, 0.002_f64.ln(), 60.0_f64.ln());
                new = new.with(expert, best);
            }
        }
        new
    }

    #[allow(clippy::cast_possible_truncation)]
    fn with(&self, expert: usize, logarithm: f64) -> Self {
        let mut new = self.clone();
        if let Some(weight) = new.weights.get_mut(expert) {
            *weight = logarithm.exp() as f32;
        }
        new
    }

    fn loss(&self, outcomes: &[Outcome]) -> f64 {
        let of_one = |outcome: &Outcome| {
            let fused = self.fused(&outcome.scores);
            let top = fused.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = fused.iter().map(|score| (score - top).exp()).sum();
            let truth = fused.get(outcome.truth).copied().unwrap_or(f64::NEG_INFINITY);
            (total.ln() - (truth - top)).min(28.0)
        };
        outcomes.iter().map(of_one).sum()
    }

    /// One number per label, the experts' scores weighed.
    pub(super) fn fused(&self, scores: &Scores) -> Vec<f64> {
        let mut fused = vec![0.0; scores.first().map_or(0, Vec::len)];
        for (weight, of_expert) in self.weights.iter().zip(scores) {
            for (fused, score) in fused.iter_mut().zip(of_expert) {
                *fused += f64::from(*weight) * score;
            }
        }
        fused
    }

    /// One probability per label; they add up to 1.
    pub(super) fn probabilities(&self, scores: &Scores) -> Vec<f64> {
        softmax(&self.fused(scores))
    }
}

/// Shares that add up to 1.
pub(super) fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raised: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
    let total: f64 = raised.iter().sum();
    raised.into_iter().map(|share| share / total).collect()
}

/// Where a function of one valley is least, by golden sections.
fn least(function: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (from, to);
    let mut left = high - golden * (high - low);
    let mut right = low + golden * (high - low);
    let (mut at_left, mut at_right) = (function(left), function(right));
    for _ in 0..24 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = function(right);
        }
    }
    f64::midpoint(low, high)
}
