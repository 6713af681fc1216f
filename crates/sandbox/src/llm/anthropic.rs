//! Anthropic's messages.
//!
//! <https://docs.anthropic.com/en/api/messages>, <https://docs.anthropic.com/en/api/errors>

use serde_json::{Value, json};

use super::{Asked, KEY, MODEL, Reply, TOKENS};

/// What is wrong with a request: a status and the words of the error.
pub(super) fn fault(asked: &Asked) -> Option<(u16, String)> {
    if asked.key.as_deref() != Some(KEY) {
        return Some((401, "invalid x-api-key".to_owned()));
    }
    let wrong = |message: &str| Some((400, message.to_owned()));
    if asked.version.is_none() {
        return wrong("anthropic-version: header is required");
    }
    let Some(body) = asked.body.as_object() else { return wrong("The request body is not valid JSON") };
    const KNOWN: [&str; 7] = ["model", "max_tokens", "system", "messages", "tools", "tool_choice", "temperature"];
    if let Some(field) = body.keys().find(|field| !KNOWN.contains(&field.as_str())) {
        return wrong(&format!("{field}: Extra inputs are not permitted"));
    }
    if body.get("max_tokens").and_then(Value::as_u64).is_none_or(|most| most == 0) {
        return wrong("max_tokens: Field required");
    }
    if body.get("model").and_then(Value::as_str) != Some(MODEL) {
        return Some((404, "model: not found".to_owned()));
    }
    let role = asked.body.pointer("/messages/0/role").and_then(Value::as_str);
    if role != Some("user") {
        return wrong("messages: first message must use the \"user\" role");
    }
    let chosen = asked.body.pointer("/tool_choice/name");
    let tool = asked.body.pointer("/tools/0");
    let offered = tool.and_then(|tool| tool.get("name"));
    if chosen.is_none() || chosen != offered {
        return wrong("tool_choice: the tool is not among the tools");
    }
    let closed = tool.and_then(|tool| tool.get("input_schema")).is_some_and(Asked::is_closed);
    if closed { None } else { wrong("tools.0.input_schema: JSON schema is invalid") }
}

/// A reply in this shape.
pub(super) fn answer(reply: &Reply) -> Value {
    let (content, stop) = match reply {
        Reply::Answer(form) => {
            let form = json!({ "type": "tool_use", "id": "toolu_sandbox", "name": "answer", "input": form });
            (json!([{ "type": "text", "text": "I fill in the form." }, form]), "tool_use")
        }
        Reply::Text(text) => (json!([{ "type": "text", "text": text }]), "end_turn"),
        Reply::Cut => (json!([{ "type": "text", "text": "I fill" }]), "max_tokens"),
        _ => (json!([]), "refusal"),
    };
    let (input, output) = TOKENS;
    json!({
        "id": "msg_sandbox", "type": "message", "role": "assistant", "model": MODEL, "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": { "input_tokens": input, "output_tokens": output },
    })
}

/// An error in this shape.
pub(super) fn error(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}
