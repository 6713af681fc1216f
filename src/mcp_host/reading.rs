//! Trying a server before it is relied on: that it starts says nothing of what stands behind it.

use serde_json::{Map, Value};

use super::{CallError, McpHost};

impl McpHost {
    /// Calls a tool that the server says only reads, and drops what it answers.
    ///
    /// # Errors
    /// What the server, or the vendor behind it, says; also when the tool is not said to only read: then nothing is sent.
    pub async fn try_reading(&self, server: &str, tool: &str, arguments: Map<String, Value>) -> Result<(), CallError> {
        if self.tool(server, tool).is_none_or(|known| !known.read_only_hint) {
            return Err(CallError::permanent(format!(
                "{server} does not say that `{tool}` only reads; it was not called"
            )));
        }
        self.call(server, tool, arguments).await.map(drop)
    }
}
