//! What a project's create screen takes, checked before the request so that the message can say
//! which field to mend.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::client::JiraClient;
use super::schema::CreateIssue;
use crate::failure::ToolFailure;

/// Names listed in a message at most.
const NAMES_SHOWN_MAX: usize = 20;
/// Fields that Jira fills in by itself although it lists them as required.
const FILLED_BY_JIRA: [&str; 3] = ["project", "issuetype", "reporter"];

/// The `fields` object of `POST /issue`.
///
/// # Errors
/// A permanent failure naming the project, issue type, field or value that Jira would refuse.
pub(super) async fn issue_fields(
    client: &JiraClient,
    issue: &CreateIssue,
    mark: Option<&str>,
) -> Result<Value, ToolFailure> {
    let types = client.issue_types(&issue.project_key).await.map_err(|failure| {
        if failure.http_status == Some(404) {
            return ToolFailure::permanent(format!(
                "Jira has no project {}, or the account may not create issues in it",
                issue.project_key
            ))
            .with_status(404);
        }
        failure
    })?;
    let type_id = issue_type_id(&types, issue)?;
    let screen = client.create_fields(&issue.project_key, &type_id).await?;
    let fields = fields_of(issue, &type_id, mark);
    check_screen(&screen, &fields, issue, mark)?;
    Ok(Value::Object(fields))
}

fn issue_type_id(types: &[Value], issue: &CreateIssue) -> Result<String, ToolFailure> {
    let wanted = types
        .iter()
        .find(|candidate| text(candidate, "name").is_some_and(|name| name.eq_ignore_ascii_case(&issue.issue_type)));
    wanted.and_then(|found| text(found, "id")).map(str::to_owned).ok_or_else(|| {
        ToolFailure::permanent(format!(
            "Project {} has no issue type {:?}; it has {}",
            issue.project_key,
            issue.issue_type,
            names(types.iter())
        ))
    })
}

fn fields_of(issue: &CreateIssue, type_id: &str, mark: Option<&str>) -> Map<String, Value> {
    let mut fields = issue.extra_fields.clone().unwrap_or_default();
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set("project", json!({ "key": issue.project_key }));
    set("issuetype", json!({ "id": type_id }));
    set("summary", json!(issue.summary));
    if !issue.description.trim().is_empty() {
        set("description", super::adf::from_markdown(&issue.description));
    }
    if let Some(priority) = &issue.priority {
        set("priority", json!({ "name": priority }));
    }
    if let Some(account_id) = &issue.assignee_account_id {
        set("assignee", json!({ "accountId": account_id }));
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
    let listed = names(missing.iter().copied());
    Err(refused(
        first,
        format!("{place} needs a value for {listed}; give it in extra_fields by its field id ({first})"),
    ))
}

/// Checks values that are given by name (priority, components) against the screen's list.
fn check_allowed(field: &str, value: &Value, shown: &Value, place: &str) -> Result<(), ToolFailure> {
    let Some(allowed) = shown.get("allowedValues").and_then(Value::as_array) else {
        return Ok(());
    };
    let given: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |many| many.iter().collect());
    for name in given.iter().filter_map(|item| text(item, "name")) {
        if !allowed.iter().any(|option| text(option, "name") == Some(name)) {
            return Err(refused(
                field,
                format!("{name:?} is no {field} of {place}; choose one of {}", names(allowed.iter())),
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
    let names: Vec<&str> = items.filter_map(|item| text(item, "name")).take(NAMES_SHOWN_MAX).collect();
    names.join(", ")
}

fn field_id(field: &Value) -> Option<&str> {
    text(field, "fieldId").or_else(|| text(field, "key"))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}
