//! From Shortcut's stories to what the tools show: names in place of ids.

use serde_json::Value;

use super::directory::{Directory, flag, list, number, text, texts};
use super::schema::{Person, Story, StoryComment, StoryId};
use crate::failure::ToolFailure;

/// Comments shown of one story, the last ones.
const COMMENTS_MAX: usize = 50;

/// Reads Shortcut's story tolerantly: a missing field is shown as empty, an unknown id as itself.
///
/// # Errors
/// A list that gives names to ids could not be had.
pub(super) async fn story(directory: &Directory, story: &Value) -> Result<Story, ToolFailure> {
    let state_id = number(story, "workflow_state_id").unwrap_or_default();
    let workflow_id = number(story, "workflow_id").unwrap_or_default();
    let workflow = directory.workflow_with_id(workflow_id).await?;
    let state = workflow.as_ref().and_then(|workflow| workflow.states.iter().find(|state| state.state_id == state_id));
    let mut owners = Vec::new();
    for id in texts(story, "owner_ids") {
        owners.push(person(directory, id).await?);
    }
    let team = match text(story, "/group_id") {
        None => None,
        Some(id) => Some(directory.team_with_id(&id).await?.map_or(id, |team| team.name)),
    };
    let iteration = match number(story, "iteration_id") {
        None => None,
        Some(id) => Some(directory.iteration_with_id(id).await?.map_or_else(|| id.to_string(), |found| found.name)),
    };
    let comments = match story.get("comments") {
        None => None,
        Some(_) => Some(comments(directory, list(story, "comments")).await?),
    };
    let id = number(story, "id").unwrap_or_default();
    Ok(Story {
        story_id: id,
        key: StoryId(id).to_string(),
        url: text(story, "/app_url").unwrap_or_default(),
        name: text(story, "/name").unwrap_or_default(),
        story_type: text(story, "/story_type").unwrap_or_default(),
        state: state.map_or_else(|| state_id.to_string(), |state| state.name.clone()),
        state_type: state.map(|state| state.state_type.clone()).unwrap_or_default(),
        workflow: workflow.map_or_else(|| workflow_id.to_string(), |workflow| workflow.name),
        team,
        owners,
        labels: label_names(story),
        iteration,
        estimate: story.get("estimate").and_then(Value::as_i64),
        deadline: text(story, "/deadline"),
        external_links: texts(story, "external_links"),
        archived: flag(story, "archived"),
        created_at: text(story, "/created_at"),
        updated_at: text(story, "/updated_at"),
        description: text(story, "/description"),
        comments,
    })
}

/// The names of a story's labels.
pub(super) fn label_names(story: &Value) -> Vec<String> {
    list(story, "labels").iter().filter_map(|label| text(label, "/name")).collect()
}

async fn comments(directory: &Directory, all: &[Value]) -> Result<Vec<StoryComment>, ToolFailure> {
    let live: Vec<&Value> = all.iter().filter(|comment| !flag(comment, "deleted")).collect();
    let mut shown = Vec::new();
    for comment in live.iter().skip(live.len().saturating_sub(COMMENTS_MAX)) {
        let author = match text(comment, "/author_id") {
            None => None,
            Some(id) => Some(person(directory, id).await?),
        };
        shown.push(StoryComment {
            comment_id: number(comment, "id").unwrap_or_default(),
            author,
            text: text(comment, "/text").unwrap_or_default(),
            created_at: text(comment, "/created_at"),
        });
    }
    Ok(shown)
}

async fn person(directory: &Directory, member_id: String) -> Result<Person, ToolFailure> {
    let member = directory.member_with_id(&member_id).await?;
    Ok(Person { name: member.map_or_else(|| member_id.clone(), |member| member.name), member_id })
}
