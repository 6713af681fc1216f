//! The helpdesk server: tickets, public replies and internal notes, queues, history, changes.
//!
//! [`HelpdeskServer`] holds the tools, [`schema`] their arguments and results in no vendor's words. [`zendesk`] is the
//! first vendor and the only code that knows its paths and JSON. A second one (Freshdesk, Intercom) goes beside it with
//! the same methods; an enum in [`tools`] then chooses, and the tools stay. `resources` and `prompts` are what hosts may read and
//! offer besides tools.
//!
//! What agents tell each other and what the requester reads are two types, two tools and two argument names, so that no
//! forgotten flag sends an internal note to a customer.

mod prompts;
mod resources;
pub mod schema;
pub mod tools;
pub mod zendesk;

pub use tools::HelpdeskServer;
