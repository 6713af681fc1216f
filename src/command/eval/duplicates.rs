//! `deskbell eval duplicates`: are known duplicates found among all tickets, and shown?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use deskbell_domain::ids::TicketId;
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::evaluation::{Judgements, Ranking, quantile};
use deskbell_judgement::similarity::{RecentTickets, vector};
use serde::Serialize;

use super::tables::{Item, items, pairs};
use super::{encoder, memory_mb, show};
use crate::command::Failure;
use crate::command::arguments::eval::EvalDuplicatesArguments;

const THREADS: usize = 2;
/// One more than is measured: a ticket is most like itself.
const WANTED: usize = 11;

/// Stable names; shares are 0 to 1.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    ranking: Ranking,
    shown_recall: f64,
    shown_without_duplicate: f64,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    memory_mb: Option<f64>,
    encoder: bool,
    items: usize,
    questions: usize,
}

pub(super) fn run(arguments: &EvalDuplicatesArguments) -> Result<(), Failure> {
    let encoder = encoder(arguments.model.as_deref())?;
    let items = items(&arguments.items, &arguments.id, &arguments.text)?;
    let known = known(&pairs(&arguments.pairs)?, &items);
    if known.is_empty() {
        return Err(Failure::wrong("no pair names two of the items: do the ids of --pairs and --items agree?"));
    }
    let vectors = vectors(&items, encoder.as_ref());
    let recent = index(&items, &vectors);
    let told: Vec<Told> =
        items.iter().enumerate().map(|(at, item)| ask(&recent, &items, at, item, vectors.get(at))).collect();
    let questions: Vec<(&Told, &Judgements)> =
        items.iter().zip(&told).filter_map(|(item, told)| Some((told, known.get(&item.id)?))).collect();
    let mut latencies: Vec<f64> = told.iter().map(|told| told.milliseconds).collect();
    let paired: BTreeSet<&String> = known.iter().flat_map(|(id, others)| others.keys().chain([id])).collect();
    let alone: Vec<&Told> =
        items.iter().zip(&told).filter(|(item, _)| !paired.contains(&item.id)).map(|(_, told)| told).collect();
    let figures = Figures {
        ranking: Ranking::measure(questions.iter().map(|(told, others)| (told.found.as_slice(), *others))),
        shown_recall: share(
            questions.iter().filter(|(told, others)| told.shown.iter().any(|id| others.contains_key(id))).count(),
            questions.len(),
        ),
        shown_without_duplicate: share(alone.iter().filter(|told| !told.shown.is_empty()).count(), alone.len()),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p95_ms: quantile(&mut latencies, 0.95),
        memory_mb: memory_mb(),
        encoder: encoder.is_some(),
        items: items.len(),
        questions: questions.len(),
    };
    show(&figures, arguments.json);
    Ok(())
}

/// What was found for one ticket, without itself.
struct Told {
    found: Vec<String>,
    /// Those that a card would show.
    shown: Vec<String>,
    milliseconds: f64,
}

/// The duplicates of each ticket that is the first of a pair.
fn known(pairs: &[(String, String)], items: &[Item]) -> BTreeMap<String, Judgements> {
    let ids: BTreeSet<&String> = items.iter().map(|item| &item.id).collect();
    let mut known: BTreeMap<String, Judgements> = BTreeMap::new();
    for (one, other) in pairs.iter().filter(|(one, other)| ids.contains(one) && ids.contains(other)) {
        known.entry(one.clone()).or_default().insert(other.clone(), 1);
    }
    known
}

fn vectors(items: &[Item], encoder: Option<&Encoder>) -> Vec<Vec<f32>> {
    let Some(encoder) = encoder else { return Vec::new() };
    let part = |items: &[Item]| items.iter().map(|item| vector(encoder, &item.text)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let share = items.len().div_ceil(THREADS).max(1);
        let working: Vec<_> = items.chunks(share).map(|items| scope.spawn(move || part(items))).collect();
        working.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

/// Tickets are numbered by their places.
fn index(items: &[Item], vectors: &[Vec<f32>]) -> RecentTickets {
    let mut recent = RecentTickets::default();
    let mut vectors = vectors.iter();
    for (number, item) in (0..).zip(items) {
        recent.add_with(TicketId::new(number), &item.text, vectors.next().map(Vec::as_slice));
    }
    recent
}

fn ask(recent: &RecentTickets, items: &[Item], at: usize, item: &Item, vector: Option<&Vec<f32>>) -> Told {
    let vector = vector.map(Vec::as_slice);
    let id = |ticket: TicketId| {
        usize::try_from(ticket.number())
            .ok()
            .filter(|place| *place != at)
            .and_then(|place| items.get(place))
            .map(|item| item.id.clone())
    };
    let started = Instant::now();
    let found = recent.ranked(&item.text, vector, WANTED);
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    let shown = recent.similar_with(&item.text, vector);
    Told {
        found: found.into_iter().filter_map(|(ticket, _)| id(ticket)).collect(),
        shown: shown.into_iter().filter_map(|similar| id(similar.ticket)).collect(),
        milliseconds,
    }
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
