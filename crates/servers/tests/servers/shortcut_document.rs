//! Every request that the Shortcut server sends, and every answer of the box, against the vendor's `OpenAPI` document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::openapi::{Exchange, OpenApi};
use crate::recording::{Recorder, Sent};
use crate::shortcut_site::Workspace;

/// The operations that the server uses.
const OPERATIONS: [&str; 13] = [
    "GET /api/v3/external-link/stories",
    "GET /api/v3/groups",
    "GET /api/v3/iterations",
    "GET /api/v3/labels",
    "GET /api/v3/members",
    "GET /api/v3/search/stories",
    "GET /api/v3/stories/{story-public-id}",
    "GET /api/v3/stories/{story-public-id}/comments",
    "GET /api/v3/workflows",
    "POST /api/v3/stories",
    "POST /api/v3/stories/search",
    "POST /api/v3/stories/{story-public-id}/comments",
    "PUT /api/v3/stories/{story-public-id}",
];

#[tokio::test]
async fn every_request_and_answer_keeps_to_the_vendors_document() {
    let Some(document) = OpenApi::load("shortcut-v3.json") else { return };
    let workspace = Workspace::start().await;
    let recorder = Recorder::new(&workspace.client, || workspace.shortcut.exchanges().len());
    use_every_tool(&recorder).await;
    let exchanges = workspace.shortcut.exchanges();
    let sent: Vec<Sent<'_>> = exchanges
        .iter()
        .map(|it| Sent { method: &it.method, path: &it.path, query: &it.query, body: &it.body })
        .collect();
    recorder.keep("shortcut", &sent).await;
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for exchange in exchanges {
        if let Some((template, _)) = document.operation(&exchange.method, &exchange.path) {
            used.insert(format!("{} {template}", exchange.method));
        }
        faults.extend(document.faults(&Exchange {
            method: &exchange.method,
            path: &exchange.path,
            query: &exchange.query,
            body: &exchange.body,
            status: exchange.status,
            answer: &exchange.answer,
        }));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(used.into_iter().collect::<Vec<_>>(), OPERATIONS);
}

/// Each tool, with everything that it takes.
async fn use_every_tool(workspace: &Recorder<'_, impl Fn() -> usize>) {
    let whole = json!({
        "name": "Refund fails", "description": "Steps", "story_type": "bug", "team": "payments",
        "workflow": "Engineering", "state": "Backlog", "owners": ["ben"], "labels": ["vip", "new"],
        "iteration": "Sprint 42", "estimate": 2, "deadline": "2026-02-01", "external_links": ["https://a.example/1"],
        "idempotency_key": "k",
    });
    let id = workspace.done("create_story", whole).await["story_id"].clone();
    workspace.done("create_story", json!({ "name": "b", "workflow": "Support" })).await;
    workspace.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
    workspace.done("find_by_idempotency_key", json!({ "idempotency_key": "other" })).await;
    let comment = json!({ "story_id": id, "text": "see *this*", "idempotency_key": "c" });
    workspace.done("add_comment", comment.clone()).await;
    workspace.done("add_comment", comment).await;
    workspace.done("add_comment", json!({ "story_id": id, "text": "unmarked" })).await;
    let changes = json!({
        "story_id": id, "name": "Refunds fail", "description": "Steps, again", "story_type": "chore", "state": "done",
        "team": "platform", "owners": ["dev", "elena"], "add_labels": ["eu"], "remove_labels": ["vip"],
        "iteration": "43", "estimate": 3, "deadline": "2026-03-01T12:00:00Z", "archived": true, "idempotency_key": "u",
    });
    workspace.done("update_story", changes).await;
    let clear = json!({ "story_id": id, "clear": ["team", "iteration", "estimate", "deadline"], "owners": [] });
    workspace.done("update_story", clear).await;
    for tool in ["link_external_url", "unlink_external_url"] {
        workspace.done(tool, json!({ "story_id": id, "url": "https://a.example/2" })).await;
    }
    workspace.done("find_by_external_url", json!({ "url": "https://a.example/1" })).await;
    workspace.done("get_story", json!({ "story_id": id })).await;
    let read = workspace.done("get_stories", json!({ "story_ids": [id, "sc-999999"] })).await;
    assert_eq!(read["stories"].as_array().unwrap().len(), 1, "what is gone is left out: {read}");
    let query = |token: Value| json!({ "query": "type:chore is:archived", "max_results": 1, "next_page_token": token });
    workspace.done("search_stories", query(Value::Null)).await;
    let all = workspace.done("search_stories", json!({ "query": "id:1 !is:done", "max_results": 1 })).await;
    assert_eq!(all["total"], 0);
    let first = workspace.done("search_stories", json!({ "query": "!type:bug", "max_results": 1 })).await;
    let next = json!({ "query": "!type:bug", "max_results": 1, "next_page_token": first["next_page_token"] });
    assert_eq!(workspace.done("search_stories", next).await["stories"].as_array().unwrap().len(), 1);
    for tool in ["list_workflows", "list_teams", "list_iterations", "list_members", "list_labels"] {
        workspace.done(tool, json!({})).await;
    }
}
