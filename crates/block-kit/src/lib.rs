//! Block Kit templates and Slack's limits.
//!
//! [`limits`] says what Slack will refuse; Deskbell's templates and its Slack sandbox are held to the same rules.
//! [`templates`] renders `blocks/<name>.json.j2` into JSON that a customer's words cannot break out of.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod limits;
pub mod templates;
