//! A hash over several values that stands for exactly these values.

use sha2::{Digest, Sha256};

/// SHA-256 over values in order, each with its length in front; an absent value differs from an empty one.
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins with what the hash is for, so that one kind never stands for another.
    pub fn of(what: &str) -> Self {
        let mut fingerprint = Self(Sha256::new());
        fingerprint.add(Some(what.as_bytes()));
        fingerprint
    }

    /// Adds a value.
    pub fn add(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => {
                self.0.update([1]);
                self.0.update((value.len() as u64).to_be_bytes());
                self.0.update(value);
            }
            None => self.0.update([0]),
        }
    }

    /// Adds a number.
    pub fn add_number(&mut self, number: Option<i64>) {
        self.add(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    }

    /// The hash.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    fn of(values: &[Option<&str>]) -> [u8; 32] {
        let mut fingerprint = Fingerprint::of("test");
        for value in values {
            fingerprint.add(value.map(str::as_bytes));
        }
        fingerprint.finish()
    }

    #[test]
    fn tells_values_apart_that_run_together() {
        let different = [of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]), of(&[Some("abc")]), of(&[])];
        let absent = [of(&[None]), of(&[Some("")]), of(&[None, None])];
        let all: std::collections::BTreeSet<_> = different.iter().chain(&absent).collect();
        assert_eq!(all.len(), 7);
        assert_eq!(of(&[Some("ab"), Some("c")]), different[0]);
    }
}
