//! Faults: what the caller sees, and whether the work was done.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use crate::support::Scene;

fn posts(state: &serde_json::Value) -> usize {
    state["messages"]["C0OPS"].as_array().unwrap().len()
}

async fn post(scene: &Scene) -> reqwest::Result<reqwest::Response> {
    let request = scene.http.post(scene.url("/api/chat.postMessage")).bearer_auth("xoxb-sandbox-bot-token");
    request.json(&json!({"channel": "C0OPS", "text": "hello"})).send().await
}

#[tokio::test]
async fn a_status_is_answered_and_nothing_done() {
    let scene = Scene::new().await;
    scene
        .fault(json!({"target": "slack:chat.*", "kind": "status", "status": 429, "retry_after_seconds": 7, "count": 1}))
        .await;
    let response = post(&scene).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(posts(&scene.state().await), 0);
    assert!(post(&scene).await.unwrap().status().is_success());
}

#[tokio::test]
async fn a_lost_response_was_done_all_the_same() {
    let scene = Scene::new().await;
    scene.fault(json!({"target": "slack:chat.postMessage", "kind": "lost_response", "count": 1})).await;
    assert!(post(&scene).await.is_err());
    assert_eq!(posts(&scene.state().await), 1);
}

#[tokio::test]
async fn a_timeout_does_the_work_only_when_told() {
    let scene = Scene::new().await;
    scene.fault(json!({"target": "slack:chat.postMessage", "kind": "timeout", "ms": 5, "count": 1})).await;
    assert!(post(&scene).await.is_err());
    assert_eq!(posts(&scene.state().await), 0);
    let rule = json!({"target": "slack:chat.postMessage", "kind": "timeout", "ms": 5, "work_done": true, "count": 1});
    scene.fault(rule).await;
    assert!(post(&scene).await.is_err());
    assert_eq!(posts(&scene.state().await), 1);
}

#[tokio::test]
async fn rules_are_checked_listed_and_cleared() {
    let scene = Scene::new().await;
    let wrong = json!({"target": "slack:*", "kind": "status", "staus": 500});
    let refused = scene.http.post(scene.url("/sandbox/faults")).json(&wrong).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    scene.fault(json!({"rules": [{"target": "jira:*", "kind": "lost_response"}]})).await;
    assert_eq!(scene.sandbox.faults().rules().len(), 1);
    scene.http.delete(scene.url("/sandbox/faults")).send().await.unwrap();
    assert!(scene.sandbox.faults().rules().is_empty());
}

#[tokio::test]
async fn a_delivery_is_duplicated_lost_or_refused() {
    let mut scene = Scene::answering(|_| StatusCode::OK.into_response()).await;
    scene.fault(json!({"target": "deliver:events", "kind": "duplicate_delivery", "count": 1})).await;
    scene.say("twice").await;
    let (first, second) = (scene.desk.next_event().await, scene.desk.next_event().await);
    assert_eq!(first["event_id"], second["event_id"]);

    scene.fault(json!({"target": "deliver:events", "kind": "lost_response", "count": 1})).await;
    scene.say("answer lost").await;
    assert_eq!(scene.desk.next().await.header("x-slack-retry-num"), None);
    assert_eq!(scene.desk.next().await.header("x-slack-retry-num"), Some("1"));

    scene.fault(json!({"target": "deliver:events", "kind": "status", "status": 502, "count": 1})).await;
    scene.say("first attempt never arrives").await;
    assert_eq!(scene.desk.next().await.header("x-slack-retry-num"), Some("1"));
}
