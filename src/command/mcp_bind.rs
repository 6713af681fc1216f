//! `deskbell mcp bind`: proposes which of a server's tools carries out which action and answers which look-up.

use std::path::Path;

use super::mcp_sign_ins::{SignIns, server_named};
use super::{Failure, output};
use crate::config::Config;
use crate::mcp_host::{McpHost, propose, propose_lookups};

/// Starts one server, looks at its tools, and prints what could be bound.
pub(super) async fn run(path: &Path, name: &str) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let spec = server_named(&config, name)?;
    let (bindings, lookups) = (config.bindings()?, config.lookups()?);
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
