//! Requests kept for a validator that is not ours: `tests/mcp/vendors.py` sends them to a mock made of the vendor's document.

use std::io::Write;
use std::sync::Mutex;

use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::shortcut_site::done;

/// The environment variable that names the folder for them.
const FOLDER: &str = "DESKBELL_RECORDED";

/// A request as it was sent.
pub struct Sent<'r> {
    pub method: &'r str,
    pub path: &'r str,
    pub query: &'r [(String, String)],
    pub body: &'r Value,
}

/// Calls a server's tools, and remembers which requests came from which of them.
pub struct Recorder<'s, Count> {
    client: &'s RunningService<RoleClient, ()>,
    /// How many requests were sent up to now.
    count: Count,
    /// Each call with the requests sent before it.
    calls: Mutex<Vec<(&'static str, usize)>>,
}

impl<'s, Count: Fn() -> usize> Recorder<'s, Count> {
    pub fn new(client: &'s RunningService<RoleClient, ()>, count: Count) -> Self {
        Self { client, count, calls: Mutex::default() }
    }

    /// The structured content of a call that succeeds.
    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        self.calls.lock().unwrap().push((tool, (self.count)()));
        done(self.client, tool, arguments).await
    }

    /// Fails when no request came from a tool that the server lists. Writes a vendor's requests, one a line, and the names of
    /// all tools, if anybody wants them.
    pub async fn keep(&self, vendor: &str, requests: &[Sent<'_>]) {
        let calls = self.calls.lock().unwrap().clone();
        let tool = |number: usize| calls.iter().rev().find(|(_, before)| *before <= number).map(|(tool, _)| *tool);
        let listed = self.client.list_all_tools().await.unwrap();
        let listed: Vec<&str> = listed.iter().map(|tool| tool.name.as_ref()).collect();
        for name in &listed {
            assert!((0..requests.len()).any(|number| tool(number) == Some(name)), "no request came from {name}");
        }
        let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) else { return };
        let folder = std::path::Path::new(&folder);
        std::fs::write(folder.join(format!("{vendor}.tools.json")), json!(listed).to_string()).unwrap();
        let mut file = std::fs::File::create(folder.join(format!("{vendor}.jsonl"))).unwrap();
        for (number, Sent { method, path, query, body }) in requests.iter().enumerate() {
            let tool = tool(number);
            let line = json!({ "tool": tool, "method": method, "path": path, "query": query, "body": body });
            writeln!(file, "{line}").unwrap();
        }
    }
}
