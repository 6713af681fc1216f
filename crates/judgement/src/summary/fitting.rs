//! Learns what a summary's share of the words says of whether it holds the point, and holds that against texts that nothing was
//! chosen on.

#![allow(clippy::cast_precision_loss)]

use serde::Deserialize;

use super::{BIAS, LEARNED, TRUST, WHOLE, judge, labelled, summarized_by};
use crate::evaluation::calibration_error;
use crate::intent::training::{Labelled, learn};
use crate::intent::{Model, is_close};
use crate::text::{is_stop_word, words};

const TRAINING: &str = include_str!("../../../../tests/eval/points/train.jsonl");
const TEST: &str = include_str!("../../../../tests/eval/points/test.jsonl");
/// A summary holds a point with so many of its telling words: long sentences are cut.
const HELD: f64 = 0.8;
const STEPS: usize = 4000;
const STEP: f64 = 0.005;

#[derive(Deserialize)]
struct Row {
    text: String,
    points: Vec<String>,
}

fn rows(written: &str) -> Vec<Row> {
    written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn holds(summary: &str, points: &[String]) -> bool {
    let said = words(summary);
    points.iter().any(|point| {
        let telling: Vec<String> = words(point).into_iter().filter(|word| !is_stop_word(word)).collect();
        let held = telling.iter().filter(|word| said.contains(word)).count() as f64;
        held >= HELD * telling.len().max(1) as f64
    })
}

#[test]
fn the_model_is_what_the_training_half_teaches() {
    let messages: Vec<Labelled> = rows(TRAINING).iter().flat_map(|row| labelled(&row.text, &row.points)).collect();
    assert!(is_close(LEARNED, &learn(&messages)), "run the example `intent`, it says how");
}

/// What stands for a text's summary where its own part of the training half was not learned from.
fn held_out(rows: &[Row]) -> Vec<(f64, bool)> {
    const FOLDS: usize = 10;
    let mut told = Vec::new();
    for fold in 0..FOLDS {
        let of = |held: bool| rows.iter().enumerate().filter(move |(at, _)| (at % FOLDS == fold) == held);
        let messages: Vec<Labelled> = of(false).flat_map(|(_, row)| labelled(&row.text, &row.points)).collect();
        let bytes = learn(&messages);
        let model = Model::read(&bytes).unwrap();
        for (_, row) in of(true) {
            let (summary, probability) = summarized_by(Some(model), &row.text);
            told.push((probability, holds(&summary, &row.points)));
        }
    }
    told
}

/// The bias and the trust under which what was told loses least.
fn calibration(told: &[(f64, bool)]) -> (f64, f64) {
    let odds = |probability: f64| ((probability / (1.0 - probability)).ln() - BIAS) / TRUST;
    let told: Vec<(f64, f64)> = told
        .iter()
        .filter(|(probability, _)| *probability < WHOLE)
        .map(|(probability, is_held)| (odds(*probability), f64::from(u8::from(*is_held))))
        .collect();
    let (mut bias, mut trust) = (0.0, 1.0);
    for _ in 0..STEPS {
        let errors: Vec<(f64, f64)> =
            told.iter().map(|(odds, held)| (*odds, 1.0 / (1.0 + (-(bias + trust * odds)).exp()) - held)).collect();
        bias -= STEP * errors.iter().map(|(_, error)| error).sum::<f64>();
        trust -= STEP * errors.iter().map(|(odds, error)| error * odds).sum::<f64>();
    }
    (bias, trust)
}

#[test]
fn cross_validation_holds() {
    let told = held_out(&rows(TRAINING));
    let (bias, trust) = calibration(&told);
    assert!((bias - BIAS).abs() < 0.1 && (trust - TRUST).abs() < 0.1, "bias {bias:.2}, trust {trust:.2}");
    let right = told.iter().filter(|(_, is_held)| *is_held).count() as f64 / told.len() as f64;
    let error = calibration_error(&told);
    println!("cross-validated: {right:.3} hold the point, ECE {error:.3}");
    assert!(right >= 0.6 && error <= 0.1, "{right} {error}");
}

#[test]
fn the_certainty_holds_on_texts_of_another_writer() {
    let told: Vec<(f64, bool)> = rows(TEST)
        .iter()
        .map(|row| {
            let judged = judge(&row.text);
            (judged.confidence.probability(), holds(&judged.value, &row.points))
        })
        .collect();
    let right = told.iter().filter(|(_, is_held)| *is_held).count() as f64 / told.len() as f64;
    let error = calibration_error(&told);
    println!("summaries of {} texts: {right:.3} hold the point, ECE {error:.3}", told.len());
    assert!(told.len() >= 100 && right >= 0.5 && error <= 0.1, "{right} {error}");
}
