//! Shortcut's error bodies: `{"message": ..., "errors": {field: complaint}}`, at times with a `tag`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    tag: Option<&'static str>,
    errors: Map<String, Value>,
    retry_after_seconds: Option<u64>,
}

impl Refusal {
    /// A general complaint.
    pub(super) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), tag: None, errors: Map::new(), retry_after_seconds: None }
    }

    /// A 400 with a complaint per field.
    pub(super) fn fields(errors: Map<String, Value>) -> Self {
        let message = "The request included invalid or missing parameters.";
        Self { errors, ..Self::message(StatusCode::BAD_REQUEST, message) }
    }

    /// A 400 with a complaint about one field.
    pub(super) fn field(field: &str, complaint: impl Into<Value>) -> Self {
        Self::fields([(field.to_owned(), complaint.into())].into_iter().collect())
    }

    /// A request that is well-formed but can't be carried out.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::message(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// What Shortcut says of anything that does not exist.
    pub(super) fn not_found() -> Self {
        Self::message(StatusCode::NOT_FOUND, "Resource not found.")
    }

    /// What Shortcut says to a token that it does not know.
    pub(super) fn unauthorized() -> Self {
        Self { tag: Some("unauthorized"), ..Self::message(StatusCode::UNAUTHORIZED, "Unauthorized") }
    }

    /// Too many requests, or whatever status a fault rule asks for.
    pub(super) fn status(status: u16, retry_after_seconds: Option<u64>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match status {
            StatusCode::TOO_MANY_REQUESTS => "Too Many Requests",
            _ => "Internal Server Error",
        };
        Self { retry_after_seconds, ..Self::message(status, message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message });
        if let Some(tag) = self.tag {
            crate::json::set(&mut body, "tag", tag);
        }
        if !self.errors.is_empty() {
            crate::json::set(&mut body, "errors", self.errors);
        }
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
