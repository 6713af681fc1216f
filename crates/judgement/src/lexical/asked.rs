//! A query put to the documents that count. The others have no part in it: neither in how rare a word is, nor in how long
//! documents are.

use super::words::{Posting, count};
use super::{Counted, Index, Scale, Slot};

/// A query, read among the documents that count.
#[derive(Debug)]
pub struct Asked<'a, Id> {
    index: &'a Index<Id>,
    /// In the order of the terms.
    terms: Vec<Term<'a>>,
    /// Which places count; `None` where all do.
    seen: Option<Vec<bool>>,
    scale: Scale,
}

#[derive(Debug)]
struct Term<'a> {
    text: String,
    rarity: f64,
    postings: &'a [Posting],
}

impl<'a, Id: Ord + Clone> Asked<'a, Id> {
    pub(super) fn all(index: &'a Index<Id>, query: &str) -> Self {
        Self::read(index, query, None, index.scale())
    }

    pub(super) fn among(index: &'a Index<Id>, query: &str, counts: impl Fn(&Id) -> bool) -> Self {
        let (mut documents, mut length) = (0, 0);
        let is_seen = |slot: &Option<Slot<Id>>| {
            let seen = slot.as_ref().filter(|slot| counts(&slot.id));
            if let Some(slot) = seen {
                documents += 1;
                length += u64::from(slot.length);
            }
            seen.is_some()
        };
        let seen = index.slots.iter().map(is_seen).collect();
        Self::read(index, query, Some(seen), Scale::of(documents, length))
    }

    fn read(index: &'a Index<Id>, query: &str, seen: Option<Vec<bool>>, scale: Scale) -> Self {
        let read = |term: String| {
            let postings = index.words.postings(&term);
            let rarity = scale.rarity(counting(postings, seen.as_deref()).count());
            Term { text: term, rarity, postings }
        };
        let terms = Counted::read(query).terms.into_keys().map(read).collect();
        Self { index, terms, seen, scale }
    }

    /// How many documents count.
    pub fn documents(&self) -> usize {
        self.scale.documents
    }

    /// How many terms a document that counts has in the mean, stop words left out; at least 1.
    pub fn average_length(&self) -> f64 {
        self.scale.average
    }

    /// The query's terms in the index's stemmed form, each with how much it tells: high when few documents hold it.
    pub fn rarities(&self) -> impl Iterator<Item = (&str, f64)> {
        self.terms.iter().map(|term| (term.text.as_str(), term.rarity))
    }

    /// What a document would score at most: one that holds nothing but the query's words, and each very often.
    pub fn reach(&self) -> f64 {
        self.terms.iter().map(|term| Scale::most(term.rarity)).sum()
    }

    /// Every document that counts and shares a word with the query, with its score, in no order.
    pub fn scores(&self) -> Vec<(Id, f64)> {
        self.scored().into_iter().map(|(slot, _, score)| (slot.id.clone(), score)).collect()
    }

    /// The query's terms that a document holds.
    pub fn held(&self, id: &Id) -> impl Iterator<Item = (&str, f64)> {
        let place = self.index.places.get(id).copied();
        let held = move |term: &&Term<'a>| place.is_some_and(|place| count(term.postings, place).is_some());
        self.terms.iter().filter(held).map(|term| (term.text.as_str(), term.rarity))
    }

    pub(super) fn scored(&self) -> Vec<(&'a Slot<Id>, u32, f64)> {
        let index = self.index;
        let mut sums = vec![0.0_f64; index.slots.len()];
        for term in &self.terms {
            for posting in counting(term.postings, self.seen.as_deref()) {
                let place = posting.place as usize;
                let length = index.slots.get(place).and_then(Option::as_ref).map_or(0, |slot| slot.length);
                if let Some(sum) = sums.get_mut(place) {
                    *sum += term.rarity * self.scale.saturated(posting.count, length);
                }
            }
        }
        let numbered = (0_u32..).zip(&index.slots).zip(sums).filter(|(_, sum)| *sum > 0.0);
        numbered.filter_map(|((place, slot), sum)| Some((slot.as_ref()?, place, sum))).collect()
    }

    /// The terms that a document holds, the heaviest first.
    pub(super) fn matched(&self, slot: &Slot<Id>, place: u32) -> Vec<String> {
        let weight = |term: &Term<'a>| {
            let count = count(term.postings, place)?;
            Some((term.rarity * self.scale.saturated(count, slot.length), term.text.clone()))
        };
        let mut terms: Vec<(f64, String)> = self.terms.iter().filter_map(weight).collect();
        terms.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        terms.into_iter().map(|(_, term)| term).collect()
    }
}

fn counting<'p>(postings: &'p [Posting], seen: Option<&'p [bool]>) -> impl Iterator<Item = &'p Posting> {
    let counts = move |posting: &&Posting| seen.is_none_or(|seen| seen.get(posting.place as usize) == Some(&true));
    postings.iter().filter(counts)
}
