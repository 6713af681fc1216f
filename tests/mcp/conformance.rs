//! The host as the client that the MCP conformance suite tests. The suite starts this test program as [`client`], with the
//! address of its server as the last argument and the scenario's name in the environment; see `check.py`.

use std::collections::BTreeMap;

use deskbell::mcp_host::{McpHost, ServerState, ToolInfo, Transport};
use serde_json::{Map, Value, json};

use super::approved::{self, bound_to, send};

/// Connects, lists, and calls what the scenario asks for, or every tool there is.
#[tokio::test]
#[ignore = "the conformance suite starts it: tests/run mcp"]
async fn client() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url: url::Url = std::env::args().next_back().unwrap().parse().expect("the last argument is no address");
    if let Some(scenario) = std::env::var("MCP_CONFORMANCE_SCENARIO").ok().filter(|name| name.starts_with("auth/")) {
        return super::authorized::client(url, &scenario).await;
    }
    let host =
        McpHost::start(vec![approved::spec("suite", Transport::Http { url, headers: BTreeMap::new(), oauth: None })]);
    host.settled().await;
    let status = host.status().remove(0);
    assert_eq!(status.state, ServerState::Ready);
    let ticket = approved::ticket();
    let mut faults = Vec::new();
    for (tool, arguments) in wanted(&status.tools) {
        if let Err(error) = send(&host, &bound_to("suite", &tool, &arguments), &ticket).await {
            faults.push(format!("{tool}: {error}"));
        }
    }
    host.shutdown().await;
    assert!(faults.is_empty(), "{faults:?}");
}

fn wanted(tools: &[ToolInfo]) -> Vec<(String, Value)> {
    let context = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_default();
    let context: Value = serde_json::from_str(&context).unwrap_or_default();
    if let Some(calls) = context["toolCalls"].as_array() {
        let name = |call: &Value| call["name"].as_str().unwrap().to_owned();
        return calls.iter().map(|call| (name(call), call["arguments"].clone())).collect();
    }
    // One scenario wants a tool's schema handed back to it by another.
    let other = |tool: &ToolInfo| tools.iter().find(|known| known.name != tool.name).map(|known| &known.input_schema);
    let arguments = |tool: &ToolInfo| match other(tool) {
        Some(schema) if tool.input_schema.get("properties").is_some_and(|known| known.get("schema").is_some()) => {
            json!({ "schema": **schema })
        }
        _ => made_up(&tool.input_schema),
    };
    tools.iter().map(|tool| (tool.name.clone(), arguments(tool))).collect()
}

/// Something for every property.
fn made_up(schema: &Map<String, Value>) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let value = |schema: &Value| match (schema["enum"].get(0), schema["type"].as_str()) {
        (Some(first), _) => first.clone(),
        (None, Some("number" | "integer")) => json!(2),
        (None, Some("boolean")) => json!(true),
        (None, Some("array")) => json!([]),
        (None, Some("object")) => json!({}),
        (None, _) => json!("text"),
    };
    properties.into_iter().flatten().map(|(name, schema)| (name.clone(), value(schema))).collect::<Map<_, _>>().into()
}
