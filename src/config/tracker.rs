//! `[tracker]`: asking a tracker for its issues' statuses, where it may not tell of them by a webhook.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::value::{DAY, Length};
use crate::mcp_host::{StatusLook, StatusLookConfig};

/// `[tracker]`. What is left out suits Deskbell's own server of the tool: Shortcut's for `get_stories`, else Jira's.
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
        let is_shortcut = self.tool.as_deref().map_or(server == "shortcut", |tool| tool == SHORTCUTS.tool);
        let usual = if is_shortcut { &SHORTCUTS } else { &JIRAS };
        let text = |written: &Option<String>, usual: &str| written.clone().unwrap_or_else(|| usual.to_owned());
        let look = StatusLook::check(&StatusLookConfig {
            server: server.to_owned(),
            tool: text(&self.tool, usual.tool),
            arguments: self.arguments.clone().unwrap_or_else(|| usual.arguments()),
            result_from: text(&self.result_from, "structured"),
            issues: text(&self.issues, usual.issues),
            key: text(&self.key, "/key"),
            status: text(&self.status, usual.status),
            category: text(&self.category, usual.category),
            updated: text(&self.updated, usual.updated),
        });
        look.map(|look| Some((every, look))).map_err(|fault| format!("[tracker] {fault}"))
    }
}

/// What a server of Deskbell's own takes and answers.
struct Usual {
    tool: &'static str,
    arguments: &'static [(&'static str, &'static str)],
    issues: &'static str,
    status: &'static str,
    category: &'static str,
    updated: &'static str,
}

/// Those of the Jira server.
const JIRAS: Usual = Usual {
    tool: "search_issues",
    arguments: &[("jql", "='key in (' ~ keys|join(', ') ~ ')'"), ("max_results", "=keys|length")],
    issues: "/issues",
    status: "/status",
    category: "/status_category",
    updated: "/updated",
};

/// Those of the Shortcut server.
const SHORTCUTS: Usual = Usual {
    tool: "get_stories",
    arguments: &[("story_ids", "=keys")],
    issues: "/stories",
    status: "/state",
    category: "/state_type",
    updated: "/updated_at",
};

impl Usual {
    fn arguments(&self) -> BTreeMap<String, toml::Value> {
        self.arguments.iter().map(|(name, written)| ((*name).to_owned(), toml::Value::from(*written))).collect()
    }
}
