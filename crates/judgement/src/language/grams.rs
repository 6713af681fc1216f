//! What a text's language is told by: runs of up to five letters within a word, its edges marked, and whole words.

use unicode_normalization::UnicodeNormalization;

use crate::text::char_ngrams;

/// So many different features are told apart; what falls together speaks as one.
pub const BUCKETS: usize = 1 << 16;
/// What follows so many letters is left out: a language shows early.
const LETTERS_AT_MOST: usize = 600;
/// A word within these lengths is a feature of its own; shorter ones are runs already.
const WORD: std::ops::RangeInclusive<usize> = 4..=16;

/// The features of a text by their buckets, each as often as it occurs. Digits and marks say nothing of a language.
pub fn features(text: &str) -> Vec<u16> {
    let mut found = Vec::new();
    let mut word = String::new();
    let letters = text.nfc().filter(|letter| *letter != '\u{ad}').flat_map(char::to_lowercase);
    for letter in letters.take(LETTERS_AT_MOST) {
        if letter.is_alphabetic() || is_mark(letter) {
            word.push(letter);
        } else {
            take(&mut word, &mut found);
        }
    }
    take(&mut word, &mut found);
    found
}

/// Combining marks that have no composed letter, and those that lower-casing leaves (`İ`).
fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn take(word: &mut String, found: &mut Vec<u16>) {
    if word.is_empty() {
        return;
    }
    char_ngrams(word, 2..=5, |gram| found.push(bucket(gram.iter().copied())));
    word.chars().for_each(|letter| found.push(bucket(std::iter::once(letter))));
    if WORD.contains(&word.chars().count()) {
        found.push(bucket(std::iter::once('#').chain(word.chars())));
    }
    word.clear();
}

/// FNV-1a over code points, its halves folded: stable between versions and machines.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
#[allow(clippy::cast_possible_truncation)]
fn bucket(letters: impl Iterator<Item = char>) -> u16 {
    let hash = letters.fold(0x811c_9dc5_u32, |hash, letter| (hash ^ u32::from(letter)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as u16
}
