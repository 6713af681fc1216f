//! `deskbell eval retrieve`: measures the search on a corpus in the form of BEIR, or on a folder of Markdown documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use deskbell_judgement::encoder::{Encoder, TOKENS_AT_MOST};
use deskbell_judgement::evaluation::{Judgements, Ranking, quantile};
use deskbell_judgement::evidence::lift_documents;
use deskbell_judgement::knowledge::{Distinct, indexed, passages};
use deskbell_judgement::markdown;
use deskbell_judgement::passages::{PassageIndex, Slot};
use serde::Serialize;

use super::corpus::{self, Line};
use super::{encoder, memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalRetrieveArguments;

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
pub(super) struct Passage {
    pub(super) document: String,
    pub(super) indexed: String,
    /// Empty where documents are not cut.
    pub(super) anchor: String,
    pub(super) text: String,
}

pub(super) fn run(arguments: &EvalRetrieveArguments) -> Result<(), Failure> {
    let encoder = encoder(arguments.model.as_deref())?;
    let passages = read(&arguments.corpus)?;
    let judgements = corpus::judgements(&arguments.qrels)?;
    let questions = corpus::questions(&arguments.queries, &judgements)?;
    let index = index(&passages, encoder.as_ref());
    let asked = Asked { passages: &passages, index: &index, judgements: &judgements, questions: &questions };
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

fn read(path: &Path) -> Result<Vec<Passage>, Failure> {
    if !path.is_dir() {
        let passage = |line: Line| Passage {
            indexed: line.whole(),
            document: line.id,
            anchor: String::new(),
            text: String::new(),
        };
        return Ok(corpus::lines(path)?.into_iter().map(passage).collect());
    }
    let documents = corpus::markdown(path)?;
    Ok(documents.iter().flat_map(|(id, markdown)| split(id, markdown)).collect())
}

/// As the knowledge server does it.
pub(super) fn split(id: &str, text: &str) -> Vec<Passage> {
    let title = markdown::read(text).title.unwrap_or_else(|| id.rsplit('/').next().unwrap_or(id).to_owned());
    let passage = |section: markdown::Section| Passage {
        document: id.to_owned(),
        indexed: indexed(&title, &section.heading_path, &section.text),
        anchor: section.anchor,
        text: section.text,
    };
    passages(text).into_iter().map(passage).collect()
}

fn encoded(question: &Line, encoder: Option<&Encoder>) -> (Option<Vec<f32>>, f64) {
    let started = Instant::now();
    let vector = encoder.map(|encoder| encoder.encode(&question.whole()));
    (vector, started.elapsed().as_secs_f64() * 1000.0)
}

pub(super) fn index(passages: &[Passage], encoder: Option<&Encoder>) -> PassageIndex {
    let texts: Vec<&str> = passages.iter().map(|passage| passage.indexed.as_str()).collect();
    let vectors = encoder.map(|encoder| encoder.encode_all(&texts, TOKENS_AT_MOST, THREADS)).unwrap_or_default();
    let mut vectors = vectors.iter();
    let mut index = PassageIndex::default();
    for text in texts {
        let slot = index.add(text);
        if let Some(vector) = vectors.next() {
            index.set_vector(slot, vector);
        }
    }
    index
}

/// Which side is asked.
#[derive(Debug, Clone, Copy)]
enum Side {
    Words,
    Meaning,
    Both,
}

struct Asked<'a> {
    passages: &'a [Passage],
    index: &'a PassageIndex,
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
            let hits = self.search(&question.whole(), vector.as_deref(), side);
            latencies.push(started.elapsed().as_secs_f64() * 1000.0 + encoding);
            found.push(self.documents(&hits, &question.id));
        }
        let answers = self.questions.iter().map(|question| self.judgements.get(&question.id).unwrap_or(&none));
        (Ranking::measure(found.iter().map(Vec::as_slice).zip(answers)), latencies)
    }

    /// As the knowledge server searches, for readers who see everything; or one side of it alone.
    fn search(&self, question: &str, vector: Option<&[f32]>, side: Side) -> Vec<Slot> {
        let found = |vector| self.index.search(question, vector, |_| true, PASSAGES);
        match (side, vector) {
            (Side::Meaning, Some(vector)) => {
                self.index.nearest(vector, |_| true, PASSAGES).into_iter().map(|(slot, _)| slot).collect()
            }
            (Side::Words, _) => found(None).hits.iter().map(|hit| hit.slot).collect(),
            _ => {
                let mut hits = found(vector).hits;
                lift_documents(&mut hits, |slot| self.passages.get(slot as usize).map(|passage| &passage.document));
                hits.iter().map(|hit| hit.slot).collect()
            }
        }
    }

    /// The documents of the passages found, each where its best passage stands.
    fn documents(&self, hits: &[Slot], question: &str) -> Vec<String> {
        let (mut seen, mut distinct) = (BTreeSet::new(), Distinct::default());
        let passages = hits.iter().filter_map(|slot| self.passages.get(*slot as usize));
        let shown = passages.filter(|passage| distinct.is_new(&passage.document, &passage.anchor, &passage.text));
        let documents = shown.map(|passage| &passage.document);
        documents.filter(|id| *id != question && seen.insert(*id)).take(WANTED).cloned().collect()
    }
}
