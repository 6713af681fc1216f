//! `views.*`: modals and home tabs.

use deskbell_block_kit::limits::{Strictness, check_view_as};
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::chat::explain;
use super::{ApiError, ApiResult};
use crate::core::Core;
use crate::json::text;
use crate::workspace::Workspace;

/// The `view` argument, checked against Slack's limits.
fn content(arguments: &Arguments) -> Result<Value, ApiError> {
    let unreadable = || ApiError::explained("invalid_arguments", vec!["[ERROR] failed to parse view".into()]);
    let view = arguments.json("view").map_err(|()| unreadable())?.filter(Value::is_object).ok_or_else(unreadable)?;
    check_view(&view)?;
    Ok(view)
}

/// Slack's limits on views; each violation goes to the caller.
pub(crate) fn check_view(view: &Value) -> Result<(), ApiError> {
    check_view_as(view, Strictness::Slack)
        .map_err(|violations| ApiError::explained("invalid_arguments", explain(&violations)))
}

fn tell_page(workspace: &mut Workspace, user: &str, view: &Value) {
    workspace.tell_page(json!({"kind": "view", "user": user, "view": view}));
}

pub(super) fn open(core: &Core, arguments: &Arguments) -> ApiResult {
    let trigger_id = arguments.required("trigger_id")?;
    let view = content(arguments)?;
    core.with(|workspace| {
        let Workspace { views, ids, .. } = workspace;
        let replaced = views.stack_of_trigger(trigger_id);
        let (user, view) = views.open(ids, trigger_id, &view)?;
        for view_id in replaced {
            workspace.tell_page(json!({"kind": "view_closed", "user": user, "view_id": view_id}));
        }
        tell_page(workspace, &user, &view);
        Ok(json!({"view": view}))
    })
}

pub(super) fn push(core: &Core, arguments: &Arguments) -> ApiResult {
    let trigger_id = arguments.required("trigger_id")?;
    let view = content(arguments)?;
    core.with(|workspace| {
        let Workspace { views, ids, .. } = workspace;
        let (user, view) = views.push(ids, trigger_id, &view)?;
        tell_page(workspace, &user, &view);
        Ok(json!({"view": view}))
    })
}

pub(super) fn update(core: &Core, arguments: &Arguments) -> ApiResult {
    let view = content(arguments)?;
    let view_id = arguments.text("view_id");
    let external_id = arguments.text("external_id");
    if view_id.is_none() && external_id.is_none() {
        arguments.required("view_id")?;
    }
    core.with(|workspace| {
        let Workspace { views, ids, .. } = workspace;
        let wanted = |view: &Value| match view_id {
            Some(id) => text(view, "id") == Some(id),
            None => text(view, "external_id") == external_id,
        };
        let (user, view) = views.update(ids, wanted, &view, arguments.text("hash"))?;
        tell_page(workspace, &user, &view);
        Ok(json!({"view": view}))
    })
}

pub(super) fn publish(core: &Core, arguments: &Arguments) -> ApiResult {
    let user = arguments.required("user_id")?;
    let view = content(arguments)?;
    core.with(|workspace| {
        if workspace.people.find(user).is_none() {
            return Err("user_not_found".into());
        }
        let Workspace { views, ids, .. } = workspace;
        let view = views.publish(ids, user, &view, arguments.text("hash"))?;
        workspace.tell_page(json!({"kind": "home", "user": user, "view": view}));
        Ok(json!({"view": view}))
    })
}
