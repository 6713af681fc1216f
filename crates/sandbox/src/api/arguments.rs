//! A call's arguments: from the query, a form or a JSON body, and the token wherever it is.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::ApiError;
use crate::workspace::ids::Ts;

/// Arguments that hold JSON even when they come in a form.
const STRUCTURED: &[&str] = &["blocks", "attachments", "metadata", "view"];

/// The arguments of one call.
#[derive(Debug)]
pub(crate) struct Arguments {
    fields: Map<String, Value>,
    token: Option<String>,
}

impl Arguments {
    pub(crate) fn read(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Self {
        let mut fields = form_fields(query.unwrap_or_default().as_bytes());
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.starts_with("application/json") {
            if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
                fields.extend(object);
            }
        } else {
            fields.extend(form_fields(body));
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let in_body = fields.remove("token");
        let token = bearer.or(in_body.as_ref().and_then(Value::as_str)).map(str::to_owned);
        Self { fields, token }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The argument as a non-empty string.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The argument as a comma-separated list; clients that send JSON send an array.
    pub(crate) fn list(&self, key: &str) -> Option<String> {
        match self.fields.get(key)? {
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                Some(items.join(","))
            }
            _ => self.text(key).map(str::to_owned),
        }
    }

    /// A string that must be there.
    pub(crate) fn required(&self, key: &'static str) -> Result<&str, ApiError> {
        self.text(key).ok_or_else(|| {
            ApiError::explained("invalid_arguments", vec![format!("[ERROR] missing required field: {key}")])
        })
    }

    /// The argument as a boolean; clients send `true`, `"true"` or `1`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        match self.fields.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => text == "true" || text == "1",
            _ => false,
        }
    }

    /// The argument as a count.
    pub(crate) fn number(&self, key: &str) -> Option<usize> {
        match self.fields.get(key)? {
            Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The argument as a timestamp.
    pub(crate) fn ts(&self, key: &str) -> Option<Ts> {
        match self.fields.get(key)? {
            Value::String(text) => Ts::parse(text),
            Value::Number(number) => Ts::parse(&number.to_string()),
            _ => None,
        }
    }

    /// The argument as JSON; a string is parsed. `Err` says that it does not parse.
    pub(crate) fn json(&self, key: &str) -> Result<Option<Value>, ()> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if STRUCTURED.contains(&key) => {
                serde_json::from_str(text).map(Some).map_err(drop)
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// Every argument, as `api.test` echoes them.
    pub(crate) fn echo(&self) -> Value {
        Value::Object(self.fields.clone())
    }
}

fn form_fields(bytes: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(bytes).map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect()
}
