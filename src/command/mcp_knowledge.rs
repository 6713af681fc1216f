//! `deskbell mcp serve knowledge`: it follows its sources while it serves, and hears their webhooks over HTTP.

use std::net::SocketAddr;

use deskbell_servers::http::serve_http_beside;
use deskbell_servers::knowledge::{KnowledgeServer, KnowledgeServerConfig};
use deskbell_servers::server::AnyServer;
use deskbell_servers::stdio::serve_stdio;

use super::{Failure, mcp};
use crate::config::LogConfig;
use crate::telemetry;

/// Serves until standard input closes, or Deskbell is asked to end.
pub(super) async fn run(http: Option<SocketAddr>) -> Result<(), Failure> {
    telemetry::start_logging(&LogConfig::default())?;
    let mut config = KnowledgeServerConfig::from_env().map_err(|error| Failure::wrong(error.to_string()))?;
    let access = mcp::access();
    // Over HTTP anybody on this machine could say that it is the host.
    config.trust_caller &= http.is_none() || access.bearer.is_some();
    let server = KnowledgeServer::new(config).map_err(|error| Failure::wrong(error.to_string()))?;
    let shutdown = mcp::ended_by_signals();
    let follower = server.clone();
    let following = tokio::spawn(async move { follower.follow().await });
    let ended = match http {
        None => serve_stdio(AnyServer::of(server), shutdown).await.map_err(|error| error.to_string()),
        Some(listen) => {
            let beside = server.webhooks().unwrap_or_default();
            serve_http_beside(AnyServer::of(server), beside, listen, access, shutdown)
                .await
                .map_err(|error| error.to_string())
        }
    };
    following.abort();
    ended.map_err(Failure::failed)
}
