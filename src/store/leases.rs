//! Leases: who works on a job, until when, and what of it has gone out. A fence tells a late worker that it is late.

use deskbell_domain::ids::{JobId, TicketId, WorkspaceId};
use deskbell_domain::workflow::effect::{Effect, Lane};
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::Store;
use super::error::{LeaseError, StoreError};
use super::events::queue_interpretations;
use super::jobs::{INTERPRETERS, Turn, bury, give_turn, place};
use super::keys::{Sealed, sealed_columns};
use super::rows::{count, from_json, limit, micros, signed, timestamp, unsigned};
use super::writer::{Durability, WhenFull, Write};

/// So many recorded events become jobs in one command: bounds how long it holds up the writer.
const QUEUED_AT_ONCE: usize = 256;

/// A job in a worker's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// What to do.
    pub effect: Effect,
    /// How often it was claimed, this time included; attempts that were put off are not counted.
    pub attempts: u32,
    /// How often a lease ran out: the worker died or hung.
    pub crashes: u32,
    /// How many calls went out for it before this time; see [`Store::about_to_send`].
    pub sends: u32,
    /// An earlier call may have done something: look for what it did before making it again.
    pub in_doubt: bool,
    /// Proves the lease; see [`Store::commit`].
    pub fence: u64,
    /// How long it is leased, and again each time the lease is prolonged.
    pub lease: SignedDuration,
    /// When it came due.
    pub run_at: Timestamp,
    /// When it came due first.
    pub first_run_at: Timestamp,
}

impl Store {
    /// Hands out at most `limit` due jobs of a lane, the longest due first, and leases them to `worker` until `now + lease`.
    /// Jobs whose lease ran out are due again, with a crash counted.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn claim(
        &self,
        now: Timestamp,
        worker: &str,
        lane: Lane,
        lease: SignedDuration,
        limit: usize,
    ) -> Result<Vec<ClaimedJob>, StoreError> {
        let worker = worker.to_owned();
        self.writer()?
            .run(Durability::Relaxed, WhenFull::Wait, move |write| {
                let now_micros = micros(now);
                take_back_expired(write, now_micros, limit)?;
                if lane == INTERPRETERS {
                    queue_interpretations(write, now, limit.max(QUEUED_AT_ONCE))?;
                }
                claim(write, lane, now_micros, (&worker, lease), limit)
            })
            .await
    }

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job.
    pub async fn renew(&self, job: &JobId, fence: u64, until: Timestamp) -> Result<(), LeaseError> {
        let job = job.clone();
        self.writer()?
            .run(Durability::Relaxed, WhenFull::Wait, move |write| {
                let renewed = write
                    .conn
                    .prepare_cached("UPDATE jobs SET lease_until = ?3 WHERE id = ?1 AND fence = ?2 AND state = 2")?
                    .execute(params![job.as_str(), signed(fence), micros(until)])?;
                if renewed == 1 { Ok(()) } else { Err(LeaseError::Fenced) }
            })
            .await
    }

    /// Says, before it leaves, that a call goes out for a job, and prolongs the lease. Whoever takes the job up after a crash sees
    /// it in [`ClaimedJob::in_doubt`]. On disk when it returns: until then nothing may be sent.
    ///
    /// # Errors
    /// [`LeaseError::Fenced`] when another worker has the job: then nothing may be sent at all.
    pub async fn about_to_send(&self, job: &JobId, fence: u64, until: Timestamp) -> Result<(), LeaseError> {
        let job = job.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let marked = write
                    .conn
                    .prepare_cached(
                        "UPDATE jobs SET sends = sends + 1, sent_under = fence, lease_until = ?3
                         WHERE id = ?1 AND fence = ?2 AND state = 2",
                    )?
                    .execute(params![job.as_str(), signed(fence), micros(until)])?;
                if marked == 1 { Ok(()) } else { Err(LeaseError::Fenced) }
            })
            .await
    }
}

/// Jobs whose worker died or hung become due again.
fn take_back_expired(write: &mut Write<'_>, now: i64, at_most: usize) -> Result<(), StoreError> {
    let expired = write
        .conn
        .prepare_cached(
            "SELECT seq, workspace, serial FROM jobs WHERE state = 2 AND lease_until <= ?1 ORDER BY lease_until LIMIT ?2",
        )?
        .query_map([now, limit(at_most)], Turn::from_row)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for turn in &expired {
        write
            .conn
            .prepare_cached(
                "UPDATE jobs SET state = 1, crashes = crashes + 1, in_doubt = in_doubt OR sent_under IS fence,
                     fence = fence + 1, lease_until = NULL, worker = NULL
                 WHERE seq = ?1",
            )?
            .execute([turn.seq])?;
        give_turn(write, turn)?;
    }
    Ok(())
}

struct Due {
    turn: Turn,
    id: String,
    ticket: Option<i64>,
    attempts: i64,
    crashes: i64,
    sends: i64,
    in_doubt: bool,
    fence: i64,
    run_at: i64,
    order_at: i64,
    sealed: Option<Sealed>,
}

fn claim(
    write: &mut Write<'_>,
    lane: Lane,
    now: i64,
    (worker, lease): (&str, SignedDuration),
    at_most: usize,
) -> Result<Vec<ClaimedJob>, StoreError> {
    let until = now.saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
    let due = write
        .conn
        .prepare_cached(
            "SELECT seq, id, workspace, serial, ticket, attempts, crashes, sends, in_doubt, fence, run_at, order_at, key_id, sealed
             FROM jobs WHERE state = 1 AND lane = ?1 AND run_at <= ?2 ORDER BY run_at, seq LIMIT ?3",
        )?
        .query_map(params![lane.as_str(), now, limit(at_most)], |row| {
            Ok(Due {
                turn: Turn::from_row(row)?,
                id: row.get("id")?,
                ticket: row.get("ticket")?,
                attempts: row.get("attempts")?,
                crashes: row.get("crashes")?,
                sends: row.get("sends")?,
                in_doubt: row.get("in_doubt")?,
                fence: row.get("fence")?,
                run_at: row.get("run_at")?,
                order_at: row.get("order_at")?,
                sealed: sealed_columns(row, "key_id", "sealed")?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut claimed = Vec::with_capacity(due.len());
    for job in due {
        let Some(effect) = readable_effect(write, &job)? else {
            tracing::error!(job = job.id, "the job can't be read and was put to the dead letters");
            bury(write, &job.turn, "its effect can't be read by this version")?;
            continue;
        };
        write
            .conn
            .prepare_cached(
                "UPDATE jobs SET state = 2, lease_until = ?2, worker = ?3, fence = fence + 1, attempts = attempts + 1
                 WHERE seq = ?1",
            )?
            .execute(params![job.turn.seq, until, worker])?;
        claimed.push(ClaimedJob {
            id: JobId::new(job.id),
            workspace: WorkspaceId::new(job.turn.workspace),
            ticket: job.ticket.map(|number| TicketId::new(unsigned(number))),
            effect,
            attempts: count(job.attempts + 1),
            crashes: count(job.crashes),
            sends: count(job.sends),
            in_doubt: job.in_doubt,
            fence: unsigned(job.fence + 1),
            lease,
            run_at: timestamp(job.run_at)?,
            first_run_at: timestamp(job.order_at)?,
        });
    }
    Ok(claimed)
}

/// `None` for an effect that no worker can do anything with: it must not wedge the claim.
fn readable_effect(write: &mut Write<'_>, job: &Due) -> Result<Option<Effect>, StoreError> {
    let Some(sealed) = &job.sealed else { return Ok(None) };
    match write.keys.open(write.conn, &place(&job.id), sealed) {
        Ok(payload) => Ok(payload.and_then(|json| from_json("a job", &json).ok())),
        Err(StoreError::BrokenSeal { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
