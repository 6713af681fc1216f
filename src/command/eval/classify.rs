//! `deskbell eval classify`: trains on one file and measures on another.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use deskbell_judgement::classifier::{Example, Lesson, Model};
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::evaluation::plots::{coverage_curve, reliability_diagram};
use deskbell_judgement::evaluation::{Answer, Classification, quantile};
use serde::Serialize;

use super::tables::{Columns, rows};
use super::{encoder, memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalClassifyArguments;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    accuracy: f64,
    macro_f1: f64,
    ece: f64,
    coverage_at_95: f64,
    precision_at_95: f64,
    threshold_at_95: f64,
    coverage_at_98: f64,
    precision_at_98: f64,
    threshold_at_98: f64,
    oos_auroc: Option<f64>,
    oos_recall_at_95_kept: Option<f64>,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    train_seconds: f64,
    memory_mb: Option<f64>,
    encoder: bool,
    labels: usize,
    train_rows: usize,
    test_rows: usize,
    held_out_rows: usize,
}

pub(super) fn run(arguments: &EvalClassifyArguments) -> Result<(), Failure> {
    let columns = Columns { text: arguments.text.as_deref(), label: arguments.label.as_deref(), usual: None };
    let encoder = encoder(arguments.model.as_deref())?;
    let oos = arguments.oos.as_deref();
    let is_strange = |example: &Example| oos == Some(example.label.as_str());
    let (strange, examples): (Vec<Example>, Vec<Example>) =
        rows(&arguments.train, columns)?.into_iter().partition(is_strange);
    let names = names_of(&examples);
    if arguments.shots == Some(0) && arguments.model.is_none() {
        let mend = "name the sentence encoder's folder with --model";
        return Err(Failure::wrong(format!("--shots 0 compares texts with the labels' names by meaning: {mend}")));
    }
    let examples = match arguments.shots {
        Some(shots) => first_of_each(examples, shots),
        None => examples,
    };
    let strange: Vec<String> = strange.into_iter().map(|example| example.text).collect();
    let tests = rows(&arguments.test, columns)?;
    let started = Instant::now();
    let lesson = Lesson { examples: &examples, names: &names, strange: &strange, encoder: encoder.as_ref() };
    let (model, held_out) = Model::learn(&lesson).map_err(|error| Failure::wrong(error.to_string()))?;
    let train_seconds = started.elapsed().as_secs_f64();
    let (answers, mut latencies) = answer(&model, encoder.as_ref(), &tests, oos);
    if let Some(folder) = &arguments.plots {
        draw(folder, &answers)?;
    }
    let measured = Classification::measure(&answers, &held_out);
    let figures = Figures {
        accuracy: measured.accuracy,
        macro_f1: measured.macro_f1,
        ece: measured.ece,
        coverage_at_95: measured.at_95.coverage,
        precision_at_95: measured.at_95.precision,
        threshold_at_95: measured.at_95.threshold,
        coverage_at_98: measured.at_98.coverage,
        precision_at_98: measured.at_98.precision,
        threshold_at_98: measured.at_98.threshold,
        oos_auroc: measured.out_of_scope.map(|known| known.auroc),
        oos_recall_at_95_kept: measured.out_of_scope.map(|known| known.recall_at_95_kept),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        train_seconds,
        memory_mb: memory_mb(),
        encoder: encoder.is_some(),
        labels: model.labels().len(),
        train_rows: examples.len(),
        test_rows: tests.len(),
        held_out_rows: held_out.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

pub(super) fn draw(folder: &Path, answers: &[Answer]) -> Result<(), Failure> {
    let fault = |path: &Path, error| Failure::wrong(format!("--plots: {} can't be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| fault(folder, error))?;
    let pictures = [("reliability.svg", reliability_diagram(answers)), ("coverage.svg", coverage_curve(answers))];
    for (name, svg) in pictures {
        let path = folder.join(name);
        fs::write(&path, svg).map_err(|error| fault(&path, error))?;
    }
    Ok(())
}

/// Each test's answer, and the milliseconds that it took with its vector.
fn answer(model: &Model, encoder: Option<&Encoder>, tests: &[Example], oos: Option<&str>) -> (Vec<Answer>, Vec<f64>) {
    let one = |test: &Example| {
        let started = Instant::now();
        let prediction = model.predict_with(&test.text, encoder);
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let (said, probability) = prediction.ranked.into_iter().next().unwrap_or_default();
        let truth = (oos != Some(test.label.as_str())).then(|| test.label.clone());
        (Answer { truth, said, probability, familiarity: prediction.familiarity }, milliseconds)
    };
    tests.iter().map(one).unzip()
}

/// Labels as they are named; what reads a name turns underlines into spaces.
pub(super) fn names_of(examples: &[Example]) -> Vec<(String, String)> {
    let spaced = |label: &str| label.replace(['_', '-', '.', ':', '/'], " ");
    let names: BTreeMap<&str, String> =
        examples.iter().map(|example| (example.label.as_str(), spaced(&example.label))).collect();
    names.into_iter().map(|(label, name)| (label.to_owned(), name)).collect()
}

fn first_of_each(examples: Vec<Example>, shots: usize) -> Vec<Example> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let kept = |example: &Example| {
        let count = seen.entry(example.label.clone()).or_insert(0);
        *count += 1;
        *count <= shots
    };
    examples.into_iter().filter(kept).collect()
}
