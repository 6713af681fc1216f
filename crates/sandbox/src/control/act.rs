//! What a person does with messages and channels; clicks and commands are in `act_interactions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::act_interactions as interactions;
use crate::core::Core;
use crate::json::text;
use crate::workspace::Workspace;
use crate::workspace::blocks::rich_text;
use crate::workspace::ids::Ts;
use crate::workspace::messages::Message;
use crate::workspace::talk::Edit;

/// Why an act was refused: Slack's word where it has one.
pub(super) type Refusal = String;
pub(super) type ActResult = Result<Value, Refusal>;

/// One act. Answers `{ok: true, ...}` or `{ok: false, error}`, with 404 only for an act unknown here.
pub(super) async fn act(
    State(core): State<Arc<Core>>,
    Path(act): Path<String>,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let result = match act.as_str() {
        "message" => message(&core, &body),
        "edit" => edit(&core, &body),
        "delete" => delete(&core, &body),
        "react" => react(&core, &body, true),
        "unreact" => react(&core, &body, false),
        "join" => join(&core, &body),
        "leave" => leave(&core, &body),
        "invite_bot" => invite_bot(&core, &body),
        "command" => interactions::command(&core, &body).await,
        "block_action" => interactions::block_action(&core, &body).await,
        "shortcut" => interactions::shortcut(&core, &body).await,
        "message_shortcut" => interactions::message_shortcut(&core, &body).await,
        "view_submit" => interactions::view_submit(&core, &body).await,
        "view_close" => interactions::view_close(&core, &body).await,
        "suggestions" => interactions::suggestions(&core, &body).await,
        _ => {
            return (StatusCode::NOT_FOUND, Json(json!({"ok": false, "error": "unknown act"})));
        }
    };
    let answer = match result {
        Ok(mut answer) => {
            if answer.get("ok").is_none() {
                crate::json::set(&mut answer, "ok", true);
            }
            answer
        }
        Err(error) => json!({"ok": false, "error": error}),
    };
    (StatusCode::OK, Json(answer))
}

/// A field that must be there.
pub(super) fn field<'b>(body: &'b Value, key: &str) -> Result<&'b str, Refusal> {
    text(body, key).ok_or_else(|| format!("the field `{key}` is missing"))
}

/// The acting person.
pub(super) fn actor<'b>(workspace: &Workspace, body: &'b Value) -> Result<&'b str, Refusal> {
    let user = field(body, "user")?;
    workspace.people.find(user).map(|_| user).ok_or_else(|| "user_not_found".into())
}

/// The channel of the act, which the person must be in.
pub(super) fn place<'b>(workspace: &Workspace, body: &'b Value, user: &str) -> Result<&'b str, Refusal> {
    let channel = field(body, "channel")?;
    let found = workspace.channels.get(channel).ok_or("channel_not_found")?;
    match (found.has(user), found.is_private) {
        (true, _) => Ok(channel),
        (false, true) => Err("channel_not_found".into()),
        (false, false) => Err("not_in_channel".into()),
    }
}

/// The message that the act is about, as `message_ts` or `ts`.
pub(super) fn message_ts(body: &Value) -> Result<Ts, Refusal> {
    let written = text(body, "message_ts").or(text(body, "ts")).ok_or("the field `message_ts` is missing")?;
    Ts::parse(written).ok_or_else(|| "the field `message_ts` is no timestamp".into())
}

fn message(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let user = actor(workspace, body)?;
        let channel = place(workspace, body, user)?;
        let words = field(body, "text")?;
        let thread = match text(body, "thread_ts") {
            Some(ts) => Some(Ts::parse(ts).ok_or("the field `thread_ts` is no timestamp")?),
            None => None,
        };
        let message = Message {
            user: user.to_owned(),
            text: words.to_owned(),
            blocks: Some(rich_text(words, &mut workspace.ids)),
            client_msg_id: Some(text(body, "client_msg_id").map_or_else(|| workspace.ids.id("m"), str::to_owned)),
            thread,
            // People write none, but their own apps do, in their name.
            metadata: body.get("metadata").filter(|metadata| metadata.is_object()).cloned(),
            ..Message::default()
        };
        let ts = workspace.post(channel, message)?;
        Ok(json!({"ts": ts.to_string(), "channel": channel, "delivery": delivered_to_app(workspace, channel)}))
    })
}

/// Whether events of the channel go to the app; they are delivered in the background.
fn delivered_to_app(workspace: &Workspace, channel: &str) -> &'static str {
    let joined = workspace.channels.get(channel).is_some_and(|place| place.has(workspace.bot()));
    if joined { "queued" } else { "none" }
}

/// The person's own message.
fn own_message(workspace: &Workspace, body: &Value) -> Result<(String, String, Ts), Refusal> {
    let user = actor(workspace, body)?;
    let channel = place(workspace, body, user)?;
    let ts = message_ts(body)?;
    let message = workspace.messages.get(channel, ts).filter(|message| message.is_public());
    if message.ok_or("message_not_found")?.user == user {
        Ok((user.to_owned(), channel.to_owned(), ts))
    } else {
        Err("cant_update_message".into())
    }
}

fn edit(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let (user, channel, ts) = own_message(workspace, body)?;
        let words = field(body, "text")?;
        let blocks = Some(rich_text(words, &mut workspace.ids));
        let edit = Edit { text: Some(words.to_owned()), blocks, ..Edit::default() };
        workspace.edit(&channel, ts, &user, edit)?;
        Ok(json!({"ts": ts.to_string(), "delivery": delivered_to_app(workspace, &channel)}))
    })
}

fn delete(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let (_, channel, ts) = own_message(workspace, body)?;
        workspace.delete(&channel, ts)?;
        Ok(json!({"ts": ts.to_string(), "delivery": delivered_to_app(workspace, &channel)}))
    })
}

fn react(core: &Core, body: &Value, give: bool) -> ActResult {
    core.with(|workspace| {
        let user = actor(workspace, body)?;
        let channel = place(workspace, body, user)?;
        let ts = message_ts(body)?;
        let name = text(body, "reaction").or(text(body, "name")).ok_or("the field `reaction` is missing")?;
        let name = name.trim_matches(':');
        if give {
            workspace.react(channel, ts, user, name)?;
        } else {
            workspace.unreact(channel, ts, user, name)?;
        }
        Ok(json!({"ts": ts.to_string(), "delivery": delivered_to_app(workspace, channel)}))
    })
}

fn join(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let user = actor(workspace, body)?;
        let channel = field(body, "channel")?;
        let is_open = workspace.channels.get(channel).is_some_and(|place| !place.is_private);
        if !is_open {
            return Err("channel_not_found".into());
        }
        let is_new = workspace.join(channel, user, None)?;
        Ok(json!({"already_in_channel": !is_new, "delivery": delivered_to_app(workspace, channel)}))
    })
}

fn leave(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let user = actor(workspace, body)?;
        let channel = place(workspace, body, user)?;
        let was_in = workspace.leave(channel, user)?;
        Ok(json!({"not_in_channel": !was_in}))
    })
}

fn invite_bot(core: &Core, body: &Value) -> ActResult {
    core.with(|workspace| {
        let user = actor(workspace, body)?;
        let channel = place(workspace, body, user)?;
        let bot = workspace.bot().to_owned();
        let is_new = workspace.join(channel, &bot, Some(user))?;
        Ok(json!({"already_in_channel": !is_new, "delivery": delivered_to_app(workspace, channel)}))
    })
}
