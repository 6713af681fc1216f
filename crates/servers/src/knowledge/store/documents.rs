//! Documents, their versions, and the spaces that they belong to.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::super::audience::Audience;

/// Versions of a document that are kept.
const VERSIONS_KEPT: i64 = 20;

/// A document as its source last told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Stored {
    pub path: String,
    pub source: String,
    pub parent: Option<String>,
    pub title: String,
    pub url: Option<String>,
    pub version: String,
    pub updated_at: Option<String>,
    pub markdown: String,
    pub audience: Audience,
}

/// A document without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct StoredLine {
    pub path: String,
    pub source: String,
    pub parent: Option<String>,
    pub version: String,
    pub audience: Audience,
}

/// What is known of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Space {
    pub audience: Audience,
    pub sweep: i64,
    pub cursor: Option<String>,
    pub swept_at: Option<i64>,
}

/// A document's text at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Text {
    pub title: String,
    pub version: String,
    pub updated_at: Option<String>,
    pub markdown: String,
}

/// What can't be read is closed.
fn audience(json: &str) -> Audience {
    serde_json::from_str(json).unwrap_or(Audience::Nobody)
}

fn written(audience: &Audience) -> String {
    serde_json::to_string(audience).unwrap_or_else(|_| "\"nobody\"".to_owned())
}

/// All documents without their texts.
pub(in super::super) fn lines(connection: &Connection) -> rusqlite::Result<Vec<StoredLine>> {
    let mut statement = connection.prepare_cached("SELECT path, source, parent, version, audience FROM documents")?;
    let rows = statement.query_map([], line)?;
    rows.collect()
}

/// The documents of a source by path, without their texts.
pub(in super::super) fn lines_of(
    connection: &Connection,
    source: &str,
) -> rusqlite::Result<BTreeMap<String, StoredLine>> {
    let mut statement =
        connection.prepare_cached("SELECT path, source, parent, version, audience FROM documents WHERE source = ?1")?;
    let rows = statement.query_map([source], |row| Ok((row.get(0)?, line(row)?)))?;
    rows.collect()
}

fn line(row: &Row<'_>) -> rusqlite::Result<StoredLine> {
    Ok(StoredLine {
        path: row.get(0)?,
        source: row.get(1)?,
        parent: row.get(2)?,
        version: row.get(3)?,
        audience: audience(&row.get::<_, String>(4)?),
    })
}

/// One document.
pub(in super::super) fn one(connection: &Connection, path: &str) -> rusqlite::Result<Option<Stored>> {
    let mut statement = connection.prepare_cached(
        "SELECT path, source, parent, title, url, version, updated_at, markdown, audience FROM documents WHERE path = ?1",
    )?;
    let found = statement.query_row([path], |row| {
        Ok(Stored {
            path: row.get(0)?,
            source: row.get(1)?,
            parent: row.get(2)?,
            title: row.get(3)?,
            url: row.get(4)?,
            version: row.get(5)?,
            updated_at: row.get(6)?,
            markdown: row.get(7)?,
            audience: audience(&row.get::<_, String>(8)?),
        })
    });
    found.optional()
}

/// Writes a document that the sweep saw, and keeps its text among its versions.
pub(in super::super) fn put(transaction: &Transaction<'_>, document: &Stored, sweep: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO documents (path, source, parent, title, url, version, updated_at, markdown, audience, sweep)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (path) DO UPDATE SET source = ?2, parent = ?3, title = ?4, url = ?5, version = ?6, updated_at = ?7,
             markdown = ?8, audience = ?9, sweep = ?10",
        params![
            document.path,
            document.source,
            document.parent,
            document.title,
            document.url,
            document.version,
            document.updated_at,
            document.markdown,
            written(&document.audience),
            sweep
        ],
    )?;
    let text = Text {
        title: document.title.clone(),
        version: document.version.clone(),
        updated_at: document.updated_at.clone(),
        markdown: document.markdown.clone(),
    };
    keep_version(transaction, &document.path, &text)
}

/// Writes a document's place and its readers, which change without a version.
pub(in super::super) fn place(
    transaction: &Transaction<'_>,
    path: &str,
    parent: Option<&str>,
    restriction: &Audience,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE documents SET parent = ?2, audience = ?3 WHERE path = ?1",
        params![path, parent, written(restriction)],
    )?;
    Ok(())
}

/// Notes that the sweep saw a document of the same version.
pub(in super::super) fn touch(transaction: &Transaction<'_>, path: &str, sweep: i64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE documents SET sweep = ?2 WHERE path = ?1", params![path, sweep])?;
    Ok(())
}

/// Forgets a document with its versions.
pub(in super::super) fn remove(transaction: &Transaction<'_>, path: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM documents WHERE path = ?1", [path])?;
    transaction.execute("DELETE FROM versions WHERE path = ?1", [path])?;
    Ok(())
}

/// Forgets a document, its versions and its attachments.
pub(in super::super) fn remove_below(transaction: &Transaction<'_>, path: &str) -> rusqlite::Result<()> {
    let below = format!("{path}/");
    for table in ["documents", "versions"] {
        let sql = format!("DELETE FROM {table} WHERE path = ?1 OR substr(path, 1, length(?2)) = ?2");
        transaction.execute(&sql, [path, &below])?;
    }
    Ok(())
}

/// Forgets the documents of a source that the sweep did not see.
pub(in super::super) fn remove_unseen(
    transaction: &Transaction<'_>,
    source: &str,
    sweep: i64,
) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM versions WHERE path IN (SELECT path FROM documents WHERE source = ?1 AND sweep < ?2)",
        params![source, sweep],
    )?;
    transaction.execute("DELETE FROM documents WHERE source = ?1 AND sweep < ?2", params![source, sweep])
}

/// Forgets the sources that begin so and are none of `kept`.
pub(in super::super) fn keep_sources(
    transaction: &Transaction<'_>,
    beginning: &str,
    kept: &[String],
) -> rusqlite::Result<()> {
    let mut known = transaction.prepare("SELECT source FROM spaces UNION SELECT source FROM documents")?;
    let known: Vec<String> = known.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for source in known.iter().filter(|source| source.starts_with(beginning) && !kept.contains(source)) {
        remove_unseen(transaction, source, i64::MAX)?;
        transaction.execute("DELETE FROM spaces WHERE source = ?1", [source])?;
    }
    Ok(())
}

/// Keeps a text among a document's versions, of which the newest stay.
pub(in super::super) fn keep_version(connection: &Connection, path: &str, text: &Text) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO versions (path, version, title, updated_at, markdown) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (path, version) DO UPDATE SET title = ?3, updated_at = ?4, markdown = ?5",
        params![path, text.version, text.title, text.updated_at, text.markdown],
    )?;
    connection.execute(
        "DELETE FROM versions WHERE path = ?1 AND number NOT IN
             (SELECT number FROM versions WHERE path = ?1 ORDER BY number DESC LIMIT ?2)",
        params![path, VERSIONS_KEPT],
    )?;
    Ok(())
}

/// A document's text as it was.
pub(in super::super) fn version(connection: &Connection, path: &str, version: &str) -> rusqlite::Result<Option<Text>> {
    let mut statement = connection
        .prepare_cached("SELECT title, version, updated_at, markdown FROM versions WHERE path = ?1 AND version = ?2")?;
    let found = statement.query_row([path, version], |row| {
        Ok(Text { title: row.get(0)?, version: row.get(1)?, updated_at: row.get(2)?, markdown: row.get(3)? })
    });
    found.optional()
}

/// All spaces by source.
pub(in super::super) fn spaces(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Space>> {
    let mut statement = connection.prepare_cached("SELECT source, audience, sweep, cursor, swept_at FROM spaces")?;
    let rows = statement.query_map([], |row| {
        let space = Space {
            audience: audience(&row.get::<_, String>(1)?),
            sweep: row.get(2)?,
            cursor: row.get(3)?,
            swept_at: row.get(4)?,
        };
        Ok((row.get(0)?, space))
    })?;
    rows.collect()
}

/// Writes who may read a space.
pub(in super::super) fn open_space(
    transaction: &Transaction<'_>,
    source: &str,
    readers: &Audience,
) -> rusqlite::Result<()> {
    transaction.execute("UPDATE spaces SET audience = ?2 WHERE source = ?1", params![source, written(readers)])?;
    Ok(())
}

/// Notes where the sweep under way goes on; nothing when it is done.
pub(in super::super) fn set_cursor(
    connection: &Connection,
    source: &str,
    cursor: Option<&str>,
) -> rusqlite::Result<()> {
    connection.execute("UPDATE spaces SET cursor = ?2 WHERE source = ?1", params![source, cursor])?;
    Ok(())
}

/// Writes what is known of a space.
pub(in super::super) fn put_space(connection: &Connection, source: &str, space: &Space) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO spaces (source, audience, sweep, cursor, swept_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source) DO UPDATE SET audience = ?2, sweep = ?3, cursor = ?4, swept_at = ?5",
        params![source, written(&space.audience), space.sweep, space.cursor, space.swept_at],
    )?;
    Ok(())
}
