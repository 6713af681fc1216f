//! Durable jobs: one effect each, with the moment from which it may run. `leases` hands them out.
//!
//! Jobs of one *serial* run one after the other, in the order of their first `run_at`. Of a serial at most one job is `ready` or
//! `leased`, the others wait: so a claim looks at nothing but jobs that may run, however long the queues behind them are.

use deskbell_domain::ids::{JobId, TicketId, WorkspaceId};
use deskbell_domain::workflow::effect::{Effect, Lane};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::dead_letters;
use super::error::{LeaseError, StoreError};
use super::keys::{open_sealed, sealed_columns};
use super::rows::{count, from_json, limit, micros, signed, timestamp, to_json, unsigned};
use super::seal::Place;
use super::writer::{Durability, WhenFull, Write};

/// The lane in which events are interpreted.
pub(super) const INTERPRETERS: Lane = Lane::Desk;

/// The longest error text kept with a job, in characters.
const ERROR_CHARS: usize = 500;

/// A job to be queued. Its id follows from the effect: queueing it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What to do.
    pub effect: Effect,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// Not before.
    pub run_at: Timestamp,
    /// One after the other with the jobs of the same name in the workspace.
    pub serial: Option<String>,
}

/// A job that nobody tries any more by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: JobId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// What it would do; `None` when it can't be read.
    pub effect: Option<Effect>,
    /// How often it was claimed.
    pub attempts: u32,
    /// How often a lease ran out.
    pub crashes: u32,
    /// The last failure.
    pub last_error: Option<String>,
    /// When it was given up.
    pub buried_at: Timestamp,
}

impl Store {
    /// Gives a job back, to be tried again from `run_at`. It keeps its place in its serial, so what comes after it waits. What a
    /// call that went out did stays in doubt.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job.
    pub async fn retry_later(
        &self,
        job: &JobId,
        fence: u64,
        run_at: Timestamp,
        last_error: &str,
    ) -> Result<(), LeaseError> {
        self.give_back(job, fence, run_at, last_error, Attempt::InDoubt).await
    }

    /// The same for an attempt that went out and surely did nothing: it counts and leaves nothing in doubt.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job.
    pub async fn retry_afresh(
        &self,
        job: &JobId,
        fence: u64,
        run_at: Timestamp,
        last_error: &str,
    ) -> Result<(), LeaseError> {
        self.give_back(job, fence, run_at, last_error, Attempt::Failed).await
    }

    /// The same for an attempt that never went out, or was turned away by a rate limit: it does not count, nor does a call that
    /// was about to leave.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job.
    pub async fn put_off(
        &self,
        job: &JobId,
        fence: u64,
        run_at: Timestamp,
        last_error: &str,
    ) -> Result<(), LeaseError> {
        self.give_back(job, fence, run_at, last_error, Attempt::NotMade).await
    }

    async fn give_back(
        &self,
        job: &JobId,
        fence: u64,
        run_at: Timestamp,
        last_error: &str,
        attempt: Attempt,
    ) -> Result<(), LeaseError> {
        let (job, last_error) = (job.clone(), shortened(last_error));
        let (uncounted, in_doubt) = match attempt {
            Attempt::InDoubt => (0, 1),
            Attempt::Failed => (0, 0),
            Attempt::NotMade => (1, 0),
        };
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let turn = leased(write, &job, fence)?.ok_or(LeaseError::Fenced)?;
                write
                    .conn
                    .prepare_cached(
                        "UPDATE jobs SET state = 1, run_at = ?2, last_error = ?3, attempts = attempts - ?4,
                             sends = sends - (?4 AND sent_under IS fence),
                             in_doubt = in_doubt OR (?5 AND sent_under IS fence),
                             lease_until = NULL, worker = NULL
                         WHERE seq = ?1",
                    )?
                    .execute(params![turn.seq, micros(run_at), last_error, uncounted, in_doubt])?;
                Ok(give_turn(write, &turn)?)
            })
            .await
    }

    /// Gives a job up: it becomes a dead letter, and what waits behind it goes on.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job.
    pub async fn bury(&self, job: &JobId, fence: u64, last_error: &str) -> Result<(), LeaseError> {
        let (job, last_error) = (job.clone(), shortened(last_error));
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let turn = leased(write, &job, fence)?.ok_or(LeaseError::Fenced)?;
                Ok(bury(write, &turn, &last_error)?)
            })
            .await
    }

    /// The jobs given up, oldest first, at most `at_most`.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT id, workspace, ticket, attempts, crashes, last_error, settled_at, key_id, sealed
                 FROM jobs WHERE state = 4 ORDER BY seq LIMIT ?1",
            )?;
            let mut rows = statement.query([limit(at_most)])?;
            let mut letters = Vec::new();
            while let Some(row) = rows.next()? {
                let id: String = row.get(0)?;
                let sealed = sealed_columns(row, "key_id", "sealed")?;
                let payload = open_sealed(read.conn, read.master, &place(&id), sealed)?.into_value();
                letters.push(DeadLetter {
                    effect: payload.and_then(|json| from_json("a job", &json).ok()),
                    id: JobId::new(id),
                    workspace: WorkspaceId::new(row.get::<_, String>(1)?),
                    ticket: row.get::<_, Option<i64>>(2)?.map(|number| TicketId::new(unsigned(number))),
                    attempts: count(row.get(3)?),
                    crashes: count(row.get(4)?),
                    last_error: row.get(5)?,
                    buried_at: timestamp(row.get(6)?)?,
                });
            }
            Ok(letters)
        })
        .await
    }

    /// Makes a dead letter a job again, due now. Of its attempts one is remembered, so that what it may have done is looked for
    /// before it is done again. False when it is no dead letter.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn revive(&self, job: &JobId, now: Timestamp) -> Result<bool, StoreError> {
        let job = job.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let revived = write
                    .conn
                    .prepare_cached(
                        "UPDATE jobs SET state = CASE WHEN serial IS NULL THEN 1 ELSE 0 END, run_at = ?2, order_at = ?2,
                             attempts = min(attempts, 1), crashes = 0, sends = min(sends, 1), settled_at = NULL, told_at = NULL
                         WHERE id = ?1 AND state = 4 RETURNING seq, workspace, serial",
                    )?
                    .query_row(params![job.as_str(), micros(now)], Turn::from_row)
                    .optional()?;
                revived.map(|turn| give_turn(write, &turn)).transpose().map(|turn| turn.is_some())
            })
            .await
    }

    /// When there is something to claim next in a lane: the earliest due moment there, or the end of any lease. `None` when
    /// nothing is queued.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn next_run_at(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |read| {
            let next: Option<i64> = read
                .conn
                .prepare_cached(
                    "SELECT min(at) FROM (SELECT min(run_at) AS at FROM jobs WHERE state = 1 AND lane = ?1
                     UNION ALL SELECT min(lease_until) FROM jobs WHERE state = 2
                     UNION ALL SELECT * FROM (SELECT received_at FROM events INDEXED BY events_pending
                         WHERE ?2 AND id > (SELECT queued_up_to FROM inbox_cursor)
                           AND outcome_name IS NULL AND sealed IS NOT NULL ORDER BY id LIMIT 1))",
                )?
                .query_row(params![lane.as_str(), lane == INTERPRETERS], |row| row.get(0))?;
            next.map(timestamp).transpose()
        })
        .await
    }
}

/// What an attempt that is given back was.
#[derive(Clone, Copy)]
enum Attempt {
    /// It may have done something.
    InDoubt,
    /// It went out and did nothing.
    Failed,
    /// It never went out.
    NotMade,
}

/// Where a job's effect is sealed.
pub(super) fn place(job: &str) -> Place {
    Place::new("jobs", &[job])
}

fn shortened(error: &str) -> String {
    error.chars().take(ERROR_CHARS).collect()
}

/// A job and whose turn may change with it.
pub(super) struct Turn {
    pub seq: i64,
    pub workspace: String,
    pub serial: Option<String>,
}

impl Turn {
    pub fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq: row.get("seq")?, workspace: row.get("workspace")?, serial: row.get("serial")? })
    }
}

/// Queues a job unless its id is known.
pub(super) fn insert_job(write: &mut Write<'_>, workspace: &WorkspaceId, job: &NewJob) -> Result<(), StoreError> {
    let id = job.effect.job_id(workspace, job.ticket);
    let known = write.conn.prepare_cached("SELECT 1 FROM jobs WHERE id = ?1")?.exists([id.as_str()])?;
    if known {
        return Ok(());
    }
    let payload = to_json("a job", &job.effect)?;
    let sealed = write.keys.seal(write.conn, workspace, None, &place(id.as_str()), &payload)?;
    write
        .conn
        .prepare_cached(
            "INSERT INTO jobs (id, workspace, ticket, serial, lane, state, run_at, order_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)",
        )?
        .execute(params![
            id.as_str(),
            workspace.as_str(),
            job.ticket.map(|ticket| signed(ticket.number())),
            job.serial,
            job.effect.lane().as_str(),
            i64::from(job.serial.is_none()),
            micros(job.run_at),
            sealed.key_id,
            sealed.bytes,
        ])?;
    let seq = write.conn.last_insert_rowid();
    give_turn(write, &Turn { seq, workspace: workspace.to_string(), serial: job.serial.clone() })
}

/// Removes a settled job, so that the same id may be queued again.
pub(super) fn forget_job(write: &Write<'_>, job: &JobId) -> Result<(), StoreError> {
    write.conn.prepare_cached("DELETE FROM jobs WHERE id = ?1 AND state IN (3, 4)")?.execute([job.as_str()])?;
    Ok(())
}

/// Marks a leased job as done; `None` when the fence is not the lease's. The row stays, so that its id is never queued again.
pub(super) fn finish_job(write: &mut Write<'_>, job: &JobId, fence: u64) -> Result<Option<()>, StoreError> {
    let Some(turn) = leased(write, job, fence)? else { return Ok(None) };
    write
        .conn
        .prepare_cached(
            "UPDATE jobs SET state = 3, settled_at = ?2, lease_until = NULL, worker = NULL, last_error = NULL,
                 key_id = NULL, sealed = NULL WHERE seq = ?1",
        )?
        .execute([turn.seq, micros(Timestamp::now())])?;
    give_turn(write, &turn).map(Some)
}

fn leased(write: &Write<'_>, job: &JobId, fence: u64) -> Result<Option<Turn>, StoreError> {
    Ok(write
        .conn
        .prepare_cached("SELECT seq, workspace, serial FROM jobs WHERE id = ?1 AND fence = ?2 AND state = 2")?
        .query_row(params![job.as_str(), signed(fence)], Turn::from_row)
        .optional()?)
}

/// Makes a dead letter of a job.
pub(super) fn bury(write: &mut Write<'_>, turn: &Turn, last_error: &str) -> Result<(), StoreError> {
    let now = Timestamp::now();
    write
        .conn
        .prepare_cached(
            "UPDATE jobs SET state = 4, settled_at = ?2, last_error = ?3, lease_until = NULL, worker = NULL,
                 in_doubt = in_doubt OR sent_under IS fence
             WHERE seq = ?1",
        )?
        .execute(params![turn.seq, micros(now), last_error])?;
    give_turn(write, turn)?;
    dead_letters::report(write, turn, now)
}

/// After a job came, went or was given back: lets the first of its serial be the one that may run.
pub(super) fn give_turn(write: &mut Write<'_>, turn: &Turn) -> Result<(), StoreError> {
    write.made_jobs_ready = true;
    let Some(serial) = &turn.serial else { return Ok(()) };
    let of_serial = [turn.workspace.as_str(), serial.as_str()];
    let current: Option<(i64, i64)> = write
        .conn
        .prepare_cached(
            "SELECT seq, state FROM jobs WHERE workspace = ?1 AND serial = ?2 AND serial IS NOT NULL AND state IN (1, 2)",
        )?
        .query_row(of_serial, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if current.is_some_and(|(_, state)| state == 2) {
        return Ok(());
    }
    let first: Option<i64> = write
        .conn
        .prepare_cached(
            "SELECT seq FROM jobs WHERE workspace = ?1 AND serial = ?2 AND serial IS NOT NULL AND state < 2
             ORDER BY order_at, seq LIMIT 1",
        )?
        .query_row(of_serial, |row| row.get(0))
        .optional()?;
    let current = current.map(|(seq, _)| seq);
    if first == current {
        return Ok(());
    }
    for (seq, state) in current.map(|seq| (seq, 0)).into_iter().chain(first.map(|seq| (seq, 1))) {
        write.conn.prepare_cached("UPDATE jobs SET state = ?2 WHERE seq = ?1")?.execute([seq, state])?;
    }
    Ok(())
}
