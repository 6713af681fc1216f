//! What a call came to, and above all whether it may have had an effect.

use std::time::Duration;

use rmcp::ServiceError;
use rmcp::model::{CallToolResponse, CallToolResult, ErrorCode};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use serde_json::Value;

use super::binding::ErrorRules;
use super::oauth::{SignInError, sign_in_error};
use super::reason::Reason;
use crate::breaker::Health;

/// What a server says of a failure, in Deskbell's words.
pub(super) const CANT_NOW: &str = "the server can't do it now";
pub(super) const REFUSED: &str = "the server refused it";
pub(super) const CANT_TELL: &str = "the server can't tell whether it did something";
const UNEXPLAINED: &str = "the tool failed without saying whether it did something";

/// The result of a call that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutput {
    /// The structured result; `Null` when the server gives text only.
    pub structured: Value,
    /// The result as text.
    pub text: String,
}

/// Why a call was not carried out, or is not known to have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The request surely never reached the server: it may be repeated at will.
    #[error("the call was not sent: {reason}")]
    NotSent {
        /// What stood in the way.
        reason: Reason,
        /// How long to wait before the next attempt, when known.
        retry_after: Option<Duration>,
    },
    /// The server did nothing and may do it later.
    #[error("{message}")]
    Transient {
        /// What the server says.
        message: Reason,
        /// How long to wait before the next attempt, when the server said so.
        retry_after: Option<Duration>,
    },
    /// The server did nothing, and will not do it until something is changed.
    #[error("{message}")]
    Permanent {
        /// What the server says, with what to mend.
        message: Reason,
    },
    /// The request was sent and its fate is not known: look for its marker before any repetition.
    #[error("the outcome is not known: {reason}")]
    Unknown {
        /// How the answer was lost.
        reason: Reason,
    },
    /// The answer came and is larger than is taken: it was not read, so it is as unknown as [`Self::Unknown`].
    #[error(
        "the outcome is not known: the tool answered, but its result of {size} bytes exceeds response_limit of its [mcp] section"
    )]
    TooLarge {
        /// In bytes.
        size: usize,
    },
    /// No answer came in time: as unknown as [`Self::Unknown`].
    #[error("the outcome is not known: no answer within {waited:?}")]
    TimedOut {
        /// How long the server was silent.
        waited: Duration,
    },
    /// The call was cancelled; what it did until then is not known.
    #[error("the outcome is not known: the call was cancelled")]
    Cancelled,
    /// The tool says that it failed, and nobody knows whether it did something before: a stranger's words for "the vendor
    /// took too long" and for "there is no such project" are both just an error. To be treated like [`Self::Unknown`].
    #[error("{message}")]
    Unclassified {
        /// What the server says.
        message: Reason,
    },
}

impl CallError {
    /// A short word for metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not_sent",
            Self::Transient { .. } => "transient",
            Self::Permanent { .. } => "permanent",
            Self::Unknown { .. } | Self::TooLarge { .. } | Self::TimedOut { .. } => "unknown",
            Self::Unclassified { .. } => "unclassified",
            Self::Cancelled => "cancelled",
        }
    }

    /// Why, with the server's own words.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotSent { reason, .. } | Self::Unknown { reason } => reason.clone(),
            Self::Transient { message, .. } | Self::Permanent { message } | Self::Unclassified { message } => {
                message.clone()
            }
            Self::TooLarge { .. } | Self::TimedOut { .. } | Self::Cancelled => self.to_string().into(),
        }
    }

    pub(super) fn not_sent(reason: impl Into<Reason>, retry_after: Option<Duration>) -> Self {
        Self::NotSent { reason: reason.into(), retry_after }
    }

    pub(super) fn permanent(message: impl Into<Reason>) -> Self {
        Self::Permanent { message: message.into() }
    }

    pub(super) fn unknown(reason: impl Into<Reason>) -> Self {
        Self::Unknown { reason: reason.into() }
    }
}

/// What the outcome says about the server's health.
pub(super) fn health(outcome: &Result<CallOutput, CallError>) -> Health {
    match outcome {
        Ok(_)
        | Err(
            CallError::Permanent { .. }
            | CallError::Unclassified { .. }
            | CallError::TooLarge { .. }
            | CallError::Cancelled,
        ) => Health::Answered,
        Err(CallError::Transient { retry_after: Some(wait), .. }) => Health::Paused(*wait),
        Err(_) => Health::Failed,
    }
}

/// The outcome of an answer that arrived.
pub(super) fn of_response(
    response: CallToolResponse,
    response_bytes_max: usize,
    errors: &ErrorRules,
) -> Result<CallOutput, CallError> {
    match response {
        CallToolResponse::Complete(result) => of_result(result, response_bytes_max, errors),
        CallToolResponse::InputRequired(_) => Err(CallError::permanent(
            "the tool asks for more input, which Deskbell does not give; call a tool that needs none",
        )),
        _ => Err(CallError::unknown("the server goes on with the call in the background and told no result")),
    }
}

fn of_result(result: CallToolResult, response_bytes_max: usize, errors: &ErrorRules) -> Result<CallOutput, CallError> {
    let text: Vec<&str> =
        result.content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect();
    let text = text.join("\n");
    let output = CallOutput { structured: result.structured_content.unwrap_or(Value::Null), text };
    let is_error = result.is_error == Some(true);
    let size = size(&output);
    // Whether it is an error or not, what is too large is not searched.
    if size > response_bytes_max {
        return Err(CallError::TooLarge { size });
    }
    match errors.classify(&output, is_error) {
        Some(error) => Err(error),
        None if is_error => Err(of_tool_error(&output.structured, &output.text)),
        None => Ok(output),
    }
}

/// Many servers say the same as text and structured, as the protocol recommends for older clients: that counts once.
fn size(output: &CallOutput) -> usize {
    let is_same = serde_json::from_str::<Value>(&output.text).is_ok_and(|said| said == output.structured);
    output.text.len() + if is_same { 0 } else { output.structured.to_string().len() }
}

/// Our own servers classify their errors, and whoever does it the same way. Of others nothing is known but words, which
/// `errors` of a binding may explain.
fn of_tool_error(structured: &Value, text: &str) -> CallError {
    let retry_after = structured.get("retry_after_seconds").and_then(Value::as_u64).map(Duration::from_secs);
    match structured.get("error_kind").and_then(Value::as_str) {
        Some("transient") => CallError::Transient { message: Reason::said(CANT_NOW, text), retry_after },
        Some("unknown") => CallError::unknown(Reason::said(CANT_TELL, text)),
        Some("permanent") => CallError::permanent(Reason::said(REFUSED, text)),
        _ => CallError::Unclassified { message: Reason::said(UNEXPLAINED, text) },
    }
}

/// The outcome of a call that brought no answer.
pub(super) fn of_service_error(error: &ServiceError) -> CallError {
    match error {
        ServiceError::McpError(error) => match error.code {
            ErrorCode::INVALID_PARAMS
            | ErrorCode::INVALID_REQUEST
            | ErrorCode::METHOD_NOT_FOUND
            | ErrorCode::PARSE_ERROR => {
                CallError::permanent(Reason::said("the server refused the request", &error.message))
            }
            code => {
                let phrase = format!("the server failed with JSON-RPC error {}", code.0);
                CallError::unknown(Reason::said(phrase, &error.message))
            }
        },
        ServiceError::TransportSend(error) => of_transport_error(error),
        ServiceError::TransportClosed => CallError::unknown("the connection closed before the answer"),
        ServiceError::UnexpectedResponse => {
            CallError::unknown("the server answered with something that is no tool result")
        }
        _ => CallError::unknown("the call was cancelled before the answer"),
    }
}

pub(super) fn of_transport_error(error: &DynamicTransportError) -> CallError {
    let Some(error) = error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>() else {
        return CallError::unknown("the request may have been written to the server in part");
    };
    if let Some(error) = sign_in_error(error) {
        return of_sign_in_error(error);
    }
    match error {
        StreamableHttpError::Client(error) if error.is_connect() => {
            CallError::not_sent("the server could not be reached", None)
        }
        StreamableHttpError::HttpStatus(status) if status.status == 429 => CallError::Transient {
            message: "the server limits the rate of requests".into(),
            retry_after: status
                .retry_after
                .as_ref()
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
        },
        StreamableHttpError::HttpStatus(status) => {
            CallError::unknown(format!("the server answered with HTTP status {}", status.status))
        }
        StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
            CallError::permanent("the server refused the credentials; renew them")
        }
        StreamableHttpError::SessionExpired => CallError::not_sent("the server had forgotten the session", None),
        _ => CallError::unknown("the connection failed before the answer"),
    }
}

/// No token, so nothing was sent that the server would have taken.
fn of_sign_in_error(error: &SignInError) -> CallError {
    match error {
        SignInError::Needed { .. } | SignInError::Failed { .. } => CallError::not_sent(error.reason(), None),
        SignInError::Scope { .. } => CallError::permanent(error.reason()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::ContentBlock;
    use serde_json::json;

    fn tool_error(structured: Value) -> CallError {
        let mut result = CallToolResult::error(vec![ContentBlock::text("words")]);
        result.structured_content = Some(structured);
        of_response(CallToolResponse::Complete(result), 1000, &ErrorRules::default()).unwrap_err()
    }

    #[test]
    fn the_servers_own_classification_counts() {
        assert_eq!(
            tool_error(json!({ "error_kind": "transient", "retry_after_seconds": 3 })),
            CallError::Transient {
                message: Reason::said(CANT_NOW, "words"),
                retry_after: Some(Duration::from_secs(3))
            }
        );
        assert_eq!(
            tool_error(json!({ "error_kind": "unknown" })),
            CallError::unknown(Reason::said(CANT_TELL, "words"))
        );
        assert_eq!(
            tool_error(json!({ "error_kind": "permanent" })),
            CallError::permanent(Reason::said(REFUSED, "words"))
        );
        let unclassified = CallError::Unclassified { message: Reason::said(UNEXPLAINED, "words") };
        assert_eq!(tool_error(Value::Null), unclassified, "a stranger's failure may come after its effect");
        assert_eq!(tool_error(json!({ "error_kind": "odd" })), unclassified);
        assert!(matches!(health(&Err(unclassified)), Health::Answered), "it hangs not");
    }

    #[test]
    fn a_result_beyond_the_limit_is_not_taken() {
        let result = CallToolResult::structured(json!({ "a": "x".repeat(2000) }));
        let outcome = of_response(CallToolResponse::Complete(result), 1000, &ErrorRules::default());
        assert!(matches!(outcome, Err(CallError::TooLarge { .. })), "{outcome:?}");
        assert!(matches!(health(&outcome), Health::Answered), "it is there");
    }

    #[test]
    fn what_is_said_twice_counts_once() {
        let result = CallToolResult::structured(json!({ "a": "x".repeat(700) }));
        let mut otherwise = result.clone();
        otherwise.structured_content = Some(json!({ "a": "y".repeat(700) }));
        let taken = |result| of_response(CallToolResponse::Complete(result), 1000, &ErrorRules::default()).is_ok();
        assert!(taken(result));
        assert!(!taken(otherwise), "each counts where they differ");
    }

    #[test]
    fn an_error_inside_the_server_leaves_the_outcome_open() {
        let inside = rmcp::ErrorData::internal_error("boom", None);
        let error = of_service_error(&ServiceError::McpError(inside));
        assert!(matches!(error, CallError::Unknown { .. }));
        let refused = rmcp::ErrorData::invalid_params("tool not found", None);
        let error = of_service_error(&ServiceError::McpError(refused));
        assert_eq!(error.label(), "permanent");
        assert_eq!(of_service_error(&ServiceError::TransportClosed).label(), "unknown");
    }
}
