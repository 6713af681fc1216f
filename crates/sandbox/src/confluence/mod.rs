//! A Confluence site in a box: of Cloud's REST v2 and v1, and of Data Center's REST, what a reader needs: spaces with their
//! permissions, pages with versions, ancestors and restrictions, folders, attachments, groups and people, rate limits,
//! webhooks and, on demand, faults.
//!
//! One site answers in both editions: below `/wiki` it is Cloud (Basic authentication with e-mail address and API token,
//! account ids), below `/rest/api` Data Center (a personal access token, user names).
//!
//! Reading order: [`ConfluenceBox`] is the handle; `routes` maps HTTP to `wiki`, which holds the state; `cql` is the query
//! language; `wire` writes Confluence's JSON; `webhook` tells of changes.
//!
//! Shapes follow <https://developer.atlassian.com/cloud/confluence/rest/v2/intro/>,
//! <https://developer.atlassian.com/cloud/confluence/rest/v1/intro/> and
//! <https://developer.atlassian.com/server/confluence/confluence-rest-api-examples/>.

mod cql;
mod routes;
mod routes_v1;
mod routes_v2;
mod webhook;
mod wiki;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::faults::FaultTable;
use crate::record::RecordedExchange;
pub use webhook::HookTarget;
use wiki::{Kind, Subject, Wiki};

/// How a Confluence site in a box behaves.
#[derive(Debug, Clone)]
pub struct ConfluenceConfig {
    /// The address of Data Center's side, without a trailing slash (`http://127.0.0.1:4100/confluence`); Cloud's is below it
    /// at `/wiki`.
    pub base_url: String,
    /// Faults; the targets are `confluence:GET /spaces/{id}/pages`, `confluence:GET /content/search` and so on: the method
    /// and the path behind `/api/v2` or `/rest/api`. Webhooks are `deliver:confluence`.
    pub faults: FaultTable,
    /// E-mail address of the account that Cloud's Basic authentication must name.
    pub email: String,
    /// API token of that account; on Data Center its personal access token.
    pub api_token: String,
    /// Requests per minute before 429; `None` for no limit.
    pub requests_per_minute: Option<usize>,
}

/// How often the site was asked and changed, for checkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ConfluenceCounts {
    /// Pages that are not in the trash.
    pub pages: u64,
    /// API requests that were authenticated, including those that a fault hit.
    pub requests: u64,
}

/// A handle to one site; clones share it.
#[derive(Debug, Clone)]
pub struct ConfluenceBox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: ConfluenceConfig,
    wiki: Mutex<Wiki>,
    hook: webhook::Hook,
}

impl ConfluenceBox {
    /// A site with the spaces HELP, which the group `staff` reads, and FIN, which `finance` reads, and no pages. The people
    /// are those of the Slack workspace; Carla hides her e-mail address.
    pub fn new(config: ConfluenceConfig) -> Self {
        let hook = webhook::Hook::new(config.faults.clone());
        Self { inner: Arc::new(Inner { config, wiki: Mutex::new(Wiki::seeded()), hook }) }
    }

    /// The site's routes: `/wiki/api/v2/...`, `/wiki/rest/api/...`, `/rest/api/...`, downloads and pages for people.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// How often the site was asked, and what it has.
    pub fn counts(&self) -> ConfluenceCounts {
        self.read(Wiki::counts)
    }

    /// The last thousand API requests with their answers, oldest first.
    pub fn exchanges(&self) -> Vec<RecordedExchange> {
        self.read(|wiki| wiki.exchanges.all())
    }

    /// Where webhooks go, signed with a secret; `None` switches them off.
    pub fn set_webhook(&self, target: Option<HookTarget>) {
        self.inner.hook.set_target(target);
    }

    /// Somebody writes a page; gives its id, or nothing when there is no such space.
    pub fn add_page(&self, space: &str, parent: Option<u64>, title: &str, storage: &str) -> Option<u64> {
        let id = self.change(|wiki| wiki.add(Kind::Page, space, parent, title, storage))?;
        self.tell("page_created", Some(id));
        Some(id)
    }

    /// Somebody makes a folder, on Cloud's side alone.
    pub fn add_folder(&self, space: &str, parent: Option<u64>, title: &str) -> Option<u64> {
        self.change(|wiki| wiki.add(Kind::Folder, space, parent, title, ""))
    }

    /// Somebody edits a page. False when there is none.
    pub fn edit_page(&self, id: u64, storage: &str) -> bool {
        let is_done = self.change(|wiki| wiki.edit(id, storage));
        self.tell("page_updated", Some(id).filter(|_| is_done));
        is_done
    }

    /// Somebody moves a page, with all below it, which makes no version. False when there is none.
    pub fn move_page(&self, id: u64, parent: Option<u64>) -> bool {
        let is_done = self.change(|wiki| wiki.move_below(id, parent));
        self.tell("page_moved", Some(id).filter(|_| is_done));
        is_done
    }

    /// Somebody puts a page in the trash.
    pub fn trash_page(&self, id: u64) -> bool {
        let is_done = self.change(|wiki| wiki.trash(id));
        self.tell("page_trashed", Some(id).filter(|_| is_done));
        is_done
    }

    /// Somebody says who alone may read a page or a folder: account ids and group ids; nobody named lifts the restriction.
    pub fn restrict(&self, id: u64, users: &[&str], groups: &[&str]) -> bool {
        let is_done = self.change(|wiki| wiki.restrict(id, subjects(users, groups)));
        self.tell("content_permissions_updated", Some(id).filter(|_| is_done));
        is_done
    }

    /// Somebody says who may read a space.
    pub fn open_space(&self, key: &str, users: &[&str], groups: &[&str]) -> bool {
        let is_done = self.change(|wiki| wiki.open_space(key, subjects(users, groups)));
        self.tell("space_permissions_updated", None);
        is_done
    }

    /// Somebody makes a space, which nobody reads yet.
    pub fn add_space(&self, key: &str, name: &str) {
        self.change(|wiki| wiki.add_space(key, name));
    }

    /// Somebody removes a space with all its pages.
    pub fn remove_space(&self, key: &str) {
        self.change(|wiki| wiki.remove_space(key));
        self.tell("space_removed", None);
    }

    /// Somebody says who is in a group, by account ids.
    pub fn set_members(&self, group: &str, users: &[&str]) {
        let users = users.iter().map(ToString::to_string).collect();
        self.change(|wiki| wiki.set_members(group, users));
    }

    /// Somebody deactivates an account, which stays in its groups. False when there is none.
    pub fn deactivate(&self, account_id: &str) -> bool {
        self.change(|wiki| wiki.deactivate(account_id))
    }

    /// Somebody attaches a file to a page, or a new version of it.
    pub fn attach(&self, page: u64, file: &str, media_type: &str, bytes: &[u8]) {
        self.change(|wiki| wiki.attach(page, file, media_type, bytes));
        self.tell("attachment_created", None);
    }

    fn config(&self) -> &ConfluenceConfig {
        &self.inner.config
    }

    fn read<T>(&self, look: impl FnOnce(&Wiki) -> T) -> T {
        look(&self.inner.wiki.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, act: impl FnOnce(&mut Wiki) -> T) -> T {
        act(&mut self.inner.wiki.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, event: &str, page: Option<u64>) {
        let told: Value = self.read(|wiki| wire::event(wiki, event, page));
        self.inner.hook.tell(&told);
    }

    /// Counts a request; gives the seconds to wait when there were too many.
    fn spend(&self) -> Option<u64> {
        const WINDOW: Duration = Duration::from_secs(60);
        let most = self.inner.config.requests_per_minute;
        self.change(|wiki| {
            wiki.requests += 1;
            let most = most?;
            let now = Instant::now();
            while wiki.recent.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
                wiki.recent.pop_front();
            }
            if wiki.recent.len() < most {
                wiki.recent.push_back(now);
                return None;
            }
            let waited = wiki.recent.front().map_or(WINDOW, |first| now.duration_since(*first));
            Some(WINDOW.saturating_sub(waited).as_secs().max(1))
        })
    }
}

fn subjects(users: &[&str], groups: &[&str]) -> Vec<Subject> {
    let users = users.iter().map(|id| Subject::User((*id).to_owned()));
    users.chain(groups.iter().map(|id| Subject::Group((*id).to_owned()))).collect()
}
