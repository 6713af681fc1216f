//! Deskbell's own MCP servers and the vendor REST clients behind them.
//!
//! Reading order: [`jira`] shows what a server is made of (configuration, REST client, tools),
//! [`failure`] says how every tool reports what went wrong, [`rest`] turns an HTTP exchange into
//! one of those outcomes, [`stdio`] and [`http`] put a server on a wire.
//!
//! Invariants:
//! - No tool retries a request by itself: the host owns retries, because only it knows what is durable. The one exception
//!   is a request that was refused for an expired access token and therefore did nothing.
//! - A write whose fate is not known is reported as `unknown`, never as failed.
//! - Secrets live in [`secrecy::SecretString`] and never reach an error or a log line.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod failure;
pub mod helpdesk;
pub mod http;
pub mod jira;
pub mod knowledge;
pub mod ledger;
pub mod marker;
pub mod relay;
pub mod resource;
pub mod rest;
pub mod salesforce;
pub mod server;
pub mod shortcut;
pub mod stdio;
