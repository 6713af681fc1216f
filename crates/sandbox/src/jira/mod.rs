//! A Jira site in a box: the part of Jira Cloud's REST v3 and of Jira Data Center's REST v2 that Deskbell and other
//! clients speak, the boards and sprints of Jira Software, with Jira's own shapes, error bodies, search lag, webhooks
//! and, on demand, faults.
//!
//! One site answers in both editions: `/rest/api/3` is Cloud (Basic authentication with e-mail address and API token,
//! documents, account ids), `/rest/api/2` is Data Center (a personal access token or user name and password, wiki
//! markup, user names). `/rest/agile/1.0` answers in the edition that the credentials belong to.
//!
//! Reading order: [`JiraBox`] is the handle; `routes` maps HTTP to `site`, which holds the state; `fields` refuses what
//! Jira refuses; `jql` is the query language; `wire` writes Jira's JSON; `webhook` tells others of changes.
//!
//! Shapes and messages follow <https://developer.atlassian.com/cloud/jira/platform/rest/v3/> and
//! <https://developer.atlassian.com/server/jira/platform/rest/>.

mod answer;
mod document;
mod door;
mod fields;
mod history;
mod jql;
mod page;
mod routes;
mod routes_agile;
mod routes_directory;
mod routes_issue;
mod routes_search;
mod site;
mod webhook;
mod wire;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::faults::FaultTable;
use crate::record::RecordedExchange;
use door::Face;
use site::Site;
pub use webhook::{HookDelivery, HookTarget};

/// Snapshots that a slow subscriber may fall behind before it loses the oldest.
const SNAPSHOTS_KEPT: usize = 16;

/// How a Jira site in a box behaves.
#[derive(Debug, Clone)]
pub struct JiraConfig {
    /// The address that links carry, without a trailing slash (`http://127.0.0.1:4100/jira`).
    pub base_url: String,
    /// How long a new issue stays invisible to searches, in milliseconds; drawn per issue.
    pub search_lag_ms: RangeInclusive<u64>,
    /// Where the draws of the lag start.
    pub seed: u64,
    /// Faults; the targets are `jira:POST /issue`, `jira:GET /issue/{key}`, `jira:POST /search/jql`
    /// and so on: the method and the path behind `/rest/api/3`, `/rest/api/2` or `/rest/agile/1.0`. Webhooks are
    /// `deliver:jira`.
    pub faults: FaultTable,
    /// E-mail address of the account that Cloud's Basic authentication must name.
    pub email: String,
    /// API token of that account; on Data Center its personal access token and the password of the user `deskbell`.
    pub api_token: String,
    /// Fields that an issue type demands beyond Jira's own.
    pub required_fields: Vec<RequiredField>,
}

/// A field that must be filled in to create an issue.
#[derive(Debug, Clone)]
pub struct RequiredField {
    /// Key of the project.
    pub project_key: String,
    /// Name of the issue type.
    pub issue_type: String,
    /// Id of the field, such as `customfield_10050`.
    pub field_id: String,
    /// Its name, as people read it.
    pub name: String,
    /// The options that may be chosen, as `{"value": ...}`; empty when it is a text.
    pub options: Vec<String>,
}

/// How often the site was changed, for checkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct JiraCounts {
    /// Issues that exist.
    pub issues: u64,
    /// Comments that exist.
    pub comments: u64,
    /// Transitions made through the API.
    pub transitions: u64,
    /// API requests that were authenticated, including those that a fault hit.
    pub requests: u64,
}

/// A handle to one site; clones share it.
#[derive(Debug, Clone)]
pub struct JiraBox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: JiraConfig,
    site: Mutex<Site>,
    changes: broadcast::Sender<Value>,
    hook: webhook::Hook,
}

impl JiraBox {
    /// A site with the projects PAY, PLAT, IAM and SUP and no issues.
    pub fn new(config: JiraConfig) -> Self {
        let site = Site::new(&config);
        let (changes, _) = broadcast::channel(SNAPSHOTS_KEPT);
        let hook = webhook::Hook::new(config.faults.clone());
        Self { inner: Arc::new(Inner { config, site: Mutex::new(site), changes, hook }) }
    }

    /// The site's routes: `/rest/api/3/...`, `/rest/api/2/...`, `/rest/agile/1.0/...`, `/browse/{key}` and
    /// `/sandbox-move`.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// Everything a board shows: `{base_url, projects, columns, issues}`.
    pub fn snapshot(&self) -> Value {
        self.read(|site| wire::snapshot(&self.inner.config.base_url, site))
    }

    /// A fresh snapshot after each change.
    pub fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.inner.changes.subscribe()
    }

    /// How often the site was changed so far.
    pub fn counts(&self) -> JiraCounts {
        self.read(Site::counts)
    }

    /// The last thousand API requests with their answers, oldest first; for checks against the vendor's document.
    pub fn exchanges(&self) -> Vec<RecordedExchange> {
        self.read(|site| site.exchanges.all())
    }

    /// Moves an issue as a person on the board would. False when the issue or the status is unknown.
    pub fn move_issue(&self, key: &str, status: &str) -> bool {
        self.change(|site| site.move_as_person(key, status))
    }

    /// Where webhooks about created and changed issues go, signed with a secret; `None` switches them off.
    pub fn set_webhook(&self, target: Option<HookTarget>) {
        self.inner.hook.set_target(target);
    }

    /// The webhooks' deliveries so far.
    pub fn hook_deliveries(&self) -> Vec<HookDelivery> {
        self.inner.hook.deliveries()
    }

    fn config(&self) -> &JiraConfig {
        &self.inner.config
    }

    fn read<T>(&self, look: impl FnOnce(&Site) -> T) -> T {
        look(&self.inner.site.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `act` on the state, tells the subscribers and sends the webhooks.
    fn change<T>(&self, act: impl FnOnce(&mut Site) -> T) -> T {
        let mut site = self.inner.site.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut site);
        if self.inner.changes.receiver_count() > 0 {
            let snapshot = wire::snapshot(&self.inner.config.base_url, &site);
            // Sent under the lock, so that snapshots arrive in order; nobody listening is no fault.
            drop(self.inner.changes.send(snapshot));
        }
        let face = Face::cloud(&self.inner.config.base_url);
        for happening in std::mem::take(&mut site.outbox) {
            self.inner.hook.tell(&webhook::body(face, &site, &happening));
        }
        result
    }

    /// Changes what no board shows.
    fn note<T>(&self, act: impl FnOnce(&mut Site) -> T) -> T {
        act(&mut self.inner.site.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
