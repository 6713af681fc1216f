//! Arguments and results of the tools that list what a site has; their schemas are what `tools/list` publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::Person;

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// How many there are in all, when Jira says so.
    pub total: Option<u64>,
    /// Token of the next page; nothing on the last one.
    pub next_page_token: Option<String>,
}

/// Arguments of `list_projects`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListProjects {
    /// Only projects whose key or name holds this.
    #[serde(default)]
    pub name_contains: Option<String>,
    /// Items per page, 1 to 100; 50 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Project {
    /// Its key, such as `PAY`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its kind, such as `software` or `service_desk`.
    pub kind: Option<String>,
}

/// Arguments of the tools that list what a project has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOfProject {
    /// Key of the project.
    pub project_key: String,
    /// Items per page, 1 to 100; 50 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A component of a project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Component {
    /// Its id.
    pub component_id: String,
    /// Its name, as `create_issue` takes it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A status that issues of a project go through.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// Its name, as `transition_issue` takes it.
    pub name: String,
    /// `new`, `indeterminate` or `done`.
    pub category: String,
    /// Names of the issue types that have it.
    pub issue_types: Vec<String>,
}

/// Arguments of `get_create_fields`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCreateFields {
    /// Key of the project.
    pub project_key: String,
    /// Name of the issue type; left out, only the types are told.
    #[serde(default)]
    pub issue_type: Option<String>,
}

/// Result of `get_create_fields`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreateFields {
    /// Names of the project's issue types.
    pub issue_types: Vec<String>,
    /// The fields on the create screen of the issue type.
    pub fields: Vec<CreateField>,
}

/// A field on a create screen.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreateField {
    /// Its id, as `extra_fields` takes it.
    pub field_id: String,
    /// Its name.
    pub name: String,
    /// Whether an issue can't be created without it.
    pub required: bool,
    /// What may be chosen, up to fifty; empty when anything may be given.
    pub allowed_values: Vec<String>,
}

/// Arguments of `list_transitions`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTransitions {
    /// Key of the issue.
    pub issue_key: String,
}

/// Result of `list_transitions`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Transitions {
    /// Name of the issue's status now.
    pub status: String,
    /// The transitions that the account may make now.
    pub transitions: Vec<Transition>,
}

/// A transition that is open to an issue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Transition {
    /// Its id.
    pub transition_id: String,
    /// Its name.
    pub name: String,
    /// Name of the status that it leads to.
    pub to_status: String,
    /// Category of that status: `new`, `indeterminate` or `done`.
    pub to_status_category: String,
}

/// Arguments of `list_boards`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListBoards {
    /// Only boards of this project.
    #[serde(default)]
    pub project_key: Option<String>,
    /// Only boards whose name holds this.
    #[serde(default)]
    pub name_contains: Option<String>,
    /// Items per page, 1 to 50; 50 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A board.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Board {
    /// Its id, as `list_sprints` takes it.
    pub board_id: u64,
    /// Its name.
    pub name: String,
    /// `scrum`, `kanban` or `simple`.
    pub kind: String,
    /// Key of its project, when it has one.
    pub project_key: Option<String>,
}

/// The state of a sprint.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SprintState {
    /// Planned.
    Future,
    /// Under way.
    Active,
    /// Over.
    Closed,
}

impl SprintState {
    /// Jira's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

/// Arguments of `list_sprints`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSprints {
    /// Id of a scrum board, from `list_boards`.
    pub board_id: u64,
    /// Only sprints in this state.
    #[serde(default)]
    pub state: Option<SprintState>,
    /// Items per page, 1 to 50; 50 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A sprint.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Sprint {
    /// Its id.
    pub sprint_id: u64,
    /// Its name.
    pub name: String,
    /// `future`, `active` or `closed`.
    pub state: String,
    /// When it begins, as Jira writes it.
    pub start: Option<String>,
    /// When it ends, as Jira writes it.
    pub end: Option<String>,
    /// What it is for.
    pub goal: Option<String>,
}

/// Result of `get_issue_sprint`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssueSprints {
    /// Key of the issue.
    pub key: String,
    /// The sprint that it is in, active or future.
    pub sprint: Option<Sprint>,
    /// The sprints that it was in and that are over.
    pub closed_sprints: Vec<Sprint>,
}

/// Arguments of `get_issue_changelog`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetChangelog {
    /// Key of the issue.
    pub issue_key: String,
    /// Changes per page, 1 to 100; 50 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// One change of an issue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// When, as Jira writes it.
    pub at: String,
    /// By whom.
    pub by: Option<Person>,
    /// What changed.
    pub fields: Vec<ChangedField>,
}

/// A field before and after a change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedField {
    /// Name of the field.
    pub field: String,
    /// Its value before, as people read it.
    pub from: Option<String>,
    /// Its value after, as people read it.
    pub to: Option<String>,
}
