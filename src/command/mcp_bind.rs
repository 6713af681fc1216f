//! `deskbell mcp bind`: proposes which of a server's tools carries out which action and answers which look-up.

use std::path::Path;

use super::{Failure, output};
use crate::config::Config;
use crate::mcp_host::{McpHost, ServerState, propose, propose_lookups};

/// Starts one server, looks at its tools, and prints what could be bound.
pub(super) async fn run(path: &Path, name: &str) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let Some(server) = config.mcp.get(name) else {
        let known: Vec<&str> = config.mcp.keys().map(String::as_str).collect();
        return Err(Failure::wrong(format!(
            "no MCP server is named {name:?}; configured are: {}. Add [mcp.{name}] first",
            known.join(", ")
        )));
    };
    let (bindings, lookups) = (config.bindings()?, config.lookups()?);
    let host = McpHost::start(vec![config.server_spec(name, server)?]);
    host.settled().await;
    let found = host.status().into_iter().next();
    host.shutdown().await;
    let Some(status) = found else { return Err(Failure::failed(format!("MCP server {name:?} was not started"))) };
    if let ServerState::Failed { reason, .. } = &status.state {
        return Err(Failure::failed(format!("MCP server {name:?} can't be looked at: {reason}")));
    }
    output::say(&format!(
        "# Proposed for [mcp.{name}] from the names of its tools and their arguments: read it, correct it, keep it in\n# {} and \
         try it with `deskbell doctor`. Nothing is bound by itself.",
        path.display()
    ));
    for proposal in propose(name, &status.tools).into_iter().chain(propose_lookups(name, &status.tools)) {
        let looks = lookups.iter().find(|lookup| lookup.name == proposal.name);
        let bound = bindings.of(proposal.name).map(|bound| (bound.tool.as_str(), bound.server.as_str()));
        let text = match (bound.or(looks.map(|lookup| (lookup.tool, lookup.server))), &proposal.tool) {
            (Some((tool, server)), _) => format!("# {} is bound already: {tool} of {server}.", proposal.name),
            (None, None) => format!("# {}: no tool fits.", proposal.name),
            (None, Some(_)) => proposal.toml.trim_end().to_owned(),
        };
        output::say(&format!("\n{text}"));
    }
    Ok(())
}
