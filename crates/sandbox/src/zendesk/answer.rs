//! Zendesk's error bodies, <https://developer.zendesk.com/api-reference/introduction/requests/#422-unprocessable-entity>.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
    retry_after_seconds: Option<u64>,
}

impl Refusal {
    fn of(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after_seconds: None }
    }

    /// `{"error": ..., "description": ...}`.
    pub(super) fn described(status: StatusCode, error: &str, description: &str) -> Self {
        Self::of(status, json!({ "error": error, "description": description }))
    }

    /// A 422 with complaints per field.
    fn invalid(details: &Map<String, Value>) -> Self {
        let body = json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details });
        Self::of(StatusCode::UNPROCESSABLE_ENTITY, body)
    }

    /// A 422 with one complaint.
    pub(super) fn field(field: &str, complaint: &str) -> Self {
        let details: Map<String, Value> =
            [(field.to_owned(), json!([{ "description": complaint }]))].into_iter().collect();
        Self::invalid(&details)
    }

    /// What is not there, or not for this account.
    pub(super) fn not_found() -> Self {
        Self::described(StatusCode::NOT_FOUND, "RecordNotFound", "Not found")
    }

    /// An id that is no number.
    pub(super) fn bad_id() -> Self {
        let message = "You passed an invalid value for the id attribute. Invalid parameter: id must be an integer";
        Self::of(StatusCode::BAD_REQUEST, json!({ "error": { "title": "Invalid attribute", "message": message } }))
    }

    /// Wrong credentials; OAuth has words of its own.
    pub(super) fn stranger(bearer: bool) -> Self {
        let body = if bearer {
            json!({
                "error": "invalid_token",
                "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
            })
        } else {
            json!({ "error": "Couldn't authenticate you" })
        };
        Self::of(StatusCode::UNAUTHORIZED, body)
    }

    /// Too many requests.
    pub(super) fn too_many(retry_after_seconds: Option<u64>) -> Self {
        let refusal = Self::described(
            StatusCode::TOO_MANY_REQUESTS,
            "APIRateLimitExceeded",
            "Number of allowed API requests per minute exceeded",
        );
        Self { retry_after_seconds, ..refusal }
    }

    /// A failure of Zendesk's own, or a limit, as a fault rule says.
    pub(super) fn fault(status: u16, retry_after_seconds: Option<u64>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Self::too_many(retry_after_seconds);
        }
        let body = json!({ "error": { "title": "Sorry, something went wrong", "message": status.to_string() } });
        Self { retry_after_seconds, ..Self::of(status, body) }
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
