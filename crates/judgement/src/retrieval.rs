//! Finding documents by their words and by what they mean, both together: the cosine of the sentence vectors, plus a
//! share of how much of the query's words a document holds, weighed by how rare they are.
//!
//! Both numbers say by themselves how good a document is, so that a side that found nothing good can't outvote the other.
//! Adding ranks (reciprocal rank fusion) or scores brought to mean 0 and variance 1 among the best was measured and is worse:
//! the best of a bad lot counts there as much as a sure hit (docs/JUDGEMENT.md has the figures).

use std::collections::BTreeSet;

use crate::lexical::Index;
use crate::vectors::{EXACT_TO, Vectors};

/// Beyond [`EXACT_TO`] documents, so many of the best of each side are compared by both.
const FUSED: usize = 100;
/// What a document that holds all of the query's words gets, where one that means the same gets 1.
const SHARE_OF_WORDS: f64 = 1.0;
/// The same where documents have [`SHORT`] terms in the mean or fewer: of a question or heading the meaning says more.
const SHARE_WHEN_SHORT: f64 = 0.5;
const SHORT: f64 = 15.0;
/// The shares that [`Corpus::tune`] chooses from.
const SHARES: [f64; 9] = [0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4];

/// Documents to be found.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    words: Index<usize>,
    meanings: Vectors,
    /// What [`Self::tune`] chose.
    tuned: Option<f64>,
}

/// A question whose document is known: what a corpus is tuned with.
#[derive(Debug, Clone)]
pub struct Solved<'a> {
    /// The question's words.
    pub query: &'a str,
    /// Its vector.
    pub vector: &'a [f32],
    /// The number of the document that answers it.
    pub document: usize,
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
        let Some(vector) = vector else {
            return best(self.words.scores(query), limit);
        };
        if side == Side::Meaning {
            let nearest = self.meanings.nearest(vector, limit).into_iter();
            return nearest.map(|(place, cosine)| (place, f64::from(cosine))).collect();
        }
        let covers = self.covers(query);
        let scored = if self.len() <= EXACT_TO {
            self.all(&covers, vector, self.share_of_words())
        } else {
            self.among_best(covers, vector, limit.max(FUSED))
        };
        best(scored, limit)
    }

    /// How much of the query each document holds, `0.0..1.0`; those that hold nothing of it are left out.
    fn covers(&self, query: &str) -> Vec<(usize, f64)> {
        let reach = self.words.reach(query).max(f64::MIN_POSITIVE);
        self.words.scores(query).into_iter().map(|(number, score)| (number, score / reach)).collect()
    }

    fn share_of_words(&self) -> f64 {
        let usual = if self.words.average_length() <= SHORT { SHARE_WHEN_SHORT } else { SHARE_OF_WORDS };
        self.tuned.unwrap_or(usual)
    }

    fn all(&self, covers: &[(usize, f64)], vector: &[f32], share: f64) -> Vec<(usize, f64)> {
        let mut sums: Vec<f64> = self.meanings.cosines(vector).into_iter().map(f64::from).collect();
        for (number, cover) in covers {
            if let Some(sum) = sums.get_mut(*number) {
                *sum += share * cover;
            }
        }
        sums.into_iter().enumerate().collect()
    }

    fn among_best(&self, covers: Vec<(usize, f64)>, vector: &[f32], wanted: usize) -> Vec<(usize, f64)> {
        let mut chosen: BTreeSet<usize> =
            self.meanings.nearest(vector, wanted).into_iter().map(|(number, _)| number).collect();
        let by_words = best(covers, wanted);
        chosen.extend(by_words.iter().map(|(number, _)| number));
        let places: Vec<usize> = chosen.into_iter().collect();
        let cosines = self.meanings.cosines_of(vector, &places).into_iter().map(f64::from);
        let mut scored: Vec<(usize, f64)> = places.into_iter().zip(cosines).collect();
        let share = self.share_of_words();
        for (number, cover) in by_words {
            if let Ok(at) = scored.binary_search_by_key(&number, |(known, _)| *known)
                && let Some((_, sum)) = scored.get_mut(at)
            {
                *sum += share * cover;
            }
        }
        scored
    }

    /// Chooses how much the words count by questions whose documents are known: the share with the best mean reciprocal
    /// rank. Of equals the one nearest to the usual share stays. Gives the share.
    pub fn tune(&mut self, solved: &[Solved<'_>]) -> f64 {
        let usual = self.share_of_words();
        let mut found = (f64::NEG_INFINITY, usual);
        let usual_first = |left: &f64, right: &f64| (left - usual).abs().total_cmp(&(right - usual).abs());
        let mut shares = SHARES;
        shares.sort_by(usual_first);
        let known: Vec<(&Solved<'_>, Vec<(usize, f64)>)> =
            solved.iter().map(|solved| (solved, self.covers(solved.query))).collect();
        for share in shares {
            let reciprocal = |(solved, covers): &(&Solved<'_>, Vec<(usize, f64)>)| {
                let scored = self.all(covers, solved.vector, share);
                let own = scored.get(solved.document).map_or(f64::NEG_INFINITY, |(_, score)| *score);
                1.0 / place(&scored, own)
            };
            let quality: f64 = known.iter().map(reciprocal).sum();
            if quality > found.0 + 1e-9 {
                found = (quality, share);
            }
        }
        self.tuned = Some(found.1);
        found.1
    }
}

/// Counted from 1; of equals the last.
#[allow(clippy::cast_precision_loss)]
fn place(scored: &[(usize, f64)], own: f64) -> f64 {
    scored.iter().filter(|(_, score)| *score >= own).count().max(1) as f64
}

fn best(mut scored: Vec<(usize, f64)>, limit: usize) -> Vec<(usize, f64)> {
    let by_score = |left: &(usize, f64), right: &(usize, f64)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if limit > 0 && limit < scored.len() {
        scored.select_nth_unstable_by(limit - 1, by_score);
    }
    scored.truncate(limit);
    scored.sort_unstable_by(by_score);
    scored
}

#[cfg(test)]
mod tests {
    use super::{Corpus, Side, Solved};

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
    fn the_words_share_is_chosen_by_solved_questions() {
        let solve = |query, vector, document| Solved { query, vector, document };
        // The vectors point elsewhere, so the words must be heard.
        let by_words = [solve("failed payment", &[1.0, 0.0][..], 2), solve("password", &[0.8, 0.6], 1)];
        let by_meaning = [solve("payment", &[0.0, 1.0][..], 1), solve("refund", &[0.6, 0.8], 2)];
        let (mut heard, mut unheard) = (corpus(), corpus());
        assert!(heard.tune(&by_words) > unheard.tune(&by_meaning));
        assert_eq!(heard.search("failed payment", Some(&[1.0, 0.0]), Side::Both, 1)[0].0, 2);
        assert_eq!(unheard.search("payment", Some(&[0.0, 1.0]), Side::Both, 1)[0].0, 1);
    }

    #[test]
    fn a_missing_vector_leaves_the_words() {
        let mut corpus = corpus();
        corpus.add("password rules", None);
        assert_eq!(corpus.search("password rules", Some(&[1.0, 0.0]), Side::Both, 1)[0].0, 3);
    }
}
