//! One message a second in each channel, with a short burst (docs.slack.dev, "Rate limits"): a limiter per
//! channel, so that a busy channel never slows another.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use deskbell_domain::ids::ChannelId;

/// Messages that may follow each other at once.
const BURST: u32 = 3;
const INTERVAL: Duration = Duration::from_secs(1);
/// Channels remembered at most; idle ones are forgotten first.
const CHANNELS: usize = 10_000;

/// When each channel is free again.
#[derive(Debug, Default)]
pub struct ChannelLimiter {
    free_at: Mutex<HashMap<ChannelId, Instant>>,
}

impl ChannelLimiter {
    /// Takes the next place in a channel; the answer is how long to wait for it. Waits longer than `patience`
    /// take no place and are an error instead.
    ///
    /// # Errors
    /// The time after which to come back.
    pub fn reserve(&self, channel: &ChannelId, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let mut free_at = self.free_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if free_at.len() >= CHANNELS {
            free_at.retain(|_, free| *free > now);
        }
        let earliest = now.checked_sub(INTERVAL * (BURST - 1)).unwrap_or(now);
        let place = free_at.get(channel).copied().unwrap_or(earliest).max(earliest);
        let wait = place.saturating_duration_since(now);
        if wait > patience {
            return Err(wait);
        }
        free_at.insert(channel.clone(), place + INTERVAL);
        Ok(wait)
    }

    /// Slack itself said to wait: nobody posts there before.
    pub fn blocked(&self, channel: &ChannelId, until: Instant) {
        let mut free_at = self.free_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = free_at.entry(channel.clone()).or_insert(until);
        *free = (*free).max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_then_paces_each_channel_by_itself() {
        let limiter = ChannelLimiter::default();
        let now = Instant::now() + Duration::from_secs(60);
        let patience = Duration::from_secs(5);
        let one = ChannelId::from("C1");
        let waits: Vec<u64> = (0..5).map(|_| limiter.reserve(&one, now, patience).unwrap().as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2]);
        assert_eq!(limiter.reserve(&ChannelId::from("C2"), now, patience), Ok(Duration::ZERO));
    }

    #[test]
    fn says_when_to_come_back_instead_of_queueing_without_end() {
        let limiter = ChannelLimiter::default();
        let now = Instant::now() + Duration::from_secs(60);
        let channel = ChannelId::from("C1");
        limiter.blocked(&channel, now + Duration::from_secs(30));
        assert_eq!(limiter.reserve(&channel, now, Duration::from_secs(5)), Err(Duration::from_secs(30)));
        assert_eq!(limiter.reserve(&channel, now + Duration::from_secs(31), Duration::ZERO), Ok(Duration::ZERO));
    }
}
