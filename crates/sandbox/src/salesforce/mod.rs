//! A Salesforce organisation in a box: the part of the REST API that Deskbell speaks, with Salesforce's own shapes, error
//! bodies, field checks, a subset of SOQL, tokens that expire, a daily limit of requests and, on demand, faults.
//!
//! Reading order: [`SalesforceBox`] is the handle; `routes` maps HTTP to `org`, which holds the records; `schema` says
//! which objects and fields there are; `input` refuses what Salesforce refuses; `soql` reads and runs queries, and answers
//! `MALFORMED_QUERY` to what it does not know; `oauth` grants tokens; `wire` writes Salesforce's JSON.
//!
//! Shapes and messages follow <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/>.

mod answer;
mod input;
mod oauth;
mod org;
mod page;
mod routes;
mod routes_records;
mod schema;
mod seed;
mod soql;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::faults::FaultTable;
use org::Org;

/// Rows of a query's page when Salesforce is asked for no other number.
pub const QUERY_BATCH: usize = 2_000;
/// Snapshots that a slow subscriber may fall behind before it loses the oldest.
const SNAPSHOTS_KEPT: usize = 16;

/// How a Salesforce organisation in a box behaves.
#[derive(Debug, Clone)]
pub struct SalesforceConfig {
    /// The organisation's address, which tokens and links carry, without a trailing slash
    /// (`http://127.0.0.1:4100/salesforce`).
    pub base_url: String,
    /// Faults; the targets are `salesforce:POST /services/oauth2/token`, and, with the method and the path behind the
    /// version, `salesforce:GET /query`, `salesforce:POST /sobjects/CaseComment`,
    /// `salesforce:PATCH /sobjects/Case/{field}/{value}` and so on.
    pub faults: FaultTable,
    /// The app's consumer key.
    pub client_id: String,
    /// The app's consumer secret.
    pub client_secret: String,
    /// What the JWT bearer flow trusts; `None` switches the flow off.
    pub jwt: Option<JwtTrust>,
    /// How long an access token is good for; `None` means for ever.
    pub token_lifetime: Option<Duration>,
    /// API requests within 24 hours before `REQUEST_LIMIT_EXCEEDED`; `None` sets no limit.
    pub daily_requests: Option<u64>,
    /// Rows of a query's page. Salesforce's own are 200 to 2,000.
    pub query_batch: usize,
    /// Whether the external id field of Case is unique, as it should be.
    pub unique_external_id: bool,
    /// Whether the organisation uses entitlements; without, the object does not exist.
    pub entitlements: bool,
}

/// The user and the key of the JWT bearer flow.
#[derive(Debug, Clone)]
pub struct JwtTrust {
    /// The user that the app may act as.
    pub username: String,
    /// Whom an assertion must be for.
    pub audience: String,
    /// The public key of the app's certificate: an `RSAPublicKey` in DER.
    pub public_key: Vec<u8>,
}

/// How often the organisation was changed, for checkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SalesforceCounts {
    /// Cases that exist.
    pub cases: u64,
    /// Comments on cases that exist.
    pub comments: u64,
    /// Tasks that exist.
    pub tasks: u64,
    /// Updates through the API.
    pub updates: u64,
    /// Access tokens that were granted.
    pub tokens: u64,
    /// API requests that carried a valid token, including those that a fault hit.
    pub requests: u64,
}

/// A handle to one organisation; clones share it.
#[derive(Debug, Clone)]
pub struct SalesforceBox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SalesforceConfig,
    org: Mutex<Org>,
    changes: broadcast::Sender<Value>,
}

impl SalesforceBox {
    /// An organisation with the customers of the sandbox's stories: accounts with tiers and owners, contacts, opportunities,
    /// entitlements and a few cases.
    pub fn new(config: SalesforceConfig) -> Self {
        let org = Org::new(&config);
        let (changes, _) = broadcast::channel(SNAPSHOTS_KEPT);
        Self { inner: Arc::new(Inner { config, org: Mutex::new(org), changes }) }
    }

    /// The organisation's routes: `/services/...` and `/lightning/r/{object}/{id}/view`.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// Everything a page shows: `{base_url, accounts, cases}`.
    pub fn snapshot(&self) -> Value {
        self.read(|org| wire::snapshot(&self.inner.config.base_url, org))
    }

    /// A fresh snapshot after each change.
    pub fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.inner.changes.subscribe()
    }

    /// How often the organisation was changed so far.
    pub fn counts(&self) -> SalesforceCounts {
        self.read(Org::counts)
    }

    /// Ends all sessions: the tokens granted so far are no longer taken.
    pub fn expire_tokens(&self) {
        self.note(|org| org.tokens.clear());
    }

    fn config(&self) -> &SalesforceConfig {
        &self.inner.config
    }

    fn read<T>(&self, look: impl FnOnce(&Org) -> T) -> T {
        look(&self.inner.org.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `act` on the state and tells the subscribers.
    fn change<T>(&self, act: impl FnOnce(&mut Org) -> T) -> T {
        let mut org = self.inner.org.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut org);
        if self.inner.changes.receiver_count() > 0 {
            let snapshot = wire::snapshot(&self.inner.config.base_url, &org);
            // Sent under the lock, so that snapshots arrive in order; nobody listening is no fault.
            drop(self.inner.changes.send(snapshot));
        }
        result
    }

    /// Changes what no page shows.
    fn note<T>(&self, act: impl FnOnce(&mut Org) -> T) -> T {
        act(&mut self.inner.org.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
