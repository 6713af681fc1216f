//! Reading: a few read-only connections beside the writer. Each has a thread of its own.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::{OpenError, StoreError};
use super::master_key::MasterKey;
use super::migrate::open_error;
use crate::threads::Threads;

/// How long a connection waits for a lock that another holds.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a read may use.
pub(super) struct Read<'a> {
    pub conn: &'a Connection,
    pub master: &'a MasterKey,
}

/// The connections, each with a thread of its own.
pub(super) struct Readers {
    threads: Threads<Connection>,
    master: MasterKey,
}

impl Readers {
    /// Opens `count` connections.
    pub fn open(path: &Path, count: usize, master: MasterKey) -> Result<Self, OpenError> {
        let count = count.clamp(1, 64);
        let connections = (0..count).map(|_| open_reader(path)).collect::<rusqlite::Result<Vec<_>>>();
        let connections = connections.map_err(|error| open_error(path, error))?;
        let threads = Threads::start("store-reader", connections).map_err(|error| OpenError::from_io(path, &error))?;
        Ok(Self { threads, master })
    }

    /// Runs a read on one snapshot. Dropping the future leaves the read to finish by itself.
    pub async fn run<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
    {
        let master = self.master.clone();
        let asked = self.threads.run(move |conn| {
            let conn = &*conn;
            on_one_snapshot(conn, || read(&Read { conn, master: &master }))
        });
        asked.await.map_err(|_| StoreError::Stopped)?
    }

    /// Closes the connections once the reads that were asked are done.
    pub async fn close(&self) {
        self.threads.end().await;
    }
}

/// Several statements of one read see the same state.
fn on_one_snapshot<T, E: From<StoreError>>(conn: &Connection, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // Ended when it is dropped, also by a read that panics.
    let snapshot = conn.unchecked_transaction().map_err(StoreError::from)?;
    let value = read()?;
    snapshot.commit().map_err(StoreError::from)?;
    Ok(value)
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -1000;")?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}
