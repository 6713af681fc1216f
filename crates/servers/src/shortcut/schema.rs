//! Arguments and results of the Shortcut tools; their schemas are what `tools/list` publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::story_id::StoryId;

/// What kind of work a story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoryType {
    /// Something new.
    Feature,
    /// Something that is broken.
    Bug,
    /// Work that nobody outside sees.
    Chore,
}

impl StoryType {
    /// As Shortcut writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Bug => "bug",
            Self::Chore => "chore",
        }
    }
}

/// Arguments of `create_story`. Teams, states, members and iterations are given by name or id.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStory {
    /// One line; Shortcut takes at most 512 characters.
    pub name: String,
    /// The text in Markdown. May be empty.
    #[serde(default)]
    pub description: String,
    /// `feature` when it is left out.
    #[serde(default)]
    pub story_type: Option<StoryType>,
    /// The team: its name, mention name or id. Its workflow is taken unless `workflow` names another.
    #[serde(default)]
    pub team: Option<String>,
    /// The workflow: its name or id. Needed when there are several and no team is given.
    #[serde(default)]
    pub workflow: Option<String>,
    /// The state within the workflow: its name or id. The workflow's default state when it is left out.
    #[serde(default)]
    pub state: Option<String>,
    /// Owners: e-mail address, mention name, full name or id of each.
    #[serde(default)]
    pub owners: Option<Vec<String>>,
    /// Names of labels; those that do not exist are made.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// The iteration: its name or id.
    #[serde(default)]
    pub iteration: Option<String>,
    /// Points.
    #[serde(default)]
    pub estimate: Option<u32>,
    /// A day (`2026-02-01`) or a moment (`2026-02-01T12:00:00Z`).
    #[serde(default)]
    pub deadline: Option<String>,
    /// Addresses (http or https) of what the story is about, such as the support request.
    #[serde(default)]
    pub external_links: Option<Vec<String>>,
    /// Calls with the same key make one story. A digest of it is kept as the story's `external_id`.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `create_story`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedStory {
    /// The story's number.
    pub story_id: u64,
    /// The number as people write it, such as `sc-104`; every tool takes either.
    pub key: String,
    /// Where a person opens it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
    /// Whether the announcements' channel heard of it; nothing where none is configured. The story stands either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementState {
    /// It was posted now.
    Posted,
    /// It stood there already.
    AlreadyPosted,
    /// It was not posted, or nobody knows. To repeat `create_story` with the same idempotency key tries again.
    Failed,
}

/// Whether the announcements' channel heard of a new story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Announcement {
    /// What became of it.
    pub state: AnnouncementState,
    /// Where the message is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Arguments of `find_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindByIdempotencyKey {
    /// The key that was given to `create_story`.
    pub idempotency_key: String,
}

/// Result of `find_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundStory {
    /// The story, or nothing when the search does not find it (yet).
    pub found: Option<Story>,
}

/// Arguments of `get_story`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetStory {
    /// The story.
    pub story_id: StoryId,
}

/// What `update_story` can take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clearable {
    /// No team.
    Team,
    /// No iteration.
    Iteration,
    /// No points.
    Estimate,
    /// No deadline.
    Deadline,
}

/// Arguments of `update_story`: what is left out stays as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStory {
    /// The story.
    pub story_id: StoryId,
    /// One line; Shortcut takes at most 512 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// The text in Markdown, replacing what is there.
    #[serde(default)]
    pub description: Option<String>,
    /// The kind of work.
    #[serde(default)]
    pub story_type: Option<StoryType>,
    /// The state to reach: its name within the story's workflow, or its id.
    #[serde(default)]
    pub state: Option<String>,
    /// The team: its name, mention name or id.
    #[serde(default)]
    pub team: Option<String>,
    /// All owners, replacing those there are: e-mail address, mention name, full name or id of each. Empty for nobody.
    #[serde(default)]
    pub owners: Option<Vec<String>>,
    /// Names of labels to add; those that do not exist are made.
    #[serde(default)]
    pub add_labels: Option<Vec<String>>,
    /// Names of labels to take off the story.
    #[serde(default)]
    pub remove_labels: Option<Vec<String>>,
    /// The iteration: its name or id.
    #[serde(default)]
    pub iteration: Option<String>,
    /// Points.
    #[serde(default)]
    pub estimate: Option<u32>,
    /// A day (`2026-02-01`) or a moment (`2026-02-01T12:00:00Z`).
    #[serde(default)]
    pub deadline: Option<String>,
    /// Whether the story is archived.
    #[serde(default)]
    pub archived: Option<bool>,
    /// What to take away.
    #[serde(default)]
    pub clear: Option<Vec<Clearable>>,
    /// A call whose key this server has carried out already changes nothing, even if the story was changed since.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `update_story`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UpdatedStory {
    /// The story as it is now.
    pub story: Story,
    /// What it was before; absent when an earlier call with the same key had changed it.
    pub previous: Option<PreviousStory>,
    /// False when it was so already, or an earlier call with the same key had changed it.
    pub changed: bool,
}

/// What can be given back to a story.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviousStory {
    /// Name of its state.
    pub state: String,
    /// Ids of its owners, with commas between them; empty for nobody.
    pub owner_ids: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// Arguments of `add_comment`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddComment {
    /// The story.
    pub story_id: StoryId,
    /// The text in Markdown.
    pub text: String,
    /// Calls with the same key on the same story make one comment. A digest of it is kept as the comment's `external_id`.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `add_comment`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddedComment {
    /// Id of the comment.
    pub comment_id: u64,
    /// Where a person reads it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `search_stories`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchStories {
    /// Words and Shortcut's search operators, such as `team:payments is:started refund`.
    pub query: String,
    /// Stories per page, 1 to 100; 20 when it is left out.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `search_stories`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundStories {
    /// The stories of this page, without descriptions and comments.
    pub stories: Vec<Story>,
    /// How many match in all.
    pub total: u64,
    /// Give it to the next call for the next page; absent on the last one.
    pub next_page_token: Option<String>,
}

/// Arguments of `link_external_url` and `unlink_external_url`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkExternalUrl {
    /// The story.
    pub story_id: StoryId,
    /// The address, http or https, at most 2048 characters.
    pub url: String,
    /// A call whose key this server has carried out already changes nothing, even if the story was changed since.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `link_external_url` and `unlink_external_url`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkedStory {
    /// The story's number.
    pub story_id: u64,
    /// Where a person opens it.
    pub url: String,
    /// The links that it has now.
    pub external_links: Vec<String>,
    /// False when it was so already, or an earlier call with the same key had changed it.
    pub changed: bool,
}

/// Arguments of `get_stories`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetStories {
    /// The stories, 50 at most.
    #[schemars(length(max = 50))]
    pub story_ids: Vec<StoryId>,
}

/// Arguments of `find_by_external_url`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindByExternalUrl {
    /// The address that was linked, exactly.
    pub url: String,
}

/// Result of `find_by_external_url` and `get_stories`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SomeStories {
    /// Those that there are, without descriptions and comments.
    pub stories: Vec<Story>,
}

/// Arguments of the tools that list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListArguments {
    /// Only what is called so in part, whatever the case.
    #[serde(default)]
    pub name_contains: Option<String>,
    /// Items per page, 1 to 200; 50 when it is left out.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of the tools that list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed<T> {
    /// This page.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
    /// Give it to the next call for the next page; absent on the last one.
    pub next_page_token: Option<String>,
}

/// A story.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Story {
    /// Its number.
    pub story_id: u64,
    /// The number as people write it, such as `sc-104`; every tool takes either.
    pub key: String,
    /// Where a person opens it.
    pub url: String,
    /// One line.
    pub name: String,
    /// `feature`, `bug` or `chore`.
    pub story_type: String,
    /// Name of its state.
    pub state: String,
    /// Kind of that state: `backlog`, `unstarted`, `started` or `done`.
    pub state_type: String,
    /// Name of its workflow.
    pub workflow: String,
    /// Name of its team.
    pub team: Option<String>,
    /// Its owners.
    pub owners: Vec<Person>,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Name of its iteration.
    pub iteration: Option<String>,
    /// Points.
    pub estimate: Option<i64>,
    /// When it is due, as Shortcut writes it.
    pub deadline: Option<String>,
    /// Addresses of what it is about.
    pub external_links: Vec<String>,
    /// Whether it is archived.
    pub archived: bool,
    /// When it was created, as Shortcut writes it (`2026-01-02T03:04:05Z`).
    pub created_at: Option<String>,
    /// When it was last changed, as Shortcut writes it.
    pub updated_at: Option<String>,
    /// Its text; searches leave it out.
    pub description: Option<String>,
    /// Its last 50 comments, the oldest first; searches leave them out.
    pub comments: Option<Vec<StoryComment>>,
}

/// A comment on a story.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryComment {
    /// Its id.
    pub comment_id: u64,
    /// Who wrote it.
    pub author: Option<Person>,
    /// The text in Markdown.
    pub text: String,
    /// When it was written, as Shortcut writes it.
    pub created_at: Option<String>,
}

/// A member, in short.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Person {
    /// The member's id.
    pub member_id: String,
    /// The name that people read; the id when the member is not known.
    pub name: String,
}

/// A member of the workspace.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Member {
    /// The member's id.
    pub member_id: String,
    /// The name that people read.
    pub name: String,
    /// What stands behind `@`.
    pub mention_name: String,
    /// E-mail address, when Shortcut tells it.
    pub email: Option<String>,
    /// Whether the member can't act any more.
    pub disabled: bool,
}

/// A team.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Team {
    /// Its id; the API calls a team a group.
    pub team_id: String,
    /// Its name.
    pub name: String,
    /// What stands behind `@`.
    pub mention_name: String,
    /// Whether it is archived.
    pub archived: bool,
    /// The workflow that its stories are in when none is named.
    pub default_workflow_id: Option<u64>,
    /// All its workflows.
    pub workflow_ids: Vec<u64>,
    /// Its members.
    pub member_ids: Vec<String>,
}

/// A workflow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Workflow {
    /// Its id.
    pub workflow_id: u64,
    /// Its name.
    pub name: String,
    /// Its states in their order.
    pub states: Vec<WorkflowState>,
    /// The state that a new story is in when none is named.
    pub default_state_id: u64,
}

/// A state of a workflow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WorkflowState {
    /// Its id.
    pub state_id: u64,
    /// Its name.
    pub name: String,
    /// `backlog`, `unstarted`, `started` or `done`.
    pub state_type: String,
}

/// An iteration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Iteration {
    /// Its id.
    pub iteration_id: u64,
    /// Its name.
    pub name: String,
    /// `unstarted`, `started` or `done`.
    pub status: String,
    /// When it begins, as Shortcut writes it.
    pub start_date: Option<String>,
    /// When it ends, as Shortcut writes it.
    pub end_date: Option<String>,
}

/// A label.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Label {
    /// Its id.
    pub label_id: u64,
    /// Its name.
    pub name: String,
    /// Whether it is archived.
    pub archived: bool,
}
