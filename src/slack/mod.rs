//! Outbound Slack.

mod client;
pub mod directory;
mod error;
mod limiter;
pub mod messages;
mod open_connections;
mod profile;
mod responses;

pub use client::{Found, FoundMessage, Identity, MARKER_EVENT_TYPE, Post, SlackClient, SlackConfig, Sought};
pub use error::SlackError;
pub use open_connections::OpenConnections;
pub use profile::Profile;
