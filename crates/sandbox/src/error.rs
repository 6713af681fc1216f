//! Why a sandbox could not be started or driven.

use std::net::SocketAddr;

/// Why a sandbox could not be started or driven.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken or not ours.
    #[error("can't listen on {address}: {source}; choose another address, or port 0 for any free one")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The HTTP client could not be built.
    #[error("can't build the sandbox's HTTP client: {0}; check that a TLS provider is installed")]
    HttpClient(#[source] reqwest::Error),
    /// A script is not what the player reads.
    #[error("the script is not readable: {0}; see crates/sandbox/README.md for its shape")]
    Script(#[from] serde_json::Error),
    /// A step of a script was refused.
    #[error("step {step} of the script was refused: {reason}; mend the step's fields")]
    Step {
        /// Position, from 1.
        step: usize,
        /// What the sandbox answered.
        reason: String,
    },
}
