//! A BM25 index held in memory: documents are found by the words they share with a query, rare words first.
//!
//! The formula is Robertson and Zaragoza's ("The Probabilistic Relevance Framework: BM25 and Beyond", 2009),
//! with the never-negative inverse document frequency that Lucene uses. Words are kept once and numbered; a document
//! is the numbers of its words, and each word the list of its documents with counts, 8 bytes for each.

mod asked;
mod words;

use std::collections::BTreeMap;

pub use self::asked::Asked;
use self::words::Words;
use crate::text::index_terms;

/// How soon more of the same word stops helping.
const SATURATION: f64 = 1.2;
/// How much a long document is held back: 0 not at all, 1 in full.
const LENGTH_WEIGHT: f64 = 0.75;

/// A document found by a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit<Id> {
    /// Which document.
    pub id: Id,
    /// BM25; comparable within one search only.
    pub score: f64,
    /// The query's terms the document holds, the heaviest first, in the index's stemmed form.
    pub matched: Vec<String>,
}

/// Documents by their words. `Id`s are unique: adding one again replaces it.
#[derive(Debug, Clone)]
pub struct Index<Id> {
    /// Where each document is among the slots.
    places: BTreeMap<Id, u32>,
    slots: Vec<Option<Slot<Id>>>,
    /// Slots whose document was removed.
    free: Vec<u32>,
    words: Words,
    total_length: u64,
}

#[derive(Debug, Clone)]
struct Slot<Id> {
    id: Id,
    /// Words with repetitions, stop words left out.
    length: u32,
    /// The numbers of its words, each once.
    words: Box<[u32]>,
}

/// A text's terms with how often each occurs.
struct Counted {
    terms: BTreeMap<String, u32>,
    length: u32,
}

impl Counted {
    fn read(text: &str) -> Self {
        let mut terms = BTreeMap::new();
        let mut length = 0;
        for term in index_terms(text) {
            *terms.entry(term).or_insert(0) += 1;
            length += 1;
        }
        Self { terms, length }
    }
}

impl<Id> Default for Index<Id> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), slots: Vec::new(), free: Vec::new(), words: Words::default(), total_length: 0 }
    }
}

impl<Id: Ord + Clone> Index<Id> {
    /// Indexes all the documents.
    pub fn build<'a>(documents: impl IntoIterator<Item = (Id, &'a str)>) -> Self {
        let mut index = Self::default();
        for (id, text) in documents {
            index.add(id, text);
        }
        index
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether there is a document with this id.
    pub fn contains(&self, id: &Id) -> bool {
        self.places.contains_key(id)
    }

    /// Adds a document, or replaces the one with this id. A document beyond the four-thousand-millionth is left out.
    pub fn add(&mut self, id: Id, text: &str) {
        self.remove(&id);
        let Some(slot) = self.free.pop().or_else(|| u32::try_from(self.slots.len()).ok()) else { return };
        let document = Counted::read(text);
        let words = document.terms.iter().filter_map(|(term, count)| self.words.add(term, slot, *count)).collect();
        self.total_length += u64::from(document.length);
        let filled = Some(Slot { id: id.clone(), length: document.length, words });
        match self.slots.get_mut(slot as usize) {
            Some(empty) => *empty = filled,
            None => self.slots.push(filled),
        }
        self.places.insert(id, slot);
    }

    /// Takes a document out; says whether it was there.
    pub fn remove(&mut self, id: &Id) -> bool {
        let Some(place) = self.places.remove(id) else {
            return false;
        };
        if let Some(slot) = self.slots.get_mut(place as usize).and_then(Option::take) {
            self.total_length -= u64::from(slot.length);
            for word in slot.words {
                self.words.remove(word, place);
            }
        }
        self.free.push(place);
        true
    }

    /// The query, put to all the documents.
    pub fn ask(&self, query: &str) -> Asked<'_, Id> {
        Asked::all(self, query)
    }

    /// The query, put to those documents that count, as if there were no others.
    pub fn ask_among(&self, query: &str, counts: impl Fn(&Id) -> bool) -> Asked<'_, Id> {
        Asked::among(self, query, counts)
    }

    /// The best `limit` documents that share a word with the query; equal scores in the order of their ids.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Hit<Id>> {
        let asked = self.ask(query);
        let mut ranked = asked.scored();
        let by_score = |left: &(&Slot<Id>, u32, f64), right: &(&Slot<Id>, u32, f64)| {
            right.2.total_cmp(&left.2).then_with(|| left.0.id.cmp(&right.0.id))
        };
        if limit > 0 && limit < ranked.len() {
            ranked.select_nth_unstable_by(limit - 1, by_score);
        }
        ranked.truncate(limit);
        ranked.sort_unstable_by(by_score);
        let hit = |(slot, place, score): (&Slot<Id>, u32, f64)| Hit {
            id: slot.id.clone(),
            score,
            matched: asked.matched(slot, place),
        };
        ranked.into_iter().map(hit).collect()
    }

    /// What `text` would score if it were a document and the query at once: the most that any document of its length can.
    pub fn self_score(&self, text: &str) -> f64 {
        let document = Counted::read(text);
        let scale = self.scale();
        let scores =
            document.terms.iter().map(|(term, count)| self.rarity(term) * scale.saturated(*count, document.length));
        scores.sum()
    }

    /// [`Self::self_score`] of a document of the index.
    pub fn self_score_of(&self, id: &Id) -> Option<f64> {
        let place = *self.places.get(id)?;
        let slot = self.slots.get(place as usize)?.as_ref()?;
        let scale = self.scale();
        let score = |word: &u32| {
            let (holders, count) = self.words.held(*word, place);
            scale.rarity(holders) * scale.saturated(count, slot.length)
        };
        Some(slot.words.iter().map(score).sum())
    }

    /// How much a stemmed term tells: high when few documents hold it.
    pub fn rarity(&self, term: &str) -> f64 {
        self.scale().rarity(self.words.postings(term).len())
    }

    fn scale(&self) -> Scale {
        Scale::of(self.places.len(), self.total_length)
    }
}

/// What scores are measured by: how many documents there are, and how long they are in the mean.
#[derive(Debug, Clone, Copy)]
struct Scale {
    documents: usize,
    average: f64,
}

impl Scale {
    #[allow(clippy::cast_precision_loss)]
    fn of(documents: usize, total_length: u64) -> Self {
        Self { documents, average: (total_length as f64 / documents.max(1) as f64).max(1.0) }
    }

    #[allow(clippy::cast_precision_loss)]
    fn rarity(self, holders: usize) -> f64 {
        let (holders, documents) = (holders as f64, self.documents as f64);
        (1.0 + (documents - holders + 0.5) / (holders + 0.5)).ln()
    }

    fn saturated(self, count: u32, length: u32) -> f64 {
        let (count, relative) = (f64::from(count), f64::from(length) / self.average);
        count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative))
    }

    /// What a word gives at most.
    fn most(rarity: f64) -> f64 {
        rarity * (SATURATION + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Index;

    fn index() -> Index<u32> {
        Index::build([
            (1, "Refund a payment to a customer's card"),
            (2, "Payment failed with error 402"),
            (3, "Set up single sign-on with Okta"),
            (4, "Webhook signatures and retries of payment events"),
        ])
    }

    fn check(query: &str, expected: &[u32]) {
        let found: Vec<u32> = index().search(query, 10).into_iter().map(|hit| hit.id).collect();
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn rare_words_weigh_most() {
        check("refunding payments", &[1, 2, 4]);
        check("okta sign on", &[3]);
        check("the webhook", &[4]);
        check("nothing shared", &[]);
        check("", &[]);
    }

    #[test]
    fn names_the_terms_that_matched() {
        let hits = index().search("refund of payments", 1);
        assert_eq!(hits[0].matched, ["refund", "payment"]);
    }

    #[test]
    fn adding_again_replaces_and_removing_forgets() {
        let mut index = index();
        index.add(1, "printer on fire");
        assert_eq!(index.len(), 4);
        assert!(index.search("refund", 5).is_empty());
        assert_eq!(index.search("printer", 5)[0].id, 1);
        assert!(index.remove(&1));
        assert!(!index.remove(&1));
        assert!(index.search("printer", 5).is_empty());
    }

    proptest! {
        #[test]
        fn order_of_adding_changes_nothing(texts in proptest::collection::vec("[a-d ]{0,12}", 0..8), query in "[a-d ]{0,8}") {
            let forward = Index::build(texts.iter().enumerate().map(|(id, text)| (id, text.as_str())));
            let backward = Index::build(texts.iter().enumerate().rev().map(|(id, text)| (id, text.as_str())));
            prop_assert_eq!(forward.search(&query, 5), backward.search(&query, 5));
        }
    }
}
