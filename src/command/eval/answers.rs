//! `deskbell eval answers`: are the passages that answer a question from the right document, and short?

use std::collections::BTreeMap;
use std::time::Instant;

use deskbell_judgement::evaluation::{Judgements, quantile};
use deskbell_judgement::knowledge::{KnowledgeIndex, Passage, Source};
use deskbell_judgement::text::index_terms;
use serde::Serialize;

use super::corpus::{Line, judgements, markdown, questions};
use super::{memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::EvalAnswersArguments;

/// So many passages make an answer.
const CITED: usize = 3;

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
    let source = |(id, markdown)| Source { path: format!("{id}.md"), url: None, markdown };
    let index = KnowledgeIndex::from_documents(documents.into_iter().map(source));
    let found: Vec<Found> = questions.iter().map(|question| ask(&index, question, &judgements)).collect();
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
        passages: index.len(),
        questions: questions.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

fn ask(index: &KnowledgeIndex, question: &Line, judgements: &BTreeMap<String, Judgements>) -> Found {
    let started = Instant::now();
    let passages = index.search(&question.whole(), CITED);
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    let answers = judgements.get(&question.id);
    let is_right = |passage: &Passage| {
        let id = passage.path.strip_suffix(".md").unwrap_or(&passage.path);
        answers.and_then(|answers| answers.get(id)).is_some_and(|score| *score > 0)
    };
    Found {
        right: passages.iter().map(is_right).collect(),
        recall: question.answer.as_deref().map(|answer| recall(answer, &passages)),
        characters: passages.iter().map(|passage| passage.snippet.chars().count()).sum(),
        milliseconds,
    }
}

fn recall(answer: &str, passages: &[Passage]) -> f64 {
    let held: Vec<String> = passages.iter().flat_map(|passage| index_terms(&passage.snippet)).collect();
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
