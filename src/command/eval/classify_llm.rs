//! `deskbell eval classify --llm`: asks the configured language model as a ticket would, and measures it and its candour.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use deskbell_domain::assessment::Stated;
use deskbell_domain::ids::{CategoryId, TicketId};
use deskbell_domain::policy::Category;
use deskbell_judgement::classifier::Example;
use deskbell_judgement::evaluation::{Answer, Classification, quantile};
use deskbell_judgement::temperature::Temperature;
use futures_util::StreamExt;
use futures_util::stream;
use serde::Serialize;

use super::classify::{draw, names_of};
use super::show;
use super::tables::{Columns, rows};
use crate::assessor::AssessRequest;
use crate::assessor::llm::{LlmAssessor, UNKNOWN, calibrated};
use crate::command::Failure;
use crate::command::arguments::eval::EvalClassifyArguments;
use crate::config::Config;
use crate::llm::{Llm, LlmError};
use crate::prepare;

/// Examples of each category that the model sees.
const EXAMPLES: usize = 3;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    model: String,
    accuracy: f64,
    macro_f1: f64,
    ece_stated: Option<f64>,
    ece: Option<f64>,
    factor: Temperature,
    unknown: f64,
    oos_unknown: Option<f64>,
    failures: usize,
    failed_by: BTreeMap<&'static str, usize>,
    input_tokens: u64,
    output_tokens: u64,
    cost: Option<f64>,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    labels: usize,
    asked_rows: usize,
    fitted_rows: usize,
    measured_rows: usize,
    not_asked_rows: usize,
}

/// A row, and what came of asking about it.
struct Asked {
    /// `None` for a text of no label.
    truth: Option<String>,
    /// What the model stated (`None`: no category fits), or the word for its failure.
    came: Result<Option<Stated>, &'static str>,
    milliseconds: f64,
}

pub(super) async fn run(arguments: &EvalClassifyArguments, path: &Path) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let Some((llm, settings)) = prepare::llm(&config)?.zip(config.llm.as_ref()) else {
        let none = "has no [llm]: add it to name the model, or leave --llm out to measure the local classifier";
        return Err(Failure::wrong(format!("--llm: {} {none}", path.display())));
    };
    let columns = Columns { text: arguments.text.as_deref(), label: arguments.label.as_deref(), usual: None };
    let is_strange = |label: &str| arguments.oos.as_deref() == Some(label);
    let mut examples = rows(&arguments.train, columns)?;
    examples.retain(|example| !is_strange(&example.label));
    let categories = categories(&examples)?;
    let drawn = drawn(rows(&arguments.test, columns)?, arguments.limit, arguments.seed);
    let wanted = drawn.len();
    if wanted == 0 {
        return Err(Failure::wrong("--limit 0 asks nothing: name how many rows the model may be asked".to_owned()));
    }
    let assessor = LlmAssessor::new(llm.clone(), &categories);
    let questions = drawn.into_iter().map(|row| (row.text, (!is_strange(&row.label)).then_some(row.label))).collect();
    let asked = ask(&assessor, questions, settings.max_concurrency).await?;
    if let Some(folder) = &arguments.plots {
        let (_, measured) = halves(&asked);
        let temperature = Temperature::fit(&fitted(&asked));
        draw(
            folder,
            &measured.iter().filter_map(|asked| answer(asked, |it| worth(it, temperature))).collect::<Vec<_>>(),
        )?;
    }
    show(&figures(&llm, &categories, &asked, wanted), arguments.json);
    if asked.iter().all(|asked| asked.came.is_err()) {
        let mend = "`deskbell doctor` says whether it can be reached";
        return Err(Failure::failed(format!("the model answered none of {} rows; {mend}", asked.len())));
    }
    Ok(())
}

/// The labels as a policy would have them.
fn categories(examples: &[Example]) -> Result<Vec<Category>, Failure> {
    let of_label = |label: &str| {
        let own = examples.iter().filter(|example| example.label == label).take(EXAMPLES);
        own.map(|example| example.text.clone()).collect()
    };
    let made = |(label, name): (String, String)| Category {
        examples: of_label(&label),
        id: CategoryId::new(label),
        name,
        area: String::new(),
        squad: None,
        keywords: Vec::new(),
    };
    let categories: Vec<Category> = names_of(examples).into_iter().map(made).collect();
    if categories.iter().any(|category| category.id.as_str() == UNKNOWN) {
        return Err(Failure::wrong(format!(
            "--train: a label is called {UNKNOWN}, which the model says where none fits: name it with --oos, or call it otherwise"
        )));
    }
    if categories.is_empty() { Err(Failure::wrong("--train has no label")) } else { Ok(categories) }
}

/// So many rows in an order that the seed alone decides: files are often sorted by label.
fn drawn(rows: Vec<Example>, limit: usize, seed: u64) -> Vec<Example> {
    let mut lots: Vec<(u64, Example)> = (0..).map(|at: u64| mixed(seed, at)).zip(rows).collect();
    lots.sort_by_key(|(lot, _)| *lot);
    lots.into_iter().map(|(_, row)| row).take(limit).collect()
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
const fn mixed(seed: u64, at: u64) -> u64 {
    let state = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Asks about all of them, in order, or until a budget is used up. What no row could be answered with ends it.
async fn ask(
    assessor: &LlmAssessor,
    questions: Vec<(String, Option<String>)>,
    at_once: usize,
) -> Result<Vec<Asked>, Failure> {
    let mut progress = Progress { of: questions.len(), ..Progress::default() };
    let one = |(number, (text, truth)): (u64, (String, Option<String>))| async move {
        let started = Instant::now();
        let request = AssessRequest {
            workspace: "eval".into(),
            // A ticket's budget is a row's.
            ticket: TicketId::new(number),
            text,
            similar: Vec::new(),
            people: Vec::new(),
        };
        (assessor.ask(&request).await, truth, started.elapsed().as_secs_f64() * 1000.0)
    };
    let mut answers = stream::iter((1..).zip(questions)).map(one).buffered(at_once.max(1));
    let mut asked = Vec::new();
    let mut ended = None;
    while let Some((came, truth, milliseconds)) = answers.next().await {
        let came = match came {
            Ok(assessment) => Ok(assessment.stated),
            Err(error @ (LlmError::Rejected { .. } | LlmError::Prompt { .. })) => {
                progress.end();
                return Err(Failure::failed(format!("{} {error}", assessor.model())));
            }
            Err(error @ LlmError::OverBudget { .. }) => {
                ended = Some(error);
                break;
            }
            Err(error) => Err(error.outcome()),
        };
        progress.show(came.is_err());
        asked.push(Asked { truth, came, milliseconds });
    }
    progress.end();
    match ended {
        Some(error) if asked.is_empty() => Err(Failure::failed(format!("{} {error}", assessor.model()))),
        Some(error) => {
            Progress::note(&format!("{} {error}; measured on the {} rows before", assessor.model(), asked.len()));
            Ok(asked)
        }
        None => Ok(asked),
    }
}

/// Those that the factor is fitted on, and those that it is measured on: every other one of a drawn order.
fn halves(asked: &[Asked]) -> (Vec<&Asked>, Vec<&Asked>) {
    let every_other = |from: usize| asked.iter().skip(from).step_by(2).collect();
    (every_other(0), every_other(1))
}

/// What was stated on the half to fit on, and whether it was right.
fn fitted(asked: &[Asked]) -> Vec<(f64, bool)> {
    let answers = halves(asked).0.into_iter().filter_map(|asked| answer(asked, probability));
    answers.map(|answer| (answer.probability, answer.truth.as_deref() == Some(answer.said.as_str()))).collect()
}

fn probability(stated: &Stated) -> f64 {
    stated.confidence.probability()
}

fn worth(stated: &Stated, temperature: Temperature) -> f64 {
    calibrated(probability(stated), temperature).probability()
}

/// An answer that names a category to a row that has a label, as sure as `sure` says.
fn answer(asked: &Asked, sure: impl Fn(&Stated) -> f64) -> Option<Answer> {
    let (stated, truth) = (asked.came.as_ref().ok()?.as_ref()?, asked.truth.clone()?);
    let said = stated.category.to_string();
    Some(Answer { truth: Some(truth), said, probability: sure(stated), familiarity: 1.0 })
}

fn figures(llm: &Llm, categories: &[Category], asked: &[Asked], wanted: usize) -> Figures {
    let measured = halves(asked).1;
    let temperature = Temperature::fit(&fitted(asked));
    let ece = |sure: &dyn Fn(&Stated) -> f64| {
        let answers: Vec<Answer> = measured.iter().filter_map(|asked| answer(asked, sure)).collect();
        (!answers.is_empty()).then(|| Classification::measure(&answers, &[]).ece)
    };
    // Whatever is no right category is wrong: that none fits, and that nothing came.
    let all: Vec<Answer> = asked.iter().filter(|asked| asked.truth.is_some()).map(as_answered).collect();
    let right = Classification::measure(&all, &[]);
    let none_fits = |of_label: bool| {
        let rows: Vec<&Asked> = asked.iter().filter(|asked| asked.truth.is_some() == of_label).collect();
        let named_none = rows.iter().filter(|asked| matches!(asked.came, Ok(None))).count();
        (!rows.is_empty()).then(|| share(named_none, rows.len()))
    };
    let mut failed_by = BTreeMap::new();
    for word in asked.iter().filter_map(|asked| asked.came.as_ref().err()) {
        *failed_by.entry(*word).or_insert(0) += 1;
    }
    let mut latencies: Vec<f64> = asked.iter().map(|asked| asked.milliseconds).collect();
    let used = llm.used();
    Figures {
        model: llm.model().to_owned(),
        accuracy: right.accuracy,
        macro_f1: right.macro_f1,
        ece_stated: ece(&probability),
        ece: ece(&|stated| worth(stated, temperature)),
        factor: temperature,
        unknown: none_fits(true).unwrap_or_default(),
        oos_unknown: none_fits(false),
        failures: failed_by.values().sum(),
        failed_by,
        input_tokens: used.input_tokens,
        output_tokens: used.output_tokens,
        cost: llm.cost(),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        labels: categories.len(),
        asked_rows: asked.len(),
        fitted_rows: asked.len() - measured.len(),
        measured_rows: measured.len(),
        not_asked_rows: wanted - asked.len(),
    }
}

/// With no label said where there is none.
fn as_answered(asked: &Asked) -> Answer {
    let unsaid = Answer { truth: asked.truth.clone(), said: String::new(), probability: 0.0, familiarity: 1.0 };
    answer(asked, probability).unwrap_or(unsaid)
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How far it is, on standard error: a line that moves where somebody watches, else a line each tenth.
#[derive(Default)]
struct Progress {
    of: usize,
    asked: usize,
    failed: usize,
    shown: Option<usize>,
    moves: bool,
}

impl Progress {
    fn show(&mut self, failed: bool) {
        self.asked += 1;
        self.failed += usize::from(failed);
        let line = format!("asked {} of {}, {} failed", self.asked, self.of, self.failed);
        let tenth = self.asked * 10 / self.of.max(1);
        if std::io::stderr().is_terminal() {
            self.moves = true;
            let mut err = std::io::stderr().lock();
            // Where nobody can write, nobody watches.
            drop(write!(err, "\r{line}\u{1b}[K").and_then(|()| err.flush()));
        } else if self.shown.replace(tenth) != Some(tenth) {
            Self::note(&line);
        }
    }

    fn end(&self) {
        if self.moves {
            Self::note("");
        }
    }

    fn note(line: &str) {
        drop(writeln!(std::io::stderr(), "{line}"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use deskbell_domain::assessment::Confidence;

    use super::*;

    fn row(at: usize) -> Example {
        Example { text: at.to_string(), label: "a".to_owned() }
    }

    #[test]
    fn lots_are_drawn_by_the_seed_alone_and_none_twice() {
        let texts = |limit, seed| {
            let rows = drawn((0..50).map(row).collect(), limit, seed);
            rows.into_iter().map(|row| row.text).collect::<Vec<String>>()
        };
        let all = texts(100, 1);
        assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (50, 50));
        assert_eq!(texts(10, 1), all[..10]);
        assert!(texts(10, 2) != texts(10, 1) && !all.is_sorted_by_key(|text| text.parse::<usize>().unwrap()));
    }

    #[test]
    fn a_failure_is_wrong_and_says_nothing_of_candour() {
        let stated = |category: &str, percent: u16| {
            let confidence = Confidence::from_thousandths(percent * 10);
            Ok(Some(Stated { model: "m".to_owned(), category: CategoryId::new(category), confidence }))
        };
        let of = |came, truth: Option<&str>| Asked { truth: truth.map(str::to_owned), came, milliseconds: 1.0 };
        let asked = [
            of(stated("a", 90), Some("a")),
            of(stated("b", 80), Some("b")),
            of(Err("refused"), Some("a")),
            of(Ok(None), Some("a")),
            of(stated("a", 70), None),
        ];
        assert_eq!(fitted(&asked), [(0.9, true)]);
        let all: Vec<Answer> = asked.iter().filter(|asked| asked.truth.is_some()).map(as_answered).collect();
        assert!((Classification::measure(&all, &[]).accuracy - 0.5).abs() < 1e-9);
    }
}
