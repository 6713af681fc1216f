//! Learns what tells languages apart from labelled texts: a multinomial logistic regression over [`features`], by
//! AdaGrad (Duchi, Hazan and Singer, 2011), rounded to 8 bits.
//!
//! `cargo run --release -p deskbell-judgement --example language` writes what [`super::detect`] reads.

use super::grams::{BUCKETS, features};
use super::model::{LANGUAGES, logits};

/// Passes over the texts.
const PASSES: usize = 4;
/// How far a first step goes.
const STEP: f32 = 0.5;
/// Drawn to zero by so much at each step that touches a weight.
const RIDGE: f32 = 2e-6;
/// The largest weights are cut so that the others keep their digits.
const CUT_SHARE: usize = 2_000;

/// A text's features with its language's place in [`LANGUAGES`].
struct Known {
    features: Vec<u16>,
    language: usize,
}

/// The model's bytes, learned from pairs of language and text; texts of other languages are left out. The same texts
/// give the same bytes.
pub fn learn<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let known: Vec<Known> = texts
        .into_iter()
        .filter_map(|(language, text)| {
            let language = LANGUAGES.iter().position(|known| *known == language)?;
            Some(Known { features: features(text), language })
        })
        .filter(|known| !known.features.is_empty())
        .collect();
    let mut weights = vec![0.0_f32; BUCKETS * LANGUAGES.len()];
    let mut squares = vec![1e-6_f32; weights.len()];
    for pass in 0..PASSES {
        for place in shuffled(known.len(), pass) {
            if let Some(known) = known.get(place) {
                improve(known, &mut weights, &mut squares);
            }
        }
    }
    rounded(&weights)
}

#[allow(clippy::cast_precision_loss)]
fn improve(known: &Known, weights: &mut [f32], squares: &mut [f32]) {
    let row = |bucket: u16| usize::from(bucket) * LANGUAGES.len();
    let scale = 1.0 / (known.features.len() as f32).sqrt();
    let mut shares = logits(&known.features, |bucket| weights.get(row(bucket)..row(bucket) + LANGUAGES.len()));
    let top = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = shares.iter().map(|share| (share - top).exp()).sum();
    for (language, share) in shares.iter_mut().enumerate() {
        *share = (*share - top).exp() / total - if language == known.language { 1.0 } else { 0.0 };
    }
    for bucket in &known.features {
        let of = row(*bucket)..row(*bucket) + LANGUAGES.len();
        let (Some(weights), Some(squares)) = (weights.get_mut(of.clone()), squares.get_mut(of)) else { continue };
        for ((weight, square), error) in weights.iter_mut().zip(squares).zip(&shares) {
            let slope = error * scale + RIDGE * *weight;
            *square += slope * slope;
            *weight -= STEP * slope / square.sqrt();
        }
    }
}

/// Places in an order of their own for each pass, from a fixed sequence (Knuth's MMIX constants).
fn shuffled(count: usize, pass: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    let mut state = pass as u64 + 1;
    for last in (1..count).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        places.swap(last, usize::try_from((state >> 33) % (last as u64 + 1)).unwrap_or(0));
    }
    places
}

/// The scale in 4 bytes, then a byte per weight.
#[allow(clippy::cast_possible_truncation)]
fn rounded(weights: &[f32]) -> Vec<u8> {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let largest = sizes.get(sizes.len() - sizes.len() / CUT_SHARE - 1).copied().unwrap_or(1.0).max(1e-6);
    let scale = largest / 127.0;
    let byte = |weight: &f32| ((weight / scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned();
    scale.to_le_bytes().into_iter().chain(weights.iter().map(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::learn;
    use crate::language::model::Model;

    #[test]
    fn what_was_learned_is_told_again_and_alike_each_time() {
        let texts = [
            ("en", "the invoice is wrong and we cannot pay"),
            ("de", "die Rechnung ist falsch und wir zahlen nicht"),
            ("fr", "la facture est fausse et nous ne payons pas"),
            ("xx", "not one of the languages"),
        ];
        let bytes = learn(texts);
        assert_eq!(bytes, learn(texts));
        let model = Model::read(&bytes).unwrap();
        for (language, text) in &texts[..3] {
            assert_eq!(model.shares(text)[0].0, *language, "{text}");
        }
        assert!(Model::read(&bytes[1..]).is_none());
    }
}
