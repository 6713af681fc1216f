//! Dead letters: jobs that nobody tries any more by itself, and the report that tells people of them. A report is a job too,
//! queued in the transaction that gives a job up, and one report tells of all that come close together.

use std::collections::BTreeMap;

use deskbell_domain::ids::{JobId, TicketId, WorkspaceId};
use deskbell_domain::workflow::effect::Effect;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::error::StoreError;
use super::jobs::{NewJob, Turn, insert_job};
use super::rows::{limit, micros, timestamp, unsigned};
use super::writer::Write;

/// A report waits so long for further letters.
const GATHERING: SignedDuration = SignedDuration::from_secs(2);
/// Between two reports: whatever fails, the ops channel hears of it six times an hour at most.
const BETWEEN: SignedDuration = SignedDuration::from_mins(10);
/// People hear of a dead letter so long before it is forgotten.
const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The tickets named of each kind.
const TICKETS: usize = 3;

/// Dead letters of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// What the jobs would do: `interpret`, `tell` …
    pub kind: String,
    /// Their workers died or hung; else the jobs failed too often.
    pub crashed: bool,
    /// How many.
    pub jobs: usize,
    /// The first tickets they are about.
    pub tickets: Vec<TicketId>,
}

impl Store {
    /// A workspace's jobs given up at or after `since`, by kind.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn dead_letters_since(
        &self,
        workspace: &WorkspaceId,
        since: Timestamp,
    ) -> Result<Vec<DeadLetters>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT id, ticket, crashes FROM jobs WHERE state = 4 AND workspace = ?1 AND settled_at >= ?2 ORDER BY seq",
            )?;
            let mut rows = statement.query(params![workspace.as_str(), micros(since)])?;
            let mut kinds: BTreeMap<(String, bool), DeadLetters> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let (id, ticket): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
                let (kind, crashed) = (JobId::new(id).kind().to_owned(), row.get::<_, i64>(2)? > 0);
                let letters = kinds.entry((kind.clone(), crashed)).or_insert_with(|| DeadLetters {
                    kind,
                    crashed,
                    jobs: 0,
                    tickets: Vec::new(),
                });
                letters.jobs += 1;
                if let Some(ticket) = ticket.filter(|_| letters.tickets.len() < TICKETS) {
                    letters.tickets.push(TicketId::new(unsigned(ticket)));
                }
            }
            Ok(kinds.into_values().collect())
        })
        .await
    }
}

/// Sees to it that somebody hears of a job that was just given up.
pub(super) fn report(write: &mut Write<'_>, buried: &Turn, now: Timestamp) -> Result<(), StoreError> {
    let workspace = WorkspaceId::new(buried.workspace.clone());
    let effect = Effect::ReportDeadLetters { since: now };
    let serial = effect.serial(&workspace, None);
    // A report that can't be made is not worth another one.
    if buried.serial == serial {
        return Ok(());
    }
    let waiting = write
        .conn
        .prepare_cached("SELECT 1 FROM jobs WHERE workspace = ?1 AND serial = ?2 AND serial IS NOT NULL AND state < 2")?
        .exists(params![workspace.as_str(), serial])?;
    if waiting {
        return Ok(());
    }
    let gathered = now + GATHERING;
    let run_at = last_report(write, &workspace)?.map_or(gathered, |last| gathered.max(last + BETWEEN));
    insert_job(write, &workspace, &NewJob { effect, ticket: None, run_at, serial })
}

/// Forgets the dead letters of before a moment, those aside that people were not told of a week ago or whose tickets are open.
/// Whoever reads the ops channel hears of them in that week once more.
pub(super) fn forget(
    write: &mut Write<'_>,
    now: Timestamp,
    given_up_before: Timestamp,
    at_most: usize,
) -> Result<u64, StoreError> {
    let soon = given_up_before.checked_add(NOTICE).unwrap_or(Timestamp::MAX);
    let untold: Vec<(String, i64)> = write
        .conn
        .prepare_cached(
            "SELECT workspace, min(settled_at) FROM jobs WHERE state = 4 AND told_at IS NULL AND settled_at < ?1
             GROUP BY workspace",
        )?
        .query_map([micros(soon)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (workspace, oldest) in untold {
        // A moment before the oldest, so that it is another report than the first one of it.
        let effect = Effect::ReportDeadLetters { since: timestamp(oldest - 1)? };
        let workspace = WorkspaceId::new(workspace);
        let serial = effect.serial(&workspace, None);
        insert_job(write, &workspace, &NewJob { effect, ticket: None, run_at: now, serial })?;
    }
    write
        .conn
        .prepare_cached("UPDATE jobs SET told_at = ?2 WHERE state = 4 AND told_at IS NULL AND settled_at < ?1")?
        .execute([micros(soon), micros(now)])?;
    let told_before = now.checked_sub(NOTICE).unwrap_or(Timestamp::MIN);
    let forgotten = write
        .conn
        .prepare_cached(
            "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs
             WHERE state = 4 AND settled_at < ?1 AND told_at <= ?2 AND NOT EXISTS (SELECT 1 FROM tickets
                 WHERE tickets.workspace = jobs.workspace AND number = jobs.ticket AND is_open = 1) LIMIT ?3)",
        )?
        .execute(params![micros(given_up_before), micros(told_before), limit(at_most)])?;
    Ok(forgotten as u64)
}

/// When the newest report was made, or is being made.
fn last_report(write: &Write<'_>, workspace: &WorkspaceId) -> Result<Option<Timestamp>, StoreError> {
    let first = Effect::ReportDeadLetters { since: Timestamp::UNIX_EPOCH }.job_id(workspace, None);
    let last = Effect::ReportDeadLetters { since: Timestamp::MAX }.job_id(workspace, None);
    let made: Option<i64> = write
        .conn
        .prepare_cached(
            "SELECT coalesce(settled_at, run_at) FROM jobs WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![first.as_str(), last.as_str()], |row| row.get(0))
        .optional()?;
    made.map(timestamp).transpose()
}
