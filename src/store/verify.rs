//! Verifying: the trail entry by entry, its sealed end, an anchor from outside, and every ticket against the entry that tells of
//! its last change.

use deskbell_domain::ids::{TicketId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::audit::{Anchor, ChainRow};
use super::beside::{self, Beside};
use super::decisions::decisions_hash;
use super::error::{AuditBroken, AuditFault, TicketDiffers, TicketFault, VerifyError};
use super::readers::Read;
use super::rows::{timestamp, unsigned};
use super::tickets::RowContent;
use super::trail_seal::TrailSeal;

/// A trail that holds, and tickets that are what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries were checked.
    pub entries: u64,
    /// How many tickets were compared with their last entry.
    pub tickets: u64,
    /// How many decisions were, with their tickets.
    pub decisions: u64,
    /// How many keys open, those aside that erasures on the trail tell of.
    pub keys: u64,
    /// How many pinned tools are what the trail says was trusted.
    pub tools: u64,
    /// How many kept policies are what their hashes say.
    pub policies: u64,
    /// The end, to be kept off the machine.
    pub head: Anchor,
}

impl Store {
    /// Recomputes the entire trail, compares it with its sealed end and with an anchor from outside, and compares every ticket's row
    /// with the hash in its last entry, which covers its decisions. Then that keys are gone only where an erasure tells of it, that
    /// pinned tools, policies and the Slack installation are what Deskbell wrote, and that the database holds nothing else that acts.
    ///
    /// Without an anchor this proves that nobody without the master key altered, removed or added any of that, unless
    /// they put back an earlier state of the whole store. Queued jobs and recorded events are not covered: sealed, they can't be
    /// forged, but taken away or put back; an action is carried out only as its ticket's approval says. With an anchor, also that nobody rewrote what was before the anchor, with the
    /// master key or without.
    ///
    /// # Errors
    /// [`VerifyError::Broken`] names the first entry that does not hold, [`VerifyError::Ticket`] the first ticket, [`VerifyError::Beside`] what else; else the store
    /// failed.
    pub async fn verify_audit(&self, anchor: Option<&Anchor>) -> Result<AuditReport, VerifyError> {
        let anchor = anchor.cloned();
        self.read(move |read| {
            let head = verify_trail(read, anchor.as_ref())?;
            let tickets = verify_tickets(read.conn)?;
            let decisions = verify_decisions(read.conn)?;
            let Beside { keys, tools, policies } = beside::verify(read)?;
            Ok(AuditReport { entries: head.seq, tickets, decisions, keys, tools, policies, head })
        })
        .await
    }
}

fn broken(seq: i64, fault: AuditFault) -> AuditBroken {
    AuditBroken { seq: unsigned(seq), fault }
}

fn verify_trail(read: &Read<'_>, anchor: Option<&Anchor>) -> Result<Anchor, VerifyError> {
    let mut statement = read.conn.prepare("SELECT * FROM audit ORDER BY seq")?;
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
    check_head(read, seq, &hash)?;
    Ok(Anchor { seq: unsigned(seq), hash: hex::encode(hash), at: timestamp(at)? })
}

fn check_anchor(anchor: Option<&Anchor>, seq: i64, hash: &[u8; 32]) -> Result<(), AuditBroken> {
    match anchor.filter(|anchor| anchor.seq == unsigned(seq)) {
        Some(anchor) if !anchor.hash.eq_ignore_ascii_case(&hex::encode(hash)) => {
            Err(AuditBroken { seq: anchor.seq, fault: AuditFault::AnchorDiffers })
        }
        _ => Ok(()),
    }
}

fn check_head(read: &Read<'_>, seq: i64, hash: &[u8; 32]) -> Result<(), VerifyError> {
    let head = read
        .conn
        .query_row("SELECT seq, hash, mac FROM audit_head", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
        })
        .optional()?;
    let Some((_, _, code)) = head.filter(|(head_seq, head_hash, _)| *head_seq == seq && head_hash == hash) else {
        return Err(broken(seq + 1, AuditFault::HeadDiffers).into());
    };
    if !TrailSeal::new(read.master).fits(seq, hash, &code.unwrap_or_default()) {
        return Err(broken(seq, AuditFault::HeadNotSealed).into());
    }
    Ok(())
}

/// Every ticket is the one that its last entry names, and none is gone.
fn verify_tickets(conn: &Connection) -> Result<u64, VerifyError> {
    let mut last_entry = conn.prepare(
        "SELECT seq, state FROM audit WHERE workspace = ?1 AND ticket = ?2 AND state IS NOT NULL ORDER BY seq DESC LIMIT 1",
    )?;
    let mut statement = conn.prepare(&format!("SELECT {} FROM tickets ORDER BY id", RowContent::COLUMNS))?;
    let mut rows = statement.query([])?;
    let mut tickets = 0;
    while let Some(row) = rows.next()? {
        let content = RowContent::from_row(row)?;
        let (workspace, number) = content.key();
        let named: Option<(i64, Vec<u8>)> =
            last_entry.query_row(params![workspace, number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let fault = match named {
            Some((_, state)) if state == content.hash(&decisions_hash(conn, workspace, number)?) => {
                tickets += 1;
                continue;
            }
            Some((seq, _)) => TicketFault::Differs { entry: unsigned(seq) },
            None => TicketFault::Unknown,
        };
        return Err(ticket_differs(workspace, number, fault).into());
    }
    let gone: Option<(String, i64, i64)> = conn
        .prepare(
            "SELECT workspace, ticket, seq FROM audit WHERE state IS NOT NULL AND NOT EXISTS
                 (SELECT 1 FROM tickets WHERE tickets.workspace = audit.workspace AND number = ticket) LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match gone {
        None => Ok(tickets),
        Some((workspace, number, seq)) => {
            Err(ticket_differs(&workspace, number, TicketFault::Gone { entry: unsigned(seq) }).into())
        }
    }
}

/// Those of tickets were covered by these; there are no others.
fn verify_decisions(conn: &Connection) -> Result<u64, VerifyError> {
    let stray: Option<(String, i64)> = conn
        .prepare(
            "SELECT workspace, ticket FROM decisions WHERE NOT EXISTS
                 (SELECT 1 FROM tickets WHERE tickets.workspace = decisions.workspace AND number = ticket) LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match stray {
        None => Ok(conn.query_row("SELECT count(*) FROM decisions", [], |row| row.get::<_, i64>(0)).map(unsigned)?),
        Some((workspace, number)) => Err(ticket_differs(&workspace, number, TicketFault::Unknown).into()),
    }
}

fn ticket_differs(workspace: &str, number: i64, fault: TicketFault) -> TicketDiffers {
    TicketDiffers { workspace: WorkspaceId::new(workspace), ticket: TicketId::new(unsigned(number)), fault }
}
