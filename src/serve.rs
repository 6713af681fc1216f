//! `deskbell serve`, wired: everything is made here and handed to what needs it.
//!
//! [`Prepared::new`] reads and checks all that needs no network; [`Desk::start`] opens the store, listens, and only then
//! asks Slack who we are: until Slack answers the doors say 503 and Slack sends its events again. [`Desk::stop`] stops
//! accepting, lets running work finish, and closes the store.

mod doors;
mod listener;
mod policy_change;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deskbell_judgement::knowledge::KnowledgeIndex;
use jiff::{SignedDuration, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assessor::Chain;
use crate::config::{Config, ConfigErrors};
use crate::console::{self, ConsoleState, SlackStanding};
use crate::intake::{self, IntakeState, socket_mode};
use crate::mcp_host::{Bindings, McpHost};
use crate::pipeline::{Habits, RecentTexts, WorkerSettings, World};
use crate::prepare::{self, LoadedPolicy, PrepareErrors};
use crate::slack::messages::{LoadingView, Messages};
use crate::slack::{Identity, SlackClient, SlackConfig, SlackError};
use crate::store::{OpenError, Store, StoreError};

use doors::Gate;

/// How often figures are taken and the recorder tidied.
const FIGURES_EVERY: Duration = Duration::from_secs(10);
/// How often what has served is forgotten, and how much at once.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const PRUNE_AT_MOST: usize = 10_000;
/// Done jobs guard against being queued again for this long.
const KEEP_DONE_JOBS: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Texts in which similar tickets are looked for.
const RECENT_TEXTS: usize = 2_000;
/// Pauses between attempts to learn who we are.
const IDENTITY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Why Deskbell does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration or what it names is wrong.
    #[error(transparent)]
    Wrong(#[from] PrepareErrors),
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store, later.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// The address.
    #[error("[server] listen = \"{address}\": {source}; stop what listens there, or choose another port")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// An HTTP client.
    #[error("the client for Slack can't be made ({0}): check the machine's root certificates")]
    Client(String),
    /// Slack does not take the token.
    #[error("{0}; `deskbell doctor` checks the token, its scopes and the channels")]
    Slack(SlackError),
}

impl From<ConfigErrors> for ServeError {
    fn from(errors: ConfigErrors) -> Self {
        Self::Wrong(errors.into())
    }
}

/// What is read and checked before anything is opened.
pub struct Prepared {
    policy: LoadedPolicy,
    bindings: Bindings,
    messages: Messages,
    assessors: Chain,
    knowledge: KnowledgeIndex,
    slack: Arc<SlackClient>,
    http: reqwest::Client,
    doors: intake::config::IntakeConfig,
    socket: Option<socket_mode::SocketModeConfig>,
}

impl Prepared {
    /// Reads policy, templates, knowledge and secrets.
    ///
    /// # Errors
    /// Every fault of the configuration and what it names.
    pub fn new(config: &Config) -> Result<Self, ServeError> {
        let missing = config.missing_secrets();
        if !missing.is_empty() {
            return Err(ConfigErrors(missing).into());
        }
        let policy = prepare::policy(config)?;
        let bindings = prepare::bindings(config, &policy)?;
        let messages = Messages::new(prepare::templates(config)?);
        let loading = prepare::render(messages.loading_view(&LoadingView { title: "Deskbell".to_owned() }))?;
        let slack_config = SlackConfig {
            api_url: config.slack.api_url(),
            bot_token: config.secret("slack.bot_token", &config.slack.bot_token).map_err(ConfigErrors::from)?,
            call_timeout: config.slack.call_timeout.std(),
        };
        let slack = SlackClient::new(&slack_config, loading).map_err(|error| ServeError::Client(error.to_string()))?;
        let http = reqwest::Client::builder()
            .timeout(slack_config.call_timeout)
            .build()
            .map_err(|error| ServeError::Client(error.to_string()))?;
        Ok(Self {
            assessors: prepare::assessors(config, &policy)?,
            knowledge: prepare::knowledge(config)?,
            doors: doors::config(config)?,
            socket: doors::socket(config)?,
            slack: Arc::new(slack),
            policy,
            bindings,
            messages,
            http,
        })
    }
}

/// A running Deskbell.
pub struct Desk {
    address: SocketAddr,
    store: Store,
    host: McpHost,
    drain: Duration,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    standing: watch::Receiver<SlackStanding>,
    working: JoinHandle<Result<(), ServeError>>,
}

impl Desk {
    /// Opens the store, starts the MCP servers in the background and listens. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the store can't be opened or the address can't be had.
    pub async fn start(
        config: &Config,
        prepared: Prepared,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, ServeError> {
        let store = Store::open(&config.store_config(), config.master_key(true).map_err(ConfigErrors::from)?)?;
        let host = McpHost::start(config.server_specs()?);
        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (standing, slack) =
            watch::channel(SlackStanding::Unknown { reason: "Slack has not answered yet".to_owned() });
        let gate = Gate::default();
        let shown = metrics.clone().filter(|_| config.console.metrics);
        let console = ConsoleState { store: store.clone(), host: host.clone(), slack: slack.clone(), metrics: shown };
        let router = console::router(console).fallback_service(gate.router());
        let address = listen(config.server.listen, router, &shutdown, &tasks).await?;
        tasks.spawn(keep_house(store.clone(), metrics, shutdown.clone()));
        let work = Work {
            store: store.clone(),
            host: host.clone(),
            gate,
            standing,
            settings: WorkerSettings {
                count: config.workers.count,
                lease: config.workers.lease.signed(),
                drain: config.workers.drain.std(),
            },
            dispatch_attempts: config.workers.dispatch_attempts,
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        let working = tokio::spawn(work.run(prepared));
        tracing::info!(%address, "Deskbell listens");
        Ok(Self { address, store, host, drain: config.workers.drain.std(), shutdown, tasks, standing: slack, working })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Completes once Slack has told us who we are and the doors are open.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut standing = self.standing.clone();
        async move {
            if standing.wait_for(|standing| *standing == SlackStanding::Known).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Serves until `ended` completes, or until it can't go on; then stops in good order.
    ///
    /// # Errors
    /// Why it could not go on.
    pub async fn run_until(mut self, ended: impl Future<Output = ()>) -> Result<(), ServeError> {
        let result = tokio::select! {
            () = ended => Ok(()),
            result = &mut self.working => result.unwrap_or(Ok(())),
        };
        self.stop().await;
        result
    }

    /// Stops accepting, lets running work finish, closes MCP sessions and the store.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.shutdown.cancel();
        self.tasks.close();
        if tokio::time::timeout(self.drain + Duration::from_secs(5), self.tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        self.working.abort();
        self.host.shutdown().await;
        self.store.shutdown().await;
        tracing::info!("stopped");
    }
}

async fn listen(
    address: SocketAddr,
    router: axum::Router,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<SocketAddr, ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let stopped = shutdown.clone().cancelled_owned();
    tasks.spawn(listener::serve(listener, router, listener::Limits::default(), stopped));
    Ok(bound)
}

/// Takes figures and forgets what has served.
async fn keep_house(store: Store, metrics: Option<PrometheusHandle>, shutdown: CancellationToken) {
    let mut figures = tokio::time::interval(FIGURES_EVERY);
    let mut prune = tokio::time::interval(PRUNE_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = figures.tick() => {
                if let Some(handle) = &metrics {
                    handle.run_upkeep();
                }
                if let Err(error) = store.counts(Timestamp::now()).await {
                    tracing::warn!(%error, "the store could not be counted");
                }
            }
            _ = prune.tick() => {
                let now = Timestamp::now();
                let done_before = now.checked_sub(KEEP_DONE_JOBS).unwrap_or(now);
                if let Err(error) = store.prune(now, done_before, PRUNE_AT_MOST).await {
                    tracing::warn!(%error, "the store could not be pruned");
                }
            }
        }
    }
}

/// What begins once Slack has told us who we are.
struct Work {
    store: Store,
    host: McpHost,
    gate: Gate,
    standing: watch::Sender<SlackStanding>,
    settings: WorkerSettings,
    dispatch_attempts: u32,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Work {
    /// Returns only when it can't go on, or at shutdown.
    async fn run(self, prepared: Prepared) -> Result<(), ServeError> {
        let asked = self.shutdown.run_until_cancelled(self.identity(&prepared.slack)).await;
        let Some(identity) = asked.transpose()? else { return Ok(()) };
        policy_change::record(&self.store, &identity.workspace, &prepared.policy).await?;
        let recent = RecentTexts::default();
        // Oldest first, so that the newest stay when room is needed.
        for (ticket, text) in self.store.recent_texts(&identity.workspace, RECENT_TEXTS).await?.into_iter().rev() {
            recent.remember(ticket, &text);
        }
        let Prepared { policy, bindings, messages, assessors, knowledge, slack, http, mut doors, socket } = prepared;
        doors.workspace = identity.workspace;
        doors.watched.bot_user_id = Some(identity.bot_user.clone());
        let habits = Habits {
            bot_user: identity.bot_user,
            watched_channels: doors.watched.channels.iter().cloned().collect(),
            triage_emoji: doors.watched.triage_emoji.iter().cloned().collect(),
            dispatch_attempts: self.dispatch_attempts,
        };
        let doors = IntakeState::new(doors, self.store.clone(), Arc::clone(&slack));
        let world = World {
            store: self.store.clone(),
            slack,
            messages,
            policy: Arc::new(policy.policy),
            assessors,
            host: self.host.clone(),
            bindings,
            knowledge,
            recent,
            habits,
        };
        if self.settings.count > 0 {
            self.tasks.spawn(crate::pipeline::run(Arc::new(world), self.settings, self.shutdown.clone()));
        }
        self.gate.open(intake::router(doors.clone()));
        if let Some(socket) = socket {
            self.tasks.spawn(socket_mode::run(socket, http, doors, self.shutdown.clone()));
        }
        self.standing.send_replace(SlackStanding::Known);
        tracing::info!("Deskbell is ready");
        self.shutdown.cancelled().await;
        Ok(())
    }

    /// Asks Slack until it answers; a refusal is final.
    async fn identity(&self, slack: &SlackClient) -> Result<Identity, ServeError> {
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match slack.identity().await {
                Ok(identity) => return Ok(identity),
                Err(error @ SlackError::Refused { .. }) => return Err(ServeError::Slack(error)),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(pause);
            tracing::warn!(%error, ?wait, "Slack does not say who we are; trying again");
            self.standing.send_replace(SlackStanding::Unknown { reason: error.to_string() });
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(IDENTITY_PAUSE_MAX);
        }
    }
}
