//! Confluence as a source: Cloud (REST v2, and of v1 what v2 lacks) and Data Center (REST v1).
//!
//! Reading order: [`Confluence`] follows a site: it sweeps its spaces now and then, asks for the newest changes in between, and
//! takes at once what a [`webhook`] tells of. `sync` brings pages, attachments and people into the store; `places` is where
//! pages stand and whom they let in; `site` is what is asked for, `cloud` and `data_center` how; `client` is HTTP.
//!
//! Invariants:
//! - A page is written together with its restriction: there is none whose readers were not asked for. An answer that does not
//!   tell them, or tells them in another shape, closes the page.
//! - A new text comes with what its page, all above it and its space said after the text was read.
//! - A sweep that breaks off goes on where it was, and takes nothing away before it is through. Attachments go on after the
//!   restrictions of all pages were read again.
//! - Nothing that Confluence says of a page stands in a failure or a log.

mod client;
mod cloud;
mod config;
mod data_center;
mod follow;
mod places;
mod site;
mod sync;
pub mod webhook;

pub use config::{ConfluenceConfig, ConfluenceConfigError};
pub use follow::Confluence;

/// What the paths of Confluence's documents begin with. They have no ending, so that no file's path is one of them.
const PREFIX: &str = "confluence";
