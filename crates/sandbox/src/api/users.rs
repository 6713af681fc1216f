//! `users.*`: who people are.

use serde_json::{Value, json};

use super::ApiResult;
use super::arguments::Arguments;
use crate::core::Core;

/// E-mail addresses are shown only with their own scope.
fn sees_email(core: &Core) -> bool {
    core.config.scopes.iter().any(|scope| scope == "users:read.email")
}

pub(super) fn info(core: &Core, arguments: &Arguments) -> ApiResult {
    let id = arguments.text("user").ok_or("user_not_found")?;
    core.with(|workspace| {
        let person = workspace.people.find(id).ok_or("user_not_found")?;
        Ok(json!({"user": workspace.user_object(person, sees_email(core))}))
    })
}

// Every method has one signature, whether it can fail or not.
#[expect(clippy::unnecessary_wraps)]
pub(super) fn list(core: &Core, _arguments: &Arguments) -> ApiResult {
    Ok(core.with(|workspace| {
        let people = &workspace.people;
        let members: Vec<Value> = people.iter().map(|person| workspace.user_object(person, sees_email(core))).collect();
        json!({"members": members, "cache_ts": 1_700_000_000, "response_metadata": {"next_cursor": ""}})
    }))
}

pub(super) fn lookup_by_email(core: &Core, arguments: &Arguments) -> ApiResult {
    let email = arguments.text("email").ok_or("users_not_found")?;
    core.with(|workspace| {
        // Slack finds members of the own team only, never strangers of a shared channel.
        let person = workspace.people.find_by_email(email).filter(|person| !person.is_external);
        let person = person.ok_or("users_not_found")?;
        Ok(json!({"user": workspace.user_object(person, true)}))
    })
}

// Every method has one signature, whether it can fail or not.
#[expect(clippy::unnecessary_wraps)]
pub(super) fn groups(core: &Core, arguments: &Arguments) -> ApiResult {
    let (with_users, with_count) = (arguments.flag("include_users"), arguments.flag("include_count"));
    Ok(core.with(|workspace| {
        let groups = workspace.user_groups.iter();
        let shown: Vec<Value> =
            groups.map(|group| group.slack_object(&workspace.team_id, with_users, with_count)).collect();
        json!({"usergroups": shown})
    }))
}
