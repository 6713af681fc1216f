//! Looking into payloads that promise nothing: what is absent, null or of another type is `None`.

use std::borrow::Cow;

use serde_json::Value;

/// A text that is not empty, by its JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
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
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The body as a JSON object; anything else is malformed. Half a character, as is left where a text was cut between the
/// escapes of an emoji, is well-formed JSON: it reads as U+FFFD.
pub(super) fn object(raw: &[u8]) -> Option<Value> {
    let whole = serde_json::from_slice(raw).ok();
    let read = whole.or_else(|| {
        let text = std::str::from_utf8(raw).ok()?;
        serde_json::from_str(&without_half_characters(text)?).ok()
    });
    read.filter(Value::is_object)
}

/// The JSON text with U+FFFD for each escaped surrogate that has no partner; `None` if there is none.
fn without_half_characters(text: &str) -> Option<String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once('\\') {
        whole.push_str(before);
        let (escape, length) = match (surrogate(after), after.get(5..).and_then(|next| next.strip_prefix('\\'))) {
            (Some(Half::High), Some(next)) if surrogate(next) == Some(Half::Low) => (after.get(..11)?, 11),
            (Some(_), _) => {
                found = true;
                ("uFFFD", 5)
            }
            (None, _) => {
                let length = after.chars().next().map_or(0, char::len_utf8);
                (after.get(..length)?, length)
            }
        };
        whole.push('\\');
        whole.push_str(escape);
        rest = after.get(length..)?;
    }
    whole.push_str(rest);
    found.then_some(whole)
}

#[derive(Debug, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// What `uD83D`, the part after a backslash, is half of.
fn surrogate(escape: &str) -> Option<Half> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

/// The JSON object in a form's `payload` field, as interactions carry it.
pub(super) fn form_payload(raw: &[u8]) -> Option<Value> {
    let (_, payload) = url::form_urlencoded::parse(raw).find(|(name, _)| name == "payload")?;
    object(payload.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_character_loses_no_payload() {
        for (raw, expected) in [
            (r#"{"t": "a \ud83d b"}"#, "a \u{FFFD} b"),
            (r#"{"t": "\ud83d\ud83d\ude00"}"#, "\u{FFFD}😀"),
            (r#"{"t": "\uDE00\\ud83d \" \n"}"#, "\u{FFFD}\\ud83d \" \n"),
            (r#"{"t": "\ud83d\\ude00"}"#, "\u{FFFD}\\ude00"),
            (r#"{"t": "\ud83d\u0041é"}"#, "\u{FFFD}Aé"),
        ] {
            assert_eq!(object(raw.as_bytes()), Some(json!({ "t": expected })), "{raw}");
        }
        for raw in [&b"{\"t\": \"\\ud83d"[..], b"{\"t\": \"\\ud8", b"{\"t\": \"\\", b"{\"t\": \"\xff\\ud83d\"}"] {
            assert_eq!(object(raw), None);
        }
    }
}
