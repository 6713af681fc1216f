//! MCP servers: each starts, has the bound tools, and takes the bound arguments.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Finding, polls};
use crate::command::mcp_sign_ins::SignIns;
use crate::config::Config;
use crate::mcp_host::{BindingFault, Bindings, McpHost, ServerState, ServerStatus};

/// The argument of a look by key.
const KEY: &str = "idempotency_key";

/// Starts every server, looks, and stops it again.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let missing: Vec<String> = config.missing_secrets().iter().map(ToString::to_string).collect();
    let mut unusable = Vec::new();
    let mut specs = Vec::new();
    for (name, server) in &config.mcp {
        match config.server_spec(name, server) {
            Ok(spec) => specs.push(spec),
            // A missing secret was told with all others.
            Err(error) if missing.contains(&error.to_string()) => {
                let mend = "its faults are told once its secrets are there";
                unusable.push(Finding::doubtful(format!("mcp.{name}"), "was not started: it lacks a secret", mend));
            }
            Err(error) => unusable.push(Finding::told(format!("mcp.{name}"), error.to_string())),
        }
    }
    let sign_ins = SignIns::of(config);
    let host = McpHost::start_signed_in(specs, sign_ins.keeper());
    host.settled().await;
    let servers: BTreeMap<String, ServerStatus> =
        host.status().into_iter().map(|server| (server.name.clone(), server)).collect();
    let mut findings = unusable;
    findings.extend(servers.values().map(standing));
    // What keeps them from being read is found by the examination of the policy.
    let bindings = config.bindings().unwrap_or_default();
    for (server, tool) in lookups(&bindings, &servers) {
        findings.push(answering(&host, server, tool).await);
    }
    let polled = polls::examine(config, &host, &servers).await;
    host.shutdown().await;
    sign_ins.close().await;
    let looks = config.lookups().unwrap_or_default();
    for server in servers.values().filter(|server| server.state == ServerState::Ready) {
        let actions = bindings
            .at(&server.name)
            .map(|it| taken(&format!("actions.{}", it.action), &it.tool, server, &it.faults(server)));
        findings.extend(actions);
        findings.extend(
            looks
                .at(&server.name)
                .map(|it| taken(&format!("lookups.{}", it.name), it.tool, server, &it.faults(server))),
        );
    }
    findings.extend(polled);
    findings
}

fn standing(server: &ServerStatus) -> Finding {
    let area = format!("mcp.{}", server.name);
    match &server.state {
        ServerState::Ready => Finding::good(area, offers(server)),
        ServerState::Starting => Finding::told(area, "is still starting: raise its startup_timeout"),
        ServerState::Failed { reason, .. } | ServerState::SignInNeeded { reason, .. } => {
            Finding::told(area, reason.clone())
        }
    }
}

/// What the configuration uses to look for what happened, where a key alone is asked: the one read that every such
/// server takes without knowing anything that is there.
fn lookups<'a>(bindings: &'a Bindings, servers: &BTreeMap<String, ServerStatus>) -> BTreeMap<&'a str, &'a str> {
    let reads = |server: &str, tool: &str| {
        let tools = servers.get(server).map(|server| server.tools.as_slice()).unwrap_or_default();
        tools.iter().any(|known| known.name == tool && known.read_only_hint)
    };
    bindings
        .iter()
        .filter_map(|(_, binding)| Some((binding.server.as_str(), binding.looks_by_key_alone()?)))
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
            format!("`{tool}`: {}", error.reason().for_people()),
            format!("correct the address and the secrets of [mcp.{server}], and what their account may read there"),
        ),
    }
}

fn offers(server: &ServerStatus) -> String {
    let tools = format!("starts and offers {} tools", server.tools.len());
    let bad: Vec<&str> = server.quarantined.iter().map(|tool| tool.name.as_str()).collect();
    if bad.is_empty() { tools } else { format!("{tools}; their definitions keep these out: {}", bad.join(", ")) }
}

/// Whether a tool takes what a section of the configuration hands it.
pub(super) fn taken(area: &str, tool: &str, server: &ServerStatus, faults: &[BindingFault]) -> Finding {
    if faults.is_empty() {
        return Finding::good(area, format!("{}.{tool} takes its arguments", server.name));
    }
    let mend = format!("correct [{area}]; `deskbell mcp list --json` shows what the server offers");
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Finding::bad(area, faults.join("; "), mend)
}
