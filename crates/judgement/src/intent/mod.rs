//! What a message is for, told by its words: whether it asks for anything ([`crate::request`]), whether a person must answer
//! ([`crate::complexity`]), and which of its sentences is the point ([`crate::summary`]).
//!
//! Each is a linear model over words, pairs of words and runs of letters (`grams`) and a few signs that rules find. The weights stand
//! in the program's own file, a byte each, and were learned by [`training`] from `tests/eval/intent` and `tests/eval/points` (and, as
//! requests, from the tickets of `tests/eval/urgency`); tests learn them anew and compare.

mod grams;
pub mod training;

use self::grams::{BUCKETS, Gram, grams};
use crate::text::is_stop_word;

/// Signs that rules find beside the words.
pub const SIGNS: usize = 8;
/// At most so many words are shown as evidence.
const EVIDENCE: usize = 4;
/// A word that weighs less than this shows nothing.
const TELLING: f64 = 0.15;

/// A learned yes or no, its weights read in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model<'a> {
    /// What a step of a weight's byte is worth.
    scale: f64,
    bias: f64,
    signs: [f64; SIGNS],
    weights: &'a [u8],
}

/// What a model makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// That the answer is yes.
    pub yes: f64,
    /// The words that weighed for what is likelier, the heaviest first.
    pub evidence: Vec<String>,
}

impl<'a> Model<'a> {
    /// What [`training::learn`] wrote.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (scale, rest) = float(bytes)?;
        let (bias, mut rest) = float(rest)?;
        let mut signs = [0.0; SIGNS];
        for sign in &mut signs {
            (*sign, rest) = float(rest)?;
        }
        (rest.len() == BUCKETS).then_some(Self { scale, bias, signs, weights: rest })
    }

    /// Weighs a text with the signs that rules found in it.
    pub fn tell(&self, text: &str, signs: &[f64; SIGNS]) -> Told {
        let grams = grams(text);
        let of_signs: f64 = self.signs.iter().zip(signs).map(|(weight, sign)| weight * sign).sum();
        let of_words: f64 = grams.iter().map(|gram| self.part(gram)).sum();
        let yes = 1.0 / (1.0 + (-(self.bias + of_signs + of_words)).exp());
        Told { yes, evidence: self.evidence(&grams, yes >= 0.5) }
    }

    fn part(&self, gram: &Gram) -> f64 {
        let byte = self.weights.get(usize::from(gram.bucket)).copied().unwrap_or_default();
        f64::from(byte.cast_signed()) * self.scale * gram.share
    }

    /// Whole words and pairs of words alone: runs of letters say nothing to people.
    fn evidence(&self, grams: &[Gram], is_yes: bool) -> Vec<String> {
        let side = if is_yes { 1.0 } else { -1.0 };
        let mut telling: Vec<(f64, &str)> = grams
            .iter()
            .filter_map(|gram| Some((self.part(gram) * side, gram.words.as_deref()?)))
            .filter(|(weight, words)| *weight >= TELLING && words.split(' ').any(|word| !is_stop_word(word)))
            .collect();
        telling.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        telling.dedup_by(|one, other| one.1 == other.1);
        telling.into_iter().take(EVIDENCE).map(|(_, words)| words.to_owned()).collect()
    }
}

fn float(bytes: &[u8]) -> Option<(f64, &[u8])> {
    let (float, rest) = bytes.split_first_chunk::<4>()?;
    Some((f64::from(f32::from_le_bytes(*float)), rest))
}

/// Sums of floats differ in their last digits between machines.
#[cfg(test)]
pub(crate) fn is_close(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (Model::read(one).unwrap(), Model::read(other).unwrap());
    let near = |left: u8, right: u8| (i16::from(left.cast_signed()) - i16::from(right.cast_signed())).abs() <= 1;
    let words = one.weights.iter().zip(other.weights).all(|(left, right)| near(*left, *right));
    let signs = one.signs.iter().zip(&other.signs).all(|(left, right)| (left - right).abs() < 0.01);
    words && signs && (one.bias - other.bias).abs() < 0.01 && (one.scale - other.scale).abs() < 0.01
}

#[cfg(test)]
mod tests;
