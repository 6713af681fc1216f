//! `deskbell eval answers`: are the passages that answer a question from the right document, and short?

use std::collections::BTreeMap;
use std::time::Instant;

use deskbell_judgement::compression::answering;
use deskbell_judgement::evaluation::{Judgements, quantile};
use deskbell_judgement::knowledge::{Distinct, SNIPPET_CHARS};
use deskbell_judgement::passages::PassageIndex;
use deskbell_judgement::text::index_terms;
use serde::Serialize;

use super::corpus::{Line, judgements, markdown, questions};
use super::retrieve::{Passage, index, split};
use super::{memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalAnswersArguments;

/// So many passages make an answer, of so many that are looked at, since some say the same.
const CITED: usize = 3;
const LOOKED_AT: usize = 40;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    answered: f64,
    first_citation_right: f64,
    citation_right: f64,
    answer_recall: Option<f64>,
    answer_characters: f64,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    documents: usize,
    passages: usize,
    questions: usize,
}

/// What was found for one question.
struct Found {
    /// Whether each citation, the best first, is of a document that answers.
    right: Vec<bool>,
    /// The share of the good answer's words that the citations hold.
    recall: Option<f64>,
    characters: usize,
    milliseconds: f64,
}

pub(super) fn run(arguments: &EvalAnswersArguments) -> Result<(), Failure> {
    let judgements = judgements(&arguments.qrels)?;
    let questions = questions(&arguments.queries, &judgements)?;
    let documents = markdown(&arguments.corpus)?;
    let count = documents.len();
    let passages: Vec<Passage> = documents.iter().flat_map(|(id, markdown)| split(id, markdown)).collect();
    let library = Library { index: index(&passages, None), passages };
    let found: Vec<Found> = questions.iter().map(|question| library.ask(question, &judgements)).collect();
    let answered: Vec<&Found> = found.iter().filter(|found| !found.right.is_empty()).collect();
    let recalls: Vec<f64> = found.iter().filter_map(|found| found.recall).collect();
    let mut latencies: Vec<f64> = found.iter().map(|found| found.milliseconds).collect();
    let figures = Figures {
        answered: share(answered.len(), found.len()),
        first_citation_right: share(
            answered.iter().filter(|found| found.right.first() == Some(&true)).count(),
            answered.len(),
        ),
        citation_right: share(answered.iter().filter(|found| found.right.contains(&true)).count(), answered.len()),
        answer_recall: (!recalls.is_empty()).then(|| mean(&recalls)),
        answer_characters: share(answered.iter().map(|found| found.characters).sum(), answered.len()),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        documents: count,
        passages: library.passages.len(),
        questions: questions.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

/// The documents, as the knowledge server without an encoder has them.
struct Library {
    index: PassageIndex,
    passages: Vec<Passage>,
}

impl Library {
    fn ask(&self, question: &Line, judgements: &BTreeMap<String, Judgements>) -> Found {
        let started = Instant::now();
        let cited = self.cited(&question.whole());
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let answers = judgements.get(&question.id);
        let is_right = |(document, _): &(&str, String)| {
            answers.and_then(|answers| answers.get(*document)).is_some_and(|score| *score > 0)
        };
        Found {
            right: cited.iter().map(is_right).collect(),
            recall: question.answer.as_deref().map(|answer| recall(answer, &cited)),
            characters: cited.iter().map(|(_, snippet)| snippet.chars().count()).sum(),
            milliseconds,
        }
    }

    /// The best passages, compressed, with their documents.
    fn cited(&self, question: &str) -> Vec<(&str, String)> {
        let found = self.index.search(question, None, |_| true, LOOKED_AT);
        let mut distinct = Distinct::default();
        let passages = found.hits.iter().filter_map(|hit| self.passages.get(hit.slot as usize));
        let new = passages.filter(|passage| distinct.is_new(&passage.document, &passage.anchor, &passage.text));
        let snippet = |passage: &Passage| answering(&passage.text, &found.rarities, SNIPPET_CHARS);
        new.take(CITED).map(|passage| (passage.document.as_str(), snippet(passage))).collect()
    }
}

fn recall(answer: &str, cited: &[(&str, String)]) -> f64 {
    let held: Vec<String> = cited.iter().flat_map(|(_, snippet)| index_terms(snippet)).collect();
    let wanted = index_terms(answer);
    share(wanted.iter().filter(|term| held.contains(term)).count(), wanted.len())
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
