//! `deskbell serve`, wired: everything is made here and handed to what needs it.
//!
//! [`Prepared::new`] reads and checks all that needs no network; [`Desk::start`] opens the store, listens, opens the doors to
//! whom the last run was, and asks Slack who we are. Only the very first start has to wait for that: until Slack answers,
//! events get 503 and Slack sends them again, clicks and commands get in. [`Desk::stop`] stops accepting, lets running work
//! finish, and closes the store.

mod doors;
pub mod knowledge;
mod policy_change;
mod sign_ins;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::assessment::Confidence;
use deskbell_domain::ids::{PersonId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assessor::Chain;
use crate::assessor::llm::LlmAssessor;
use crate::config::{Config, ConfigErrors, HelpdeskPollConfig, Length};
use crate::console::{self, AccuracySource, ConsoleState, SlackStanding, StoreCheck};
use crate::intake::config::IntakeConfig;
use crate::intake::socket_mode::SocketModeConfig;
use crate::learning::Learning;
use crate::llm::Llm;
use crate::mcp_host::{Bindings, Lookups, McpHost, StatusLook};
use crate::mcp_server::desk::caller::Callers;
use crate::mcp_server::desk::{self, DeskServer, DeskWorld};
use crate::pipeline::WorkerSettings;
use crate::prepare::{self, LoadedPolicy, PrepareErrors};
use crate::slack::messages::{LoadingView, Messages};
use crate::slack::{SlackClient, SlackConfig, SlackError};
use crate::store::{OpenError, Pruned, Retention, Store, StoreError};

use doors::Gate;
pub use sign_ins::sign_in_keeper;
use work::Work;

/// How often the recorder folds what was measured into its buckets: it keeps each sample until then.
const FOLD_FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How often the store is counted.
const FIGURES_EVERY: Duration = Duration::from_secs(10);
/// How often what has served is forgotten, and how much at once.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const PRUNE_AT_MOST: usize = 10_000;
/// Done jobs guard against being queued again for this long.
const KEEP_DONE_JOBS: SignedDuration = SignedDuration::from_hours(24 * 30);

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
    #[error("[server] {key} = \"{address}\": {source}; stop what listens there, or choose another port")]
    Listen {
        /// `listen` or `admin_listen`.
        key: &'static str,
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
    /// The token is another workspace's than the store.
    #[error(
        "[slack] bot_token is of the workspace {named}, but {store} belongs to {remembered}: set the token of {remembered}, or \
         give {named} a [store] path of its own"
    )]
    OtherWorkspace {
        /// The database.
        store: PathBuf,
        /// Whose it is.
        remembered: WorkspaceId,
        /// Whose the token is.
        named: WorkspaceId,
    },
    /// The app was made anew in the same workspace.
    #[error("the bot is the user {named} now and was {remembered} before; that is remembered: start Deskbell again")]
    OtherBot {
        /// The user it was.
        remembered: PersonId,
        /// The user it is.
        named: PersonId,
    },
    /// A fault of Deskbell's own.
    #[error(
        "Deskbell broke and stopped; nothing accepted is lost: start it again, and report what the log says before this"
    )]
    Broke,
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
    lookups: Lookups,
    messages: Messages,
    assessors: Chain,
    llm: Option<Llm>,
    learning: Learning,
    learn_after: Duration,
    callers: Callers,
    slack: Arc<SlackClient>,
    http: reqwest::Client,
    doors: IntakeConfig,
    socket: Option<SocketModeConfig>,
    poll: Option<(Length, StatusLook)>,
    helpdesk_poll: Option<HelpdeskPollConfig>,
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
        for file in config.open_secret_files() {
            tracing::warn!(field = file.field, path = %file.path.display(), "other users of the machine may read a secret: chmod 600 its file");
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
        prepare::documents(config)?;
        let llm = prepare::llm(config)?;
        let local = prepare::local_assessor(config, &policy)?;
        let by_model = prepare::llm_assessor(llm.as_ref(), config, &policy);
        let with_model = |chain: Chain, model: &LlmAssessor| chain.with_model(Arc::new(model.clone()));
        let prepared = Self {
            assessors: by_model.iter().fold(Chain::of_local(&local), with_model),
            llm,
            learning: Learning::new(local, by_model),
            learn_after: Duration::from_secs(config.assessor.learn_after_seconds),
            callers: config.desk_callers().map_err(ConfigErrors::from)?,
            doors: doors::config(config)?,
            socket: doors::socket(config)?,
            poll: config.status_look().map_err(ConfigErrors::from)?,
            helpdesk_poll: config.helpdesk.poll.clone(),
            slack: Arc::new(slack),
            lookups: prepare::lookups(config, &policy)?,
            policy,
            bindings,
            messages,
            http,
        };
        for caution in config.cautions().into_iter().chain(prepare::cautions(&prepared.policy, &prepared.lookups)) {
            tracing::warn!("{caution}");
        }
        Ok(prepared)
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
        let host = McpHost::start_signed_in(config.server_specs()?, &sign_in_keeper(store.clone()));
        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (standing, slack) =
            watch::channel(SlackStanding::Unknown { reason: "Slack has not answered yet".to_owned() });
        let gate = Gate::default();
        let shown = metrics.clone().filter(|_| config.console.metrics);
        let mut console = console::router(ConsoleState {
            store: StoreCheck::new(store.clone()),
            host: host.clone(),
            bindings: Arc::new(prepared.bindings.clone()),
            slack: slack.clone(),
            sockets: prepared.socket.as_ref().map(|socket| socket.open.clone()),
            metrics: shown,
            accuracy: accuracy_source(config, &prepared, &store),
        });
        if let Some(desk) = desk_router(config, &prepared, (&store, &host), &shutdown) {
            console = console.merge(desk);
        }
        let public = match config.server.admin_listen {
            None => console,
            Some(admin) => {
                let address = listen("admin_listen", admin, console, &shutdown, &tasks).await?;
                tracing::info!(%address, "/readyz, /metrics and, if [desk] names callers, /mcp are here");
                console::health_router()
            }
        };
        let public = public.fallback_service(gate.router());
        let address = listen("listen", config.server.listen, public, &shutdown, &tasks).await?;
        tasks.spawn(keep_house(store.clone(), config.store.keep_given_up.signed(), metrics, shutdown.clone()));
        let work = Work {
            store: store.clone(),
            store_path: config.store_config().path,
            host: host.clone(),
            gate,
            standing,
            settings: WorkerSettings {
                count: config.workers.count,
                lease: config.workers.lease.signed(),
                drain: config.workers.drain.std(),
            },
            dispatch_attempts: config.workers.dispatch_attempts,
            dispatch_patience: config.workers.dispatch_patience.signed(),
            question_timeout: config.workers.question_timeout.signed(),
            answer_from: Confidence::from_probability(config.knowledge.answer_from),
            reranks: config.llm.as_ref().is_some_and(|llm| llm.rerank),
            teaches: config.knowledge.resolved_tickets,
            own_server: config.own_knowledge().map(str::to_owned),
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

    /// Completes once it is known who we are and the doors are open.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut standing = self.standing.clone();
        async move {
            if standing.wait_for(SlackStanding::are_doors_open).await.is_err() {
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
            result = &mut self.working => result.unwrap_or(Err(ServeError::Broke)),
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

/// Names of squads and categories are for operators: where nothing but the doors' own address is there, it must be the machine's own.
fn accuracy_source(config: &Config, prepared: &Prepared, store: &Store) -> Option<AccuracySource> {
    let is_private = config.server.admin_listen.is_some() || config.server.listen.ip().is_loopback();
    is_private.then(|| AccuracySource {
        store: store.clone(),
        policy: Arc::new(prepared.policy.policy.clone()),
        learning: prepared.learning.clone(),
        is_admin: config.server.admin_listen.is_some(),
    })
}

/// Deskbell itself for other agents, if any may call.
fn desk_router(
    config: &Config,
    prepared: &Prepared,
    (store, host): (&Store, &McpHost),
    shutdown: &CancellationToken,
) -> Option<axum::Router> {
    if prepared.callers.is_empty() {
        return None;
    }
    let server = DeskServer::new(DeskWorld {
        store: store.clone(),
        policy: Arc::new(prepared.policy.policy.clone()),
        knowledge: knowledge::asking(store, host.clone(), prepared.lookups.clone(), config.own_knowledge()),
    });
    let hosts = config.desk.allowed_hosts.clone();
    let listen = config.server.admin_listen.unwrap_or(config.server.listen);
    Some(desk::http::router(server, prepared.callers.clone(), hosts, listen, shutdown.clone()))
}

async fn listen(
    key: &'static str,
    address: SocketAddr,
    router: axum::Router,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<SocketAddr, ServeError> {
    let failed = |source| ServeError::Listen { key, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let stopped = shutdown.clone().cancelled_owned();
    tasks.spawn(deskbell_listener::serve(listener, router, deskbell_listener::Limits::default(), stopped));
    Ok(bound)
}

/// Takes figures and forgets what has served.
async fn keep_house(
    store: Store,
    keep_given_up: SignedDuration,
    metrics: Option<PrometheusHandle>,
    shutdown: CancellationToken,
) {
    let mut figures = tokio::time::interval(FIGURES_EVERY);
    let mut prune = tokio::time::interval(PRUNE_EVERY);
    let mut fold = tokio::time::interval(FOLD_FIGURES_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = fold.tick() => {
                if let Some(handle) = &metrics {
                    handle.run_upkeep();
                }
            }
            _ = figures.tick() => {
                if let Err(error) = store.counts(Timestamp::now()).await {
                    tracing::warn!(%error, "the store could not be counted");
                }
            }
            _ = prune.tick() => {
                let now = Timestamp::now();
                let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
                let keep = Retention { done_before: before(KEEP_DONE_JOBS), given_up_before: before(keep_given_up) };
                match store.prune(now, keep, PRUNE_AT_MOST).await {
                    Ok(Pruned { dead_letters, unparsed, .. }) if dead_letters + unparsed > 0 => {
                        tracing::warn!(dead_letters, unparsed, "what was given up long ago is forgotten");
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "the store could not be pruned"),
                }
            }
        }
    }
}
