//! The pure core of Deskbell. No IO, no clock, no randomness, no vendor JSON.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod action;
pub mod assessment;
pub mod audit;
mod conversation;
pub mod decide;
pub mod decision;
pub mod enrichment;
pub mod errand;
pub mod ids;
pub mod interaction;
pub mod knowledge;
pub mod label;
pub mod learning;
pub mod notice;
mod pairs;
pub mod policy;
pub mod sla;
pub mod suggest;
pub mod ticket;
pub mod undo;
mod words;
pub mod workflow;
