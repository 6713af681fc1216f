//! A Slack workspace and vendors' back-ends in a box, for the demo and the tests.
//!
//! The sandbox is one HTTP server on a loopback address and speaks to Deskbell over the wire only:
//!
//! - `/api/{method}`: Slack's Web API, with its tokens, scopes, limits and error words.
//!   `/response/{id}` are `response_url`s, `/link/` is Socket Mode.
//! - deliveries: events, commands and clicks go to Deskbell signed and are retried as Slack does.
//! - the control API at `/sandbox/...`: a page or a test acts as people, looks, and breaks things.
//! - `/`: a page that looks like Slack. `/jira`: a Jira site. `/shortcut`: a Shortcut workspace.
//!   `/zendesk`: a Zendesk account. `/salesforce`: a Salesforce organisation.
//! - [`llm`]: a language model that says what a test tells it to, at an address of its own.
//!
//! Reading order: [`SandboxConfig`], `core` (what every route shares), `workspace` (the state), `api`,
//! `delivery`, `control`. [`faults`] is shared by all of them. `crates/sandbox/README.md` has the routes.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

mod api;
mod config;
mod control;
mod core;
mod delivery;
mod error;
pub mod faults;
pub mod jira;
mod json;
mod limits;
pub mod llm;
mod page;
pub mod record;
pub mod salesforce;
pub mod script;
pub mod seed;
mod server;
pub mod shortcut;
mod workspace;
pub mod zendesk;

pub use config::{
    DEFAULT_SCOPES, Delivery, JiraSettings, RateNumbers, SalesforceSettings, SandboxConfig, ShortcutSettings, Timing,
    ZendeskSettings,
};
pub use delivery::log::DeliveryRecord;
pub use error::SandboxError;
pub use server::Sandbox;
