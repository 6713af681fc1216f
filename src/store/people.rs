//! Erasing a person: their key is destroyed, and all that was sealed under it is noise from then on, in backups of the file too.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::params;

use super::Store;
use super::audit::append;
use super::commit::{TicketWrite, ticket_updated};
use super::decisions::{decisions_hash, forget_inputs};
use super::error::{CommitError, StoreError};
use super::jobs::{NewJob, insert_job};
use super::labels::forget_words;
use super::questions::forget_questions;
use super::rows::{limit, micros, signed, unsigned};
use super::tickets::{COLUMNS, RowContent, TicketRow, VersionedTicket, write_ticket};
use super::writer::{Durability, WhenFull, Write};

/// What erasing a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Keys destroyed; 0 when nothing was ever sealed for the person.
    pub keys: u64,
    /// Tickets whose words are gone.
    pub tickets: u64,
    /// The key is gone from the database's log too; false while somebody else reads the database.
    pub log_emptied: bool,
    /// Others' tickets that the person's words were taken out of.
    pub others: u64,
}

/// So many tickets are read at once when words are sought in all of them.
const PAGE: usize = 500;

impl Store {
    /// Destroys the person's key, takes their words out of others' tickets and writes that to the audit trail. Reads every
    /// ticket: the writer does nothing else meanwhile. The tickets' versions move, so that no worker that read the
    /// words before writes them back. What the person says later is sealed under a new key.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn erase_person(
        &self,
        workspace: &WorkspaceId,
        person: &PersonId,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Erased, StoreError> {
        let (workspace, person, by) = (workspace.clone(), person.clone(), by.clone());
        let writer = self.writer()?;
        let mut erased = writer
            .run(Durability::Synced, WhenFull::Wait, move |write| erase(write, &workspace, &person, by, now))
            .await?;
        // The old page with the wrapped key may still stand in the log: fold it in and empty the log.
        erased.log_emptied = writer.fold_log().await?;
        Ok(erased)
    }
}

fn erase(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
    by: Actor,
    now: Timestamp,
) -> Result<Erased, StoreError> {
    write.keys.forget();
    let whose = [workspace.as_str(), person.as_str()];
    let keys = write.conn.execute(
        "UPDATE data_keys SET wrapped = NULL, destroyed_at = ?3
         WHERE workspace = ?1 AND person = ?2 AND person <> '' AND destroyed_at IS NULL",
        params![workspace.as_str(), person.as_str(), micros(now)],
    )?;
    let mut tickets = erase_words(write.conn, whose)?;
    forget_words(write, workspace, person)?;
    let others = take_out_of_others(write, workspace, person)?;
    let (own, of_others) = (tickets.len() as u64, others.len() as u64);
    let erased = Erased { keys: keys as u64, tickets: own, others: of_others, log_emptied: false };
    tickets.extend(others);
    append(
        write,
        &AuditEntry {
            workspace: workspace.clone(),
            ticket: None,
            at: now,
            actor: by,
            kind: AuditKind::Access,
            subject: None,
            detail: serde_json::json!({
                "erased": person.as_str(),
                "keys": erased.keys,
                "tickets": erased.tickets,
                "others": erased.others,
            }),
        },
        None,
    )?;
    for (ticket, state) in tickets {
        append(write, &ticket_updated(workspace, ticket), Some(state))?;
        follow_lesson(write, workspace, ticket, now)?;
    }
    Ok(erased)
}

/// What a ticket taught is taken back from the knowledge server, or handed over without the words that went.
fn follow_lesson(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    ticket: TicketId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let teaches: bool = write
        .conn
        .prepare_cached(
            "SELECT json_extract(document, '$.lesson') IS NOT NULL FROM tickets WHERE workspace = ?1 AND number = ?2",
        )?
        .query_row(params![workspace.as_str(), signed(ticket.number())], |row| row.get(0))?;
    if !teaches {
        return Ok(());
    }
    let effect = Effect::Teach { cause: format!("erased/{}", now.as_microsecond()) };
    let serial = effect.serial(workspace, Some(ticket));
    insert_job(write, workspace, &NewJob { effect, ticket: Some(ticket), run_at: now, serial })
}

/// The tickets whose words went, with the hashes of their rows as they are now.
fn erase_words(conn: &rusqlite::Connection, whose: [&str; 2]) -> rusqlite::Result<Vec<(TicketId, [u8; 32])>> {
    conn.prepare(&format!(
        "UPDATE tickets SET sealed = NULL, key_id = NULL, version = version + 1
         WHERE workspace = ?1 AND requester = ?2 AND sealed IS NOT NULL RETURNING {}",
        RowContent::COLUMNS
    ))?
    .query_map(whose, |row| {
        let content = RowContent::from_row(row)?;
        let (workspace, number) = content.key();
        Ok((TicketId::new(unsigned(number)), content.hash(&decisions_hash(conn, workspace, number)?)))
    })?
    .collect()
}

/// What the person said in others' tickets is sealed under those others' keys, and who said it stands among the sealed words:
/// so all are read. Returns what [`erase_words`] does.
fn take_out_of_others(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<Vec<(TicketId, [u8; 32])>, StoreError> {
    let (mut changed, mut after) = (Vec::new(), 0);
    loop {
        let page: Vec<TicketRow> = write
            .conn
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tickets WHERE workspace = ?1 AND requester <> ?2 AND number > ?3
                 AND sealed IS NOT NULL ORDER BY number LIMIT ?4"
            ))?
            .query_map(params![workspace.as_str(), person.as_str(), after, limit(PAGE)], TicketRow::from_row)?
            .collect::<rusqlite::Result<_>>()?;
        let Some(last) = page.last() else { return Ok(changed) };
        after = last.number;
        for row in page {
            let VersionedTicket { mut ticket, version } = row.open_to_write(write)?;
            if !ticket.forget_words_of(person) {
                continue;
            }
            let id = ticket.id;
            forget_inputs(write, workspace, id)?;
            forget_questions(write, workspace, id)?;
            let state =
                write_ticket(write, &mut TicketWrite::new(ticket, version), None).map_err(|error| match error {
                    CommitError::Store(error) => error,
                    CommitError::Fenced | CommitError::Conflict(_) => StoreError::malformed("a ticket's version"),
                })?;
            changed.push((id, state));
        }
    }
}
