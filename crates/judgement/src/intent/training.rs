//! Learns a yes or no from labelled messages: logistic regression over [`grams`](super::grams) and signs, by accelerated descent over
//! all messages (Nesterov, 1983), rounded to 8 bits.
//!
//! `cargo run --release -p deskbell-judgement --example intent` writes what [`crate::request`] and [`crate::complexity`] read.

use super::grams::{BUCKETS, Gram, grams};
use super::{Model, SIGNS};
use crate::evaluation::calibration_error;

/// Steps of descent.
const STEPS: usize = 800;
/// What a weight's square costs: chosen by cross-validation on the training messages.
const RIDGE: f64 = 1.0 / 30.0;
/// Signs are learned as slowly as words: they are few and speak in every message.
const SIGN_SHARE: f64 = 0.5;

/// A message with what it is labelled.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Its words.
    pub text: String,
    /// What rules find in it.
    pub signs: [f64; SIGNS],
    /// The answer.
    pub is_yes: bool,
}

struct Known {
    features: Vec<(usize, f64)>,
    target: f64,
}

/// The bias, the signs' weights, then the words'.
const WIDTH: usize = 1 + SIGNS + BUCKETS;

impl Known {
    fn of(labelled: &Labelled) -> Self {
        let signs = labelled.signs.iter().enumerate().map(|(at, sign)| (1 + at, sign * SIGN_SHARE));
        let words = grams(&labelled.text)
            .into_iter()
            .map(|Gram { bucket, share, .. }| (1 + SIGNS + usize::from(bucket), share));
        let features = std::iter::once((0, 1.0)).chain(signs).chain(words).collect();
        Self { features, target: f64::from(u8::from(labelled.is_yes)) }
    }
}

/// The model's bytes. The same messages give the same bytes.
pub fn learn(messages: &[Labelled]) -> Vec<u8> {
    rounded(&fitted(&messages.iter().map(Known::of).collect::<Vec<_>>()))
}

fn fitted(known: &[Known]) -> Vec<f64> {
    let step = 1.0 / (steepest(known) + RIDGE);
    let (mut weights, mut before) = (vec![0.0_f64; WIDTH], vec![0.0_f64; WIDTH]);
    let mut pace = 1.0_f64;
    for _ in 0..STEPS {
        let next = f64::midpoint(1.0, (1.0 + 4.0 * pace * pace).sqrt());
        let onward = (pace - 1.0) / next;
        pace = next;
        let ahead: Vec<f64> = weights.iter().zip(&before).map(|(now, then)| now + onward * (now - then)).collect();
        let slope = slope(known, &ahead);
        before = weights;
        weights = ahead.iter().zip(slope).map(|(ahead, slope)| ahead - step * slope).collect();
    }
    weights
}

/// No direction is steeper: a quarter of the sum of squared features.
fn steepest(known: &[Known]) -> f64 {
    known.iter().flat_map(|known| &known.features).map(|(_, share)| share * share).sum::<f64>() / 4.0
}

fn slope(known: &[Known], weights: &[f64]) -> Vec<f64> {
    let mut slope: Vec<f64> = weights.iter().map(|weight| RIDGE * weight).collect();
    if let Some(bias) = slope.first_mut() {
        *bias = 0.0;
    }
    for known in known {
        let score: f64 = known.features.iter().map(|(at, share)| weights.get(*at).unwrap_or(&0.0) * share).sum();
        let error = 1.0 / (1.0 + (-score).exp()) - known.target;
        for (at, share) in &known.features {
            if let Some(slope) = slope.get_mut(*at) {
                *slope += error * share;
            }
        }
    }
    slope
}

/// Scale, bias and signs in 4 bytes each, then a byte for each word's weight.
#[allow(clippy::cast_possible_truncation)]
fn rounded(weights: &[f64]) -> Vec<u8> {
    let (bias, rest) = weights.split_first().unwrap_or((&0.0, &[]));
    let (signs, words) = rest.split_at(SIGNS.min(rest.len()));
    let scale = words.iter().fold(1e-6_f64, |largest, weight| largest.max(weight.abs())) / 127.0;
    let byte = |weight: &f64| ((weight / scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned();
    let floats = [scale, *bias].into_iter().chain(signs.iter().map(|weight| weight * SIGN_SHARE));
    floats.flat_map(|float| (float as f32).to_le_bytes()).chain(words.iter().map(byte)).collect()
}

/// What cross-validation makes of messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validated {
    /// Of the messages the share told rightly.
    pub accuracy: f64,
    /// Expected calibration error in ten bins.
    pub ece: f64,
    /// The mean negative logarithm of what was given to the truth.
    pub log_loss: f64,
}

/// Learns from nine tenths what the last tenth is, ten times.
#[allow(clippy::cast_precision_loss)]
pub fn validated(messages: &[Labelled]) -> Validated {
    const FOLDS: usize = 10;
    let mut pairs = Vec::with_capacity(messages.len());
    for fold in 0..FOLDS {
        let of = |held: bool| messages.iter().enumerate().filter(move |(at, _)| (at % FOLDS == fold) == held);
        let bytes = learn(&of(false).map(|(_, message)| message.clone()).collect::<Vec<_>>());
        let Some(model) = Model::read(&bytes) else { continue };
        pairs.extend(of(true).map(|(_, message)| (model.tell(&message.text, &message.signs).yes, message.is_yes)));
    }
    let count = pairs.len().max(1) as f64;
    let right = pairs.iter().filter(|(yes, is_yes)| (*yes >= 0.5) == *is_yes).count() as f64;
    let given = |(yes, is_yes): &(f64, bool)| if *is_yes { *yes } else { 1.0 - yes };
    let log_loss = -pairs.iter().map(|pair| given(pair).max(1e-9).ln()).sum::<f64>() / count;
    let sure: Vec<(f64, bool)> = pairs.iter().map(|(yes, is)| (yes.max(1.0 - yes), (*yes >= 0.5) == *is)).collect();
    Validated { accuracy: right / count, ece: calibration_error(&sure), log_loss }
}
