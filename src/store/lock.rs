//! One process writes a store: two would each keep keys in memory that the other may destroy.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// Held as long as the store is open for writing; the system releases it when the process dies.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database.
    pub fn take(database: &Path) -> Result<Self, OpenError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let not_writable = |error: &std::io::Error| OpenError::from_io(database, error);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(PathBuf::from(path))
            .map_err(|error| not_writable(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: database.to_owned() }),
            Err(TryLockError::Error(error)) => Err(not_writable(&error)),
        }
    }
}
