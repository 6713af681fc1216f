//! The log of deliveries: what was sent, when, and how it was answered.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// Entries that are kept; older ones make room.
const KEPT: usize = 20_000;

/// One attempt to deliver.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryRecord {
    /// Position in the log, from 1.
    pub id: u64,
    /// `deliver:events`, `deliver:commands` or `deliver:interactions`.
    pub target: String,
    /// An event's type, a command, or an interaction's type.
    pub what: String,
    /// The event's id, if it is one.
    pub event_id: Option<String>,
    /// 0 for the first attempt, then 1 to 3.
    pub retry: u32,
    /// When it was sent, microseconds since 1970.
    pub sent_at_micros: i64,
    /// Time to the answer, in microseconds.
    pub latency_micros: u64,
    /// HTTP status; 200 for an acknowledged frame; `None` when no answer came.
    pub status: Option<u16>,
    /// Slack's reason when it went wrong: `http_timeout`, `http_error`, `connection_failed`, `no_connection`.
    pub error: Option<String>,
}

/// How deliveries went so far.
#[derive(Debug, Default)]
pub(crate) struct DeliveryLog {
    records: VecDeque<DeliveryRecord>,
    next: u64,
    /// Attempts by target and outcome.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl DeliveryLog {
    /// Enters one attempt and returns it with its id.
    pub(crate) fn add(&mut self, mut record: DeliveryRecord) -> DeliveryRecord {
        self.next += 1;
        record.id = self.next;
        let outcome = if record.error.is_none() { "ok" } else { "failed" };
        *self.counts.entry(format!("{} {outcome}", record.target)).or_default() += 1;
        if self.records.len() >= KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record.clone());
        record
    }

    /// The records after `after`, oldest first.
    pub(crate) fn since(&self, after: u64) -> Vec<DeliveryRecord> {
        self.records.iter().filter(|record| record.id > after).cloned().collect()
    }
}
