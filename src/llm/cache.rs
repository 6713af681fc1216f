//! Answers that were given before, by a hash of everything that was sent. What is kept is redacted, in memory only, and bounded.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The hash of a request.
pub(super) type Key = [u8; 32];

/// The hash of what is sent, and where to.
pub(super) fn key(address: &str, body: &Value) -> Key {
    let mut hash = Sha256::new();
    hash.update(address.as_bytes());
    hash.update([0]);
    hash.update(body.to_string().as_bytes());
    hash.finalize().into()
}

/// The newest answers; the oldest make room.
#[derive(Debug)]
pub(super) struct Cache {
    entries_max: usize,
    answers: BTreeMap<Key, Value>,
    order: VecDeque<Key>,
}

impl Cache {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { entries_max, answers: BTreeMap::new(), order: VecDeque::new() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Value> {
        self.answers.get(key)
    }

    pub(super) fn put(&mut self, key: Key, answer: Value) {
        if self.entries_max == 0 {
            return;
        }
        if self.answers.insert(key, answer).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.entries_max {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let mut cache = Cache::new(2);
        let keys: Vec<Key> = (0..3).map(|number| key("a", &json!(number))).collect();
        for (number, key) in keys.iter().enumerate() {
            cache.put(*key, json!(number));
        }
        assert_eq!(
            keys.iter().map(|key| cache.get(key).cloned()).collect::<Vec<_>>(),
            [None, Some(json!(1)), Some(json!(2))]
        );
        let mut none = Cache::new(0);
        none.put(keys[0], json!(0));
        assert_eq!(none.get(&keys[0]), None);
    }

    #[test]
    fn the_address_is_part_of_the_key() {
        assert_ne!(key("a", &json!(1)), key("b", &json!(1)));
        assert_eq!(key("a", &json!(1)), key("a", &json!(1)));
    }
}
