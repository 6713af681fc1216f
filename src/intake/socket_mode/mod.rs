//! Socket Mode: Slack's events over connections that Deskbell opens, for installs without a public address
//! (<https://docs.slack.dev/apis/events-api/using-socket-mode>).
//!
//! Each payload goes to any one of the open connections, so there are two: while one is being replaced the other
//! listens. Slack warns about 10 s before it closes one; the replacement is opened first, and the old one is read and
//! acknowledged until Slack closes it. An event that was not committed is not acknowledged, and Slack sends it again.

mod connection;
mod error;
mod frame;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::error::SocketModeError;

use super::IntakeState;
use crate::slack::OpenConnections;
use connection::Connection;

/// Slack allows no more (<https://docs.slack.dev/apis/events-api/using-socket-mode#connect>).
const MOST_CONNECTIONS: usize = 10;
/// A connection that lived this long was a good one: the next failure starts counting anew.
const GOOD_LIFE: Duration = Duration::from_secs(10);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// However long Slack asks to wait.
const RATE_LIMIT_MAX: Duration = Duration::from_secs(300);

/// How to open connections.
#[derive(Debug, Clone)]
pub struct SocketModeConfig {
    /// The app-level token (`xapp-…`, scope `connections:write`).
    pub app_token: SecretString,
    /// Slack's Web API, `https://slack.com/api`.
    pub api_url: String,
    /// How many are open at a time, 1 to 10.
    pub connections: usize,
    /// How many are open now.
    pub open: OpenConnections,
}

impl SocketModeConfig {
    /// Two connections to Slack itself.
    pub fn new(app_token: SecretString) -> Self {
        Self {
            app_token,
            api_url: "https://slack.com/api".to_owned(),
            connections: 2,
            open: OpenConnections::default(),
        }
    }
}

/// Keeps the connections open until `shutdown`; then what was received is committed and acknowledged, and they close.
pub async fn run(config: SocketModeConfig, http: reqwest::Client, state: IntakeState, shutdown: CancellationToken) {
    let connections = config.connections.clamp(1, MOST_CONNECTIONS);
    let config = Arc::new(config);
    let mut slots = JoinSet::new();
    for _ in 0..connections {
        slots.spawn(keep_open(Arc::clone(&config), http.clone(), state.clone(), shutdown.clone()));
    }
    while slots.join_next().await.is_some() {}
}

async fn keep_open(
    config: Arc<SocketModeConfig>,
    http: reqwest::Client,
    state: IntakeState,
    shutdown: CancellationToken,
) {
    let mut serving = JoinSet::new();
    let mut failures = 0;
    loop {
        let opening = Box::pin(open_with_backoff(&config, &http, &mut failures));
        let Some(connection) = shutdown.run_until_cancelled(opening).await else {
            break;
        };
        let opened_at = Instant::now();
        let (closing, closes) = oneshot::channel::<()>();
        let counted = config.open.one_more();
        let served = connection.serve(state.clone(), closing, shutdown.clone());
        serving.spawn(async move {
            served.await;
            drop(counted);
        });
        // Resolves when Slack warns, and when the connection ends without a warning: a new one is due either way.
        drop(closes.await);
        failures = if opened_at.elapsed() >= GOOD_LIFE { 0 } else { failures + 1 };
        while serving.try_join_next().is_some() {}
    }
    while serving.join_next().await.is_some() {}
}

async fn open_with_backoff(config: &SocketModeConfig, http: &reqwest::Client, failures: &mut u32) -> Connection {
    loop {
        tokio::time::sleep(delay(*failures)).await;
        match Connection::open(config, http).await {
            Ok(connection) => return connection,
            Err(error) => {
                *failures += 1;
                metrics::counter!("deskbell_socket_mode_connect_failures_total").increment(1);
                tracing::error!(%error, failures = *failures, "Socket Mode connection not opened, trying again");
                if let SocketModeError::RateLimited { retry_after } = error {
                    tokio::time::sleep(retry_after.min(RATE_LIMIT_MAX)).await;
                }
            }
        }
    }
}

/// Doubles from half a second to half a minute, with jitter so that replicas do not come back together.
fn delay(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let full = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_DELAY);
    full.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_with_jitter_and_has_an_end() {
        assert_eq!(delay(0), Duration::ZERO);
        for (failures, full_milliseconds) in [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (u32::MAX, 30_000)] {
            let full = Duration::from_millis(full_milliseconds);
            for _ in 0..20 {
                let delay = delay(failures);
                assert!(delay >= full / 2 && delay <= full, "{failures}: {delay:?}");
            }
        }
    }
}
