//! `[helpdesk.poll]`: asking Zendesk for new and changed tickets, where it may not tell of them by a webhook.

use jiff::Timestamp;
use serde::Deserialize;

use super::value::{DAY, Length};

/// `[helpdesk.poll]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskPollConfig {
    /// How often. Zendesk allows ten calls a minute.
    pub every: Length,
    /// The MCP server: `deskbell mcp serve helpdesk` under this name.
    #[serde(default = "usual_server")]
    pub server: String,
    /// Tickets opened since then count; left out, since the first poll. Read by the first poll alone.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

fn usual_server() -> String {
    "helpdesk".to_owned()
}

impl HelpdeskPollConfig {
    /// What is wrong, with the mend.
    pub(super) fn fault(&self, has_server: impl Fn(&str) -> bool) -> Option<String> {
        // The least is a tenth of a second.
        if let Some(fault) = self.every.outside(0, DAY) {
            return Some(format!("[helpdesk.poll] every {fault}, for example 1m"));
        }
        let server = &self.server;
        if has_server(server) {
            return None;
        }
        Some(format!("[helpdesk.poll] server = \"{server}\": add [mcp.{server}] or name one that is configured"))
    }
}
