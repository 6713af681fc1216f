//! Why a connection was not opened. The WebSocket's address is a ticket to listen: it is in no message here.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Error as WebSocketError;

/// Why a connection was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SocketModeError {
    /// Slack said no.
    #[error("Slack refused apps.connections.open: {code} ({})", mend(code))]
    Refused {
        /// Slack's error code.
        code: String,
    },
    /// Too many attempts.
    #[error("Slack asks to wait {} s", retry_after.as_secs())]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// No answer, or none of Slack's.
    #[error("Slack could not be reached ({reason}): check the network and the proxy; Slack needs wss:// on port 443")]
    Unreachable {
        /// For the log.
        reason: String,
    },
    /// The WebSocket opened and nothing came.
    #[error("Slack did not say hello")]
    NoHello,
}

fn mend(code: &str) -> &'static str {
    match code {
        "not_authed" | "invalid_auth" | "token_revoked" | "token_expired" | "account_inactive" => {
            "make an app-level token under Basic Information and set it as app_token"
        }
        "not_allowed_token_type" => "app_token must be the app-level token, it begins with xapp-",
        "missing_scope" | "no_permission" => "the app-level token needs the scope connections:write",
        "socket_mode_not_enabled" | "forbidden_connection" | "socket_mode_disabled" => {
            "enable Socket Mode in the app's settings"
        }
        _ => "see Slack's page on apps.connections.open",
    }
}

impl From<reqwest::Error> for SocketModeError {
    fn from(error: reqwest::Error) -> Self {
        let reason = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the answer broke off"
        };
        Self::Unreachable { reason: reason.to_owned() }
    }
}

impl From<WebSocketError> for SocketModeError {
    fn from(error: WebSocketError) -> Self {
        let reason = match error {
            WebSocketError::Io(error) => format!("WebSocket: {}", error.kind()),
            WebSocketError::Http(answer) => format!("WebSocket: HTTP {}", answer.status().as_u16()),
            WebSocketError::Tls(_) => "WebSocket: TLS".to_owned(),
            WebSocketError::Url(_) => "WebSocket: no usable address".to_owned(),
            _ => "WebSocket: no handshake".to_owned(),
        };
        Self::Unreachable { reason }
    }
}
