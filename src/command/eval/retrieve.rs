//! `deskbell eval retrieve`: measures the search on a corpus in the form of BEIR, or on a folder of Markdown documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use deskbell_judgement::encoder::{Encoder, TOKENS_AT_MOST};
use deskbell_judgement::evaluation::{Judgements, Ranking, quantile};
use deskbell_judgement::knowledge::telling_sections;
use deskbell_judgement::markdown;
use deskbell_judgement::retrieval::{Corpus, Side};
use serde::Serialize;

use super::corpus::{self, Line};
use super::{encoder, memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::EvalRetrieveArguments;

/// Encoding threads.
const THREADS: usize = 2;
/// One more than is measured: the question itself may be among the documents and is left out.
const WANTED: usize = 11;
/// So many passages are looked at, since several may be of one document.
const PASSAGES: usize = 100;

/// Stable names; shares are 0 to 1. `words` and `meaning` are each side alone.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    product: Ranking,
    words: Ranking,
    meaning: Option<Ranking>,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    encoder: bool,
    documents: usize,
    passages: usize,
    questions: usize,
}

/// What is searched: a document of BEIR's form is one passage, one of Markdown has several.
struct Passage {
    document: String,
    text: String,
}

pub(super) fn run(arguments: &EvalRetrieveArguments) -> Result<(), Failure> {
    let encoder = encoder(arguments.model.as_deref())?;
    let passages = passages(&arguments.corpus)?;
    let judgements = corpus::judgements(&arguments.qrels)?;
    let questions = corpus::questions(&arguments.queries, &judgements)?;
    let corpus = index(&passages, encoder.as_ref());
    let asked = Asked { passages: &passages, corpus: &corpus, judgements: &judgements, questions: &questions };
    let vectors: Vec<(Option<Vec<f32>>, f64)> =
        questions.iter().map(|question| encoded(question, encoder.as_ref())).collect();
    let (product, mut latencies) = asked.measure(&vectors, Side::Both);
    let figures = Figures {
        product,
        words: asked.measure(&vectors, Side::Words).0,
        meaning: encoder.is_some().then(|| asked.measure(&vectors, Side::Meaning).0),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        encoder: encoder.is_some(),
        documents: passages.iter().map(|passage| &passage.document).collect::<BTreeSet<_>>().len(),
        passages: passages.len(),
        questions: questions.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

fn passages(path: &Path) -> Result<Vec<Passage>, Failure> {
    if !path.is_dir() {
        let passage = |line: Line| Passage { text: line.whole(), document: line.id };
        return Ok(corpus::lines(path)?.into_iter().map(passage).collect());
    }
    let documents = corpus::markdown(path)?;
    Ok(documents.iter().flat_map(|(id, markdown)| split(id, markdown)).collect())
}

/// As the knowledge index does it: each passage carries its title and headings.
fn split(id: &str, text: &str) -> Vec<Passage> {
    let document = markdown::read(text);
    let title = document.title.unwrap_or_else(|| id.rsplit('/').next().unwrap_or(id).to_owned());
    let passage = |section: markdown::Section| Passage {
        document: id.to_owned(),
        text: format!("{title}\n{}\n{}", section.heading_path.join("\n"), section.text),
    };
    telling_sections(document.sections).into_iter().map(passage).collect()
}

fn encoded(question: &Line, encoder: Option<&Encoder>) -> (Option<Vec<f32>>, f64) {
    let started = Instant::now();
    let vector = encoder.map(|encoder| encoder.encode(&question.whole()));
    (vector, started.elapsed().as_secs_f64() * 1000.0)
}

fn index(passages: &[Passage], encoder: Option<&Encoder>) -> Corpus {
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
    let vectors = encoder.map(|encoder| encoder.encode_all(&texts, TOKENS_AT_MOST, THREADS)).unwrap_or_default();
    let mut vectors = vectors.iter();
    let mut corpus = Corpus::default();
    for text in texts {
        corpus.add(text, vectors.next().map(Vec::as_slice));
    }
    corpus
}

struct Asked<'a> {
    passages: &'a [Passage],
    corpus: &'a Corpus,
    judgements: &'a BTreeMap<String, Judgements>,
    questions: &'a [Line],
}

impl Asked<'_> {
    /// The figures, and the milliseconds of each question with its vector.
    fn measure(&self, vectors: &[(Option<Vec<f32>>, f64)], side: Side) -> (Ranking, Vec<f64>) {
        let none = Judgements::new();
        let mut latencies = Vec::with_capacity(self.questions.len());
        let mut found = Vec::with_capacity(self.questions.len());
        for (question, (vector, encoding)) in self.questions.iter().zip(vectors) {
            let started = Instant::now();
            let hits = self.corpus.search(&question.whole(), vector.as_deref(), side, PASSAGES);
            latencies.push(started.elapsed().as_secs_f64() * 1000.0 + encoding);
            found.push(self.documents(&hits, &question.id));
        }
        let answers = self.questions.iter().map(|question| self.judgements.get(&question.id).unwrap_or(&none));
        (Ranking::measure(found.iter().map(Vec::as_slice).zip(answers)), latencies)
    }

    /// The documents of the passages found, each where its best passage stands.
    fn documents(&self, hits: &[(usize, f64)], question: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let documents =
            hits.iter().filter_map(|(number, _)| self.passages.get(*number)).map(|passage| &passage.document);
        documents.filter(|id| *id != question && seen.insert(*id)).take(WANTED).cloned().collect()
    }
}
