//! Confluence Cloud: REST v2.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::client::{Query, V2, next, pair, results, text};
use super::site::{Bodies, PageLine, Pages, Parent, Site, SpaceLine};
use crate::failure::ToolFailure;
use crate::knowledge::audience::{Audience, Email, Gate, Principal};

/// Spaces, permissions and people that are asked for at once.
const MANY: usize = 250;
/// Pages of a list that are read.
const PAGES_MAX: usize = 400;

/// Every item of a list.
async fn all(site: &Site, path: &str, query: Query) -> Result<Vec<Value>, ToolFailure> {
    let (mut items, mut query) = (Vec::new(), Some(query));
    for _ in 0..PAGES_MAX {
        let Some(wanted) = query else { return Ok(items) };
        let answer = site.client.get(path, &wanted).await?;
        items.extend(results(&answer).cloned());
        query = next(&answer);
    }
    Err(ToolFailure::permanent("Confluence's list has no end; report it"))
}

pub(super) async fn spaces(site: &Site) -> Result<Vec<SpaceLine>, ToolFailure> {
    let mut found = Vec::new();
    let keys: Vec<&String> = site.config.spaces.iter().collect();
    let parts: Vec<&[&String]> = if keys.is_empty() { vec![&[]] } else { keys.chunks(MANY).collect() };
    for part in parts {
        let mut query: Query = part.iter().map(|key| pair("keys", key)).collect();
        if part.is_empty() {
            query.push(pair("type", "global"));
        }
        query.extend([pair("status", "current"), pair("limit", MANY)]);
        let spaces = all(site, &format!("{V2}/spaces"), query).await?;
        let line = |told: &Value| Some(SpaceLine { id: text(told, "/id")?, key: text(told, "/key")? });
        found.extend(spaces.iter().filter_map(line));
    }
    Ok(found)
}

pub(super) async fn space_audience(site: &Site, space: &SpaceLine) -> Result<Audience, ToolFailure> {
    let path = format!("{V2}/spaces/{}/permissions", space.id);
    let permissions = all(site, &path, vec![pair("limit", MANY)]).await?;
    let (mut gate, mut groups, mut has_roles) = (Gate::new(), Vec::new(), false);
    for permission in &permissions {
        let operation = (text(permission, "/operation/key"), text(permission, "/operation/targetType"));
        if operation != (Some("read".to_owned()), Some("space".to_owned())) {
            continue;
        }
        let Some(id) = text(permission, "/principal/id") else { continue };
        match text(permission, "/principal/type").as_deref() {
            Some("user") => {
                gate.insert(Principal::confluence_user(&id));
            }
            Some("group") => {
                gate.insert(Principal::confluence_group(&id));
                groups.push(id);
            }
            Some("role") => has_roles = true,
            _ => {}
        }
    }
    if has_roles {
        by_roles(site, space, &mut gate, &mut groups).await?;
    }
    Ok(site.gate(gate, &groups))
}

/// Those whom a role lets read. A role that is not known to is left out.
async fn by_roles(
    site: &Site,
    space: &SpaceLine,
    gate: &mut Gate,
    groups: &mut Vec<String>,
) -> Result<(), ToolFailure> {
    let path = format!("{V2}/spaces/{}/role-assignments", space.id);
    let assignments = all(site, &path, vec![pair("limit", MANY)]).await?;
    let mut reads: BTreeMap<String, bool> = BTreeMap::new();
    for assignment in &assignments {
        let (Some(role), Some(id)) = (text(assignment, "/roleId"), text(assignment, "/principal/principalId")) else {
            continue;
        };
        if !reads.contains_key(&role) {
            let told = site.client.find(&format!("{V2}/space-roles/{role}"), &Query::new()).await?;
            let permissions = told.as_ref().and_then(|told| told.get("spacePermissions")).and_then(Value::as_array);
            let may_read = permissions.into_iter().flatten().filter_map(Value::as_str).any(|it| it == "read/space");
            reads.insert(role.clone(), may_read);
        }
        if reads.get(&role) != Some(&true) {
            continue;
        }
        match text(assignment, "/principal/principalType").as_deref() {
            Some("USER") => {
                gate.insert(Principal::confluence_user(&id));
            }
            Some("GROUP") => {
                gate.insert(Principal::confluence_group(&id));
                groups.push(id);
            }
            // Such as all-licensed-users: nobody is known to be one, but the operator may say that everybody is.
            Some("ACCESS_CLASS") => groups.push(id),
            _ => {}
        }
    }
    Ok(())
}

pub(super) async fn pages(
    site: &Site,
    space: &SpaceLine,
    from: Option<Query>,
    newest: bool,
    count: usize,
) -> Result<Pages, ToolFailure> {
    let sort = if newest { "-modified-date" } else { "id" };
    let first = || vec![pair("status", "current"), pair("sort", sort), pair("limit", count)];
    let path = format!("{V2}/spaces/{}/pages", space.id);
    let answer = site.client.get(&path, &from.unwrap_or_else(first)).await?;
    let lines = results(&answer).filter_map(|told| line(site, told)).collect();
    Ok((lines, next(&answer)))
}

pub(super) async fn page(site: &Site, id: &str) -> Result<Option<PageLine>, ToolFailure> {
    let told = site.client.find(&format!("{V2}/pages/{id}"), &vec![pair("status", "current")]).await?;
    Ok(told.filter(|told| text(told, "/status").as_deref() == Some("current")).and_then(|told| line(site, &told)))
}

fn line(site: &Site, told: &Value) -> Option<PageLine> {
    let parent = match (text(told, "/parentId"), text(told, "/parentType").as_deref()) {
        (None, _) => Parent::None,
        (Some(id), Some("page")) => Parent::Page(id),
        (Some(_), _) => Parent::Other,
    };
    Some(PageLine {
        id: text(told, "/id")?,
        space: text(told, "/spaceId")?,
        title: text(told, "/title")?,
        version: told.pointer("/version/number")?.as_u64()?.to_string(),
        updated_at: text(told, "/version/createdAt"),
        url: text(told, "/_links/webui").map(|path| format!("{}{path}", site.client.base())),
        parent,
    })
}

/// What a page stands below, where that is a folder or the like: the nearest page above, and who the folders between let in.
pub(super) async fn above(site: &Site, id: &str) -> Result<(Option<String>, Audience), ToolFailure> {
    let Some(answer) = site.client.find(&format!("{V2}/pages/{id}/ancestors"), &vec![pair("limit", MANY)]).await?
    else {
        return Ok((None, Audience::Nobody));
    };
    let ancestors: Vec<&Value> = results(&answer).collect();
    let mut audience = Audience::Everybody;
    // The highest comes first.
    for ancestor in ancestors.into_iter().rev() {
        let Some(id) = text(ancestor, "/id") else { return Ok((None, Audience::Nobody)) };
        if text(ancestor, "/type").as_deref() == Some("page") {
            return Ok((Some(id), audience));
        }
        audience = audience.and(&site.own_restriction(&id).await?);
    }
    Ok((None, audience))
}

/// What a question for these pages begins with.
fn these(ids: &[&str]) -> Query {
    let limit = pair("limit", ids.len().clamp(1, MANY));
    ids.iter().map(|id| pair("id", id)).chain([limit]).collect()
}

pub(super) async fn lines(site: &Site, ids: &[&str]) -> Result<Vec<PageLine>, ToolFailure> {
    let pages = all(site, &format!("{V2}/pages"), these(ids)).await?;
    Ok(pages.iter().filter_map(|told| line(site, told)).collect())
}

pub(super) async fn bodies(site: &Site, ids: &[&str]) -> Result<Bodies, ToolFailure> {
    let query = [these(ids), vec![pair("body-format", "storage")]].concat();
    let pages = all(site, &format!("{V2}/pages"), query).await?;
    let body = |told: &Value| {
        let line = line(site, told)?;
        Some((line.id.clone(), (line, text(told, "/body/storage/value").unwrap_or_default())))
    };
    Ok(pages.iter().filter_map(body).collect())
}

/// Each account is asked for, whatever a group's list told: that one does not say who has left.
pub(super) async fn emails(site: &Site, accounts: &BTreeSet<String>) -> Result<Vec<(String, Email)>, ToolFailure> {
    let accounts: Vec<&String> = accounts.iter().collect();
    let mut known = Vec::new();
    for part in accounts.chunks(MANY) {
        let answer = site.client.ask(&format!("{V2}/users-bulk"), &json!({ "accountIds": part })).await?;
        // Those who are gone are somebody else's address now.
        let is_active = |user: &&Value| text(user, "/accountStatus").is_none_or(|status| status == "active");
        let email = |user: &Value| Some((text(user, "/accountId")?, Email::parse(&text(user, "/email")?)?));
        known.extend(results(&answer).filter(is_active).filter_map(email));
    }
    Ok(known)
}
