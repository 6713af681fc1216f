//! Making an issue once, and what a project's create screen takes: checked before the request so that the message can
//! say which field to mend, and with what.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::client::{JiraClient, Window};
use super::schema::{CreateIssue, CreatedIssue};
use super::shown::string;
use crate::failure::ToolFailure;
use crate::ledger::{Fate, Ledger};
use crate::marker::marker;

/// Names listed in a message at most.
const NAMES_SHOWN_MAX: usize = 20;
/// Fields that Jira fills in by itself although it lists them as required.
const FILLED_BY_JIRA: [&str; 3] = ["project", "issuetype", "reporter"];

/// Makes the issue unless a call with its key did.
///
/// What was made is found by its label as soon as Jira's search shows it. Until then this process knows what it made
/// itself, and lets calls with one key wait for each other.
pub(super) async fn issue(
    client: &JiraClient,
    ledger: &Ledger<String>,
    wanted: &CreateIssue,
) -> Result<CreatedIssue, ToolFailure> {
    let created = |key: String, created: bool| CreatedIssue { url: client.browse_url(&key), key, created };
    let Some(mark) = wanted.idempotency_key.as_deref().map(marker) else {
        let fields = issue_fields(client, wanted, None).await?;
        return Ok(created(send(client, fields).await?, true));
    };
    if let Some(key) = marked_key(client, &mark).await? {
        return Ok(created(key, false));
    }
    let mut turn = if let Some(turn) = ledger.try_turn(&mark) {
        turn
    } else {
        // A call that is under way may make it meanwhile, and fail to say so.
        let turn = ledger.turn(&mark).await;
        if let Some(key) = marked_key(client, &mark).await? {
            return Ok(created(key, false));
        }
        turn
    };
    if let Some(Fate::Done(key)) = &*turn {
        return Ok(created(key.clone(), false));
    }
    let fields = issue_fields(client, wanted, Some(&mark)).await?;
    let key = send(client, fields).await?;
    *turn = Some(Fate::Done(key.clone()));
    Ok(created(key, true))
}

async fn send(client: &JiraClient, fields: Value) -> Result<String, ToolFailure> {
    let answer = client.create_issue(fields).await?;
    string(&answer, "/key").ok_or_else(|| {
        ToolFailure::unknown(
            "Jira took the issue but did not say its key; \
             look it up by its idempotency key before creating it again",
        )
    })
}

async fn marked_key(client: &JiraClient, mark: &str) -> Result<Option<String>, ToolFailure> {
    Ok(marked(client, mark).await?.and_then(|issue| string(&issue, "/key")))
}

/// The oldest issue with the label, so that every caller gets the same one.
pub(super) async fn marked(client: &JiraClient, mark: &str) -> Result<Option<Value>, ToolFailure> {
    let jql = format!("labels = \"{mark}\" ORDER BY created ASC");
    let found = client.search(&jql, Window { size: 1, token: None }).await?;
    Ok(found.items.into_iter().next())
}

/// The create screen of an issue type, and the type's id.
pub(super) async fn screen(
    client: &JiraClient,
    project_key: &str,
    issue_type: &str,
) -> Result<(String, Vec<Value>), ToolFailure> {
    let types = client.issue_types(project_key).await.map_err(|failure| no_project(failure, project_key))?;
    let type_id = issue_type_id(&types, project_key, issue_type)?;
    let fields = client.create_fields(project_key, &type_id).await?;
    Ok((type_id, fields))
}

pub(super) fn no_project(failure: ToolFailure, project_key: &str) -> ToolFailure {
    if failure.http_status == Some(404) {
        return ToolFailure::permanent(format!(
            "Jira has no project {project_key}, or the account may not create issues in it"
        ))
        .with_status(404);
    }
    failure
}

/// The `fields` object of `POST /issue`.
///
/// # Errors
/// A permanent failure naming the project, issue type, field or value that Jira would refuse.
async fn issue_fields(client: &JiraClient, issue: &CreateIssue, mark: Option<&str>) -> Result<Value, ToolFailure> {
    let (type_id, screen) = screen(client, &issue.project_key, &issue.issue_type).await?;
    let mut fields = fields_of(client, issue, &type_id, mark);
    for (field, value) in &mut fields {
        if let Some(shown) = screen.iter().find(|shown| field_id(shown) == Some(field)) {
            choose(value, shown);
        }
    }
    check_screen(&screen, &fields, issue, mark)?;
    Ok(Value::Object(fields))
}

fn issue_type_id(types: &[Value], project_key: &str, issue_type: &str) -> Result<String, ToolFailure> {
    let wanted = types
        .iter()
        .find(|candidate| text(candidate, "name").is_some_and(|name| name.eq_ignore_ascii_case(issue_type)));
    wanted.and_then(|found| text(found, "id")).map(str::to_owned).ok_or_else(|| {
        ToolFailure::permanent(format!(
            "Project {project_key} has no issue type {issue_type:?}; it has {}",
            names(types.iter())
        ))
    })
}

/// Writes an option that was given by its word in the form that Jira takes: `"Major"` as `{"value": "Major"}`.
fn choose(value: &mut Value, shown: &Value) {
    let options = allowed_values(shown);
    let chosen = |word: &str| {
        let by = |name: &'static str| {
            let found = options.iter().filter_map(|option| text(option, name));
            found.into_iter().find(|known| known.eq_ignore_ascii_case(word)).map(|known| json!({ name: known }))
        };
        by("value").or_else(|| by("name"))
    };
    match value {
        Value::String(word) => {
            if let Some(option) = chosen(word) {
                *value = option;
            }
        }
        Value::Array(words) => {
            for item in words {
                if let Some(option) = item.as_str().and_then(chosen) {
                    *item = option;
                }
            }
        }
        _ => {}
    }
}

fn allowed_values(shown: &Value) -> &[Value] {
    shown.get("allowedValues").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn fields_of(client: &JiraClient, issue: &CreateIssue, type_id: &str, mark: Option<&str>) -> Map<String, Value> {
    let mut fields = issue.extra_fields.clone().unwrap_or_default();
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set("project", json!({ "key": issue.project_key }));
    set("issuetype", json!({ "id": type_id }));
    set("summary", json!(issue.summary));
    if !issue.description.trim().is_empty() {
        set("description", client.text(&issue.description));
    }
    if let Some(priority) = &issue.priority {
        set("priority", json!({ "name": priority }));
    }
    if let Some(account_id) = &issue.assignee_account_id {
        set("assignee", client.person(Some(account_id)));
    }
    if let Some(components) = issue.components.as_ref().filter(|names| !names.is_empty()) {
        let named: Vec<Value> = components.iter().map(|name| json!({ "name": name })).collect();
        set("components", json!(named));
    }
    let labels: BTreeSet<&str> = issue.labels.iter().flatten().map(String::as_str).chain(mark).collect();
    if !labels.is_empty() {
        set("labels", json!(labels));
    }
    fields
}

fn check_screen(
    screen: &[Value],
    fields: &Map<String, Value>,
    issue: &CreateIssue,
    mark: Option<&str>,
) -> Result<(), ToolFailure> {
    let place = format!("{} in project {}", issue.issue_type, issue.project_key);
    let on_screen = |field: &str| screen.iter().find(|shown| field_id(shown) == Some(field));
    for (field, value) in fields {
        if matches!(field.as_str(), "project" | "issuetype") {
            continue;
        }
        let Some(shown) = on_screen(field) else {
            let why = match mark {
                Some(_) if field == "labels" => {
                    "; the field Labels is needed to find the issue again, add it to the screen"
                }
                _ => "; leave it out or add it to the screen",
            };
            return Err(refused(field, format!("The field {field} is not on the create screen of {place}{why}")));
        };
        check_allowed(field, value, shown, &place)?;
    }
    let missing: Vec<&Value> = screen
        .iter()
        .filter(|shown| flag(shown, "required") && !flag(shown, "hasDefaultValue"))
        .filter(|shown| field_id(shown).is_some_and(|id| !fields.contains_key(id) && !FILLED_BY_JIRA.contains(&id)))
        .collect();
    let Some(first) = missing.first().and_then(|shown| field_id(shown)) else {
        return Ok(());
    };
    let listed: Vec<String> = missing.iter().map(|shown| described(shown)).collect();
    Err(refused(
        first,
        format!("{place} needs a value for {}; give it in extra_fields by its field id ({first})", listed.join(", ")),
    ))
}

/// A field's name, and what may be chosen for it.
fn described(shown: &Value) -> String {
    let name = text(shown, "name").or_else(|| field_id(shown)).unwrap_or_default();
    match allowed_values(shown) {
        [] => name.to_owned(),
        options => format!("{name} (one of {})", names(options.iter())),
    }
}

/// Checks values that are given by name or value (priority, components, options) against the screen's list.
fn check_allowed(field: &str, value: &Value, shown: &Value, place: &str) -> Result<(), ToolFailure> {
    if shown.get("allowedValues").is_none() {
        return Ok(());
    }
    let allowed = allowed_values(shown);
    let given: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |many| many.iter().collect());
    for item in given {
        let Some(word) = item.as_str().or_else(|| label(item)) else { continue };
        if !allowed.iter().any(|option| label(option) == Some(word)) {
            return Err(refused(
                field,
                format!("{word:?} is no {field} of {place}; choose one of {}", names(allowed.iter())),
            ));
        }
    }
    Ok(())
}

fn refused(field: &str, message: String) -> ToolFailure {
    let errors = [(field.to_owned(), message.clone())].into();
    ToolFailure::permanent(message).with_field_errors(errors)
}

fn names<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    let names: Vec<&str> = items.filter_map(label).take(NAMES_SHOWN_MAX).collect();
    names.join(", ")
}

/// What people call an option.
pub(super) fn label(option: &Value) -> Option<&str> {
    text(option, "name").or_else(|| text(option, "value"))
}

pub(super) fn field_id(field: &Value) -> Option<&str> {
    text(field, "fieldId").or_else(|| text(field, "key"))
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}
