//! Held against vectors that the unrounded network gave, with its authors' own tokenizer (see tests/eval/reference.py).

use std::path::PathBuf;

use serde::Deserialize;

use super::{Encoder, EncoderError, cosine};

#[derive(Deserialize)]
struct Reference {
    text: String,
    tokens: usize,
    /// Signed bytes in hexadecimal, of any length.
    vector: String,
}

impl Reference {
    fn vector(&self) -> Vec<f32> {
        let byte = |place: usize| u8::from_str_radix(&self.vector[place..place + 2], 16).unwrap();
        let numbers: Vec<f32> =
            (0..self.vector.len()).step_by(2).map(|place| f32::from(byte(place).cast_signed())).collect();
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        numbers.into_iter().map(|number| number / length).collect()
    }
}

/// The model, where somebody has put it: `DESKBELL_ENCODER`, or target/encoder as tests/eval/run does.
fn model() -> Option<Encoder> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/encoder");
    let folder = std::env::var_os("DESKBELL_ENCODER").map_or(beside, PathBuf::from);
    let weights = std::fs::read(folder.join("model.safetensors")).ok()?;
    Some(Encoder::read(&weights, &std::fs::read_to_string(folder.join("vocab.txt")).ok()?).unwrap())
}

#[test]
fn vectors_are_those_of_the_unrounded_network() {
    let Some(encoder) = model() else {
        println!("no model at target/encoder: nothing compared");
        return;
    };
    let mut least = 1.0_f32;
    for line in include_str!("reference.jsonl").lines() {
        let reference: Reference = serde_json::from_str(line).unwrap();
        assert_eq!(encoder.tokens(&reference.text), reference.tokens, "{}", reference.text);
        let near = cosine(&encoder.encode(&reference.text), &reference.vector());
        assert!(near >= 0.99, "{near}: {}", reference.text);
        least = least.min(near);
    }
    println!("least cosine to the reference: {least}");
}

#[test]
fn several_threads_give_the_same_vectors() {
    let Some(encoder) = model() else { return };
    let texts = ["the card was declined", "", "log in", "refund please"];
    let one_by_one: Vec<Vec<f32>> = texts.iter().map(|text| encoder.encode(text)).collect();
    assert_eq!(encoder.encode_all(&texts, 256, 3), one_by_one);
}

#[test]
fn files_of_another_kind_are_refused() {
    assert_eq!(Encoder::read(b"no model", "").unwrap_err(), EncoderError::NotSafetensors);
    let empty = [&2_u64.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(Encoder::read(&empty, "").unwrap_err(), EncoderError::Tensor { .. }));
}
