//! `deskbell eval retrieve`: measures the search on a corpus in the form of BEIR
//! (<https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset>).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use deskbell_judgement::encoder::{Encoder, TOKENS_AT_MOST};
use deskbell_judgement::evaluation::{Judgements, Ranking, quantile};
use deskbell_judgement::retrieval::{Corpus, Side};
use serde::{Deserialize, Serialize};

use super::{encoder, memory_mb, read, show};
use crate::command::Failure;
use crate::command::arguments::EvalRetrieveArguments;

/// Encoding threads.
const THREADS: usize = 2;
/// One more than is measured: the question itself may be among the documents and is left out.
const WANTED: usize = 11;

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

impl Line {
    fn whole(&self) -> String {
        [self.title.as_str(), self.text.as_str()].join("\n").trim().to_owned()
    }
}

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
    questions: usize,
}

pub(super) fn run(arguments: &EvalRetrieveArguments) -> Result<(), Failure> {
    let encoder = encoder(arguments.model.as_deref())?;
    let documents = lines(&arguments.corpus)?;
    let judgements = judgements(&arguments.qrels)?;
    let questions: Vec<Line> =
        lines(&arguments.queries)?.into_iter().filter(|question| judgements.contains_key(&question.id)).collect();
    if questions.is_empty() {
        return Err(Failure::wrong("no question has a judgement: do the ids of --queries and --qrels agree?"));
    }
    let corpus = index(&documents, encoder.as_ref());
    let asked = Asked { documents: &documents, corpus: &corpus, judgements: &judgements, questions: &questions };
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
        documents: documents.len(),
        questions: questions.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

fn encoded(question: &Line, encoder: Option<&Encoder>) -> (Option<Vec<f32>>, f64) {
    let started = Instant::now();
    let vector = encoder.map(|encoder| encoder.encode(&question.whole()));
    (vector, started.elapsed().as_secs_f64() * 1000.0)
}

fn index(documents: &[Line], encoder: Option<&Encoder>) -> Corpus {
    let texts: Vec<String> = documents.iter().map(Line::whole).collect();
    let as_str: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = encoder.map(|encoder| encoder.encode_all(&as_str, TOKENS_AT_MOST, THREADS)).unwrap_or_default();
    let mut vectors = vectors.iter();
    let mut corpus = Corpus::default();
    for text in &texts {
        corpus.add(text, vectors.next().map(Vec::as_slice));
    }
    corpus
}

struct Asked<'a> {
    documents: &'a [Line],
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
            let hits = self.corpus.search(&question.whole(), vector.as_deref(), side, WANTED);
            latencies.push(started.elapsed().as_secs_f64() * 1000.0 + encoding);
            let ids = hits.iter().filter_map(|(number, _)| self.documents.get(*number)).map(|document| &document.id);
            found.push(ids.filter(|id| **id != question.id).cloned().collect::<Vec<String>>());
        }
        let answers = self.questions.iter().map(|question| self.judgements.get(&question.id).unwrap_or(&none));
        (Ranking::measure(found.iter().map(Vec::as_slice).zip(answers)), latencies)
    }
}

fn lines(path: &Path) -> Result<Vec<Line>, Failure> {
    let content = read(path)?;
    let numbered = (1..).zip(content.lines()).filter(|(_, line): &(u32, &str)| !line.trim().is_empty());
    numbered
        .map(|(number, line)| {
            let fault = || format!("{}: line {number} is no JSON object with `_id` and `text`", path.display());
            serde_json::from_str(line).map_err(|_| Failure::wrong(fault()))
        })
        .collect()
}

/// Lines of question, document and how well it answers, separated by tabs, after a header.
fn judgements(path: &Path) -> Result<BTreeMap<String, Judgements>, Failure> {
    let mut judgements: BTreeMap<String, Judgements> = BTreeMap::new();
    for (number, line) in (1..).zip(read(path)?.lines()) {
        let mut fields = line.split('\t').map(str::trim);
        let (question, document, score) = (fields.next(), fields.next(), fields.next());
        match (question, document, score.map(str::parse::<u32>)) {
            (Some(question), Some(document), Some(Ok(score))) => {
                judgements.entry(question.to_owned()).or_default().insert(document.to_owned(), score);
            }
            _ if number == 1 || line.trim().is_empty() => {}
            _ => {
                let fault =
                    format!("{}: line {number} is no question, document and number with tabs between", path.display());
                return Err(Failure::wrong(fault));
            }
        }
    }
    Ok(judgements)
}
