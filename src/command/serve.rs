//! `deskbell serve`.

use std::path::Path;

use super::{Failure, signals};
use crate::config::Config;
use crate::serve::{Desk, Prepared};
use crate::telemetry;

/// Serves until it is asked to end.
pub(super) async fn run(config: &Path) -> Result<(), Failure> {
    let config = Config::load(config)?;
    telemetry::start_logging(&config.log)?;
    let metrics = telemetry::start_metrics()?;
    let prepared = Prepared::new(&config)?;
    let desk = Desk::start(&config, prepared, Some(metrics)).await?;
    Ok(desk.run_until(signals::asked_to_end()).await?)
}
