//! What a site, a project, a board or an issue has, as the tools list it.

use serde_json::Value;

use super::client::{JiraClient, Page, Window};
use super::create::{self, field_id, flag, label, text};
use super::schema_lists::{
    Board, Change, ChangedField, Component, CreateField, CreateFields, GetChangelog, GetCreateFields, IssueSprints,
    ListBoards, ListOfProject, ListProjects, ListSprints, Listed, Project, Sprint, SprintState, Status, Transition,
    Transitions,
};
use super::shown::{self, number, string};
use crate::failure::ToolFailure;

/// Items per page: when no number is given, at most, and at most from Jira Software.
const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 100;
const AGILE_PAGE_MAX: u32 = 50;
/// Values of a field that are told.
const VALUES_MAX: usize = 50;

fn window(size: Option<u32>, most: u32, token: Option<&String>) -> Window<'_> {
    Window { size: size.unwrap_or(PAGE_DEFAULT).clamp(1, most), token: token.map(String::as_str) }
}

fn listed<T>(page: Page, shown: impl Fn(&Value) -> Option<T>) -> Listed<T> {
    Listed { items: page.items.iter().filter_map(shown).collect(), total: page.total, next_page_token: page.next }
}

pub(super) async fn projects(client: &JiraClient, wanted: ListProjects) -> Result<Listed<Project>, ToolFailure> {
    let window = window(wanted.max_results, PAGE_MAX, wanted.next_page_token.as_ref());
    let page = client.projects(wanted.name_contains.as_deref().unwrap_or_default().trim(), window).await?;
    Ok(listed(page, |project| {
        Some(Project {
            key: string(project, "/key")?,
            name: string(project, "/name").unwrap_or_default(),
            kind: string(project, "/projectTypeKey"),
        })
    }))
}

pub(super) async fn components(client: &JiraClient, wanted: ListOfProject) -> Result<Listed<Component>, ToolFailure> {
    let all = client.components(&wanted.project_key).await;
    let all = all.map_err(|failure| create::no_project(failure, &wanted.project_key))?;
    let page = window(wanted.max_results, PAGE_MAX, wanted.next_page_token.as_ref()).of(all)?;
    Ok(listed(page, |component| {
        Some(Component {
            component_id: string(component, "/id").unwrap_or_default(),
            name: string(component, "/name")?,
            description: string(component, "/description"),
        })
    }))
}

/// Jira tells the statuses of each issue type; here each status is told once.
pub(super) async fn statuses(client: &JiraClient, wanted: ListOfProject) -> Result<Listed<Status>, ToolFailure> {
    let types = client.statuses(&wanted.project_key).await;
    let types = types.map_err(|failure| create::no_project(failure, &wanted.project_key))?;
    let mut all: Vec<Status> = Vec::new();
    for issue_type in &types {
        let type_name = string(issue_type, "/name").unwrap_or_default();
        let statuses = issue_type.get("statuses").and_then(Value::as_array);
        for status in statuses.into_iter().flatten() {
            let Some(name) = string(status, "/name") else { continue };
            match all.iter_mut().find(|known| known.name == name) {
                Some(known) => known.issue_types.push(type_name.clone()),
                None => all.push(Status {
                    name,
                    category: string(status, "/statusCategory/key").unwrap_or_default(),
                    issue_types: vec![type_name.clone()],
                }),
            }
        }
    }
    let window = window(wanted.max_results, PAGE_MAX, wanted.next_page_token.as_ref());
    let (start, total) = (window.start()?, all.len() as u64);
    let skipped = usize::try_from(start).unwrap_or(usize::MAX);
    let items: Vec<Status> = all.into_iter().skip(skipped).take(window.size as usize).collect();
    let end = start.saturating_add(items.len() as u64);
    Ok(Listed { items, total: Some(total), next_page_token: (end < total).then(|| end.to_string()) })
}

pub(super) async fn create_fields(client: &JiraClient, wanted: GetCreateFields) -> Result<CreateFields, ToolFailure> {
    let types = client.issue_types(&wanted.project_key).await;
    let types = types.map_err(|failure| create::no_project(failure, &wanted.project_key))?;
    let issue_types = types.iter().filter_map(|known| string(known, "/name")).collect();
    let Some(issue_type) = wanted.issue_type else {
        return Ok(CreateFields { issue_types, fields: Vec::new() });
    };
    let (_, screen) = create::screen(client, &wanted.project_key, &issue_type).await?;
    let field = |shown: &Value| {
        let options = shown.get("allowedValues").and_then(Value::as_array);
        Some(CreateField {
            field_id: field_id(shown)?.to_owned(),
            name: text(shown, "name").unwrap_or_default().to_owned(),
            required: flag(shown, "required") && !flag(shown, "hasDefaultValue"),
            allowed_values: options
                .into_iter()
                .flatten()
                .filter_map(|option| label(option).map(str::to_owned))
                .take(VALUES_MAX)
                .collect(),
        })
    };
    Ok(CreateFields { issue_types, fields: screen.iter().filter_map(field).collect() })
}

pub(super) async fn transitions(client: &JiraClient, issue_key: &str) -> Result<Transitions, ToolFailure> {
    let issue = client.issue_state(issue_key).await?;
    let open = client.transitions(issue_key).await?;
    let shown = |transition: &Value| {
        Some(Transition {
            transition_id: string(transition, "/id")?,
            name: string(transition, "/name").unwrap_or_default(),
            to_status: string(transition, "/to/name").unwrap_or_default(),
            to_status_category: string(transition, "/to/statusCategory/key").unwrap_or_default(),
        })
    };
    Ok(Transitions {
        status: string(&issue, "/fields/status/name").unwrap_or_default(),
        transitions: open.iter().filter_map(shown).collect(),
    })
}

pub(super) async fn boards(client: &JiraClient, wanted: ListBoards) -> Result<Listed<Board>, ToolFailure> {
    let window = window(wanted.max_results, AGILE_PAGE_MAX, wanted.next_page_token.as_ref());
    let page = client.boards(wanted.project_key.as_deref(), wanted.name_contains.as_deref(), window).await?;
    Ok(listed(page, |board| {
        Some(Board {
            board_id: number(board, "/id")?,
            name: string(board, "/name").unwrap_or_default(),
            kind: string(board, "/type").unwrap_or_default(),
            project_key: string(board, "/location/projectKey"),
        })
    }))
}

pub(super) async fn sprints(client: &JiraClient, wanted: ListSprints) -> Result<Listed<Sprint>, ToolFailure> {
    let window = window(wanted.max_results, AGILE_PAGE_MAX, wanted.next_page_token.as_ref());
    let page = client.sprints(wanted.board_id, wanted.state.map(SprintState::word), window).await?;
    Ok(listed(page, sprint))
}

pub(super) async fn issue_sprints(client: &JiraClient, issue_key: &str) -> Result<IssueSprints, ToolFailure> {
    let issue = client.issue_sprints(issue_key).await?;
    let closed = issue.pointer("/fields/closedSprints").and_then(Value::as_array);
    Ok(IssueSprints {
        key: string(&issue, "/key").unwrap_or_else(|| issue_key.to_owned()),
        sprint: issue.pointer("/fields/sprint").and_then(sprint),
        closed_sprints: closed.into_iter().flatten().filter_map(sprint).collect(),
    })
}

fn sprint(sprint: &Value) -> Option<Sprint> {
    Some(Sprint {
        sprint_id: number(sprint, "/id")?,
        name: string(sprint, "/name").unwrap_or_default(),
        state: string(sprint, "/state").unwrap_or_default(),
        start: string(sprint, "/startDate"),
        end: string(sprint, "/endDate"),
        goal: string(sprint, "/goal").filter(|goal| !goal.is_empty()),
    })
}

pub(super) async fn changelog(client: &JiraClient, wanted: GetChangelog) -> Result<Listed<Change>, ToolFailure> {
    let window = window(wanted.max_results, PAGE_MAX, wanted.next_page_token.as_ref());
    let page = client.changelog(&wanted.issue_key, window).await?;
    Ok(listed(page, |change| {
        let items = change.get("items").and_then(Value::as_array);
        Some(Change {
            at: string(change, "/created")?,
            by: change.get("author").and_then(|author| shown::person(client, author)),
            fields: items
                .into_iter()
                .flatten()
                .map(|item| ChangedField {
                    field: string(item, "/field").unwrap_or_default(),
                    from: string(item, "/fromString"),
                    to: string(item, "/toString"),
                })
                .collect(),
        })
    }))
}
