//! Journeys of a ticket, event by event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod acting;
mod answering;
mod asking;
mod carrying_out;
mod delivering;
#[path = "../support/desk.rs"]
mod desk;
mod enriching;
mod escalating;
mod following;
mod learning;
mod solving;
#[path = "../support/mod.rs"]
mod support;
mod teaching;
mod timers;
mod tracking;
mod undoing;
mod writing_back;

use deskbell_domain::policy::Policy;
use support::{POLICY, load, with};

fn policy() -> Policy {
    load(POLICY)
}

fn expiring(choice: &str) -> Policy {
    load(&with("on_expiry = \"escalate\"", &format!("on_expiry = \"{choice}\"")))
}
