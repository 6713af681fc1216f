//! What the calls with an idempotency key came to, as long as this process lives.
//!
//! What a call made is found again through a vendor's search or history, which may not show it yet. Within one process
//! the ledger closes that gap: calls with one key wait for each other, what was made is known without asking, and what
//! may have been made is not made again before the vendor had time to show it. A process that was started anew has an
//! empty ledger; its host waits as well, before it repeats a call.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::Instant;

use crate::failure::ToolFailure;

/// Keys that are remembered; older ones make room.
const KEPT: usize = 4_096;

/// What a call with a key came to.
#[derive(Debug, Clone)]
pub enum Fate<T> {
    /// It was sent at this time, and no answer says what became of it.
    Sent(Instant),
    /// It was carried out.
    Done(T),
}

impl<T> Fate<T> {
    /// A refusal to send again while what was sent may still be invisible at `now`: it shows within `lag`. `what` words
    /// it: "Shortcut's search may not show the story yet".
    ///
    /// # Errors
    /// `transient`, with the rest of the lag to wait.
    pub fn may_be_sent_again(&self, now: Instant, lag: Duration, what: &str) -> Result<(), ToolFailure> {
        let Self::Sent(at) = self else { return Ok(()) };
        let left = lag.saturating_sub(now.saturating_duration_since(*at));
        if left.is_zero() {
            return Ok(());
        }
        Err(ToolFailure::transient(
            format!(
                "An earlier call with this idempotency_key may have been carried out, and {what}. Nothing was sent \
                 now; repeat the call after the wait"
            ),
            Some(left + Duration::from_secs(1)),
        ))
    }
}

type Place<T> = Arc<Turn<Option<Fate<T>>>>;

/// The turn of one call: nobody else acts on the key while it is held.
pub type Held<T> = OwnedMutexGuard<Option<Fate<T>>>;

/// Fates by key; clones share them.
#[derive(Debug)]
pub struct Ledger<T> {
    entries: Arc<Mutex<Entries<T>>>,
}

#[derive(Debug)]
struct Entries<T> {
    places: HashMap<String, Place<T>>,
    order: VecDeque<String>,
}

impl<T> Clone for Ledger<T> {
    fn clone(&self) -> Self {
        Self { entries: Arc::clone(&self.entries) }
    }
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { entries: Arc::new(Mutex::new(Entries { places: HashMap::new(), order: VecDeque::new() })) }
    }
}

impl<T> Ledger<T> {
    /// Waits for the key's turn.
    pub async fn turn(&self, key: &str) -> Held<T> {
        let place = self.place(key);
        place.lock_owned().await
    }

    /// The key's turn, unless another call has it.
    pub(crate) fn try_turn(&self, key: &str) -> Option<Held<T>> {
        self.place(key).try_lock_owned().ok()
    }

    fn place(&self, key: &str) -> Place<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = entries.places.get(key) {
            return Arc::clone(place);
        }
        if entries.order.len() >= KEPT
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.places.remove(&oldest);
        }
        let place: Place<T> = Arc::new(Turn::new(None));
        entries.places.insert(key.to_owned(), Arc::clone(&place));
        entries.order.push_back(key.to_owned());
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_has_one_turn_at_a_time_and_keeps_its_fate() {
        let ledger: Ledger<u64> = Ledger::default();
        let mut first = ledger.turn("k").await;
        let waiting = ledger.clone();
        let second = tokio::spawn(async move { waiting.turn("k").await.clone() });
        ledger.turn("other").await;
        assert!(ledger.try_turn("k").is_none() && ledger.try_turn("other").is_some());
        *first = Some(Fate::Done(7));
        drop(first);
        assert!(matches!(second.await.unwrap(), Some(Fate::Done(7))));
    }

    #[tokio::test]
    async fn the_oldest_keys_make_room() {
        let ledger: Ledger<u64> = Ledger::default();
        for key in 0..=KEPT {
            *ledger.turn(&key.to_string()).await = Some(Fate::Done(1));
        }
        assert!(ledger.turn("0").await.is_none());
        assert!(ledger.turn(&KEPT.to_string()).await.is_some());
    }

    #[test]
    fn what_was_sent_is_sent_again_only_after_the_lag() {
        let (at, lag) = (Instant::now(), Duration::from_secs(90));
        let sent: Fate<u64> = Fate::Sent(at);
        let early = sent.may_be_sent_again(at + lag - Duration::from_secs(5), lag, "it may not show yet");
        assert_eq!(early.unwrap_err().retry_after_seconds, Some(6));
        assert!(sent.may_be_sent_again(at + lag, lag, "").is_ok());
    }
}
