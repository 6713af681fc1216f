//! MCP servers: each starts, has the bound tools, and takes the bound arguments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Finding;
use crate::config::Config;
use crate::mcp_host::{BindingConfig, LookupConfig, McpHost, ServerState, ServerStatus, ToolInfo};

/// The argument of a look by key.
const KEY: &str = "idempotency_key";

/// Starts every server, looks, and stops it again.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let specs = match config.server_specs() {
        Ok(specs) => specs,
        Err(errors) => return errors.0.iter().map(|error| Finding::told("mcp", error.to_string())).collect(),
    };
    let host = McpHost::start(specs);
    host.settled().await;
    let servers: BTreeMap<String, ServerStatus> =
        host.status().into_iter().map(|server| (server.name.clone(), server)).collect();
    let mut findings: Vec<Finding> = servers.values().map(standing).collect();
    for (server, tool) in lookups(config, &servers) {
        findings.push(answering(&host, server, tool).await);
    }
    host.shutdown().await;
    for (action, binding) in &config.actions {
        if let Some(server) = servers.get(&binding.server).filter(|server| server.state == ServerState::Ready) {
            findings.push(bound(action, binding, server));
        }
    }
    findings.extend(lookups_bound(config, &servers));
    findings
}

/// A look-up's tool must be there, take its arguments and say that it only reads: another one is never called.
fn lookups_bound(config: &Config, servers: &BTreeMap<String, ServerStatus>) -> Vec<Finding> {
    fn written<P>(name: &'static str, it: &LookupConfig<P>) -> (&'static str, String, String, Vec<String>) {
        (name, it.server.clone(), it.tool.clone(), it.arguments.keys().cloned().collect())
    }
    let lookups = &config.lookups;
    let all = [
        lookups.lookup_customer.as_ref().map(|it| written("lookup_customer", it)),
        lookups.queue_load.as_ref().map(|it| written("queue_load", it)),
        lookups.search_knowledge.as_ref().map(|it| written("search_knowledge", it)),
    ];
    let examined = all.into_iter().flatten().filter_map(|(name, server, tool, arguments)| {
        let server = servers.get(&server).filter(|server| server.state == ServerState::Ready)?;
        let mut faults = call_faults(&tool, arguments.iter(), server);
        if server.tools.iter().any(|known| known.name == tool && !known.read_only_hint) {
            faults.push(format!("{} does not say that `{tool}` only reads", server.name));
        }
        Some(taken(&format!("lookups.{name}"), &server.name, &tool, &faults))
    });
    examined.collect()
}

fn standing(server: &ServerStatus) -> Finding {
    let area = format!("mcp.{}", server.name);
    match &server.state {
        ServerState::Ready => Finding::good(area, offers(server)),
        ServerState::Starting => Finding::told(area, "is still starting: raise its startup_timeout"),
        ServerState::Failed { reason, .. } => Finding::told(area, reason.clone()),
    }
}

/// What the configuration uses to look for what happened, where a key alone is asked: the one read that every such
/// server takes without knowing anything that is there.
fn lookups<'a>(config: &'a Config, servers: &BTreeMap<String, ServerStatus>) -> BTreeMap<&'a str, &'a str> {
    let reads = |server: &str, tool: &str| {
        let tools = servers.get(server).map(|server| server.tools.as_slice()).unwrap_or_default();
        tools.iter().any(|known| known.name == tool && known.read_only_hint)
    };
    let bindings = config.actions.values();
    let lookups = bindings.filter_map(|binding| Some((binding.server.as_str(), binding.reconcile.as_ref()?)));
    lookups
        .filter(|(_, look)| look.arguments.keys().eq([KEY]))
        .map(|(server, look)| (server, look.tool.as_str()))
        .filter(|(server, tool)| reads(server, tool))
        .collect()
}

/// A server starts though its vendor refuses the token or can't be reached: only a call tells.
async fn answering(host: &McpHost, server: &str, tool: &str) -> Finding {
    let area = format!("mcp.{server}");
    let arguments = Map::from_iter([(KEY.to_owned(), Value::from("deskbell-doctor"))]);
    match host.try_reading(server, tool, arguments).await {
        Ok(()) => Finding::good(area, format!("`{tool}` answers")),
        Err(error) => Finding::bad(
            area,
            format!("`{tool}`: {error}"),
            format!("correct the address and the secrets of [mcp.{server}], and what their account may read there"),
        ),
    }
}

fn offers(server: &ServerStatus) -> String {
    let tools = format!("starts and offers {} tools", server.tools.len());
    let bad: Vec<&str> = server.quarantined.iter().map(|tool| tool.name.as_str()).collect();
    if bad.is_empty() { tools } else { format!("{tools}; their definitions keep these out: {}", bad.join(", ")) }
}

fn bound(action: &str, binding: &BindingConfig, server: &ServerStatus) -> Finding {
    let mut faults = call_faults(&binding.tool, binding.arguments.keys(), server);
    if let Some(reconcile) = &binding.reconcile {
        faults.extend(call_faults(&reconcile.tool, reconcile.arguments.keys(), server));
    }
    taken(&format!("actions.{action}"), &server.name, &binding.tool, &faults)
}

fn taken(area: &str, server: &str, tool: &str, faults: &[String]) -> Finding {
    if faults.is_empty() {
        return Finding::good(area, format!("{server}.{tool} takes its arguments"));
    }
    let mend = format!("correct [{area}]; `deskbell mcp list --json` shows what the server offers");
    Finding::bad(area, faults.join("; "), mend)
}

fn call_faults<'a>(tool: &str, given: impl Iterator<Item = &'a String>, server: &ServerStatus) -> Vec<String> {
    let Some(info) = server.tools.iter().find(|known| known.name == tool) else {
        return vec![format!("the server {} has no tool `{tool}`", server.name)];
    };
    let given: BTreeSet<&str> = given.map(String::as_str).collect();
    let known = properties(info);
    let unknown = given
        .iter()
        .filter(|name| known.is_some_and(|known| !known.contains_key(**name)))
        .map(|name| format!("`{tool}` has no argument `{name}`"));
    let missing =
        required(info).filter(|name| !given.contains(name)).map(|name| format!("`{tool}` needs the argument `{name}`"));
    unknown.chain(missing).collect()
}

fn properties(tool: &ToolInfo) -> Option<&Map<String, Value>> {
    tool.input_schema.get("properties").and_then(Value::as_object)
}

fn required(tool: &ToolInfo) -> impl Iterator<Item = &str> {
    tool.input_schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
