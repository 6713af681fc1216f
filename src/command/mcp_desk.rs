//! `deskbell mcp serve desk`: over the configured store, or in front of the `deskbell serve` that holds it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use deskbell_listener::Limits;
use deskbell_servers::relay;
use deskbell_servers::server::AnyServer;
use deskbell_servers::stdio::serve_stdio;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::mcp::ended_by_signals;
use crate::config::Config;
use crate::mcp_host::McpHost;
use crate::mcp_server::desk::caller::{Caller, Callers};
use crate::mcp_server::desk::{DeskServer, DeskWorld, http, info};
use crate::serve::knowledge::asking;
use crate::store::{OpenError, Store};
use crate::{prepare, telemetry};

/// Runs until standard input closes, or Deskbell is asked to end.
pub(super) async fn run(config: &Path, listen: Option<SocketAddr>) -> Result<(), Failure> {
    let config = Config::load(config)?;
    telemetry::start_logging(&config.log)?;
    let callers = config.desk_callers()?;
    if callers.is_empty() {
        return Err(Failure::wrong(
            "[desk] tokens names no caller: add tokens = [{ name = \"helper\", token = \"env:HELPER_TOKEN\", scopes = [\"read\"] }]",
        ));
    }
    let shutdown = ended_by_signals();
    let store = Store::open(&config.store_config(), config.master_key(false)?);
    match (store, listen) {
        (Ok(store), None) => {
            let (_, caller) = own_caller(&callers)?;
            let server = DeskServer::for_caller(world(&config, store.clone())?, caller);
            let ended = Box::pin(serve_stdio(AnyServer::of(server), shutdown))
                .await
                .map_err(|error| Failure::failed(error.to_string()));
            store.shutdown().await;
            ended
        }
        (Ok(store), Some(listen)) => {
            let server = DeskServer::new(world(&config, store.clone())?);
            let hosts = config.desk.allowed_hosts.clone();
            let router = http::router(server, callers, hosts, listen, shutdown.clone());
            let listener = TcpListener::bind(listen).await.map_err(|error| {
                Failure::failed(format!("the MCP server could not listen: {error}; choose a free address"))
            })?;
            deskbell_listener::serve(listener, router, Limits::default(), shutdown.cancelled_owned()).await;
            store.shutdown().await;
            Ok(())
        }
        (Err(OpenError::InUse { .. }), None) => {
            let (token, _) = own_caller(&callers)?;
            in_front_of(&running_at(&config), &token, shutdown).await
        }
        (Err(OpenError::InUse { .. }), Some(_)) => Err(Failure::failed(format!(
            "`deskbell serve` holds the store and serves the desk already: call {}",
            running_at(&config)
        ))),
        (Err(error), _) => Err(error.into()),
    }
}

fn world(config: &Config, store: Store) -> Result<DeskWorld, Failure> {
    let policy = prepare::policy(config)?.policy;
    let lookups = config.lookups()?;
    let searching = |name: &String| lookups.knowledge.iter().any(|binding| binding.server == *name);
    let servers = config.server_specs()?.into_iter().filter(|spec| searching(&spec.name)).collect();
    // They end with the last who asks.
    let host = McpHost::start(servers);
    let knowledge = asking(&store, host, lookups, config.own_knowledge());
    Ok(DeskWorld { store, policy: Arc::new(policy), knowledge })
}

/// Whose token the environment holds.
fn own_caller(callers: &Callers) -> Result<(SecretString, Arc<Caller>), Failure> {
    let token: SecretString = std::env::var("DESKBELL_DESK_TOKEN").unwrap_or_default().into();
    let caller = callers.find(token.expose_secret().as_bytes()).ok_or_else(|| {
        Failure::wrong(
            "DESKBELL_DESK_TOKEN must hold one of the tokens of [desk] tokens: it says who calls and what they may",
        )
    })?;
    Ok((token, caller))
}

async fn in_front_of(url: &str, token: &SecretString, shutdown: CancellationToken) -> Result<(), Failure> {
    let (server, session) =
        relay::connect(url, token, info()).await.map_err(|error| Failure::failed(error.to_string()))?;
    let ended = serve_stdio(AnyServer::of(server), shutdown).await.map_err(|error| Failure::failed(error.to_string()));
    // A session that can't be closed ends by itself.
    let _ = session.cancel().await;
    ended
}

/// Where `deskbell serve` of this configuration serves `/mcp`, as this machine reaches it.
fn running_at(config: &Config) -> String {
    let mut address = config.server.admin_listen.unwrap_or(config.server.listen);
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}/mcp")
}
