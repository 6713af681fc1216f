//! The Jira server: issues, comments, transitions, links, labels, searches, boards and sprints, on Jira Cloud's REST
//! API v3 and Jira Data Center's REST API v2. The tools are the same in both editions.
//!
//! Reading order: [`JiraServer`] holds the tools; `create`, `change` and `lists` say in which order Jira is asked;
//! [`client::JiraClient`] is the only code that knows Jira's paths and the two editions; `adf` and `wiki` turn Markdown
//! into the editions' texts; `marks` finds what an earlier call with the same idempotency key did; `resources` and
//! `prompts` are what hosts may read and offer besides tools.
//!
//! Vendor documentation: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>,
//! <https://developer.atlassian.com/server/jira/platform/rest/>.

pub mod adf;
mod change;
pub mod client;
mod config;
mod create;
mod error;
mod lists;
mod marks;
mod prompts;
mod resources;
pub mod schema;
pub mod schema_lists;
mod shown;
mod similar;
pub mod tools;
mod tools_read;
mod users;
pub mod wiki;

pub use config::{Credentials, Edition, JiraConfig, JiraConfigError};
pub use tools::JiraServer;
