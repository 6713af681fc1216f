//! Keeping a store in good order: health, figures, forgetting what has served, closing.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;

use super::Store;
use super::dead_letters;
use super::error::StoreError;
use super::rows::{limit, micros, unsigned};
use super::writer::{Durability, WhenFull};

/// A commit that failed so long ago keeps the store from being well.
const LOOK_BACK: Duration = Duration::from_secs(30);

/// How much stands where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Jobs due now.
    pub jobs_due: u64,
    /// Jobs that come due later: timers and retries.
    pub jobs_later: u64,
    /// Jobs that wait for others of their serial.
    pub jobs_waiting: u64,
    /// Jobs in workers' hands.
    pub jobs_leased: u64,
    /// Dead letters.
    pub jobs_dead: u64,
    /// Events whose fate is open.
    pub events_pending: u64,
    /// Events that no parser could read.
    pub events_unparsed: u64,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events past their `expires_at`.
    pub events: u64,
    /// Jobs done long ago.
    pub jobs: u64,
    /// Dead letters that people were told of, and left.
    pub dead_letters: u64,
    /// Events that no parser could read in all that time.
    pub unparsed: u64,
}

/// Before when each kind is forgotten.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Done jobs guard against being queued again: keep them for weeks. Servers' questions that are settled go with them.
    pub done_before: Timestamp,
    /// What Deskbell gave up: dead letters, and events that could not be read.
    pub given_up_before: Timestamp,
}

impl Store {
    /// Reads and durably writes a little, and looks back: on a full disk a little may still fit where an event does not.
    ///
    /// # Errors
    /// What keeps the store from working, with the mend.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.read(|read| Ok::<_, StoreError>(read.conn.query_row("SELECT 1 FROM audit_head", [], |_| Ok(()))?)).await?;
        let writer = self.writer()?;
        writer
            .run(Durability::Synced, WhenFull::Wait, |write| {
                write
                    .conn
                    .prepare_cached(
                        "INSERT INTO meta (name, value) VALUES ('health', zeroblob(1))
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    )?
                    .execute([])?;
                Ok::<_, StoreError>(())
            })
            .await?;
        writer.failed_within(LOOK_BACK).map_or(Ok(()), Err)
    }

    /// Counts jobs and events, and sets the gauge `deskbell_jobs`.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError> {
        let counts = self
            .read(move |read| {
                let mut statement = read.conn.prepare_cached(
                    "SELECT (SELECT count(*) FROM jobs WHERE state = 1 AND run_at <= ?1),
                            (SELECT count(*) FROM jobs WHERE state = 1 AND run_at > ?1),
                            (SELECT count(*) FROM jobs WHERE state = 0),
                            (SELECT count(*) FROM jobs WHERE state = 2),
                            (SELECT count(*) FROM jobs WHERE state = 4),
                            (SELECT count(*) FROM events WHERE outcome_name IS NULL AND sealed IS NOT NULL),
                            (SELECT count(*) FROM events WHERE outcome_name = 'unparsed')",
                )?;
                let counts = statement.query_row([micros(now)], |row| {
                    let count = |column: usize| row.get::<_, i64>(column).map(unsigned);
                    Ok(Counts {
                        jobs_due: count(0)?,
                        jobs_later: count(1)?,
                        jobs_waiting: count(2)?,
                        jobs_leased: count(3)?,
                        jobs_dead: count(4)?,
                        events_pending: count(5)?,
                        events_unparsed: count(6)?,
                    })
                })?;
                Ok::<_, StoreError>(counts)
            })
            .await?;
        for (state, number) in [
            ("due", counts.jobs_due),
            ("later", counts.jobs_later),
            ("waiting", counts.jobs_waiting),
            ("leased", counts.jobs_leased),
            ("dead", counts.jobs_dead),
        ] {
            #[allow(clippy::cast_precision_loss)]
            metrics::gauge!("deskbell_jobs", "state" => state).set(number as f64);
        }
        Ok(counts)
    }

    /// Forgets answers and clicks of long ago, events past their `expires_at` whose fate is settled (the newest stays, so that no id comes twice), jobs done long
    /// ago, and what was given up long ago; at most `at_most` of each, so that the writer is never held up for long. A dead
    /// letter goes only after the ops channel was told of it once more, a week before, and while its ticket is open it stays.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn prune(&self, now: Timestamp, keep: Retention, at_most: usize) -> Result<Pruned, StoreError> {
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let events = write.conn.execute(
                    "DELETE FROM events WHERE id IN (SELECT id FROM events
                     WHERE expires_at IS NOT NULL AND expires_at < ?1 AND id < (SELECT max(id) FROM events)
                       AND (sealed IS NULL OR outcome_name <> 'unparsed') LIMIT ?2)",
                    params![micros(now), limit(at_most)],
                )?;
                let jobs = write.conn.execute(
                    "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE state = 3 AND settled_at < ?1 LIMIT ?2)",
                    params![micros(keep.done_before), limit(at_most)],
                )?;
                write.conn.execute(
                    "DELETE FROM questions WHERE id IN (SELECT id FROM questions
                     WHERE outcome IS NOT NULL AND settled_at < ?1 LIMIT ?2)",
                    params![micros(keep.done_before), limit(at_most)],
                )?;
                for sql in [
                    "DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE made_at < ?1 LIMIT ?2)",
                    "DELETE FROM clicks WHERE id IN (SELECT id FROM clicks WHERE clicked_at < ?1 LIMIT ?2)",
                ] {
                    write.conn.execute(sql, params![micros(keep.done_before), limit(at_most)])?;
                }
                let unparsed = write.conn.execute(
                    "DELETE FROM events WHERE id IN (SELECT id FROM events INDEXED BY events_unparsed
                     WHERE outcome_name = 'unparsed' AND received_at < ?1 AND id < (SELECT max(id) FROM events) LIMIT ?2)",
                    params![micros(keep.given_up_before), limit(at_most)],
                )?;
                let dead_letters = dead_letters::forget(write, now, keep.given_up_before, at_most)?;
                Ok(Pruned { events: events as u64, jobs: jobs as u64, dead_letters, unparsed: unparsed as u64 })
            })
            .await
    }

    /// Completes once a commit after *this call* made jobs ready: a worker calls it before it claims, and then waits for it or
    /// for [`Store::next_run_at`], whichever is first. Never completes when the store can make none any more.
    pub fn woken(&self) -> impl Future<Output = ()> + Send + use<> {
        let jobs = self.inner.writer.as_ref().map(super::writer::Writer::jobs);
        async move {
            if let Some(mut jobs) = jobs
                && jobs.changed().await.is_ok()
            {
                return;
            }
            std::future::pending::<()>().await;
        }
    }

    /// Finishes what was queued, folds the log into the file and closes it. Later calls answer [`StoreError::Stopped`].
    pub async fn shutdown(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.stop().await;
        }
        self.inner.readers.close().await;
    }
}
