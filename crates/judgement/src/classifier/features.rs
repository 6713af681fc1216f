//! Sparse TF-IDF vectors of words, word pairs and character n-grams.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::mrkdwn::plain;
use crate::text::{char_ngrams, words};

/// What follows in a longer text is left out: a topic is named early.
const WORDS_AT_MOST: usize = 400;
/// The rarest features beyond this many are dropped.
const FEATURES_AT_MOST: usize = 250_000;
/// From so many texts on, a feature seen in one of them only is noise.
const MANY_TEXTS: usize = 1_000;

/// A sparse vector: feature and weight, features ascending.
pub(super) type Vector = Vec<(u32, f32)>;

/// One occurrence of a feature, with the word it came from.
struct Occurrence {
    hash: u64,
    block: Block,
    word: usize,
}

/// Words and characters are normalised apart, so that neither drowns the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Words,
    Characters,
}

/// A text taken apart once, vectorised by any vocabulary.
pub(super) struct Features {
    occurrences: Vec<Occurrence>,
    /// The text's words, folded.
    pub(super) words: Vec<String>,
}

impl Features {
    pub(super) fn read(text: &str) -> Self {
        let mut words = words(&plain(text));
        words.truncate(WORDS_AT_MOST);
        let mut occurrences = Vec::new();
        let mut previous: Option<&String> = None;
        for (at, word) in words.iter().enumerate() {
            occurrences.push(Occurrence { hash: word_hash(word), block: Block::Words, word: at });
            if let Some(previous) = previous {
                let hash = Fnv::new(2).text(previous).text(" ").text(word).0;
                occurrences.push(Occurrence { hash, block: Block::Words, word: at });
            }
            char_ngrams(word, 2..=5, |gram| {
                let hash = gram.iter().fold(Fnv::new(3), |hash, letter| hash.letter(*letter)).0;
                occurrences.push(Occurrence { hash, block: Block::Characters, word: at });
            });
            previous = Some(word);
        }
        Self { occurrences, words }
    }
}

/// The features known from training and how telling each is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Vocabulary {
    /// Ascending, so that a feature's number is its place.
    hashes: Vec<u64>,
    /// Inverse document frequency, smoothed, by feature number.
    rarity: Vec<f32>,
}

/// A feature's weight in a text and the word it came from.
pub(super) struct Weighted {
    pub(super) feature: u32,
    pub(super) weight: f32,
    pub(super) word: usize,
}

impl Vocabulary {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    pub(super) fn learn<'a>(texts: impl Iterator<Item = &'a Features>) -> Self {
        let mut frequency: HashMap<u64, u32> = HashMap::new();
        let mut documents = 0_usize;
        for features in texts {
            documents += 1;
            let mut hashes: Vec<u64> = features.occurrences.iter().map(|occurrence| occurrence.hash).collect();
            hashes.sort_unstable();
            hashes.dedup();
            for hash in hashes {
                *frequency.entry(hash).or_insert(0) += 1;
            }
        }
        let least = if documents >= MANY_TEXTS { 2 } else { 1 };
        let mut kept: Vec<(u64, u32)> = frequency.into_iter().filter(|(_, count)| *count >= least).collect();
        kept.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
        kept.truncate(FEATURES_AT_MOST);
        kept.sort_unstable();
        let rarity = |count: u32| ((1.0 + documents as f64) / (1.0 + f64::from(count))).ln() + 1.0;
        Self {
            rarity: kept.iter().map(|(_, count)| rarity(*count) as f32).collect(),
            hashes: kept.into_iter().map(|(hash, _)| hash).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    fn number(&self, hash: u64) -> Option<u32> {
        self.hashes.binary_search(&hash).ok().and_then(|place| u32::try_from(place).ok())
    }

    pub(super) fn knows(&self, word: &str) -> bool {
        self.number(word_hash(word)).is_some()
    }

    /// The text's vector: sublinear counts times rarity, each block of length 1.
    pub(super) fn vector(&self, features: &Features) -> Vector {
        let mut words = self.block(features, Block::Words);
        words.extend(self.block(features, Block::Characters));
        words.sort_unstable_by_key(|(feature, _)| *feature);
        words
    }

    #[allow(clippy::cast_possible_truncation)]
    fn block(&self, features: &Features, block: Block) -> Vector {
        let of_block = features.occurrences.iter().filter(|occurrence| occurrence.block == block);
        let mut numbers: Vec<u32> = of_block.filter_map(|occurrence| self.number(occurrence.hash)).collect();
        numbers.sort_unstable();
        let mut vector: Vec<(u32, f64)> = Vec::new();
        for number in numbers {
            match vector.last_mut() {
                Some((last, count)) if *last == number => *count += 1.0,
                _ => vector.push((number, 1.0)),
            }
        }
        for (number, count) in &mut vector {
            let rarity = self.rarity.get(*number as usize).copied().unwrap_or(0.0);
            *count = (1.0 + count.ln()) * f64::from(rarity);
        }
        let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        vector.into_iter().map(|(number, weight)| (number, (weight / length) as f32)).collect()
    }

    /// Every occurrence with its share of the feature's weight, to tell which words spoke.
    pub(super) fn by_word(&self, features: &Features) -> Vec<Weighted> {
        let vector = self.vector(features);
        let mut counts: HashMap<u32, f32> = HashMap::new();
        let known: Vec<(u32, usize)> = features
            .occurrences
            .iter()
            .filter_map(|occurrence| self.number(occurrence.hash).map(|number| (number, occurrence.word)))
            .collect();
        for (number, _) in &known {
            *counts.entry(*number).or_insert(0.0) += 1.0;
        }
        known
            .into_iter()
            .filter_map(|(feature, word)| {
                let place = vector.binary_search_by_key(&feature, |(number, _)| *number).ok()?;
                let (_, weight) = vector.get(place)?;
                Some(Weighted { feature, weight: weight / counts.get(&feature)?, word })
            })
            .collect()
    }
}

fn word_hash(word: &str) -> u64 {
    Fnv::new(1).text(word).0
}

/// FNV-1a: stable between versions and machines, unlike the standard library's hasher.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    fn new(kind: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).byte(kind)
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn text(self, text: &str) -> Self {
        text.bytes().fold(self, Self::byte)
    }

    fn letter(self, letter: char) -> Self {
        let mut buffer = [0; 4];
        self.text(letter.encode_utf8(&mut buffer))
    }
}
