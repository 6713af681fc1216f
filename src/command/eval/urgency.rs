//! `deskbell eval urgency`: measures how soon it is read that somebody must act, on labelled texts.

use std::collections::BTreeMap;
use std::time::Instant;

use deskbell_domain::assessment::Urgency;
use deskbell_judgement::evaluation::{Answer, Classification, quantile};
use deskbell_judgement::urgency;
use serde::Serialize;

use super::tables::{Columns, rows};
use super::{memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalUrgencyArguments;

const CLASSES: [Urgency; 4] = [Urgency::Low, Urgency::Normal, Urgency::High, Urgency::Critical];
/// What the label's column is called where nobody says it; the names known otherwise come after.
const LABEL: &str = "urgency";

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    accuracy: f64,
    macro_f1: f64,
    ece: f64,
    /// Of the texts of a class the share told rightly.
    by_urgency: BTreeMap<&'static str, f64>,
    /// Told to be more urgent than they are, and less.
    too_urgent: f64,
    too_calm: f64,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    texts: usize,
}

/// A text's label, and what was said of it.
struct Told {
    truth: Urgency,
    said: Urgency,
    probability: f64,
}

pub(super) fn run(arguments: &EvalUrgencyArguments) -> Result<(), Failure> {
    let columns = Columns { text: arguments.text.as_deref(), label: arguments.label.as_deref(), usual: Some(LABEL) };
    let tests = rows(&arguments.test, columns)?;
    let mut latencies = Vec::with_capacity(tests.len());
    let mut told = Vec::with_capacity(tests.len());
    for (number, test) in (1..).zip(&tests) {
        let truth = class(&test.label, number)?;
        let started = Instant::now();
        let judged = urgency::judge(&test.text);
        latencies.push(started.elapsed().as_secs_f64() * 1000.0);
        told.push(Told { truth, said: judged.value, probability: judged.confidence.probability() });
    }
    show(&figures(&told, &mut latencies), arguments.json);
    Ok(())
}

fn class(label: &str, number: usize) -> Result<Urgency, Failure> {
    let label = label.trim().to_lowercase();
    CLASSES.into_iter().find(|class| class.as_str() == label).ok_or_else(|| {
        let classes = CLASSES.map(Urgency::as_str).join(", ");
        Failure::wrong(format!("row {number} is labelled with none of {classes}; name the column with --label"))
    })
}

#[allow(clippy::cast_precision_loss)]
fn figures(told: &[Told], latencies: &mut [f64]) -> Figures {
    let answers: Vec<Answer> = told
        .iter()
        .map(|told| Answer {
            truth: Some(told.truth.as_str().to_owned()),
            said: told.said.as_str().to_owned(),
            probability: told.probability,
            familiarity: 1.0,
        })
        .collect();
    let measured = Classification::measure(&answers, &[]);
    let share = |counts: &dyn Fn(&Told) -> bool, of: &dyn Fn(&Told) -> bool| {
        let of: Vec<&Told> = told.iter().filter(|told| of(told)).collect();
        of.iter().filter(|told| counts(told)).count() as f64 / of.len().max(1) as f64
    };
    let classes = CLASSES.into_iter().filter(|class| told.iter().any(|told| told.truth == *class));
    let right = |class: Urgency| (class.as_str(), share(&|told| told.said == class, &|told| told.truth == class));
    Figures {
        accuracy: measured.accuracy,
        macro_f1: measured.macro_f1,
        ece: measured.ece,
        by_urgency: classes.map(right).collect(),
        too_urgent: share(&|told| told.said > told.truth, &|_| true),
        too_calm: share(&|told| told.said < told.truth, &|_| true),
        latency_p50_ms: quantile(latencies, 0.5),
        latency_p95_ms: quantile(latencies, 0.95),
        memory_mb: memory_mb(),
        texts: told.len(),
    }
}
