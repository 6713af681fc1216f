//! The control API: state, stream, raw bytes, page, script.

use std::pin::Pin;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use deskbell_sandbox::script::Script;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

use crate::support::Scene;

/// The page's stream of changes.
pub struct Changes {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    buffer: String,
}

pub async fn open_stream(scene: &Scene) -> Changes {
    let response = scene.http.get(scene.url("/sandbox/stream")).send().await.unwrap();
    Changes { bytes: Box::pin(response.bytes_stream()), buffer: String::new() }
}

impl Changes {
    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let data = event.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap());
                self.buffer = rest.to_string();
                if let Some(data) = data {
                    return data;
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(5), self.bytes.next()).await.unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
    }

    /// The next change of this kind.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let change = self.next().await;
            if change["kind"] == kind {
                return change;
            }
        }
    }
}

#[tokio::test]
async fn the_stream_says_what_the_state_shows() {
    let scene = Scene::new().await;
    let mut stream = open_stream(&scene).await;
    let ts = scene.say("hello").await;
    let change = stream.next_of("message").await;
    assert_eq!(change["channel"], "C0SUPPORT");
    assert_eq!(change["message"]["ts"], ts.as_str());
    assert_eq!(change["message"], scene.state().await["messages"]["C0SUPPORT"][0]);
    scene.act("join", json!({"user": "U0ANNA", "channel": "C0OPS"})).await;
    let members = &stream.next_of("channel").await["channel"]["members"];
    assert!(members.as_array().unwrap().contains(&json!("U0ANNA")));
}

#[tokio::test]
async fn acts_are_refused_with_the_reason() {
    let scene = Scene::new().await;
    for (act, body, error) in [
        ("message", json!({"user": "U0NOBODY", "channel": "C0OPS", "text": "x"}), "user_not_found"),
        ("message", json!({"user": "U0ANNA", "channel": "C0LEADERS", "text": "x"}), "channel_not_found"),
        ("message", json!({"user": "U0ANNA", "channel": "C0OPS", "text": "x"}), "not_in_channel"),
        ("message", json!({"user": "U0ANNA", "channel": "C0SUPPORT"}), "the field `text` is missing"),
        ("command", json!({"user": "U0ANNA", "channel": "C0SUPPORT", "command": "/no"}), "/no is not a valid command"),
        ("shortcut", json!({"user": "U0ANNA", "callback_id": "no"}), "shortcut_not_found"),
        ("view_submit", json!({"user": "U0ANNA", "view_id": "V0"}), "view_not_found"),
        ("juggle", json!({"user": "U0ANNA"}), "unknown act"),
    ] {
        let answer = scene.try_act(act, body).await;
        assert_eq!((&answer["ok"], &answer["error"]), (&json!(false), &json!(error)), "{act}");
    }
    let ts = scene.say("mine").await;
    let stolen = json!({"user": "U0BEN", "channel": "C0SUPPORT", "ts": ts, "text": "yours"});
    assert_eq!(scene.try_act("edit", stolen).await["error"], "cant_update_message");
}

#[tokio::test]
async fn raw_bytes_are_delivered_signed() {
    let mut scene = Scene::answering(|_| (StatusCode::BAD_REQUEST, "no").into_response()).await;
    let request = json!({"path": "/slack/events", "body": "{", "content_type": "text/x", "retry_num": 2});
    let answer = scene.post("/sandbox/raw", request).await;
    assert_eq!((&answer["ok"], &answer["status"], &answer["body"]), (&json!(false), &json!(400), &json!("no")));
    let received = scene.desk.next().await;
    assert_eq!(received.body.as_ref(), b"{");
    assert_eq!(received.header("x-slack-retry-num"), Some("2"));
    assert!(received.header("x-slack-signature").unwrap().starts_with("v0="));
    let bytes = json!({"path": "/slack/commands", "body_base64": "/w=="});
    scene.post("/sandbox/raw", bytes).await;
    assert_eq!(scene.desk.next().await.body.as_ref(), [0xff]);
}

#[tokio::test]
async fn the_page_and_its_files_are_served() {
    let scene = Scene::new().await;
    let page = scene.http.get(scene.url("/")).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let missing = scene.http.get(scene.url("/assets/no-such-file")).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_demo_plays_to_its_end() {
    let scene = Scene::new().await;
    scene.sandbox.play(&Script::demo().unwrap().at_pace(10_000.0)).await.unwrap();
    let state = scene.state().await;
    let support = state["messages"]["C0SUPPORT"].as_array().unwrap();
    assert!(support.iter().any(|message| message["reply_count"] == 1));
    assert_eq!(state["messages"]["C0GENERAL"][1]["reactions"][0]["name"], "ticket");
    scene.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_wrong_script_is_refused_with_its_step() {
    let scene = Scene::new().await;
    let script = r#"{"steps": [{"act": "message", "body": {"user": "U0ANNA", "channel": "C0OPS", "text": "x"}}]}"#;
    let error = scene.sandbox.play(&Script::parse(script).unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "step 1 of the script was refused: not_in_channel; mend the step's fields");
}

#[tokio::test]
async fn jira_is_in_the_state_on_the_stream_and_under_the_same_faults() {
    let scene = Scene::new().await;
    let mut stream = open_stream(&scene).await;
    let fields = json!({"project": {"key": "PAY"}, "issuetype": {"name": "Bug"}, "summary": "Refund sent twice"});
    let create = || {
        scene
            .http
            .post(scene.url("/jira/rest/api/3/issue"))
            .basic_auth("deskbell@northwind.example", Some("sandbox-jira-token"))
            .json(&json!({"fields": fields}))
            .send()
    };
    assert_eq!(create().await.unwrap().status(), StatusCode::CREATED);
    let shown = stream.next_of("jira").await["jira"]["issues"].clone();
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(scene.state().await["jira"]["issues"], shown);
    scene.fault(json!({"target": "jira:POST /issue", "kind": "lost_response", "count": 1})).await;
    assert!(create().await.is_err());
    assert_eq!(stream.next_of("jira").await["jira"]["issues"].as_array().unwrap().len(), 2);
}
