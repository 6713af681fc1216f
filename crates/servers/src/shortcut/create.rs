//! Making a story once, and commenting once.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::client::ShortcutClient;
use super::directory::{Directory, number, state_in, text};
use super::schema::{AddComment, AddedComment, CreateStory, CreatedStory, StoryId};
use crate::failure::{ErrorKind, ToolFailure};
use crate::ledger::{Fate, Ledger};
use crate::marker::marker;

/// How long a story may stay invisible to Shortcut's search. Shortcut promises nothing; this is what hosts wait too.
const SEARCH_LAG: Duration = Duration::from_secs(90);
/// Characters of a name at most.
pub(super) const NAME_MAX: usize = 512;
/// Characters of a description or a comment at most.
pub(super) const TEXT_MAX: usize = 100_000;
/// Characters of an address at most.
const URL_MAX: usize = 2_048;

/// A story that a call made or found.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) id: u64,
    url: String,
}

/// Makes the story unless a call with its key did.
pub(super) async fn story(
    client: &ShortcutClient,
    directory: &Directory,
    ledger: &Ledger<Made>,
    wanted: &CreateStory,
) -> Result<CreatedStory, ToolFailure> {
    let Some(mark) = wanted.idempotency_key.as_deref().map(marker) else {
        let fields = fields(directory, wanted, None).await?;
        return Ok(created(send(client, &fields).await?, true));
    };
    let mut turn = ledger.turn(&mark).await;
    if let Some(Fate::Done(made)) = &*turn {
        return Ok(created(made.clone(), false));
    }
    if let Some(found) = client.story_with_mark(&mark).await?.as_ref().and_then(made) {
        *turn = Some(Fate::Done(found.clone()));
        return Ok(created(found, false));
    }
    if let Some(sent) = &*turn {
        sent.may_be_sent_again(Instant::now(), SEARCH_LAG, "Shortcut's search may not show the story yet")?;
    }
    let fields = fields(directory, wanted, Some(&mark)).await?;
    // Noted before it leaves, so that a call that is cancelled meanwhile is not forgotten.
    *turn = Some(Fate::Sent(Instant::now()));
    let outcome = send(client, &fields).await;
    *turn = match &outcome {
        Ok(made) => Some(Fate::Done(made.clone())),
        Err(failure) if failure.error_kind == ErrorKind::Unknown => Some(Fate::Sent(Instant::now())),
        Err(_) => None,
    };
    Ok(created(outcome?, true))
}

async fn send(client: &ShortcutClient, fields: &Map<String, Value>) -> Result<Made, ToolFailure> {
    let answer = client.create_story(fields).await?;
    made(&answer).ok_or_else(|| {
        ToolFailure::unknown(
            "Shortcut took the story but did not say its number; \
             look it up by its idempotency key before creating it again",
        )
    })
}

fn made(story: &Value) -> Option<Made> {
    Some(Made { id: number(story, "id")?, url: text(story, "/app_url").unwrap_or_default() })
}

fn created(made: Made, created: bool) -> CreatedStory {
    CreatedStory { story_id: made.id, key: StoryId(made.id).to_string(), url: made.url, created, announcement: None }
}

/// The body of `POST /stories`.
async fn fields(
    directory: &Directory,
    wanted: &CreateStory,
    mark: Option<&str>,
) -> Result<Map<String, Value>, ToolFailure> {
    check_length("name", &wanted.name, 1, NAME_MAX)?;
    check_length("description", &wanted.description, 0, TEXT_MAX)?;
    let mut fields = Map::new();
    let mut set = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    set("name", json!(wanted.name));
    let team = match &wanted.team {
        None => None,
        Some(name) => Some(directory.team(name).await?),
    };
    let home = team.as_ref().and_then(|team| team.default_workflow_id.or_else(|| team.workflow_ids.first().copied()));
    let home = match (&wanted.workflow, home) {
        (Some(name), _) => Some(directory.workflow(name).await?),
        (None, Some(id)) => directory.workflow_with_id(id).await?,
        (None, None) => None,
    };
    let workflow = match home {
        Some(workflow) => workflow,
        None => directory.only_workflow().await?,
    };
    let state_id = match &wanted.state {
        Some(name) => state_in(&workflow, name)?.state_id,
        None => workflow.default_state_id,
    };
    set("workflow_state_id", json!(state_id));
    if let Some(team) = team {
        set("group_id", json!(team.team_id));
    }
    if !wanted.description.trim().is_empty() {
        set("description", json!(wanted.description));
    }
    if let Some(kind) = wanted.story_type {
        set("story_type", json!(kind.word()));
    }
    if let Some(owners) = wanted.owners.as_ref().filter(|owners| !owners.is_empty()) {
        set("owner_ids", json!(directory.member_ids(owners).await?));
    }
    if let Some(labels) = wanted.labels.as_ref().filter(|labels| !labels.is_empty()) {
        set("labels", labels_named(labels));
    }
    if let Some(iteration) = &wanted.iteration {
        set("iteration_id", json!(directory.iteration(iteration).await?.iteration_id));
    }
    if let Some(estimate) = wanted.estimate {
        set("estimate", json!(estimate));
    }
    if let Some(deadline) = &wanted.deadline {
        set("deadline", json!(moment(deadline)));
    }
    if let Some(links) = wanted.external_links.as_ref().filter(|links| !links.is_empty()) {
        links.iter().try_for_each(|link| check_url(link))?;
        set("external_links", json!(links));
    }
    if let Some(mark) = mark {
        set("external_id", json!(mark));
    }
    Ok(fields)
}

/// Adds the comment unless a call with its key did; comments are found without lag.
pub(super) async fn comment(
    client: &ShortcutClient,
    ledger: &Ledger<u64>,
    wanted: &AddComment,
) -> Result<AddedComment, ToolFailure> {
    check_length("text", &wanted.text, 1, TEXT_MAX)?;
    let id = wanted.story_id.0;
    let Some(mark) = wanted.idempotency_key.as_deref().map(marker) else {
        return added(&client.add_comment(id, &wanted.text, None).await?, true);
    };
    let _turn = ledger.turn(&format!("{id} {mark}")).await;
    let existing = client.comments(id).await?;
    if let Some(found) = existing.iter().find(|comment| text(comment, "/external_id").as_ref() == Some(&mark)) {
        return added(found, false);
    }
    added(&client.add_comment(id, &wanted.text, Some(&mark)).await?, true)
}

fn added(comment: &Value, created: bool) -> Result<AddedComment, ToolFailure> {
    let comment_id = number(comment, "id").ok_or_else(|| {
        ToolFailure::unknown("Shortcut took the comment but did not say its id; read the story before commenting again")
    })?;
    Ok(AddedComment { comment_id, url: text(comment, "/app_url").unwrap_or_default(), created })
}

/// Labels as Shortcut takes them: it makes those that do not exist.
pub(super) fn labels_named(names: &[String]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

/// A day becomes its first moment; anything else is Shortcut's to judge.
pub(super) fn moment(deadline: &str) -> String {
    let deadline = deadline.trim();
    if deadline.len() == 10 { format!("{deadline}T00:00:00Z") } else { deadline.to_owned() }
}

/// Refuses an address that Shortcut would.
pub(super) fn check_url(url: &str) -> Result<(), ToolFailure> {
    let known = url.starts_with("http://") || url.starts_with("https://");
    if known && url.chars().count() <= URL_MAX && url::Url::parse(url).is_ok() {
        return Ok(());
    }
    Err(ToolFailure::permanent(format!(
        "An external link must be an http or https address of at most {URL_MAX} characters"
    )))
}

/// Refuses a text that Shortcut would.
pub(super) fn check_length(field: &str, text: &str, least: usize, most: usize) -> Result<(), ToolFailure> {
    let length = text.trim().chars().count();
    if length >= least && text.chars().count() <= most {
        return Ok(());
    }
    let message = format!("{field} must have {least} to {most} characters; it has {length}");
    Err(ToolFailure::permanent(message.clone()).with_field_errors([(field.to_owned(), message)].into()))
}
