//! The payloads of commands, clicks, shortcuts and modals.
//!
//! Shapes: <https://docs.slack.dev/reference/interaction-payloads>.

use serde_json::{Map, Value, json};

use super::act::{Refusal, actor, field, message_ts, place};
use crate::delivery::parcel::{Door, Parcel, VERIFICATION_TOKEN};
use crate::json::{list, merge, owned, set, text};
use crate::seed::APP_ID;
use crate::workspace::Workspace;
use crate::workspace::blocks::find_element;
use crate::workspace::messages::Message;
use crate::workspace::responses::ResponseTarget;

/// Fields of an act that say where, not what.
const ADDRESS_FIELDS: &[&str] =
    &["user", "channel", "message_ts", "ts", "view_id", "block_id", "action_id", "state", "type", "container"];

/// The parts that every interaction carries.
pub(super) fn common(workspace: &Workspace, kind: &str, user: &str) -> Value {
    let name = workspace.people.find(user).map(|person| person.name.clone());
    json!({
        "type": kind, "token": VERIFICATION_TOKEN, "api_app_id": APP_ID,
        "team": {"id": workspace.team_id, "domain": workspace.team_domain},
        "user": {"id": user, "username": name, "name": name, "team_id": workspace.people.team_of(user)},
        "enterprise": null, "is_enterprise_install": false,
    })
}

pub(super) fn parcel(payload: Value) -> Parcel {
    Parcel { door: Door::Interactions, what: owned(&payload, "type"), payload }
}

/// Makes a `response_url`.
pub(super) fn response_url(workspace: &mut Workspace, target: ResponseTarget) -> String {
    let Workspace { responses, ids, base_url, .. } = workspace;
    format!("{base_url}/response/{}", responses.make(ids, target))
}

fn set_trigger(workspace: &mut Workspace, payload: &mut Value, user: &str) {
    let Workspace { views, ids, .. } = workspace;
    set(payload, "trigger_id", views.make_trigger(ids, user));
}

fn set_channel(workspace: &Workspace, payload: &mut Value, channel: &str) {
    let name = workspace.channels.get(channel).map(|place| place.public_name().to_owned());
    set(payload, "channel", json!({"id": channel, "name": name}));
}

/// A slash command's form and what its `response_url` answers to.
pub(super) fn command(workspace: &mut Workspace, body: &Value) -> Result<(Parcel, ResponseTarget), Refusal> {
    let user = actor(workspace, body)?;
    let channel = place(workspace, body, user)?;
    let command = field(body, "command")?;
    if !workspace.commands.iter().any(|known| known.command == command) {
        return Err(format!("{command} is not a valid command"));
    }
    let target = ResponseTarget { channel: channel.to_owned(), user: user.to_owned(), message: None, thread: None };
    let response_url = response_url(workspace, target.clone());
    let Workspace { views, ids, .. } = workspace;
    let trigger_id = views.make_trigger(ids, user);
    let payload = json!({
        "token": VERIFICATION_TOKEN, "team_id": workspace.people.team_of(user), "team_domain": workspace.team_domain,
        "channel_id": channel, "channel_name": workspace.channels.get(channel).map(|c| c.public_name().to_owned()),
        "user_id": user, "user_name": workspace.people.find(user).map(|person| person.name.clone()),
        "command": command, "text": owned(body, "text"), "api_app_id": APP_ID,
        "is_enterprise_install": "false", "response_url": response_url, "trigger_id": trigger_id,
    });
    Ok((Parcel { door: Door::Commands, what: command.to_owned(), payload }, target))
}

/// The message that a person acts on: in their channel, and not another's ephemeral one.
fn message_of(workspace: &Workspace, body: &Value, user: &str) -> Result<(String, Message), Refusal> {
    let channel = place(workspace, body, user)?;
    let message = workspace.messages.get(channel, message_ts(body)?);
    let visible = message.filter(|m| !m.deleted && m.ephemeral_for.as_deref().is_none_or(|reader| reader == user));
    Ok((channel.to_owned(), visible.ok_or("message_not_found")?.clone()))
}

/// The view that a person acts on.
pub(super) fn view_of(workspace: &Workspace, body: &Value, user: &str) -> Result<Value, Refusal> {
    let found = workspace.views.by_id(field(body, "view_id")?).filter(|(owner, _)| owner == user);
    let mut view = found.ok_or("view_not_found")?.1;
    set(&mut view, "state", state_of(body));
    Ok(view)
}

/// What was typed and chosen; a bare map of values is taken too.
fn state_of(body: &Value) -> Value {
    match body.get("state") {
        Some(state) if state.get("values").is_some() => state.clone(),
        Some(values) if values.is_object() => json!({"values": values}),
        _ => json!({"values": {}}),
    }
}

/// Puts the message or view that is acted on into the payload; returns its blocks.
fn set_origin(workspace: &mut Workspace, payload: &mut Value, body: &Value, user: &str) -> Result<Vec<Value>, Refusal> {
    if text(body, "view_id").is_some() {
        let view = view_of(workspace, body, user)?;
        set(payload, "container", json!({"type": "view", "view_id": view.get("id")}));
        let blocks = list(&view, "blocks").to_vec();
        set(payload, "view", view);
        return Ok(blocks);
    }
    let (channel, message) = message_of(workspace, body, user)?;
    let ts = message.ts().to_string();
    let mut container = json!({
        "type": "message", "message_ts": ts, "channel_id": channel,
        "is_ephemeral": message.ephemeral_for.is_some(),
    });
    if let Some(thread) = message.thread {
        set(&mut container, "thread_ts", thread.to_string());
    }
    set(payload, "container", container);
    set_channel(workspace, payload, &channel);
    set(payload, "message", message.slack_object(&workspace.team_id, true));
    set(payload, "state", state_of(body));
    Ok(message.blocks.as_ref().and_then(Value::as_array).cloned().unwrap_or_default())
}

/// A press or a choice in a message or a view.
pub(super) fn block_actions(workspace: &mut Workspace, body: &Value) -> Result<Parcel, Refusal> {
    let user = actor(workspace, body)?.to_owned();
    let mut payload = common(workspace, "block_actions", &user);
    let blocks = set_origin(workspace, &mut payload, body, &user)?;
    set(&mut payload, "actions", json!([action(workspace, &blocks, body)?]));
    set_trigger(workspace, &mut payload, &user);
    if text(body, "view_id").is_none() {
        let (channel, message) = message_of(workspace, body, &user)?;
        let target =
            ResponseTarget { channel, user: user.clone(), message: Some(message.ts()), thread: message.thread };
        set(&mut payload, "response_url", response_url(workspace, target));
    }
    Ok(parcel(payload))
}

fn action(workspace: &mut Workspace, blocks: &[Value], body: &Value) -> Result<Value, Refusal> {
    let action_id = field(body, "action_id")?;
    let (block_id, element) = find_element(blocks, text(body, "block_id"), action_id).ok_or("action_not_found")?;
    let mut action = json!({
        "type": owned(&element, "type"), "action_id": action_id, "block_id": block_id,
        "action_ts": workspace.ids.ts().to_string(),
    });
    for key in ["text", "value", "style", "url", "placeholder"] {
        if let Some(part) = element.get(key) {
            set(&mut action, key, part.clone());
        }
    }
    let chosen = body.as_object().cloned().unwrap_or_default();
    let chosen: Map<String, Value> =
        chosen.into_iter().filter(|(key, _)| !ADDRESS_FIELDS.contains(&key.as_str())).collect();
    merge(&mut action, chosen);
    Ok(action)
}

/// What an external select asks as a person types.
pub(super) fn block_suggestion(workspace: &mut Workspace, body: &Value) -> Result<Parcel, Refusal> {
    let user = actor(workspace, body)?.to_owned();
    let mut payload = common(workspace, "block_suggestion", &user);
    let blocks = set_origin(workspace, &mut payload, body, &user)?;
    let action_id = field(body, "action_id")?;
    let (block_id, _) = find_element(&blocks, text(body, "block_id"), action_id).ok_or("action_not_found")?;
    set(&mut payload, "action_id", action_id);
    set(&mut payload, "block_id", block_id);
    set(&mut payload, "value", owned(body, "value"));
    Ok(parcel(payload))
}

fn known_shortcut<'b>(workspace: &Workspace, body: &'b Value, kind: &str) -> Result<&'b str, Refusal> {
    let callback_id = field(body, "callback_id")?;
    let known = workspace.shortcuts.iter().any(|known| known.callback_id == callback_id && known.kind == kind);
    known.then_some(callback_id).ok_or_else(|| "shortcut_not_found".into())
}

/// A global shortcut.
pub(super) fn shortcut(workspace: &mut Workspace, body: &Value) -> Result<Parcel, Refusal> {
    let user = actor(workspace, body)?;
    let mut payload = common(workspace, "shortcut", user);
    set(&mut payload, "callback_id", known_shortcut(workspace, body, "global")?);
    set(&mut payload, "action_ts", workspace.ids.ts().to_string());
    set_trigger(workspace, &mut payload, user);
    Ok(parcel(payload))
}

/// A message shortcut.
pub(super) fn message_action(workspace: &mut Workspace, body: &Value) -> Result<Parcel, Refusal> {
    let user = actor(workspace, body)?;
    let mut payload = common(workspace, "message_action", user);
    set(&mut payload, "callback_id", known_shortcut(workspace, body, "message")?);
    let (channel, message) = message_of(workspace, body, user)?;
    set(&mut payload, "action_ts", workspace.ids.ts().to_string());
    set(&mut payload, "message_ts", message.ts().to_string());
    set_channel(workspace, &mut payload, &channel);
    set(&mut payload, "message", message.slack_object(&workspace.people.team_of(&message.user), true));
    set_trigger(workspace, &mut payload, user);
    let target = ResponseTarget { channel, user: user.to_owned(), message: None, thread: message.thread };
    set(&mut payload, "response_url", response_url(workspace, target));
    Ok(parcel(payload))
}

/// A submitted modal.
pub(super) fn view_submission(workspace: &mut Workspace, body: &Value) -> Result<Parcel, Refusal> {
    let user = actor(workspace, body)?;
    let view = view_of(workspace, body, user)?;
    let mut payload = common(workspace, "view_submission", user);
    set(&mut payload, "view", view);
    set(&mut payload, "response_urls", json!([]));
    set_trigger(workspace, &mut payload, user);
    Ok(parcel(payload))
}

/// A closed modal, for apps that asked to hear of it.
pub(super) fn view_closed(workspace: &Workspace, view: Value, user: &str, is_cleared: bool) -> Parcel {
    let mut payload = common(workspace, "view_closed", user);
    set(&mut payload, "view", view);
    set(&mut payload, "is_cleared", is_cleared);
    parcel(payload)
}
