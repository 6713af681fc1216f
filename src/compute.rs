//! Computing that may take a moment, off the threads that serve: as much at once as the machine has cores. More would be no
//! quicker, and each further thread keeps memory of its own.

use std::sync::LazyLock;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

static CORES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores)
});

/// Does this work when a core is free for it. Dropping the future leaves work that has begun to finish by itself.
///
/// # Errors
/// When the work panics, or the runtime is closing.
pub async fn when_free<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    // It is never closed.
    let turn = CORES.acquire().await.ok();
    tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_is_computed_at_once_than_there_are_cores() {
        let cores = std::thread::available_parallelism().unwrap().get();
        let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..cores * 8)
            .map(|_| {
                let (busy, most) = (Arc::clone(&busy), Arc::clone(&most));
                tokio::spawn(when_free(move || {
                    most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    busy.fetch_sub(1, Ordering::SeqCst);
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let most = most.load(Ordering::SeqCst);
        assert!((1..=cores).contains(&most), "{most} at once");
    }

    #[tokio::test]
    async fn a_panic_gives_its_place_back() {
        for _ in 0..64 {
            assert!(when_free(|| panic!("as it happens")).await.unwrap_err().is_panic());
        }
        assert_eq!(when_free(|| 7).await.unwrap(), 7);
    }
}
