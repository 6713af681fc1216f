//! The knowledge server for whoever serves agents: what everybody may read, asked of Deskbell's own child.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::mcp_host::{McpHost, NotRead};
use crate::mcp_server::desk::AskKnowledge;

/// An agent waits no longer, a child that is just starting included.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the child of this name.
pub fn asking(host: &McpHost, server: &'static str) -> AskKnowledge {
    let host = host.clone();
    Arc::new(move |arguments| {
        let host = host.clone();
        Box::pin(async move { ask(&host, server, arguments).await })
    })
}

async fn ask(host: &McpHost, server: &str, arguments: Map<String, Value>) -> Result<Value, String> {
    let until = Instant::now() + PATIENCE;
    let late = || "no answer in time".to_owned();
    loop {
        match host.turn_to_read(server, "search_knowledge").await {
            Ok(reading) => {
                let answer = reading.ask(arguments, until).await;
                return answer
                    .map(|answer| answer.structured)
                    .map_err(|not_read| not_read.map_or_else(late, |not_read| not_read.reason));
            }
            Err(NotRead { again_after: Some(after), .. }) if Instant::now() + after < until => {
                tokio::time::sleep(after).await;
            }
            Err(not_read) => return Err(not_read.reason),
        }
    }
}
