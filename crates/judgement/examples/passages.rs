//! How long a search among passages takes, and how much memory they hold: made-up words and vectors, half of them visible.
//!
//! `cargo run --release -p deskbell-judgement --example passages -- 100000`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation
)]

use std::time::{Duration, Instant};

use deskbell_judgement::passages::PassageIndex;

const WIDTH: usize = 384;
const WORDS_OF_PASSAGE: usize = 120;
const QUERIES: usize = 200;

/// A small generator of numbers that look random (<https://prng.di.unimi.it/splitmix64.c>).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Few words are common, most are rare, as in texts.
    fn word(&mut self) -> String {
        format!("w{}", (self.share().powi(4) * 40_000.0) as u32)
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn vector(&mut self) -> Vec<f32> {
        let raw: Vec<f32> = (0..WIDTH).map(|_| self.share() as f32 - 0.5).collect();
        let length = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
        raw.iter().map(|value| value / length).collect()
    }
}

/// Bytes that the process holds, where Linux tells.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

fn main() {
    let count: u32 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut numbers = Numbers(1);
    let before = resident();
    let mut index = PassageIndex::default();
    for _ in 0..count {
        let slot = index.add(&numbers.words(WORDS_OF_PASSAGE));
        index.set_vector(slot, &numbers.vector());
    }
    let held = resident().saturating_sub(before) / (1024 * 1024);
    let mut took: Vec<Duration> = (0..QUERIES)
        .map(|_| {
            let (query, vector) = (numbers.words(8), numbers.vector());
            let began = Instant::now();
            let found = index.search(&query, Some(&vector), |slot| slot % 2 == 0, 50);
            assert_eq!(found.hits.len(), 50);
            began.elapsed()
        })
        .collect();
    took.sort();
    let at = |share: f64| took.get((QUERIES as f64 * share) as usize).copied().unwrap_or_default();
    println!("{count} passages: p50 {:?}, p95 {:?}, {held} MB", at(0.5), at(0.95));
}
