//! From an e-mail address to an account id, on Data Center to a user name.

use serde_json::Value;

use super::client::JiraClient;
use crate::failure::ToolFailure;

/// The id of the one active account with this address.
///
/// Most sites hide addresses from the API; then a single match of the search is taken, because
/// Jira matches hidden addresses only in full.
pub(super) async fn account_id_by_email(client: &JiraClient, email: &str) -> Result<String, ToolFailure> {
    let users = client.users(email).await?;
    let active: Vec<&Value> =
        users.iter().filter(|user| user.get("active").and_then(Value::as_bool) != Some(false)).collect();
    let shown = |user: &Value| {
        user.get("emailAddress")
            .and_then(Value::as_str)
            .filter(|address| !address.is_empty())
            .map(|address| address.eq_ignore_ascii_case(email))
    };
    let exact: Vec<&&Value> = active.iter().filter(|user| shown(user) == Some(true)).collect();
    let chosen = match (exact.as_slice(), active.as_slice()) {
        ([one], _) => Some(**one),
        ([], [one]) if shown(one).is_none() => Some(*one),
        _ => None,
    };
    chosen.and_then(|user| client.person_id(user)).ok_or_else(|| {
        ToolFailure::permanent("No single active Jira account has this e-mail address; give its account_id instead")
    })
}
