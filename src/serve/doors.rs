//! How the configuration sets the doors, and the gate that keeps them shut until it is known who we are.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskbell_domain::ids::{ChannelId, WorkspaceId};
use secrecy::SecretString;
use tower::ServiceExt;

use crate::config::{Config, ConfigErrors, Delivery, WEBHOOK_SECRETS};
use crate::intake::config::{HelpdeskConfig, IntakeConfig, Watched};
use crate::intake::socket_mode::SocketModeConfig;

/// Answers 503 until it is opened; Slack and helpdesks then send again. Clicks and commands, which nobody sends again, pass
/// it earlier.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Openings>);

#[derive(Default)]
struct Openings {
    early: OnceLock<Router>,
    all: OnceLock<Router>,
}

impl Gate {
    /// Lets clicks and commands through from now on.
    pub(super) fn open_early(&self, doors: Router) {
        // Each is opened once; a second router would be a defect and is left out.
        let _ = self.0.early.set(doors.fallback(starting));
    }

    /// Lets all requests through from now on.
    pub(super) fn open(&self, doors: Router) {
        let _ = self.0.all.set(doors);
    }

    pub(super) fn router(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    match gate.0.all.get().or_else(|| gate.0.early.get()) {
        Some(doors) => doors.clone().oneshot(request).await.into_response(),
        None => starting().await.into_response(),
    }
}

async fn starting() -> impl IntoResponse {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "starting\n")
}

/// The doors' configuration, its workspace still to be filled in.
pub(super) fn config(config: &Config) -> Result<IntakeConfig, ConfigErrors> {
    let slack = &config.slack;
    let signing_secret = match &slack.signing_secret {
        Some(reference) => config.secret("slack.signing_secret", reference)?,
        // Over Socket Mode nothing is signed: a secret that nobody knows keeps the HTTP doors shut.
        None => unknowable(),
    };
    let previous = slack.previous_signing_secret.as_ref();
    let generic = config.helpdesk.generic.iter().flat_map(|generic| &generic.secrets);
    Ok(IntakeConfig {
        previous_signing_secret: previous
            .map(|reference| config.secret("slack.previous_signing_secret", reference))
            .transpose()?,
        body_limit_bytes: config.intake.body_limit,
        max_in_flight_events: config.intake.max_in_flight_events,
        helpdesk: HelpdeskConfig {
            zendesk_signing_secret: config
                .helpdesk
                .zendesk
                .as_ref()
                .map(|zendesk| config.secret("helpdesk.zendesk.secret", &zendesk.secret))
                .transpose()?,
            generic_secrets: generic
                .map(|reference| config.webhook_secret(WEBHOOK_SECRETS, reference))
                .collect::<Result<_, _>>()?,
        },
        jira_webhook_secret: config
            .webhooks
            .jira
            .as_ref()
            .map(|jira| config.secret("webhooks.jira.secret", &jira.secret))
            .transpose()?,
        shortcut_webhook_secret: config
            .webhooks
            .shortcut
            .as_ref()
            .map(|shortcut| config.secret("webhooks.shortcut.secret", &shortcut.secret))
            .transpose()?,
        watched: Watched {
            channels: config.intake.watched_channels.iter().map(|id| ChannelId::new(id.get_ref())).collect(),
            triage_emoji: config.intake.triage_emoji.iter().map(|name| name.trim_matches(':').to_owned()).collect(),
            bot_user_id: None,
        },
        ..IntakeConfig::new(WorkspaceId::new(""), signing_secret)
    })
}

fn unknowable() -> SecretString {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes);
    hex::encode(bytes).into()
}

/// Socket Mode, where it is chosen.
pub(super) fn socket(config: &Config) -> Result<Option<SocketModeConfig>, ConfigErrors> {
    match (&config.slack.app_token, config.slack.delivery) {
        (Some(reference), Delivery::Socket) => Ok(Some(SocketModeConfig {
            api_url: config.slack.api_url(),
            ..SocketModeConfig::new(config.secret("slack.app_token", reference)?)
        })),
        _ => Ok(None),
    }
}
