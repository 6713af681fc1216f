//! A Shortcut workspace in a box: the part of REST v3 that Deskbell speaks, with Shortcut's own shapes,
//! error bodies, strictness about unknown fields, search lag, rate limit, webhooks and, on demand, faults.
//!
//! Reading order: [`ShortcutBox`] is the handle; `routes` maps HTTP to `workspace`, which holds the state;
//! `input` refuses what Shortcut refuses; `search` is both ways to search; `wire` writes Shortcut's JSON;
//! `webhook` tells others of changes. Epics, projects, tasks, files and custom fields are not in the box:
//! a request that names them is refused.
//!
//! Shapes follow <https://developer.shortcut.com/api/rest/v3>; both directions are checked against the vendor's
//! `OpenAPI` document by the tests of `crates/servers`.

mod answer;
mod directory;
mod input;
mod page;
mod routes;
mod routes_story;
mod search;
mod webhook;
mod wire;
mod workspace;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::error::SandboxError;
use crate::faults::FaultTable;
use crate::record::RecordedExchange;
use webhook::{Happening, WebhookSender};
use workspace::{Draft, Workspace};

/// Snapshots that a slow subscriber may fall behind before it loses the oldest.
const SNAPSHOTS_KEPT: usize = 16;

/// How a Shortcut workspace in a box behaves.
#[derive(Debug, Clone)]
pub struct ShortcutConfig {
    /// The address that links carry, without a trailing slash (`http://127.0.0.1:4100/shortcut`).
    pub base_url: String,
    /// How long a new story stays invisible to both searches, in milliseconds; drawn per story.
    pub search_lag_ms: RangeInclusive<u64>,
    /// Where the draws of the lag start.
    pub seed: u64,
    /// Faults; the targets are `shortcut:POST /stories`, `shortcut:GET /stories/{id}`, `shortcut:POST /stories/search`
    /// and so on (the method and the path behind `/api/v3`), and `deliver:shortcut` for webhooks.
    pub faults: FaultTable,
    /// The token that `Shortcut-Token` must carry.
    pub api_token: String,
    /// Requests per minute before 429; `None` sets no limit. Shortcut's own figure is 200:
    /// <https://developer.shortcut.com/api/rest/v3#Rate-Limiting>.
    pub requests_per_minute: Option<u32>,
}

/// How often the workspace was changed, for checkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShortcutCounts {
    /// Stories that exist.
    pub stories: u64,
    /// Comments that exist.
    pub comments: u64,
    /// Updates through the API that changed something.
    pub updates: u64,
    /// API requests that carried the right token, including those that a fault hit.
    pub requests: u64,
}

/// A handle to one workspace; clones share it.
#[derive(Debug, Clone)]
pub struct ShortcutBox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: ShortcutConfig,
    workspace: Mutex<Workspace>,
    changes: broadcast::Sender<Value>,
    webhooks: WebhookSender,
}

impl ShortcutBox {
    /// A workspace with two workflows, four teams, three iterations and no stories.
    ///
    /// # Errors
    /// [`SandboxError::HttpClient`] when the client that sends webhooks can't be built.
    pub fn new(config: ShortcutConfig) -> Result<Self, SandboxError> {
        let workspace = Workspace::new(&config);
        let webhooks = WebhookSender::new(config.faults.clone())?;
        let (changes, _) = broadcast::channel(SNAPSHOTS_KEPT);
        Ok(Self { inner: Arc::new(Inner { config, workspace: Mutex::new(workspace), changes, webhooks }) })
    }

    /// The workspace's routes: `/api/v3/...`, `/story/{id}`, `/sandbox-move` and `/sandbox-add`.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// Everything a board shows: `{base_url, workflows, stories}`.
    pub fn snapshot(&self) -> Value {
        self.read(|workspace| wire::snapshot(&self.inner.config.base_url, workspace))
    }

    /// A fresh snapshot after each change.
    pub fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.inner.changes.subscribe()
    }

    /// How often the workspace was changed so far.
    pub fn counts(&self) -> ShortcutCounts {
        self.read(Workspace::counts)
    }

    /// The last thousand API requests with their answers, oldest first; for checks against the vendor's document.
    pub fn exchanges(&self) -> Vec<RecordedExchange> {
        self.read(|workspace| workspace.exchanges.all())
    }

    /// Adds a story as a person on the board would; gives its number. `None` without a name, or for an unknown workflow.
    pub fn add_story(&self, name: &str, workflow: &str) -> Option<u64> {
        let home = directory::WORKFLOWS.iter().find(|known| known.name.eq_ignore_ascii_case(workflow))?;
        let colleague = directory::MEMBERS.get(1)?;
        if name.trim().is_empty() {
            return None;
        }
        let draft = Draft {
            name: name.trim().to_owned(),
            story_type: "feature".to_owned(),
            workflow_state_id: home.default_state_id,
            requested_by_id: colleague.id.to_owned(),
            ..Draft::default()
        };
        let (story, happened) = self.change(|workspace| workspace.create(draft));
        self.tell(Some(happened));
        Some(story.id)
    }

    /// Moves a story as a person on the board would. False when the story, or the state in its workflow, is unknown.
    pub fn move_story(&self, id: u64, state_name: &str) -> bool {
        let (moved, happened) = self.change(|workspace| match workspace.move_to(id, state_name) {
            Some(happened) => (true, Some(happened)),
            None => (false, None),
        });
        self.tell(happened);
        moved
    }

    fn config(&self) -> &ShortcutConfig {
        &self.inner.config
    }

    fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        look(&self.inner.workspace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `act` on the state and tells the subscribers.
    fn change<T>(&self, act: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut workspace = self.inner.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut workspace);
        if self.inner.changes.receiver_count() > 0 {
            let snapshot = wire::snapshot(&self.inner.config.base_url, &workspace);
            // Sent under the lock, so that snapshots arrive in order; nobody listening is no fault.
            drop(self.inner.changes.send(snapshot));
        }
        result
    }

    /// Changes what no board shows.
    fn note<T>(&self, act: impl FnOnce(&mut Workspace) -> T) -> T {
        act(&mut self.inner.workspace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends what happened to every registered webhook.
    fn tell(&self, happened: Option<Happening>) {
        if let Some(happened) = happened {
            let receivers = self.read(|workspace| workspace.webhooks.clone());
            self.inner.webhooks.send(&receivers, &happened);
        }
    }
}
