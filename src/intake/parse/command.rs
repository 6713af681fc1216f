//! Slash commands.

use deskbell_domain::ids::{ChannelId, PersonId, WorkspaceId};
use deskbell_domain::interaction::SlashCommand;
use serde_json::Value;

use super::{CommandOrigin, Intake, ParseError};
use crate::intake::envelope::{CommandEnvelope, CommandFields};
use crate::intake::json;

pub(super) fn parse(raw: &[u8]) -> Result<Intake, ParseError> {
    let fields = fields(raw);
    let command = CommandEnvelope(&fields);
    let name = command.field("command").ok_or(ParseError::Missing("command"))?;
    let Some(name) = SlashCommand::parse(name) else {
        return Ok(Intake::Irrelevant { reason: "a command that is not ours" });
    };
    Ok(Intake::Command {
        command: name,
        text: command.field("text").unwrap_or_default().to_owned(),
        user: PersonId::new(command.field("user_id").ok_or(ParseError::Missing("user_id"))?),
        from: CommandOrigin {
            team: command.field("team_id").map(str::to_owned),
            organisation: command.field("enterprise_id").map(str::to_owned),
        },
        channel: ChannelId::new(command.field("channel_id").ok_or(ParseError::Missing("channel_id"))?),
        channel_name: command.field("channel_name").map(str::to_owned),
        response_url: command.field("response_url").map(str::to_owned),
    })
}

/// The workspace that the command was typed in.
pub(super) fn workspace(raw: &[u8], home: &WorkspaceId) -> WorkspaceId {
    CommandEnvelope(&fields(raw)).workspace(home)
}

/// Over HTTP a form, over Socket Mode an object.
fn fields(raw: &[u8]) -> CommandFields<'_> {
    match json::object(raw) {
        Some(object) => owned(object_fields(&object)),
        None => url::form_urlencoded::parse(raw).collect(),
    }
}

fn owned(fields: CommandFields<'_>) -> CommandFields<'static> {
    fields.into_iter().map(|(name, text)| (name.into_owned().into(), text.into_owned().into())).collect()
}

/// The texts of an object.
pub(in crate::intake) fn object_fields(object: &Value) -> CommandFields<'_> {
    let entries = object.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.into(), value.as_str()?.into()))).collect()
}
