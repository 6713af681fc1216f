//! An MCP server on standard input and output, as a host starts it as a child process.

use rmcp::ServiceExt;
use tokio_util::sync::CancellationToken;

use crate::server::AnyServer;

/// Why a server on standard input and output ended early.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The client did not open the session as the protocol demands.
    #[error(
        "the MCP session on standard input could not be opened ({0}); \
         start this command from an MCP client, or use the HTTP transport"
    )]
    Open(String),
    /// The server's task ended abnormally.
    #[error("the MCP server stopped unexpectedly: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

/// Serves until standard input closes or `shutdown` is cancelled.
///
/// Standard output belongs to the protocol: the caller must send its logs to standard error.
///
/// # Errors
/// [`StdioError`] when the session can't be opened or its task ends abnormally.
pub async fn serve_stdio(server: AnyServer, shutdown: CancellationToken) -> Result<(), StdioError> {
    let opened = server.serve_with_ct(rmcp::transport::io::stdio_pipes(), shutdown.clone()).await;
    match opened {
        Ok(running) => {
            running.waiting().await?;
            Ok(())
        }
        Err(_) if shutdown.is_cancelled() => Ok(()),
        Err(error) => Err(StdioError::Open(error.to_string())),
    }
}
