//! Jira's JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::document;
use super::site::{Account, Comment, ISSUE_TYPES, Issue, PRIORITIES, PROJECTS, Project, STATUSES, Site, Status};

/// What a board shows.
pub(super) fn snapshot(base_url: &str, site: &Site) -> Value {
    let name_of = |id: &str| site.account(id).map_or_else(|| id.to_owned(), |a| a.name.clone());
    let issues: Vec<Value> = site
        .issues
        .iter()
        .map(|issue| {
            let comments: Vec<Value> = issue
                .comments
                .iter()
                .map(|comment| {
                    json!({
                        "author": name_of(&comment.author),
                        "text": document::plain_text(&comment.body),
                        "created": time(comment.created),
                    })
                })
                .collect();
            let draft = &issue.draft;
            json!({
                "key": issue.key,
                "summary": draft.summary,
                "status": issue.status.name,
                "issuetype": draft.issue_type.1,
                "priority": draft.priority.map(|(_, name)| name),
                "assignee": draft.assignee.as_deref().map(name_of),
                "labels": draft.labels,
                "components": draft.components,
                "description": document::plain_text(&draft.description),
                "comments": comments,
                "created": time(issue.created),
                "url": format!("{base_url}/browse/{}", issue.key),
            })
        })
        .collect();
    let projects: Vec<Value> =
        PROJECTS.iter().map(|project| json!({ "key": project.key, "name": project.name })).collect();
    let columns: Vec<&str> = STATUSES.iter().map(|status| status.name).collect();
    json!({ "base_url": base_url, "projects": projects, "columns": columns, "issues": issues })
}

/// An issue with the fields that `wanted` names; `*all` and `*navigable` name all.
pub(super) fn issue(base_url: &str, site: &Site, issue: &Issue, wanted: &[String]) -> Value {
    let mut fields = all_fields(base_url, site, issue);
    let all = wanted.iter().any(|name| name.starts_with('*'));
    fields.retain(|name, _| {
        let left_out = wanted.iter().any(|w| w.strip_prefix('-') == Some(name));
        !left_out && (all || wanted.iter().any(|w| w == name))
    });
    json!({
        "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": issue.id.to_string(),
        "key": issue.key,
        "self": format!("{base_url}/rest/api/3/issue/{}", issue.id),
        "fields": fields,
    })
}

fn all_fields(base_url: &str, site: &Site, issue: &Issue) -> Map<String, Value> {
    let draft = &issue.draft;
    let person = |id: &str| site.account(id).map(|found| account(base_url, found));
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("summary", json!(draft.summary));
    set("description", draft.description.clone());
    set("status", status(base_url, issue.status));
    set("issuetype", issue_type(base_url, draft.issue_type));
    set("project", project(base_url, draft.project));
    set("priority", draft.priority.map_or(Value::Null, |pair| priority(base_url, pair)));
    set("labels", json!(draft.labels));
    set("components", draft.components.iter().map(|name| json!({ "name": name })).collect());
    set("assignee", draft.assignee.as_deref().and_then(person).unwrap_or_default());
    set("reporter", person(&site.own_account_id()).unwrap_or_default());
    set("creator", person(&site.own_account_id()).unwrap_or_default());
    set("created", json!(time(issue.created)));
    set("updated", json!(time(issue.updated)));
    for (id, value) in &draft.other {
        set(id, value.clone());
    }
    fields
}

pub(super) fn comment(base_url: &str, site: &Site, issue_id: u64, comment: &Comment, properties: bool) -> Value {
    let author = site.account(&comment.author).map(|found| account(base_url, found));
    let mut shown = json!({
        "self": format!("{base_url}/rest/api/3/issue/{issue_id}/comment/{}", comment.id),
        "id": comment.id.to_string(),
        "author": author,
        "updateAuthor": author,
        "body": comment.body,
        "created": time(comment.created),
        "updated": time(comment.created),
        "jsdPublic": true,
    });
    if let (true, Some(object)) = (properties, shown.as_object_mut()) {
        object.insert("properties".into(), comment.properties.clone());
    }
    shown
}

pub(super) fn account(base_url: &str, account: &Account) -> Value {
    json!({
        "self": format!("{base_url}/rest/api/3/user?accountId={}", account.id),
        "accountId": account.id,
        "accountType": "atlassian",
        "emailAddress": account.email,
        "displayName": account.name,
        "active": true,
        "timeZone": "Etc/UTC",
    })
}

pub(super) fn project(base_url: &str, project: &Project) -> Value {
    json!({
        "self": format!("{base_url}/rest/api/3/project/{}", project.id),
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": false,
    })
}

pub(super) fn status(base_url: &str, status: &Status) -> Value {
    let (id, name, colour) = match status.category {
        "new" => (2, "To Do", "blue-gray"),
        "done" => (3, "Done", "green"),
        _ => (4, "In Progress", "yellow"),
    };
    json!({
        "self": format!("{base_url}/rest/api/3/status/{}", status.id),
        "id": status.id,
        "name": status.name,
        "description": "",
        "statusCategory": { "id": id, "key": status.category, "name": name, "colorName": colour },
    })
}

pub(super) fn transition(base_url: &str, target: &Status) -> Value {
    json!({
        "id": target.transition_id,
        "name": target.name,
        "to": status(base_url, target),
        "hasScreen": false,
        "isGlobal": true,
        "isInitial": false,
        "isAvailable": true,
        "isConditional": false,
        "isLooped": false,
    })
}

pub(super) fn priority(base_url: &str, (id, name): (&str, &str)) -> Value {
    json!({ "self": format!("{base_url}/rest/api/3/priority/{id}"), "id": id, "name": name })
}

pub(super) fn issue_type(base_url: &str, (id, name): (&str, &str)) -> Value {
    json!({
        "self": format!("{base_url}/rest/api/3/issuetype/{id}"),
        "id": id,
        "name": name,
        "description": "",
        "subtask": false,
        "hierarchyLevel": 0,
    })
}

pub(super) fn issue_types(base_url: &str) -> Vec<Value> {
    ISSUE_TYPES.iter().map(|pair| issue_type(base_url, *pair)).collect()
}

pub(super) fn priorities(base_url: &str) -> Vec<Value> {
    PRIORITIES.iter().map(|pair| priority(base_url, *pair)).collect()
}

/// A time as Jira writes it: `2026-01-02T03:04:05.000+0000`.
pub(super) fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_jiras_form() {
        let at: jiff::Timestamp = "2026-01-02T03:04:05.6789Z".parse().unwrap();
        assert_eq!(super::time(at), "2026-01-02T03:04:05.678+0000");
    }
}
