//! The one writer: a thread that drains its queue into one transaction, a savepoint per command, and answers after the commit.
//! Many callers so share one fdatasync, and one command's failure does not spoil the others.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::error::StoreError;
use super::keys::KeyRing;
use super::lock::Lock;
use super::readers::BUSY_TIMEOUT;

/// The most commands that share one commit.
const BATCH: usize = 256;

/// How long folding the log waits for readers.
const FOLD_PATIENCE: Duration = Duration::from_millis(200);

/// What a command may do: the transaction it stands in and the keys.
pub(super) struct Write<'a> {
    pub conn: &'a Connection,
    pub keys: &'a mut KeyRing,
    /// Set by a command that made a job ready: the workers are woken after the commit.
    pub made_jobs_ready: bool,
}

/// What a command's loss in a power cut would mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Somebody was told: it must be on disk before the answer.
    Synced,
    /// Nobody relies on it (a lease, a number): the next synced commit takes it along. A killed process loses nothing either way.
    Relaxed,
}

/// What has to be taken back when a command fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// All that it wrote so far: it runs in a savepoint.
    All,
    /// Nothing: its one statement stands or falls by itself, and what it prepared may stay. Spares the copies of pages that a savepoint makes.
    Nothing,
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs in the transaction, or is told why there is none; says whether its writes stay, and how to answer.
type Work = Box<dyn FnOnce(Result<&mut Write<'_>, StoreError>) -> (bool, Answer) + Send>;

enum Command {
    Run(Asked),
    FoldLog { done: oneshot::Sender<bool> },
    Stop,
}

struct Asked {
    durability: Durability,
    undo: Undo,
    work: Work,
    /// Where whoever asks waits.
    runtime: Handle,
}

/// The way to the writer.
pub(super) struct Writer {
    queue: mpsc::Sender<Command>,
    jobs: watch::Receiver<u64>,
    failed: watch::Receiver<Option<Failure>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

/// A commit that failed.
#[derive(Debug, Clone)]
struct Failure {
    at: Instant,
    error: StoreError,
}

/// What to do when the queue is full.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    Wait,
    Refuse,
}

impl Writer {
    /// Starts the thread. It owns the connection, the keys and the lock until it stops.
    pub fn start(conn: Connection, keys: KeyRing, lock: Lock, queue_length: usize) -> std::io::Result<Self> {
        let (queue, commands) = mpsc::channel(queue_length.max(1));
        let (wake, jobs) = watch::channel(0);
        let (fail, failed) = watch::channel(None);
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            Loop { conn, keys, wake, fail }.run(commands);
            drop(lock);
        })?;
        Ok(Self { queue, jobs, failed, thread: Mutex::new(Some(thread)) })
    }

    /// Changes at the next commit that makes jobs ready.
    pub fn jobs(&self) -> watch::Receiver<u64> {
        let mut jobs = self.jobs.clone();
        jobs.mark_unchanged();
        jobs
    }

    /// The last commit that failed within this time.
    pub fn failed_within(&self, time: Duration) -> Option<StoreError> {
        let failed = self.failed.borrow();
        failed.as_ref().filter(|failure| failure.at.elapsed() < time).map(|failure| failure.error.clone())
    }

    /// Runs a command in the next transaction and returns once that is committed.
    pub async fn run<T, E, F>(&self, durability: Durability, when_full: WhenFull, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<T, E> + Send + 'static,
    {
        self.run_undoing(Undo::All, durability, when_full, command).await
    }

    /// The same, saying what a failure leaves to be taken back.
    pub async fn run_undoing<T, E, F>(
        &self,
        undo: Undo,
        durability: Durability,
        when_full: WhenFull,
        command: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |write| {
            let result = write.map_err(E::from).and_then(command);
            let keep = result.is_ok();
            let answer: Answer = Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    Err(error) => result.and(Err(error.into())),
                };
                // Whoever asked may be gone; the command stands all the same.
                drop(answer.send(result));
            });
            (keep, answer)
        });
        let command = Command::Run(Asked { durability, undo, work, runtime: Handle::current() });
        match when_full {
            WhenFull::Wait => self.queue.send(command).await.map_err(|_| StoreError::Stopped)?,
            WhenFull::Refuse => self.queue.try_send(command).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
            })?,
        }
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Copies the log into the file and empties it; false where readers under way did not let it.
    pub async fn fold_log(&self) -> Result<bool, StoreError> {
        let (done, folded) = oneshot::channel();
        self.queue.send(Command::FoldLog { done }).await.map_err(|_| StoreError::Stopped)?;
        folded.await.map_err(|_| StoreError::Stopped)
    }

    /// Lets the writer finish what was queued, bring the file up to date and stop.
    pub async fn stop(&self) {
        drop(self.queue.send(Command::Stop).await);
        self.queue.closed().await;
        if let Some(thread) = self.take_thread() {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }

    fn take_thread(&self) -> Option<thread::JoinHandle<()>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Writer {
    /// Waits for the thread, so that the file may be opened again at once.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.queue, closed));
        if let Some(thread) = self.take_thread() {
            drop(thread.join());
        }
    }
}

struct Loop {
    conn: Connection,
    keys: KeyRing,
    wake: watch::Sender<u64>,
    fail: watch::Sender<Option<Failure>>,
}

impl Loop {
    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut folds = Vec::new();
        while let Some(first) = commands.blocking_recv() {
            // Who is about to send more goes first where cores are few: more share the commit.
            thread::yield_now();
            let mut next = Some(first);
            while let Some(command) = next.take() {
                match command {
                    Command::Run(asked) => batch.push(asked),
                    Command::FoldLog { done } => folds.push(done),
                    Command::Stop => commands.close(),
                }
                if batch.len() < BATCH {
                    next = commands.try_recv().ok();
                }
            }
            if !batch.is_empty() {
                self.commit(std::mem::take(&mut batch));
            }
            if !folds.is_empty() {
                let is_empty = self.fold_log();
                for done in folds.drain(..) {
                    // Whoever asked may be gone.
                    let _gone: Result<(), bool> = oneshot::Sender::send(done, is_empty);
                }
            }
        }
        self.fold_log();
    }

    /// A long read may hold the log; it is then folded at the next occasion, and nobody waits for it.
    fn fold_log(&self) -> bool {
        let fold = || {
            self.conn.busy_timeout(FOLD_PATIENCE)?;
            let busy: i64 = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            self.conn.busy_timeout(BUSY_TIMEOUT)?;
            Ok::<_, rusqlite::Error>(busy == 0)
        };
        match fold() {
            Ok(is_empty) => is_empty,
            Err(error) => {
                tracing::warn!(%error, "the store's log could not be folded into its file; it will be later");
                false
            }
        }
    }

    /// One transaction for all; answers after it is kept.
    fn commit(&mut self, batch: Vec<Asked>) {
        let started = Instant::now();
        #[allow(clippy::cast_precision_loss)]
        metrics::histogram!("deskbell_store_batch_size").record(batch.len() as f64);
        let synced = batch.iter().any(|asked| asked.durability == Durability::Synced);
        let runtime = batch.first().map(|asked| asked.runtime.clone());
        let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
        let mut made_jobs_ready = false;
        let mut result = self.begin(synced);
        for Asked { undo, work, .. } in batch {
            if let Err(error) = &result {
                answers.push(work(Err(error.clone())).1);
                continue;
            }
            match self.run_one(undo, work, &mut made_jobs_ready) {
                Ok(answer) => answers.push(answer),
                Err((error, answer)) => {
                    answers.push(answer);
                    result = Err(error);
                }
            }
        }
        let result = result.and_then(|()| Ok(self.conn.execute_batch("COMMIT")?));
        if let Err(error) = &result {
            tracing::error!(%error, commands = answers.len(), "the store could not commit");
            self.fail.send_replace(Some(Failure { at: Instant::now(), error: error.clone() }));
            self.keys.forget();
            if !self.conn.is_autocommit() {
                drop(self.conn.execute_batch("ROLLBACK"));
            }
        }
        let is_kept = result.is_ok();
        // In the runtime, where those who wait are woken all at once: from here each would wake a thread of its own.
        if let Some(runtime) = runtime {
            runtime.spawn(async move {
                for answer in answers {
                    answer(result.clone());
                }
            });
        }
        if is_kept && made_jobs_ready {
            self.wake.send_modify(|count| *count = count.wrapping_add(1));
        }
        metrics::histogram!("deskbell_store_commit_seconds").record(started.elapsed().as_secs_f64());
    }

    fn begin(&self, synced: bool) -> Result<(), StoreError> {
        let synchronous = if synced { "FULL" } else { "NORMAL" };
        self.conn.execute_batch(&format!("PRAGMA synchronous = {synchronous}; BEGIN IMMEDIATE"))?;
        Ok(())
    }

    /// Runs one command. The error means that the whole transaction is gone.
    fn run_one(&mut self, undo: Undo, work: Work, made_jobs_ready: &mut bool) -> Result<Answer, (StoreError, Answer)> {
        let opened = if undo == Undo::All { self.statement("SAVEPOINT command") } else { Ok(()) };
        let mut write = Write { conn: &self.conn, keys: &mut self.keys, made_jobs_ready: false };
        let (keep, answer) = work(Ok(&mut write));
        let ready = write.made_jobs_ready;
        let closed = match (opened, keep) {
            (Err(error), _) => Err(error),
            (Ok(()), true) => {
                *made_jobs_ready |= ready;
                if undo == Undo::All { self.statement("RELEASE command") } else { Ok(()) }
            }
            (Ok(()), false) if undo == Undo::Nothing => self.still_in_transaction(),
            (Ok(()), false) => {
                self.keys.forget();
                self.statement("ROLLBACK TO command").and_then(|()| self.statement("RELEASE command"))
            }
        };
        match closed {
            Ok(()) => Ok(answer),
            Err(error) => Err((error, answer)),
        }
    }

    /// The database takes everything back by itself when the disk is full or broken
    /// (<https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction>).
    fn still_in_transaction(&self) -> Result<(), StoreError> {
        if self.conn.is_autocommit() {
            return Err(StoreError::Database { reason: "the transaction was taken back".to_owned() });
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
