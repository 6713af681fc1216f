//! The Salesforce server: who a customer is and what they have, cases with their comments, and tasks, on Salesforce's
//! REST API.
//!
//! Reading order: [`SalesforceServer`] holds the tools; `customer` says how a customer is identified; `writes` in which
//! order Salesforce is asked, so that a repeated call adds nothing; [`client::SalesforceClient`] is the only code that
//! knows Salesforce's paths; `login` gets tokens, one for all callers; `soql` writes queries in which a value can't become
//! syntax; `context` offers resources and a prompt.
//!
//! Vendor documentation: <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/>.

pub mod client;
pub mod config;
mod context;
mod customer;
mod domain;
mod error;
mod jwt;
mod login;
pub mod names;
mod reads;
pub mod schema;
pub mod schema_customer;
mod shown;
mod soql;
pub mod tools;
mod turns;
mod writes;

pub use config::{SalesforceConfig, SalesforceConfigError, SalesforceCredentials};
pub use tools::SalesforceServer;
