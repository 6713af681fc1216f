//! `[mcp_files]`: MCP servers as other hosts write them, in JSON under `mcpServers`, beside `[mcp.NAME]`.
//!
//! A server there may also say what `[mcp.NAME]` may: `required`, `startup_timeout`, `call_timeout`, `call_limit`, `max_concurrency`,
//! `response_limit`, `allow`, `deny`, `bindings`. What other hosts let run without asking (`autoApprove`) counts for nothing here: a tool
//! that changes something runs because an action is bound to it and a person approved that action.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use toml::Spanned;

use super::mcp::{call_limit, call_timeout, max_concurrency, response_limit, startup_timeout};
use super::value::{Length, Setting};
use super::{Config, ConfigError, ConfigErrors, McpConfig};
use crate::mcp_host::ShippedUse;

/// Which files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpFilesConfig {
    /// Their paths.
    #[serde(default)]
    pub paths: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "mcpServers")]
    servers: BTreeMap<String, Value>,
}

/// A server as other hosts write it, with the names that they use for the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "type", alias = "transport")]
    kind: Option<String>,
    #[serde(default)]
    disabled: bool,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    #[serde(alias = "serverUrl", alias = "httpUrl")]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "startup_timeout", alias = "startupTimeout")]
    startup_timeout: Length,
    #[serde(default = "call_timeout", alias = "callTimeout")]
    call_timeout: Length,
    #[serde(default = "call_limit", alias = "callLimit")]
    call_limit: Length,
    #[serde(default = "max_concurrency", alias = "maxConcurrency")]
    max_concurrency: usize,
    #[serde(default)]
    required: bool,
    #[serde(default = "response_limit", alias = "responseLimit")]
    response_limit: usize,
    #[serde(alias = "includeTools", alias = "enabledTools", alias = "enabled_tools")]
    allow: Option<Vec<String>>,
    #[serde(default, alias = "excludeTools", alias = "disabledTools", alias = "disabled_tools")]
    deny: Vec<String>,
    bindings: Option<ShippedUse>,
    #[serde(default, rename = "autoApprove", alias = "alwaysAllow", alias = "trust")]
    _permissions_of_other_hosts: Option<IgnoredAny>,
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
}

impl Config {
    /// Adds the servers of the configured files to those of `[mcp.NAME]`.
    pub(super) fn read_mcp_files(&mut self) -> Result<(), ConfigErrors> {
        let mut faults = Vec::new();
        for written in self.mcp_files.paths.clone() {
            let path = self.path(&written);
            match read(&path) {
                Ok(servers) => {
                    for (name, server) in servers {
                        match self.mcp.entry(name) {
                            Entry::Vacant(place) => {
                                place.insert(server);
                            }
                            Entry::Occupied(taken) => {
                                let message = format!(
                                    "the MCP server `{}` is configured twice: rename or remove one",
                                    taken.key()
                                );
                                faults.push(ConfigError::at(path.display().to_string(), message));
                            }
                        }
                    }
                }
                Err(errors) => faults.extend(errors.0),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(ConfigErrors(faults)) }
    }
}

/// The servers of a file that are not disabled.
fn read(path: &Path) -> Result<Vec<(String, McpConfig)>, ConfigErrors> {
    let place = path.display().to_string();
    let fault = |message: String| ConfigError::at(place.clone(), message);
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(format!("can't be read ({error}): correct [mcp_files] paths")))?;
    let document: Document = serde_json::from_str(&text).map_err(|error| {
        fault(format!("{error}: write {{ \"mcpServers\": {{ \"name\": {{ \"command\": … }} }} }} as other hosts do"))
    })?;
    let mut servers = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in document.servers {
        match taken(value, path) {
            Ok(server) => servers.extend(server.map(|server| (name, server))),
            Err(message) => faults.push(fault(format!("mcpServers.{name}: {message}"))),
        }
    }
    if faults.is_empty() { Ok(servers) } else { Err(ConfigErrors(faults)) }
}

/// One server; `None` when it is disabled.
fn taken(value: Value, path: &Path) -> Result<Option<McpConfig>, String> {
    let written: Written =
        serde_json::from_value(value).map_err(|error| format!("{error}: correct it or remove it"))?;
    if written.disabled {
        return Ok(None);
    }
    if let Some(kind) = &written.kind {
        known_kind(kind)?;
    }
    if let Some(argument) = written.args.iter().find(|argument| argument.contains("${")) {
        return Err(format!("args: `{argument}` is not filled in here: write it out, or give it by env"));
    }
    Ok(Some(McpConfig {
        command: written.command.map(without_place),
        args: written.args,
        env: settings("env", &written.env)?,
        cwd: written.cwd,
        url: written.url.map(without_place),
        headers: settings("headers", &written.headers)?,
        oauth: None,
        startup_timeout: written.startup_timeout,
        call_timeout: written.call_timeout,
        call_limit: written.call_limit,
        max_concurrency: written.max_concurrency,
        required: written.required,
        response_limit: written.response_limit,
        allow: written.allow,
        deny: written.deny,
        bindings: written.bindings,
        file: Some(path.to_owned()),
    }))
}

fn known_kind(kind: &str) -> Result<(), String> {
    match kind {
        "stdio" | "http" | "streamable-http" | "streamableHttp" | "streamable_http" => Ok(()),
        "sse" => Err("the transport `sse` is obsolete: name the server's streamable HTTP address".to_owned()),
        other => Err(format!("there is no transport `{other}`: write \"stdio\" or \"http\", or leave it out")),
    }
}

fn settings(field: &str, written: &BTreeMap<String, String>) -> Result<BTreeMap<String, Setting>, String> {
    let setting = |(name, text): (&String, &String)| match Setting::from_json(name, text) {
        Ok(setting) => Ok((name.clone(), setting)),
        Err(message) => Err(format!("{field}.{name}: {message}")),
    };
    written.iter().map(setting).collect()
}

fn without_place<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn server(value: Value) -> Result<Option<McpConfig>, String> {
        taken(value, Path::new("/etc/deskbell/mcp.json"))
    }

    #[test]
    fn files_of_other_hosts_are_taken_as_they_are() {
        let taken = server(json!({
            "type": "stdio", "command": "npx", "args": ["-y", "@shortcut/mcp"], "cwd": "here",
            "env": { "BASE_URL": "https://api.example", "SHORTCUT_API_TOKEN": "${SHORTCUT_API_TOKEN}" },
            "autoApprove": ["stories-create"], "includeTools": ["stories-*"], "disabledTools": ["stories-delete"],
            "startup_timeout": "40s",
        }));
        let taken = taken.unwrap().unwrap();
        assert_eq!(taken.command.unwrap().into_inner(), "npx");
        assert_eq!(
            (taken.allow.unwrap(), taken.deny),
            (vec!["stories-*".to_owned()], vec!["stories-delete".to_owned()])
        );
        let shown: Vec<String> = taken.env.values().map(|setting| format!("{setting:?}")).collect();
        assert_eq!(shown, ["Setting(the text)", "Setting(the environment variable SHORTCUT_API_TOKEN)"]);
        assert!(server(json!({ "command": "x", "disabled": true })).unwrap().is_none());
        let remote =
            server(json!({ "type": "http", "url": "https://mcp.example/mcp", "headers": { "X-Team": "desk" } }));
        assert_eq!(remote.unwrap().unwrap().url.unwrap().into_inner(), "https://mcp.example/mcp");
    }

    #[test]
    fn secrets_in_the_file_are_refused_with_the_mend() {
        for (field, value) in [
            ("env", json!({ "JIRA_API_TOKEN": "hush-hush" })),
            ("env", json!({ "ANYTHING": "ghp_hushhush" })),
            ("headers", json!({ "Authorization": "Bearer hush" })),
            ("headers", json!({ "x-api-key": "hush" })),
        ] {
            let refused = match field {
                "env" => server(json!({ "command": "x", "env": value })),
                _ => server(json!({ "url": "https://mcp.example", "headers": value })),
            };
            let refused = refused.unwrap_err();
            assert!(
                refused.starts_with(field) && refused.contains("env:NAME") && !refused.contains("hush"),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_would_be_left_out_in_silence_is_refused() {
        for (value, words) in [
            (json!({ "command": "x", "timeuot": 1 }), "unknown field `timeuot`"),
            (json!({ "command": "x", "env": { "A": "${input:a}" } }), "is not filled in here"),
            (json!({ "command": "x", "args": ["--dir=${HOME}"] }), "is not filled in here"),
            (json!({ "url": "https://mcp.example", "type": "sse" }), "obsolete"),
            (json!({ "command": "x", "startup_timeout": "soon" }), "no length of time"),
        ] {
            let refused = server(value).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
