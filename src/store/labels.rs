//! What people answered to confirmations: written with the ticket's own change, counted once a ticket, its words gone with the
//! requester's key.

use deskbell_domain::ids::{PersonId, TicketId, WorkspaceId};
use deskbell_domain::label::{Label, Labelling};
use rusqlite::{OptionalExtension, Row, params};

use super::Store;
use super::error::StoreError;
use super::keys::{Opened, open_sealed, sealed_columns};
use super::readers::Read;
use super::rows::{from_json, limit, signed, to_json_text, unsigned};
use super::seal::Place;
use super::trail_seal::ValueSeal;
use super::writer::Write;

/// A label in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLabel {
    /// Its place in the order of all answers.
    pub id: u64,
    /// The answer.
    pub label: Label,
    /// What was asked; `None` where it was erased, or not read.
    pub words: Option<String>,
}

/// Which labels to read, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelsWanted {
    /// As they stood when this answer was the last; `None`: now.
    pub up_to: Option<u64>,
    /// At most so many.
    pub at_most: usize,
    /// With what was asked.
    pub with_words: bool,
}

impl Store {
    /// The labels in force: the last answer of each ticket, unless it was taken back. Those that somebody else altered in the file are left
    /// out, and told in the log.
    ///
    /// # Errors
    /// When the store failed or words do not open.
    pub async fn labels(&self, workspace: &WorkspaceId, wanted: LabelsWanted) -> Result<Vec<StoredLabel>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT id, ticket, facts, code, key_id, sealed FROM labels
                 WHERE id IN (SELECT max(id) FROM labels WHERE workspace = ?1 AND id <= ?2 GROUP BY ticket)
                 ORDER BY id DESC LIMIT ?3",
            )?;
            let up_to = wanted.up_to.map_or(i64::MAX, signed);
            let mut rows = statement.query(params![workspace.as_str(), up_to, limit(wanted.at_most)])?;
            let (mut found, mut altered) = (Vec::new(), 0_u64);
            while let Some(row) = rows.next()? {
                match read_row(read, &workspace, row, wanted.with_words)? {
                    Reading::Label(label) => found.push(*label),
                    Reading::Withdrawn => {}
                    Reading::Altered => altered += 1,
                }
            }
            if altered > 0 {
                tracing::error!(altered, "labels were not written by this Deskbell and are left out");
            }
            Ok(found)
        })
        .await
    }

    /// The last answer's place in the order of all; 0 before the first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn last_label(&self, workspace: &WorkspaceId) -> Result<u64, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let last: i64 = read
                .conn
                .prepare_cached("SELECT id FROM labels WHERE workspace = ?1 ORDER BY id DESC LIMIT 1")?
                .query_row([workspace.as_str()], |row| row.get(0))
                .optional()?
                .unwrap_or(0);
            Ok(unsigned(last))
        })
        .await
    }
}

enum Reading {
    Label(Box<StoredLabel>),
    Withdrawn,
    Altered,
}

fn read_row(read: &Read<'_>, workspace: &WorkspaceId, row: &Row<'_>, with_words: bool) -> Result<Reading, StoreError> {
    let (id, ticket): (i64, i64) = (row.get(0)?, row.get(1)?);
    let (facts, code): (String, Vec<u8>) = (row.get(2)?, row.get(3)?);
    let name = name(workspace, unsigned(ticket));
    if !ValueSeal::new(read.master).fits(&name, facts.as_bytes(), &code) {
        return Ok(Reading::Altered);
    }
    let Some(label) = from_json::<Option<Label>>(&name, facts.as_bytes())? else { return Ok(Reading::Withdrawn) };
    let words = if with_words {
        let sealed = sealed_columns(row, "key_id", "sealed")?;
        match open_sealed(read.conn, read.master, &place(&name), sealed)? {
            Opened::Value(words) => String::from_utf8(words).ok(),
            Opened::Nothing | Opened::Erased => None,
        }
    } else {
        None
    };
    Ok(Reading::Label(Box::new(StoredLabel { id: unsigned(id), label, words })))
}

fn name(workspace: &WorkspaceId, ticket: u64) -> String {
    format!("label {workspace}/{ticket}")
}

fn place(name: &str) -> Place {
    Place::new("labels", &[name])
}

/// Writes a label within a commit.
pub(super) fn write_label(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    labelling: &Labelling,
) -> Result<(), StoreError> {
    let (ticket, requester, label, words): (TicketId, &PersonId, Option<&Label>, Option<&str>) = match labelling {
        Labelling::Given { label, requester, words } => (label.ticket, requester, Some(label), Some(words)),
        Labelling::Withdrawn { ticket, requester } => (*ticket, requester, None, None),
    };
    let name = name(workspace, ticket.number());
    let facts = to_json_text("a label", &label)?;
    let code = write.keys.value_seal().code(&name, facts.as_bytes());
    let sealed = match words {
        Some(words) => {
            Some(write.keys.seal(write.conn, workspace, Some(requester), &place(&name), words.as_bytes())?)
        }
        None => None,
    };
    write
        .conn
        .prepare_cached(
            "INSERT INTO labels (workspace, ticket, requester, facts, code, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            workspace.as_str(),
            signed(ticket.number()),
            requester.as_str(),
            facts,
            code,
            sealed.as_ref().map(|sealed| sealed.key_id),
            sealed.as_ref().map(|sealed| sealed.bytes.as_slice()),
        ])?;
    Ok(())
}

/// Takes out what a person asked; what was answered to it goes on counting.
pub(super) fn forget_words(write: &Write<'_>, workspace: &WorkspaceId, person: &PersonId) -> Result<(), StoreError> {
    write
        .conn
        .prepare_cached("UPDATE labels SET key_id = NULL, sealed = NULL WHERE workspace = ?1 AND requester = ?2")?
        .execute(params![workspace.as_str(), person.as_str()])?;
    Ok(())
}
