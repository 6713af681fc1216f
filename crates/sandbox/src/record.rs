//! What was asked and answered, for checks against a vendor's document.

use std::collections::VecDeque;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

/// The largest body that is recorded, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Exchanges that are kept; older ones make room.
const KEPT: usize = 1_000;

/// One API request that reached the vendor, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedExchange {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// The path from the API's prefix (`/api/v3`, `/rest/api/3`) on, as it was sent.
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
pub(crate) struct Exchanges {
    kept: VecDeque<RecordedExchange>,
}

impl Exchanges {
    pub(crate) fn add(&mut self, exchange: RecordedExchange) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    pub(crate) fn all(&self) -> Vec<RecordedExchange> {
        self.kept.iter().cloned().collect()
    }
}

/// The answer of what is behind, with the exchange; `None` when a body is too long to be read.
pub(crate) async fn recorded(prefix: &str, request: Request, next: Next) -> Option<(Response, RecordedExchange)> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.ok()?;
    let method = parts.method.to_string();
    let path = parts.uri.path().split(prefix).last().unwrap_or_default();
    let path = format!("{prefix}{path}");
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let query = url::form_urlencoded::parse(query).into_owned().collect();
    let response = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    let (head, answer) = response.into_parts();
    let answer = to_bytes(answer, usize::MAX).await.ok()?;
    let status = head.status.as_u16();
    let (asked, answered) = (value_of(&body), value_of(&answer));
    let exchange = RecordedExchange { method, path, query, body: asked, status, answer: answered };
    Some((Response::from_parts(head, Body::from(answer)), exchange))
}

fn value_of(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}
