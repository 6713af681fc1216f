//! Looking into payloads that promise nothing: what is absent, null or of another type is `None`.

use std::borrow::Cow;

use serde_json::Value;

/// A text that is not empty, by its JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value
        .pointer(pointer)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// The first of several places that holds a text.
pub(super) fn first_text<'v>(value: &'v Value, pointers: &[&str]) -> Option<&'v str> {
    pointers.iter().find_map(|pointer| text(value, pointer))
}

/// An id, which some vendors send as a number.
pub(super) fn id<'v>(value: &'v Value, pointer: &str) -> Option<Cow<'v, str>> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// The elements of an array, none where there is no array.
pub(super) fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The body as a JSON object; anything else is malformed.
pub(super) fn object(raw: &[u8]) -> Option<Value> {
    serde_json::from_slice(raw).ok().filter(Value::is_object)
}

/// The JSON object in a form's `payload` field, as interactions carry it.
pub(super) fn form_payload(raw: &[u8]) -> Option<Value> {
    let (_, payload) = url::form_urlencoded::parse(raw).find(|(name, _)| name == "payload")?;
    object(payload.as_bytes())
}
