//! What Deskbell remembers: events, jobs, tickets, decisions, the audit trail; embedded in one `SQLite` file.
//!
//! **Reading order**: `commit` (the one way state changes), `events`, `jobs` and `leases` (what drives it), `tickets`, `decisions`,
//! `audit` and `verify`, `people`, `tool_pins`, `questions`, `answers`, `clicks`, `sign_ins`, `labels`, `models`; beneath them
//! `writer` (one thread, group commit), `readers`, `keys` and `seal`, `migrate`.
//!
//! **What holds always**
//! - What a method returned `Ok` for is on disk: WAL with `synchronous = FULL`, one fdatasync shared by all who wait. Leases and
//!   ticket numbers alone may be lost in a power cut, and then nobody relied on them.
//! - A commit is kept whole or not at all, and only while its job's lease is the worker's (the fence).
//! - Customers' words stand in `sealed` columns only. A destroyed key makes them read as erased; the audit chain still verifies.
//! - One process writes. Others may read with [`Store::open_read_only`], put a sign-in beside with [`SignInsBeside`], and ask for
//!   something of the model with [`ModelRequestsBeside`].

mod answers;
mod approved;
mod audit;
mod beside;
mod clicks;
mod commit;
mod dead_letters;
mod decisions;
mod error;
pub mod events;
mod fingerprint;
mod helpdesk_polls;
mod installation;
mod issues;
mod jobs;
mod keys;
mod labels;
mod leases;
mod lock;
mod master_key;
mod migrate;
mod models;
mod open;
mod operations;
mod people;
mod questions;
mod readers;
mod rows;
mod seal;
mod sign_ins;
mod tickets;
mod tool_pins;
mod trail_seal;
mod verify;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

pub use answers::{AnswerCounts, AnswerSettlement, AnswerWords, NewAnswer, StoredAnswer};
pub use audit::{Anchor, AuditFilter, StoredAuditEntry};
pub use clicks::NewClick;
pub use commit::{Commit, TicketWrite};
pub use dead_letters::DeadLetters;
pub use decisions::StoredDecision;
pub use error::{
    AuditBroken, AuditFault, CommitError, Conflict, KeyError, LeaseError, OpenError, StoreError, StoreFault,
    TicketDiffers, TicketFault, ToolFault, VerifyError,
};
pub use events::{EventKind, EventOutcome, NewEvent, Recorded, RecordedInTime, StoredEvent};
pub use helpdesk_polls::HelpdeskPlace;
pub use installation::Installation;
pub use jobs::{DeadLetter, NewJob};
pub use labels::{LabelsWanted, StoredLabel};
pub use leases::ClaimedJob;
pub use master_key::MasterKey;
pub use models::{
    AboutVersion, AutoFrom, ModelRequest, ModelRequestsBeside, ModelStanding, ModelVersion, QueuedModelRequest,
};
pub use operations::{Counts, Pruned, Retention};
pub use people::Erased;
pub use questions::{NewQuestion, QuestionOutcome, Settlement, StoredQuestion};
pub use sign_ins::{SignInsBeside, StoredSignIn};
pub use tickets::{HelpdeskKey, Page, TicketFilter, VersionedTicket};
pub use tool_pins::{Drift, DriftChoice, SeenTool, Standing};
pub use verify::AuditReport;

/// Where the store is and how much of the machine it takes.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database file; `-wal`, `-shm` and `.lock` files stand beside it. A local disk: its log needs shared memory.
    pub path: PathBuf,
    /// Connections for reading, 1 to 64.
    pub readers: usize,
    /// Commands that may wait for the writer; beyond it events are refused with [`StoreError::Overloaded`].
    pub queue_length: usize,
}

impl StoreConfig {
    /// The file with 4 readers and room for 1024 waiting commands.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, queue_length: 1024 }
    }
}

/// The store. A clone is another handle to the same one; the last to go closes the file.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: readers::Readers,
    writer: Option<writer::Writer>,
}

impl Store {
    fn writer(&self) -> Result<&writer::Writer, StoreError> {
        self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)
    }

    async fn read<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&readers::Read<'_>) -> Result<T, E> + Send + 'static,
    {
        self.inner.readers.run(read).await
    }
}
