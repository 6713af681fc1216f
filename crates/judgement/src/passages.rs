//! Passages found by their words and by what they mean, among those that the readers may see.
//!
//! A passage that is not visible has no part in a search: neither in how rare a word is, nor in how long passages are,
//! nor in the scale that the two scores are brought to. So what a search tells is the same as if it were not there, which
//! the property test holds.
//!
//! The words' score is BM25 as in [`crate::lexical`], here over compact lists; the meaning's is the cosine of the
//! sentence vectors. The best of both sides are brought to one scale and added, as in [`crate::retrieval`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::text::index_terms;
use crate::vectors::Vectors;

const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;
/// So many of the best of each side are fused.
const FUSED: usize = 50;
/// Passages of so many terms at most are questions and headings: their meaning says more than their words.
const SHORT: f64 = 15.0;
const SHARE_WHEN_SHORT: f64 = 0.5;

/// Where a passage stands in the index, as long as it is there.
pub type Slot = u32;

/// A passage found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub slot: Slot,
    /// Both sides together; comparable within one search only.
    pub score: f64,
    /// How much of what the query asks, weighed by how rare its words are, the passage's words hold: 0 to 1.
    pub coverage: f64,
    /// The cosine to the query, where both have a vector.
    pub cosine: Option<f64>,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The best first.
    pub hits: Vec<Hit>,
    /// The query's stemmed terms with how rare they are among what is visible.
    pub rarities: BTreeMap<String, f64>,
}

/// Passages to be found.
#[derive(Debug, Clone, Default)]
pub struct PassageIndex {
    postings: HashMap<Box<str>, Vec<Posting>>,
    /// How many terms each passage has; `None` for one that was taken out.
    lengths: Vec<Option<u32>>,
    live: usize,
    meanings: Vectors,
    /// Whose vector each row of `meanings` is.
    rows: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    slot: Slot,
    count: u32,
}

/// What is visible, counted.
struct View {
    is_seen: Vec<bool>,
    count: f64,
    average: f64,
}

impl PassageIndex {
    /// Adds a passage by its words and says where it stands.
    pub fn add(&mut self, text: &str) -> Slot {
        let slot = Slot::try_from(self.lengths.len()).unwrap_or(Slot::MAX);
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut length = 0;
        for term in index_terms(text) {
            *counts.entry(term).or_default() += 1;
            length += 1;
        }
        for (term, count) in counts {
            self.postings.entry(term.into()).or_default().push(Posting { slot, count });
        }
        self.lengths.push(Some(length));
        self.live += 1;
        slot
    }

    /// Gives a passage its vector. One of another width is refused.
    pub fn set_vector(&mut self, slot: Slot, vector: &[f32]) {
        if self.length(slot).is_some() && self.meanings.push(vector) {
            self.rows.push(slot);
        }
    }

    /// Takes a passage out. Its room is given back when the index is made anew.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(length) = self.lengths.get_mut(slot as usize)
            && length.take().is_some()
        {
            self.live -= 1;
        }
    }

    /// How many passages there are.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Whether most of the room is taken by what is no longer there: time to make the index anew.
    pub fn is_worn(&self) -> bool {
        self.lengths.len() > 1_000 && self.live * 2 < self.lengths.len()
    }

    /// The best `limit` passages among those that `is_visible` lets pass.
    pub fn search(
        &self,
        query: &str,
        vector: Option<&[f32]>,
        is_visible: impl Fn(Slot) -> bool,
        limit: usize,
    ) -> Found {
        let view = self.view(is_visible);
        let (words, covered, rarities) = self.by_words(query, &view);
        let cosines = vector.map(|vector| self.by_meaning(vector, &view)).unwrap_or_default();
        let wanted = limit.max(FUSED);
        let best_words = best(present(&words), wanted);
        let best_meaning = best(present(&cosines), wanted);
        let scored = if best_meaning.is_empty() {
            best_words
        } else {
            let share = if view.average <= SHORT { SHARE_WHEN_SHORT } else { 1.0 };
            fuse(&best_words, share, &best_meaning)
        };
        let asked: f64 = rarities.values().sum();
        let hits = best(scored, limit).into_iter().map(|(slot, score)| Hit {
            slot,
            score,
            coverage: covered.get(slot as usize).copied().flatten().unwrap_or(0.0) / asked.max(1e-9),
            cosine: cosines.get(slot as usize).copied().flatten(),
        });
        Found { hits: hits.collect(), rarities }
    }

    fn length(&self, slot: Slot) -> Option<u32> {
        self.lengths.get(slot as usize).copied().flatten()
    }

    #[allow(clippy::cast_precision_loss)]
    fn view(&self, is_visible: impl Fn(Slot) -> bool) -> View {
        let (mut count, mut length) = (0_u32, 0_u64);
        let is_seen = (0..).zip(&self.lengths).map(|(slot, terms)| {
            let seen = terms.filter(|_| is_visible(slot));
            if let Some(terms) = seen {
                count += 1;
                length += u64::from(terms);
            }
            seen.is_some()
        });
        let is_seen = is_seen.collect();
        let average = (length as f64 / f64::from(count.max(1))).max(1.0);
        View { is_seen, count: f64::from(count), average }
    }

    /// BM25 by slot, the rarities that each slot's words hold, and the query's terms.
    #[allow(clippy::type_complexity, clippy::cast_precision_loss)]
    fn by_words(&self, query: &str, view: &View) -> (Vec<Option<f64>>, Vec<Option<f64>>, BTreeMap<String, f64>) {
        let (mut scores, mut covered) = (vec![None; self.lengths.len()], vec![None; self.lengths.len()]);
        let mut rarities = BTreeMap::new();
        let is_seen = |posting: &&Posting| view.is_seen.get(posting.slot as usize) == Some(&true);
        for term in index_terms(query).into_iter().collect::<BTreeSet<_>>() {
            let holders = self.postings.get(term.as_str()).map(Vec::as_slice).unwrap_or_default();
            let held = holders.iter().filter(is_seen).count() as f64;
            let rarity = (1.0 + (view.count - held + 0.5) / (held + 0.5)).ln();
            for posting in holders.iter().filter(is_seen) {
                let length = f64::from(self.length(posting.slot).unwrap_or_default());
                let gain = rarity * saturated(f64::from(posting.count), length / view.average);
                for (sums, gain) in [(&mut scores, gain), (&mut covered, rarity)] {
                    if let Some(sum) = sums.get_mut(posting.slot as usize) {
                        *sum = Some(sum.unwrap_or(0.0) + gain);
                    }
                }
            }
            rarities.insert(term, rarity);
        }
        (scores, covered, rarities)
    }

    fn by_meaning(&self, vector: &[f32], view: &View) -> Vec<Option<f64>> {
        let mut cosines = vec![None; self.lengths.len()];
        for (cosine, slot) in self.meanings.cosines(vector).into_iter().zip(&self.rows) {
            if view.is_seen.get(*slot as usize) == Some(&true)
                && let Some(place) = cosines.get_mut(*slot as usize)
            {
                *place = Some(f64::from(cosine));
            }
        }
        cosines
    }
}

fn saturated(count: f64, relative_length: f64) -> f64 {
    count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative_length))
}

fn present(scores: &[Option<f64>]) -> Vec<(Slot, f64)> {
    (0..).zip(scores).filter_map(|(slot, score)| Some((slot, (*score)?))).collect()
}

fn best(mut scored: Vec<(Slot, f64)>, limit: usize) -> Vec<(Slot, f64)> {
    let by_score = |left: &(Slot, f64), right: &(Slot, f64)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if limit > 0 && limit < scored.len() {
        scored.select_nth_unstable_by(limit - 1, by_score);
    }
    scored.truncate(limit);
    scored.sort_by(by_score);
    scored
}

/// Both sides' best on one scale, added. What one side didn't find gets that side's least.
fn fuse(words: &[(Slot, f64)], share: f64, meaning: &[(Slot, f64)]) -> Vec<(Slot, f64)> {
    let (words, meaning) = (standard(words, share), standard(meaning, 1.0));
    let least = |side: &[(Slot, f64)]| side.iter().map(|(_, score)| *score).reduce(f64::min).unwrap_or(0.0);
    let mut sums: BTreeMap<Slot, (f64, f64)> = BTreeMap::new();
    let absent = (least(&words), least(&meaning));
    for (slot, score) in &words {
        sums.entry(*slot).or_insert(absent).0 = *score;
    }
    for (slot, score) in &meaning {
        sums.entry(*slot).or_insert(absent).1 = *score;
    }
    sums.into_iter().map(|(slot, (words, meaning))| (slot, words + meaning)).collect()
}

/// Mean 0, variance 1, times `share`.
#[allow(clippy::cast_precision_loss)]
fn standard(scored: &[(Slot, f64)], share: f64) -> Vec<(Slot, f64)> {
    let count = scored.len().max(1) as f64;
    let mean = scored.iter().map(|(_, score)| score).sum::<f64>() / count;
    let variance = scored.iter().map(|(_, score)| (score - mean).powi(2)).sum::<f64>() / count;
    let spread = variance.sqrt().max(1e-9);
    scored.iter().map(|(slot, score)| (*slot, (score - mean) / spread * share)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PassageIndex;

    fn slots(index: &PassageIndex, query: &str, vector: Option<&[f32]>) -> Vec<u32> {
        index.search(query, vector, |_| true, 9).hits.into_iter().map(|hit| hit.slot).collect()
    }

    #[test]
    fn words_and_meaning_are_heard() {
        let mut index = PassageIndex::default();
        for (text, vector) in
            [("refund a payment", [1.0, 0.0]), ("sign in with a password", [0.0, 1.0]), ("payment failed", [0.8, 0.6])]
        {
            let slot = index.add(text);
            index.set_vector(slot, &vector);
        }
        assert_eq!(slots(&index, "failed payments", None), [2, 0]);
        assert_eq!(slots(&index, "log on", Some(&[0.1, 0.9]))[0], 1);
        let found = index.search("payment bicycle", None, |_| true, 9);
        assert!(found.hits[0].coverage > 0.0 && found.hits[0].coverage < 0.5, "{found:?}");
        let whole = index.search("failed payment", Some(&[1.0, 0.0]), |_| true, 1);
        assert!((whole.hits[0].coverage - 1.0).abs() < 1e-9 && whole.hits[0].cosine.is_some());
    }

    #[test]
    fn what_was_taken_out_is_not_found_and_a_passage_without_vector_is_by_its_words() {
        let mut index = PassageIndex::default();
        let (gone, kept) = (index.add("printer on fire"), index.add("printer driver"));
        index.set_vector(gone, &[1.0, 0.0]);
        index.remove(gone);
        index.remove(gone);
        assert_eq!((index.len(), index.is_empty()), (1, false));
        assert_eq!(slots(&index, "printer fire", Some(&[1.0, 0.0])), [kept]);
        assert!(slots(&index, "", None).is_empty() && slots(&PassageIndex::default(), "printer", None).is_empty());
    }

    type Texts = Vec<(String, bool, f32)>;

    fn texts() -> impl Strategy<Value = Texts> {
        proptest::collection::vec(("[a-e]{1,2}( [a-e]{1,2}){0,6}", any::<bool>(), -1.0_f32..1.0), 0..14)
    }

    proptest! {
        #[test]
        fn what_is_hidden_has_no_influence(texts in texts(), query in "[a-e]{1,2}( [a-e]{1,2}){0,3}", angle in -1.0_f32..1.0) {
            let vector = |angle: f32| [angle, (1.0 - angle * angle).sqrt()];
            let (mut all, mut visible) = (PassageIndex::default(), PassageIndex::default());
            let mut seen = Vec::new();
            for (text, is_visible, angle) in &texts {
                let slot = all.add(text);
                all.set_vector(slot, &vector(*angle));
                if *is_visible {
                    seen.push(slot);
                    let slot = visible.add(text);
                    visible.set_vector(slot, &vector(*angle));
                }
            }
            let filtered = all.search(&query, Some(&vector(angle)), |slot| seen.contains(&slot), 5);
            let alone = visible.search(&query, Some(&vector(angle)), |_| true, 5);
            prop_assert_eq!(&filtered.rarities, &alone.rarities);
            prop_assert_eq!(filtered.hits.len(), alone.hits.len());
            for (one, other) in filtered.hits.iter().zip(&alone.hits) {
                prop_assert_eq!(one.slot, seen[other.slot as usize]);
                prop_assert!((one.score - other.score).abs() < 1e-9 && (one.coverage - other.coverage).abs() < 1e-9);
            }
        }
    }
}
