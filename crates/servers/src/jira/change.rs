//! Changing an issue: only what differs is sent, so that repeating a call changes nothing more.

use serde_json::{Value, json};

use super::client::JiraClient;
use super::marks::Marks;
use super::schema::{
    AssignIssue, AssignedIssue, EditLabels, LabelledIssue, LinkIssues, LinkedIssues, Previous, PreviousLabels,
    PrioritisedIssue, SetPriority, TransitionIssue, TransitionedIssue,
};
use super::shown::{string, texts};
use super::users;
use crate::failure::ToolFailure;

/// Moves the issue to a status by its name, or makes a transition by its id.
pub(super) async fn transition(client: &JiraClient, wanted: TransitionIssue) -> Result<TransitionedIssue, ToolFailure> {
    let key = wanted.issue_key;
    let now = client.issue_state(&key).await?;
    let marks = Marks::of(&now, wanted.idempotency_key.as_deref());
    let status = string(&now, "/fields/status/name").unwrap_or_default();
    let previous = previous(&marks, string(&now, "/fields/status/name"));
    if marks.seen() {
        return Ok(TransitionedIssue { key, status, previous, changed: false });
    }
    match (wanted.to_status, wanted.transition_id) {
        (Some(wanted), None) if wanted.eq_ignore_ascii_case(&status) => {
            Ok(TransitionedIssue { key, status, previous, changed: false })
        }
        (Some(wanted), None) => {
            let (id, reached) = transition_to(client, &key, &status, &wanted).await?;
            client.transition(&key, &id, marks.properties()).await?;
            Ok(TransitionedIssue { key, status: reached, previous, changed: true })
        }
        (None, Some(id)) => {
            client.transition(&key, &id, marks.properties()).await?;
            let after = client.issue_state(&key).await?;
            let status = string(&after, "/fields/status/name").unwrap_or_default();
            Ok(TransitionedIssue { key, status, previous, changed: true })
        }
        _ => Err(ToolFailure::permanent("Give exactly one of to_status and transition_id")),
    }
}

/// What was there before; nobody knows it any more when an earlier call with the same key made the change.
fn previous(marks: &Marks, value: Option<String>) -> Option<Previous> {
    (!marks.seen()).then_some(Previous { value })
}

/// The open transition that leads to the status, and the status' name as Jira writes it.
async fn transition_to(
    client: &JiraClient,
    key: &str,
    now: &str,
    wanted: &str,
) -> Result<(String, String), ToolFailure> {
    let open = client.transitions(key).await?;
    let target = |transition: &Value| string(transition, "/to/name").unwrap_or_default();
    let leads_there = open.iter().find(|transition| target(transition).eq_ignore_ascii_case(wanted));
    leads_there.and_then(|transition| Some((string(transition, "/id")?, target(transition)))).ok_or_else(|| {
        let reachable: Vec<String> = open.iter().map(target).collect();
        ToolFailure::permanent(format!(
            "{key} is in {now:?} and can't go to {wanted:?} from there; it can go to {}",
            reachable.join(", ")
        ))
    })
}

/// Assigns the issue to an account, by id or e-mail address, or to nobody.
pub(super) async fn assign(client: &JiraClient, wanted: AssignIssue) -> Result<AssignedIssue, ToolFailure> {
    let account_id = match (wanted.account_id, wanted.email, wanted.unassign.unwrap_or(false)) {
        (Some(account_id), None, false) => Some(account_id),
        (None, Some(email), false) => Some(users::account_id_by_email(client, &email).await?),
        (None, None, true) => None,
        _ => return Err(ToolFailure::permanent("Give exactly one of account_id, email and unassign")),
    };
    let key = wanted.issue_key;
    let now = client.issue_state(&key).await?;
    let marks = Marks::of(&now, wanted.idempotency_key.as_deref());
    let assigned = now.pointer("/fields/assignee").and_then(|person| client.person_id(person));
    let changed = !marks.seen() && assigned != account_id;
    if changed {
        client.assign(&key, account_id.as_deref()).await?;
    }
    marks.note(client, &key).await?;
    Ok(AssignedIssue { key, account_id, previous: previous(&marks, assigned), changed })
}

/// Sets the priority by its name.
pub(super) async fn prioritise(client: &JiraClient, wanted: SetPriority) -> Result<PrioritisedIssue, ToolFailure> {
    let now = client.issue_state(&wanted.issue_key).await?;
    let marks = Marks::of(&now, wanted.idempotency_key.as_deref());
    let priority = string(&now, "/fields/priority/name").unwrap_or_default();
    let previous = previous(&marks, string(&now, "/fields/priority/name"));
    if marks.seen() || priority.eq_ignore_ascii_case(&wanted.priority) {
        return Ok(PrioritisedIssue { key: wanted.issue_key, priority, previous, changed: false });
    }
    let mut body = json!({ "fields": { "priority": { "name": wanted.priority } } });
    with_properties(&mut body, &marks);
    client.edit_issue(&wanted.issue_key, &body).await?;
    Ok(PrioritisedIssue { key: wanted.issue_key, priority: wanted.priority, previous, changed: true })
}

/// Adds labels and takes labels off; the others stay.
pub(super) async fn labels(client: &JiraClient, wanted: EditLabels) -> Result<LabelledIssue, ToolFailure> {
    let (add, remove) = (wanted.add.unwrap_or_default(), wanted.remove.unwrap_or_default());
    if add.is_empty() && remove.is_empty() {
        return Err(ToolFailure::permanent("Give labels to add or to remove"));
    }
    if let Some(label) = add.iter().find(|label| label.is_empty() || label.contains(char::is_whitespace)) {
        return Err(ToolFailure::permanent(format!("Jira takes no label like {label:?}; write it without spaces")));
    }
    if let Some(label) = add.iter().find(|label| remove.contains(label)) {
        return Err(ToolFailure::permanent(format!("{label:?} is both to be added and to be removed; choose one")));
    }
    let now = client.issue_state(&wanted.issue_key).await?;
    let marks = Marks::of(&now, wanted.idempotency_key.as_deref());
    let mut labels = texts(&now, "/fields/labels");
    let previous = (!marks.seen()).then(|| PreviousLabels { labels: labels.clone() });
    let missing = add.iter().filter(|label| !labels.contains(label)).map(|label| json!({ "add": label }));
    let surplus = remove.iter().filter(|label| labels.contains(label)).map(|label| json!({ "remove": label }));
    let operations: Vec<Value> = missing.chain(surplus).collect();
    if marks.seen() || operations.is_empty() {
        return Ok(LabelledIssue { key: wanted.issue_key, labels, previous, changed: false });
    }
    let mut body = json!({ "update": { "labels": operations } });
    with_properties(&mut body, &marks);
    client.edit_issue(&wanted.issue_key, &body).await?;
    labels.retain(|label| !remove.contains(label));
    labels.extend(add.into_iter().filter(|label| !texts(&now, "/fields/labels").contains(label)));
    Ok(LabelledIssue { key: wanted.issue_key, labels, previous, changed: true })
}

/// Links two issues, unless they are linked so already.
pub(super) async fn link(client: &JiraClient, wanted: LinkIssues) -> Result<LinkedIssues, ToolFailure> {
    let kinds = client.link_types().await?;
    let word = |kind: &Value, name: &str| string(kind, &format!("/{name}")).unwrap_or_default();
    let is = |kind: &Value, name: &str| word(kind, name).eq_ignore_ascii_case(wanted.link_type.trim());
    let by = |names: &[&str]| kinds.iter().find(|kind| names.iter().any(|name| is(kind, name)));
    // "blocks" reads from the first issue to the second one, "is blocked by" the other way round.
    let (kind, from, to) = match (by(&["name", "outward"]), by(&["inward"])) {
        (Some(kind), _) => (kind, &wanted.from_issue_key, &wanted.to_issue_key),
        (None, Some(kind)) => (kind, &wanted.to_issue_key, &wanted.from_issue_key),
        (None, None) => {
            let known: Vec<String> =
                kinds.iter().map(|kind| format!("{} ({})", word(kind, "name"), word(kind, "outward"))).collect();
            return Err(ToolFailure::permanent(format!(
                "{:?} is no type of link here; choose one of {}",
                wanted.link_type,
                known.join(", ")
            )));
        }
    };
    let name = word(kind, "name");
    let now = client.issue_state(from).await?;
    let marks = Marks::of(&now, wanted.idempotency_key.as_deref());
    let links = now.pointer("/fields/issuelinks").and_then(Value::as_array);
    let linked = links.into_iter().flatten().any(|link| {
        string(link, "/type/name").as_deref() == Some(name.as_str())
            && string(link, "/outwardIssue/key").is_some_and(|key| key.eq_ignore_ascii_case(to))
    });
    let changed = !linked && !marks.seen();
    if changed {
        client.link(&name, from, to).await?;
    }
    marks.note(client, from).await?;
    Ok(LinkedIssues { from: from.clone(), to: to.clone(), link_type: name, changed })
}

fn with_properties(body: &mut Value, marks: &Marks) {
    if let (Some(properties), Some(object)) = (marks.properties(), body.as_object_mut()) {
        object.insert("properties".to_owned(), properties);
    }
}
