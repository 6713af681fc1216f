//! Both ways to search: by exact fields (`POST /stories/search`) and by words and operators
//! (`GET /search/stories`, <https://help.shortcut.com/hc/en-us/articles/360000046646-Searching-in-Shortcut-Using-Search-Operators>).

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::Refusal;
use super::workspace::{Story, Workspace};
use super::{directory, wire};

/// Stories per page when none is asked for, and at most.
const PAGE_DEFAULT: usize = 25;
const PAGE_MAX: usize = 250;

/// `POST /stories/search`: the stories that match every given field, the oldest first.
pub(super) fn by_fields(base_url: &str, workspace: &Workspace, fields: &Map<String, Value>) -> Value {
    let with_description = fields.get("includes_description").and_then(Value::as_bool) == Some(true);
    let found =
        visible(workspace).filter(|story| fields.iter().all(|(name, value)| has(workspace, story, name, value)));
    found.map(|story| wire::story_slim(base_url, workspace, story, with_description)).collect()
}

fn visible(workspace: &Workspace) -> impl Iterator<Item = &Story> {
    let now = Instant::now();
    workspace.stories.iter().filter(move |story| story.searchable_at <= now)
}

fn has(workspace: &Workspace, story: &Story, field: &str, value: &Value) -> bool {
    let draft = &story.draft;
    match field {
        "archived" => value.as_bool() == Some(draft.archived),
        "external_id" => value.as_str() == draft.external_id.as_deref(),
        "group_id" => value.as_str() == draft.group_id.as_deref(),
        "iteration_id" => value.as_u64() == draft.iteration_id,
        "label_name" => {
            let wanted = value.as_str().unwrap_or_default();
            wire::label_names(workspace, story).iter().any(|name| name.eq_ignore_ascii_case(wanted))
        }
        "owner_id" => match value.as_str() {
            Some(id) => draft.owner_ids.iter().any(|owner| owner == id),
            None => draft.owner_ids.is_empty(),
        },
        "story_type" => value.as_str() == Some(draft.story_type.as_str()),
        "workflow_state_id" => value.as_u64() == Some(draft.workflow_state_id),
        "workflow_state_types" => {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).any(|kind| story.is(kind))
        }
        _ => true,
    }
}

/// `GET /search/stories`: `{total, data, next}`, the newest first.
pub(super) fn by_query(
    base_url: &str,
    workspace: &Workspace,
    parameters: &HashMap<String, String>,
) -> Result<Value, Refusal> {
    let query = parameters.get("query").filter(|query| !query.is_empty());
    let query = query.ok_or_else(|| Refusal::field("query", "missing-required-key"))?;
    let number = |name: &'static str, default: usize| match parameters.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Refusal::field(name, json!(["not", ["integer?", text]]))),
    };
    let size = number("page_size", PAGE_DEFAULT)?;
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(Refusal::message(StatusCode::BAD_REQUEST, "page_size must be from 1 to 250."));
    }
    let start = number("next", 0)?;
    let slim = parameters.get("detail").is_some_and(|detail| detail == "slim");
    let terms = terms(query);
    let mut found: Vec<&Story> =
        visible(workspace).filter(|story| terms.iter().all(|term| term.matches(workspace, story))).collect();
    found.reverse();
    let total = found.len();
    let page = found.into_iter().skip(start).take(size).map(|story| {
        if slim { wire::story_slim(base_url, workspace, story, false) } else { wire::story(base_url, workspace, story) }
    });
    let data: Vec<Value> = page.collect();
    let end = start.saturating_add(data.len());
    let next = (end < total).then(|| {
        let detail = if slim { "slim" } else { "full" };
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!("/api/v3/search/stories?query={query}&page_size={size}&detail={detail}&next={end}")
    });
    Ok(json!({ "total": total, "data": data, "next": next }))
}

/// One word or one operator of a query.
#[derive(Debug, PartialEq)]
struct Term {
    negated: bool,
    /// Empty for a plain word.
    operator: String,
    value: String,
}

/// Splits at spaces outside of quotes.
fn terms(query: &str) -> Vec<Term> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in query.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(character);
                }
            }
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(|word| term(&word)).collect()
}

fn term(word: &str) -> Term {
    let (negated, word) = match word.strip_prefix(['!', '-']) {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let known = ["id", "is", "iteration", "label", "owner", "state", "team", "title", "type"];
    match word.split_once(':') {
        Some((operator, value)) if known.contains(&operator) => {
            Term { negated, operator: operator.to_owned(), value: value.to_lowercase() }
        }
        _ => Term { negated, operator: String::new(), value: word.to_lowercase() },
    }
}

impl Term {
    fn matches(&self, workspace: &Workspace, story: &Story) -> bool {
        let draft = &story.draft;
        let value = self.value.as_str();
        let same = |name: &str| name.eq_ignore_ascii_case(value);
        let holds = match self.operator.as_str() {
            "id" => story.id.to_string() == value,
            "is" => match value {
                "archived" => draft.archived,
                "unestimated" => draft.estimate.is_none(),
                kind => story.is(kind),
            },
            "iteration" => {
                draft.iteration_id.and_then(directory::iteration_with_id).is_some_and(|iteration| same(iteration.name))
            }
            "label" => wire::label_names(workspace, story).iter().any(|name| same(name)),
            "owner" => {
                let mut owners = draft.owner_ids.iter().filter_map(|id| directory::member_with_id(id));
                owners.any(|member| same(member.mention_name))
            }
            "state" => story.place().is_some_and(|(_, state)| same(state.name)),
            "team" => {
                let group = draft.group_id.as_deref().and_then(directory::group_with_id);
                group.is_some_and(|group| same(group.mention_name) || same(group.name))
            }
            "title" => draft.name.to_lowercase().contains(value),
            "type" => same(&draft.story_type),
            _ => draft.name.to_lowercase().contains(value) || draft.description.to_lowercase().contains(value),
        };
        holds != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_splits_into_words_and_operators() {
        let term = |negated, operator: &str, value: &str| Term {
            negated,
            operator: operator.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(
            terms(r#"state:"In Progress" !label:vip  Refund a:b"#),
            [
                term(false, "state", "in progress"),
                term(true, "label", "vip"),
                term(false, "", "refund"),
                term(false, "", "a:b")
            ]
        );
    }
}
