//! `deskbell mcp serve`, `deskbell mcp list` and `deskbell mcp bindings`; the others are beside it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use deskbell_servers::helpdesk::HelpdeskServer;
use deskbell_servers::helpdesk::zendesk::ZendeskConfig;
use deskbell_servers::http::{HttpAccess, serve_http};
use deskbell_servers::jira::{JiraConfig, JiraServer};
use deskbell_servers::salesforce::{SalesforceConfig, SalesforceServer};
use deskbell_servers::server::AnyServer;
use deskbell_servers::shortcut::{ShortcutConfig, ShortcutServer};
use deskbell_servers::stdio::serve_stdio;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::arguments::{McpCommand, OwnServer};
use super::mcp_sign_ins::SignIns;
use super::{Failure, mcp_bind, mcp_desk, mcp_knowledge, mcp_login, output, signals};
use crate::config::{Config, LogConfig};
use crate::console::state_word;
use crate::mcp_host::{Bindings, Lookups, McpHost, ServerState, ServerStatus, Shipped};
use crate::mcp_server::{self, slack::SlackServer};
use crate::telemetry;

/// Runs the subcommand.
pub(super) async fn run(config: &Path, command: &McpCommand) -> Result<(), Failure> {
    match command {
        McpCommand::Serve { server: OwnServer::Jira, http } => serve_own(*http, jira).await,
        McpCommand::Serve { server: OwnServer::Shortcut, http } => serve_own(*http, shortcut).await,
        McpCommand::Serve { server: OwnServer::Helpdesk, http } => serve_own(*http, helpdesk).await,
        McpCommand::Serve { server: OwnServer::Slack, http } => serve_own(*http, slack).await,
        McpCommand::Serve { server: OwnServer::Knowledge, http } => Box::pin(mcp_knowledge::run(*http)).await,
        McpCommand::Serve { server: OwnServer::Salesforce, http } => serve_own(*http, salesforce).await,
        McpCommand::Serve { server: OwnServer::Desk, http } => Box::pin(mcp_desk::run(config, *http)).await,
        McpCommand::Login { server } => Box::pin(mcp_login::login(config, server)).await,
        McpCommand::Logout { server } => mcp_login::logout(config, server).await,
        McpCommand::Bind { server } => mcp_bind::run(config, server).await,
        McpCommand::List { json } => list(config, *json).await,
        McpCommand::Bindings { name } => bindings(name.as_deref()),
    }
}

fn jira() -> Result<AnyServer, Failure> {
    let config = JiraConfig::from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    JiraServer::new(config).map(AnyServer::of).map_err(|error| Failure::wrong(error.to_string()))
}

fn shortcut() -> Result<AnyServer, Failure> {
    let config = ShortcutConfig::from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    ShortcutServer::new(config).map(AnyServer::of).map_err(|error| Failure::wrong(error.to_string()))
}

fn helpdesk() -> Result<AnyServer, Failure> {
    let config = ZendeskConfig::from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    HelpdeskServer::new(config).map(AnyServer::of).map_err(|error| Failure::wrong(error.to_string()))
}

fn slack() -> Result<AnyServer, Failure> {
    let config = mcp_server::slack::config_from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    SlackServer::new(&config).map(AnyServer::of).map_err(|error| Failure::wrong(error.to_string()))
}

fn salesforce() -> Result<AnyServer, Failure> {
    let config = SalesforceConfig::from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    SalesforceServer::new(config).map(AnyServer::of).map_err(|error| Failure::wrong(error.to_string()))
}

/// Serves what `make` gives until standard input closes, or Deskbell is asked to end.
async fn serve_own(http: Option<SocketAddr>, make: fn() -> Result<AnyServer, Failure>) -> Result<(), Failure> {
    telemetry::start_logging(&LogConfig::default())?;
    let server = make()?;
    let shutdown = ended_by_signals();
    match http {
        None => serve_stdio(server, shutdown).await.map_err(|error| Failure::failed(error.to_string())),
        Some(listen) => {
            serve_http(server, listen, access(), shutdown).await.map_err(|error| Failure::failed(error.to_string()))
        }
    }
}

/// Cancelled when Deskbell is asked to end.
pub(super) fn ended_by_signals() -> CancellationToken {
    let shutdown = CancellationToken::new();
    let ending = shutdown.clone();
    tokio::spawn(async move {
        signals::asked_to_end().await;
        ending.cancel();
    });
    shutdown
}

/// Who may call a server of ours over HTTP: `DESKBELL_MCP_BEARER` and `DESKBELL_MCP_HOSTS`.
pub(super) fn access() -> HttpAccess {
    let bearer = std::env::var("DESKBELL_MCP_BEARER").ok().filter(|token| !token.is_empty());
    HttpAccess { bearer: bearer.map(Into::into), allowed_hosts: allowed_hosts(), ..HttpAccess::default() }
}

/// The names under which other machines reach the server: `DESKBELL_MCP_HOSTS`, separated by commas.
fn allowed_hosts() -> Vec<String> {
    let named = std::env::var("DESKBELL_MCP_HOSTS").unwrap_or_default();
    named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What ships, or one file of it to copy from.
fn bindings(name: Option<&str>) -> Result<(), Failure> {
    if let Some(name) = name {
        output::say(Shipped::named(name).map_err(Failure::wrong)?.text.trim_end());
        return Ok(());
    }
    output::say("Take one up with `bindings = \"NAME\"` in [mcp.…]; an [actions.…] of yours stands in front of it.");
    for name in Shipped::names() {
        let shipped = Shipped::named(name).map_err(Failure::failed)?;
        output::say(&format!("\n{name}: {}\n  {}", shipped.about, shipped.tried));
    }
    Ok(())
}

async fn list(config: &Path, as_json: bool) -> Result<(), Failure> {
    let config = Config::load(config)?;
    let (bindings, lookups) = (config.bindings()?, config.lookups()?);
    let bound: Bound = (&bindings, &lookups);
    let sign_ins = SignIns::of(&config);
    let host = McpHost::start_signed_in(config.server_specs()?, sign_ins.keeper());
    host.settled().await;
    let servers = host.status();
    host.shutdown().await;
    sign_ins.close().await;
    if as_json {
        output::say_json(&servers.iter().map(|server| as_value(server, bound)).collect::<Vec<_>>());
    } else if servers.is_empty() {
        output::say("no MCP server is configured: add [mcp.NAME]");
    } else {
        let lines: Vec<String> = servers.iter().map(|server| as_lines(server, bound)).collect();
        output::say(&lines.join("\n"));
    }
    let is_well = |server: &ServerStatus| server.state == ServerState::Ready && unfit(bound, server).is_empty();
    if servers.iter().all(is_well) { Ok(()) } else { Err(Failure::said()) }
}

/// What is bound to tools.
type Bound<'a> = (&'a Bindings, &'a Lookups);

/// The actions and the look-ups of a tool.
fn bound_to<'a>((bindings, lookups): Bound<'a>, server: &'a str, tool: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let actions = bindings.at(server).filter(|binding| binding.tool == tool).map(|binding| binding.action.as_str());
    let looks = lookups.at(server).filter(|lookup| lookup.tool == tool).map(|lookup| lookup.name);
    (actions.collect(), looks.collect())
}

/// A binding that can't be used with the server as it is.
struct UnfitBinding<'a> {
    /// `actions` or `lookups`.
    table: &'static str,
    name: &'a str,
    /// Why.
    reason: String,
}

/// What can't be used with the server as it is.
fn unfit<'a>((bindings, lookups): Bound<'a>, server: &'a ServerStatus) -> Vec<UnfitBinding<'a>> {
    let actions = bindings.at(&server.name).map(|it| ("actions", it.action.as_str(), it.faults(server)));
    let looks = lookups.at(&server.name).map(|it| ("lookups", it.name, it.faults(server)));
    let all = actions.chain(looks).map(|(table, name, faults)| {
        let fatal: Vec<String> = faults.iter().filter(|fault| fault.is_fatal()).map(ToString::to_string).collect();
        UnfitBinding { table, name, reason: fatal.join("; ") }
    });
    all.filter(|binding| !binding.reason.is_empty()).collect()
}

fn as_value(server: &ServerStatus, bound: Bound<'_>) -> serde_json::Value {
    let tools: Vec<_> = server
        .tools
        .iter()
        .map(|tool| {
            let (actions, lookups) = bound_to(bound, &server.name, &tool.name);
            json!({
                "name": tool.name, "description": tool.description, "read_only": tool.read_only_hint, "actions": actions,
                "lookups": lookups,
            })
        })
        .collect();
    let quarantined: Vec<_> =
        server.quarantined.iter().map(|tool| json!({ "name": tool.name, "reason": tool.reason })).collect();
    let unfit: Vec<_> = unfit(bound, server)
        .into_iter()
        .map(|binding| json!({ "table": binding.table, "name": binding.name, "reason": binding.reason }))
        .collect();
    let reason = server.state.reason();
    json!({
        "name": server.name, "state": state_word(&server.state), "reason": reason, "required": server.required, "tools": tools,
        "quarantined": quarantined, "unfit_bindings": unfit,
    })
}

fn as_lines(server: &ServerStatus, bound: Bound<'_>) -> String {
    let required = if server.required { ", required" } else { "" };
    let mut text = format!("{}  {}{required}", server.name, state_word(&server.state));
    if let Some(reason) = server.state.reason() {
        // Writing to a String can't fail.
        let _ = write!(text, ": {reason}");
    }
    for tool in &server.tools {
        let (actions, lookups) = bound_to(bound, &server.name, &tool.name);
        let bound = [actions, lookups].concat();
        let bound = if bound.is_empty() { String::new() } else { format!("  <- {}", bound.join(", ")) };
        let _ = write!(text, "\n  {}{bound}", tool.name);
    }
    for UnfitBinding { table, name, reason } in unfit(bound, server) {
        let _ = write!(text, "\n  [{table}.{name}] can't be used: {reason}");
    }
    for tool in &server.quarantined {
        let _ = write!(text, "\n  {}  can't be used: {}", tool.name, tool.reason);
    }
    text
}
