//! The server's own store: an `SQLite` file in the data folder, or in memory where there is none.
//!
//! `documents` holds what the sources said, with its versions and permissions; `people` who is who there; `opinions` what
//! people made of answers. All of it is called from threads that may wait.

pub(super) mod documents;
pub(super) mod opinions;
pub(super) mod people;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::failure::ToolFailure;
pub(super) use documents::{Space, Stored, StoredLine, Text};
pub(super) use opinions::{Opinion, Question};

const FILE: &str = "knowledge.db";
const LOCK_FILE: &str = "knowledge.lock";
/// The shape of the tables; another is refused.
const SHAPE: i64 = 1;
/// Another process that reads the file, such as a backup, is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The store; clones are handles to the same one.
#[derive(Debug, Clone)]
pub(super) struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Mutex<Connection>,
    /// Held as long as the store is open.
    _lock: Option<File>,
}

impl Store {
    /// Opens the folder's store, or one in memory. Says what is wrong.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, String> {
        let lock = folder.map(lock).transpose()?;
        let failed = |error: rusqlite::Error| format!("{FILE} can't be opened ({error})");
        let connection = match folder {
            None => Connection::open_in_memory(),
            Some(folder) => {
                make_private(&folder.join(FILE));
                Connection::open(folder.join(FILE))
            }
        };
        let connection = connection.map_err(failed)?;
        set_up(&connection).map_err(failed)?;
        let shape: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        match shape {
            0 => {
                let script = format!("BEGIN; {} PRAGMA user_version = {SHAPE}; COMMIT;", include_str!("schema.sql"));
                connection.execute_batch(&script).map_err(failed)?;
            }
            SHAPE => {}
            other => return Err(format!("{FILE} is of shape {other}, which this version does not know ({SHAPE})")),
        }
        Ok(Self { shared: Arc::new(Shared { connection: Mutex::new(connection), _lock: lock }) })
    }

    /// Runs `work` on the connection, outside the runtime's own threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ToolFailure> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || store.with(work)).await;
        done.map_err(|_| ToolFailure::unknown("the knowledge server's store did not finish; look before repeating"))?
    }

    /// Runs `work` on the connection here.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, ToolFailure> {
        let mut connection = self.shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|error| {
            // The error of the engine names tables, never what is in them.
            tracing::error!(code = ?error.sqlite_error_code(), "the knowledge server's store failed");
            ToolFailure::transient(
                "the knowledge server's store failed; its log says why. Look at DESKBELL_KNOWLEDGE_DATA: the folder's rights and \
                 the room on its disk",
                None,
            )
        })
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn lock(folder: &Path) -> Result<File, String> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK_FILE));
    let file = file.map_err(|error| format!("{LOCK_FILE} can't be written ({error})"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err("another knowledge server runs over it; give each its own".to_owned()),
        Err(TryLockError::Error(error)) => Err(format!("{LOCK_FILE} can't be locked ({error})")),
    }
}

/// Makes a new store's file for its owner alone; the engine gives its log and index beside it the same mode. What is wrong with
/// the path is said when the engine opens it.
fn make_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // secure_delete: what a source deleted is gone from the file too.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;",
    )
}
