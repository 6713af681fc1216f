//! Decisions with what they were made from, and the policies that made them: enough to make every one again.

use deskbell_domain::ids::{PolicyHash, TicketId, WorkspaceId};
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::DecisionRecord;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::error::StoreError;
use super::fingerprint::Fingerprint;
use super::keys::{open_sealed, sealed_columns};
use super::rows::{count, limit, micros, signed, timestamp, to_json, unsigned};
use super::seal::Place;
use super::writer::{Durability, WhenFull, Write};

/// A decision that was kept, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// The ticket.
    pub ticket: TicketId,
    /// Counts the ticket's decisions from 1.
    pub ordinal: u32,
    /// When.
    pub at: Timestamp,
    /// The policy that decided.
    pub policy: PolicyHash,
    /// What it was made from, as JSON; `None` when it was erased.
    pub inputs: Option<Vec<u8>>,
    /// The decision as JSON.
    pub decision: Vec<u8>,
}

impl Store {
    /// A workspace's decisions by ticket and ordinal, those after `after`, at most `at_most`.
    ///
    /// # Errors
    /// When the store failed or inputs do not open.
    pub async fn decisions(
        &self,
        workspace: &WorkspaceId,
        after: Option<(TicketId, u32)>,
        at_most: usize,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let (ticket, ordinal) =
                after.map_or((0, 0), |(ticket, ordinal)| (signed(ticket.number()), i64::from(ordinal)));
            let mut statement = read.conn.prepare_cached(
                "SELECT ticket, ordinal, at, policy, decision, key_id, sealed FROM decisions
                 WHERE workspace = ?1 AND (ticket, ordinal) > (?2, ?3) ORDER BY ticket, ordinal LIMIT ?4",
            )?;
            let mut rows = statement.query(params![workspace.as_str(), ticket, ordinal, limit(at_most)])?;
            let mut decisions = Vec::new();
            while let Some(row) = rows.next()? {
                let (ticket, ordinal): (i64, i64) = (row.get(0)?, row.get(1)?);
                let place = place(workspace.as_str(), unsigned(ticket), count(ordinal));
                let sealed = sealed_columns(row, "key_id", "sealed")?.filter(|sealed| !sealed.bytes.is_empty());
                decisions.push(StoredDecision {
                    ticket: TicketId::new(unsigned(ticket)),
                    ordinal: count(ordinal),
                    at: timestamp(row.get(2)?)?,
                    policy: PolicyHash::new(row.get::<_, String>(3)?),
                    decision: row.get(4)?,
                    inputs: open_sealed(read.conn, read.master, &place, sealed)?.into_value(),
                });
            }
            Ok(decisions)
        })
        .await
    }

    /// Keeps a policy's source under its hash, so that its decisions can be made again.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn save_policy(&self, hash: &PolicyHash, source: &str, now: Timestamp) -> Result<(), StoreError> {
        let (hash, source) = (hash.clone(), source.to_owned());
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                write
                    .conn
                    .prepare_cached(
                        "INSERT INTO policies (hash, source, saved_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![hash.as_str(), source, micros(now)])?;
                Ok(())
            })
            .await
    }

    /// The source of a policy that was in force once.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn policy_source(&self, hash: &PolicyHash) -> Result<Option<String>, StoreError> {
        let hash = hash.clone();
        self.read(move |read| {
            Ok(read
                .conn
                .prepare_cached("SELECT source FROM policies WHERE hash = ?1")?
                .query_row([hash.as_str()], |row| row.get(0))
                .optional()?)
        })
        .await
    }
}

fn place(workspace: &str, ticket: u64, ordinal: u32) -> Place {
    Place::new("decisions", &[workspace, &ticket.to_string(), &ordinal.to_string()])
}

/// Keeps a decision about a ticket within a commit; its inputs are sealed under the requester's key.
pub(super) fn insert_decision(
    write: &mut Write<'_>,
    ticket: &Ticket,
    record: &DecisionRecord,
) -> Result<(), StoreError> {
    let DecisionRecord { inputs, decision } = record;
    let place = place(ticket.workspace.as_str(), ticket.id.number(), decision.ordinal);
    let inputs = to_json("a decision's inputs", inputs)?;
    let sealed = write.keys.seal(write.conn, &ticket.workspace, Some(&ticket.requester), &place, &inputs)?;
    write
        .conn
        .prepare_cached(
            "INSERT INTO decisions (workspace, ticket, ordinal, at, policy, decision, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            ticket.workspace.as_str(),
            signed(ticket.id.number()),
            decision.ordinal,
            micros(decision.at),
            decision.policy.as_str(),
            to_json("a decision", decision)?,
            sealed.key_id,
            sealed.bytes,
        ])?;
    Ok(())
}

/// A hash of all that is kept of a ticket's decisions. It is part of the ticket's own on the audit trail.
pub(super) fn decisions_hash(conn: &Connection, workspace: &str, ticket: i64) -> rusqlite::Result<[u8; 32]> {
    let mut hash = Fingerprint::of("deskbell decisions 1");
    let mut statement = conn.prepare_cached(
        "SELECT ordinal, at, policy, decision, key_id, sealed FROM decisions
         WHERE workspace = ?1 AND ticket = ?2 ORDER BY ordinal",
    )?;
    let mut rows = statement.query(params![workspace, ticket])?;
    while let Some(row) = rows.next()? {
        hash.add_number(Some(row.get(0)?));
        hash.add_number(Some(row.get(1)?));
        hash.add(Some(row.get_ref(2)?.as_bytes()?));
        hash.add(Some(row.get_ref(3)?.as_bytes()?));
        hash.add_number(Some(row.get(4)?));
        hash.add(Some(row.get_ref(5)?.as_bytes()?));
    }
    Ok(hash.finish())
}

/// Takes out what a ticket's decisions were made from: it quotes words that are to be gone.
pub(super) fn forget_inputs(write: &Write<'_>, workspace: &WorkspaceId, ticket: TicketId) -> Result<(), StoreError> {
    write
        .conn
        .prepare_cached("UPDATE decisions SET sealed = x'' WHERE workspace = ?1 AND ticket = ?2")?
        .execute(params![workspace.as_str(), signed(ticket.number())])?;
    Ok(())
}
