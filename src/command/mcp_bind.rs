//! `deskbell mcp bind`: proposes which of a server's tools carries out which action.

use std::path::Path;

use super::mcp_sign_ins::{SignIns, server_named};
use super::{Failure, output};
use crate::config::Config;
use crate::mcp_host::{McpHost, propose};

/// Starts one server, looks at its tools, and prints what could be bound.
pub(super) async fn run(path: &Path, name: &str) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let spec = server_named(&config, name)?;
    let bindings = config.bindings()?;
    let sign_ins = SignIns::of(&config);
    let host = McpHost::start_signed_in(vec![spec], sign_ins.keeper());
    host.settled().await;
    let found = host.status().into_iter().next();
    host.shutdown().await;
    sign_ins.close().await;
    let Some(status) = found else { return Err(Failure::failed(format!("MCP server {name:?} was not started"))) };
    if let Some(reason) = status.state.reason() {
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
