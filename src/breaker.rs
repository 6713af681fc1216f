//! A circuit breaker as a pure state machine: no clock of its own, no lock, no IO. MCP servers and the language model each have
//! one.

use std::time::Duration;
use tokio::time::Instant;

/// Failures in a row that open the breaker.
const FAILURES_MAX: u32 = 5;
/// How long the breaker stays open the first time; doubles each time a probe fails.
const OPEN_MIN: Duration = Duration::from_secs(1);
/// How long it stays open at most.
const OPEN_MAX: Duration = Duration::from_secs(60);
/// A vendor's `Retry-After` is followed up to this long.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// What a breaker lets through, for people and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// One call, to see whether the server is well again.
    HalfOpen,
    /// Nothing.
    Open,
}

/// What a finished call says about the health of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answered; whether it did as asked is another matter.
    Answered,
    /// It could not be reached, or did not answer.
    Failed,
    /// It wants to be left alone for a while.
    Paused(Duration),
}

/// The breaker of one server.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// Times that it was opened since it was last closed.
    openings: u32,
    open_until: Option<Instant>,
    probing: bool,
    /// The server asked to be left alone until then; that is no sign of illness.
    paused_until: Option<Instant>,
}

impl Breaker {
    /// Lets a call through, or says how long to wait.
    ///
    /// Each admitted call must be followed by [`Self::record`] or [`Self::abandon`].
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Err(until - now);
        }
        let Some(until) = self.open_until else {
            return Ok(());
        };
        if now < until {
            return Err(until - now);
        }
        if self.probing {
            return Err(OPEN_MIN);
        }
        self.probing = true;
        Ok(())
    }

    /// Takes note of a finished call.
    pub(crate) fn record(&mut self, health: Health, now: Instant) {
        let probe = std::mem::take(&mut self.probing);
        match health {
            // A pause that another call was asked for in the meantime still counts.
            Health::Answered => {
                *self = Self { paused_until: self.paused_until, ..Self::default() };
            }
            Health::Paused(wait) => {
                *self =
                    Self { paused_until: self.paused_until.max(Some(now + wait.min(PAUSE_MAX))), ..Self::default() };
            }
            Health::Failed => {
                self.failures += 1;
                if probe || self.failures >= FAILURES_MAX {
                    let wait = OPEN_MIN.saturating_mul(1 << self.openings.min(16)).min(OPEN_MAX);
                    self.open_until = Some(now + wait);
                    self.openings += 1;
                }
            }
        }
    }

    /// Takes note of a call that was given up before it told anything.
    pub(crate) fn abandon(&mut self) {
        self.probing = false;
    }

    /// What it would let through.
    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        if self.paused_until.is_some_and(|until| now < until) {
            return BreakerState::Open;
        }
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_breaker(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.record(Health::Failed, now);
        }
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_and_probes_with_one_call() {
        let now = Instant::now();
        let mut breaker = failed_breaker(now);
        assert_eq!(breaker.admit(now), Err(OPEN_MIN));
        let later = now + OPEN_MIN;
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(later), Ok(()));
        assert!(breaker.admit(later).is_err());
        breaker.record(Health::Answered, later);
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn stays_open_longer_each_time_a_probe_fails() {
        let mut now = Instant::now();
        let mut breaker = failed_breaker(now);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait = breaker.admit(now).unwrap_err();
            waits.push(wait.as_secs());
            now += wait;
            breaker.admit(now).unwrap();
            breaker.record(Health::Failed, now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_again() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 1..FAILURES_MAX {
                breaker.record(Health::Failed, now);
            }
            breaker.record(Health::Answered, now);
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn follows_a_wish_to_be_left_alone() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.record(Health::Paused(Duration::from_secs(17)), now);
        breaker.record(Health::Answered, now);
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.admit(now), Err(Duration::from_secs(17)));
        let later = now + Duration::from_secs(17);
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.record(Health::Failed, later);
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_is_given_up_makes_room_for_the_next() {
        let now = Instant::now();
        let mut breaker = failed_breaker(now);
        let later = now + OPEN_MIN;
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.abandon();
        assert_eq!(breaker.admit(later), Ok(()));
    }
}
