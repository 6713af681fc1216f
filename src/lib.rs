//! Deskbell, a Slack-native support desk.
//!
//! Read in this order: [`config`] (what it is told), [`intake`] (how requests come in), `deskbell_domain::workflow`
//! (what a ticket's life is), [`pipeline`] (who does the work), [`store`] (what is never lost), [`learning`] (what people
//! teach it), [`slack`] and [`mcp_host`] (how the outside is reached), [`llm`] (how a language model is asked, if one is).
//!
//! ```text
//! bytes -> intake -> [ events ] -> step -> [ effects, timers ] -> worker -> new event -> step ...
//! ```
//!
//! Invariants: an event is committed before it is acknowledged; a state changes only together with its audit entries
//! and its effects, in one transaction; nobody's system is changed without an `ApprovedAction`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod assessor;
mod breaker;
pub mod command;
mod compute;
pub mod config;
pub mod console;
pub mod intake;
pub mod learning;
pub mod llm;
pub mod mcp_host;
pub mod mcp_server;
pub mod models;
pub mod pipeline;
pub mod prepare;
pub mod serve;
pub mod slack;
pub mod store;
pub mod telemetry;
mod threads;
