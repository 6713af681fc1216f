//! Message timestamps and ids in Slack's shapes.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A message timestamp: microseconds since 1970, written `1700000000.000100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ts(pub(crate) i64);

impl Ts {
    /// Reads `seconds` or `seconds.fraction` (up to six digits).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if fraction.is_empty() || fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
        let seconds: i64 = seconds.parse().ok()?;
        Some(Self(seconds.checked_mul(1_000_000)?.checked_add(micros)?))
    }

    /// Whole seconds since 1970.
    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000))
    }
}

/// Makes timestamps and ids that never repeat, in a later run neither: whoever listened to an earlier one remembers them.
/// Only what falls by chance follows from the seed.
#[derive(Debug)]
pub(crate) struct Ids {
    fresh: SmallRng,
    chance: SmallRng,
    last: i64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { fresh: rand::make_rng(), chance: SmallRng::seed_from_u64(seed), last: 0 }
    }

    /// Now, or just after the last one made.
    pub(crate) fn ts(&mut self) -> Ts {
        self.last = micros_now().max(self.last + 1);
        Ts(self.last)
    }

    /// `prefix` and ten characters, as Slack's ids look.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let mut id = String::from(prefix);
        for _ in 0..10 {
            let at = self.fresh.random_range(0..ALPHABET.len());
            id.push(ALPHABET.get(at).copied().map_or('0', char::from));
        }
        id
    }

    /// A fair coin.
    pub(crate) fn coin(&mut self) -> bool {
        self.chance.random_bool(0.5)
    }
}

/// Microseconds since 1970.
pub(crate) fn micros_now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_and_written_alike() {
        for (text, expected) in [
            ("1700000000.000100", Some("1700000000.000100")),
            ("1700000000", Some("1700000000.000000")),
            ("1700000000.5", Some("1700000000.500000")),
            ("0", Some("0.000000")),
            ("nonsense", None),
            ("1.", None),
            ("1.1234567", None),
        ] {
            assert_eq!(Ts::parse(text).map(|ts| ts.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ids_never_repeat_under_the_same_seed() {
        let (mut run, mut later_run) = (Ids::new(1), Ids::new(1));
        assert_ne!(run.id("Ev"), later_run.id("Ev"));
        let coins = |ids: &mut Ids| (0..64).map(|_| ids.coin()).collect::<Vec<_>>();
        assert_eq!(coins(&mut run), coins(&mut later_run));
    }

    #[test]
    fn timestamps_never_repeat() {
        let mut ids = Ids::new(1);
        let first = ids.ts();
        assert!(first < ids.ts());
    }
}
