//! `response_url`: an answer to a command or a click, five times within half an hour.
//!
//! See <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::ApiError;
use super::chat::check_message;
use crate::core::Core;
use crate::faults::answer_with_fault;
use crate::json::{owned, text};
use crate::workspace::Workspace;
use crate::workspace::ids::Ts;
use crate::workspace::messages::Message;
use crate::workspace::responses::ResponseTarget;
use crate::workspace::talk::Edit;

/// One answer, under the fault rules for `response_url`.
pub(crate) async fn respond(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let fault = core.faults.decide("response_url");
    answer_with_fault(fault, async { answer(&core, &id, &body) }).await
}

fn answer(core: &Core, id: &str, body: &[u8]) -> Response {
    let Ok(content) = serde_json::from_slice::<Value>(body) else {
        return failure(StatusCode::BAD_REQUEST, &"invalid_payload".into());
    };
    let target = match core.with(|workspace| workspace.responses.use_once(id)) {
        Ok(target) => target,
        Err(error) => return failure(StatusCode::NOT_FOUND, &error.into()),
    };
    let result = core.with(|workspace| apply(workspace, &target, &content));
    core.count_call("response_url", result.as_ref().map_or_else(|error| error.error, |()| "ok"));
    match result {
        Ok(()) => (StatusCode::OK, "ok").into_response(),
        Err(error) => failure(StatusCode::BAD_REQUEST, &error),
    }
}

fn failure(status: StatusCode, error: &ApiError) -> Response {
    (status, Json(error.body(&[]))).into_response()
}

/// Posts, replaces or deletes as `content` says; commands' immediate answers come this way too.
pub(crate) fn apply(workspace: &mut Workspace, target: &ResponseTarget, content: &Value) -> Result<(), ApiError> {
    check_message(text(content, "text"), content.get("blocks"))?;
    let is = |key: &str| matches!(content.get(key), Some(Value::Bool(true))) || text(content, key) == Some("true");
    if is("delete_original") {
        let ts = target.message.ok_or("message_not_found")?;
        return workspace.delete(&target.channel, ts).map_err(ApiError::from);
    }
    if is("replace_original") && target.message.is_some() {
        return replace(workspace, target, content);
    }
    if text(content, "text").is_none() && content.get("blocks").is_none() && content.get("attachments").is_none() {
        return Err("no_text".into());
    }
    let is_public = text(content, "response_type") == Some("in_channel");
    let asked = text(content, "thread_ts").and_then(Ts::parse);
    let message = Message {
        user: workspace.bot().to_owned(),
        by_app: true,
        text: owned(content, "text"),
        blocks: content.get("blocks").cloned(),
        attachments: content.get("attachments").cloned(),
        thread: asked.or(target.thread),
        ephemeral_for: (!is_public).then(|| target.user.clone()),
        ..Message::default()
    };
    workspace.post(&target.channel, message)?;
    Ok(())
}

fn replace(workspace: &mut Workspace, target: &ResponseTarget, content: &Value) -> Result<(), ApiError> {
    let ts = target.message.ok_or("message_not_found")?;
    let edit = Edit {
        text: text(content, "text").map(str::to_owned),
        blocks: Some(content.get("blocks").cloned().unwrap_or_else(|| json!([]))),
        attachments: content.get("attachments").cloned(),
        metadata: None,
    };
    let bot = workspace.bot().to_owned();
    workspace.edit(&target.channel, ts, &bot, edit)?;
    Ok(())
}
