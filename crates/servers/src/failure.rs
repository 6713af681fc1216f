//! How a tool says what went wrong, in a form the host can act on without reading prose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the caller may conclude about the effect of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nothing was done; the same call may succeed later.
    Transient,
    /// Nothing was done, and the same call will fail again until somebody changes something.
    Permanent,
    /// The request was sent and its answer was lost: look for its marker before any repetition.
    Unknown,
}

/// A failed tool call: the structured content of a result with `isError: true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct ToolFailure {
    /// What the caller may conclude.
    pub error_kind: ErrorKind,
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// Seconds to wait before the next attempt, when the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// The vendor's HTTP status, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The vendor's complaint per field, by field id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_errors: BTreeMap<String, String>,
}

impl ToolFailure {
    /// Nothing was done and repetition will not help.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Permanent, message)
    }

    /// Nothing was done; a later repetition may help.
    pub fn transient(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { retry_after_seconds: retry_after.map(|wait| wait.as_secs()), ..Self::of(ErrorKind::Transient, message) }
    }

    /// The request was sent and its fate is not known.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Unknown, message)
    }

    /// The same failure with the vendor's HTTP status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { http_status: Some(status), ..self }
    }

    /// The same failure with the vendor's complaint per field.
    #[must_use]
    pub fn with_field_errors(self, field_errors: BTreeMap<String, String>) -> Self {
        Self { field_errors, ..self }
    }

    fn of(error_kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            error_kind,
            message: message.into(),
            retry_after_seconds: None,
            http_status: None,
            field_errors: BTreeMap::new(),
        }
    }
}

/// The MCP result of a tool: structured content either way, and text that says the same.
pub fn tool_result<T: Serialize>(outcome: Result<T, ToolFailure>) -> CallToolResult {
    let outcome = outcome.map_or_else(Outcome::Failed, Outcome::Done);
    match (serde_json::to_value(&outcome), outcome) {
        (Ok(value), Outcome::Done(_)) => CallToolResult::structured(value),
        (encoded, Outcome::Failed(failure)) => failed_result(failure.message, encoded.ok()),
        (Err(error), Outcome::Done(_)) => {
            let failure = ToolFailure::unknown(format!(
                "the call was carried out, but its result could not be encoded ({error}); \
                 read the object again instead of repeating the call"
            ));
            let encoded = serde_json::to_value(&failure).ok();
            failed_result(failure.message, encoded)
        }
    }
}

fn failed_result(message: String, failure: Option<Value>) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(message)]);
    result.structured_content = failure;
    result
}

/// What a tool's structured content is: its result, or a [`ToolFailure`].
///
/// Declared in the output schema because some clients validate structured content of errors too.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum Outcome<T> {
    /// The call was carried out.
    Done(T),
    /// The call failed or its fate is not known.
    Failed(ToolFailure),
}

/// The output schema of a tool that answers `T`, with the failure as its alternative.
pub fn output_schema<T: JsonSchema + Serialize + 'static>() -> Arc<JsonObject> {
    let schema = rmcp::handler::server::tool::schema_for_output::<Outcome<T>>();
    let mut object = (*schema).clone();
    // Before 2026-07-28 the protocol demands an object at the root of an output schema.
    object.insert("type".to_owned(), "object".into());
    Arc::new(object)
}
