//! Members, teams, workflows and iterations: from the names that people use to ids and back.
//!
//! Shortcut allows 200 requests a minute, so that the lists are kept for a while. A name that is not in a kept list is
//! looked for in a fresh one before it is called unknown.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::ShortcutClient;
use super::schema::{Iteration, Label, Member, Team, Workflow, WorkflowState};
use crate::failure::ToolFailure;

/// How long a list is kept.
const KEPT: Duration = Duration::from_secs(300);
/// Names listed in a message at most.
const NAMES_SHOWN_MAX: usize = 20;

/// Something that a list holds.
pub(super) trait Entry: Clone {
    /// What people call it, for messages.
    const WHAT: &'static str;
    /// The path that answers with all of them.
    const PATH: &'static str;

    /// Reads Shortcut's object; `None` when it has no id.
    fn read(value: &Value) -> Option<Self>;

    /// Its id as text.
    fn id(&self) -> String;

    /// Its name.
    fn name(&self) -> &str;

    /// Whether new work may name it; what is archived or disabled is found by its id only.
    fn is_active(&self) -> bool {
        true
    }

    /// Whether people call it so.
    fn is_called(&self, name: &str) -> bool {
        same(self.name(), name)
    }
}

/// The kept list of one kind.
#[derive(Debug)]
struct Kept<T> {
    list: Mutex<Option<(Instant, Arc<Vec<T>>)>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { list: Mutex::new(None) }
    }
}

impl<T: Entry> Kept<T> {
    /// The list, and whether it was fetched just now.
    async fn list(&self, client: &ShortcutClient, fresh: bool) -> Result<(Arc<Vec<T>>, bool), ToolFailure> {
        let mut kept = self.list.lock().await;
        if let Some((at, list)) = kept.as_ref()
            && !fresh
            && at.elapsed() < KEPT
        {
            return Ok((Arc::clone(list), false));
        }
        let list: Arc<Vec<T>> = Arc::new(client.list(&[T::PATH]).await?.iter().filter_map(T::read).collect());
        *kept = Some((Instant::now(), Arc::clone(&list)));
        Ok((list, true))
    }

    async fn find(&self, client: &ShortcutClient, name: &str) -> Result<T, ToolFailure> {
        let name = name.trim();
        let (list, fresh) = self.list(client, false).await?;
        match one_of(&list, name) {
            Err(_) if !fresh => one_of(&self.list(client, true).await?.0, name),
            found => found,
        }
    }

    /// The entry with this id; an id that no fresh list holds is no fault.
    async fn with_id(&self, client: &ShortcutClient, id: &str) -> Result<Option<T>, ToolFailure> {
        let (list, fresh) = self.list(client, false).await?;
        let found = |list: &[T]| list.iter().find(|entry| entry.id() == id).cloned();
        match found(&list) {
            None if !fresh => Ok(found(&self.list(client, true).await?.0)),
            found => Ok(found),
        }
    }
}

fn one_of<T: Entry>(list: &[T], name: &str) -> Result<T, ToolFailure> {
    if let Some(by_id) = list.iter().find(|entry| same(&entry.id(), name)) {
        return Ok(by_id.clone());
    }
    let called: Vec<&T> = list.iter().filter(|entry| entry.is_active() && entry.is_called(name)).collect();
    match called.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let names: Vec<&str> = list.iter().filter(|entry| entry.is_active()).map(Entry::name).collect();
            Err(unknown(T::WHAT, name, &names))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|entry| entry.id()).collect();
            let what = T::WHAT;
            Err(ToolFailure::permanent(format!("Several {what}s are called {name:?}; give an id: {}", ids.join(", "))))
        }
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> ToolFailure {
    let shown: Vec<&str> = known.iter().copied().take(NAMES_SHOWN_MAX).collect();
    let more = if known.len() > shown.len() { ", …" } else { "" };
    ToolFailure::permanent(format!("Shortcut has no {what} {name:?}; there is {}{more}", shown.join(", ")))
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// What a workspace's names stand for. Clones share the lists.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    client: ShortcutClient,
    lists: Arc<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    members: Kept<Member>,
    teams: Kept<Team>,
    workflows: Kept<Workflow>,
    iterations: Kept<Iteration>,
}

impl Directory {
    pub(super) fn new(client: ShortcutClient) -> Self {
        Self { client, lists: Arc::default() }
    }

    /// Ids of members by e-mail address, mention name, full name or id.
    pub(super) async fn member_ids(&self, names: &[String]) -> Result<Vec<String>, ToolFailure> {
        let mut ids = Vec::new();
        for name in names {
            let id = self.lists.members.find(&self.client, name).await?.member_id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    pub(super) async fn team(&self, name: &str) -> Result<Team, ToolFailure> {
        self.lists.teams.find(&self.client, name).await
    }

    pub(super) async fn iteration(&self, name: &str) -> Result<Iteration, ToolFailure> {
        self.lists.iterations.find(&self.client, name).await
    }

    pub(super) async fn workflow(&self, name: &str) -> Result<Workflow, ToolFailure> {
        self.lists.workflows.find(&self.client, name).await
    }

    /// The workspace's only workflow.
    pub(super) async fn only_workflow(&self) -> Result<Workflow, ToolFailure> {
        let (list, _) = self.lists.workflows.list(&self.client, false).await?;
        match list.as_slice() {
            [only] => Ok(only.clone()),
            several => {
                let names: Vec<&str> = several.iter().map(Entry::name).collect();
                Err(ToolFailure::permanent(format!("Give team or workflow; the workflows are {}", names.join(", "))))
            }
        }
    }

    pub(super) async fn workflow_with_id(&self, id: u64) -> Result<Option<Workflow>, ToolFailure> {
        self.lists.workflows.with_id(&self.client, &id.to_string()).await
    }

    pub(super) async fn member_with_id(&self, id: &str) -> Result<Option<Member>, ToolFailure> {
        self.lists.members.with_id(&self.client, id).await
    }

    pub(super) async fn team_with_id(&self, id: &str) -> Result<Option<Team>, ToolFailure> {
        self.lists.teams.with_id(&self.client, id).await
    }

    pub(super) async fn iteration_with_id(&self, id: u64) -> Result<Option<Iteration>, ToolFailure> {
        self.lists.iterations.with_id(&self.client, &id.to_string()).await
    }

    pub(super) async fn all_members(&self) -> Result<Arc<Vec<Member>>, ToolFailure> {
        Ok(self.lists.members.list(&self.client, true).await?.0)
    }

    pub(super) async fn all_teams(&self) -> Result<Arc<Vec<Team>>, ToolFailure> {
        Ok(self.lists.teams.list(&self.client, true).await?.0)
    }

    pub(super) async fn all_workflows(&self) -> Result<Arc<Vec<Workflow>>, ToolFailure> {
        Ok(self.lists.workflows.list(&self.client, true).await?.0)
    }

    pub(super) async fn all_iterations(&self) -> Result<Arc<Vec<Iteration>>, ToolFailure> {
        Ok(self.lists.iterations.list(&self.client, true).await?.0)
    }

    /// All labels; never kept, because stories make them.
    pub(super) async fn all_labels(&self) -> Result<Arc<Vec<Label>>, ToolFailure> {
        Ok(Kept::default().list(&self.client, true).await?.0)
    }
}

/// The state of the workflow with this name or id.
pub(super) fn state_in<'w>(workflow: &'w Workflow, name: &str) -> Result<&'w WorkflowState, ToolFailure> {
    let name = name.trim();
    let found = workflow.states.iter().find(|state| state.state_id.to_string() == name || same(&state.name, name));
    found.ok_or_else(|| {
        let names: Vec<&str> = workflow.states.iter().map(|state| state.name.as_str()).collect();
        let what = format!("state in workflow {:?} called", workflow.name);
        unknown(&what, name, &names)
    })
}

impl Entry for Member {
    const WHAT: &'static str = "member";
    const PATH: &'static str = "members";

    fn read(value: &Value) -> Option<Self> {
        let mention_name = text(value, "/profile/mention_name").unwrap_or_default();
        Some(Self {
            member_id: text(value, "/id")?,
            name: text(value, "/profile/name").unwrap_or_else(|| mention_name.clone()),
            mention_name,
            email: text(value, "/profile/email_address"),
            disabled: flag(value, "disabled"),
        })
    }

    fn id(&self) -> String {
        self.member_id.clone()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_active(&self) -> bool {
        !self.disabled
    }

    fn is_called(&self, name: &str) -> bool {
        same(&self.name, name)
            || same(&self.mention_name, name.trim_start_matches('@'))
            || self.email.as_deref().is_some_and(|email| same(email, name))
    }
}

impl Entry for Team {
    const WHAT: &'static str = "team";
    const PATH: &'static str = "groups";

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            team_id: text(value, "/id")?,
            name: text(value, "/name").unwrap_or_default(),
            mention_name: text(value, "/mention_name").unwrap_or_default(),
            archived: flag(value, "archived"),
            default_workflow_id: number(value, "default_workflow_id"),
            workflow_ids: list(value, "workflow_ids").iter().filter_map(Value::as_u64).collect(),
            member_ids: list(value, "member_ids").iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        })
    }

    fn id(&self) -> String {
        self.team_id.clone()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_active(&self) -> bool {
        !self.archived
    }

    fn is_called(&self, name: &str) -> bool {
        same(&self.name, name) || same(&self.mention_name, name.trim_start_matches('@'))
    }
}

impl Entry for Workflow {
    const WHAT: &'static str = "workflow";
    const PATH: &'static str = "workflows";

    fn read(value: &Value) -> Option<Self> {
        let state = |value: &Value| {
            Some(WorkflowState {
                state_id: number(value, "id")?,
                name: text(value, "/name").unwrap_or_default(),
                state_type: text(value, "/type").unwrap_or_default(),
            })
        };
        Some(Self {
            workflow_id: number(value, "id")?,
            name: text(value, "/name").unwrap_or_default(),
            states: list(value, "states").iter().filter_map(state).collect(),
            default_state_id: number(value, "default_state_id")?,
        })
    }

    fn id(&self) -> String {
        self.workflow_id.to_string()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Entry for Iteration {
    const WHAT: &'static str = "iteration";
    const PATH: &'static str = "iterations";

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            iteration_id: number(value, "id")?,
            name: text(value, "/name").unwrap_or_default(),
            status: text(value, "/status").unwrap_or_default(),
            start_date: text(value, "/start_date"),
            end_date: text(value, "/end_date"),
        })
    }

    fn id(&self) -> String {
        self.iteration_id.to_string()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Entry for Label {
    const WHAT: &'static str = "label";
    const PATH: &'static str = "labels";

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            label_id: number(value, "id")?,
            name: text(value, "/name").unwrap_or_default(),
            archived: flag(value, "archived"),
        })
    }

    fn id(&self) -> String {
        self.label_id.to_string()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// The text at the pointer.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

/// The number under the name.
pub(super) fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name)?.as_u64()
}

/// Whether the name holds `true`.
pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

/// The items under the name.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts under the name.
pub(super) fn texts(value: &Value, name: &str) -> Vec<String> {
    list(value, name).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
