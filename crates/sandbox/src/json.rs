//! Small readers over `serde_json::Value`, so that callers need neither indexing nor unwrapping.

use serde_json::{Map, Value};

/// The string under `key`, if it is one and not empty.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The string under `key`, or an owned empty one.
pub(crate) fn owned(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default().to_owned()
}

/// The elements under `key`, or none.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Sets `key` if `value` is an object.
pub(crate) fn set(value: &mut Value, key: &str, item: impl Into<Value>) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), item.into());
    }
}

/// Copies every entry of `from` into `value`, replacing what is there.
pub(crate) fn merge(value: &mut Value, from: Map<String, Value>) {
    if let Some(object) = value.as_object_mut() {
        object.extend(from);
    }
}
