//! Changing a story: only what differs is sent, so that repeating a call changes nothing more.

use serde_json::{Map, Value, json};

use super::client::ShortcutClient;
use super::create::{NAME_MAX, TEXT_MAX, check_length, check_url, labels_named, moment};
use super::directory::{Directory, number, state_in, text, texts};
use super::schema::{Clearable, LinkExternalUrl, LinkedStory, PreviousStory, StoryId, UpdateStory, UpdatedStory};
use super::shown;
use crate::failure::ToolFailure;
use crate::ledger::{Fate, Held, Ledger};
use crate::marker::marker;

/// The turns of a change: its key's, so that it happens once, and its story's, so that what is read before it is
/// written (labels, links) is not written over by another call.
struct Turns {
    key: Option<Held<()>>,
    _story: Held<()>,
}

impl Turns {
    async fn take(ledger: &Ledger<()>, story: StoryId, key: Option<&str>) -> Self {
        let key = match key {
            None => None,
            Some(key) => Some(ledger.turn(&format!("{} {}", story.0, marker(key))).await),
        };
        Self { key, _story: ledger.turn(&story.0.to_string()).await }
    }

    fn is_done(&self) -> bool {
        self.key.as_ref().is_some_and(|fate| matches!(**fate, Some(Fate::Done(()))))
    }

    fn done(&mut self) {
        if let Some(fate) = &mut self.key {
            **fate = Some(Fate::Done(()));
        }
    }
}

/// Changes the story where it differs from what is wanted.
pub(super) async fn story(
    client: &ShortcutClient,
    directory: &Directory,
    ledger: &Ledger<()>,
    wanted: &UpdateStory,
) -> Result<UpdatedStory, ToolFailure> {
    let id = wanted.story_id;
    let mut turns = Turns::take(ledger, id, wanted.idempotency_key.as_deref()).await;
    let now = client.story(id.0).await?;
    let mut fields = if turns.is_done() { Map::new() } else { fields(directory, wanted, &now).await? };
    fields.retain(|field, value| differs(&now, field, value));
    let before = shown::story(directory, &now).await?;
    let owner_ids = texts(&now, "owner_ids").join(",");
    let previous = (!turns.is_done()).then(|| PreviousStory {
        state: before.state.clone(),
        owner_ids,
        labels: shown::label_names(&now),
    });
    if fields.is_empty() {
        turns.done();
        return Ok(UpdatedStory { story: before, previous, changed: false });
    }
    let after = client.update_story(id.0, &fields).await?;
    turns.done();
    Ok(UpdatedStory { story: shown::story(directory, &after).await?, previous, changed: true })
}

fn differs(story: &Value, field: &str, value: &Value) -> bool {
    match field {
        "labels" => {
            let wanted: Vec<String> = value.as_array().into_iter().flatten().filter_map(|l| text(l, "/name")).collect();
            shown::label_names(story) != wanted
        }
        _ => story.get(field) != Some(value),
    }
}

/// The body of `PUT /stories/{id}`.
async fn fields(directory: &Directory, wanted: &UpdateStory, now: &Value) -> Result<Map<String, Value>, ToolFailure> {
    let mut fields = Map::new();
    let mut set = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    for cleared in wanted.clear.iter().flatten() {
        match cleared {
            Clearable::Team => set("group_id", Value::Null),
            Clearable::Iteration => set("iteration_id", Value::Null),
            Clearable::Estimate => set("estimate", Value::Null),
            Clearable::Deadline => set("deadline", Value::Null),
        }
    }
    if let Some(name) = &wanted.name {
        check_length("name", name, 1, NAME_MAX)?;
        set("name", json!(name));
    }
    if let Some(description) = &wanted.description {
        check_length("description", description, 0, TEXT_MAX)?;
        set("description", json!(description));
    }
    if let Some(kind) = wanted.story_type {
        set("story_type", json!(kind.word()));
    }
    if let Some(state) = &wanted.state {
        set("workflow_state_id", json!(state_id(directory, now, state).await?));
    }
    if let Some(team) = &wanted.team {
        set("group_id", json!(directory.team(team).await?.team_id));
    }
    if let Some(owners) = &wanted.owners {
        set("owner_ids", json!(directory.member_ids(owners).await?));
    }
    if wanted.add_labels.is_some() || wanted.remove_labels.is_some() {
        set("labels", labels_named(&labels(now, wanted)));
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
    if let Some(archived) = wanted.archived {
        set("archived", json!(archived));
    }
    Ok(fields)
}

/// The state by its name in the story's workflow, or by its id in any.
async fn state_id(directory: &Directory, story: &Value, name: &str) -> Result<u64, ToolFailure> {
    let workflow_id = number(story, "workflow_id").unwrap_or_default();
    let workflow = directory.workflow_with_id(workflow_id).await?.ok_or_else(|| {
        ToolFailure::permanent(
            "The account of the Shortcut API token may not see the story's workflow; give it the right",
        )
    })?;
    match (state_in(&workflow, name), name.trim().parse::<u64>()) {
        (Ok(state), _) => Ok(state.state_id),
        (Err(_), Ok(id)) => Ok(id),
        (Err(failure), Err(_)) => Err(failure),
    }
}

/// The labels that the story has, without those to take off, and those to add.
fn labels(story: &Value, wanted: &UpdateStory) -> Vec<String> {
    let among = |name: &str, names: &[String]| names.iter().any(|other| other.to_lowercase() == name.to_lowercase());
    let removed = wanted.remove_labels.as_deref().unwrap_or_default();
    let mut names = shown::label_names(story);
    names.retain(|name| !among(name, removed));
    for added in wanted.add_labels.iter().flatten() {
        if !among(added, &names) {
            names.push(added.clone());
        }
    }
    names
}

/// Adds the link to the story, or takes it off.
pub(super) async fn link(
    client: &ShortcutClient,
    ledger: &Ledger<()>,
    wanted: &LinkExternalUrl,
    present: bool,
) -> Result<LinkedStory, ToolFailure> {
    check_url(&wanted.url)?;
    let id = wanted.story_id;
    let mut turns = Turns::take(ledger, id, wanted.idempotency_key.as_deref()).await;
    let mut story = client.story(id.0).await?;
    let mut links = texts(&story, "external_links");
    let changed = !turns.is_done() && links.contains(&wanted.url) != present;
    if changed {
        links.retain(|link| *link != wanted.url);
        if present {
            links.push(wanted.url.clone());
        }
        story = client.update_story(id.0, &Map::from_iter([("external_links".to_owned(), json!(links))])).await?;
    }
    turns.done();
    Ok(LinkedStory {
        story_id: id.0,
        url: text(&story, "/app_url").unwrap_or_default(),
        external_links: texts(&story, "external_links"),
        changed,
    })
}
