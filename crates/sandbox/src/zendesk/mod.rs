//! A Zendesk Support account in a box: the part of `/api/v2` that Deskbell speaks, with Zendesk's own shapes, error
//! bodies, idempotency keys, search lag, limits, a signed webhook and, on demand, faults.
//!
//! Reading order: [`ZendeskBox`] is the handle; `routes` maps HTTP to `account`, which holds the state; `fields` refuses
//! what Zendesk refuses; `query` is the search syntax; `wire` writes Zendesk's JSON; `webhook` tells Deskbell.
//!
//! Shapes and messages follow <https://developer.zendesk.com/api-reference/ticketing/introduction/>.

mod account;
mod answer;
mod fields;
mod page;
mod query;
mod routes;
mod routes_lists;
mod routes_ticket;
mod webhook;
mod wire;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::faults::FaultTable;
use account::{Account, Change};
pub use webhook::{HookDelivery, HookTarget};

/// How long Zendesk honours an idempotency key.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// Snapshots that a slow subscriber may fall behind before it loses the oldest.
const SNAPSHOTS_KEPT: usize = 16;

/// How a Zendesk account in a box behaves.
#[derive(Debug, Clone)]
pub struct ZendeskConfig {
    /// The address that links carry, without a trailing slash (`http://127.0.0.1:4100/zendesk`).
    pub base_url: String,
    /// How long a new ticket stays invisible to searches, in milliseconds; drawn per ticket.
    pub search_lag_ms: RangeInclusive<u64>,
    /// How recent a change may be to be left out of the incremental export; Zendesk's is one minute.
    pub export_lag: Duration,
    /// How long an idempotency key is honoured; Zendesk's is two hours.
    pub idempotency_lifetime: Duration,
    /// Whether Zendesk's limits of requests apply.
    pub rate_limits: bool,
    /// Where the draws of the lag start.
    pub seed: u64,
    /// Faults; the targets are `zendesk:POST /tickets`, `zendesk:PUT /tickets/{id}`, `zendesk:GET /search` and so on (the
    /// method and the path behind `/api/v2`), and `deliver:zendesk` for the webhook.
    pub faults: FaultTable,
    /// E-mail address of the account that Basic authentication must name, with `/token` behind it.
    pub email: String,
    /// API token of that account.
    pub api_token: String,
    /// OAuth access token that Bearer authentication may carry instead.
    pub access_token: String,
}

/// How often the account was changed, for checkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ZendeskCounts {
    /// Tickets that exist.
    pub tickets: u64,
    /// Comments that the requester sees, descriptions among them.
    pub public_comments: u64,
    /// Comments for agents only.
    pub internal_comments: u64,
    /// Updates made through the API.
    pub updates: u64,
    /// API requests that were authenticated, including those that a fault hit.
    pub requests: u64,
}

/// A handle to one account; clones share it.
#[derive(Debug, Clone)]
pub struct ZendeskBox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: ZendeskConfig,
    account: Mutex<Account>,
    changes: broadcast::Sender<Value>,
    hook: webhook::Hook,
}

impl ZendeskBox {
    /// An account with a few people, the groups Support, Billing and Platform, four views and no tickets.
    pub fn new(config: ZendeskConfig) -> Self {
        let account = Account::new(&config);
        let (changes, _) = broadcast::channel(SNAPSHOTS_KEPT);
        let hook = webhook::Hook::new(config.faults.clone());
        Self { inner: Arc::new(Inner { config, account: Mutex::new(account), changes, hook }) }
    }

    /// The account's routes: `/api/v2/...`, `/agent/tickets/{id}` and `/sandbox-ask`.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// Everything a page shows: `{base_url, queues, tickets}`.
    pub fn snapshot(&self) -> Value {
        self.read(|account| wire::snapshot(&self.inner.config.base_url, account))
    }

    /// A fresh snapshot after each change.
    pub fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.inner.changes.subscribe()
    }

    /// How often the account was changed so far.
    pub fn counts(&self) -> ZendeskCounts {
        self.read(Account::counts)
    }

    /// The first ticket gets this number. To be set before there is one.
    pub fn number_from(&self, first: u64) {
        self.change(|account| account.first_number = first);
    }

    /// Where the webhook for new tickets goes from now on; `None` switches it off.
    pub fn set_webhook(&self, target: Option<HookTarget>) {
        self.inner.hook.set_target(target);
    }

    /// The webhook's deliveries so far, each with its last answer.
    pub fn hook_deliveries(&self) -> Vec<HookDelivery> {
        self.inner.hook.deliveries()
    }

    /// A customer writes in; the webhook tells of the new ticket, whose id is given back.
    pub fn ask(&self, name: &str, email: &str, subject: &str, text: &str) -> u64 {
        let id = self.change(|account| {
            let requester = account.end_user(email, name);
            let html = format!("<p>{}</p>", page::escape(text));
            let change = Change {
                subject: Some(subject.to_owned()),
                comment: Some((html, text.to_owned(), Some(true))),
                ..Change::default()
            };
            account.create(change, requester)
        });
        let base_url = &self.inner.config.base_url;
        let body = self.read(|account| webhook::new_ticket(base_url, account, id));
        self.inner.hook.tell(body);
        id
    }

    /// The requester answers on the ticket, which opens it again. False when there is no such ticket.
    pub fn requester_answers(&self, ticket: u64, text: &str) -> bool {
        self.change(|account| {
            let Some(requester) = account.ticket(ticket).map(|ticket| ticket.requester) else {
                return false;
            };
            let html = format!("<p>{}</p>", page::escape(text));
            let change = Change {
                status: Some("open"),
                comment: Some((html, text.to_owned(), Some(true))),
                ..Change::default()
            };
            account.reply(ticket, change, requester).is_some()
        })
    }

    fn config(&self) -> &ZendeskConfig {
        &self.inner.config
    }

    fn read<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        look(&self.inner.account.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `act` on the state and tells the subscribers.
    fn change<T>(&self, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut account = self.inner.account.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut account);
        if self.inner.changes.receiver_count() > 0 {
            let snapshot = wire::snapshot(&self.inner.config.base_url, &account);
            // Sent under the lock, so that snapshots arrive in order; nobody listening is no fault.
            drop(self.inner.changes.send(snapshot));
        }
        result
    }

    /// Counts an authenticated request of a limited kind; gives the seconds to wait when there were too many.
    fn spend(&self, kind: &'static str, most: usize, window: Duration) -> Option<u64> {
        let mut account = self.inner.account.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.inner.config.rate_limits {
            return None;
        }
        let now = Instant::now();
        let recent = account.recent.entry(kind).or_default();
        while recent.front().is_some_and(|first| now.duration_since(*first) >= window) {
            recent.pop_front();
        }
        if recent.len() < most {
            recent.push_back(now);
            return None;
        }
        let waited = recent.front().map_or(window, |first| now.duration_since(*first));
        Some(window.saturating_sub(waited).as_secs().max(1))
    }

    fn count_request(&self) {
        self.inner.account.lock().unwrap_or_else(PoisonError::into_inner).requests += 1;
    }
}
