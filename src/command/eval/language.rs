//! `deskbell eval language`: measures language detection on labelled texts.

use std::collections::BTreeMap;
use std::time::Instant;

use deskbell_judgement::evaluation::{Languages, quantile};
use deskbell_judgement::language::guess;
use serde::Serialize;

use super::tables::{Columns, rows};
use super::{memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalLanguageArguments;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    accuracy: f64,
    mean_accuracy: f64,
    undetermined: f64,
    ece: f64,
    by_language: BTreeMap<String, f64>,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    texts: usize,
    languages: usize,
}

pub(super) fn run(arguments: &EvalLanguageArguments) -> Result<(), Failure> {
    let columns = Columns { text: arguments.text.as_deref(), label: arguments.label.as_deref(), usual: None };
    let tests = rows(&arguments.test, columns)?;
    let mut latencies = Vec::with_capacity(tests.len());
    let mut told = Vec::with_capacity(tests.len());
    for test in &tests {
        let text = match arguments.characters {
            Some(characters) => test.text.chars().take(characters).collect(),
            None => test.text.clone(),
        };
        let started = Instant::now();
        let said = guess(&text);
        latencies.push(started.elapsed().as_secs_f64() * 1000.0);
        told.push((test.label.as_str(), said.language, said.probability));
    }
    let measured = Languages::measure(told);
    let figures = Figures {
        accuracy: measured.accuracy,
        mean_accuracy: measured.mean_accuracy,
        undetermined: measured.undetermined,
        ece: measured.ece,
        languages: measured.by_language.len(),
        by_language: measured.by_language,
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        texts: tests.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}
