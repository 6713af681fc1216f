//! What people made of answers, and what was asked.

use deskbell_judgement::summary::shorten;
use rusqlite::{Connection, params};

use super::super::schema::FeedbackOutcome;

/// Opinions that are kept, and questions; older ones make room.
const OPINIONS_KEPT: i64 = 10_000;
const QUESTIONS_KEPT: i64 = 5_000;
/// Questions older than this are forgotten.
const QUESTION_SECONDS: i64 = 180 * 24 * 60 * 60;
/// An outcome belongs to the same question asked so recently.
const OUTCOME_SECONDS: i64 = 14 * 24 * 60 * 60;

/// Of a question that is kept so many characters: people read them in a list.
const QUESTION_CHARS: usize = 200;

/// What somebody made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Opinion {
    pub query: String,
    pub passages: Vec<String>,
    pub outcome: FeedbackOutcome,
}

/// A question that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Question {
    pub query: String,
    pub is_found: bool,
    pub outcome: Option<FeedbackOutcome>,
}

fn named(outcome: FeedbackOutcome) -> &'static str {
    match outcome {
        FeedbackOutcome::Solved => "solved",
        FeedbackOutcome::NotHelpful => "not_helpful",
        FeedbackOutcome::AskedPerson => "asked_person",
    }
}

fn outcome(name: &str) -> Option<FeedbackOutcome> {
    [FeedbackOutcome::Solved, FeedbackOutcome::NotHelpful, FeedbackOutcome::AskedPerson]
        .into_iter()
        .find(|outcome| named(*outcome) == name)
}

/// All opinions.
pub(in super::super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Opinion>> {
    let mut statement = connection.prepare_cached("SELECT query, passages, outcome FROM feedback ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut opinions = Vec::new();
    while let Some(row) = rows.next()? {
        let (passages, name): (String, String) = (row.get(1)?, row.get(2)?);
        let Some(outcome) = outcome(&name) else { continue };
        let passages = serde_json::from_str(&passages).unwrap_or_default();
        opinions.push(Opinion { query: row.get(0)?, passages, outcome });
    }
    Ok(opinions)
}

/// Keeps an opinion, unless one with the mark was kept before; says which.
pub(in super::super) fn add(
    connection: &mut Connection,
    mark: &str,
    opinion: &Opinion,
    now: i64,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let passages = serde_json::to_string(&opinion.passages).unwrap_or_default();
    let is_new = transaction.execute(
        "INSERT OR IGNORE INTO feedback (mark, outcome, query, passages) VALUES (?1, ?2, ?3, ?4)",
        params![mark, named(opinion.outcome), opinion.query, passages],
    )? > 0;
    if is_new {
        transaction
            .execute("DELETE FROM feedback WHERE number <= (SELECT max(number) FROM feedback) - ?1", [OPINIONS_KEPT])?;
        let told = transaction.execute(
            "UPDATE questions SET outcome = ?1 WHERE number =
                 (SELECT max(number) FROM questions WHERE query = ?2 AND asked_at >= ?3 AND outcome IS NULL)",
            params![named(opinion.outcome), shorten(&opinion.query, QUESTION_CHARS), now - OUTCOME_SECONDS],
        )?;
        if told == 0 {
            let question = Question {
                query: opinion.query.clone(),
                is_found: !opinion.passages.is_empty(),
                outcome: Some(opinion.outcome),
            };
            ask(&transaction, &question, now)?;
        }
    }
    transaction.commit()?;
    Ok(is_new)
}

/// Notes that a question was asked.
pub(in super::super) fn ask(connection: &Connection, question: &Question, now: i64) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO questions (asked_at, query, is_found, outcome) VALUES (?1, ?2, ?3, ?4)",
        params![now, shorten(&question.query, QUESTION_CHARS), question.is_found, question.outcome.map(named)],
    )?;
    connection.execute(
        "DELETE FROM questions WHERE asked_at < ?1 OR number <= (SELECT max(number) FROM questions) - ?2",
        params![now - QUESTION_SECONDS, QUESTIONS_KEPT],
    )?;
    Ok(())
}

/// The questions that are kept, oldest first.
pub(in super::super) fn questions(connection: &Connection) -> rusqlite::Result<Vec<Question>> {
    let mut statement = connection.prepare_cached("SELECT query, is_found, outcome FROM questions ORDER BY number")?;
    let rows = statement.query_map([], |row| {
        let name: Option<String> = row.get(2)?;
        Ok(Question { query: row.get(0)?, is_found: row.get(1)?, outcome: name.as_deref().and_then(outcome) })
    })?;
    rows.collect()
}
