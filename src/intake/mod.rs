//! The doors: Slack over HTTP and Socket Mode, helpdesks' and trackers' webhooks.
//!
//! Bytes are verified ([`signature`]), their envelope is read ([`envelope`]), what Deskbell listens to is told from the
//! rest ([`keep`]), the event is committed and only then acknowledged ([`accept`]). Nothing is understood here:
//! [`parse`] reads a recorded body later, when the pipeline interprets it, and can read it again once it is mended.
//!
//! - Any well-formed payload of Slack's is acknowledged and recorded, known or not.
//! - What is malformed or unsigned leaves no trace but a counter.
//! - Under overload events get 503, Slack sends them again; clicks and commands are always answered.
//! - The one thing done before a commit is opening a loading view, for Slack's `trigger_id` lives 3 s.
//!
//! Metrics: `deskbell_intake_events_total{path,outcome}`, `deskbell_intake_rejected_total{path,reason}`,
//! `deskbell_intake_ack_seconds{path}`.

mod accept;
pub mod agent;
mod body;
pub mod config;
pub mod envelope;
mod helpdesk;
mod json;
mod keep;
pub mod parse;
mod refusal;
mod signature;
mod slack_routes;
pub mod socket_mode;
mod tracker;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use tokio::sync::Semaphore;

use crate::slack::SlackClient;
use crate::store::Store;

use self::config::IntakeConfig;

/// What every door shares. Cheap to clone.
#[derive(Clone)]
pub struct IntakeState(Arc<Shared>);

struct Shared {
    config: IntakeConfig,
    store: Store,
    slack: Arc<SlackClient>,
    /// One permit per event that waits for its commit.
    in_flight: Semaphore,
}

impl IntakeState {
    /// The doors' world. `slack` opens loading views, and tells people that a click was not accepted.
    pub fn new(config: IntakeConfig, store: Store, slack: Arc<SlackClient>) -> Self {
        let in_flight = Semaphore::new(config.max_in_flight_events.min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared { config, store, slack, in_flight }))
    }

    fn config(&self) -> &IntakeConfig {
        &self.0.config
    }
}

/// Which door; the `path` label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Events,
    Commands,
    Interactions,
    Zendesk,
    GenericHelpdesk,
    Jira,
    Shortcut,
    SocketMode,
}

impl Door {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Commands => "commands",
            Self::Interactions => "interactions",
            Self::Zendesk => "zendesk",
            Self::GenericHelpdesk => "generic",
            Self::Jira => "jira",
            Self::Shortcut => "shortcut",
            Self::SocketMode => "socket_mode",
        }
    }
}

/// `POST /slack/events`, `/slack/commands`, `/slack/interactions`, `/helpdesk/zendesk`, `/helpdesk/generic`,
/// `/webhooks/jira`, `/webhooks/shortcut`.
pub fn router(state: IntakeState) -> Router {
    early_router(state.clone()).merge(
        Router::new()
            .route("/slack/events", post(slack_routes::events))
            .route("/helpdesk/zendesk", post(helpdesk::zendesk))
            .route("/helpdesk/generic", post(helpdesk::generic))
            .route("/webhooks/jira", post(tracker::jira))
            .route("/webhooks/shortcut", post(tracker::shortcut))
            .with_state(state),
    )
}

/// The doors that nobody knocks at twice: `/slack/commands` and `/slack/interactions`. They are open before it is known
/// which workspace is ours (the configured one is empty then), for these payloads name theirs.
pub fn early_router(state: IntakeState) -> Router {
    Router::new()
        .route("/slack/commands", post(slack_routes::commands).get(slack_routes::check_certificate))
        .route("/slack/interactions", post(slack_routes::interactions))
        .with_state(state)
}
