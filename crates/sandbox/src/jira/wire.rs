//! Jira's JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::document;
use super::door::{Edition, Face};
use super::history::{Change, ChangedField};
use super::site::{
    Account, Comment, ISSUE_TYPES, Issue, LINK_TYPES, Link, PRIORITIES, PROJECTS, Project, SPRINTS, STATUSES, Site,
    Sprint, Status,
};

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
                        "document": comment.body,
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
                "document": draft.description,
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
pub(super) fn issue(face: Face<'_>, site: &Site, issue: &Issue, wanted: &[String]) -> Value {
    let mut fields = all_fields(face, site, issue);
    let all = wanted.iter().any(|name| name.starts_with('*'));
    fields.retain(|name, _| {
        let left_out = wanted.iter().any(|w| w.strip_prefix('-') == Some(name));
        !left_out && (all || wanted.iter().any(|w| w == name))
    });
    json!({
        "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": issue.id.to_string(),
        "key": issue.key,
        "self": face.rest(&format!("issue/{}", issue.id)),
        "fields": fields,
    })
}

fn all_fields(face: Face<'_>, site: &Site, issue: &Issue) -> Map<String, Value> {
    let draft = &issue.draft;
    let person = |id: &str| site.account(id).map(|found| account(face, found));
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("summary", json!(draft.summary));
    set("description", text(face, &draft.description));
    set("status", status(face, issue.status));
    set(
        "resolution",
        issue.resolved.map_or(Value::Null, |_| json!({ "id": "10000", "name": "Done", "description": "" })),
    );
    set("resolutiondate", issue.resolved.map_or(Value::Null, |at| json!(time(at))));
    set("issuetype", issue_type(face, draft.issue_type));
    set("project", project(face, draft.project));
    set("priority", draft.priority.map_or(Value::Null, |pair| priority(face, pair)));
    set("labels", json!(draft.labels));
    set("components", draft.components.iter().map(|name| json!({ "name": name })).collect());
    set("assignee", draft.assignee.as_deref().and_then(person).unwrap_or_default());
    set("reporter", person(&site.own_account_id()).unwrap_or_default());
    set("creator", person(&site.own_account_id()).unwrap_or_default());
    set("created", json!(time(issue.created)));
    set("updated", json!(time(issue.updated)));
    set("issuelinks", links(face, site, &issue.key));
    for (id, value) in &draft.other {
        set(id, value.clone());
    }
    fields
}

pub(super) fn comment(face: Face<'_>, site: &Site, issue_id: u64, comment: &Comment, properties: bool) -> Value {
    let author = site.account(&comment.author).map(|found| account(face, found));
    let mut shown = json!({
        "self": face.rest(&format!("issue/{issue_id}/comment/{}", comment.id)),
        "id": comment.id.to_string(),
        "author": author,
        "updateAuthor": author,
        "body": text(face, &comment.body),
        "created": time(comment.created),
        "updated": time(comment.created),
        "jsdPublic": true,
    });
    if let (true, Some(object)) = (properties, shown.as_object_mut()) {
        object.insert("properties".into(), comment.properties.clone());
    }
    shown
}

/// A text as the edition writes it: a document or wiki markup.
fn text(face: Face<'_>, text: &Value) -> Value {
    match (face.edition, text) {
        (Edition::Cloud, Value::String(markup)) => document::of_lines(markup),
        (Edition::DataCenter, Value::Object(_)) => document::plain_text(text).into(),
        _ => text.clone(),
    }
}

pub(super) fn account(face: Face<'_>, account: &Account) -> Value {
    match face.edition {
        Edition::Cloud => json!({
            "self": face.rest(&format!("user?accountId={}", account.id)),
            "accountId": account.id,
            "accountType": "atlassian",
            "emailAddress": account.email,
            "displayName": account.name,
            "active": true,
            "timeZone": "Etc/UTC",
        }),
        Edition::DataCenter => json!({
            "self": face.rest(&format!("user?username={}", account.user_name)),
            "key": format!("JIRAUSER-{}", account.user_name),
            "name": account.user_name,
            "emailAddress": account.email,
            "displayName": account.name,
            "active": true,
            "timeZone": "Etc/UTC",
        }),
    }
}

/// The links of an issue, each seen from it.
fn links(face: Face<'_>, site: &Site, key: &str) -> Value {
    let touching = site.links.iter().filter(|link| link.inward == key || link.outward == key);
    touching.map(|link| seen_link(face, site, link, key)).collect()
}

fn seen_link(face: Face<'_>, site: &Site, link: &Link, key: &str) -> Value {
    let (other_side, other) =
        if link.inward == key { ("outwardIssue", &link.outward) } else { ("inwardIssue", &link.inward) };
    let shown = site.issue(other).map(|issue| {
        json!({
            "id": issue.id.to_string(),
            "key": issue.key,
            "self": face.rest(&format!("issue/{}", issue.id)),
            "fields": { "summary": issue.draft.summary, "status": status(face, issue.status) },
        })
    });
    let mut seen = json!({
        "id": link.id.to_string(),
        "self": face.rest(&format!("issueLink/{}", link.id)),
        "type": link_type(face, link.kind),
    });
    crate::json::set(&mut seen, other_side, shown);
    seen
}

pub(super) fn link_type(face: Face<'_>, (id, name, inward, outward): (&str, &str, &str, &str)) -> Value {
    json!({
        "id": id, "name": name, "inward": inward, "outward": outward,
        "self": face.rest(&format!("issueLinkType/{id}")),
    })
}

pub(super) fn link_types(face: Face<'_>) -> Value {
    LINK_TYPES.iter().map(|kind| link_type(face, *kind)).collect()
}

/// One entry of an issue's history.
pub(super) fn change(face: Face<'_>, site: &Site, change: &Change) -> Value {
    json!({
        "id": change.id.to_string(),
        "author": site.account(&change.author).map(|found| account(face, found)),
        "created": time(change.created),
        "items": changed_fields(change),
    })
}

pub(super) fn changed_fields(change: &Change) -> Value {
    let shown = |item: &ChangedField| {
        json!({
            "field": item.field, "fieldtype": "jira", "fieldId": item.field,
            "from": item.from.0, "fromString": item.from.1, "to": item.to.0, "toString": item.to.1,
        })
    };
    change.items.iter().map(shown).collect()
}

pub(super) fn components(face: Face<'_>, project: &Project) -> Value {
    let shown = |(place, name): (usize, &&str)| {
        let id = format!("{}{place}", project.id);
        json!({ "self": face.rest(&format!("component/{id}")), "id": id, "name": name, "project": project.key,
            "projectId": project.id.parse::<u64>().unwrap_or_default() })
    };
    project.components.iter().enumerate().map(shown).collect()
}

/// Board number `place` of the site, from 1.
pub(super) fn board(face: Face<'_>, place: u64, project: &Project) -> Value {
    json!({
        "id": place,
        "self": format!("{}/rest/agile/1.0/board/{place}", face.base_url),
        "name": format!("{} board", project.key),
        "type": "scrum",
        "location": {
            "projectId": project.id.parse::<u64>().unwrap_or_default(), "projectKey": project.key,
            "projectName": project.name, "displayName": format!("{} ({})", project.name, project.key),
        },
    })
}

pub(super) fn sprint(face: Face<'_>, sprint: &Sprint) -> Value {
    json!({
        "id": sprint.id,
        "self": format!("{}/rest/agile/1.0/sprint/{}", face.base_url, sprint.id),
        "state": sprint.state,
        "name": sprint.name,
        "startDate": "2026-01-05T08:00:00.000Z",
        "endDate": "2026-01-19T08:00:00.000Z",
        "originBoardId": sprint.board_id,
        "goal": "",
    })
}

/// The fields that only Jira Software's API shows: `sprint` and `closedSprints`.
pub(super) fn sprints_of(face: Face<'_>, issue: &Issue) -> Map<String, Value> {
    let of_issue = |closed: bool| {
        let sprints = SPRINTS.iter().filter(move |sprint| (sprint.state == "closed") == closed);
        sprints.filter(|sprint| issue.sprints.contains(&sprint.id)).map(|found| sprint(face, found))
    };
    let current = of_issue(false).next_back().unwrap_or_default();
    Map::from_iter([("sprint".to_owned(), current), ("closedSprints".to_owned(), of_issue(true).collect())])
}

pub(super) fn project(face: Face<'_>, project: &Project) -> Value {
    json!({
        "self": face.rest(&format!("project/{}", project.id)),
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": false,
    })
}

pub(super) fn status(face: Face<'_>, status: &Status) -> Value {
    let (id, name, colour) = category(status);
    json!({
        "self": face.rest(&format!("status/{}", status.id)),
        "id": status.id,
        "name": status.name,
        "description": "",
        "statusCategory": { "id": id, "key": status.category, "name": name, "colorName": colour },
    })
}

/// A status' category as (id, name, colour).
pub(super) fn category(status: &Status) -> (u64, &'static str, &'static str) {
    match status.category {
        "new" => (2, "To Do", "blue-gray"),
        "done" => (3, "Done", "green"),
        _ => (4, "In Progress", "yellow"),
    }
}

pub(super) fn transition(face: Face<'_>, target: &Status) -> Value {
    json!({
        "id": target.transition_id,
        "name": target.name,
        "to": status(face, target),
        "hasScreen": false,
        "isGlobal": true,
        "isInitial": false,
        "isAvailable": true,
        "isConditional": false,
        "isLooped": false,
    })
}

pub(super) fn priority(face: Face<'_>, (id, name): (&str, &str)) -> Value {
    json!({ "self": face.rest(&format!("priority/{id}")), "id": id, "name": name })
}

pub(super) fn issue_type(face: Face<'_>, (id, name): (&str, &str)) -> Value {
    json!({
        "self": face.rest(&format!("issuetype/{id}")),
        "id": id,
        "name": name,
        "description": "",
        "subtask": false,
        "hierarchyLevel": 0,
    })
}

pub(super) fn issue_types(face: Face<'_>) -> Vec<Value> {
    ISSUE_TYPES.iter().map(|pair| issue_type(face, *pair)).collect()
}

pub(super) fn priorities(face: Face<'_>) -> Vec<Value> {
    PRIORITIES.iter().map(|pair| priority(face, *pair)).collect()
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
