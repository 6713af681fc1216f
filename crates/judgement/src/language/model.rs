//! The learned weights, a byte each, and what they say of a text.

use super::grams::{BUCKETS, features};

/// The languages that are told apart by letters and words, not by their script alone; weights stand in this order.
pub const LANGUAGES: [&str; 10] = ["de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv", "tr"];

/// Borrowed weights: nothing is unpacked, so that only what is looked up comes into memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    scale: f32,
    weights: &'a [u8],
}

impl<'a> Model<'a> {
    /// What [`super::training`] wrote.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (scale, weights) = bytes.split_first_chunk::<4>()?;
        let sound = weights.len() == BUCKETS * LANGUAGES.len();
        sound.then_some(Self { scale: f32::from_le_bytes(*scale), weights })
    }

    /// Every language with its probability, the likeliest first; nothing for a text without letters.
    pub(super) fn shares(&self, text: &str) -> Vec<(&'static str, f64)> {
        let found = features(text);
        if found.is_empty() {
            return Vec::new();
        }
        let row = |bucket: u16| usize::from(bucket) * LANGUAGES.len();
        let mut sums = [0.0_f32; LANGUAGES.len()];
        for bucket in &found {
            let weights = self.weights.get(row(*bucket)..row(*bucket) + LANGUAGES.len()).unwrap_or_default();
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += f32::from(weight.cast_signed());
            }
        }
        let scale = f64::from(self.scale) * root_share(found.len());
        let logits: Vec<f64> = sums.iter().map(|sum| f64::from(*sum) * scale).collect();
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|logit| (logit - top).exp()).sum();
        let mut shares: Vec<(&str, f64)> =
            LANGUAGES.iter().zip(&logits).map(|(language, logit)| (*language, (logit - top).exp() / total)).collect();
        shares.sort_by(|left, right| right.1.total_cmp(&left.1));
        shares
    }
}

/// A longer text is surer, but not in proportion: its runs overlap.
#[allow(clippy::cast_precision_loss)]
fn root_share(features: usize) -> f64 {
    1.0 / (features.max(1) as f64).sqrt()
}

/// The languages' sums over unrounded weights, which `row` gives by bucket.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn logits<'w>(found: &[u16], row: impl Fn(u16) -> Option<&'w [f32]>) -> [f32; LANGUAGES.len()] {
    let mut sums = [0.0_f32; LANGUAGES.len()];
    for weights in found.iter().filter_map(|bucket| row(*bucket)) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight;
        }
    }
    let share = root_share(found.len()) as f32;
    sums.map(|sum| sum * share)
}
