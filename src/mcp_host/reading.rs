//! Reading: what only looks goes this way, and nothing that changes anything.

use std::time::Duration;

use deskbell_domain::enrichment::LapseReason;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::outcome::{CallError, CallOutput};
use super::server::{Server, Turn};
use super::{ErrorRules, McpHost, ToolInfo};

/// A tool that says it only reads, and the turn to call it.
pub struct Reading<'host> {
    server: &'host Server,
    turn: Turn<'host>,
}

/// Why nothing was read. For logs: no customers' words, no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotRead {
    /// What people are told.
    pub why: LapseReason,
    /// What stood in the way, where Deskbell says it; what a server says may hold anything.
    pub reason: String,
    /// It was never sent and may be asked again after this.
    pub again_after: Option<Duration>,
}

/// A server that is starting, or busy, is asked again this soon.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

impl NotRead {
    fn new(why: LapseReason, reason: &str) -> Self {
        Self { why, reason: reason.to_owned(), again_after: None }
    }
}

/// Before the call: all words are Deskbell's own.
fn without_turn(error: &CallError) -> NotRead {
    match error {
        CallError::NotSent { reason, retry_after } => NotRead {
            why: LapseReason::Unreachable,
            reason: reason.to_string(),
            again_after: Some(retry_after.unwrap_or(AGAIN_AFTER)),
        },
        CallError::Transient { .. }
        | CallError::Unknown { .. }
        | CallError::Unclassified { .. }
        | CallError::TooLarge { .. }
        | CallError::TimedOut { .. }
        | CallError::Cancelled => NotRead::new(LapseReason::Failed, "no turn"),
        CallError::Permanent { message } => NotRead::new(LapseReason::Refused, &message.to_string()),
    }
}

/// After it, the server's words are left out: they may quote what it was asked.
fn without_answer(error: &CallError) -> NotRead {
    match error {
        CallError::NotSent { .. } => without_turn(error),
        CallError::Transient { .. } => NotRead::new(LapseReason::Failed, "the server can't answer now"),
        CallError::TooLarge { .. } => NotRead::new(LapseReason::Failed, "the answer is too large"),
        CallError::Unknown { .. } | CallError::TimedOut { .. } | CallError::Cancelled => {
            NotRead::new(LapseReason::Failed, "the answer got lost")
        }
        CallError::Permanent { .. } | CallError::Unclassified { .. } => {
            NotRead::new(LapseReason::Refused, "the server refused the call")
        }
    }
}

impl Reading<'_> {
    /// The tool as it is now.
    pub fn tool(&self) -> &ToolInfo {
        self.turn.tool()
    }

    /// Calls it. A server that does not answer by `until` is looked at, since it may hang.
    ///
    /// # Errors
    /// Why nothing was read; `None`: it is too late.
    pub async fn ask(self, arguments: Map<String, Value>, until: Instant) -> Result<CallOutput, Option<NotRead>> {
        let Self { server, turn } = self;
        let rules = ErrorRules::default();
        let asking = super::take(turn, &server.spec.name, arguments, &rules, None);
        if let Ok(answer) = tokio::time::timeout_at(until, asking).await {
            return answer.map_err(|error| Some(without_answer(&error)));
        }
        server.doubt();
        Err(None)
    }
}

impl McpHost {
    /// Waits for the turn to call a tool that its server says only reads. Sends nothing.
    ///
    /// # Errors
    /// Why it can't be called; also when the tool is not said to only read.
    pub async fn turn_to_read(&self, server: &str, tool: &str) -> Result<Reading<'_>, NotRead> {
        let turn = self.turn(server, tool).await.map_err(|error| without_turn(&error))?;
        let Some(server) = self.inner.servers.get(server) else {
            return Err(NotRead::new(LapseReason::Unbound, "no such server"));
        };
        if !turn.tool().read_only_hint {
            return Err(NotRead::new(LapseReason::Distrusted, "its server does not say that the tool only reads"));
        }
        Ok(Reading { server, turn })
    }

    /// Trying a server before it is relied on, since that it starts says nothing of what stands behind it: calls a tool that the
    /// server says only reads, and drops what it answers.
    ///
    /// # Errors
    /// What the server, or the vendor behind it, says; also when the tool is not said to only read: then nothing is sent.
    pub async fn try_reading(&self, server: &str, tool: &str, arguments: Map<String, Value>) -> Result<(), CallError> {
        self.read(server, tool, arguments).await.map(drop)
    }

    /// Calls a tool that the server says only reads.
    ///
    /// # Errors
    /// As [`Self::try_reading`].
    pub(super) async fn read(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<CallOutput, CallError> {
        if self.tool(server, tool).is_none_or(|known| !known.read_only_hint) {
            return Err(CallError::permanent(format!(
                "{server} does not say that `{tool}` only reads; it was not called"
            )));
        }
        self.call(server, tool, arguments).await
    }
}
