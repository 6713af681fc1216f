//! Reads the `fields` of a create or edit request and refuses what Jira refuses, in Jira's words.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::document;
use super::door::Edition;
use super::site::{self, Draft, Issue, Project, Site};
use super::{JiraConfig, RequiredField};

/// Characters of a summary.
const SUMMARY_CHARACTERS_MAX: usize = 255;
/// Characters of a description or a comment.
const TEXT_CHARACTERS_MAX: usize = 32_767;

type Complaints = Map<String, Value>;
type Pair = (&'static str, &'static str);

/// The draft that the `fields` object describes, or every complaint about it at once.
pub(super) fn draft(
    fields: &Map<String, Value>,
    site: &Site,
    config: &JiraConfig,
    edition: Edition,
) -> Result<Draft, Refusal> {
    let mut complaints = Complaints::new();
    let project = project(fields, &mut complaints);
    let issue_type = issue_type(fields, &mut complaints);
    let mut edit = Edit::read(fields, project, site, edition, &mut complaints)?;
    let required: Vec<&RequiredField> = config
        .required_fields
        .iter()
        .filter(|rule| {
            project.is_some_and(|project| project.key == rule.project_key)
                && issue_type.is_some_and(|(_, name)| name == rule.issue_type)
        })
        .collect();
    for rule in &required {
        match edit.other.get(&rule.field_id) {
            None | Some(Value::Null) => {
                complain(&mut complaints, &rule.field_id, format!("{} is required.", rule.name));
            }
            Some(value) => {
                let chosen = value.get("value").and_then(Value::as_str);
                let fits = chosen.is_some_and(|chosen| rule.options.iter().any(|option| option == chosen));
                if !rule.options.is_empty() && !fits {
                    complain(&mut complaints, &rule.field_id, "Specify a valid value for the option.");
                }
            }
        }
    }
    refuse_unknown(&edit.other, &required, &mut complaints);
    if edit.summary.is_none() && !complaints.contains_key("summary") {
        complain(&mut complaints, "summary", "You must specify a summary of the issue.");
    }
    match (project, issue_type, edit.summary.take()) {
        (Some(project), Some(issue_type), Some(summary)) if complaints.is_empty() => Ok(Draft {
            project,
            issue_type,
            summary,
            description: edit.description.unwrap_or(Value::Null),
            priority: edit.priority,
            assignee: edit.assignee.and_then(|Assignee(id)| id),
            labels: edit.labels.unwrap_or_default(),
            components: edit.components.unwrap_or_default(),
            other: edit.other,
        }),
        _ => Err(Refusal::fields(complaints)),
    }
}

/// Applies `fields`, `update` and `properties` of an edit or a transition, all of it or nothing.
pub(super) fn edit(body: &Value, site: &mut Site, key: &str, edition: Edition) -> Result<(), Refusal> {
    let empty = Map::new();
    let fields = body.get("fields").and_then(Value::as_object).unwrap_or(&empty);
    let project = site.issue(key).map(|issue| issue.draft.project);
    let mut complaints = Complaints::new();
    let mut edit = Edit::read(fields, project, site, edition, &mut complaints)?;
    refuse_unknown(&edit.other, &[], &mut complaints);
    edit.label_changes = label_changes(body, &mut complaints);
    if !complaints.is_empty() {
        return Err(Refusal::fields(complaints));
    }
    edit.properties = properties(body)?;
    let own = site.own_account_id();
    site.edit(key, &own, |issue| edit.apply(issue)).ok_or_else(Refusal::no_issue)
}

/// The additions (true) and removals (false) of `update.labels`.
fn label_changes(body: &Value, complaints: &mut Complaints) -> Vec<(bool, String)> {
    let mut changes = Vec::new();
    for (field, operations) in body.get("update").and_then(Value::as_object).into_iter().flatten() {
        if field != "labels" {
            complain(complaints, field, format!("Field '{field}' can only be set here."));
            continue;
        }
        for operation in operations.as_array().into_iter().flatten() {
            let label = |verb: &str| operation.get(verb).and_then(Value::as_str).map(str::to_owned);
            match (label("add"), label("remove")) {
                (Some(label), None) if label.contains(char::is_whitespace) => {
                    complain(complaints, field, format!("The label '{label}' contains spaces which is invalid."));
                }
                (Some(label), None) => changes.push((true, label)),
                (None, Some(label)) => changes.push((false, label)),
                _ => complain(complaints, field, "Unsupported operation; labels take add and remove here."),
            }
        }
    }
    changes
}

/// The entity properties that an edit or a transition sets.
fn properties(body: &Value) -> Result<Vec<(String, Value)>, Refusal> {
    let given = body.get("properties").and_then(Value::as_array);
    let property = |property: &Value| {
        let key = property.get("key").and_then(Value::as_str).filter(|key| !key.is_empty())?;
        Some((key.to_owned(), property.get("value")?.clone()))
    };
    let read: Option<Vec<_>> = given.into_iter().flatten().map(property).collect();
    read.ok_or_else(|| Refusal::message(axum::http::StatusCode::BAD_REQUEST, "A property needs a key and a value."))
}

/// Whether Jira would take the text (Cloud: a document, Data Center: wiki markup), and why not.
pub(super) fn check_text(field: &str, value: &Value, edition: Edition) -> Result<(), Refusal> {
    match edition {
        Edition::DataCenter if !value.is_string() => {
            return Err(Refusal::field(field, "Operation value must be a string"));
        }
        Edition::Cloud if !value.is_object() => {
            return Err(Refusal::field(
                field,
                "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
            ));
        }
        Edition::Cloud if !document::is_document(value) => {
            return Err(Refusal::message(axum::http::StatusCode::BAD_REQUEST, "INVALID_INPUT"));
        }
        Edition::Cloud | Edition::DataCenter => {}
    }
    if document::plain_text(value).chars().count() > TEXT_CHARACTERS_MAX {
        return Err(Refusal::field(
            field,
            "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
        ));
    }
    Ok(())
}

/// The account that `{"accountId": ...}` names, on Data Center `{"name": ...}`; `Ok(None)` for nobody.
pub(super) fn assignee(value: &Value, site: &Site, edition: Edition) -> Result<Option<String>, String> {
    let given = |names: [&str; 2]| names.into_iter().find_map(|name| value.get(name)).and_then(Value::as_str);
    let (name, found) = match edition {
        Edition::Cloud => match given(["accountId", "id"]) {
            None => return Ok(None),
            Some(id) => (id, site.account(id)),
        },
        Edition::DataCenter => match given(["name", "key"]) {
            None => return Ok(None),
            Some(name) => (name, site.user_named(name)),
        },
    };
    found.map(|account| Some(account.id.clone())).ok_or_else(|| format!("User '{name}' does not exist."))
}

/// Who an issue is given to; nobody when `None`.
#[derive(Debug)]
struct Assignee(Option<String>);

/// What a request sets; `None` where it says nothing.
#[derive(Debug, Default)]
struct Edit {
    summary: Option<String>,
    description: Option<Value>,
    priority: Option<Pair>,
    assignee: Option<Assignee>,
    labels: Option<Vec<String>>,
    components: Option<Vec<&'static str>>,
    other: BTreeMap<String, Value>,
    label_changes: Vec<(bool, String)>,
    properties: Vec<(String, Value)>,
}

impl Edit {
    fn read(
        fields: &Map<String, Value>,
        project: Option<&'static Project>,
        site: &Site,
        edition: Edition,
        complaints: &mut Complaints,
    ) -> Result<Self, Refusal> {
        let mut edit = Self::default();
        for (field, value) in fields {
            let outcome = match field.as_str() {
                "project" | "issuetype" => Ok(()),
                "summary" => summary(value).map(|text| edit.summary = Some(text)),
                "description" => {
                    if !value.is_null() {
                        check_text(field, value, edition)?;
                    }
                    edit.description = Some(value.clone());
                    Ok(())
                }
                "priority" => priority(value).map(|found| edit.priority = Some(found)),
                "assignee" => assignee(value, site, edition).map(|id| edit.assignee = Some(Assignee(id))),
                "labels" => labels(value).map(|labels| edit.labels = Some(labels)),
                "components" => components(value, project).map(|found| edit.components = Some(found)),
                _ => {
                    edit.other.insert(field.clone(), value.clone());
                    Ok(())
                }
            };
            if let Err(complaint) = outcome {
                complain(complaints, field, complaint);
            }
        }
        Ok(edit)
    }

    fn apply(self, issue: &mut Issue) {
        let draft = &mut issue.draft;
        if let Some(summary) = self.summary {
            draft.summary = summary;
        }
        if let Some(description) = self.description {
            draft.description = description;
        }
        if let Some(priority) = self.priority {
            draft.priority = Some(priority);
        }
        if let Some(Assignee(assignee)) = self.assignee {
            draft.assignee = assignee;
        }
        if let Some(labels) = self.labels {
            draft.labels = labels;
        }
        if let Some(components) = self.components {
            draft.components = components;
        }
        for (added, label) in self.label_changes {
            draft.labels.retain(|known| *known != label);
            if added {
                draft.labels.push(label);
            }
        }
        issue.properties.extend(self.properties);
    }
}

fn project(fields: &Map<String, Value>, complaints: &mut Complaints) -> Option<&'static Project> {
    let found = named(fields.get("project"), "key").and_then(site::project_named);
    if found.is_none() {
        complain(complaints, "project", "valid project is required");
    }
    found
}

fn issue_type(fields: &Map<String, Value>, complaints: &mut Complaints) -> Option<Pair> {
    let found = named(fields.get("issuetype"), "name").and_then(site::issue_type_named);
    if found.is_none() {
        complain(complaints, "issuetype", "Specify a valid issue type");
    }
    found
}

fn summary(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or("Operation value must be a string")?;
    if text.trim().is_empty() {
        return Err("You must specify a summary of the issue.".into());
    }
    if text.contains(['\n', '\r']) {
        return Err("The summary is invalid because it contains newline characters.".into());
    }
    if text.chars().count() > SUMMARY_CHARACTERS_MAX {
        return Err("Summary can't exceed 255 characters.".into());
    }
    Ok(text.to_owned())
}

fn priority(value: &Value) -> Result<Pair, String> {
    let name = named(Some(value), "name").unwrap_or_default();
    site::priority_named(name).ok_or_else(|| format!("Priority name '{name}' is not valid"))
}

fn labels(value: &Value) -> Result<Vec<String>, String> {
    let items = value.as_array().ok_or("Operation value must be an array")?;
    items
        .iter()
        .map(|item| match item.as_str() {
            None => Err("Operation value must be a string".to_owned()),
            Some(label) if label.contains(char::is_whitespace) => {
                Err(format!("The label '{label}' contains spaces which is invalid."))
            }
            Some(label) => Ok(label.to_owned()),
        })
        .collect()
}

fn components(value: &Value, project: Option<&'static Project>) -> Result<Vec<&'static str>, String> {
    let items = value.as_array().ok_or("data was not an array")?;
    let known = project.map_or(&[] as &[&'static str], |project| project.components);
    items
        .iter()
        .map(|item| {
            let name = named(Some(item), "name").unwrap_or_default();
            let found = known.iter().find(|component| component.eq_ignore_ascii_case(name));
            found.copied().ok_or_else(|| format!("Component name '{name}' is not valid"))
        })
        .collect()
}

fn refuse_unknown(other: &BTreeMap<String, Value>, known: &[&RequiredField], complaints: &mut Complaints) {
    for field in other.keys() {
        if !known.iter().any(|rule| rule.field_id == *field) {
            let complaint = format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.");
            complain(complaints, field, complaint);
        }
    }
}

/// The text under `name`, or under `id`.
fn named<'v>(value: Option<&'v Value>, name: &str) -> Option<&'v str> {
    let value = value?;
    value.get(name).or_else(|| value.get("id"))?.as_str()
}

fn complain(complaints: &mut Complaints, field: &str, complaint: impl Into<String>) {
    complaints.insert(field.to_owned(), Value::String(complaint.into()));
}
