//! Opening a store: lock, migrate, check the master key, start the writer and the readers.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::OpenError;
use super::keys::KeyRing;
use super::lock::Lock;
use super::master_key::MasterKey;
use super::migrate::{check, foreign_object, migrate, newest, open_error};
use super::readers::{BUSY_TIMEOUT, Readers};
use super::writer::Writer;
use super::{Inner, Store, StoreConfig};

impl Store {
    /// Opens the store, made and brought up to date where needed. Blocks while a migration runs.
    ///
    /// # Errors
    /// Each says the path and the mend: in use, not writable, not a store, of a newer Deskbell, another master key.
    pub fn open(config: &StoreConfig, master: MasterKey) -> Result<Self, OpenError> {
        let path = config.path.as_path();
        let lock = Lock::take(path)?;
        let failed = |error| open_error(path, error);
        make_private(path);
        let conn = open_for_writing(path)?;
        // Nothing is sealed before the key is known to be the store's own.
        if check(&conn, path)? > 0 {
            check_master_key(&conn, path, &master)?;
        }
        migrate(&conn, path, &master)?;
        check_master_key(&conn, path, &master)?;
        // Before the first write: a trigger that was put there acts on each.
        if let Some(object) = foreign_object(&conn).map_err(failed)? {
            return Err(OpenError::ForeignObject { path: path.to_owned(), object });
        }
        // The lock is ours, so whoever held a lease is gone, whatever their clock said.
        conn.execute("UPDATE jobs SET lease_until = 0 WHERE state = 2", []).map_err(failed)?;
        let readers = Readers::open(path, config.readers, master.clone())?;
        let writer = Writer::start(conn, KeyRing::new(master), lock, config.queue_length)
            .map_err(|error| OpenError::from_io(path, &error))?;
        Ok(Self { inner: Arc::new(Inner { readers, writer: Some(writer) }) })
    }

    /// Opens an existing store for reading, also beside the process that writes it. Whatever would change it answers
    /// [`super::StoreError::ReadOnly`].
    ///
    /// # Errors
    /// As [`Self::open`]; a store of an older schema is refused too.
    pub fn open_read_only(config: &StoreConfig, master: MasterKey) -> Result<Self, OpenError> {
        let path = config.path.as_path();
        let failed = |error| open_error(path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
        conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        let found = check(&conn, path)?;
        if found < newest() {
            return Err(OpenError::Older { path: path.to_owned(), found, known: newest() });
        }
        check_master_key(&conn, path, &master)?;
        let readers = Readers::open(path, config.readers, master)?;
        Ok(Self { inner: Arc::new(Inner { readers, writer: None }) })
    }
}

/// Makes a new store's file for its owner alone; the database engine gives its log and index beside it the same mode. What is wrong
/// with the path is said when the engine opens it.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

pub(super) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error| open_error(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    // A file that can't be written is opened for reading without a word, and the first commit would fail.
    if conn.is_readonly("main").map_err(failed)? {
        return Err(OpenError::NotWritable { path: path.to_owned(), reason: "the file is read-only".to_owned() });
    }
    set_up(&conn).map_err(failed)?;
    Ok(conn)
}

fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // secure_delete overwrites a destroyed key in its page.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -2000;
         PRAGMA temp_store = MEMORY;",
    )?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// A new store remembers a value that only its master key opens.
pub(super) fn check_master_key(conn: &Connection, path: &Path, master: &MasterKey) -> Result<(), OpenError> {
    let failed = |error| open_error(path, error);
    let found: Option<Vec<u8>> = conn
        .query_row("SELECT value FROM meta WHERE name = 'master_key_check'", [], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    match found {
        Some(check_value) if master.fits(&check_value) => Ok(()),
        Some(_) => Err(OpenError::WrongMasterKey { path: path.to_owned() }),
        None => conn
            .execute("INSERT INTO meta (name, value) VALUES ('master_key_check', ?1)", [master.check_value()])
            .map(drop)
            .map_err(failed),
    }
}
