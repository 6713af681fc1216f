//! The running sandbox: one server, its background tasks, and the handle that stops them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Delivery, SandboxConfig};
use crate::confluence::{ConfluenceBox, ConfluenceConfig};
use crate::core::{Core, Vendors};
use crate::delivery::log::DeliveryRecord;
use crate::error::SandboxError;
use crate::faults::FaultTable;
use crate::jira::{JiraBox, JiraConfig};
use crate::salesforce::{SalesforceBox, SalesforceConfig};
use crate::script::Script;
use crate::shortcut::{ShortcutBox, ShortcutConfig};
use crate::zendesk::{HookTarget, IDEMPOTENCY_LIFETIME, ZendeskBox, ZendeskConfig};
use crate::{api, control, page, salesforce};

/// Bytes of a request body beyond which the sandbox does not read.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How long open connections may take to end at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A running sandbox. Dropping it stops it too, without waiting.
pub struct Sandbox {
    core: Arc<Core>,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Binds the address and starts serving.
    ///
    /// # Errors
    /// [`SandboxError::Bind`] when the address can't be had, [`SandboxError::HttpClient`] when the
    /// client for deliveries can't be built.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let bind = |source| SandboxError::Bind { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let base_url = format!("http://{address}");
        let stop = CancellationToken::new();
        let faults = FaultTable::new(config.faults_seed);
        let jira = config.jira.clone().map(|settings| {
            JiraBox::new(JiraConfig {
                base_url: format!("{base_url}/jira"),
                search_lag_ms: settings.search_lag_ms,
                seed: config.faults_seed,
                faults: faults.clone(),
                email: settings.email,
                api_token: settings.api_token,
                required_fields: settings.required_fields,
            })
        });
        let shortcut = config.shortcut.clone().map(|settings| {
            ShortcutBox::new(ShortcutConfig {
                base_url: format!("{base_url}/shortcut"),
                search_lag_ms: settings.search_lag_ms,
                seed: config.faults_seed,
                faults: faults.clone(),
                api_token: settings.api_token,
                requests_per_minute: config.rate_limits.then_some(settings.requests_per_minute),
            })
        });
        let vendors = Vendors {
            jira,
            shortcut: shortcut.transpose()?,
            zendesk: zendesk(&config, &base_url, &faults),
            salesforce: salesforce(&config, &base_url, &faults),
            confluence: confluence(&config, &base_url, &faults),
        };
        let core = Arc::new(Core::new(config, base_url, vendors, faults, stop.clone())?);
        let stopped = stop.clone();
        let server = axum::serve(listener.tap_io(send_at_once), routes(&core))
            .with_graceful_shutdown(async move { stopped.cancelled().await });
        let serving = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the sandbox's server stopped");
            }
        });
        let tasks = vec![serving, tokio::spawn(forward_deliveries(Arc::clone(&core)))];
        tracing::info!(%address, "the sandbox is up");
        Ok(Self { core, address, stop, tasks })
    }

    /// The sandbox's address, `http://127.0.0.1:port`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Slack's Web API, with a trailing slash as official clients want it.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// The Jira site's address, if there is one.
    pub fn jira_url(&self) -> Option<String> {
        self.core.jira.as_ref().map(|_| format!("http://{}/jira", self.address))
    }

    /// The Shortcut workspace's address, if there is one.
    pub fn shortcut_url(&self) -> Option<String> {
        self.core.shortcut.as_ref().map(|_| format!("http://{}/shortcut", self.address))
    }

    /// The Shortcut in the box.
    pub fn shortcut(&self) -> Option<ShortcutBox> {
        self.core.shortcut.clone()
    }

    /// The Jira in the box.
    pub fn jira(&self) -> Option<JiraBox> {
        self.core.jira.clone()
    }

    /// Lets Jira's webhooks go to this address, signed with the configured secret.
    pub fn set_jira_webhook(&self, url: String) {
        if let (Some(jira), Some(settings)) = (&self.core.jira, &self.core.config.jira) {
            jira.set_webhook(Some(crate::jira::HookTarget { url, secret: settings.webhook_secret.clone() }));
        }
    }

    /// The Zendesk account's address, if there is one.
    pub fn zendesk_url(&self) -> Option<String> {
        self.core.zendesk.as_ref().map(|_| format!("http://{}/zendesk", self.address))
    }

    /// The Salesforce organisation's address, if there is one.
    pub fn salesforce_url(&self) -> Option<String> {
        self.core.salesforce.as_ref().map(|_| format!("http://{}/salesforce", self.address))
    }

    /// A handle to the Salesforce organisation, if there is one.
    pub fn salesforce(&self) -> Option<SalesforceBox> {
        self.core.salesforce.clone()
    }

    /// The Confluence site's address on Data Center's side, if there is one; Cloud's is below it at `/wiki`.
    pub fn confluence_url(&self) -> Option<String> {
        self.core.confluence.as_ref().map(|_| format!("http://{}/confluence", self.address))
    }

    /// A handle to the Confluence site, if there is one: people write its pages through it.
    pub fn confluence(&self) -> Option<ConfluenceBox> {
        self.core.confluence.clone()
    }

    /// A handle to the Zendesk account, if there is one: people write in through it, and its webhook is set there.
    pub fn zendesk(&self) -> Option<ZendeskBox> {
        self.core.zendesk.clone()
    }

    /// Sets where the Zendesk account's webhook goes from now on, signed with its configured secret.
    pub fn set_zendesk_webhook(&self, url: String) {
        if let (Some(zendesk), Some(settings)) = (&self.core.zendesk, &self.core.config.zendesk) {
            zendesk.set_webhook(Some(HookTarget { url, secret: settings.webhook_secret.clone() }));
        }
    }

    /// Numbers the Zendesk account's tickets from here: a desk that knows an account of an earlier run takes a number of its
    /// for a ticket that it has.
    pub fn number_zendesk_tickets_from(&self, first: u64) {
        if let Some(zendesk) = &self.core.zendesk {
            zendesk.number_from(first);
        }
    }

    /// Sets where deliveries go from now on.
    pub fn set_delivery(&self, delivery: Option<Delivery>) {
        self.core.courier.set_delivery(delivery);
    }

    /// The fault rules, shared by Slack and the vendors.
    pub fn faults(&self) -> FaultTable {
        self.core.faults.clone()
    }

    /// Counters: messages, API calls by method and outcome, deliveries by target and outcome.
    pub fn snapshot(&self) -> Value {
        self.core.counters()
    }

    /// Delivery attempts after the one with id `after`, oldest first.
    pub fn deliveries(&self, after: u64) -> Vec<DeliveryRecord> {
        self.core.courier.with_log(|log| log.since(after))
    }

    /// Plays a script through the control API; returns after its last step.
    ///
    /// # Errors
    /// [`SandboxError::Step`] names the step that the sandbox refused.
    pub async fn play(&self, script: &Script) -> Result<(), SandboxError> {
        let http = reqwest::Client::builder().no_proxy().build().map_err(SandboxError::HttpClient)?;
        script.play(&self.base_url(), &http).await
    }

    /// Stops deliveries and the server; open connections get two seconds.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.core.courier.finish().await;
        for mut task in std::mem::take(&mut self.tasks) {
            if tokio::time::timeout(SHUTDOWN_GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Small answers must not wait for the next packet.
fn send_at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
}

fn routes(core: &Arc<Core>) -> Router {
    let mut router = Router::new()
        .route("/", get(page::index))
        .route("/assets/{*path}", get(page::asset))
        .route("/archives/{channel}/{message}", get(page::permalink))
        .route("/api/{method}", any(api::call))
        .route("/response/{id}", post(api::response_url::respond))
        .route("/link/", get(open_link))
        .merge(control::routes())
        .with_state(Arc::clone(core));
    if let Some(jira) = &core.jira {
        router = router.nest("/jira", jira.router());
    }
    if let Some(shortcut) = &core.shortcut {
        router = router.nest("/shortcut", shortcut.router());
    }
    if let Some(zendesk) = &core.zendesk {
        router = router.nest("/zendesk", zendesk.router());
    }
    if let Some(salesforce) = &core.salesforce {
        router = router.nest("/salesforce", salesforce.router());
    }
    if let Some(confluence) = &core.confluence {
        router = router.nest("/confluence", confluence.router());
    }
    router.layer(DefaultBodyLimit::max(BODY_LIMIT))
}

fn zendesk(config: &SandboxConfig, base_url: &str, faults: &FaultTable) -> Option<ZendeskBox> {
    let settings = config.zendesk.clone()?;
    Some(ZendeskBox::new(ZendeskConfig {
        base_url: format!("{base_url}/zendesk"),
        search_lag_ms: settings.search_lag_ms,
        export_lag: settings.export_lag,
        idempotency_lifetime: IDEMPOTENCY_LIFETIME,
        rate_limits: config.rate_limits,
        seed: config.faults_seed,
        faults: faults.clone(),
        email: settings.email,
        api_token: settings.api_token,
        access_token: settings.access_token,
    }))
}

fn salesforce(config: &SandboxConfig, base_url: &str, faults: &FaultTable) -> Option<SalesforceBox> {
    let settings = config.salesforce.clone()?;
    Some(SalesforceBox::new(SalesforceConfig {
        base_url: format!("{base_url}/salesforce"),
        faults: faults.clone(),
        client_id: settings.client_id,
        client_secret: settings.client_secret,
        jwt: None,
        token_lifetime: Some(settings.token_lifetime),
        daily_requests: config.rate_limits.then_some(settings.daily_requests),
        query_batch: salesforce::QUERY_BATCH,
        unique_external_id: true,
        entitlements: true,
    }))
}

fn confluence(config: &SandboxConfig, base_url: &str, faults: &FaultTable) -> Option<ConfluenceBox> {
    let settings = config.confluence.clone()?;
    Some(ConfluenceBox::new(ConfluenceConfig {
        base_url: format!("{base_url}/confluence"),
        faults: faults.clone(),
        email: settings.email,
        api_token: settings.api_token,
        requests_per_minute: config.rate_limits.then_some(settings.requests_per_minute),
    }))
}

#[derive(Debug, Deserialize)]
struct LinkQuery {
    ticket: String,
}

/// Socket Mode: the address that `apps.connections.open` gave, good for one connection.
async fn open_link(
    State(core): State<Arc<Core>>,
    Query(query): Query<LinkQuery>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !core.courier.sockets.take_ticket(&query.ticket) {
        return (StatusCode::UNAUTHORIZED, "invalid ticket").into_response();
    }
    upgrade.on_upgrade(async move |socket| core.courier.sockets.run(socket).await)
}

async fn forward_deliveries(core: Arc<Core>) {
    let mut records = core.courier.subscribe();
    while let Some(received) = core.stop.run_until_cancelled(records.recv()).await {
        match received {
            Ok(record) => {
                let mut change = serde_json::to_value(record).unwrap_or_default();
                crate::json::set(&mut change, "kind", "delivery");
                core.tell_page(change);
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
