//! The audit trail: numbered from 1 without gaps, each entry's hash covering the one before and its own *ciphertext*, so that
//! erasing a person leaves the chain whole.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::error::{AuditBroken, AuditFault, StoreError, VerifyError};
use super::keys::{open_sealed, sealed_columns};
use super::rows::{from_json, limit, micros, signed, timestamp, to_json, to_json_text, unsigned};
use super::seal::Place;
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

/// A trail that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries were checked.
    pub entries: u64,
    /// The end, to be kept off the machine.
    pub head: Anchor,
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
    /// Recomputes the entire trail, entry by entry, and compares it with its remembered end and with an anchor from outside.
    ///
    /// # Errors
    /// [`VerifyError::Broken`] names the first entry that does not hold and why; else the store failed.
    pub async fn verify_audit(&self, anchor: Option<&Anchor>) -> Result<AuditReport, VerifyError> {
        let anchor = anchor.cloned();
        self.read(move |read| verify(read.conn, anchor.as_ref())).await
    }

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
                "SELECT seq, workspace, at, kind, actor, ticket, subject, hash, key_id, sealed FROM audit
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
                let sealed = sealed_columns(row, "key_id", "sealed")?;
                let row = ChainRow::from_row(row)?;
                let detail = open_sealed(read.conn, read.master, &place(row.seq), sealed)?.into_value();
                entries.push(row.entry(detail.as_deref())?);
            }
            Ok(entries)
        })
        .await
    }
}

fn place(seq: i64) -> Place {
    Place::new("audit", &[&seq.to_string()])
}

/// What the chain runs over.
struct ChainRow {
    seq: i64,
    workspace: String,
    at: i64,
    kind: String,
    actor: String,
    ticket: Option<i64>,
    subject: Option<String>,
    key_id: i64,
    sealed: Vec<u8>,
    hash: Vec<u8>,
}

impl ChainRow {
    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
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
            hash: row.get("hash")?,
        })
    }

    /// SHA-256 over the hash before and every column, each with its length in front; an absent value differs from an empty one.
    fn chained_to(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |part: Option<&[u8]>| match part {
            Some(part) => {
                hash.update([1]);
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            None => hash.update([0]),
        };
        add(Some(b"deskbell audit 1"));
        add(Some(previous));
        add(Some(&self.seq.to_be_bytes()));
        add(Some(self.workspace.as_bytes()));
        add(Some(&self.at.to_be_bytes()));
        add(Some(self.kind.as_bytes()));
        add(Some(self.actor.as_bytes()));
        add(self.ticket.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        add(self.subject.as_deref().map(str::as_bytes));
        add(Some(&self.key_id.to_be_bytes()));
        add(Some(&self.sealed));
        hash.finalize().into()
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

/// Seals, numbers and chains an entry within a commit.
pub(super) fn append(write: &mut Write<'_>, entry: &AuditEntry) -> Result<(), StoreError> {
    let (last, previous): (i64, [u8; 32]) = write
        .conn
        .prepare_cached("SELECT seq, hash FROM audit_head WHERE id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
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
        hash: Vec::new(),
    };
    row.hash = row.chained_to(&previous).to_vec();
    write
        .conn
        .prepare_cached(
            "INSERT INTO audit (seq, workspace, at, kind, actor, ticket, subject, key_id, sealed, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
            row.hash,
        ])?;
    write
        .conn
        .prepare_cached("UPDATE audit_head SET seq = ?1, hash = ?2 WHERE id = 1")?
        .execute(params![seq, row.hash])?;
    Ok(())
}

fn verify(conn: &rusqlite::Connection, anchor: Option<&Anchor>) -> Result<AuditReport, VerifyError> {
    let broken = |seq: i64, fault| AuditBroken { seq: unsigned(seq), fault };
    let mut statement = conn.prepare("SELECT * FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut seq, mut hash, mut at) = (0_i64, [0_u8; 32], 0_i64);
    check_anchor(anchor, seq, &hash)?;
    while let Some(row) = rows.next()? {
        let row = ChainRow::from_row(row).map_err(|_| broken(seq + 1, AuditFault::Altered))?;
        if row.seq != seq + 1 {
            return Err(broken(seq + 1, AuditFault::Missing).into());
        }
        let expected = row.chained_to(&hash);
        if row.hash != expected {
            return Err(broken(row.seq, AuditFault::Altered).into());
        }
        (seq, hash, at) = (row.seq, expected, row.at);
        check_anchor(anchor, seq, &hash)?;
    }
    if let Some(anchor) = anchor.filter(|anchor| anchor.seq > unsigned(seq)) {
        return Err(AuditBroken { seq: anchor.seq, fault: AuditFault::ShorterThanAnchor }.into());
    }
    let head: Option<(i64, Vec<u8>)> =
        conn.query_row("SELECT seq, hash FROM audit_head", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if head.is_none_or(|(head_seq, head_hash)| head_seq != seq || head_hash != hash) {
        return Err(broken(seq + 1, AuditFault::HeadDiffers).into());
    }
    let head = Anchor { seq: unsigned(seq), hash: hex::encode(hash), at: timestamp(at)? };
    Ok(AuditReport { entries: unsigned(seq), head })
}

fn check_anchor(anchor: Option<&Anchor>, seq: i64, hash: &[u8; 32]) -> Result<(), AuditBroken> {
    match anchor.filter(|anchor| anchor.seq == unsigned(seq)) {
        Some(anchor) if !anchor.hash.eq_ignore_ascii_case(&hex::encode(hash)) => {
            Err(AuditBroken { seq: anchor.seq, fault: AuditFault::AnchorDiffers })
        }
        _ => Ok(()),
    }
}
