//! What a message is told by: its words and question marks, pairs of them, and runs of letters within words.

use std::collections::BTreeMap;

use crate::text::{char_ngrams, fold, words_of_folded};

/// So many different features are told apart; what falls together speaks as one.
pub const BUCKETS: usize = 1 << 15;
/// What follows so many words is left out: what a message is for shows early.
const WORDS_AT_MOST: usize = 200;
/// Letters of a run.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;

/// A feature of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    /// Where its weight stands.
    pub bucket: u16,
    /// How much of the text it is: the squares of all words' shares come to one, and so do those of the runs.
    pub share: f64,
    /// The words, where it is made of whole ones.
    pub words: Option<String>,
}

/// The features of a text in a fixed order.
pub fn grams(text: &str) -> Vec<Gram> {
    let tokens = tokens(text);
    let (mut of_words, mut runs) = (Counted::default(), Counted::default());
    for (at, token) in tokens.iter().enumerate() {
        of_words.count(&format!("w {token}"), Some(token));
        if let Some(next) = tokens.get(at + 1) {
            let pair = format!("{token} {next}");
            of_words.count(&format!("p {pair}"), Some(&pair));
        }
        char_ngrams(token, RUNS, |run| runs.count(&format!("r {}", run.iter().collect::<String>()), None));
    }
    let mut grams = of_words.shares();
    grams.extend(runs.shares());
    grams
}

/// Words, and the marks that tell a question or an outcry.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let folded = fold(text);
    for piece in folded.split_inclusive(['?', '!', '¿', '？']) {
        let (words, mark) = match piece.char_indices().next_back() {
            Some((at, mark @ ('?' | '!' | '¿' | '？'))) => (piece.get(..at).unwrap_or_default(), Some(mark)),
            _ => (piece, None),
        };
        tokens.extend(words_of_folded(words));
        tokens.extend(mark.map(|mark| if mark == '!' { "!" } else { "?" }.to_owned()));
        if tokens.len() >= WORDS_AT_MOST {
            break;
        }
    }
    tokens.truncate(WORDS_AT_MOST);
    tokens
}

/// Features that are normalised together, in the order of their buckets.
#[derive(Default)]
struct Counted(BTreeMap<u16, (u32, Option<String>)>);

impl Counted {
    fn count(&mut self, feature: &str, words: Option<&str>) {
        let entry = self.0.entry(bucket(feature)).or_insert_with(|| (0, words.map(str::to_owned)));
        entry.0 += 1;
    }

    /// A feature that comes twice says little more than one that comes once.
    fn shares(self) -> Vec<Gram> {
        let weight = |count: u32| 1.0 + f64::from(count).ln();
        let length = self.0.values().map(|(count, _)| weight(*count).powi(2)).sum::<f64>().sqrt().max(1e-9);
        let gram = |(bucket, (count, words))| Gram { bucket, share: weight(count) / length, words };
        self.0.into_iter().map(gram).collect()
    }
}

/// FNV-1a, its halves folded: stable between versions and machines. <http://www.isthe.com/chongo/tech/comp/fnv/>
#[allow(clippy::cast_possible_truncation)]
fn bucket(feature: &str) -> u16 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = feature.bytes().fold(0x811c_9dc5, step);
    ((hash ^ (hash >> 15)) & (BUCKETS as u32 - 1)) as u16
}
