//! Measures what one ticket and one search cost, on texts and vectors that it makes itself from a fixed seed.
//!
//! `tests/bench/run judgement`, or `cargo run --release -p deskbell-judgement --example bench -- FOLDER` with the folder of
//! all-MiniLM-L6-v2; without it the words speak alone. Prints a table and asserts nothing: machines differ.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing
)]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use deskbell_domain::ids::TicketId;
use deskbell_judgement::classifier::{Example, Lesson, Model};
use deskbell_judgement::encoder::{DIMENSIONS, Encoder};
use deskbell_judgement::evaluation::quantile;
use deskbell_judgement::passages::PassageIndex;
use deskbell_judgement::similarity::RecentTickets;
use deskbell_judgement::{language, request, sentiment, summary, urgency};

const TICKETS: usize = 10_000;
const LABELS: usize = 60;
const RECENT: usize = 2_000;
const ASKED: usize = 200;
const PASSAGES: [usize; 2] = [100_000, 200_000];
const WORDS_OF_A_PASSAGE: usize = 90;

/// Knuth's MMIX constants: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit.max(1) as u64).unwrap_or(0)
    }

    /// Few words are frequent and many are rare, as in a language.
    fn word(&mut self, vocabulary: usize) -> String {
        let share = (self.below(1_000_000) as f64 + 1.0) / 1e6;
        let rank = (vocabulary as f64).powf(share) as u64;
        // Spelled in syllables, so that n-grams are as frequent as in words.
        let mut number = rank.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30;
        let mut word = String::new();
        for _ in 0..2 + rank % 2 {
            word.push(char::from(b"bdfgklmnprstvz"[(number % 14) as usize]));
            word.push(char::from(b"aeiou"[(number / 14 % 5) as usize]));
            number /= 70;
        }
        word
    }

    fn text(&mut self, words: usize, vocabulary: usize) -> String {
        (0..words).map(|_| self.word(vocabulary)).collect::<Vec<_>>().join(" ")
    }

    fn vector(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..DIMENSIONS).map(|_| self.below(2_001) as f32 / 1_000.0 - 1.0).collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        for value in &mut vector {
            *value /= length;
        }
        vector
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let encoder = match std::env::args().nth(1).map(PathBuf::from) {
        Some(folder) => Some(Encoder::read(
            &std::fs::read(folder.join("model.safetensors"))?,
            &std::fs::read_to_string(folder.join("vocab.txt"))?,
        )?),
        None => None,
    };
    println!("| what | measured |\n| --- | --- |");
    if let Some(encoder) = &encoder {
        encoding(encoder);
    }
    // First, so that nothing freed before is used again and the memory told is all of it.
    for passages in PASSAGES {
        searching(passages);
    }
    triage(encoder.as_ref())
}

fn row(what: &str, measured: &str) {
    println!("| {what} | {measured} |");
}

/// Middle and 95th of 100, in milliseconds.
fn times(mut milliseconds: Vec<f64>) -> String {
    let (middle, high) = (quantile(&mut milliseconds, 0.5), quantile(&mut milliseconds, 0.95));
    format!("p50 {middle:.1} ms, p95 {high:.1} ms")
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(work());
    started.elapsed().as_secs_f64() * 1000.0
}

/// What the process holds in memory now, in MB; 0 where the system doesn't tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// A request as people write it: a frame, and a topic's own words.
fn ticket(random: &mut Random, label: usize) -> String {
    let frames = [
        "Hello, since this morning the {} of our shop fails with {}, can you please look into it?",
        "How do I change the {} when {} is already set?",
        "{} and {} are missing on the dashboard, our customers complain",
        "We need help with {}: it says {} and nothing happens after that. Thanks!",
    ];
    let frame = frames[random.below(frames.len())];
    let topic = |random: &mut Random| Random((label * 12 + random.below(12)) as u64 + 1).text(2, 40_000);
    let (one, other) = (topic(random), topic(random));
    frame.replacen("{}", &one, 1).replacen("{}", &other, 1)
}

fn encoding(encoder: &Encoder) {
    let mut random = Random(7);
    let texts: Vec<String> = (0..ASKED).map(|at| ticket(&mut random, at % LABELS)).collect();
    let tokens: usize = texts.iter().map(|text| encoder.tokens(text)).sum();
    let seconds = timed(|| texts.iter().map(|text| encoder.encode(text)).collect::<Vec<_>>()) / 1000.0;
    let rates = format!("{:.0} texts/s, {:.0} pieces/s", texts.len() as f64 / seconds, tokens as f64 / seconds);
    row(&format!("encoder, one thread, {} pieces a text", tokens / texts.len()), &rates);
}

fn triage(encoder: Option<&Encoder>) -> Result<(), Box<dyn std::error::Error>> {
    let mut random = Random(1);
    let examples: Vec<Example> = (0..TICKETS)
        .map(|at| Example { text: ticket(&mut random, at % LABELS), label: format!("category-{}", at % LABELS) })
        .collect();
    let started = Instant::now();
    let (model, _) = Model::learn(&Lesson { examples: &examples, encoder, ..Lesson::default() })?;
    row(
        &format!("training on {TICKETS} tickets, {LABELS} labels"),
        &format!("{:.1} s", started.elapsed().as_secs_f64()),
    );
    let mut recent = RecentTickets::default();
    for (number, example) in (1..).zip(examples.iter().take(RECENT)) {
        recent.add(TicketId::new(number), &example.text);
    }
    let asked = (0..ASKED).map(|at| ticket(&mut random, at % LABELS));
    let judged = asked.map(|text| {
        timed(|| {
            let judged =
                (urgency::judge(&text), sentiment::judge(&text), language::detect(&text), summary::summarize(&text));
            (request::judge(&text), judged, recent.similar_to(&text), model.classify_with(&text, encoder, 0.4))
        })
    });
    row("triage of one ticket", &times(judged.collect()));
    Ok(())
}

fn searching(passages: usize) {
    let mut random = Random(3);
    let before = resident();
    let mut index = PassageIndex::default();
    for _ in 0..passages {
        let slot = index.add(&random.text(WORDS_OF_A_PASSAGE, 300_000));
        index.set_vector(slot, &random.vector());
    }
    let held = resident() - before;
    let asked = (0..ASKED).map(|_| {
        let (question, vector) = (random.text(9, 300_000), random.vector());
        timed(|| index.search(&question, Some(&vector), |_| true, 10))
    });
    let memory = if passages == PASSAGES[0] { format!("; {held:.0} MB") } else { String::new() };
    let figures = format!("{}{memory}", times(asked.collect()));
    row(
        &format!("search over {passages} passages of {WORDS_OF_A_PASSAGE} words, the question's vector given"),
        &figures,
    );
}
