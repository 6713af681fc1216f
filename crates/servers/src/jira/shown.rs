//! Jira's JSON as the tools show it. Read tolerantly: a missing field is shown as empty, never an error.

use serde_json::Value;

use super::client::JiraClient;
use super::schema::{Issue, IssueLink, Person};

/// An issue from a search, or read by itself.
pub(super) fn issue(client: &JiraClient, issue: &Value) -> Issue {
    let field = |path: &str| string(issue, &format!("/fields/{path}"));
    let key = string(issue, "/key").unwrap_or_default();
    let components = issue.pointer("/fields/components").and_then(Value::as_array);
    let links = issue.pointer("/fields/issuelinks").and_then(Value::as_array);
    Issue {
        url: client.browse_url(&key),
        key,
        summary: field("summary").unwrap_or_default(),
        status: field("status/name").unwrap_or_default(),
        status_category: field("status/statusCategory/key").unwrap_or_default(),
        resolution: field("resolution/name"),
        resolved: field("resolutiondate"),
        issue_type: field("issuetype/name").unwrap_or_default(),
        priority: field("priority/name"),
        assignee: issue.pointer("/fields/assignee").and_then(|found| person(client, found)),
        labels: texts(issue, "/fields/labels"),
        components: components.map(|all| all.iter().filter_map(|one| string(one, "/name")).collect()),
        links: links.map(|all| all.iter().filter_map(link).collect()),
        created: field("created"),
        updated: field("updated"),
        description: issue.pointer("/fields/description").and_then(JiraClient::plain),
    }
}

fn link(link: &Value) -> Option<IssueLink> {
    let outward = link.get("outwardIssue");
    let other = outward.or_else(|| link.get("inwardIssue"))?;
    let direction = if outward.is_some() { "/type/outward" } else { "/type/inward" };
    Some(IssueLink {
        relation: string(link, direction).unwrap_or_default(),
        key: string(other, "/key")?,
        summary: string(other, "/fields/summary").unwrap_or_default(),
        status: string(other, "/fields/status/name").unwrap_or_default(),
    })
}

pub(super) fn person(client: &JiraClient, person: &Value) -> Option<Person> {
    Some(Person {
        account_id: client.person_id(person)?,
        display_name: string(person, "/displayName").unwrap_or_default(),
    })
}

pub(super) fn string(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

/// The strings of an array.
pub(super) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}
