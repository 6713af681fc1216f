//! `deskbell mcp bind`: proposes which of a server's tools carries out which action.

use std::path::Path;

use super::{Failure, output};
use crate::config::Config;
use crate::mcp_host::{McpHost, ServerState, propose};

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
    let bindings = config.bindings()?;
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
    for proposal in propose(name, &status.tools) {
        let bound = bindings.of(proposal.action);
        let text = match (bound, &proposal.tool) {
            (Some(bound), _) => format!("# {} is bound already: {} of {}.", proposal.action, bound.tool, bound.server),
            (None, None) => format!("# {}: no tool fits.", proposal.action),
            (None, Some(_)) => proposal.toml.trim_end().to_owned(),
        };
        output::say(&format!("\n{text}"));
    }
    Ok(())
}
