//! How the configuration sets the doors, and the gate that keeps them shut until Slack has told us who we are.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskbell_domain::ids::{ChannelId, WorkspaceId};
use secrecy::SecretString;
use tower::ServiceExt;

use crate::config::{Config, ConfigErrors, Delivery};
use crate::intake::config::{HelpdeskConfig, IntakeConfig, Watched};
use crate::intake::socket_mode::SocketModeConfig;

/// Answers 503 until it is opened; Slack and helpdesks then send again.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<OnceLock<Router>>);

impl Gate {
    /// Lets requests through from now on.
    pub(super) fn open(&self, doors: Router) {
        // The gate is opened once; a second router would be a defect and is left out.
        let _ = self.0.set(doors);
    }

    pub(super) fn router(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    match gate.0.get() {
        Some(doors) => doors.clone().oneshot(request).await.into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "starting\n").into_response(),
    }
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
                .map(|reference| config.secret("helpdesk.generic.secrets", reference))
                .collect::<Result<_, _>>()?,
        },
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
