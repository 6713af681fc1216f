//! Slack's rate limits: one post a second per channel, tiers per method and minute.
//!
//! See <https://docs.slack.dev/apis/web-api/rate-limits>. Each limit is a bucket that refills steadily.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::config::RateNumbers;

/// The limit that a method is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Calls per minute: tier 1 to 4.
    PerMinute(usize),
    /// `chat.postMessage`: per second and channel.
    Posting,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    filled: Instant,
}

/// Every bucket in use.
#[derive(Debug)]
pub(crate) struct RateLimits {
    enabled: bool,
    numbers: RateNumbers,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl RateLimits {
    pub(crate) fn new(enabled: bool, numbers: RateNumbers) -> Self {
        Self { enabled, numbers, buckets: Mutex::default() }
    }

    /// Counts one call of `method`; the error is the `Retry-After` in whole seconds.
    pub(crate) fn check(&self, tier: Tier, method: &str, channel: &str, now: Instant) -> Result<(), u64> {
        if !self.enabled {
            return Ok(());
        }
        let (key, per_second, burst) = match tier {
            Tier::Posting => (format!("{method} {channel}"), self.numbers.posts_per_second, self.numbers.post_burst),
            Tier::PerMinute(number) => {
                let at = number.saturating_sub(1);
                let per_minute = self.numbers.per_minute.get(at).copied().unwrap_or(f64::INFINITY);
                let burst = self.numbers.burst.get(at).copied().unwrap_or(f64::INFINITY);
                (method.to_owned(), per_minute / 60.0, burst)
            }
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key).or_insert(Bucket { left: burst, filled: now });
        bucket.take(per_second, burst, now)
    }
}

impl Bucket {
    fn take(&mut self, per_second: f64, burst: f64, now: Instant) -> Result<(), u64> {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + elapsed * per_second).min(burst);
        self.filled = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - self.left) / per_second).ceil().clamp(1.0, 3600.0);
        // Clamped to a small positive whole number just above.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Err(wait as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn posts_are_limited_per_channel() {
        let limits = RateLimits::new(true, RateNumbers::default());
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(limits.check(Tier::Posting, "chat.postMessage", "C1", now), Ok(()));
        }
        assert_eq!(limits.check(Tier::Posting, "chat.postMessage", "C1", now), Err(1));
        assert_eq!(limits.check(Tier::Posting, "chat.postMessage", "C2", now), Ok(()));
        let later = now + Duration::from_secs(1);
        assert_eq!(limits.check(Tier::Posting, "chat.postMessage", "C1", later), Ok(()));
    }

    #[test]
    fn tiers_are_limited_per_method() {
        let limits = RateLimits::new(true, RateNumbers::default());
        let now = Instant::now();
        let calls = (0..100).filter(|_| limits.check(Tier::PerMinute(3), "chat.update", "", now).is_ok()).count();
        assert_eq!(calls, 20);
        assert_eq!(limits.check(Tier::PerMinute(3), "chat.update", "", now), Err(2));
    }
}
