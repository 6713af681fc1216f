//! The sandbox on the wire: a small receiver stands in for Deskbell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod api;
mod control;
mod deliveries;
mod faults;
mod interactions;
mod jira;
mod modals;
mod salesforce;
mod shortcut;
mod sockets;
mod support;
mod zendesk;
