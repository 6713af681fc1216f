//! One message a second in each channel, with a short burst (docs.slack.dev, "Rate limits"): a limiter per
//! channel, so that a busy channel never slows another.
//!
//! Who may not post yet gets a place: the moment from which it may. A durable job gives itself back until then and comes
//! again for its place ([`ChannelLimiter::place`]), so that it holds up no worker; who has nowhere to wait but here waits for
//! a few seconds ([`ChannelLimiter::reserve`]).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deskbell_domain::ids::ChannelId;

/// Messages that may follow each other at once.
const BURST: u32 = 3;
const INTERVAL: Duration = Duration::from_secs(1);
/// Channels remembered at most; idle ones are forgotten first.
const CHANNELS: usize = 10_000;
/// A place that nobody came for is forgotten after this: its job was done otherwise, or given up.
const UNCLAIMED: Duration = Duration::from_secs(600);

/// When each channel is free again.
#[derive(Debug, Default)]
pub struct ChannelLimiter {
    channels: Mutex<HashMap<ChannelId, Channel>>,
}

#[derive(Debug)]
struct Channel {
    /// The next place that nobody has.
    free_at: Instant,
    /// When one may post again, as those did who came: several who come late for their places don't post at once.
    open_at: Instant,
    /// Who has which place.
    places: HashMap<String, Instant>,
}

impl Channel {
    fn new(now: Instant) -> Self {
        Self { free_at: earliest(now), open_at: earliest(now), places: HashMap::new() }
    }

    fn next_place(&self, now: Instant) -> Instant {
        self.free_at.max(earliest(now))
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.free_at <= now && self.open_at <= now && self.places.is_empty()
    }
}

/// What was not used longer ago than a burst is lost.
fn earliest(now: Instant) -> Instant {
    now.checked_sub(INTERVAL * (BURST - 1)).unwrap_or(now)
}

impl ChannelLimiter {
    fn channels(&self, now: Instant) -> MutexGuard<'_, HashMap<ChannelId, Channel>> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if channels.len() >= CHANNELS {
            channels.retain(|_, channel| !channel.is_idle(now));
        }
        channels
    }

    /// Whether `holder` may post now. If not, the error says when to come again: its place is kept for it.
    ///
    /// # Errors
    /// The time after which to come back.
    pub fn place(&self, channel: &ChannelId, holder: &str, now: Instant) -> Result<(), Duration> {
        let mut channels = self.channels(now);
        let channel = channels.entry(channel.clone()).or_insert_with(|| Channel::new(now));
        channel.places.retain(|_, place| now.saturating_duration_since(*place) < UNCLAIMED);
        let place = channel.places.get(holder).copied().unwrap_or_else(|| {
            let place = channel.next_place(now);
            channel.free_at = place + INTERVAL;
            place
        });
        let open_at = channel.open_at.max(earliest(now));
        let wait = place.max(open_at).saturating_duration_since(now);
        if wait.is_zero() {
            channel.places.remove(holder);
            channel.open_at = open_at + INTERVAL;
            return Ok(());
        }
        channel.places.insert(holder.to_owned(), place);
        Err(wait)
    }

    /// Takes the next place in a channel; the answer is how long to wait for it. Waits longer than `patience`
    /// take no place and are an error instead.
    ///
    /// # Errors
    /// The time after which to come back.
    pub fn reserve(&self, channel: &ChannelId, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let mut channels = self.channels(now);
        let channel = channels.entry(channel.clone()).or_insert_with(|| Channel::new(now));
        let place = channel.next_place(now);
        let wait = place.saturating_duration_since(now);
        if wait > patience {
            return Err(wait);
        }
        channel.free_at = place + INTERVAL;
        channel.open_at = channel.open_at.max(earliest(now)) + INTERVAL;
        Ok(wait)
    }

    /// Slack itself said to wait: nobody posts there before, and all keep their order.
    pub fn blocked(&self, channel: &ChannelId, now: Instant, retry_after: Duration) {
        let mut channels = self.channels(now);
        let channel = channels.entry(channel.clone()).or_insert_with(|| Channel::new(now));
        let until = now + retry_after;
        let first = channel.places.values().copied().min().unwrap_or(channel.free_at);
        let later = until.saturating_duration_since(first);
        channel.places.values_mut().for_each(|place| *place += later);
        channel.free_at = (channel.free_at + later).max(until);
        channel.open_at = channel.open_at.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn start() -> (ChannelLimiter, ChannelId, Instant) {
        (ChannelLimiter::default(), ChannelId::from("C1"), Instant::now() + Duration::from_secs(60))
    }

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn bursts_then_paces_each_channel_by_itself() {
        let (limiter, one, now) = start();
        let waits: Vec<u64> = (0..5).map(|_| limiter.reserve(&one, now, PATIENCE).unwrap().as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2]);
        assert_eq!(limiter.reserve(&ChannelId::from("C2"), now, PATIENCE), Ok(Duration::ZERO));
    }

    #[test]
    fn says_when_to_come_back_instead_of_queueing_without_end() {
        let (limiter, channel, now) = start();
        limiter.blocked(&channel, now, seconds(30));
        assert_eq!(limiter.reserve(&channel, now, PATIENCE), Err(seconds(30)));
        assert_eq!(limiter.reserve(&channel, now + seconds(31), Duration::ZERO), Ok(Duration::ZERO));
    }

    #[test]
    fn whoever_comes_back_finds_its_place_kept() {
        let (limiter, channel, now) = start();
        let turns = |at: Instant| ["a", "b", "c", "d", "e", "f"].map(|job| limiter.place(&channel, job, at));
        assert_eq!(turns(now), [Ok(()), Ok(()), Ok(()), Err(seconds(1)), Err(seconds(2)), Err(seconds(3))]);
        assert_eq!(limiter.place(&channel, "e", now + seconds(1)), Err(seconds(1)), "coming early changes nothing");
        assert_eq!(
            limiter.place(&channel, "new", now + seconds(1)),
            Err(seconds(3)),
            "those who came later are behind"
        );
        for (job, after) in [("d", 1), ("e", 2), ("f", 3), ("new", 4)] {
            assert_eq!(limiter.place(&channel, job, now + seconds(after)), Ok(()), "{job}");
        }
    }

    #[test]
    fn those_who_come_late_for_their_places_do_not_all_post_at_once() {
        let (limiter, channel, now) = start();
        let jobs: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let posted = |at: Instant| jobs.iter().filter(|job| limiter.place(&channel, job, at).is_ok()).count();
        assert_eq!(posted(now), 3);
        let late = now + seconds(100);
        let turned_away = jobs[3..].iter().filter(|job| limiter.place(&channel, job, late).is_err()).count();
        assert_eq!(turned_away, 4, "a burst of three goes, the others come again");
    }

    #[test]
    fn what_slack_asks_for_holds_for_those_who_have_a_place_and_keeps_their_order() {
        let (limiter, channel, now) = start();
        for job in ["a", "b", "c", "d", "e"] {
            let _ = limiter.place(&channel, job, now);
        }
        limiter.blocked(&channel, now, seconds(30));
        assert_eq!(limiter.place(&channel, "d", now + seconds(1)), Err(seconds(29)));
        assert_eq!(limiter.place(&channel, "d", now + seconds(30)), Ok(()));
        assert_eq!(limiter.place(&channel, "e", now + seconds(30)), Err(seconds(1)));
    }
}
