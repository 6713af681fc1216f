//! The paths of stories and their comments.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::{ShortcutBox, input, search, wire};

type Parameters = Query<HashMap<String, String>>;
type Made = (StatusCode, Json<Value>);

pub(super) async fn create(State(shortcut): State<ShortcutBox>, body: Bytes) -> Result<Made, Refusal> {
    let fields = input::checked(&body, &[input::STORY, input::ONLY_AT_CREATION], &["name"])?;
    let base_url = &shortcut.config().base_url;
    let (made, happened) = shortcut.change(|workspace| {
        let draft = input::new_draft(&fields, workspace)?;
        let (story, happened) = workspace.create(draft);
        Ok((wire::story(base_url, workspace, &story), happened))
    })?;
    shortcut.tell(Some(happened));
    Ok((StatusCode::CREATED, Json(made)))
}

pub(super) async fn show(State(shortcut): State<ShortcutBox>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    shortcut.read(|workspace| {
        let story = workspace.story(id).ok_or_else(Refusal::not_found)?;
        Ok(Json(wire::story(&shortcut.config().base_url, workspace, story)))
    })
}

pub(super) async fn update(
    State(shortcut): State<ShortcutBox>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    let fields = input::checked(&body, &[input::STORY], &[])?;
    let base_url = &shortcut.config().base_url;
    let (shown, happened) = shortcut.change(|workspace| {
        let draft = workspace.story(id).map(|story| story.draft.clone()).ok_or_else(Refusal::not_found)?;
        let draft = input::changed(&draft, &fields, workspace)?;
        let (story, happened) = workspace.update(id, draft).ok_or_else(Refusal::not_found)?;
        Ok((wire::story(base_url, workspace, &story), happened))
    })?;
    shortcut.tell(happened);
    Ok(Json(shown))
}

pub(super) async fn comments(
    State(shortcut): State<ShortcutBox>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let id = number(&id)?;
    let base_url = &shortcut.config().base_url;
    shortcut.read(|workspace| {
        let story = workspace.story(id).ok_or_else(Refusal::not_found)?;
        Ok(Json(story.comments.iter().map(|comment| wire::comment(base_url, comment)).collect()))
    })
}

pub(super) async fn add_comment(
    State(shortcut): State<ShortcutBox>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Made, Refusal> {
    let id = number(&id)?;
    let fields = input::checked(&body, &[input::COMMENT], &["text"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let (comment, happened) = shortcut
        .change(|workspace| workspace.comment(id, text("text").unwrap_or_default(), text("external_id")))
        .ok_or_else(Refusal::not_found)?;
    shortcut.tell(Some(happened));
    Ok((StatusCode::CREATED, Json(wire::comment(&shortcut.config().base_url, &comment))))
}

/// Answers 201, as the vendor's document says.
pub(super) async fn search_by_fields(State(shortcut): State<ShortcutBox>, body: Bytes) -> Result<Made, Refusal> {
    let fields = input::checked(&body, &[input::SEARCH], &[])?;
    let base_url = &shortcut.config().base_url;
    let found = shortcut.read(|workspace| search::by_fields(base_url, workspace, &fields));
    Ok((StatusCode::CREATED, Json(found)))
}

pub(super) async fn search_by_query(
    State(shortcut): State<ShortcutBox>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    shortcut.read(|workspace| search::by_query(&shortcut.config().base_url, workspace, &query)).map(Json)
}

/// Without lag: it is a look-up, no search.
pub(super) async fn by_external_link(
    State(shortcut): State<ShortcutBox>,
    Query(query): Parameters,
) -> Result<Json<Value>, Refusal> {
    let link = query.get("external_link").ok_or_else(|| Refusal::field("external_link", "missing-required-key"))?;
    let base_url = &shortcut.config().base_url;
    Ok(Json(shortcut.read(|workspace| {
        let linked = workspace.stories.iter().filter(|story| story.draft.external_links.contains(link));
        linked.map(|story| wire::story_slim(base_url, workspace, story, false)).collect()
    })))
}

/// The number in the path; Shortcut refuses anything else by the parameter's name.
fn number(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::field("story-public-id", json!(["not", ["integer?", id]])))
}
