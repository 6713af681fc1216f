//! The inbox: what came in, kept before it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deskbell_domain::ids::{EventKey, PersonId, TicketId, WorkspaceId};
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::jobs::{NewJob, forget_job, insert_job};
use super::keys::{Opened, open_sealed, sealed_columns};
use super::rows::{from_json, limit, micros, timestamp, to_json_text};
use super::seal::Place;
use super::writer::{Durability, Undo, WhenFull, Write};

/// Which door an event came through: tells which parser reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Slack's Events API.
    SlackEvent,
    /// A slash command.
    SlackCommand,
    /// A click, a shortcut, a submitted modal.
    SlackInteraction,
    /// Zendesk's webhook.
    Zendesk,
    /// A helpdesk's webhook with Standard Webhooks signatures.
    GenericHelpdesk,
    /// A tracker's webhook or a poll of it: an issue's status.
    IssueStatus,
}

impl EventKind {
    /// Every door.
    pub const ALL: &'static [Self] = &[
        Self::SlackEvent,
        Self::SlackCommand,
        Self::SlackInteraction,
        Self::Zendesk,
        Self::GenericHelpdesk,
        Self::IssueStatus,
    ];

    /// The name in the store and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SlackEvent => "slack_event",
            Self::SlackCommand => "slack_command",
            Self::SlackInteraction => "slack_interaction",
            Self::Zendesk => "zendesk",
            Self::GenericHelpdesk => "generic_helpdesk",
            Self::IssueStatus => "issue_status",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.iter().find(|kind| kind.as_str() == name);
        known.copied().ok_or_else(|| StoreError::malformed("an event's kind"))
    }
}

/// An event at the door, verified and not yet acknowledged.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// What makes it the same event when it is delivered again.
    pub key: EventKey,
    /// The door.
    pub kind: EventKind,
    /// Who caused it: their key seals `raw`; `None`: the workspace's own key.
    pub subject: Option<PersonId>,
    /// The body as it came; `None` keeps the key alone (a channel that nobody watches) and queues nothing.
    pub raw: Option<Vec<u8>>,
    /// When it came.
    pub received_at: Timestamp,
    /// Events of one serial are interpreted one after the other, in the order of `received_at`.
    pub serial: Option<String>,
    /// When the key may be forgotten (Slack redelivers for up to 24 hours); `None` keeps it.
    pub expires_at: Option<Timestamp>,
}

/// What recording found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is on disk now and will be interpreted.
    New,
    /// It was there already: acknowledge it, there is nothing to do.
    Duplicate,
}

/// What recording came to for a sender who waits only so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedInTime {
    /// It is on disk.
    Recorded(Recorded),
    /// It is not, and never will be.
    Withdrawn,
    /// The store was at it when the time was over.
    Unknown,
}

/// What became of an event: every accepted one is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum EventOutcome {
    /// It became a ticket.
    MadeTicket {
        /// Which.
        ticket: TicketId,
    },
    /// It was joined to a ticket, or changed its words.
    Joined {
        /// Which.
        ticket: TicketId,
    },
    /// A click, a command or a modal that was carried out or refused.
    Handled {
        /// The ticket it was about, if any.
        ticket: Option<TicketId>,
    },
    /// It is none of Deskbell's business.
    Ignored {
        /// Why; no customers' words.
        reason: String,
    },
    /// The parser could not read it; [`Store::replay_unparsed`] tries again once the parser is mended.
    Unparsed {
        /// Why; no customers' words.
        reason: String,
    },
}

impl EventOutcome {
    /// The name in the store's index and in metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::MadeTicket { .. } => "made_ticket",
            Self::Joined { .. } => "joined",
            Self::Handled { .. } => "handled",
            Self::Ignored { .. } => "ignored",
            Self::Unparsed { .. } => "unparsed",
        }
    }
}

/// A recorded event.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The door.
    pub kind: EventKind,
    /// Who caused it.
    pub subject: Option<PersonId>,
    /// The body as it came; `None` when only the key was kept, or when it was erased.
    pub raw: Option<Vec<u8>>,
    /// The subject's key was destroyed: the body is gone.
    pub erased: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// Its place among others, see [`NewEvent::serial`].
    pub serial: Option<String>,
    /// What became of it; `None` while it waits.
    pub outcome: Option<EventOutcome>,
}

impl Store {
    /// Records an event, whose interpretation is then due; returns once it is on disk. Refuses at once when the queue is full.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`]: answer 503, Slack delivers events again. Else the store failed.
    pub async fn record_event(&self, event: NewEvent) -> Result<Recorded, StoreError> {
        let writer = self.writer()?;
        writer
            .run_undoing(Undo::Nothing, Durability::Synced, WhenFull::Refuse, move |write| record(write, &event))
            .await
    }

    /// The same, waiting for room: for clicks and commands, which nobody delivers again. Their sender is told after `within`.
    /// What the store has not begun by then is taken back and surely never recorded; for the end of what it has begun `more`
    /// is waited.
    ///
    /// # Errors
    /// When the store failed: then it was not recorded.
    pub async fn record_event_within(
        &self,
        event: NewEvent,
        within: Duration,
        more: Duration,
    ) -> Result<RecordedInTime, StoreError> {
        let is_begun = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&is_begun);
        let recording = self.writer()?.run_undoing(Undo::Nothing, Durability::Synced, WhenFull::Wait, move |write| {
            if taken.swap(true, Ordering::SeqCst) { Ok(None) } else { record(write, &event).map(Some) }
        });
        let mut recording = std::pin::pin!(recording);
        let recorded = match tokio::time::timeout(within, &mut recording).await {
            Ok(recorded) => recorded,
            // Whoever is first has it: the writer, or we who take it back.
            Err(_) if !is_begun.swap(true, Ordering::SeqCst) => return Ok(RecordedInTime::Withdrawn),
            Err(_) => match tokio::time::timeout(more, recording).await {
                Ok(recorded) => recorded,
                Err(_) => return Ok(RecordedInTime::Unknown),
            },
        };
        Ok(recorded?.map_or(RecordedInTime::Withdrawn, RecordedInTime::Recorded))
    }

    /// A recorded event with its body; `None` when there is none.
    ///
    /// # Errors
    /// When the store failed or its body does not open.
    pub async fn event(&self, workspace: &WorkspaceId, key: &EventKey) -> Result<Option<StoredEvent>, StoreError> {
        let (workspace, key) = (workspace.clone(), key.clone());
        self.read(move |read| {
            let found = read
                .conn
                .prepare_cached(
                    "SELECT kind, subject, received_at, serial, outcome, key_id, sealed FROM events
                     WHERE workspace = ?1 AND key = ?2",
                )?
                .query_row([workspace.as_str(), key.as_str()], |row| {
                    let sealed = sealed_columns(row, "key_id", "sealed")?;
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, sealed))
                })
                .optional()?;
            let Some((kind, subject, received_at, serial, outcome, sealed)) = found else { return Ok(None) };
            let subject: Option<String> = subject;
            let outcome: Option<String> = outcome;
            let body = open_sealed(read.conn, read.master, &place(workspace.as_str(), key.as_str()), sealed)?;
            Ok(Some(StoredEvent {
                kind: EventKind::parse(&kind)?,
                subject: subject.map(PersonId::new),
                erased: body == Opened::Erased,
                raw: body.into_value(),
                received_at: timestamp(received_at)?,
                serial,
                outcome: outcome.map(|json| from_json("an event's outcome", json.as_bytes())).transpose()?,
            }))
        })
        .await
    }

    /// Whether an event with a body whose serial begins like this still waits for its outcome.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn has_unsettled_events(&self, workspace: &WorkspaceId, serials: &str) -> Result<bool, StoreError> {
        let sought = [workspace.to_string(), serials.to_owned()];
        self.read(move |read| {
            Ok(read
                .conn
                .prepare_cached(
                    "SELECT 1 FROM events INDEXED BY events_pending WHERE outcome_name IS NULL AND sealed IS NOT NULL
                     AND workspace = ?1 AND substr(serial, 1, length(?2)) = ?2",
                )?
                .exists(sought)?)
        })
        .await
    }

    /// Queues the interpretation of up to `at_most` events that no parser could read; tells how many. Call again until it is 0
    /// only after they were interpreted: an event that stays unreadable comes back.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn replay_unparsed(&self, now: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| replay(write, now, at_most)).await
    }
}

fn place(workspace: &str, key: &str) -> Place {
    Place::new("events", &[workspace, key])
}

pub(super) fn record(write: &mut Write<'_>, event: &NewEvent) -> Result<Recorded, StoreError> {
    let (workspace, key) = (event.workspace.as_str(), event.key.as_str());
    let sealed = match &event.raw {
        Some(raw) if !is_recorded(write, workspace, key)? => {
            let subject = event.subject.as_ref();
            Some(write.keys.seal(write.conn, &event.workspace, subject, &place(workspace, key), raw)?)
        }
        _ => None,
    };
    let added = write
        .conn
        .prepare_cached(
            "INSERT INTO events (workspace, key, kind, subject, serial, received_at, expires_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            workspace,
            key,
            event.kind.as_str(),
            event.subject.as_ref().map(PersonId::as_str),
            event.serial,
            micros(event.received_at),
            event.expires_at.map(micros),
            sealed.as_ref().map(|sealed| sealed.key_id),
            sealed.as_ref().map(|sealed| &sealed.bytes),
        ])?;
    if added == 0 {
        return Ok(Recorded::Duplicate);
    }
    write.made_jobs_ready |= event.raw.is_some();
    Ok(Recorded::New)
}

/// Queues the interpretation of events recorded since the last call, at most `at_most`, in the order they were recorded. None
/// waits for a clock that was ahead when it came.
pub(super) fn queue_interpretations(write: &mut Write<'_>, now: Timestamp, at_most: usize) -> Result<(), StoreError> {
    let unqueued = write
        .conn
        .prepare_cached(
            "SELECT id, workspace, key, serial, received_at FROM events INDEXED BY events_pending
             WHERE id > (SELECT queued_up_to FROM inbox_cursor) AND outcome_name IS NULL AND sealed IS NOT NULL
             ORDER BY id LIMIT ?1",
        )?
        .query_map([limit(at_most)], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<rusqlite::Result<Vec<(i64, String, String, Option<String>, i64)>>>()?;
    let Some((newest, ..)) = unqueued.last() else { return Ok(()) };
    write.conn.prepare_cached("UPDATE inbox_cursor SET queued_up_to = ?1")?.execute([newest])?;
    for (_, workspace, key, serial, received_at) in unqueued {
        let job = interpretation(&EventKey::new(key), timestamp(received_at)?.min(now), serial);
        insert_job(write, &WorkspaceId::new(workspace), &job)?;
    }
    Ok(())
}

/// Spares a duplicate the sealing: redeliveries come when there is least time.
fn is_recorded(write: &Write<'_>, workspace: &str, key: &str) -> Result<bool, StoreError> {
    Ok(write.conn.prepare_cached("SELECT 1 FROM events WHERE workspace = ?1 AND key = ?2")?.exists([workspace, key])?)
}

fn interpretation(event: &EventKey, run_at: Timestamp, serial: Option<String>) -> NewJob {
    NewJob { effect: Effect::Interpret { event: event.clone() }, ticket: None, run_at, serial }
}

/// Notes what became of an event, within a commit.
pub(super) fn settle_event(
    write: &Write<'_>,
    workspace: &WorkspaceId,
    key: &EventKey,
    outcome: &EventOutcome,
) -> Result<(), StoreError> {
    let json = to_json_text("an event's outcome", outcome)?;
    write
        .conn
        .prepare_cached("UPDATE events SET outcome = ?3, outcome_name = ?4 WHERE workspace = ?1 AND key = ?2")?
        .execute([workspace.as_str(), key.as_str(), &json, outcome.as_str()])?;
    Ok(())
}

fn replay(write: &mut Write<'_>, now: Timestamp, at_most: usize) -> Result<usize, StoreError> {
    let events: Vec<(i64, String, String, Option<String>)> = write
        .conn
        .prepare_cached(
            "SELECT id, workspace, key, serial FROM events WHERE outcome_name = 'unparsed' AND sealed IS NOT NULL
             ORDER BY id LIMIT ?1",
        )?
        .query_map([limit(at_most)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, workspace, key, serial) in &events {
        let workspace = WorkspaceId::new(workspace);
        let job = interpretation(&EventKey::new(key), now, serial.clone());
        forget_job(write, &job.effect.job_id(&workspace, None))?;
        insert_job(write, &workspace, &job)?;
        write
            .conn
            .prepare_cached("UPDATE events SET outcome = NULL, outcome_name = NULL WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(events.len())
}
