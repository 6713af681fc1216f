//! What was asked and answered, for checks against the vendor's document.

use std::collections::VecDeque;

use serde_json::Value;

/// Exchanges that are kept; older ones make room.
const KEPT: usize = 1_000;

/// One API request that reached the workspace, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedExchange {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// The path from `/api/v3` on, as it was sent.
    pub path: String,
    /// Query parameters in their order, decoded.
    pub query: Vec<(String, String)>,
    /// The body; `Null` when there was none or it was no JSON.
    pub body: Value,
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's body; `Null` when there was none.
    pub answer: Value,
}

/// The last exchanges.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    kept: VecDeque<RecordedExchange>,
}

impl Exchanges {
    pub(super) fn add(&mut self, exchange: RecordedExchange) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    pub(super) fn all(&self) -> Vec<RecordedExchange> {
        self.kept.iter().cloned().collect()
    }
}
