//! Confluence Data Center: REST v1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use serde_json::Value;

use super::client::{Query, V1, next, pair, results, text};
use super::site::{Bodies, PageLine, Pages, Parent, Site, SpaceLine};
use crate::failure::ToolFailure;
use crate::knowledge::audience::{Audience, Email, Gate, Principal};

/// Spaces that are asked for at once, and pages of them.
const SPACES: usize = 100;
const SPACES_PAGES_MAX: usize = 100;
/// What of a page is to be told.
const EXPANDED: &str = "version,ancestors,space";

pub(super) async fn spaces(site: &Site) -> Result<Vec<SpaceLine>, ToolFailure> {
    let mut first: Query = site.config.spaces.iter().map(|key| pair("spaceKey", key)).collect();
    if first.is_empty() {
        first.push(pair("type", "global"));
    }
    first.extend([pair("status", "current"), pair("limit", SPACES)]);
    let (mut found, mut query) = (Vec::new(), Some(first));
    for _ in 0..SPACES_PAGES_MAX {
        let Some(wanted) = query else { break };
        let answer = site.client.get(&format!("{V1}/space"), &wanted).await?;
        let line = |told: &Value| {
            let key = text(told, "/key")?;
            Some(SpaceLine { id: key.clone(), key })
        };
        found.extend(results(&answer).filter_map(line));
        query = next(&answer);
    }
    Ok(found)
}

/// From Confluence 9.1 on permissions are told; before, nobody is known to read a space unless the operator says so.
pub(super) async fn space_audience(site: &Site, space: &SpaceLine) -> Result<Audience, ToolFailure> {
    let told = site.client.find(&format!("{V1}/space/{}/permissions", space.key), &Query::new()).await?;
    let Some(permissions) = told.as_ref().and_then(Value::as_array) else { return Ok(Audience::Nobody) };
    let (mut gate, mut groups) = (Gate::new(), Vec::new());
    for permission in permissions {
        let operation = (text(permission, "/operation/operationKey"), text(permission, "/operation/targetType"));
        if operation != (Some("read".to_owned()), Some("space".to_owned())) {
            continue;
        }
        match text(permission, "/subject/type").as_deref() {
            Some("anonymous") => return Ok(Audience::Everybody),
            Some("group") => {
                let Some(name) = text(permission, "/subject/name") else { continue };
                gate.insert(Principal::confluence_group(&name));
                groups.push(name);
            }
            Some("user") => {
                let Some(key) = text(permission, "/subject/userKey") else { continue };
                let name = user_of(site, &key).await?;
                gate.extend(name.map(|name| Principal::confluence_user(&name)));
            }
            _ => {}
        }
    }
    Ok(site.gate(gate, &groups))
}

/// The name of the user with this key. A sweep asks for each once: spaces with hundreds of them are asked about often.
async fn user_of(site: &Site, key: &str) -> Result<Option<String>, ToolFailure> {
    if let Some(name) = site.users.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
        return Ok(Some(name.clone()));
    }
    let user = site.client.find(&format!("{V1}/user"), &vec![pair("key", key)]).await?;
    let name = user.and_then(|user| site.user(&user));
    if let Some(name) = &name {
        site.users.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), name.clone());
    }
    Ok(name)
}

pub(super) async fn pages(
    site: &Site,
    space: &SpaceLine,
    from: Option<Query>,
    newest: bool,
    count: usize,
) -> Result<Pages, ToolFailure> {
    let expand = pair("expand", EXPANDED);
    let (path, first) = if newest {
        let cql = format!("space = \"{}\" and type = page order by lastmodified desc", space.key);
        (format!("{V1}/content/search"), vec![pair("cql", cql), expand, pair("limit", count)])
    } else {
        let listed = vec![pair("spaceKey", &space.key), pair("type", "page"), pair("status", "current"), expand];
        (format!("{V1}/content"), [listed, vec![pair("start", 0), pair("limit", count)]].concat())
    };
    let answer = site.client.get(&path, &from.unwrap_or(first)).await?;
    let lines = results(&answer).filter_map(|told| line(site, told)).collect();
    Ok((lines, next(&answer)))
}

pub(super) async fn page(site: &Site, id: &str) -> Result<Option<PageLine>, ToolFailure> {
    let query = vec![pair("expand", EXPANDED), pair("status", "current")];
    let told = site.client.find(&format!("{V1}/content/{id}"), &query).await?;
    Ok(told.filter(|told| text(told, "/type").as_deref() == Some("page")).and_then(|told| line(site, &told)))
}

fn line(site: &Site, told: &Value) -> Option<PageLine> {
    let ancestors = told.get("ancestors")?.as_array()?;
    // The nearest comes last.
    let parent = match ancestors.last() {
        None => Parent::None,
        Some(ancestor) => Parent::Page(text(ancestor, "/id")?),
    };
    Some(PageLine {
        id: text(told, "/id")?,
        space: text(told, "/space/key")?,
        title: text(told, "/title")?,
        version: told.pointer("/version/number")?.as_u64()?.to_string(),
        updated_at: text(told, "/version/when"),
        url: text(told, "/_links/webui").map(|path| format!("{}{path}", site.client.base())),
        parent,
    })
}

/// One that the search does not know yet is asked for by itself.
pub(super) async fn lines(site: &Site, ids: &[&str]) -> Result<Vec<PageLine>, ToolFailure> {
    let cql = pair("cql", format!("id in ({})", ids.join(",")));
    let query = vec![cql, pair("expand", EXPANDED), pair("limit", ids.len())];
    let answer = site.client.get(&format!("{V1}/content/search"), &query).await?;
    let mut lines: Vec<PageLine> = results(&answer).filter_map(|told| line(site, told)).collect();
    for id in ids {
        if !lines.iter().any(|line| line.id == *id) {
            lines.extend(page(site, id).await?);
        }
    }
    Ok(lines)
}

pub(super) async fn bodies(site: &Site, ids: &[&str]) -> Result<Bodies, ToolFailure> {
    let mut found = Bodies::new();
    for id in ids {
        let query = vec![pair("expand", format!("body.storage,{EXPANDED}"))];
        let Some(told) = site.client.find(&format!("{V1}/content/{id}"), &query).await? else { continue };
        if let Some(line) = line(site, &told) {
            found.insert((*id).to_owned(), (line, text(&told, "/body/storage/value").unwrap_or_default()));
        }
    }
    Ok(found)
}

/// Data Center tells no addresses: some sites name users by them, others by what stands before a domain of theirs.
pub(super) fn emails(site: &Site, accounts: &BTreeSet<String>, told: &BTreeMap<String, Email>) -> Vec<(String, Email)> {
    let email = |account: &String| {
        let made = || match &site.config.user_domain {
            Some(domain) if !account.contains('@') => Email::parse(&format!("{account}@{domain}")),
            _ => Email::parse(account),
        };
        told.get(account).cloned().or_else(made)
    };
    accounts.iter().filter_map(|account| Some((account.clone(), email(account)?))).collect()
}
