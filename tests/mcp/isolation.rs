//! One server's slowness is its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbell::mcp_host::{McpHost, ServerSpec};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::approved;
use crate::desk::PATIENCE;
use crate::desk::trust::{SCRIPT, scripted};

fn server(name: &str, folder: &Path, answer: &Value) -> (ServerSpec, PathBuf) {
    let script = folder.join(format!("{name}.json"));
    let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
    scripted::write(&script, &json!({ "tools": tools, "answers": { "make": answer } }));
    let env = [(SCRIPT.to_owned(), script.to_str().unwrap().to_owned().into())].into();
    (approved::child(name, "desk::trust::child", env), script)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_that_hang_hold_up_no_call_to_another_server() {
    let folder = tempfile::tempdir().unwrap();
    let (slow, slow_script) = server("slow", folder.path(), &json!("hang"));
    let (fast, fast_script) = server("fast", folder.path(), &json!({ "key": "F-1" }));
    let host = McpHost::start(vec![slow, fast]);
    host.settled().await;
    let ticket = Arc::new(approved::ticket());
    let mut hanging = JoinSet::new();
    for _ in 0..50 {
        let (host, ticket) = (host.clone(), Arc::clone(&ticket));
        hanging.spawn(async move { approved::send(&host, &approved::bound("slow", "make", ""), &ticket).await });
    }
    let started = Instant::now();
    while scripted::calls(&slow_script).len() < 50 {
        assert!(started.elapsed() < PATIENCE, "the slow server is not called fifty times");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bindings = approved::bound("fast", "make", "result = { key = \"/key\" }");
    for _ in 0..20 {
        let made = approved::send(&host, &bindings, &ticket).await.unwrap().unwrap();
        assert_eq!(made.key, "F-1");
    }
    assert_eq!(scripted::calls(&fast_script).len(), 20);
    assert!(hanging.try_join_next().is_none(), "the slow server's calls are all still under way");
    hanging.shutdown().await;
    host.shutdown().await;
}
