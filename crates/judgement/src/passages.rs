//! Passages found by their words and by what they mean, among those that the readers may see.
//!
//! A passage that is not visible has no part in a search: neither in how rare a word is, nor in how long passages are, nor in
//! whom the query is compared with. So what a search tells is the same as if it were not there, which the property test holds.
//!
//! The words' score is BM25 ([`crate::lexical`]), the meaning's the cosine of the sentence vectors. Both are added: the cosine,
//! and a share of how much of the query's words a passage holds, weighed by how rare they are. Both numbers say by themselves
//! how good a passage is, so that a side that found nothing good can't outvote the other. Among the best it counts a little
//! besides how much of the question their words hold at all: BM25 forgives a missing word where another is there often. Adding ranks (reciprocal rank
//! fusion) or scores brought to mean 0 and variance 1 among the best was measured and is worse: the best of a bad lot counts
//! there as much as a sure hit (docs/JUDGEMENT.md has the figures, measured with this very code).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::lexical::{Asked, Index};
use crate::vectors::{EXACT_TO, Keyed};

/// What a passage that holds all of the query's words gets, where one that means the same gets 1.
const SHARE_OF_WORDS: f64 = 1.0;
/// The same where passages have [`SHORT`] terms in the mean or fewer: of a question or heading the meaning says more.
const SHARE_WHEN_SHORT: f64 = 0.5;
const SHORT: f64 = 15.0;
/// What a passage that holds all that is asked gets besides, as a part of the share of words, among so many of the best.
const SHARE_OF_COVERAGE: f64 = 0.2;
const COVERED: usize = 100;
/// Beyond [`EXACT_TO`] visible passages, so many of the best of each side are compared by both.
const FUSED: usize = 100;
/// A passage that has no vector yet is taken to mean so much of what its words hold.
const GUESSED_COSINE: f64 = 0.5;

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
    /// How many passages are visible.
    pub seen: f64,
}

/// Passages to be found.
#[derive(Debug, Clone, Default)]
pub struct PassageIndex {
    words: Index<Slot>,
    meanings: Keyed<Slot>,
    /// No slot is given twice.
    next: Slot,
}

impl PassageIndex {
    /// Adds a passage by its words and says where it stands.
    pub fn add(&mut self, text: &str) -> Slot {
        let slot = self.next;
        self.words.add(slot, text);
        self.next = slot.saturating_add(1);
        slot
    }

    /// Gives a passage its vector. One of another width is refused.
    pub fn set_vector(&mut self, slot: Slot, vector: &[f32]) {
        if self.words.contains(&slot) {
            self.meanings.set(slot, vector);
        }
    }

    /// Takes a passage out.
    pub fn remove(&mut self, slot: Slot) {
        self.words.remove(&slot);
        self.meanings.remove(&slot);
    }

    /// How many passages there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether most slots are those of passages that are no longer there: time to make the index anew.
    pub fn is_worn(&self) -> bool {
        self.next > 1_000 && self.len() * 2 < self.next as usize
    }

    /// The best `limit` passages among those that `is_visible` lets pass. Without vectors the words decide alone.
    #[allow(clippy::cast_precision_loss)]
    pub fn search(
        &self,
        query: &str,
        vector: Option<&[f32]>,
        is_visible: impl Fn(Slot) -> bool,
        limit: usize,
    ) -> Found {
        let asked = self.words.ask_among(query, |slot| is_visible(*slot));
        let reach = asked.reach().max(f64::MIN_POSITIVE);
        let covers: Vec<(Slot, f64)> = asked.scores().into_iter().map(|(slot, score)| (slot, score / reach)).collect();
        // Many are compared only where one side finds them good.
        let wanted = if asked.documents() > EXACT_TO { limit.max(FUSED) } else { usize::MAX };
        let near = vector.map(|vector| self.near(vector, &is_visible, wanted)).unwrap_or_default();
        let mut hits = match vector {
            Some(vector) if !near.is_empty() => {
                let both = Both { vector, near, share: share_of_words(&asked), wanted };
                let share = both.share * SHARE_OF_COVERAGE;
                let scored = best(self.fuse(&both, covers), limit.max(COVERED));
                let mut hits: Vec<Hit> = scored.into_iter().map(|scored| scored.told(&asked, share)).collect();
                hits.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.slot.cmp(&other.slot)));
                hits
            }
            _ => {
                let scored = covers.into_iter().map(|(slot, cover)| Scored { slot, score: cover, cosine: None });
                best(scored.collect(), limit).into_iter().map(|scored| scored.told(&asked, 0.0)).collect()
            }
        };
        hits.truncate(limit);
        Found {
            hits,
            rarities: asked.rarities().map(|(term, rarity)| (term.to_owned(), rarity)).collect(),
            seen: asked.documents() as f64,
        }
    }

    /// The `limit` visible passages that are nearest by their vectors alone, with their cosines.
    pub fn nearest(&self, vector: &[f32], is_visible: impl Fn(Slot) -> bool, limit: usize) -> Vec<(Slot, f64)> {
        let nearest = self.meanings.nearest_among(vector, limit, |slot| is_visible(*slot)).into_iter();
        nearest.map(|(slot, cosine)| (slot, f64::from(cosine))).collect()
    }

    /// All that are visible, or the `wanted` nearest of them.
    fn near(&self, vector: &[f32], is_visible: impl Fn(Slot) -> bool, wanted: usize) -> Vec<(Slot, f32)> {
        if wanted == usize::MAX {
            self.meanings.cosines_among(vector, |slot| is_visible(*slot))
        } else {
            self.meanings.nearest_among(vector, wanted, |slot| is_visible(*slot))
        }
    }

    /// The cosine and the words' share, added.
    fn fuse(&self, both: &Both<'_>, mut covers: Vec<(Slot, f64)>) -> Vec<Scored> {
        let mut cover_of = vec![0.0; self.next as usize];
        for (slot, cover) in &covers {
            if let Some(place) = cover_of.get_mut(*slot as usize) {
                *place = *cover;
            }
        }
        let cover_of = |slot: Slot| cover_of.get(slot as usize).copied().unwrap_or_default();
        largest(&mut covers, both.wanted, |one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let mut is_known = vec![false; self.next as usize];
        let mut scored = Vec::with_capacity(both.near.len());
        let mut add = |slot: Slot, cosine: Option<f32>| {
            let Some(known) = is_known.get_mut(slot as usize).filter(|known| !**known) else { return };
            *known = true;
            let (cosine, cover) = (cosine.map(f64::from), cover_of(slot));
            let score = cosine.unwrap_or(GUESSED_COSINE * cover) + both.share * cover;
            scored.push(Scored { slot, score, cosine });
        };
        for (slot, cosine) in &both.near {
            add(*slot, Some(*cosine));
        }
        let by_words: Vec<Slot> = covers.into_iter().map(|(slot, _)| slot).collect();
        if both.wanted < usize::MAX {
            let cosines = self.meanings.cosines_of(both.vector, &by_words);
            for (slot, cosine) in cosines {
                add(slot, Some(cosine));
            }
        }
        for slot in by_words {
            add(slot, None);
        }
        scored
    }
}

/// What is known of both sides.
struct Both<'a> {
    vector: &'a [f32],
    near: Vec<(Slot, f32)>,
    share: f64,
    /// How many of the best by words are looked at.
    wanted: usize,
}

struct Scored {
    slot: Slot,
    score: f64,
    cosine: Option<f64>,
}

impl Scored {
    /// `share`: what one that holds all that is asked gets besides.
    fn told(self, asked: &Asked<'_, Slot>, share: f64) -> Hit {
        let weight = |terms: &mut dyn Iterator<Item = (&str, f64)>| {
            terms.filter(|(term, _)| !is_asking(term)).map(|(_, rarity)| rarity).sum::<f64>()
        };
        let (held, all) = (weight(&mut asked.held(&self.slot)), weight(&mut asked.rarities()));
        let coverage = held / all.max(1e-9);
        Hit { slot: self.slot, score: self.score + share * coverage, coverage, cosine: self.cosine }
    }
}

fn share_of_words(asked: &Asked<'_, Slot>) -> f64 {
    if asked.average_length() <= SHORT { SHARE_WHEN_SHORT } else { SHARE_OF_WORDS }
}

/// Whether a stemmed term only says that something is asked. An answer need not hold it.
fn is_asking(term: &str) -> bool {
    ASKING.binary_search(&term).is_ok()
}

/// Sorted and stemmed.
const ASKING: &[&str] = &[
    "can", "could", "expect", "explain", "find", "get", "help", "how", "long", "many", "may", "much", "must", "need",
    "often", "pleas", "possibl", "should", "tell", "want", "way", "what", "whats", "when", "where", "which", "who",
    "whom", "whos", "whose", "why", "wie",
];

/// Keeps the first `limit` by `order`, in no order.
fn largest<T>(all: &mut Vec<T>, limit: usize, order: impl Fn(&T, &T) -> Ordering) {
    if limit > 0 && limit < all.len() {
        all.select_nth_unstable_by(limit - 1, order);
    }
    all.truncate(limit);
}

fn best(mut scored: Vec<Scored>, limit: usize) -> Vec<Scored> {
    let by_score = |one: &Scored, other: &Scored| other.score.total_cmp(&one.score).then(one.slot.cmp(&other.slot));
    largest(&mut scored, limit, by_score);
    scored.sort_unstable_by(by_score);
    scored
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
        let whole = index.search("how does a payment fail?", Some(&[0.8, 0.6]), |_| true, 1);
        assert!((whole.hits[0].coverage - 1.0).abs() < 1e-9 && whole.hits[0].cosine.is_some());
    }

    #[test]
    fn words_of_asking_are_sorted_and_stemmed() {
        assert!(super::ASKING.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(["please", "possible", "how"].iter().all(|word| super::is_asking(&crate::text::stem(word))));
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
            prop_assert!((filtered.seen - alone.seen).abs() < 1e-9);
            prop_assert_eq!(filtered.hits.len(), alone.hits.len());
            for (one, other) in filtered.hits.iter().zip(&alone.hits) {
                prop_assert_eq!(one.slot, seen[other.slot as usize]);
                prop_assert!((one.score - other.score).abs() < 1e-9 && (one.coverage - other.coverage).abs() < 1e-9);
            }
        }
    }
}
