//! `chat.*`: posting, changing and deleting the bot's own messages.

use deskbell_block_kit::limits::{Strictness, Violation, check_message_as};
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::{ApiError, ApiResult};
use crate::core::Core;
use crate::json::text;
use crate::workspace::Workspace;
use crate::workspace::messages::Message;
use crate::workspace::talk::Edit;

/// Characters of `text` beyond which Slack refuses a message.
const TEXT_LIMIT: usize = 40_000;

/// What a message says, read and checked.
struct Content {
    text: Option<String>,
    blocks: Option<Value>,
    attachments: Option<Value>,
    metadata: Option<Value>,
}

impl Content {
    fn read(arguments: &Arguments) -> Result<Self, ApiError> {
        let text = arguments.text("text").map(str::to_owned);
        if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_LIMIT) {
            return Err("msg_too_long".into());
        }
        let blocks = arguments.json("blocks").map_err(|()| "invalid_blocks_format")?;
        if blocks.as_ref().is_some_and(|blocks| !blocks.is_array()) {
            return Err("invalid_blocks_format".into());
        }
        check_message(text.as_deref(), blocks.as_ref())?;
        let metadata = arguments.json("metadata").map_err(|()| "invalid_metadata_format")?;
        if metadata.as_ref().is_some_and(|metadata| !is_metadata(metadata)) {
            return Err("invalid_metadata_format".into());
        }
        let attachments = arguments.json("attachments").map_err(|()| "invalid_attachments")?;
        Ok(Self { text, blocks, attachments, metadata })
    }

    fn is_empty(&self) -> bool {
        let holds = |part: &Option<Value>| part.as_ref().and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        self.text.is_none() && !holds(&self.blocks) && !holds(&self.attachments)
    }
}

fn is_metadata(metadata: &Value) -> bool {
    let is_empty = metadata.as_object().is_some_and(serde_json::Map::is_empty);
    is_empty || (text(metadata, "event_type").is_some() && metadata.get("event_payload").is_some_and(Value::is_object))
}

/// Slack's limits on messages; each violation goes to the caller.
pub(super) fn check_message(text: Option<&str>, blocks: Option<&Value>) -> Result<(), ApiError> {
    let Some(blocks) = blocks else {
        return Ok(());
    };
    let message = json!({"text": text.unwrap_or_default(), "blocks": blocks});
    check_message_as(&message, Strictness::Slack).map_err(|violations| {
        let error = violations.first().map_or("invalid_blocks", Violation::message_error);
        ApiError::explained(error, explain(&violations))
    })
}

/// The violations as Slack writes them.
pub(super) fn explain(violations: &[Violation]) -> Vec<String> {
    violations
        .iter()
        .map(|found| format!("[ERROR] {} [json-pointer:{}]", found.message, found.json_pointer()))
        .collect()
}

/// The conversation that `channel` means: an id, a name, or a person's id for a direct message.
pub(super) fn resolve(workspace: &mut Workspace, channel: &str) -> Result<String, ApiError> {
    if workspace.people.find(channel).is_some() {
        return workspace.open_im(channel).map(|(id, _)| id).map_err(ApiError::from);
    }
    let name = channel.strip_prefix('#').unwrap_or(channel);
    let found = workspace.channels.get(channel).or_else(|| workspace.channels.find_by_name(name));
    let found = found.filter(|place| !place.is_private || place.has(workspace.bot()));
    found.map(|place| place.id.clone()).ok_or_else(|| "channel_not_found".into())
}

/// The same, and the bot must be in it.
pub(super) fn resolve_joined(workspace: &mut Workspace, channel: &str) -> Result<String, ApiError> {
    let id = resolve(workspace, channel)?;
    let joined = workspace.channels.get(&id).is_some_and(|place| place.has(workspace.bot()));
    if joined { Ok(id) } else { Err("not_in_channel".into()) }
}

pub(super) fn post_message(core: &Core, arguments: &Arguments) -> ApiResult {
    post(core, arguments, None)
}

pub(super) fn post_ephemeral(core: &Core, arguments: &Arguments) -> ApiResult {
    let reader = arguments.required("user")?.to_owned();
    let mut answer = post(core, arguments, Some(reader))?;
    let ts = answer.get("ts").cloned().unwrap_or_default();
    answer = json!({"message_ts": ts});
    Ok(answer)
}

fn post(core: &Core, arguments: &Arguments, ephemeral_for: Option<String>) -> ApiResult {
    let channel = arguments.text("channel").ok_or("channel_not_found")?;
    let content = Content::read(arguments)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let thread = match arguments.text("thread_ts") {
        Some(_) => Some(arguments.ts("thread_ts").ok_or("invalid_thread_ts")?),
        None => None,
    };
    core.with(|workspace| {
        let channel = resolve_joined(workspace, channel)?;
        if let Some(reader) = &ephemeral_for
            && workspace.channels.get(&channel).is_some_and(|place| !place.has(reader))
        {
            return Err("user_not_in_channel".into());
        }
        let message = Message {
            user: workspace.bot().to_owned(),
            by_app: true,
            username: arguments.text("username").map(str::to_owned),
            icon_emoji: arguments.text("icon_emoji").map(str::to_owned),
            text: content.text.unwrap_or_default(),
            blocks: content.blocks,
            attachments: content.attachments,
            metadata: content.metadata,
            thread,
            broadcast: thread.is_some() && arguments.flag("reply_broadcast"),
            ephemeral_for,
            ..Message::default()
        };
        let ts = workspace.post(&channel, message)?;
        let posted = workspace.messages.get(&channel, ts).map(|m| m.slack_object(&workspace.team_id, true));
        Ok(json!({"channel": channel, "ts": ts.to_string(), "message": posted}))
    })
}

/// The bot's own message that `channel` and `ts` name.
fn own_message(
    workspace: &mut Workspace,
    arguments: &Arguments,
    refusal: &'static str,
) -> Result<(String, Message), ApiError> {
    let channel = resolve(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
    let ts = arguments.ts("ts").ok_or("message_not_found")?;
    let message = workspace.messages.get(&channel, ts).filter(|message| message.is_public());
    let message = message.ok_or("message_not_found")?.clone();
    if message.by_app { Ok((channel, message)) } else { Err(refusal.into()) }
}

pub(super) fn update(core: &Core, arguments: &Arguments) -> ApiResult {
    let content = Content::read(arguments)?;
    if content.is_empty() && content.blocks.is_none() && content.attachments.is_none() {
        return Err("no_text".into());
    }
    core.with(|workspace| {
        let (channel, message) = own_message(workspace, arguments, "cant_update_message")?;
        let edit = Edit {
            text: content.text,
            blocks: content.blocks,
            attachments: content.attachments,
            metadata: content.metadata,
        };
        let bot = workspace.bot().to_owned();
        let message = workspace.edit(&channel, message.ts(), &bot, edit)?;
        Ok(json!({
            "channel": channel, "ts": message.ts().to_string(), "text": message.text,
            "message": message.slack_object(&workspace.team_id, true),
        }))
    })
}

pub(super) fn delete(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let (channel, message) = own_message(workspace, arguments, "cant_delete_message")?;
        workspace.delete(&channel, message.ts())?;
        Ok(json!({"channel": channel, "ts": message.ts().to_string()}))
    })
}

pub(super) fn permalink(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let channel = resolve(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        let ts = arguments.ts("message_ts").ok_or("message_not_found")?;
        let message = workspace.messages.get(&channel, ts).filter(|message| message.is_public());
        let link = workspace.permalink(&channel, message.ok_or("message_not_found")?);
        Ok(json!({"channel": channel, "permalink": link}))
    })
}
