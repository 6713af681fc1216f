//! Calls with one key wait for each other, so that each sees what the one before it wrote.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

/// Locks among which keys are spread; two keys that share one wait for each other, which costs time only.
const LOCKS: usize = 64;

/// Clones share the locks.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    locks: Arc<[Mutex<()>]>,
    /// Stands in for a place that is out of bounds, which no place is.
    spare: Arc<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { locks: (0..LOCKS).map(|_| Mutex::new(())).collect(), spare: Arc::default() }
    }
}

impl Turns {
    /// Waits for the turn of the mark of a key; a call without one waits for nobody.
    pub(super) async fn turn_of(&self, mark: Option<&str>) -> Option<MutexGuard<'_, ()>> {
        match mark {
            Some(mark) => Some(self.turn(mark).await),
            None => None,
        }
    }

    /// Waits for the key's turn.
    pub(super) async fn turn(&self, key: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        self.locks.get(place).unwrap_or(&self.spare).lock().await
    }
}
