//! What can go wrong with a call to Slack, classified here once.

use std::time::Duration;

use slack_morphism::errors::SlackClientError;

/// Slack's longest waits are minutes; whatever asks for more is taken as this.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Why Slack did not do what it was asked. Holds no message text and no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Too many calls: come back later.
    #[error("Slack asks to wait {} s", retry_after.as_secs())]
    RateLimited {
        /// Slack's Retry-After, or our own channel limiter's.
        retry_after: Duration,
    },
    /// Slack said no; repeating the call changes nothing until somebody mends the cause.
    #[error("Slack refused: {code} ({mend})")]
    Refused {
        /// Slack's error code, for example `not_in_channel`.
        code: String,
        /// What to do about it.
        mend: &'static str,
    },
    /// It surely did not happen; trying again may help.
    #[error("Slack could not be reached: {reason}")]
    Transient {
        /// For the log.
        reason: String,
    },
    /// The answer got lost: it may have happened. Look for the marker before trying again.
    #[error("no answer from Slack: {reason}")]
    Unknown {
        /// For the log.
        reason: String,
    },
}

impl SlackError {
    /// Slack's code and the mend, for people.
    pub fn refused(code: &str) -> Self {
        Self::Refused { code: code.to_owned(), mend: mend(code) }
    }

    /// The app itself is refused, not what it asked: all is well again once somebody mends the installation.
    pub fn concerns_app(&self) -> bool {
        const CODES: [&str; 8] = [
            "invalid_auth",
            "not_authed",
            "token_revoked",
            "token_expired",
            "account_inactive",
            "missing_scope",
            "ekm_access_denied",
            "org_login_required",
        ];
        matches!(self, Self::Refused { code, .. } if CODES.contains(&code.as_str()))
    }

    /// When to try again at the earliest, if Slack said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<SlackClientError> for SlackError {
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) => match error.code.as_str() {
                "ratelimited" | "rate_limited" => Self::RateLimited { retry_after: Duration::from_secs(30) },
                "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
                    Self::Unknown { reason: error.code }
                }
                code => Self::refused(code),
            },
            SlackClientError::RateLimitError(error) => {
                Self::RateLimited { retry_after: error.retry_after.unwrap_or(Duration::from_secs(30)).min(WAIT_MAX) }
            }
            SlackClientError::HttpError(error) if error.status_code.is_server_error() => {
                Self::Unknown { reason: format!("HTTP {}", error.status_code.as_u16()) }
            }
            SlackClientError::HttpError(error) => Self::refused(&format!("http_{}", error.status_code.as_u16())),
            SlackClientError::HttpProtocolError(error) => {
                let connecting = error
                    .cause
                    .as_deref()
                    .and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
                    .is_some_and(hyper_util::client::legacy::Error::is_connect);
                if connecting {
                    Self::Transient { reason: "connection failed".to_owned() }
                } else {
                    Self::Unknown { reason: "connection broke".to_owned() }
                }
            }
            SlackClientError::ProtocolError(_) => Self::Unknown { reason: "answer was not JSON".to_owned() },
            SlackClientError::EndOfStream(_)
            | SlackClientError::SystemError(_)
            | SlackClientError::SocketModeProtocolError(_) => Self::Unknown { reason: "connection broke".to_owned() },
        }
    }
}

/// What to do about a refusal (codes: docs.slack.dev, each method's page).
fn mend(code: &str) -> &'static str {
    match code {
        "not_in_channel" => "invite the bot to the channel: /invite @deskbell",
        "channel_not_found" => "check the channel's id; a private channel needs the bot invited: /invite @deskbell",
        "is_archived" => "unarchive the channel or change its id in the policy",
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "reinstall the app and set the new bot token"
        }
        "missing_scope" => "add the scope in the app's settings (see manifest.yml) and reinstall the app",
        "invalid_blocks" | "invalid_blocks_format" | "invalid_arguments" | "msg_too_long" => {
            "a template made what Slack refuses: run `deskbell doctor`"
        }
        "restricted_action" | "restricted_action_read_only_channel" => "let the app post in this channel",
        "not_found" | "expired_trigger_id" => "press again: Slack closed the window before it was filled",
        "message_not_found" | "cant_update_message" => "the message was deleted in Slack",
        "user_not_found" => "check the user's id; find_user_by_email finds it by the address",
        "users_not_found" => "nobody in the workspace has this address; people of other organisations are not found so",
        "thread_not_found" => "check the thread's ts: it is that of the thread's first message",
        "name_taken" => "a channel of this name exists, perhaps a private or archived one: choose another name",
        "invalid_cursor" => "leave the page token out for the first page",
        "invalid_name"
        | "invalid_name_required"
        | "invalid_name_specials"
        | "invalid_name_punctuation"
        | "invalid_name_maxlength" => "use lowercase letters, digits, - and _, at most 80 characters",
        _ => "look the code up at docs.slack.dev",
    }
}
