//! Variables of the environment that look like overrides and are none: `DESKBELL_SERVER_LISTEN` for
//! `DESKBELL_SERVER__LISTEN`. Nothing reads them, and whoever set them believes otherwise.

use deskbell_domain::suggest::nearest;

/// The tables of the file; those of `mcp`, `actions` and `lookups` go by names of the operator's own.
const SECTIONS: [&str; 19] = [
    "server",
    "slack",
    "intake",
    "helpdesk",
    "webhooks",
    "tracker",
    "store",
    "policy",
    "knowledge",
    "assessor",
    "llm",
    "workers",
    "templates",
    "actions",
    "lookups",
    "desk",
    "log",
    "console",
    "mcp_files",
];

/// What Deskbell and its own MCP servers read, beside the beginnings in [`OWN_SERVERS`].
const READ: [&str; 11] = [
    "CONFIG",
    "MODELS",
    "SLACK_BOT_TOKEN",
    "SLACK_API_URL",
    "SLACK_TIMEOUT_SECONDS",
    "KNOWLEDGE_FOLDERS",
    "KNOWLEDGE_DRAFTS",
    "KNOWLEDGE_BASE_URL",
    "DESK_TOKEN",
    "MCP_BEARER",
    "MCP_HOSTS",
];

/// Beginnings of what Deskbell's own MCP servers read.
const OWN_SERVERS: [&str; 4] = ["JIRA_", "SHORTCUT_", "ZENDESK_", "SALESFORCE_"];

/// What Kubernetes sets for a service called `deskbell`
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
const KUBERNETES: [&str; 4] = ["SERVICE_HOST", "SERVICE_PORT", "PORT_", "PORT"];

/// A variable that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    /// Its name.
    pub variable: String,
    /// What was probably meant.
    pub meant: String,
    /// Whether it names a table of the file: then it is certain.
    pub is_certain: bool,
}

/// The variables without `__` that are meant for the file; `is_named` says whether the operator's own files name one.
pub(super) fn unread(variables: &[String], servers: &[&str], is_named: impl Fn(&str) -> bool) -> Vec<Unread> {
    let mut found: Vec<Unread> = variables.iter().filter_map(|variable| look_at(variable, servers)).collect();
    found.retain(|unread| !is_named(&unread.variable));
    found.sort_by(|one, other| one.variable.cmp(&other.variable));
    found
}

fn look_at(variable: &str, servers: &[&str]) -> Option<Unread> {
    let name = variable.strip_prefix("DESKBELL_")?;
    let is_read = READ.contains(&name) || OWN_SERVERS.iter().any(|beginning| name.starts_with(beginning));
    let by_kubernetes = KUBERNETES.iter().any(|beginning| name.starts_with(beginning));
    if name.contains("__") || is_read || by_kubernetes {
        return None;
    }
    let lower = name.to_lowercase();
    if let Some(rest) = lower.strip_prefix("mcp_").filter(|rest| !rest.starts_with("files_")) {
        let (server, key) = servers
            .iter()
            .find_map(|server| Some((server, rest.strip_prefix(&server.to_lowercase())?.strip_prefix('_')?)))?;
        return Some(unread_as(variable, &format!("mcp__{server}"), key, true));
    }
    let begins = |section: &str| lower.strip_prefix(section).is_some_and(|rest| rest.starts_with('_'));
    if let Some(section) = SECTIONS.into_iter().find(|section| begins(section)) {
        let key = lower.get(section.len() + 1..).unwrap_or_default();
        return Some(unread_as(variable, section, key, true));
    }
    let (first, key) = lower.split_once('_')?;
    let section = nearest(first, SECTIONS)?;
    Some(unread_as(variable, section, key, false))
}

fn unread_as(variable: &str, section: &str, key: &str, is_certain: bool) -> Unread {
    let meant = format!("DESKBELL_{}__{}", section.to_uppercase(), key.to_uppercase());
    Unread { variable: variable.to_owned(), meant, is_certain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(variable: &str) -> Option<(String, bool)> {
        let found = unread(&[variable.to_owned()], &["jira"], |name| name == "DESKBELL_STORE_KEY");
        found.into_iter().next().map(|unread| (unread.meant, unread.is_certain))
    }

    #[test]
    fn tells_what_was_meant() {
        for (variable, expected, is_certain) in [
            ("DESKBELL_SERVER_LISTEN", "DESKBELL_SERVER__LISTEN", true),
            ("DESKBELL_SERVE_PORT", "DESKBELL_SERVER__PORT", false),
            ("DESKBELL_WORKERS_DISPATCH_ATTEMPTS", "DESKBELL_WORKERS__DISPATCH_ATTEMPTS", true),
            ("DESKBELL_SLACK_DELIVERY", "DESKBELL_SLACK__DELIVERY", true),
            ("DESKBELL_MCP_JIRA_CALL_TIMEOUT", "DESKBELL_MCP__JIRA__CALL_TIMEOUT", true),
            ("DESKBELL_MCP_FILES_PATHS", "DESKBELL_MCP_FILES__PATHS", true),
        ] {
            assert_eq!(meant(variable), Some((expected.to_owned(), is_certain)), "{variable}");
        }
    }

    #[test]
    fn leaves_alone_what_is_read_or_another_s() {
        for variable in [
            "DESKBELL_CONFIG",
            "DESKBELL_LOG",
            "DESKBELL_MCP_BEARER",
            "DESKBELL_JIRA_URL",
            "DESKBELL_SALESFORCE_TIER_FIELD",
            "DESKBELL_SLACK_BOT_TOKEN",
            "DESKBELL_DESK_TOKEN",
            "DESKBELL_KNOWLEDGE_FOLDERS",
            "DESKBELL_SERVER__LISTEN",
            "DESKBELL_SERVICE_HOST",
            "DESKBELL_PORT_8080_TCP_ADDR",
            "DESKBELL_MASTER_KEY",
            "DESKBELL_STORE_KEY",
            "HOME",
        ] {
            assert_eq!(meant(variable), None, "{variable}");
        }
    }
}
