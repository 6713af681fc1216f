//! Salesforce's error bodies: an array of `{"message", "errorCode", "fields"?}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
    retry_after_seconds: Option<u64>,
}

impl Refusal {
    /// A complaint about no field.
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let body = json!([{ "message": message.into(), "errorCode": code }]);
        Self { status, body, retry_after_seconds: None }
    }

    /// A 400 about fields.
    pub(super) fn fields(code: &str, message: impl Into<String>, fields: &[&str]) -> Self {
        let body = json!([{ "message": message.into(), "errorCode": code, "fields": fields }]);
        Self { status: StatusCode::BAD_REQUEST, body, retry_after_seconds: None }
    }

    /// A 400 about no field.
    pub(super) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What Salesforce says of a record or an address that does not exist.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    /// What Salesforce says to a token that it does not take.
    pub(super) fn session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// The daily limit is used up.
    pub(super) fn limit() -> Self {
        Self::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    }

    /// Several records have the external id: their addresses.
    pub(super) fn several(addresses: &[String]) -> Self {
        Self { status: StatusCode::MULTIPLE_CHOICES, body: json!(addresses), retry_after_seconds: None }
    }

    /// What the token endpoint says.
    pub(super) fn oauth(error: &str, description: &str) -> Self {
        let body = json!({ "error": error, "error_description": description });
        Self { status: StatusCode::BAD_REQUEST, body, retry_after_seconds: None }
    }

    /// Whatever status a fault rule asks for.
    pub(super) fn status(status: u16, retry_after_seconds: Option<u64>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = match status {
            StatusCode::UNAUTHORIZED => Self::session(),
            StatusCode::FORBIDDEN => Self::limit(),
            StatusCode::SERVICE_UNAVAILABLE => Self::new(status, "SERVER_UNAVAILABLE", "Server unavailable"),
            _ => Self::new(status, "UNKNOWN_EXCEPTION", "An unexpected error occurred"),
        };
        Self { status, retry_after_seconds, ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
