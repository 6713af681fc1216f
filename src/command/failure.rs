//! How a command ends when it does not end well.

use std::process::ExitCode;

use crate::config::{ConfigError, ConfigErrors};
use crate::prepare::PrepareErrors;
use crate::serve::ServeError;
use crate::store::{OpenError, StoreError, VerifyError};
use crate::telemetry::TelemetryError;

/// What is said on standard error, and the exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something is not as it should be: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The command line or the configuration is wrong: exit code 2.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// All was said already: exit code 1.
    pub fn said() -> Self {
        Self::failed("")
    }

    /// For standard error; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// For the shell.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::wrong(errors.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::wrong(error.to_string())
    }
}

impl From<PrepareErrors> for Failure {
    fn from(errors: PrepareErrors) -> Self {
        Self::wrong(errors.to_string())
    }
}

impl From<TelemetryError> for Failure {
    fn from(error: TelemetryError) -> Self {
        Self::wrong(error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Wrong(errors) => errors.into(),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::failed(error.to_string())
    }
}
