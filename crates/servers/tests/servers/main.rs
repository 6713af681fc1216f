//! The servers against their vendors in a box, over real HTTP.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod http;
mod jira;
mod jira_failures;
mod site;
