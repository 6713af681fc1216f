//! The one place where work done becomes state: the ticket, its audit entries, its follow-up jobs and the finished job stand or
//! fall together.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ChannelId, EventKey, JobId, MessageTs, TicketId, WorkspaceId};
use deskbell_domain::label::Labelling;
use deskbell_domain::ticket::{Actor, Ticket};
use deskbell_domain::workflow::DecisionRecord;
use jiff::Timestamp;

use super::Store;
use super::audit::append;
use super::error::{CommitError, StoreError};
use super::events::{EventOutcome, settle_event};
use super::jobs::{NewJob, finish_job, insert_job};
use super::labels::write_label;
use super::rows::unsigned;
use super::tickets::{HelpdeskKey, check_load, write_ticket};
use super::writer::{Durability, WhenFull, Write};

/// What one step changes. Parts that are empty change nothing.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// The job this was done for, with the fence it was claimed with.
    pub finished: Option<(JobId, u64)>,
    /// What became of an intake event.
    pub event_outcome: Option<(EventKey, EventOutcome)>,
    /// The ticket as it is now.
    pub ticket: Option<TicketWrite>,
    /// A decision made on the way, about `ticket`.
    pub decision: Option<DecisionRecord>,
    /// What is learned from it.
    pub labelling: Option<Labelling>,
    /// What goes on the audit trail.
    pub audit: Vec<AuditEntry>,
    /// What must be done next.
    pub jobs: Vec<NewJob>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            finished: None,
            event_outcome: None,
            ticket: None,
            decision: None,
            labelling: None,
            audit: Vec::new(),
            jobs: Vec::new(),
        }
    }
}

/// A ticket as it shall be.
#[derive(Debug, Clone)]
pub struct TicketWrite {
    /// The ticket.
    pub ticket: Ticket,
    /// The version it was loaded with; 0 for a new one.
    pub expected_version: u64,
    /// Slack messages that are its own from now on. A message has one ticket.
    pub sources: Vec<(ChannelId, MessageTs)>,
    /// The helpdesk's ticket that is its own from now on.
    pub helpdesk: Option<HelpdeskKey>,
}

impl TicketWrite {
    /// The ticket without new sources.
    pub fn new(ticket: Ticket, expected_version: u64) -> Self {
        Self { ticket, expected_version, sources: Vec::new(), helpdesk: None }
    }
}

impl Store {
    /// Keeps all of it or nothing; returns once it is on disk.
    ///
    /// # Errors
    /// [`CommitError::Fenced`] when the job is another worker's by now, [`CommitError::Conflict`] when a ticket moved, when a
    /// decision was made with a load that is another by now, or when a source has another ticket, else the store failed.
    pub async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        // Kilobytes, which every future on the way would hold.
        let commit = Box::new(commit);
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| apply(write, *commit)).await
    }

    /// A number for a new ticket. Numbers are never given twice; one whose ticket is never committed leaves a gap.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn new_ticket_id(&self, workspace: &WorkspaceId) -> Result<TicketId, StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Relaxed, WhenFull::Wait, move |write| {
                let number: i64 = write
                    .conn
                    .prepare_cached(
                        "INSERT INTO ticket_numbers (workspace, last) VALUES (?1, 1)
                         ON CONFLICT (workspace) DO UPDATE SET last = last + 1 RETURNING last",
                    )?
                    .query_row([workspace.as_str()], |row| row.get(0))?;
                Ok(TicketId::new(unsigned(number)))
            })
            .await
    }
}

fn apply(write: &mut Write<'_>, mut commit: Commit) -> Result<(), CommitError> {
    if let Some((job, fence)) = &commit.finished {
        finish_job(write, job, *fence)?.ok_or(CommitError::Fenced)?;
    }
    if let Some((event, outcome)) = &commit.event_outcome {
        settle_event(write, &commit.workspace, event, outcome)?;
    }
    if let (Some(ticket), Some(decision)) = (&commit.ticket, &commit.decision) {
        check_load(write, &ticket.ticket, &decision.inputs.load)?;
    }
    let state = match &mut commit.ticket {
        Some(ticket) => Some((ticket.ticket.id, write_ticket(write, ticket, commit.decision.as_ref())?)),
        None if commit.decision.is_some() => return Err(StoreError::malformed("a decision without its ticket").into()),
        None => None,
    };
    if let Some(labelling) = &commit.labelling {
        write_label(write, &commit.workspace, labelling)?;
    }
    append_all(write, commit.audit, &commit.workspace, state)?;
    for job in &commit.jobs {
        insert_job(write, &commit.workspace, job)?;
    }
    Ok(())
}

/// The last entry about the ticket carries the hash of its row. A change that no entry tells of gets one.
fn append_all(
    write: &mut Write<'_>,
    mut entries: Vec<AuditEntry>,
    workspace: &WorkspaceId,
    state: Option<(TicketId, [u8; 32])>,
) -> Result<(), StoreError> {
    let mut carrier = None;
    if let Some((ticket, _)) = state {
        let about = |entry: &AuditEntry| entry.ticket == Some(ticket) && entry.workspace == *workspace;
        if !entries.iter().any(about) {
            entries.push(ticket_updated(workspace, ticket));
        }
        carrier = entries.iter().rposition(about);
    }
    for (index, entry) in entries.iter().enumerate() {
        let state = state.filter(|_| carrier == Some(index)).map(|(_, state)| state);
        append(write, entry, state)?;
    }
    Ok(())
}

/// The entry of a change that the domain tells nothing of.
pub(super) fn ticket_updated(workspace: &WorkspaceId, ticket: TicketId) -> AuditEntry {
    AuditEntry {
        workspace: workspace.clone(),
        ticket: Some(ticket),
        at: Timestamp::now(),
        actor: Actor::Deskbell,
        kind: AuditKind::TicketUpdated,
        subject: None,
        detail: serde_json::json!({}),
    }
}
