//! Learns the weights from the training half, and says what cross-validation makes of them. The test half is not seen here.

#![allow(clippy::cast_precision_loss)]

use std::fmt::Write;

use deskbell_domain::assessment::Urgency;
use serde::Deserialize;

use super::features::{self, FEATURES, Features};
use super::weights::{BIAS, WEIGHTS};
use super::{CLASSES, TEMPERATURE, cues};
use crate::mrkdwn::plain;

const TRAINING: &str = include_str!("../../../../tests/eval/urgency/train.jsonl");
/// How much a weight's square costs: chosen by cross-validation.
const RIDGE: f64 = 1.0 / 0.3;
const STEPS: usize = 1500;
const STEP: f64 = 0.02;

#[derive(Deserialize)]
struct Row {
    text: String,
    urgency: Urgency,
}

/// Weights of a class for each feature; the last is the bias.
type Table = [[f64; 4]; FEATURES + 1];
type Sample = ([f64; FEATURES + 1], usize);

fn samples() -> Vec<Sample> {
    let rows = TRAINING.lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    rows.map(|row| {
        let shown = plain(&row.text);
        let features = Features::of(&row.text, &shown, &cues(&shown));
        let mut values = [1.0; FEATURES + 1];
        values[..FEATURES].copy_from_slice(features.values());
        (values, CLASSES.iter().position(|class| *class == row.urgency).unwrap())
    })
    .collect()
}

fn shares(table: &Table, values: &[f64; FEATURES + 1], temperature: f64) -> [f64; 4] {
    let mut scores = [0.0; 4];
    for (weights, value) in table.iter().zip(values).filter(|(_, value)| **value != 0.0) {
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score += weight * value;
        }
    }
    let top = scores.iter().copied().fold(f64::MIN, f64::max);
    let shares = scores.map(|score| ((score - top) / temperature).exp());
    let sum: f64 = shares.iter().sum();
    shares.map(|share| share / sum)
}

/// Logistic regression by accelerated descent over all rows: the same rows give the same weights.
fn fit(samples: &[&Sample]) -> Table {
    let (mut table, mut speed): (Table, Table) = ([[0.0; 4]; FEATURES + 1], [[0.0; 4]; FEATURES + 1]);
    for _ in 0..STEPS {
        let mut slope: Table = [[0.0; 4]; FEATURES + 1];
        for (values, label) in samples {
            let shares = shares(&table, values, 1.0);
            for (row, value) in slope.iter_mut().zip(values).filter(|(_, value)| **value != 0.0) {
                for (class, cell) in row.iter_mut().enumerate() {
                    *cell += (shares[class] - f64::from(u8::from(class == *label))) * value;
                }
            }
        }
        for at in 0..=FEATURES {
            for class in 0..4 {
                let ridge = if at == FEATURES { 0.0 } else { RIDGE * table[at][class] };
                speed[at][class] = 0.9 * speed[at][class] - STEP * (slope[at][class] + ridge) / 10.0;
                table[at][class] += speed[at][class];
            }
        }
    }
    table
}

fn macro_f1(answers: &[(usize, usize)]) -> f64 {
    let count = |test: &dyn Fn(&(usize, usize)) -> bool| answers.iter().filter(|pair| test(pair)).count() as f64;
    let f1 = |class: usize| {
        let right = count(&|(is, said)| *is == class && *said == class);
        2.0 * right / (count(&|(is, _)| *is == class) + count(&|(_, said)| *said == class)).max(1.0)
    };
    (0..4).map(f1).sum::<f64>() / 4.0
}

fn as_source(table: &Table) -> String {
    let row = |weights: &[f64; 4]| weights.map(|weight| format!("{weight:.2}").replace("-0.00", "0.00")).join(", ");
    let mut source = String::from(
        "//! Learned from `tests/eval/urgency/train.jsonl`: for `Low`, `Normal`, `High` and `Critical`. Not edited by hand.\n\n",
    );
    writeln!(source, "pub(super) const BIAS: [f64; 4] = [{}];\n", row(&table[FEATURES])).unwrap();
    writeln!(source, "pub(super) const WEIGHTS: [(&str, [f64; 4]); super::FEATURES] = [").unwrap();
    for (name, weights) in features::names().iter().zip(table) {
        writeln!(source, "    (\"{name}\", [{}]),", row(weights)).unwrap();
    }
    source.push_str("];\n");
    source
}

#[test]
fn the_weights_are_what_the_training_half_teaches() {
    let samples = samples();
    assert!(samples.len() >= 300, "{}", samples.len());
    let table = fit(&samples.iter().collect::<Vec<_>>());
    let names: Vec<&str> = WEIGHTS.iter().map(|(name, _)| *name).collect();
    let close = |one: &[f64; 4], other: &[f64; 4]| one.iter().zip(other).all(|(one, other)| (one - other).abs() < 0.02);
    let same = names == features::names()
        && close(&BIAS, &table[FEATURES])
        && WEIGHTS.iter().zip(&table).all(|((_, weights), learned)| close(weights, learned));
    assert!(same, "cues or rows have changed; urgency/weights.rs must be:\n{}", as_source(&table));
}

#[test]
fn cross_validation_holds() {
    let samples = samples();
    let (mut answers, mut loss) = (Vec::new(), 0.0);
    for fold in 0..10 {
        let of = |kept: bool| samples.iter().enumerate().filter(move |(at, _)| (at % 10 == fold) == kept);
        let table = fit(&of(false).map(|(_, sample)| sample).collect::<Vec<_>>());
        for (_, (values, label)) in of(true) {
            let shares = shares(&table, values, TEMPERATURE);
            let said = (0..4).max_by(|one, other| shares[*one].total_cmp(&shares[*other])).unwrap();
            loss -= shares[*label].ln();
            answers.push((*label, said));
        }
    }
    let (f1, loss) = (macro_f1(&answers), loss / samples.len() as f64);
    println!("macro F1 {f1:.4}, log-loss {loss:.4} over {} rows", samples.len());
    assert!(f1 > 0.86, "{f1}");
}
