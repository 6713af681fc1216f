//! Words by number, each with the documents that hold it.

use std::collections::HashMap;
use std::sync::Arc;

/// A document that holds a word, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) place: u32,
    pub(super) count: u32,
}

/// A word that no document holds any more gives its number to the next new one.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    numbers: HashMap<Arc<str>, u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Entry {
    word: Arc<str>,
    /// Ascending by place.
    postings: Vec<Posting>,
}

impl Words {
    /// The documents that hold the word.
    pub(super) fn postings(&self, word: &str) -> &[Posting] {
        let number = self.numbers.get(word);
        number.and_then(|number| self.entries.get(*number as usize)).map_or(&[], |entry| &entry.postings)
    }

    /// How many documents hold the word of this number, and how often the one at `place` does.
    pub(super) fn held(&self, number: u32, place: u32) -> (usize, u32) {
        let postings = self.entries.get(number as usize).map_or(&[][..], |entry| &entry.postings);
        (postings.len(), count(postings, place).unwrap_or(0))
    }

    /// Notes that the document holds the word; gives the word's number.
    pub(super) fn add(&mut self, word: &str, place: u32, count: u32) -> Option<u32> {
        let number = match self.numbers.get(word) {
            Some(number) => *number,
            None => self.number(word)?,
        };
        let postings = &mut self.entries.get_mut(number as usize)?.postings;
        let at = postings.partition_point(|posting| posting.place < place);
        postings.insert(at, Posting { place, count });
        Some(number)
    }

    fn number(&mut self, word: &str) -> Option<u32> {
        let word: Arc<str> = word.into();
        let number = self.free.pop().or_else(|| u32::try_from(self.entries.len()).ok())?;
        let entry = Entry { word: Arc::clone(&word), postings: Vec::new() };
        match self.entries.get_mut(number as usize) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.numbers.insert(word, number);
        Some(number)
    }

    /// The document no longer holds the word of this number.
    pub(super) fn remove(&mut self, number: u32, place: u32) {
        let Some(entry) = self.entries.get_mut(number as usize) else { return };
        if let Ok(at) = entry.postings.binary_search_by_key(&place, |posting| posting.place) {
            entry.postings.remove(at);
        }
        if entry.postings.is_empty() && self.numbers.remove(&entry.word).is_some() {
            entry.postings = Vec::new();
            self.free.push(number);
        }
    }
}

/// How often the document at `place` holds the word of these postings.
pub(super) fn count(postings: &[Posting], place: u32) -> Option<u32> {
    let at = postings.binary_search_by_key(&place, |posting| posting.place).ok()?;
    postings.get(at).map(|posting| posting.count)
}
