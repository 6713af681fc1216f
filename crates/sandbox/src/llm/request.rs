//! A request as it came.

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use serde_json::Value;

/// Whose shape a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// OpenAI's chat completions.
    OpenAi,
    /// The same, at an address and with the header of Azure.
    Azure,
    /// Anthropic's messages.
    Anthropic,
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Whose shape.
    pub shape: Shape,
    /// Path and query.
    pub path: String,
    /// The key that it carried, in whichever header the vendor wants it.
    pub key: Option<String>,
    /// `anthropic-version`.
    pub version: Option<String>,
    /// The body; `Null` when it was no JSON.
    pub body: Value,
}

impl Asked {
    pub(super) fn read(shape: Shape, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let key = match shape {
            Shape::OpenAi => header("authorization").and_then(|it| it.strip_prefix("Bearer ").map(str::to_owned)),
            Shape::Azure => header("api-key"),
            Shape::Anthropic => header("x-api-key"),
        };
        Self {
            shape,
            path: uri.to_string(),
            key,
            version: header("anthropic-version"),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
        }
    }

    /// What the model reads as the system's word.
    pub fn system(&self) -> String {
        let system = match self.shape {
            Shape::OpenAi | Shape::Azure => self.body.pointer("/messages/0/content"),
            Shape::Anthropic => self.body.get("system"),
        };
        system.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// What the model reads as the user's word.
    pub fn user(&self) -> String {
        let at = match self.shape {
            Shape::OpenAi | Shape::Azure => "/messages/1/content",
            Shape::Anthropic => "/messages/0/content",
        };
        self.body.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The JSON object that a text in the question tells the model to answer with.
    pub(super) fn told_in_the_text(&self) -> Option<Value> {
        let user = self.user();
        let (_, told) = user.split_once("ANSWER WITH")?;
        let from = told.find('{')?;
        serde_json::Deserializer::from_str(told.get(from..)?).into_iter::<Value>().next()?.ok()
    }

    /// Whether a JSON Schema leaves nothing open, as strict modes demand it.
    pub(super) fn is_closed(schema: &Value) -> bool {
        let inner = schema.get("properties").and_then(Value::as_object);
        let all = inner.is_none_or(|properties| properties.values().all(Self::is_closed));
        let items = schema.get("items").is_none_or(Self::is_closed);
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return all && items;
        }
        let names = |field: &Value| field.as_array().map_or(0, Vec::len);
        let required = schema.get("required").map_or(0, names);
        let is_shut = schema.get("additionalProperties") == Some(&Value::Bool(false));
        is_shut && all && items && inner.is_some_and(|properties| properties.len() == required)
    }
}
