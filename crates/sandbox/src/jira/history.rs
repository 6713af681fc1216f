//! What changed on an issue, when and by whom.

use jiff::Timestamp;

use super::site::Issue;

/// One change; Jira calls it a history.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) id: u64,
    /// Account id of whoever made it.
    pub(super) author: String,
    pub(super) created: Timestamp,
    pub(super) items: Vec<ChangedField>,
}

/// A field before and after, as (id, name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangedField {
    pub(super) field: &'static str,
    pub(super) from: (Option<String>, Option<String>),
    pub(super) to: (Option<String>, Option<String>),
}

/// Something that webhooks tell of.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub(super) key: String,
    /// The change; `None` when the issue was created.
    pub(super) change: Option<Change>,
}

type Recorded = (&'static str, Option<String>, Option<String>);

/// The fields whose changes are kept, as (field, id, name).
pub(super) fn recorded(issue: &Issue) -> Vec<Recorded> {
    let draft = &issue.draft;
    let pair = |pair: Option<(&str, &str)>| (pair.map(|(id, _)| id.to_owned()), pair.map(|(_, name)| name.to_owned()));
    let (priority, priority_name) = pair(draft.priority);
    let resolution = issue.resolved.map(|_| "Done".to_owned());
    vec![
        ("summary", None, Some(draft.summary.clone())),
        ("status", Some(issue.status.id.to_owned()), Some(issue.status.name.to_owned())),
        ("resolution", issue.resolved.map(|_| "10000".to_owned()), resolution),
        ("priority", priority, priority_name),
        ("assignee", draft.assignee.clone(), draft.assignee.clone()),
        ("labels", None, Some(draft.labels.join(" "))),
    ]
}

/// What differs between two readings of [`recorded`].
pub(super) fn differences(before: Vec<Recorded>, after: Vec<Recorded>) -> Vec<ChangedField> {
    let changed = before.into_iter().zip(after).filter(|(before, after)| before != after);
    changed
        .map(|((field, from, from_name), (_, to, to_name))| ChangedField {
            field,
            from: (from, from_name),
            to: (to, to_name),
        })
        .collect()
}
