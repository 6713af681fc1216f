//! When to try again: exponential with full jitter, never earlier than the other side asked.

use std::time::Duration;

use rand::RngExt;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(300);
/// No other side makes us wait longer before the next attempt, whatever it asks.
pub(super) const ASKED_MAX: Duration = Duration::from_secs(3600);

/// The wait before attempt `attempts + 1`.
pub(super) fn wait(attempts: u32, asked: Option<Duration>) -> Duration {
    let exponent = attempts.saturating_sub(1).min(16);
    let ceiling = FIRST.saturating_mul(1 << exponent).min(LONGEST);
    let jittered = ceiling.mul_f64(rand::rng().random_range(0.5..=1.0));
    asked.map_or(jittered, |asked| asked.max(jittered).min(ASKED_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_is_capped_and_honours_what_was_asked() {
        assert!(wait(1, None) <= FIRST);
        assert!(wait(40, None) <= LONGEST && wait(40, None) >= LONGEST / 2);
        assert_eq!(wait(1, Some(Duration::from_secs(30))), Duration::from_secs(30));
        assert_eq!(wait(1, Some(Duration::MAX)), ASKED_MAX);
    }
}
