//! What servers ask people while they carry an approved action out: kept sealed, settled once, each with its entries on the trail.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ActionId, ChannelId, MessageTs, PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::{Actor, PostedMessage};
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;

use super::Store;
use super::audit::append;
use super::error::StoreError;
use super::jobs::{NewJob, insert_job};
use super::keys::{open_sealed, sealed_columns};
use super::rows::{count, micros, signed, timestamp, unsigned};
use super::seal::Place;
use super::writer::{Durability, WhenFull, Write};

/// A question to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuestion {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// The action that is being carried out.
    pub action: ActionId,
    /// Under whose key its words are sealed: the ticket's requester.
    pub requester: PersonId,
    /// The configured server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    /// Who is asked directly, if one person is.
    pub person: Option<PersonId>,
    /// Where the question stands otherwise.
    pub channel: ChannelId,
    /// How long an answer is waited for.
    pub until: Timestamp,
    /// The question itself.
    pub document: Vec<u8>,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionOutcome {
    /// A person answered.
    Accepted,
    /// A person said no.
    Declined,
    /// Nobody answered in time.
    Lapsed,
    /// The call ended before.
    Closed,
}

impl QuestionOutcome {
    const ALL: [Self; 4] = [Self::Accepted, Self::Declined, Self::Lapsed, Self::Closed];

    /// The name in the store and on the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Lapsed => "lapsed",
            Self::Closed => "closed",
        }
    }
}

/// What settles a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What became of it.
    pub outcome: QuestionOutcome,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What was answered.
    pub answer: Option<Vec<u8>>,
}

/// A question that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredQuestion {
    /// The action that is being carried out.
    pub action: ActionId,
    /// The configured server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    /// Who is asked directly.
    pub person: Option<PersonId>,
    /// Where it stands otherwise.
    pub channel: ChannelId,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How long an answer is waited for.
    pub until: Timestamp,
    /// Where it was posted.
    pub posted: Option<PostedMessage>,
    /// What became of it, who did it, and when.
    pub settled: Option<(QuestionOutcome, Option<PersonId>, Timestamp)>,
    /// The question itself; `None` when it was erased.
    pub document: Option<Vec<u8>>,
    /// What was answered.
    pub answer: Option<Vec<u8>>,
}

impl Store {
    /// Keeps a question and queues the message that asks it; the answer is its number.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn ask_question(&self, question: NewQuestion) -> Result<u64, StoreError> {
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| insert(write, &question)).await
    }

    /// A question.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn question(&self, workspace: &WorkspaceId, id: u64) -> Result<Option<StoredQuestion>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached("SELECT * FROM questions WHERE workspace = ?1 AND id = ?2")?;
            let mut rows = statement.query(params![workspace.as_str(), signed(id)])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let opened = |column: &str, key_id: &str| -> Result<Option<Vec<u8>>, StoreError> {
                let sealed = sealed_columns(row, key_id, column)?;
                let place = place(workspace.as_str(), signed(id), column);
                Ok(open_sealed(read.conn, read.master, &place, sealed)?.into_value())
            };
            let (document, answer) = (opened("sealed", "key_id")?, opened("answer", "answer_key_id")?);
            question_of(row, document, answer).map(Some)
        })
        .await
    }

    /// Keeps where a question was posted.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn question_posted(&self, id: u64, posted: PostedMessage) -> Result<(), StoreError> {
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                write
                    .conn
                    .prepare_cached("UPDATE questions SET posted_channel = ?2, posted_ts = ?3 WHERE id = ?1")?
                    .execute(params![signed(id), posted.channel.as_str(), posted.ts.as_str()])?;
                Ok(())
            })
            .await
    }

    /// Settles an open question, with its entry on the trail and the job that brings its message up to date; `false` when it is
    /// settled already. `requester` is under whose key the answer is sealed.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn settle_question(
        &self,
        workspace: &WorkspaceId,
        id: u64,
        requester: &PersonId,
        settlement: Settlement,
    ) -> Result<bool, StoreError> {
        let (workspace, requester) = (workspace.clone(), requester.clone());
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                settle(write, &workspace, signed(id), &requester, &settlement)
            })
            .await
    }

    /// Closes what an action's call still asked when it ended; the answer is how many questions that were.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn close_questions(
        &self,
        workspace: &WorkspaceId,
        action: ActionId,
        requester: &PersonId,
    ) -> Result<usize, StoreError> {
        let (workspace, requester) = (workspace.clone(), requester.clone());
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let open: Vec<i64> = write
                    .conn
                    .prepare_cached(
                        "SELECT id FROM questions
                         WHERE workspace = ?1 AND ticket = ?2 AND action = ?3 AND outcome IS NULL",
                    )?
                    .query_map(params![workspace.as_str(), signed(action.ticket.number()), action.ordinal], |row| {
                        row.get(0)
                    })?
                    .collect::<Result<_, _>>()?;
                for id in &open {
                    let settlement = Settlement {
                        outcome: QuestionOutcome::Closed,
                        by: Actor::Deskbell,
                        at: Timestamp::now(),
                        answer: None,
                    };
                    settle(write, &workspace, *id, &requester, &settlement)?;
                }
                Ok(open.len())
            })
            .await
    }
}

fn place(workspace: &str, id: i64, column: &str) -> Place {
    Place::new("questions", &[workspace, &id.to_string(), column])
}

fn insert(write: &mut Write<'_>, question: &NewQuestion) -> Result<u64, StoreError> {
    let NewQuestion { workspace, action, requester, server, tool, person, channel, until, document } = question;
    let now = Timestamp::now();
    let id: i64 = write
        .conn
        .prepare_cached(
            "INSERT INTO questions (workspace, ticket, action, server, tool, person, channel, asked_at, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
        )?
        .query_row(
            params![
                workspace.as_str(),
                signed(action.ticket.number()),
                action.ordinal,
                server,
                tool,
                person.as_ref().map(PersonId::as_str),
                channel.as_str(),
                micros(now),
                micros(*until)
            ],
            |row| row.get(0),
        )?;
    let place = place(workspace.as_str(), id, "sealed");
    let sealed = write.keys.seal(write.conn, workspace, Some(requester), &place, document)?;
    write.conn.prepare_cached("UPDATE questions SET key_id = ?2, sealed = ?3 WHERE id = ?1")?.execute(params![
        id,
        sealed.key_id,
        sealed.bytes
    ])?;
    let detail = json!({ "question": id, "action": action.ordinal, "server": server, "tool": tool, "person": person });
    append(write, &entry(workspace, action.ticket, now, Actor::Deskbell, AuditKind::QuestionAsked, detail), None)?;
    show(write, workspace, action.ticket, unsigned(id), 1, now)?;
    Ok(unsigned(id))
}

fn settle(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    id: i64,
    requester: &PersonId,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let Settlement { outcome, by, at, answer } = settlement;
    let person = match by {
        Actor::Person(person) => Some(person.as_str()),
        Actor::Rule(_) | Actor::Deskbell => None,
    };
    let open: Option<(i64, i64)> = write
        .conn
        .prepare_cached(
            "UPDATE questions SET outcome = ?3, settled_by = ?4, settled_at = ?5
             WHERE id = ?2 AND workspace = ?1 AND outcome IS NULL RETURNING ticket, action",
        )?
        .query_row(params![workspace.as_str(), id, outcome.as_str(), person, micros(*at)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((ticket, action)) = open else { return Ok(false) };
    if let Some(answer) = answer {
        let place = place(workspace.as_str(), id, "answer");
        let sealed = write.keys.seal(write.conn, workspace, Some(requester), &place, answer)?;
        write
            .conn
            .prepare_cached("UPDATE questions SET answer_key_id = ?2, answer = ?3 WHERE id = ?1")?
            .execute(params![id, sealed.key_id, sealed.bytes])?;
    }
    let ticket = TicketId::new(unsigned(ticket));
    let detail = json!({ "question": id, "action": action, "outcome": outcome.as_str() });
    append(write, &entry(workspace, ticket, *at, by.clone(), AuditKind::QuestionSettled, detail), None)?;
    show(write, workspace, ticket, unsigned(id), 2, *at)?;
    Ok(true)
}

/// Empties what was asked about a ticket and what was answered: a form may repeat words of anybody.
pub(super) fn forget_questions(
    write: &Write<'_>,
    workspace: &WorkspaceId,
    ticket: TicketId,
) -> rusqlite::Result<usize> {
    write
        .conn
        .prepare_cached(
            "UPDATE questions SET sealed = NULL, key_id = NULL, answer = NULL, answer_key_id = NULL
             WHERE workspace = ?1 AND ticket = ?2 AND outcome IS NOT NULL",
        )?
        .execute(params![workspace.as_str(), signed(ticket.number())])
}

/// Queues the message that asks a question, or shows what became of it.
fn show(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    ticket: TicketId,
    question: u64,
    change: u32,
    run_at: Timestamp,
) -> Result<(), StoreError> {
    let effect = Effect::ShowQuestion { question, change };
    let serial = effect.serial(workspace, Some(ticket));
    insert_job(write, workspace, &NewJob { effect, ticket: Some(ticket), run_at, serial })
}

fn entry(
    workspace: &WorkspaceId,
    ticket: TicketId,
    at: Timestamp,
    actor: Actor,
    kind: AuditKind,
    detail: serde_json::Value,
) -> AuditEntry {
    AuditEntry { workspace: workspace.clone(), ticket: Some(ticket), at, actor, kind, subject: None, detail }
}

fn question_of(
    row: &Row<'_>,
    document: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
) -> Result<StoredQuestion, StoreError> {
    let posted = row.get::<_, Option<String>>("posted_channel")?.zip(row.get::<_, Option<String>>("posted_ts")?);
    let settled = match row.get::<_, Option<String>>("outcome")? {
        None => None,
        Some(name) => {
            let outcome = QuestionOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == name);
            let outcome = outcome.ok_or_else(|| StoreError::malformed("what became of a question"))?;
            let by = row.get::<_, Option<String>>("settled_by")?.map(PersonId::new);
            Some((outcome, by, timestamp(row.get("settled_at")?)?))
        }
    };
    Ok(StoredQuestion {
        action: ActionId { ticket: TicketId::new(unsigned(row.get("ticket")?)), ordinal: count(row.get("action")?) },
        server: row.get("server")?,
        tool: row.get("tool")?,
        person: row.get::<_, Option<String>>("person")?.map(PersonId::new),
        channel: ChannelId::new(row.get::<_, String>("channel")?),
        asked_at: timestamp(row.get("asked_at")?)?,
        until: timestamp(row.get("until")?)?,
        posted: posted.map(|(channel, ts)| PostedMessage { channel: ChannelId::new(channel), ts: MessageTs::new(ts) }),
        settled,
        document,
        answer,
    })
}
