//! A subset of SOQL: `SELECT` of fields, also of parents, or `COUNT()`; `WHERE` with `AND`, `OR`, `NOT`, comparisons,
//! `LIKE` and `IN`; `ORDER BY`, `LIMIT`, `OFFSET`. Everything else is `MALFORMED_QUERY`: sub-queries, aggregates, `TYPEOF`,
//! date literals such as `TODAY`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm>

mod lexer;
mod parse;
mod run;

use serde_json::Value;

use super::answer::Refusal;
use super::org::Org;

/// What a query gives.
#[derive(Debug)]
pub(super) enum Rows {
    Records(Vec<Value>),
    /// `SELECT COUNT()`: how many there are.
    Count(usize),
}

/// Reads and runs a query.
pub(super) fn rows(version: &str, org: &Org, query: &str) -> Result<Rows, Refusal> {
    let parsed = parse::query(query).map_err(|message| Refusal::bad("MALFORMED_QUERY", message))?;
    run::run(version, org, query, &parsed)
}
