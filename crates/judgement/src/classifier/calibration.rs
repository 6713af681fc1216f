//! From margins to probabilities that come true as often as they say.

use serde::{Deserialize, Serialize};

/// The scale assumed before anything was measured: mild, so that few examples give mild answers.
const PRIOR_SCALE: f64 = 3.0;
/// How many held-out answers the prior counts as.
const PRIOR_STRENGTH: f64 = 4.0;

/// Margins of one held-out text, one per label, and the label it really has.
pub(super) struct Outcome {
    pub(super) margins: Vec<f64>,
    pub(super) truth: usize,
}

/// How margins are stretched before they become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    scale: f64,
}

impl Calibration {
    /// The scale that makes the held-out answers likeliest (temperature scaling, Guo et al. 2017), drawn to
    /// a mild prior while the answers are few.
    pub(super) fn fit(outcomes: &[Outcome]) -> Self {
        let loss = |logarithm: f64| {
            let calibration = Self { scale: logarithm.exp() };
            let likelihood: f64 = outcomes
                .iter()
                .map(|outcome| {
                    let probability = calibration.probabilities(&outcome.margins).get(outcome.truth).copied();
                    -probability.unwrap_or(0.0).max(1e-12).ln()
                })
                .sum();
            likelihood + PRIOR_STRENGTH * (logarithm - PRIOR_SCALE.ln()).powi(2)
        };
        Self { scale: least(loss, 0.2_f64.ln(), 40.0_f64.ln()).exp() }
    }

    /// One probability per margin; they add up to 1.
    pub(super) fn probabilities(self, margins: &[f64]) -> Vec<f64> {
        let top = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raised: Vec<f64> = margins.iter().map(|margin| ((margin - top) * self.scale).exp()).collect();
        let total: f64 = raised.iter().sum();
        raised.into_iter().map(|share| share / total).collect()
    }
}

/// Where a function of one valley is least, by golden sections.
fn least(function: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (from, to);
    for _ in 0..40 {
        let left = high - golden * (high - low);
        let right = low + golden * (high - low);
        if function(left) <= function(right) {
            high = right;
        } else {
            low = left;
        }
    }
    f64::midpoint(low, high)
}
