//! What a person does that the app answers: commands, clicks, shortcuts, modals.
//!
//! These are delivered once, and what the app answers is carried out as Slack carries it out.

use serde_json::{Value, json};

use super::act::{ActResult, actor, field};
use super::interaction;
use crate::api::response_url;
use crate::core::Core;
use crate::delivery::Attempt;
use crate::delivery::parcel::Parcel;
use crate::json::{owned, text};
use crate::workspace::Workspace;
use crate::workspace::messages::Message;
use crate::workspace::responses::ResponseTarget;

/// How a delivery went, for the answer of the act.
fn report(attempt: &Attempt) -> Value {
    json!({"status": attempt.status, "error": attempt.error})
}

/// Slack's word for an app that did not answer.
fn failure_word(attempt: &Attempt) -> &'static str {
    match attempt.error.as_deref() {
        Some("http_timeout" | "timeout") => "operation_timeout",
        _ => "dispatch_failed",
    }
}

fn failed(attempt: &Attempt) -> Value {
    json!({"ok": false, "error": failure_word(attempt), "delivery": report(attempt)})
}

pub(super) async fn command(core: &Core, body: &Value) -> ActResult {
    let (parcel, target) = core.with(|workspace| interaction::command(workspace, body))?;
    let attempt = core.courier.deliver_once(&parcel).await;
    if !attempt.is_acknowledged() {
        let words = format!("{} failed with the error \"{}\"", parcel.what, failure_word(&attempt));
        core.with(|workspace| tell_user(workspace, &target, words))?;
        return Ok(failed(&attempt));
    }
    let answered = core.with(|workspace| answer_command(workspace, &target, &attempt));
    let mut answer = json!({"delivery": report(&attempt)});
    if let Err(error) = answered {
        crate::json::set(&mut answer, "warning", error);
    }
    Ok(answer)
}

/// A word from Slack itself that only the acting person sees.
fn tell_user(workspace: &mut Workspace, target: &ResponseTarget, words: String) -> Result<(), &'static str> {
    let message = Message {
        user: "USLACKBOT".into(),
        username: Some("Slackbot".into()),
        text: words,
        ephemeral_for: Some(target.user.clone()),
        ..Message::default()
    };
    workspace.post(&target.channel, message).map(drop)
}

/// Posts what a command was acknowledged with: JSON, or plain text.
fn answer_command(workspace: &mut Workspace, target: &ResponseTarget, attempt: &Attempt) -> Result<(), &'static str> {
    let content = match attempt.json() {
        Value::Object(object) if object.is_empty() => return Ok(()),
        Value::Object(object) => Value::Object(object),
        _ => match String::from_utf8_lossy(&attempt.body).trim() {
            "" => return Ok(()),
            words => json!({"text": words}),
        },
    };
    response_url::apply(workspace, target, &content).map_err(|error| error.word())
}

/// Delivers an interaction whose answer is not read.
async fn deliver(core: &Core, parcel: &Parcel) -> ActResult {
    let attempt = core.courier.deliver_once(parcel).await;
    if attempt.is_acknowledged() {
        return Ok(json!({"delivery": report(&attempt)}));
    }
    complain(core, parcel);
    Ok(failed(&attempt))
}

/// Shows the acting person that the app did not answer.
fn complain(core: &Core, parcel: &Parcel) {
    let user = parcel.payload.pointer("/user/id").cloned().unwrap_or_default();
    core.tell_page(json!({
        "kind": "toast", "user": user,
        "text": "We had some trouble connecting. Try again?",
    }));
}

pub(super) async fn block_action(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| interaction::block_actions(workspace, body))?;
    deliver(core, &parcel).await
}

pub(super) async fn shortcut(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| interaction::shortcut(workspace, body))?;
    deliver(core, &parcel).await
}

pub(super) async fn message_shortcut(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| interaction::message_action(workspace, body))?;
    deliver(core, &parcel).await
}

pub(super) async fn suggestions(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| interaction::block_suggestion(workspace, body))?;
    let attempt = core.courier.deliver_once(&parcel).await;
    if !attempt.is_acknowledged() {
        return Ok(failed(&attempt));
    }
    let mut answer = json!({"delivery": report(&attempt)});
    for key in ["options", "option_groups"] {
        if let Some(found) = attempt.json().get(key) {
            crate::json::set(&mut answer, key, found.clone());
        }
    }
    Ok(answer)
}

pub(super) async fn view_submit(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| interaction::view_submission(workspace, body))?;
    let attempt = core.courier.deliver_once(&parcel).await;
    if !attempt.is_acknowledged() {
        complain(core, &parcel);
        return Ok(failed(&attempt));
    }
    let user = field(body, "user")?;
    let view_id = field(body, "view_id")?;
    let response = attempt.json();
    let action = text(&response, "response_action").unwrap_or("close").to_owned();
    let mut answer = json!({"response_action": action, "delivery": report(&attempt)});
    if action == "errors" {
        crate::json::set(&mut answer, "ok", false);
        crate::json::set(&mut answer, "error", "invalid input");
        crate::json::set(&mut answer, "errors", response.get("errors").cloned());
        return Ok(answer);
    }
    core.with(|workspace| follow(workspace, user, view_id, &action, &response))?;
    Ok(answer)
}

/// Carries out the `response_action` of a submission.
fn follow(workspace: &mut Workspace, user: &str, view_id: &str, action: &str, response: &Value) -> Result<(), String> {
    let content = response.get("view").cloned().unwrap_or_default();
    if matches!(action, "update" | "push") {
        crate::api::check_view(&content).map_err(|error| format!("{action}: {}", error.word()))?;
    }
    let Workspace { views, ids, .. } = workspace;
    let shown = match action {
        "update" => Some(views.update(ids, |view: &Value| text(view, "id") == Some(view_id), &content, None)?.1),
        "push" => Some(views.push_for(ids, user, &content)?),
        "clear" => {
            let closed = views.clear(user);
            tell_closed(workspace, user, closed);
            None
        }
        _ => {
            let closed = views.close(user, view_id);
            tell_closed(workspace, user, closed);
            None
        }
    };
    if let Some(view) = shown {
        workspace.tell_page(json!({"kind": "view", "user": user, "view": view}));
    }
    Ok(())
}

fn tell_closed(workspace: &mut Workspace, user: &str, closed: Vec<String>) {
    for view_id in closed {
        workspace.tell_page(json!({"kind": "view_closed", "user": user, "view_id": view_id}));
    }
}

pub(super) async fn view_close(core: &Core, body: &Value) -> ActResult {
    let parcel = core.with(|workspace| {
        let user = actor(workspace, body)?;
        let view = interaction::view_of(workspace, body, user)?;
        let flag = |key: &str| view.get(key).and_then(Value::as_bool).unwrap_or(false);
        let wants_all = body.get("is_cleared").and_then(Value::as_bool).unwrap_or(false);
        let is_cleared = wants_all || flag("clear_on_close");
        let notify = flag("notify_on_close");
        let closed =
            if is_cleared { workspace.views.clear(user) } else { workspace.views.close(user, &owned(&view, "id")) };
        tell_closed(workspace, user, closed);
        Ok::<_, String>(notify.then(|| interaction::view_closed(workspace, view, user, is_cleared)))
    })?;
    match parcel {
        Some(parcel) => deliver(core, &parcel).await,
        None => Ok(json!({"delivery": null})),
    }
}
