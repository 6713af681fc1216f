//! The schema, brought up to date by numbered files. `PRAGMA user_version` says how far a store is.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::audit::seal_head;
use super::error::{OpenError, StoreError};
use super::master_key::MasterKey;

/// Every step, in order; a published one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_tickets_by_issue.sql"),
    include_str!("migrations/0003_questions.sql"),
    include_str!("migrations/0004_tokens.sql"),
    include_str!("migrations/0005_dead_letters_told.sql"),
    include_str!("migrations/0006_open_work.sql"),
    include_str!("migrations/0007_learning.sql"),
    include_str!("migrations/0008_answers.sql"),
];

/// `DSKB`: marks the file as Deskbell's (<https://sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION_ID: i64 = 0x4453_4b42;

/// The schema this binary works with.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Refuses files that are somebody else's or of a newer Deskbell; tells the schema found.
pub(super) fn check(conn: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let (application, found, objects) = read().map_err(|error| open_error(path, error))?;
    let path = path.to_owned();
    let known = newest();
    if application != APPLICATION_ID && (application != 0 || found != 0 || objects != 0) {
        return Err(OpenError::NotAStore { path });
    }
    if found > known {
        return Err(OpenError::Newer { path, found, known });
    }
    Ok(found)
}

/// Runs the missing steps, each in its own transaction with the new version.
pub(super) fn migrate(conn: &Connection, path: &Path, master: &MasterKey) -> Result<(), OpenError> {
    let found = check(conn, path)?;
    for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let failed = |error| open_error(path, error);
        let step = Transaction::new_unchecked(conn, TransactionBehavior::Immediate).map_err(failed)?;
        step.execute_batch(sql).map_err(failed)?;
        if version == 1 {
            seal_head(&step, master).map_err(failed)?;
        }
        let versions = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}");
        step.execute_batch(&versions).map_err(failed)?;
        step.commit().map_err(failed)?;
    }
    Ok(())
}

/// The first object of the database that is not as the migrations make it: a trigger or view that was put there, or a guard that
/// was taken away. `None` when it is all as it should be.
pub(super) fn foreign_object(conn: &Connection) -> rusqlite::Result<Option<String>> {
    let pristine = Connection::open_in_memory()?;
    for sql in MIGRATIONS {
        pristine.execute_batch(sql)?;
    }
    let (expected, found) = (objects(&pristine)?, objects(conn)?);
    Ok(found.symmetric_difference(&expected).next().map(|(kind, name, _)| format!("{kind} {name}")))
}

/// Kind, name and text of all that a database holds, but the statistics that the engine keeps for itself.
fn objects(conn: &Connection) -> rusqlite::Result<BTreeSet<(String, String, Option<String>)>> {
    conn.prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// What the database says while it is being opened, in terms of the mend.
pub(super) fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode;
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotAStore { path },
        Some(ErrorCode::DiskFull) => OpenError::NoSpace { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse { path },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { path, reason: error.to_string() }
        }
        _ => OpenError::Database { path, source: StoreError::from(error) },
    }
}
