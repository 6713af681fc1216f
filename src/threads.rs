//! A few threads for work that blocks or computes. tokio's own come and go with each burst of it, and each keeps memory of its
//! own: with them 10,000 requests left thirty threads, and a sixth more memory, and were no quicker.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads, each with a state of its own. What is asked of them is done in turn.
pub struct Threads<S> {
    queue: Mutex<Option<Sender<Work<S>>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

/// Why work came to nothing.
pub enum Unfinished {
    /// It panicked.
    Panicked(Box<dyn Any + Send>),
    /// The threads have ended.
    Ended,
}

impl<S: Send + 'static> Threads<S> {
    /// Starts a thread for each state.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(name: &str, states: Vec<S>) -> io::Result<Self> {
        let (queue, asked) = channel();
        let asked = Arc::new(Mutex::new(asked));
        let thread = |state| {
            let asked = Arc::clone(&asked);
            Builder::new().name(name.to_owned()).spawn(move || serve(&asked, state))
        };
        let running = states.into_iter().map(thread).collect::<io::Result<_>>()?;
        Ok(Self { queue: Mutex::new(Some(queue)), running: Mutex::new(running) })
    }

    /// Does this work on the next free thread. Dropping the future leaves the work to be done all the same.
    ///
    /// # Errors
    /// [`Unfinished`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let (done, answer) = oneshot::channel();
        let queue = lock(&self.queue).clone().ok_or(Unfinished::Ended)?;
        let work = move |state: &mut S| drop(done.send(catch_unwind(AssertUnwindSafe(|| work(state)))));
        queue.send(Box::new(work)).map_err(|_| Unfinished::Ended)?;
        drop(queue);
        answer.await.map_err(|_| Unfinished::Ended)?.map_err(Unfinished::Panicked)
    }

    /// Ends the threads, and their states with them, when all that was asked is done.
    pub async fn end(&self) {
        drop(lock(&self.queue).take());
        let running = std::mem::take(&mut *lock(&self.running));
        let joined = tokio::task::spawn_blocking(move || running.into_iter().for_each(|thread| drop(thread.join())));
        drop(joined.await);
    }
}

fn serve<S>(asked: &Mutex<Receiver<Work<S>>>, mut state: S) {
    loop {
        let next = lock(asked).recv();
        let Ok(work) = next else { return };
        work(&mut state);
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_work_has_a_state_to_itself_and_all_is_done() {
        let threads = Arc::new(Threads::start("test", vec![0_u64, 0, 0]).ok().unwrap());
        let asked = (0..90).map(|_| {
            let threads = Arc::clone(&threads);
            tokio::spawn(async move {
                threads
                    .run(|count| {
                        *count += 1;
                        *count
                    })
                    .await
                    .ok()
                    .unwrap()
            })
        });
        let mut highest = 0;
        for one in asked.collect::<Vec<_>>() {
            highest = highest.max(one.await.unwrap());
        }
        assert!((30..=90).contains(&highest), "{highest}");
    }

    #[tokio::test]
    async fn a_panic_is_told_and_ends_no_thread() {
        let threads = Threads::start("test", vec![()]).ok().unwrap();
        for _ in 0..3 {
            let panicked = threads.run(|()| panic!("as it happens")).await;
            assert!(matches!(panicked, Err(Unfinished::Panicked(_))));
        }
        assert_eq!(threads.run(|()| 7).await.ok(), Some(7));
    }

    #[tokio::test]
    async fn what_was_asked_before_the_end_is_done_and_nothing_after() {
        let threads = Threads::start("test", vec![Vec::new()]).ok().unwrap();
        let first = threads.run(|said: &mut Vec<u8>| said.push(1));
        let (first, ()) = tokio::join!(first, threads.end());
        assert!(first.is_ok());
        assert!(matches!(threads.run(|_| ()).await, Err(Unfinished::Ended)));
    }
}
