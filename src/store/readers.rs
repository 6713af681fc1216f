//! Reading: a few read-only connections beside the writer. A read runs on tokio's blocking threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::error::StoreError;
use super::master_key::MasterKey;

/// How long a connection waits for a lock that another holds.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a read may use.
pub(super) struct Read<'a> {
    pub conn: &'a Connection,
    pub master: &'a MasterKey,
}

/// The connections, lent out one read at a time.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
    master: MasterKey,
}

impl Readers {
    /// Opens `count` connections.
    pub fn open(path: &Path, count: usize, master: MasterKey) -> rusqlite::Result<Self> {
        let count = count.clamp(1, 64);
        let connections = (0..count).map(|_| open_reader(path)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(connections)), free: Arc::new(Semaphore::new(count)), master })
    }

    /// Runs a read on one snapshot. Dropping the future leaves the read to finish by itself.
    pub async fn run<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
    {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let idle = Arc::clone(&self.idle);
        let master = self.master.clone();
        let task = tokio::task::spawn_blocking(move || {
            let conn = lock(&idle).pop().ok_or(StoreError::Stopped)?;
            let result = on_one_snapshot(&conn, || read(&Read { conn: &conn, master: &master }));
            lock(&idle).push(conn);
            drop(permit);
            result
        });
        task.await.map_err(|_| StoreError::Stopped)?
    }

    /// Closes the connections once the reads under way are done.
    pub async fn close(&self) {
        let count = u32::try_from(self.free.available_permits().max(1)).unwrap_or(1);
        drop(self.free.acquire_many(count).await);
        self.free.close();
        lock(&self.idle).clear();
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Several statements of one read see the same state.
fn on_one_snapshot<T, E: From<StoreError>>(conn: &Connection, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    conn.execute_batch("BEGIN").map_err(StoreError::from)?;
    let result = read();
    let ended = conn.execute_batch("COMMIT").map_err(StoreError::from);
    let value = result?;
    ended?;
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
