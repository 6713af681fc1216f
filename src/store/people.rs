//! Erasing a person: their key is destroyed, and all that was sealed under it is noise from then on, in backups of the file too.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, WorkspaceId};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use rusqlite::params;

use super::Store;
use super::audit::append;
use super::error::StoreError;
use super::rows::{micros, unsigned};
use super::writer::{Durability, WhenFull, Write};

/// What erasing a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Keys destroyed; 0 when nothing was ever sealed for the person.
    pub keys: u64,
    /// Tickets whose words are gone.
    pub tickets: u64,
}

impl Store {
    /// Destroys the person's key and writes that to the audit trail. Their tickets' versions move, so that no worker that read the
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
        let erased = writer
            .run(Durability::Synced, WhenFull::Wait, move |write| erase(write, &workspace, &person, by, now))
            .await?;
        // The old page with the wrapped key may still stand in the log: fold it in and empty the log.
        writer.fold_log().await?;
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
    let tickets = write.conn.execute(
        "UPDATE tickets SET sealed = NULL, key_id = NULL, version = version + 1
         WHERE workspace = ?1 AND requester = ?2 AND sealed IS NOT NULL",
        whose,
    )?;
    let erased = Erased { keys: keys as u64, tickets: tickets as u64 };
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
                "tickets": unsigned(i64::try_from(tickets).unwrap_or(i64::MAX)),
            }),
        },
    )?;
    Ok(erased)
}
