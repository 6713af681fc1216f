//! Servers that nobody here has heard of: their tools change, are bad, too large, never answer, or die.

use serde_json::Value;

use super::*;

/// A scripted server and its script.
struct Stranger {
    folder: tempfile::TempDir,
    host: McpHost,
}

impl Stranger {
    async fn with(script: &Value, change: impl FnOnce(&mut ServerSpec)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        scripted::write(&path, script);
        let mut spec = child_spec("scripted", [(SCRIPT, path.to_str().unwrap().to_owned())].into());
        change(&mut spec);
        let host = McpHost::start(vec![spec]);
        host.settled().await;
        Self { folder, host }
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script.json")
    }

    fn tools(&self) -> Vec<String> {
        self.host.status()[0].tools.iter().map(|tool| tool.name.clone()).collect()
    }

    async fn call(&self, tool: &str) -> Result<super::super::CallOutput, CallError> {
        self.host.call("jira", tool, Map::new()).await
    }

    /// Waits until the host sees the server so.
    async fn until(&self, seen: impl Fn(&super::super::Phase) -> bool) {
        let mut phase = self.host.inner.servers["jira"].phase.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(20), phase.wait_for(seen)).await;
        drop(waited.unwrap().unwrap());
    }

    async fn until_listed(&self, names: &[&str]) {
        self.until(|phase| match phase {
            super::super::Phase::Ready { listing, .. } => {
                listing.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>() == names
            }
            _ => false,
        })
        .await;
    }
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

#[tokio::test]
async fn a_changed_list_of_tools_is_taken_at_once() {
    let stranger = Stranger::with(&json!({ "tools": [tool("old")], "answers": {} }), |_| {}).await;
    assert_eq!(stranger.tools(), ["old"]);
    scripted::write(&stranger.script(), &json!({ "tools": [tool("new")], "answers": { "new": { "ok": true } } }));
    stranger.until_listed(&["new"]).await;
    assert_eq!(stranger.call("new").await.unwrap().structured["ok"], true);
    let gone = stranger.call("old").await.unwrap_err();
    assert!(matches!(gone, CallError::Permanent { .. }), "{gone}");
    stranger.host.shutdown().await;
}

#[tokio::test]
async fn a_server_of_the_newest_era_is_called() {
    let script = json!({ "era": "2026-07-28", "tools": [tool("new")], "answers": { "new": { "ok": true } } });
    let stranger = Stranger::with(&script, |_| {}).await;
    assert_eq!(stranger.host.status()[0].state, ServerState::Ready);
    assert_eq!(stranger.call("new").await.unwrap().structured["ok"], true);
    stranger.host.shutdown().await;
}

#[tokio::test]
async fn a_bad_schema_costs_one_tool_and_says_which() {
    let bad = json!({ "name": "bad", "inputSchema": "anything" });
    let script = json!({ "tools": [tool("good"), bad], "answers": { "good": { "ok": true } } });
    let stranger = Stranger::with(&script, |_| {}).await;
    assert_eq!(stranger.tools(), ["good"]);
    assert_eq!(stranger.host.status()[0].quarantined[0].name, "bad");
    stranger.call("good").await.unwrap();
    let refused = stranger.call("bad").await.unwrap_err();
    assert!(refused.to_string().contains("can't be used"), "{refused}");
    assert_eq!(scripted::calls(&stranger.script()).len(), 1);
    stranger.host.shutdown().await;
}

#[tokio::test]
async fn tools_that_are_kept_out_are_not_there() {
    let script = json!({ "tools": [tool("get_a"), tool("get_b"), tool("delete_a")], "answers": {} });
    let filter = ToolFilter { allow: Some(vec!["get_*".into()]), deny: vec!["get_b".into()] };
    let stranger = Stranger::with(&script, |spec| spec.tools = filter).await;
    assert_eq!(stranger.tools(), ["get_a"]);
    for name in ["get_b", "delete_a"] {
        let refused = stranger.call(name).await.unwrap_err();
        assert!(refused.to_string().contains("allow or deny of [mcp.jira]"), "{refused}");
    }
    assert!(scripted::calls(&stranger.script()).is_empty());
    stranger.host.shutdown().await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_taken_and_the_server_stays() {
    let script =
        json!({ "tools": [tool("large"), tool("small")], "answers": { "large": { "text_bytes": 5000 }, "small": {} } });
    let stranger = Stranger::with(&script, |spec| spec.response_bytes_max = 1000).await;
    let large = stranger.call("large").await.unwrap_err();
    assert!(matches!(large, CallError::TooLarge { .. }) && large.to_string().contains("response_limit"), "{large}");
    stranger.call("small").await.unwrap();
    stranger.host.shutdown().await;
}

#[tokio::test]
async fn a_call_that_hangs_or_kills_its_server_is_unknown_and_the_next_one_works() {
    let script = json!({ "tools": [tool("hang"), tool("exit"), tool("good")], "answers": { "hang": "hang", "exit": "exit", "good": {} } });
    let stranger = Stranger::with(&script, |spec| spec.call_timeout = Duration::from_millis(700)).await;
    let hung = stranger.call("hang").await.unwrap_err();
    assert!(matches!(hung, CallError::TimedOut { .. }), "{hung}");
    stranger.call("good").await.unwrap();
    let died = stranger.call("exit").await.unwrap_err();
    assert!(matches!(died, CallError::Unknown { .. }), "{died}");
    stranger.until(|phase| matches!(phase, super::super::Phase::Failed { .. })).await;
    stranger.until_listed(&["hang", "exit", "good"]).await;
    stranger.call("good").await.unwrap();
    let names: Vec<Value> = scripted::calls(&stranger.script()).iter().map(|call| call["name"].clone()).collect();
    assert_eq!(names, ["hang", "good", "exit", "good"], "nothing is repeated");
    stranger.host.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_server_leaves_behind_is_killed_when_it_does_not_mind_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let stranger = Stranger::with(&json!({ "tools": [], "leaves": file }), |_| {}).await;
    let left: u32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert!(is_alive(left));
    stranger.host.shutdown().await;
    let gone = async {
        while is_alive(left) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}
