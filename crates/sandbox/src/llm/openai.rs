//! OpenAI's chat completions, and Azure's, which are the same behind another door.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

use serde_json::{Value, json};

use super::{Asked, KEY, MODEL, Reply, Shape, TOKENS};

/// What is wrong with a request: a status and the words of the error.
pub(super) fn fault(asked: &Asked) -> Option<(u16, String)> {
    if asked.key.as_deref() != Some(KEY) {
        return Some((401, "Incorrect API key provided".to_owned()));
    }
    let wrong = |message: &str| Some((400, message.to_owned()));
    let Some(body) = asked.body.as_object() else { return wrong("We could not parse the JSON body of your request") };
    const KNOWN: [&str; 6] =
        ["model", "messages", "response_format", "max_tokens", "max_completion_tokens", "temperature"];
    if let Some(field) = body.keys().find(|field| !KNOWN.contains(&field.as_str())) {
        return wrong(&format!("Unrecognized request argument supplied: {field}"));
    }
    if asked.shape == Shape::Azure && !asked.path.contains("api-version=") {
        return Some((404, "Resource not found".to_owned()));
    }
    if body.get("model").and_then(Value::as_str) != Some(MODEL) {
        return Some((404, "The model does not exist or you do not have access to it".to_owned()));
    }
    let roles: Vec<&str> = body
        .get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("role")?.as_str())
        .collect();
    if roles != ["system", "user"] {
        return wrong("Invalid value for 'messages'");
    }
    let schema = asked.body.pointer("/response_format/json_schema/schema");
    let strict = asked.body.pointer("/response_format/json_schema/strict") == Some(&Value::Bool(true));
    match schema {
        Some(schema) if strict && !Asked::is_closed(schema) => wrong(
            "Invalid schema for response_format: 'additionalProperties' is required to be supplied and to be false",
        ),
        _ => None,
    }
}

/// A reply in this shape.
pub(super) fn answer(reply: &Reply) -> Value {
    let (message, finish) = match reply {
        Reply::Answer(form) => (json!({ "role": "assistant", "content": form.to_string() }), "stop"),
        Reply::Text(text) => (json!({ "role": "assistant", "content": text }), "stop"),
        Reply::Filtered => (json!({ "role": "assistant", "content": "" }), "content_filter"),
        Reply::Cut => (json!({ "role": "assistant", "content": "{\"category\": \"pay" }), "length"),
        _ => (json!({ "role": "assistant", "content": null, "refusal": "I can't help with that." }), "stop"),
    };
    let (input, output) = TOKENS;
    json!({
        "id": "chatcmpl-sandbox", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish, "logprobs": null }],
        "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output },
    })
}

/// An error in this shape.
pub(super) fn error(kind: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": kind } })
}
