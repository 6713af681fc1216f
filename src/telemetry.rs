//! Logs to standard error, metrics for Prometheus. Neither ever holds customers' words or secrets.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogConfig, LogFormat};

/// Upper bounds of the histograms' buckets, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The same for the histogram of how many commands share a commit.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Libraries whose finest logs hold what goes over the wire: customers' words, and a socket's ticket.
const TALKATIVE: [&str; 5] = ["tungstenite", "tokio_tungstenite", "hyper", "reqwest", "slack_morphism"];

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A filter that can't be read.
    #[error(
        "[log] filter (or RUST_LOG) `{filter}` can't be read: write for example \"info\" or \"info,deskbell::pipeline=debug\""
    )]
    Filter {
        /// As written.
        filter: String,
    },
    /// The recorder.
    #[error("metrics can't be recorded: {0}")]
    Metrics(#[from] BuildError),
}

/// Starts logging to standard error; `RUST_LOG` overrides the configured filter, but no filter makes libraries log what
/// goes over the wire. A second start changes nothing.
///
/// # Errors
/// When the filter can't be read.
pub fn start_logging(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter = filter(config)?;
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match config.format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Pretty => {
            let colours =
                std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
            layer.with_ansi(colours).boxed()
        }
    };
    // An error means that logging runs already.
    let _ = tracing_subscriber::registry().with(filter).with(layer.with_filter(discretion())).try_init();
    Ok(())
}

/// Whether logging could start with this configuration and `RUST_LOG`; starts nothing.
///
/// # Errors
/// When the filter can't be read.
pub fn check_filter(config: &LogConfig) -> Result<(), TelemetryError> {
    filter(config).map(drop)
}

fn filter(config: &LogConfig) -> Result<EnvFilter, TelemetryError> {
    let written = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = written.unwrap_or_else(|| config.filter.clone());
    EnvFilter::try_new(&filter).map_err(|_| TelemetryError::Filter { filter })
}

fn discretion() -> Targets {
    let quiet = TALKATIVE.iter().map(|library| (*library, LevelFilter::DEBUG));
    // It logs what servers say of their progress, what people answer them, and the codes of sign-ins.
    let silent = ("rmcp", LevelFilter::WARN);
    Targets::new().with_default(LevelFilter::TRACE).with_targets(quiet).with_targets([silent])
}

/// Installs the recorder; its handle renders `/metrics`.
///
/// # Errors
/// When another recorder is installed.
pub fn start_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let batches = Matcher::Full("deskbell_store_batch_size".to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets(&SECONDS)?
        .set_buckets_for_metric(batches, &COMMANDS)?
        .install_recorder()?)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::discretion;

    #[test]
    fn no_library_logs_what_goes_over_the_wire() {
        let discretion = discretion();
        let mut levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE].into_iter();
        let of_rmcp = ["rmcp", "rmcp::service", "rmcp::service::client", "rmcp::transport::auth"];
        assert!(levels.all(|level| {
            of_rmcp.iter().all(|target| discretion.would_enable(target, &level) == (level <= Level::WARN))
                && discretion.would_enable("hyper::proto", &level) == (level <= Level::DEBUG)
                && discretion.would_enable("deskbell::pipeline", &level)
        }));
    }
}
