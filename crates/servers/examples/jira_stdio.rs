//! The Jira server as a program of its own, configured by the `DESKBELL_JIRA_*` variables.

use deskbell_servers::jira::{JiraConfig, JiraServer};
use deskbell_servers::server::AnyServer;
use deskbell_servers::stdio::serve_stdio;
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A second installation would be refused, and none has been made before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = JiraServer::new(JiraConfig::from_env()?)?;
    serve_stdio(AnyServer::of(server), CancellationToken::new()).await?;
    Ok(())
}
