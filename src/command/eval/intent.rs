//! `deskbell eval request` and `deskbell eval complexity`: measure on labelled messages how often it is told rightly what they are
//! for.

use std::time::Instant;

use deskbell_domain::assessment::{Complexity, Judged};
use deskbell_judgement::evaluation::{Answer, Classification, quantile};
use deskbell_judgement::{complexity as help, request as asks};
use serde::Serialize;

use super::tables::{Columns, rows};
use super::{memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalIntentArguments;

/// From so sure on rules usually let the bot answer.
const SURE: f64 = 0.8;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct RequestFigures {
    accuracy: f64,
    macro_f1: f64,
    ece: f64,
    /// Of what asks for something, the share told so.
    requests_told: f64,
    /// Of what asks for nothing, the share told so.
    asides_told: f64,
    /// Requests that would have been dropped unseen.
    requests_dropped: usize,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    texts: usize,
}

/// As above.
#[derive(Serialize)]
struct ComplexityFigures {
    accuracy: f64,
    macro_f1: f64,
    ece: f64,
    /// Of what knowledge answers, the share told so at 80 % or more, and how much of what is told so is right.
    answerable_told_at_80: f64,
    answerable_right_at_80: f64,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    texts: usize,
}

/// A text's label, and what was said of it.
struct Told {
    truth: String,
    said: String,
    probability: f64,
}

pub(super) fn request(arguments: &EvalIntentArguments) -> Result<(), Failure> {
    let tests = rows(&arguments.test, columns(arguments, "request"))?;
    let classes = ["true", "false"];
    let mut dropped = 0;
    let (told, mut latencies) = tell(&tests, &classes, |text, truth| {
        let Judged { value, confidence, .. } = asks::weigh(text);
        dropped += usize::from(truth == "true" && asks::judge_surely(text).is_err());
        (value.to_string(), confidence.probability())
    })?;
    let measured = measured(&told);
    let of = |class: &str| share(&told, |told| told.said == class, |told| told.truth == class);
    let figures = RequestFigures {
        accuracy: measured.accuracy,
        macro_f1: measured.macro_f1,
        ece: measured.ece,
        requests_told: of("true"),
        asides_told: of("false"),
        requests_dropped: dropped,
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        texts: told.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

pub(super) fn complexity(arguments: &EvalIntentArguments) -> Result<(), Failure> {
    let mut tests = rows(&arguments.test, columns(arguments, "complexity"))?;
    tests.retain(|test| !test.label.trim().is_empty());
    if tests.is_empty() {
        return Err(Failure::wrong(format!("{} has no labelled rows", arguments.test.display())));
    }
    let classes = [Complexity::Answerable, Complexity::NeedsPerson].map(Complexity::as_str);
    let (told, mut latencies) = tell(&tests, &classes, |text, _| {
        let Judged { value, confidence, .. } = help::judge(text);
        (value.as_str().to_owned(), confidence.probability())
    })?;
    let measured = measured(&told);
    let answerable = Complexity::Answerable.as_str();
    let is_sure = |told: &Told| told.said == answerable && told.probability >= SURE;
    let figures = ComplexityFigures {
        accuracy: measured.accuracy,
        macro_f1: measured.macro_f1,
        ece: measured.ece,
        answerable_told_at_80: share(&told, is_sure, |told| told.truth == answerable),
        answerable_right_at_80: share(&told, |told| told.truth == answerable, is_sure),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        texts: told.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

fn columns<'a>(arguments: &'a EvalIntentArguments, usual: &'static str) -> Columns<'a> {
    Columns { text: arguments.text.as_deref(), label: arguments.label.as_deref(), usual: Some(usual) }
}

/// What is said of each text, and how long each took, in milliseconds.
fn tell(
    tests: &[deskbell_judgement::classifier::Example],
    classes: &[&str],
    mut say: impl FnMut(&str, &str) -> (String, f64),
) -> Result<(Vec<Told>, Vec<f64>), Failure> {
    let (mut told, mut latencies) = (Vec::with_capacity(tests.len()), Vec::with_capacity(tests.len()));
    for (number, test) in (1..).zip(tests) {
        let truth = test.label.trim().to_lowercase();
        if !classes.contains(&truth.as_str()) {
            let known = classes.join(" or ");
            return Err(Failure::wrong(format!("row {number} is not labelled {known}; name the column with --label")));
        }
        let started = Instant::now();
        let (said, probability) = say(&test.text, &truth);
        latencies.push(started.elapsed().as_secs_f64() * 1000.0);
        told.push(Told { truth, said, probability });
    }
    Ok((told, latencies))
}

fn measured(told: &[Told]) -> Classification {
    let answer = |told: &Told| Answer {
        truth: Some(told.truth.clone()),
        said: told.said.clone(),
        probability: told.probability,
        familiarity: 1.0,
    };
    Classification::measure(&told.iter().map(answer).collect::<Vec<_>>(), &[])
}

#[allow(clippy::cast_precision_loss)]
fn share(told: &[Told], counts: impl Fn(&Told) -> bool, of: impl Fn(&Told) -> bool) -> f64 {
    let of: Vec<&Told> = told.iter().filter(|told| of(told)).collect();
    of.iter().filter(|told| counts(told)).count() as f64 / of.len().max(1) as f64
}
