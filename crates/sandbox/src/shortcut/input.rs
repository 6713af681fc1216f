//! Reading request bodies as strictly as Shortcut does: unknown fields, missing fields and wrong types are refused.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::directory;
use super::workspace::{Draft, Workspace, own_id};

/// What a field takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A string of at least and at most so many characters.
    Text(usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    Integer,
    Uuid,
    /// A date and time as RFC 3339 writes it.
    Moment,
    /// Objects with a `name`.
    Labels,
    /// Any of the above, several of them.
    Several(&'static Kind),
    /// Any of the above, or null.
    Nullable(&'static Kind),
}

type Fields = &'static [(&'static str, Kind)];

const STORY_TYPES: Kind = Kind::Word(&["feature", "chore", "bug"]);
const STATE_TYPES: Kind = Kind::Word(&["started", "backlog", "unstarted", "done"]);
const LINK: Kind = Kind::Text(1, 2_048);

/// `PUT /stories/{id}`; `POST /stories` takes [`ONLY_AT_CREATION`] too.
pub(super) const STORY: Fields = &[
    ("name", Kind::Text(1, 512)),
    ("description", Kind::Text(0, 100_000)),
    ("story_type", STORY_TYPES),
    ("workflow_state_id", Kind::Integer),
    ("group_id", Kind::Nullable(&Kind::Uuid)),
    ("iteration_id", Kind::Nullable(&Kind::Integer)),
    ("estimate", Kind::Nullable(&Kind::Integer)),
    ("deadline", Kind::Nullable(&Kind::Moment)),
    ("archived", Kind::Flag),
    ("owner_ids", Kind::Several(&Kind::Uuid)),
    ("follower_ids", Kind::Several(&Kind::Uuid)),
    ("requested_by_id", Kind::Uuid),
    ("labels", Kind::Labels),
    ("external_links", Kind::Several(&LINK)),
];

/// What a story is given once.
pub(super) const ONLY_AT_CREATION: Fields = &[("external_id", Kind::Text(0, 1_024))];

/// `POST /stories/{id}/comments`.
pub(super) const COMMENT: Fields = &[("text", Kind::Text(0, 100_000)), ("external_id", Kind::Text(0, 1_024))];

/// `POST /stories/search`.
pub(super) const SEARCH: Fields = &[
    ("archived", Kind::Flag),
    ("external_id", Kind::Text(0, 1_024)),
    ("group_id", Kind::Nullable(&Kind::Uuid)),
    ("includes_description", Kind::Flag),
    ("iteration_id", Kind::Nullable(&Kind::Integer)),
    ("label_name", Kind::Text(1, 128)),
    ("owner_id", Kind::Nullable(&Kind::Uuid)),
    ("story_type", STORY_TYPES),
    ("workflow_state_id", Kind::Integer),
    ("workflow_state_types", Kind::Several(&STATE_TYPES)),
];

/// `POST /labels`.
pub(super) const LABEL: Fields = &[("name", Kind::Text(1, 128)), ("description", Kind::Text(0, 1_024))];

/// `POST /integrations/webhook`.
pub(super) const WEBHOOK: Fields = &[("webhook_url", LINK), ("secret", Kind::Text(0, 1_024))];

/// The body's fields when all are known, all required ones are there and all types are right.
pub(super) fn checked(body: &[u8], known: &[Fields], required: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let body: Value = match body {
        b"" => json!({}),
        bytes => serde_json::from_slice(bytes)
            .map_err(|_| Refusal::message(StatusCode::BAD_REQUEST, "The request body is not valid JSON."))?,
    };
    let Value::Object(fields) = body else {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "The request body is not a JSON object."));
    };
    let mut errors = Map::new();
    for (name, value) in &fields {
        match known.iter().copied().flatten().find(|(field, _)| field == name) {
            None => drop(errors.insert(name.clone(), "disallowed-key".into())),
            Some((_, kind)) => {
                if let Err(predicate) = fits(kind, value) {
                    errors.insert(name.clone(), json!(["not", [predicate, value]]));
                }
            }
        }
    }
    for name in required.iter().filter(|name| !fields.contains_key(**name)) {
        errors.insert((*name).to_owned(), "missing-required-key".into());
    }
    if errors.is_empty() { Ok(fields) } else { Err(Refusal::fields(errors)) }
}

/// The name of the predicate that the value fails.
fn fits(kind: &Kind, value: &Value) -> Result<(), &'static str> {
    let (holds, predicate) = match kind {
        Kind::Nullable(inner) if !value.is_null() => return fits(inner, value),
        Kind::Nullable(_) => (true, ""),
        Kind::Several(inner) => {
            return value.as_array().ok_or("sequential?")?.iter().try_for_each(|item| fits(inner, item));
        }
        Kind::Text(least, most) => {
            let length = value.as_str().map(|text| text.chars().count());
            (length.is_some_and(|length| (*least..=*most).contains(&length)), "string?")
        }
        Kind::Word(words) => (value.as_str().is_some_and(|word| words.contains(&word)), "enum"),
        Kind::Flag => (value.is_boolean(), "boolean?"),
        Kind::Integer => (value.is_i64() || value.is_u64(), "integer?"),
        Kind::Uuid => (value.as_str().is_some_and(is_uuid), "uuid?"),
        Kind::Moment => (value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()), "inst?"),
        Kind::Labels => {
            let named = |label: &Value| label.get("name").is_some_and(|name| fits(&Kind::Text(1, 128), name).is_ok());
            (value.as_array().is_some_and(|labels| labels.iter().all(named)), "map?")
        }
    };
    if holds { Ok(()) } else { Err(predicate) }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        })
}

/// A new story's content.
pub(super) fn new_draft(fields: &Map<String, Value>, workspace: &mut Workspace) -> Result<Draft, Refusal> {
    if !fields.contains_key("workflow_state_id") {
        return Err(Refusal::unprocessable("Either workflow_state_id or project_id must be specified."));
    }
    let empty = Draft { story_type: "feature".into(), requested_by_id: own_id(), ..Draft::default() };
    changed(&empty, fields, workspace)
}

/// The content with these fields set; what they refer to must exist. Labels are made when they don't.
pub(super) fn changed(draft: &Draft, fields: &Map<String, Value>, workspace: &mut Workspace) -> Result<Draft, Refusal> {
    let mut draft = draft.clone();
    for (name, value) in fields {
        let text = || value.as_str().map(str::to_owned);
        let owned = || text().unwrap_or_default();
        match name.as_str() {
            "name" => draft.name = owned(),
            "description" => draft.description = owned(),
            "story_type" => draft.story_type = owned(),
            "workflow_state_id" => draft.workflow_state_id = value.as_u64().unwrap_or_default(),
            "group_id" => draft.group_id = text(),
            "iteration_id" => draft.iteration_id = value.as_u64(),
            "estimate" => draft.estimate = value.as_i64(),
            "deadline" => draft.deadline = text(),
            "archived" => draft.archived = value.as_bool().unwrap_or_default(),
            "owner_ids" => draft.owner_ids = texts(value),
            "follower_ids" => draft.follower_ids = texts(value),
            "requested_by_id" => draft.requested_by_id = owned(),
            "external_links" => draft.external_links = texts(value),
            "external_id" => draft.external_id = text(),
            _ => {}
        }
    }
    check_references(&draft)?;
    if let Some(labels) = fields.get("labels").and_then(Value::as_array) {
        let names: Vec<String> = labels.iter().map(|label| crate::json::owned(label, "name")).collect();
        draft.label_ids = names.iter().map(|name| workspace.label_named(name)).collect();
    }
    Ok(draft)
}

fn check_references(draft: &Draft) -> Result<(), Refusal> {
    let missing = |what: &str| Err(Refusal::unprocessable(format!("The {what} does not exist.")));
    if directory::state_with_id(draft.workflow_state_id).is_none() {
        return missing("workflow state");
    }
    if draft.group_id.as_deref().is_some_and(|id| directory::group_with_id(id).is_none()) {
        return missing("group");
    }
    if draft.iteration_id.is_some_and(|id| directory::iteration_with_id(id).is_none()) {
        return missing("iteration");
    }
    let people = draft.owner_ids.iter().chain(&draft.follower_ids).chain(std::iter::once(&draft.requested_by_id));
    if people.into_iter().any(|id| directory::member_with_id(id).is_none()) {
        return missing("member");
    }
    Ok(())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
