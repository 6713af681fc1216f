//! `conversations.*`: what is in a channel, and who.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::chat::{resolve, resolve_joined};
use super::{ApiError, ApiResult};
use crate::core::Core;
use crate::workspace::Workspace;
use crate::workspace::channels::Channel;
use crate::workspace::ids::Ts;
use crate::workspace::messages::Message;

const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 999;

/// The time range and the page that a call asks for, both ends included.
struct Window {
    oldest: Ts,
    latest: Ts,
    limit: usize,
}

impl Window {
    fn read(core: &Core, arguments: &Arguments) -> Result<Self, ApiError> {
        let bound = |key| match arguments.text(key) {
            Some(_) => arguments.ts(key).map(Some).ok_or(ApiError::from(if key == "oldest" {
                "invalid_ts_oldest"
            } else {
                "invalid_ts_latest"
            })),
            None => Ok(arguments.ts(key)),
        };
        // Without `inclusive` the bounds themselves are left out; a bound that is not given is no bound.
        let step = i64::from(!arguments.flag("inclusive"));
        let oldest = bound("oldest")?.map_or(Ts(0), |ts| Ts(ts.0.saturating_add(step)));
        let latest = bound("latest")?.map_or(Ts(i64::MAX), |ts| Ts(ts.0.saturating_sub(step)));
        Ok(Self { oldest, latest, limit: page_limit(arguments).min(core.config.page_max.max(1)) })
    }
}

fn page_limit(arguments: &Arguments) -> usize {
    arguments.number("limit").filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT).min(LARGEST_LIMIT)
}

/// What a cursor holds, behind its base64.
fn read_cursor(arguments: &Arguments, prefix: &str) -> Result<Option<String>, ApiError> {
    let Some(cursor) = arguments.text("cursor") else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(cursor).map_err(|_| "invalid_cursor")?;
    let text = String::from_utf8(bytes).map_err(|_| "invalid_cursor")?;
    let rest = text.strip_prefix(prefix).ok_or("invalid_cursor")?;
    Ok(Some(rest.to_owned()))
}

fn cursor(prefix: &str, next: Option<&str>) -> Value {
    let cursor = next.map(|next| STANDARD.encode(format!("{prefix}{next}"))).unwrap_or_default();
    json!({"next_cursor": cursor})
}

pub(super) fn history(core: &Core, arguments: &Arguments) -> ApiResult {
    let mut window = Window::read(core, arguments)?;
    if let Some(next) = read_cursor(arguments, "next_ts:")? {
        window.latest = Ts(next.parse().map_err(|_| "invalid_cursor")?);
    }
    core.with(|workspace| {
        let channel = resolve_joined(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        let found: Vec<&Message> = workspace
            .messages
            .between(&channel, window.oldest, window.latest)
            .rev()
            .filter(|message| message.is_public() && (!message.is_reply() || message.broadcast))
            .take(window.limit + 1)
            .collect();
        let next = found.get(window.limit).map(|message| message.ts().0.to_string());
        let page = found.into_iter().take(window.limit);
        let messages = objects(workspace, page, arguments.flag("include_all_metadata"));
        Ok(json!({
            "messages": messages, "has_more": next.is_some(), "pin_count": 0,
            "channel_actions_ts": null, "channel_actions_count": 0,
            "response_metadata": cursor("next_ts:", next.as_deref()),
        }))
    })
}

fn objects<'m>(workspace: &Workspace, page: impl Iterator<Item = &'m Message>, with_metadata: bool) -> Vec<Value> {
    page.map(|message| message.slack_object(&workspace.people.team_of(&message.user), with_metadata)).collect()
}

pub(super) fn replies(core: &Core, arguments: &Arguments) -> ApiResult {
    let mut window = Window::read(core, arguments)?;
    let next = read_cursor(arguments, "next_ts:")?;
    let is_first_page = next.is_none();
    if let Some(next) = next {
        window.oldest = Ts(next.parse().map_err(|_| "invalid_cursor")?);
    }
    let root = arguments.ts("ts").ok_or("thread_not_found")?;
    core.with(|workspace| {
        let channel = resolve_joined(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        let first = workspace.messages.get(&channel, root).filter(|message| message.ephemeral_for.is_none());
        let first =
            first.filter(|message| message.is_public() || !message.replies.is_empty()).ok_or("thread_not_found")?;
        let thread = std::iter::once(&root).chain(&first.replies);
        // The root leads the first page whatever the range is.
        let within = |ts: &Ts| (is_first_page && *ts == root) || (*ts >= window.oldest && *ts <= window.latest);
        let found: Vec<&Message> = thread
            .filter(|ts| within(ts))
            .filter_map(|ts| workspace.messages.get(&channel, *ts))
            .filter(|message| message.is_public())
            .take(window.limit + 1)
            .collect();
        let next = found.get(window.limit).map(|message| message.ts().0.to_string());
        let page = found.into_iter().take(window.limit);
        let messages = objects(workspace, page, arguments.flag("include_all_metadata"));
        Ok(json!({
            "messages": messages, "has_more": next.is_some(),
            "response_metadata": cursor("next_ts:", next.as_deref()),
        }))
    })
}

pub(super) fn info(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let channel = resolve(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        Ok(json!({"channel": conversation(workspace, &channel)}))
    })
}

fn conversation(workspace: &Workspace, channel: &str) -> Value {
    let found = workspace.channels.get(channel);
    found.map(|place| place.conversation_object(&workspace.team_id, workspace.bot())).unwrap_or_default()
}

pub(super) fn list(core: &Core, arguments: &Arguments) -> ApiResult {
    let types = arguments.list("types").unwrap_or_else(|| "public_channel".into());
    let after = read_cursor(arguments, "after:")?.unwrap_or_default();
    let limit = page_limit(arguments);
    Ok(core.with(|workspace| {
        let bot = workspace.bot();
        let wanted = |kind: &str| types.split(',').any(|wanted| wanted.trim() == kind);
        let mut found: Vec<(&str, Value)> = workspace
            .channels
            .iter()
            .filter(|place| place.id > after && (!place.is_private || place.has(bot)))
            .filter(|place| match place.kind() {
                "im" => wanted("im"),
                "group" => wanted("private_channel"),
                _ => wanted("public_channel"),
            })
            .take(limit + 1)
            .map(|place| (place.id.as_str(), place.conversation_object(&workspace.team_id, bot)))
            .collect();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().map(|(id, _)| *id).filter(|_| has_more);
        let metadata = cursor("after:", next);
        let channels: Vec<Value> = found.into_iter().map(|(_, object)| object).collect();
        json!({"channels": channels, "response_metadata": metadata})
    }))
}

pub(super) fn members(core: &Core, arguments: &Arguments) -> ApiResult {
    let skip: usize = match read_cursor(arguments, "skip:")? {
        Some(skip) => skip.parse().map_err(|_| "invalid_cursor")?,
        None => 0,
    };
    let limit = page_limit(arguments);
    core.with(|workspace| {
        let channel = resolve(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        let all = workspace.channels.get(&channel).map(|place| place.members.clone()).unwrap_or_default();
        let page: Vec<&String> = all.iter().skip(skip).take(limit).collect();
        let next = (skip + limit < all.len()).then(|| (skip + limit).to_string());
        Ok(json!({"members": page, "response_metadata": cursor("skip:", next.as_deref())}))
    })
}

pub(super) fn open(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let (id, already) = match arguments.list("users") {
            Some(users) if users.contains(',') => return Err("not_supported_in_sandbox".into()),
            Some(user) => workspace.open_im(user.trim())?,
            None => (resolve(workspace, arguments.text("channel").ok_or("users_list_not_supplied")?)?, true),
        };
        let channel = if arguments.flag("return_im") { conversation(workspace, &id) } else { json!({"id": id}) };
        Ok(json!({"channel": channel, "no_op": already, "already_open": already}))
    })
}

pub(super) fn join(core: &Core, arguments: &Arguments) -> ApiResult {
    core.with(|workspace| {
        let channel = resolve(workspace, arguments.text("channel").ok_or("channel_not_found")?)?;
        if workspace.channels.get(&channel).is_some_and(|place| place.kind() != "channel") {
            return Err("method_not_supported_for_channel_type".into());
        }
        let bot = workspace.bot().to_owned();
        let is_new = workspace.join(&channel, &bot, None)?;
        let mut answer = json!({"channel": conversation(workspace, &channel)});
        if !is_new {
            crate::json::set(&mut answer, "warning", "already_in_channel");
            crate::json::set(&mut answer, "response_metadata", json!({"warnings": ["already_in_channel"]}));
        }
        Ok(answer)
    })
}

/// Characters of a channel's name at most, <https://docs.slack.dev/reference/methods/conversations.create>.
const NAME_MAX: usize = 80;

pub(super) fn create(core: &Core, arguments: &Arguments) -> ApiResult {
    let name = arguments.text("name").ok_or("invalid_name_required")?;
    if name.chars().count() > NAME_MAX {
        return Err("invalid_name_maxlength".into());
    }
    if name.chars().any(|c| c.is_uppercase() || !(c.is_alphanumeric() || c == '-' || c == '_')) {
        return Err("invalid_name_specials".into());
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err("invalid_name_punctuation".into());
    }
    core.with(|workspace| {
        // Private channels that the bot does not see hold their names too.
        if workspace.channels.find_by_name(name).is_some() {
            return Err("name_taken".into());
        }
        let (id, created) = (workspace.ids.id("C"), workspace.ids.ts().seconds());
        let made = Channel::made(id.clone(), name.to_owned(), arguments.flag("is_private"), workspace.bot(), created);
        workspace.channels.insert(made);
        workspace.tell_page_of_channel(&id);
        Ok(json!({"channel": conversation(workspace, &id)}))
    })
}
