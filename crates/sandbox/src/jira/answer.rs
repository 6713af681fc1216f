//! Jira's error bodies.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    messages: Vec<String>,
    errors: Map<String, Value>,
}

impl Refusal {
    /// A general complaint.
    pub(super) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, messages: vec![message.into()], errors: Map::new() }
    }

    /// A 400 with a complaint per field.
    pub(super) fn fields(errors: Map<String, Value>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, messages: Vec::new(), errors }
    }

    /// A 400 with a complaint about one field.
    pub(super) fn field(field: &str, complaint: impl Into<String>) -> Self {
        Self::fields([(field.to_owned(), Value::String(complaint.into()))].into_iter().collect())
    }

    /// What Jira says of an issue that does not exist.
    pub(super) fn no_issue() -> Self {
        Self::message(StatusCode::NOT_FOUND, "Issue does not exist or you do not have permission to see it.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "errorMessages": self.messages, "errors": self.errors });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"Jira\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
