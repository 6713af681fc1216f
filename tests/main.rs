//! Drives Deskbell from outside: the real binary against a Slack workspace and a Jira in a box, on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(clippy::print_stderr, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod architecture;
mod attack;
mod bench;
mod cli;
mod desk;
mod intake;
mod llm;
mod mcp;
mod mcp_servers;
mod oauth;
mod store;
