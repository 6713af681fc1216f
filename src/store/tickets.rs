//! Tickets: a JSON document without the customer's words, the words sealed beside it, and the columns that are searched.

use std::collections::BTreeMap;

use deskbell_domain::decision::Load;
use deskbell_domain::ids::{ChannelId, MessageTs, PersonId, QueueId, SquadId, TicketId, WorkspaceId};
use deskbell_domain::ticket::{SlackPath, Source, Status, Ticket, Words};
use deskbell_domain::workflow::DecisionRecord;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::commit::TicketWrite;
use super::decisions::{decisions_hash, insert_decision};
use super::error::{CommitError, Conflict, StoreError};
use super::fingerprint::Fingerprint;
use super::keys::{Opened, Sealed, open_sealed, sealed_columns};
use super::readers::Read;
use super::rows::{count, from_json, limit, micros, signed, to_json, to_json_text, unsigned};
use super::seal::Place;
use super::writer::Write;

/// A ticket with the version to hand back when it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// Counts its changes from 1.
    pub version: u64,
}

/// A helpdesk's ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpdeskKey {
    /// `zendesk`, or the name the generic webhook gave.
    pub system: String,
    /// The helpdesk's own number.
    pub external_id: String,
}

/// Which tickets to list. An empty filter takes all of the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only these states; empty: any.
    pub statuses: Vec<Status>,
    /// Only this squad's.
    pub squad: Option<SquadId>,
    /// Only this person's.
    pub requester: Option<PersonId>,
}

/// Which part of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only tickets with a lower number; `None` starts at the newest.
    pub before: Option<TicketId>,
    /// At most so many.
    pub limit: usize,
}

/// What [`TicketRow::from_row`] reads.
pub(super) const COLUMNS: &str = "workspace, number, version, document, key_id, sealed";

impl Store {
    /// A ticket with its words; `None` when there is none.
    ///
    /// # Errors
    /// When the store failed or the words do not open.
    pub async fn ticket(&self, workspace: &WorkspaceId, id: TicketId) -> Result<Option<VersionedTicket>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let row = read
                .conn
                .prepare_cached(&format!("SELECT {COLUMNS} FROM tickets WHERE workspace = ?1 AND number = ?2"))?
                .query_row(params![workspace.as_str(), signed(id.number())], TicketRow::from_row)
                .optional()?;
            row.map(|row| row.open(read)).transpose()
        })
        .await
    }

    /// The ticket that a Slack message belongs to.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn ticket_by_message(
        &self,
        workspace: &WorkspaceId,
        channel: &ChannelId,
        ts: &MessageTs,
    ) -> Result<Option<TicketId>, StoreError> {
        let key = [workspace.to_string(), channel.to_string(), ts.to_string()];
        self.read(move |read| Ok(owner(read.conn, OWNER_OF_MESSAGE, &key)?)).await
    }

    /// The ticket that came from a helpdesk's ticket.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn ticket_by_helpdesk(
        &self,
        workspace: &WorkspaceId,
        system: &str,
        external_id: &str,
    ) -> Result<Option<TicketId>, StoreError> {
        let key = [workspace.to_string(), system.to_owned(), external_id.to_owned()];
        self.read(move |read| Ok(owner(read.conn, OWNER_OF_HELPDESK, &key)?)).await
    }

    /// The newest request of a person's in a watched channel that their next message may join: open, posted at the top of the
    /// channel, and last added to at or after `since`.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn open_request_of(
        &self,
        workspace: &WorkspaceId,
        person: &PersonId,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Option<TicketId>, StoreError> {
        let (workspace, person, channel) = (workspace.clone(), person.clone(), channel.clone());
        self.read(move |read| {
            let number: Option<i64> = read
                .conn
                .prepare_cached(
                    "SELECT number FROM tickets
                     WHERE workspace = ?1 AND requester = ?2 AND join_channel = ?3 AND last_message_at >= ?4
                       AND join_channel IS NOT NULL AND is_open = 1
                     ORDER BY last_message_at DESC, number DESC LIMIT 1",
                )?
                .query_row(params![workspace.as_str(), person.as_str(), channel.as_str(), micros(since)], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok(number.map(|number| TicketId::new(unsigned(number))))
        })
        .await
    }

    /// Open tickets per squad and per queue; `except` does not count.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn load(&self, workspace: &WorkspaceId, except: Option<TicketId>) -> Result<Load, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| load(read.conn, &workspace, except)).await
    }

    /// What the newest tickets asked, newest first, at most `at_most`; erased ones are left out.
    ///
    /// # Errors
    /// When the store failed or words do not open.
    pub async fn recent_texts(
        &self,
        workspace: &WorkspaceId,
        at_most: usize,
    ) -> Result<Vec<(TicketId, String)>, StoreError> {
        let page = Page { before: None, limit: at_most };
        let tickets = self.tickets(workspace, TicketFilter::default(), page).await?;
        let readable = tickets.into_iter().map(|ticket| ticket.ticket).filter(|ticket| !ticket.words.erased);
        Ok(readable.map(|ticket| (ticket.id, ticket.words.text())).collect())
    }

    /// Tickets, newest first.
    ///
    /// # Errors
    /// When the store failed or words do not open.
    pub async fn tickets(
        &self,
        workspace: &WorkspaceId,
        filter: TicketFilter,
        page: Page,
    ) -> Result<Vec<VersionedTicket>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let statuses: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
            let mut statement = read.conn.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tickets
                 WHERE workspace = ?1 AND number < ?2
                   AND (?3 = '[]' OR status IN (SELECT value FROM json_each(?3)))
                   AND (?4 IS NULL OR squad = ?4) AND (?5 IS NULL OR requester = ?5)
                 ORDER BY number DESC LIMIT ?6"
            ))?;
            let rows = statement.query_map(
                params![
                    workspace.as_str(),
                    page.before.map_or(i64::MAX, |ticket| signed(ticket.number())),
                    to_json_text("a filter", &statuses)?,
                    filter.squad.as_ref().map(SquadId::as_str),
                    filter.requester.as_ref().map(PersonId::as_str),
                    limit(page.limit),
                ],
                TicketRow::from_row,
            )?;
            rows.map(|row| row?.open(read)).collect()
        })
        .await
    }
}

fn load(conn: &Connection, workspace: &WorkspaceId, except: Option<TicketId>) -> Result<Load, StoreError> {
    let mut load = Load {
        squads: open_tickets_by(conn, workspace, "squad", SquadId::new)?,
        queues: open_tickets_by(conn, workspace, "queue", QueueId::new)?,
    };
    if let Some(ticket) = except {
        let own: Option<(Option<String>, Option<String>)> = conn
            .prepare_cached("SELECT squad, queue FROM tickets WHERE workspace = ?1 AND number = ?2 AND is_open = 1")?
            .query_row(params![workspace.as_str(), signed(ticket.number())], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (squad, queue) = own.unwrap_or_default();
        take_one(&mut load.squads, squad.map(SquadId::new));
        take_one(&mut load.queues, queue.map(QueueId::new));
    }
    Ok(load)
}

fn take_one<K: Ord>(counts: &mut BTreeMap<K, u32>, key: Option<K>) {
    if let Some(key) = key
        && let Some(count) = counts.remove(&key)
        && count > 1
    {
        counts.insert(key, count - 1);
    }
}

/// As many rows as there are squads or queues, however many tickets are open: the table `open_work` is kept with them.
fn open_tickets_by<K: Ord>(
    conn: &Connection,
    workspace: &WorkspaceId,
    kind: &str,
    key: fn(String) -> K,
) -> Result<BTreeMap<K, u32>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT name, tickets FROM open_work WHERE workspace = ?1 AND kind = ?2 AND tickets > 0")?;
    let rows = statement.query_map([workspace.as_str(), kind], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| row.map(|(name, tickets)| (key(name), count(tickets))).map_err(StoreError::from)).collect()
}

/// A ticket and its sealed words.
pub(super) struct TicketRow {
    workspace: String,
    pub number: i64,
    version: i64,
    document: String,
    sealed: Option<Sealed>,
}

impl TicketRow {
    pub fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            workspace: row.get("workspace")?,
            number: row.get("number")?,
            version: row.get("version")?,
            document: row.get("document")?,
            sealed: sealed_columns(row, "key_id", "sealed")?,
        })
    }

    fn open(mut self, read: &Read<'_>) -> Result<VersionedTicket, StoreError> {
        let place = place(&self.workspace, unsigned(self.number));
        let words = open_sealed(read.conn, read.master, &place, self.sealed.take())?;
        self.with_words(words)
    }

    /// The same with the writer's keys.
    pub fn open_to_write(mut self, write: &mut Write<'_>) -> Result<VersionedTicket, StoreError> {
        let place = place(&self.workspace, unsigned(self.number));
        let words = match self.sealed.take() {
            Some(sealed) => write.keys.open(write.conn, &place, &sealed)?.map_or(Opened::Erased, Opened::Value),
            None => Opened::Nothing,
        };
        self.with_words(words)
    }

    fn with_words(self, words: Opened) -> Result<VersionedTicket, StoreError> {
        let name = format!("ticket DB-{}", self.number);
        let mut ticket: Ticket = from_json(&name, self.document.as_bytes())?;
        ticket.words = match words {
            Opened::Value(json) => from_json(&name, &json)?,
            Opened::Nothing | Opened::Erased => Words { erased: true, ..Words::default() },
        };
        Ok(VersionedTicket { ticket, version: unsigned(self.version) })
    }
}

fn place(workspace: &str, number: u64) -> Place {
    Place::new("tickets", &[workspace, &number.to_string()])
}

/// A decision holds only for the load that it was made with: of two made at once the second is made again.
pub(super) fn check_load(write: &Write<'_>, ticket: &Ticket, decided_with: &Load) -> Result<(), CommitError> {
    if load(write.conn, &ticket.workspace, Some(ticket.id))? == *decided_with {
        Ok(())
    } else {
        Err(Conflict::LoadMoved.into())
    }
}

/// A ticket's row, all that its hash on the audit trail stands for.
pub(super) struct RowContent<'row> {
    workspace: &'row str,
    number: i64,
    version: i64,
    status: &'row str,
    is_open: i64,
    squad: Option<&'row str>,
    queue: Option<&'row str>,
    requester: &'row str,
    join_channel: Option<&'row str>,
    last_message_at: i64,
    document: &'row str,
    key_id: Option<i64>,
    sealed: Option<&'row [u8]>,
}

impl<'row> RowContent<'row> {
    /// What [`Self::from_row`] reads, in this order.
    pub const COLUMNS: &'static str = "workspace, number, version, status, is_open, squad, queue, requester, join_channel, \
                                       last_message_at, document, key_id, sealed";

    /// Reads [`Self::COLUMNS`].
    pub fn from_row(row: &'row rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            workspace: row.get_ref(0)?.as_str()?,
            number: row.get(1)?,
            version: row.get(2)?,
            status: row.get_ref(3)?.as_str()?,
            is_open: row.get(4)?,
            squad: row.get_ref(5)?.as_str_or_null()?,
            queue: row.get_ref(6)?.as_str_or_null()?,
            requester: row.get_ref(7)?.as_str()?,
            join_channel: row.get_ref(8)?.as_str_or_null()?,
            last_message_at: row.get(9)?,
            document: row.get_ref(10)?.as_str()?,
            key_id: row.get(11)?,
            sealed: row.get_ref(12)?.as_blob_or_null()?,
        })
    }

    /// Workspace and number.
    pub fn key(&self) -> (&'row str, i64) {
        (self.workspace, self.number)
    }

    /// The hash of every column, and of the ticket's decisions.
    pub fn hash(&self, decisions: &[u8; 32]) -> [u8; 32] {
        let mut hash = Fingerprint::of("deskbell ticket 2");
        hash.add(Some(self.workspace.as_bytes()));
        hash.add_number(Some(self.number));
        hash.add_number(Some(self.version));
        hash.add(Some(self.status.as_bytes()));
        hash.add_number(Some(self.is_open));
        hash.add(self.squad.map(str::as_bytes));
        hash.add(self.queue.map(str::as_bytes));
        hash.add(Some(self.requester.as_bytes()));
        hash.add(self.join_channel.map(str::as_bytes));
        hash.add_number(Some(self.last_message_at));
        hash.add(Some(self.document.as_bytes()));
        hash.add_number(self.key_id);
        hash.add(self.sealed);
        hash.add(Some(decisions));
        hash.finish()
    }
}

/// Writes a ticket, its sources and a decision about it within a commit; the answer is the hash of the ticket as it is now.
pub(super) fn write_ticket(
    write: &mut Write<'_>,
    change: &mut TicketWrite,
    decision: Option<&DecisionRecord>,
) -> Result<[u8; 32], CommitError> {
    let words = std::mem::take(&mut change.ticket.words);
    let ticket = &change.ticket;
    let workspace = ticket.workspace.as_str();
    let number = signed(ticket.id.number());
    let sealed = seal_words(write, ticket, &words)?;
    let document = to_json_text("a ticket", ticket)?;
    let row = RowContent {
        workspace,
        number,
        version: signed(change.expected_version).saturating_add(1),
        status: ticket.status.as_str(),
        is_open: ticket.status.is_open().into(),
        squad: ticket.squad.as_ref().map(SquadId::as_str),
        queue: ticket.queue.as_ref().map(QueueId::as_str),
        requester: ticket.requester.as_str(),
        join_channel: join_channel(&ticket.source),
        last_message_at: micros(ticket.last_message_at),
        document: &document,
        key_id: sealed.as_ref().map(|sealed| sealed.key_id),
        sealed: sealed.as_ref().map(|sealed| sealed.bytes.as_slice()),
    };
    if !write_row(write, &row)? {
        return Err(Conflict::VersionMoved { ticket: ticket.id }.into());
    }
    if let Some(decision) = decision {
        insert_decision(write, ticket, decision)?;
    }
    let hash = row.hash(&decisions_hash(write.conn, workspace, number)?);
    for (channel, ts) in &change.sources {
        let key = [workspace.to_owned(), channel.to_string(), ts.to_string()];
        let sql = "INSERT INTO ticket_messages (workspace, channel, ts, ticket) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        own(write, sql, OWNER_OF_MESSAGE, &key, ticket.id)?;
    }
    if let Some(HelpdeskKey { system, external_id }) = &change.helpdesk {
        let key = [workspace.to_owned(), system.clone(), external_id.clone()];
        let sql = "INSERT INTO ticket_helpdesk (workspace, system, external_id, ticket) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        own(write, sql, OWNER_OF_HELPDESK, &key, ticket.id)?;
    }
    Ok(hash)
}

/// False when the ticket's version is not the one before the row's.
fn write_row(write: &Write<'_>, row: &RowContent<'_>) -> rusqlite::Result<bool> {
    let sql = if row.version == 1 {
        "INSERT INTO tickets (workspace, number, version, status, is_open, squad, queue, requester, join_channel,
             last_message_at, document, key_id, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE tickets SET version = ?3, status = ?4, is_open = ?5, squad = ?6, queue = ?7, requester = ?8,
             join_channel = ?9, last_message_at = ?10, document = ?11, key_id = ?12, sealed = ?13
         WHERE workspace = ?1 AND number = ?2 AND version = ?3 - 1"
    };
    let written = write.conn.prepare_cached(sql)?.execute(params![
        row.workspace,
        row.number,
        row.version,
        row.status,
        row.is_open,
        row.squad,
        row.queue,
        row.requester,
        row.join_channel,
        row.last_message_at,
        row.document,
        row.key_id,
        row.sealed,
    ])?;
    Ok(written == 1)
}

/// Words that are gone stay gone: nothing is sealed for them.
fn seal_words(write: &mut Write<'_>, ticket: &Ticket, words: &Words) -> Result<Option<Sealed>, StoreError> {
    if words.erased {
        return Ok(None);
    }
    let json = to_json("a ticket's words", words)?;
    let place = place(ticket.workspace.as_str(), ticket.id.number());
    write.keys.seal(write.conn, &ticket.workspace, Some(&ticket.requester), &place, &json).map(Some)
}

/// Where the requester's next quick message may join: a watched channel or a direct message, and only at its top.
fn join_channel(source: &Source) -> Option<&str> {
    match source {
        Source::SlackMessage {
            channel,
            thread: None,
            path: SlackPath::WatchedChannel | SlackPath::DirectMessage,
            ..
        } => Some(channel.as_str()),
        _ => None,
    }
}

const OWNER_OF_MESSAGE: &str = "SELECT ticket FROM ticket_messages WHERE workspace = ?1 AND channel = ?2 AND ts = ?3";
const OWNER_OF_HELPDESK: &str =
    "SELECT ticket FROM ticket_helpdesk WHERE workspace = ?1 AND system = ?2 AND external_id = ?3";

fn owner(conn: &Connection, sql: &str, key: &[String; 3]) -> rusqlite::Result<Option<TicketId>> {
    let number: Option<i64> = conn.prepare_cached(sql)?.query_row(key.each_ref(), |row| row.get(0)).optional()?;
    Ok(number.map(|number| TicketId::new(unsigned(number))))
}

/// Makes a source the ticket's own, unless it is another's.
fn own(
    write: &Write<'_>,
    insert: &str,
    owner_of: &str,
    key: &[String; 3],
    ticket: TicketId,
) -> Result<(), CommitError> {
    let [workspace, place, id] = key;
    let added = write.conn.prepare_cached(insert)?.execute(params![workspace, place, id, signed(ticket.number())])?;
    if added == 1 {
        return Ok(());
    }
    match owner(write.conn, owner_of, key)? {
        Some(other) if other != ticket => Err(Conflict::SourceOwned { ticket: other }.into()),
        _ => Ok(()),
    }
}
