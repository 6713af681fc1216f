//! A Slack workspace and vendors' back-ends in a box, for the demo and the tests.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod faults;
