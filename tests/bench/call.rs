//! What the host costs on a call, from the approved action to the tool's result, beside rmcp's bare client. Both talk to a
//! server of their own on standard input and output, which answers at once.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbell::mcp_host::{Bindings, McpHost};
use deskbell_domain::ticket::Ticket;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::desk::trust::{SCRIPT, scripted};
use crate::mcp::approved;

/// Calls of each, one of the one and then one of the other: what else the machine does then hits both.
const CALLS: usize = 5_000;
/// Calls of each before, that nobody counts.
const WARM_UP: usize = 500;

/// What runs inside a child: a server with one tool that knows its answer beforehand.
#[test]
#[ignore = "runs as a child of the measurement"]
fn child() {
    let schema = json!({
        "type": "object", "properties": { "text": { "type": "string" }, "idempotency_key": { "type": "string" } },
        "required": ["text"], "additionalProperties": false,
    });
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(request) = serde_json::from_str::<Value>(&line) else { continue };
        let result = match request["method"].as_str() {
            Some("initialize") => json!({
                "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
                "serverInfo": { "name": "prompt", "version": "1" },
            }),
            Some("tools/list") => json!({ "tools": [{ "name": "make", "inputSchema": schema }] }),
            Some("tools/call") => json!({ "content": [], "structuredContent": { "key": "T-1" } }),
            _ => continue,
        };
        writeln!(out, "{}", json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).unwrap();
        out.flush().unwrap();
    }
}

async fn ours(host: &McpHost, bindings: &Bindings, ticket: &Ticket) -> Duration {
    let started = Instant::now();
    let made = approved::send(host, bindings, ticket).await.unwrap().unwrap();
    let took = started.elapsed();
    assert_eq!(made.key, "T-1");
    took
}

async fn theirs(client: &RunningService<RoleClient, ()>) -> Duration {
    let started = Instant::now();
    let arguments = json!({ "text": "It is fixed.", "idempotency_key": "T1/DB-1/action/1" });
    let request = CallToolRequestParams::new("make").with_arguments(arguments.as_object().cloned().unwrap());
    let answer = client.call_tool(request).await.unwrap();
    let took = started.elapsed();
    assert_eq!(answer.structured_content.unwrap()["key"], "T-1");
    took
}

fn percentile(times: &mut [Duration], part: usize) -> f64 {
    times.sort_unstable();
    times[times.len() * part / 100].as_secs_f64() * 1e6
}

/// From an approved action to its result, and a bare call of the same tool.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement: tests/bench/run"]
async fn calling_a_tool() {
    let spec = approved::child("prompt", "bench::call::child", BTreeMap::new());
    let host = McpHost::start(vec![spec]);
    host.settled().await;
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "bench::call::child", "--ignored", "--nocapture"]);
    let bare = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
    let binding = "arguments = { text = \"=action.body\", idempotency_key = \"=idempotency_key\" }\n\
                   result = { key = \"/key\" }\nreconcile = \"native\"";
    let (bindings, ticket) = (approved::bound("prompt", "make", binding), approved::ticket());
    let (mut host_times, mut bare_times) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + CALLS {
        let (host_time, bare_time) = (ours(&host, &bindings, &ticket).await, theirs(&bare).await);
        if number >= WARM_UP {
            host_times.push(host_time);
            bare_times.push(bare_time);
        }
    }
    let (host_p50, bare_p50) = (percentile(&mut host_times, 50), percentile(&mut bare_times, 50));
    println!("\n| a call of a tool | p50 µs | p99 µs |\n| --- | --- | --- |");
    println!("| approved action to result | {host_p50:.0} | {:.0} |", percentile(&mut host_times, 99));
    println!("| rmcp's bare client | {bare_p50:.0} | {:.0} |", percentile(&mut bare_times, 99));
    println!("\nratio at p50: {:.2}", host_p50 / bare_p50);
    drop(bare.cancel().await);
    host.shutdown().await;
}

/// Calls that hang meanwhile.
const HANGING: usize = 50;

/// The same while many calls to another server hang.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement: tests/bench/run"]
async fn calling_a_tool_beside_calls_that_hang() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("slow.json");
    let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
    scripted::write(&script, &json!({ "tools": tools, "answers": { "make": "hang" } }));
    let env = [(SCRIPT.to_owned(), script.to_str().unwrap().to_owned().into())].into();
    let slow = approved::child("slow", "desk::trust::child", env);
    let host = McpHost::start(vec![slow, approved::child("prompt", "bench::call::child", BTreeMap::new())]);
    host.settled().await;
    let binding = "arguments = { text = \"=action.body\" }\nresult = { key = \"/key\" }";
    let (bindings, ticket) = (approved::bound("prompt", "make", binding), Arc::new(approved::ticket()));
    let mut rounds = [Vec::new(), Vec::new()];
    let mut hanging = JoinSet::new();
    for times in &mut rounds {
        for number in 0..WARM_UP + CALLS {
            let time = ours(&host, &bindings, &ticket).await;
            if number >= WARM_UP {
                times.push(time);
            }
        }
        for _ in 0..HANGING {
            let (host, ticket) = (host.clone(), Arc::clone(&ticket));
            hanging.spawn(async move { approved::send(&host, &approved::bound("slow", "make", ""), &ticket).await });
        }
    }
    assert!(hanging.try_join_next().is_none(), "they all hang");
    let [alone, beside] = rounds.map(|mut times| percentile(&mut times, 50));
    println!("\n| approved action to result | p50 µs |\n| --- | --- |");
    println!("| alone | {alone:.0} |\n| while {HANGING} calls to another server hang | {beside:.0} |");
    println!("\nratio at p50: {:.2}", beside / alone);
    hanging.shutdown().await;
    host.shutdown().await;
}
