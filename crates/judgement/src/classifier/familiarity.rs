//! Is a text of a kind that was seen in training at all? A learned score over what the experts say.
//!
//! Texts of no label are rarely given, so they are made: a held-out text whose own label is struck from the
//! experts' answers stands for a text of a kind that nobody taught.

use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, Scores, softmax};

/// What is looked at: fused maximum, its lead, log of the first probability, the words' maximum, the nearest example.
const SIGNS: usize = 5;
const STEPS: usize = 400;
/// Drawn to zero by this much.
const RIDGE: f64 = 1e-3;

type Signs = [f64; SIGNS];

/// A logistic regression over the signs, brought to mean 0 and variance 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Familiarity {
    mean: Signs,
    spread: Signs,
    weights: Signs,
    bias: f64,
}

/// What the experts' answer looks like, seen from outside; `without` is struck first.
pub(super) fn signs(scores: &Scores, calibration: &Calibration, without: Option<usize>) -> Signs {
    let strike = |of_expert: &Vec<f64>| -> Vec<f64> {
        of_expert.iter().enumerate().filter(|(label, _)| Some(*label) != without).map(|(_, score)| *score).collect()
    };
    let struck: Scores = scores.iter().map(strike).collect();
    let fused = calibration.fused(&struck);
    let largest = |scores: &[f64]| scores.iter().copied().fold(f64::NEG_INFINITY, f64::max).clamp(-50.0, 50.0);
    let first = largest(&fused);
    let second = fused.iter().copied().filter(|score| *score < first).fold(-50.0, f64::max);
    let likeliest = softmax(&fused).into_iter().fold(1e-9, f64::max);
    let of_expert = |expert: usize| struck.get(expert).map_or(0.0, |scores| largest(scores));
    [first, first - second, likeliest.ln(), of_expert(0), of_expert(2)]
}

impl Familiarity {
    /// `None` without texts of both sorts.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn fit(known: &[Signs], strange: &[Signs]) -> Option<Self> {
        if known.is_empty() || strange.is_empty() {
            return None;
        }
        let count = (known.len() + strange.len()) as f64;
        let all = || known.iter().chain(strange);
        let (mut mean, mut spread) = ([0.0; SIGNS], [0.0; SIGNS]);
        for (place, mean) in mean.iter_mut().enumerate() {
            *mean = all().filter_map(|signs| signs.get(place)).sum::<f64>() / count;
        }
        for (place, (spread, mean)) in spread.iter_mut().zip(&mean).enumerate() {
            let squares = all().filter_map(|signs| signs.get(place)).map(|sign| (sign - mean).powi(2)).sum::<f64>();
            *spread = (squares / count).sqrt().max(1e-6);
        }
        let mut new = Self { mean, spread, weights: [0.0; SIGNS], bias: 0.0 };
        // Both sorts count alike, however many there are of each.
        let share_known = 0.5 / known.len() as f64;
        let share_strange = 0.5 / strange.len() as f64;
        for _ in 0..STEPS {
            let (mut slope, mut slope_of_bias) = (new.weights.map(|weight| weight * RIDGE), 0.0);
            let sorts = known.iter().map(|signs| (signs, 1.0, share_known));
            for (signs, truth, share) in sorts.chain(strange.iter().map(|signs| (signs, 0.0, share_strange))) {
                let error = (new.score(signs) - truth) * share;
                slope_of_bias += error;
                for (slope, sign) in slope.iter_mut().zip(new.standard(signs)) {
                    *slope += error * sign;
                }
            }
            for (weight, slope) in new.weights.iter_mut().zip(slope) {
                *weight -= slope;
            }
            new.bias -= slope_of_bias;
        }
        Some(new.rounded())
    }

    /// To so few digits that JSON gives them back to the bit.
    fn rounded(self) -> Self {
        let short = |value: f64| (value * 1e6).round() / 1e6;
        Self {
            mean: self.mean.map(short),
            spread: self.spread.map(|value| short(value).max(1e-6)),
            weights: self.weights.map(short),
            bias: short(self.bias),
        }
    }

    fn standard(&self, signs: &Signs) -> Signs {
        let mut standard = *signs;
        for ((sign, mean), spread) in standard.iter_mut().zip(&self.mean).zip(&self.spread) {
            *sign = (*sign - mean) / spread;
        }
        standard
    }

    /// How likely the text is of a known kind, `0.0..=1.0`.
    pub(super) fn score(&self, signs: &Signs) -> f64 {
        let sum: f64 = self.standard(signs).iter().zip(&self.weights).map(|(sign, weight)| sign * weight).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::Familiarity;

    #[test]
    fn what_looks_like_the_known_scores_higher() {
        let known: Vec<_> = (0..20).map(|at| [3.0 + f64::from(at % 5), 2.0, -0.1, 0.5, 0.8]).collect();
        let strange: Vec<_> = (0..5).map(|at| [1.0 + f64::from(at % 3), 0.5, -1.5, -0.8, 0.4]).collect();
        let fitted = Familiarity::fit(&known, &strange).unwrap();
        assert!(fitted.score(&known[2]) > 0.9 && fitted.score(&strange[1]) < 0.1);
        assert!(Familiarity::fit(&known, &[]).is_none());
    }
}
