//! The audit trail: numbered from 1 without gaps, each entry's hash covering the one before and its own *ciphertext*, so that
//! erasing a person leaves the chain whole. Its end is sealed under a key derived from the master key, and whatever changes a
//! ticket leaves an entry with the hash of the ticket's row. `verify` checks all of it.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::keys::{open_sealed, sealed_columns};
use super::master_key::MasterKey;
use super::readers::Read;
use super::rows::{from_json, limit, micros, signed, timestamp, to_json, to_json_text, unsigned};
use super::seal::Place;
use super::trail_seal::TrailSeal;
use super::writer::Write;

/// The trail's end at some moment. Kept off the machine it proves later that nothing before it was rewritten or cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The last entry; 0 when the trail is empty.
    pub seq: u64,
    /// Its hash, 64 hex digits.
    pub hash: String,
    /// When it was written.
    pub at: Timestamp,
}

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditEntry {
    /// Its place in the trail.
    pub seq: u64,
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Who acted.
    pub actor: Actor,
    /// The ticket, if it is about one.
    pub ticket: Option<TicketId>,
    /// Whose words the detail may hold.
    pub subject: Option<PersonId>,
    /// The facts; `None` when they were erased.
    pub detail: Option<serde_json::Value>,
    /// 64 hex digits.
    pub hash: String,
}

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only this workspace's.
    pub workspace: Option<WorkspaceId>,
    /// Only about this ticket.
    pub ticket: Option<TicketId>,
    /// Only of these kinds; empty: any.
    pub kinds: Vec<AuditKind>,
}

impl Store {
    /// The trail's end now.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn anchor(&self) -> Result<Anchor, StoreError> {
        self.read(|read| {
            let (seq, hash, at): (i64, [u8; 32], Option<i64>) = read.conn.query_row(
                "SELECT audit_head.seq, audit_head.hash, audit.at
                 FROM audit_head LEFT JOIN audit ON audit.seq = audit_head.seq",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
            Ok(Anchor { seq: unsigned(seq), hash: hex::encode(hash), at: timestamp(at.unwrap_or(0))? })
        })
        .await
    }

    /// Entries in their order, those after `after`, at most `at_most`.
    ///
    /// # Errors
    /// When the store failed or a detail does not open.
    pub async fn audit_entries(
        &self,
        filter: AuditFilter,
        after: u64,
        at_most: usize,
    ) -> Result<Vec<StoredAuditEntry>, StoreError> {
        self.read(move |read| {
            let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
            let mut statement = read.conn.prepare_cached(
                "SELECT seq, workspace, at, kind, actor, ticket, subject, hash, key_id, sealed, state FROM audit
                 WHERE seq > ?1 AND (?2 IS NULL OR workspace = ?2) AND (?3 IS NULL OR ticket = ?3)
                   AND (?4 = '[]' OR kind IN (SELECT value FROM json_each(?4)))
                 ORDER BY seq LIMIT ?5",
            )?;
            let mut rows = statement.query(params![
                signed(after),
                filter.workspace.as_ref().map(WorkspaceId::as_str),
                filter.ticket.map(|ticket| signed(ticket.number())),
                to_json_text("a filter", &kinds)?,
                limit(at_most),
            ])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(opened(read, row)?);
            }
            Ok(entries)
        })
        .await
    }

    /// The newest [`AuditKind::PolicyChanged`] of a workspace.
    ///
    /// # Errors
    /// When the store failed or its detail does not open.
    pub async fn last_policy_change(&self, workspace: &WorkspaceId) -> Result<Option<StoredAuditEntry>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            // The kind stands here word for word, as in the index that serves it.
            let mut statement = read.conn.prepare_cached(
                "SELECT seq, workspace, at, kind, actor, ticket, subject, hash, key_id, sealed, state FROM audit
                 WHERE workspace = ?1 AND kind = 'policy_changed' ORDER BY seq DESC LIMIT 1",
            )?;
            let mut rows = statement.query([workspace.as_str()])?;
            rows.next()?.map(|row| opened(read, row)).transpose()
        })
        .await
    }
}

/// Shows every entry of a kind, in their order.
pub(super) fn each_entry(
    read: &Read<'_>,
    kind: AuditKind,
    mut show: impl FnMut(&StoredAuditEntry),
) -> Result<(), StoreError> {
    let mut statement = read.conn.prepare("SELECT * FROM audit WHERE kind = ?1 ORDER BY seq")?;
    let mut rows = statement.query([kind.as_str()])?;
    while let Some(row) = rows.next()? {
        show(&opened(read, row)?);
    }
    Ok(())
}

fn opened(read: &Read<'_>, row: &rusqlite::Row<'_>) -> Result<StoredAuditEntry, StoreError> {
    let sealed = sealed_columns(row, "key_id", "sealed")?;
    let row = ChainRow::from_row(row)?;
    let detail = open_sealed(read.conn, read.master, &place(row.seq), sealed)?.into_value();
    row.entry(detail.as_deref())
}

fn place(seq: i64) -> Place {
    Place::new("audit", &[&seq.to_string()])
}

/// What the chain runs over.
pub(super) struct ChainRow {
    pub seq: i64,
    workspace: String,
    pub at: i64,
    kind: String,
    actor: String,
    ticket: Option<i64>,
    subject: Option<String>,
    key_id: i64,
    sealed: Vec<u8>,
    state: Option<Vec<u8>>,
    pub hash: Vec<u8>,
}

impl ChainRow {
    pub fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            workspace: row.get("workspace")?,
            at: row.get("at")?,
            kind: row.get("kind")?,
            actor: row.get("actor")?,
            ticket: row.get("ticket")?,
            subject: row.get("subject")?,
            key_id: row.get("key_id")?,
            sealed: row.get("sealed")?,
            state: row.get("state")?,
            hash: row.get("hash")?,
        })
    }

    /// The hash over the one before and every column.
    pub fn chained_to(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Fingerprint::of("deskbell audit 1");
        hash.add(Some(previous));
        hash.add_number(Some(self.seq));
        hash.add(Some(self.workspace.as_bytes()));
        hash.add_number(Some(self.at));
        hash.add(Some(self.kind.as_bytes()));
        hash.add(Some(self.actor.as_bytes()));
        hash.add_number(self.ticket);
        hash.add(self.subject.as_deref().map(str::as_bytes));
        hash.add_number(Some(self.key_id));
        hash.add(Some(&self.sealed));
        hash.add(self.state.as_deref());
        hash.finish()
    }

    fn entry(self, detail: Option<&[u8]>) -> Result<StoredAuditEntry, StoreError> {
        let name = format!("audit entry {}", self.seq);
        let kind = serde_json::Value::String(self.kind);
        Ok(StoredAuditEntry {
            seq: unsigned(self.seq),
            workspace: WorkspaceId::new(self.workspace),
            at: timestamp(self.at)?,
            kind: serde_json::from_value(kind).map_err(|_| StoreError::malformed(&name))?,
            actor: from_json(&name, self.actor.as_bytes())?,
            ticket: self.ticket.map(|number| TicketId::new(unsigned(number))),
            subject: self.subject.map(PersonId::new),
            detail: detail.map(|json| from_json(&name, json)).transpose()?,
            hash: hex::encode(self.hash),
        })
    }
}

/// Seals, numbers and chains an entry within a commit. `state` is the hash of the ticket's row as the commit leaves it.
pub(super) fn append(write: &mut Write<'_>, entry: &AuditEntry, state: Option<[u8; 32]>) -> Result<(), StoreError> {
    let (last, previous, code): (i64, [u8; 32], Option<Vec<u8>>) = write
        .conn
        .prepare_cached("SELECT seq, hash, mac FROM audit_head WHERE id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let seq = last + 1;
    let detail = to_json("an audit entry", &entry.detail)?;
    let sealed = write.keys.seal(write.conn, &entry.workspace, entry.subject.as_ref(), &place(seq), &detail)?;
    let mut row = ChainRow {
        seq,
        workspace: entry.workspace.to_string(),
        at: micros(entry.at),
        kind: entry.kind.as_str().to_owned(),
        actor: to_json_text("an actor", &entry.actor)?,
        ticket: entry.ticket.map(|ticket| signed(ticket.number())),
        subject: entry.subject.as_ref().map(ToString::to_string),
        key_id: sealed.key_id,
        sealed: sealed.bytes,
        state: state.map(Vec::from),
        hash: Vec::new(),
    };
    let hash = row.chained_to(&previous);
    row.hash = hash.to_vec();
    insert(write.conn, &row)?;
    // What somebody without the key moved is never sealed: the trail goes on and the break stays to be seen.
    let seal = write.keys.trail_seal();
    let code = code.filter(|code| seal.fits(last, &previous, code)).map(|_| seal.code(seq, &hash));
    if code.is_none() {
        tracing::error!("the audit trail's end was changed by somebody else: run `deskbell audit verify`");
    }
    write.conn.prepare_cached("UPDATE audit_head SET seq = ?1, hash = ?2, mac = ?3 WHERE id = 1")?.execute(params![
        seq,
        hash,
        code.unwrap_or_default()
    ])?;
    Ok(())
}

fn insert(conn: &rusqlite::Connection, row: &ChainRow) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO audit (seq, workspace, at, kind, actor, ticket, subject, key_id, sealed, state, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        row.seq,
        row.workspace,
        row.at,
        row.kind,
        row.actor,
        row.ticket,
        row.subject,
        row.key_id,
        row.sealed,
        row.state,
        row.hash,
    ])
}

/// Seals the end of a new store's trail, which is empty.
pub(super) fn seal_head(conn: &rusqlite::Connection, master: &MasterKey) -> rusqlite::Result<()> {
    let (seq, hash): (i64, [u8; 32]) =
        conn.query_row("SELECT seq, hash FROM audit_head", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    conn.execute("UPDATE audit_head SET mac = ?1", [TrailSeal::new(master).code(seq, &hash)]).map(drop)
}
