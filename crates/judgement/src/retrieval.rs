//! Finding documents by their words and by what they mean, both together: BM25 and sentence vectors, their best
//! scores brought to one scale and added.
//!
//! Adding ranks instead of scores (reciprocal rank fusion) was measured and is worse: a sure hit and a faint one of the
//! same rank would count alike.

use std::collections::BTreeMap;

use crate::lexical::Index;
use crate::vectors::Vectors;

/// So many of the best of each side are fused.
const FUSED: usize = 50;
/// Documents of so many words at most are questions and headings: their meaning says more than their words.
const SHORT: f64 = 25.0;
/// The words' share for short documents, where the meaning's is 1; for longer ones both are 1.
const SHARE_WHEN_SHORT: f64 = 0.5;

/// Documents to be found.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    words: Index<usize>,
    meanings: Vectors,
    total_words: usize,
}

/// Which side is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// BM25 alone.
    Words,
    /// Vectors alone.
    Meaning,
    /// Both.
    Both,
}

impl Corpus {
    /// Adds a document and gives its number; with a vector for every document or for none.
    pub fn add(&mut self, text: &str, vector: Option<&[f32]>) -> usize {
        let number = self.words.len();
        self.words.add(number, text);
        self.total_words += text.split_whitespace().count();
        if let Some(vector) = vector {
            self.meanings.push(vector);
        }
        number
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The best `limit` documents with their scores, which are comparable within one search only. Without a vector of
    /// the query, or of every document, the words decide alone.
    pub fn search(&self, query: &str, vector: Option<&[f32]>, side: Side, limit: usize) -> Vec<(usize, f64)> {
        let vector = vector.filter(|_| self.meanings.len() == self.words.len() && side != Side::Words);
        let wanted = limit.max(FUSED);
        let Some(vector) = vector else {
            return best(self.by_words(query, wanted), limit);
        };
        let by_meaning = best(self.by_meaning(vector), wanted);
        if side == Side::Meaning {
            return best(by_meaning, limit);
        }
        let by_words = standard(&self.by_words(query, wanted), self.share_of_words());
        best(add(&by_words, &standard(&by_meaning, 1.0)), limit)
    }

    fn by_words(&self, query: &str, limit: usize) -> Vec<(usize, f64)> {
        self.words.search(query, limit).into_iter().map(|hit| (hit.id, hit.score)).collect()
    }

    fn by_meaning(&self, vector: &[f32]) -> Vec<(usize, f64)> {
        self.meanings.cosines(vector).into_iter().map(f64::from).enumerate().collect()
    }

    #[allow(clippy::cast_precision_loss)]
    fn share_of_words(&self) -> f64 {
        let average = self.total_words as f64 / self.words.len().max(1) as f64;
        if average <= SHORT { SHARE_WHEN_SHORT } else { 1.0 }
    }
}

fn best(mut scored: Vec<(usize, f64)>, limit: usize) -> Vec<(usize, f64)> {
    let by_score = |left: &(usize, f64), right: &(usize, f64)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if limit > 0 && limit < scored.len() {
        scored.select_nth_unstable_by(limit - 1, by_score);
    }
    scored.truncate(limit);
    scored.sort_by(by_score);
    scored
}

/// Mean 0, variance 1, times `share`.
#[allow(clippy::cast_precision_loss)]
fn standard(scored: &[(usize, f64)], share: f64) -> Vec<(usize, f64)> {
    let count = scored.len().max(1) as f64;
    let mean = scored.iter().map(|(_, score)| score).sum::<f64>() / count;
    let variance = scored.iter().map(|(_, score)| (score - mean).powi(2)).sum::<f64>() / count;
    let spread = variance.sqrt().max(1e-9);
    scored.iter().map(|(number, score)| (*number, (score - mean) / spread * share)).collect()
}

/// A document that one side didn't find gets that side's least score.
fn add(left: &[(usize, f64)], right: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let least = |side: &[(usize, f64)]| side.iter().map(|(_, score)| *score).reduce(f64::min).unwrap_or(0.0);
    let (least_left, least_right) = (least(left), least(right));
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (number, score) in left {
        sums.entry(*number).or_insert((least_left, least_right)).0 = *score;
    }
    for (number, score) in right {
        sums.entry(*number).or_insert((least_left, least_right)).1 = *score;
    }
    sums.into_iter().map(|(number, (left, right))| (number, left + right)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Corpus, Side};

    fn corpus() -> Corpus {
        let mut corpus = Corpus::default();
        corpus.add("refund a payment", Some(&[1.0, 0.0]));
        corpus.add("sign in with a password", Some(&[0.0, 1.0]));
        corpus.add("payment failed", Some(&[0.8, 0.6]));
        corpus
    }

    fn found(query: &str, vector: Option<&[f32]>, side: Side) -> Vec<usize> {
        corpus().search(query, vector, side, 3).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn both_sides_are_heard() {
        assert_eq!(found("failed payment", None, Side::Both), [2, 0]);
        assert_eq!(found("log on", Some(&[0.1, 0.9]), Side::Meaning)[0], 1);
        assert_eq!(found("log on", Some(&[0.1, 0.9]), Side::Both)[0], 1);
        assert_eq!(found("payment", Some(&[1.0, 0.0]), Side::Both)[0], 0);
        assert_eq!(found("failed payment", Some(&[1.0, 0.0]), Side::Words), [2, 0]);
    }

    #[test]
    fn a_missing_vector_leaves_the_words() {
        let mut corpus = corpus();
        corpus.add("password rules", None);
        assert_eq!(corpus.search("password rules", Some(&[1.0, 0.0]), Side::Both, 1)[0].0, 3);
    }
}
