//! Outbound Slack.

mod client;
mod error;
mod limiter;
pub mod messages;

pub use client::{FoundMessage, Identity, MARKER_EVENT_TYPE, Post, SlackClient, SlackConfig};
pub use error::SlackError;
