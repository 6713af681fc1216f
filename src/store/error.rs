//! What can go wrong with the store, and the mend. No customers' words and no keys in any of it.

use std::path::{Path, PathBuf};

use deskbell_domain::ids::{TicketId, WorkspaceId};

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{path} is in use by another process: stop the other Deskbell, or give this one its own [store] path")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file or its folder can't be made, read or written.
    #[error(
        "{path} can't be opened ({reason}): it must be a file in a folder on a local disk, both writable by the user Deskbell runs as"
    )]
    NotWritable {
        /// The database.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// There is no room for it.
    #[error("the disk of {path} is full: free space on it, or give [store] path another disk")]
    NoSpace {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a Deskbell store: name another file in [store] path, or move this one away")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A newer Deskbell wrote it.
    #[error(
        "{path} was written by a newer Deskbell (schema {found}, this one knows {known}): start that version, or restore a backup"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema this binary knows.
        known: i64,
    },
    /// The schema is older and the store was opened for reading only.
    #[error("{path} has schema {found} and needs {known}: start `deskbell serve` once, it brings it up to date")]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema this binary needs.
        known: i64,
    },
    /// The master key is not the one the store was made with.
    #[error(
        "the master key does not fit {path}: restore the key that the store was made with; without it its sealed contents can't be read"
    )]
    WrongMasterKey {
        /// The database.
        path: PathBuf,
    },
    /// Somebody else put something into it that would act on what Deskbell writes, or took away what guards it.
    #[error(
        "{path} holds {object}, which is not as Deskbell made it: somebody changed the database; restore a backup, and run `deskbell audit verify` on it"
    )]
    ForeignObject {
        /// The database.
        path: PathBuf,
        /// Which, for example `trigger spy`.
        object: String,
    },
    /// Anything else the database says.
    #[error("{path} can't be opened: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What it says.
        source: StoreError,
    },
}

impl OpenError {
    /// What the system said when the file or one beside it was to be made or written.
    pub(super) fn from_io(path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            _ => Self::NotWritable { path, reason: error.to_string() },
        }
    }
}

/// Why a master key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("the master key must be 32 bytes as base64 or as 64 hex digits: make one with `openssl rand -base64 32`")]
    Malformed,
    /// The file holds no key.
    #[error("{path} holds no master key (32 bytes as base64 or as 64 hex digits): restore it from a backup")]
    MalformedFile {
        /// The key file.
        path: PathBuf,
    },
    /// There is no such file.
    #[error(
        "the master key file {path} is missing: restore it from a backup, without it nothing sealed can be read (only for a \
         new store make one: `openssl rand -base64 32`)"
    )]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// The file can't be read or made.
    #[error("the master key file {path} can't be {verb}: {source}")]
    File {
        /// The key file.
        path: PathBuf,
        /// `read` or `made`.
        verb: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
}

/// Why the store did not do it. Nothing of the command was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full. Slack sends events again: answer 503.
    #[error("the store is overloaded: try again")]
    Overloaded,
    /// The store was shut down, or its writer died.
    #[error("the store is shut down")]
    Stopped,
    /// Opened for reading only.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// The database refused.
    #[error("the database failed: {reason}")]
    Database {
        /// What it says, and the mend where one is known.
        reason: String,
    },
    /// A sealed value does not open: it was altered, moved to another row, or the file is damaged.
    #[error("a sealed value in table {table} does not open: the file was altered or is damaged; restore a backup")]
    BrokenSeal {
        /// The table.
        table: &'static str,
    },
    /// A stored value can't be read: a newer version wrote it, or the file is damaged.
    #[error("{what} can't be read: a newer Deskbell wrote it, or the file is damaged")]
    Malformed {
        /// Which value.
        what: String,
    },
}

impl StoreError {
    /// A value that can't be read.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let mend = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => ": free space on its disk",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ": another process holds it, stop that one",
            Some(ErrorCode::ReadOnly) => ": make the file and its folder writable",
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ": restore a backup",
            Some(ErrorCode::SystemIoFailure) => {
                ": check its disk, that there is room on it, and the -wal and -shm files beside it"
            }
            _ => "",
        };
        Self::Database { reason: format!("{error}{mend}") }
    }
}

/// Why a leased job was not touched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// The lease is another worker's by now, or the job is settled: drop the work.
    #[error("the lease has passed to another worker")]
    Fenced,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a commit was not kept. Nothing of it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// The lease is another worker's by now, or the job is settled: drop the work.
    #[error("the lease has passed to another worker")]
    Fenced,
    /// The world moved: load again and step again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What moved between reading and committing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The ticket's version is not the expected one.
    #[error("{ticket} changed meanwhile")]
    VersionMoved {
        /// Which.
        ticket: TicketId,
    },
    /// Other tickets came or went while a decision was made.
    #[error("the squads' load changed meanwhile")]
    LoadMoved,
    /// The Slack message or helpdesk ticket already belongs to another ticket.
    #[error("the source already belongs to {ticket}")]
    SourceOwned {
        /// Whose it is.
        ticket: TicketId,
    },
}

impl Conflict {
    /// Loading the ticket again and stepping again may succeed.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::VersionMoved { .. } | Self::LoadMoved)
    }
}

macro_rules! from_database {
    ($($error:ty),+) => {$(
        impl From<rusqlite::Error> for $error {
            fn from(error: rusqlite::Error) -> Self {
                Self::Store(error.into())
            }
        }
    )+};
}
from_database!(LeaseError, CommitError, VerifyError);

/// Why the audit trail could not be confirmed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    /// It was altered.
    #[error(transparent)]
    Broken(#[from] AuditBroken),
    /// A ticket is not what the trail says.
    #[error(transparent)]
    Ticket(#[from] TicketDiffers),
    /// Something else is not as Deskbell left it.
    #[error(transparent)]
    Beside(#[from] StoreFault),
    /// It could not be read to the end.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The first place where the audit trail does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is broken at entry {seq}: {fault}")]
pub struct AuditBroken {
    /// The first entry that can't be trusted.
    pub seq: u64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What is wrong with an audit entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Its content, or an earlier entry's, was altered.
    #[error("the entry does not match its hash: it was altered")]
    Altered,
    /// It is gone though later ones exist.
    #[error("the entry is missing")]
    Missing,
    /// The store remembers a longer or another trail than it holds.
    #[error("the trail does not end where the store remembers: its end was cut off or replaced")]
    HeadDiffers,
    /// The remembered end does not bear the seal of the store's master key.
    #[error(
        "the trail's end is not sealed with this store's master key: somebody without the key cut it off, replaced it or wrote on"
    )]
    HeadNotSealed,
    /// The anchor names an entry that is not there.
    #[error("the anchor names this entry but the trail is shorter: its end was cut off")]
    ShorterThanAnchor,
    /// The anchor names another hash.
    #[error("the anchor names another hash for this entry: the trail was rewritten")]
    AnchorDiffers,
}

/// The first ticket that is not what the trail says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{ticket} of {workspace} is not what the audit trail says: {fault}")]
pub struct TicketDiffers {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Which.
    pub ticket: TicketId,
    /// What is wrong with it.
    pub fault: TicketFault,
}

/// What is wrong with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketFault {
    /// Its row is another one.
    #[error(
        "entry {entry} names another state of it: its row or a decision was altered, or put back to an earlier one"
    )]
    Differs {
        /// The last entry about it.
        entry: u64,
    },
    /// It is gone.
    #[error("entry {entry} tells of it, and it is gone")]
    Gone {
        /// An entry about it.
        entry: u64,
    },
    /// It never was.
    #[error("no entry tells of it: its row was put there by somebody else")]
    Unknown,
}

/// The first thing beside trail and tickets that is not as Deskbell left it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// A key is gone without a trace.
    #[error(
        "key {key}, under which rows of `{table}` are sealed, is gone: somebody removed it, and what it sealed with it"
    )]
    KeyGone {
        /// Its number.
        key: u64,
        /// Where it is missed.
        table: &'static str,
    },
    /// A key does not open with the master key.
    #[error("key {key} was altered: it does not open with the store's master key")]
    KeyAltered {
        /// Its number.
        key: u64,
    },
    /// Keys were destroyed, or brought back, that no erasure on the trail tells of.
    #[error(
        "the keys of {whose} are not as the erasures on the trail say: a key was destroyed or put back by somebody else"
    )]
    KeyDestroyed {
        /// A person or a workspace.
        whose: String,
    },
    /// A pinned tool is not what the trail says was trusted.
    #[error("the pin of {server}'s tool {tool:?} in {workspace} {fault}")]
    Tool {
        /// Whose workspace.
        workspace: String,
        /// The configured server.
        server: String,
        /// The tool.
        tool: String,
        /// What is wrong with it.
        fault: ToolFault,
    },
    /// A kept policy is another text than its name says.
    #[error("the kept policy {hash} is another text than its hash says: it was altered")]
    Policy {
        /// Its name.
        hash: String,
    },
    /// Who Deskbell is in Slack was written by somebody else.
    #[error("the remembered Slack installation was not written by this store's Deskbell")]
    Installation,
    /// The database's own program was changed.
    #[error("the database holds {object}, which is not as Deskbell made it")]
    Schema {
        /// Which, for example `trigger spy`.
        object: String,
    },
}

/// What is wrong with a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// Its definition is another one.
    #[error("is not the definition that the trail says was trusted last: it was altered")]
    Differs,
    /// It is gone.
    #[error("is gone though the trail tells of it")]
    Gone,
    /// It never was.
    #[error("is one that the trail does not tell of: somebody else put it there")]
    Unknown,
}
