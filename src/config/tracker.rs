//! `[tracker]`: asking a tracker for its issues' statuses, where it may not tell of them by a webhook.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::value::{DAY, Length};
use crate::mcp_host::{StatusLook, StatusLookConfig};

/// `[tracker]`. What is left out suits Deskbell's own Jira server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrackerConfig {
    /// How often the issues of open tickets are asked for; left out, never.
    pub poll: Option<Length>,
    /// The MCP server.
    pub server: Option<String>,
    /// Its tool that searches; it must only read.
    pub tool: Option<String>,
    /// The tool's arguments, as in `[actions.…]`; expressions see `keys`, up to fifty issues' keys.
    pub arguments: Option<BTreeMap<String, toml::Value>>,
    /// As in `[actions.…]`.
    pub result_from: Option<String>,
    /// JSON pointer to the list of issues in the answer.
    pub issues: Option<String>,
    /// JSON pointer to an issue's key.
    pub key: Option<String>,
    /// JSON pointer to the name of its status.
    pub status: Option<String>,
    /// JSON pointer to `new`, `indeterminate` or `done`.
    pub category: Option<String>,
    /// JSON pointer to when it was changed last.
    pub updated: Option<String>,
}

impl TrackerConfig {
    /// How often, and with which call; `None`: never.
    ///
    /// # Errors
    /// What is wrong, with the field and the mend.
    pub fn look(&self, has_server: impl Fn(&str) -> bool) -> Result<Option<(Length, StatusLook)>, String> {
        let Some(every) = self.poll else { return Ok(None) };
        // The least is a tenth of a second.
        if let Some(fault) = every.outside(0, DAY) {
            return Err(format!("[tracker] poll {fault}, for example 2m"));
        }
        let server = self.server.as_deref().unwrap_or("jira");
        if !has_server(server) {
            return Err(format!("[tracker] server = \"{server}\": add [mcp.{server}] or name one that is configured"));
        }
        let text = |written: &Option<String>, usual: &str| written.clone().unwrap_or_else(|| usual.to_owned());
        let look = StatusLook::check(&StatusLookConfig {
            server: server.to_owned(),
            tool: text(&self.tool, "search_issues"),
            arguments: self.arguments.clone().unwrap_or_else(own_arguments),
            result_from: text(&self.result_from, "structured"),
            issues: text(&self.issues, "/issues"),
            key: text(&self.key, "/key"),
            status: text(&self.status, "/status"),
            category: text(&self.category, "/status_category"),
            updated: text(&self.updated, "/updated"),
        });
        look.map(|look| Some((every, look))).map_err(|fault| format!("[tracker] {fault}"))
    }
}

/// Those of Deskbell's own Jira server.
fn own_arguments() -> BTreeMap<String, toml::Value> {
    [
        ("jql".to_owned(), toml::Value::from("='key in (' ~ keys|join(', ') ~ ')'")),
        ("max_results".to_owned(), toml::Value::from(50)),
    ]
    .into()
}
