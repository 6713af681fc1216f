//! What the knowledge base said to whom, and what became of it.

use deskbell_domain::action::Action;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, TicketId, WorkspaceId};
use deskbell_domain::knowledge::{Finding, Outcome};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Store;
use super::audit::append;
use super::clicks::{NewClick, keep_click};
use super::error::StoreError;
use super::keys::{open_sealed, sealed_columns};
use super::rows::{from_json, micros, signed, timestamp, to_json, unsigned};
use super::seal::Place;
use super::writer::{Durability, WhenFull, Write};

const WHAT: &str = "an answer";

/// An answer to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// What asked for it: kept once.
    pub cause: String,
    /// The ticket that it is for, if it is for one.
    pub ticket: Option<TicketId>,
    /// Who asked: their key seals the words.
    pub asker: PersonId,
    /// The words.
    pub words: AnswerWords,
}

/// What was asked, and what was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerWords {
    /// The question, as it was asked.
    pub question: String,
    /// What was said; `None`: that nothing is known. Its number is the row's.
    pub finding: Option<Finding>,
    /// The ids of the passages that were shown, by the server that brought each; an id is empty where the server names none.
    pub shown: Vec<(String, String)>,
}

/// An answer that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The ticket that it is for.
    pub ticket: Option<TicketId>,
    /// Who asked.
    pub asker: PersonId,
    /// When it was made.
    pub made_at: Timestamp,
    /// The words; `None` when they were erased.
    pub words: Option<AnswerWords>,
    /// What became of it, and who said so.
    pub outcome: Option<(Outcome, Option<PersonId>)>,
    /// The job that settled it.
    pub settled_cause: Option<String>,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSettlement {
    /// What.
    pub outcome: Outcome,
    /// Who said so; `None`: nobody.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// The job that says so: done again, it finds itself.
    pub cause: String,
    /// What the same click allows: that the knowledge server hears of it.
    pub feedback: Option<Action>,
}

/// How many answers came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Questions.
    pub asked: u64,
    /// Those on which something was said.
    pub found: u64,
    /// Confirmed by a person.
    pub solved: u64,
    /// A person says that they did not help.
    pub not_helpful: u64,
    /// A person wanted a person.
    pub asked_person: u64,
    /// Something was said, and nobody said what it was worth.
    pub silent: u64,
}

impl Store {
    /// Keeps an answer; its number. What the same cause asked for before is written anew, unless somebody settled it.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn keep_answer(&self, answer: NewAnswer) -> Result<u64, StoreError> {
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| insert(write, &answer)).await
    }

    /// An answer.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn answer(&self, workspace: &WorkspaceId, id: u64) -> Result<Option<StoredAnswer>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached("SELECT * FROM answers WHERE workspace = ?1 AND id = ?2")?;
            let mut rows = statement.query(params![workspace.as_str(), signed(id)])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let sealed = sealed_columns(row, "key_id", "sealed")?;
            let opened = open_sealed(read.conn, read.master, &place(workspace.as_str(), signed(id)), sealed)?;
            stored(row, id, opened.into_value()).map(Some)
        })
        .await
    }

    /// Keeps what became of an answer, once, and with it the click that lets the knowledge server hear of it; `false` when it was
    /// settled before, or is forgotten.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn settle_answer(
        &self,
        workspace: &WorkspaceId,
        id: u64,
        settlement: AnswerSettlement,
    ) -> Result<bool, StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| settle(write, &workspace, signed(id), settlement))
            .await
    }

    /// What came of the questions since a moment.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn answer_counts(&self, workspace: &WorkspaceId, since: Timestamp) -> Result<AnswerCounts, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT count(*), count(*) FILTER (WHERE found = 1), count(*) FILTER (WHERE outcome = 'solved'),
                        count(*) FILTER (WHERE outcome = 'not_helpful'), count(*) FILTER (WHERE outcome = 'asked_person'),
                        count(*) FILTER (WHERE found = 1 AND (outcome IS NULL OR outcome = 'silent'))
                 FROM answers WHERE workspace = ?1 AND made_at >= ?2",
            )?;
            let counts = statement.query_row(params![workspace.as_str(), micros(since)], |row| {
                let count = |column: usize| row.get::<_, i64>(column).map(unsigned);
                Ok(AnswerCounts {
                    asked: count(0)?,
                    found: count(1)?,
                    solved: count(2)?,
                    not_helpful: count(3)?,
                    asked_person: count(4)?,
                    silent: count(5)?,
                })
            })?;
            Ok(counts)
        })
        .await
    }
}

fn place(workspace: &str, id: i64) -> Place {
    Place::new("answers", &[workspace, &id.to_string()])
}

fn insert(write: &mut Write<'_>, answer: &NewAnswer) -> Result<u64, StoreError> {
    let NewAnswer { workspace, cause, ticket, asker, words } = answer;
    let id: i64 = write
        .conn
        .prepare_cached(
            "INSERT INTO answers (workspace, cause, ticket, asker, made_at, found) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (workspace, cause) DO UPDATE SET found = iif(outcome IS NULL, excluded.found, found) RETURNING id",
        )?
        .query_row(
            params![
                workspace.as_str(),
                cause,
                ticket.map(|ticket| signed(ticket.number())),
                asker.as_str(),
                micros(Timestamp::now()),
                words.finding.is_some()
            ],
            |row| row.get(0),
        )?;
    let place = place(workspace.as_str(), id);
    let sealed = write.keys.seal(write.conn, workspace, Some(asker), &place, &to_json(WHAT, words)?)?;
    write
        .conn
        .prepare_cached("UPDATE answers SET key_id = ?2, sealed = ?3 WHERE id = ?1 AND outcome IS NULL")?
        .execute(params![id, sealed.key_id, sealed.bytes])?;
    Ok(unsigned(id))
}

fn settle(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    id: i64,
    settlement: AnswerSettlement,
) -> Result<bool, StoreError> {
    let AnswerSettlement { outcome, by, at, cause, feedback } = settlement;
    let settled: Option<(Option<i64>, String)> = write
        .conn
        .prepare_cached(
            "UPDATE answers SET outcome = ?3, settled_by = ?4, settled_at = ?5, settled_cause = ?6
             WHERE workspace = ?1 AND id = ?2 AND outcome IS NULL RETURNING ticket, asker",
        )?
        .query_row(
            params![workspace.as_str(), id, outcome.as_str(), by.as_ref().map(PersonId::as_str), micros(at), cause],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((ticket, asker)) = settled else { return Ok(false) };
    let asker = PersonId::new(asker);
    let actor = by.clone().map_or(Actor::Deskbell, Actor::Person);
    // Of a ticket's answer the ticket's own entry tells.
    if ticket.is_none() {
        let entry = AuditEntry {
            workspace: workspace.clone(),
            ticket: None,
            at,
            actor: actor.clone(),
            kind: AuditKind::AnswerSettled,
            subject: Some(asker.clone()),
            detail: json!({ "answer": id, "outcome": outcome }),
        };
        append(write, &entry, None)?;
    }
    if let (Some(action), Some(by)) = (feedback, by) {
        // It quotes the question, whoever clicks.
        let (workspace, cause) = (workspace.clone(), format!("answer/{id}"));
        keep_click(write, &NewClick { workspace, cause, by, about: asker, action, at })?;
    }
    Ok(true)
}

fn stored(row: &Row<'_>, id: u64, words: Option<Vec<u8>>) -> Result<StoredAnswer, StoreError> {
    let outcome = match row.get::<_, Option<String>>("outcome")? {
        None => None,
        Some(name) => {
            let outcome = Outcome::parse(&name).ok_or_else(|| StoreError::malformed("what became of an answer"))?;
            Some((outcome, row.get::<_, Option<String>>("settled_by")?.map(PersonId::new)))
        }
    };
    let words = words.map(|json| from_json::<AnswerWords>(WHAT, &json)).transpose()?;
    Ok(StoredAnswer {
        ticket: row.get::<_, Option<i64>>("ticket")?.map(|number| TicketId::new(unsigned(number))),
        asker: PersonId::new(row.get::<_, String>("asker")?),
        made_at: timestamp(row.get("made_at")?)?,
        words: words.map(|words| AnswerWords {
            finding: words.finding.map(|finding| Finding { number: id, ..finding }),
            ..words
        }),
        outcome,
        settled_cause: row.get("settled_cause")?,
    })
}
