//! A BM25 index held in memory: documents are found by the words they share with a query, rare words first.
//!
//! The formula is Robertson and Zaragoza's ("The Probabilistic Relevance Framework: BM25 and Beyond", 2009),
//! with the never-negative inverse document frequency that Lucene uses.

use std::collections::{BTreeMap, HashMap};

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
    documents: BTreeMap<Id, Document>,
    postings: HashMap<String, BTreeMap<Id, u32>>,
    total_length: u64,
}

#[derive(Debug, Clone)]
struct Document {
    terms: BTreeMap<String, u32>,
    length: u32,
}

impl Document {
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
        Self { documents: BTreeMap::new(), postings: HashMap::new(), total_length: 0 }
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
        self.documents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Whether there is a document with this id.
    pub fn contains(&self, id: &Id) -> bool {
        self.documents.contains_key(id)
    }

    /// Adds a document, or replaces the one with this id.
    pub fn add(&mut self, id: Id, text: &str) {
        self.remove(&id);
        let document = Document::read(text);
        for (term, count) in &document.terms {
            self.postings.entry(term.clone()).or_default().insert(id.clone(), *count);
        }
        self.total_length += u64::from(document.length);
        self.documents.insert(id, document);
    }

    /// Takes a document out; says whether it was there.
    pub fn remove(&mut self, id: &Id) -> bool {
        let Some(document) = self.documents.remove(id) else {
            return false;
        };
        self.total_length -= u64::from(document.length);
        for term in document.terms.keys() {
            if let Some(holders) = self.postings.get_mut(term) {
                holders.remove(id);
                if holders.is_empty() {
                    self.postings.remove(term);
                }
            }
        }
        true
    }

    /// The best `limit` documents that share a word with the query; equal scores in the order of their ids.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Hit<Id>> {
        let query = Document::read(query);
        let mut scores: BTreeMap<&Id, f64> = BTreeMap::new();
        for term in query.terms.keys() {
            let rarity = self.rarity(term);
            for (id, count) in self.postings.get(term).into_iter().flatten() {
                let length = self.documents.get(id).map_or(0, |document| document.length);
                *scores.entry(id).or_default() += rarity * self.saturated(*count, length);
            }
        }
        let mut ranked: Vec<(&Id, f64)> = scores.into_iter().collect();
        ranked.sort_by(|left, right| right.1.total_cmp(&left.1));
        ranked.truncate(limit);
        ranked.into_iter().map(|(id, score)| Hit { id: id.clone(), score, matched: self.matched(&query, id) }).collect()
    }

    fn matched(&self, query: &Document, id: &Id) -> Vec<String> {
        let Some(document) = self.documents.get(id) else {
            return Vec::new();
        };
        let shared = query.terms.keys().filter_map(|term| {
            let count = document.terms.get(term)?;
            Some((self.rarity(term) * self.saturated(*count, document.length), term.as_str()))
        });
        heaviest_first(shared.collect())
    }

    /// What `text` would score if it were a document and the query at once: the most that any document of its length can.
    pub fn self_score(&self, text: &str) -> f64 {
        self.score_of(&Document::read(text))
    }

    /// [`Self::self_score`] of a document of the index.
    pub fn self_score_of(&self, id: &Id) -> Option<f64> {
        self.documents.get(id).map(|document| self.score_of(document))
    }

    fn score_of(&self, document: &Document) -> f64 {
        document.terms.iter().map(|(term, count)| self.rarity(term) * self.saturated(*count, document.length)).sum()
    }

    /// How much a stemmed term tells: high when few documents hold it.
    #[allow(clippy::cast_precision_loss)]
    pub fn rarity(&self, term: &str) -> f64 {
        let holders = self.postings.get(term).map_or(0, BTreeMap::len) as f64;
        let documents = self.documents.len() as f64;
        (1.0 + (documents - holders + 0.5) / (holders + 0.5)).ln()
    }

    #[allow(clippy::cast_precision_loss)]
    fn saturated(&self, count: u32, length: u32) -> f64 {
        let count = f64::from(count);
        let average = if self.documents.is_empty() {
            1.0
        } else {
            (self.total_length as f64 / self.documents.len() as f64).max(1.0)
        };
        let relative = f64::from(length) / average;
        count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative))
    }
}

fn heaviest_first(mut terms: Vec<(f64, &str)>) -> Vec<String> {
    terms.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    terms.into_iter().map(|(_, term)| term.to_owned()).collect()
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
