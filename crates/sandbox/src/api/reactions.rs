//! `reactions.*`: the bot's reactions.

use serde_json::json;

use super::arguments::Arguments;
use super::chat::{resolve, resolve_joined};
use super::{ApiError, ApiResult};
use crate::core::Core;
use crate::workspace::Workspace;
use crate::workspace::ids::Ts;

fn target<'a>(workspace: &mut Workspace, arguments: &'a Arguments) -> Result<(String, Ts, &'a str), ApiError> {
    let name = arguments.text("name").ok_or("invalid_name")?;
    let channel = resolve_joined(workspace, arguments.text("channel").ok_or("no_item_specified")?)?;
    let ts = arguments.ts("timestamp").ok_or("no_item_specified")?;
    Ok((channel, ts, name.trim_matches(':')))
}

pub(super) fn add(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let (channel, ts, name) = target(workspace, arguments)?;
        let bot = workspace.bot().to_owned();
        workspace.react(&channel, ts, &bot, name)?;
        Ok(json!({}))
    })
}

pub(super) fn remove(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let (channel, ts, name) = target(workspace, arguments)?;
        let bot = workspace.bot().to_owned();
        workspace.unreact(&channel, ts, &bot, name)?;
        Ok(json!({}))
    })
}

pub(super) fn get(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let channel = resolve(workspace, arguments.text("channel").ok_or("no_item_specified")?)?;
        let ts = arguments.ts("timestamp").ok_or("no_item_specified")?;
        let message = workspace.messages.get(&channel, ts).filter(|message| message.is_public());
        let message = message.ok_or("message_not_found")?;
        let mut object = message.slack_object(&workspace.team_id, false);
        crate::json::set(&mut object, "permalink", workspace.permalink(&channel, message));
        Ok(json!({"type": "message", "channel": channel, "message": object}))
    })
}
