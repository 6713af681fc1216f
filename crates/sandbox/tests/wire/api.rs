//! The Web API: what an official client does not reach, see also `tests/clients/`.

use deskbell_sandbox::{RateNumbers, SandboxConfig};
use serde_json::{Value, json};

use crate::support::{Scene, quick};

#[tokio::test]
async fn arguments_may_come_as_a_form_with_the_token_inside() {
    let scene = Scene::new().await;
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}]).to_string();
    let form = [("token", "xoxb-sandbox-bot-token"), ("channel", "#ops"), ("text", "hi"), ("blocks", &blocks)];
    let response = scene.http.post(scene.url("/api/chat.postMessage")).form(&form).send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["channel"], "C0OPS");
    assert_eq!(answer["message"]["blocks"][0]["type"], "section");
    assert!(answer["message"]["blocks"][0]["block_id"].is_string());
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which() {
    let config = SandboxConfig { scopes: vec!["chat:write".into()], ..quick() };
    let scene = Scene::with(config, |_| axum::response::Response::default()).await;
    let answer = scene.api("users.info", json!({"user": "U0ANNA"})).await;
    assert_eq!((&answer["error"], &answer["needed"]), (&json!("missing_scope"), &json!("users:read")));
    assert_eq!(answer["provided"], "chat:write");
    let socket = scene.api("apps.connections.open", json!({})).await;
    assert_eq!(socket["error"], "not_allowed_token_type");
}

#[tokio::test]
async fn history_is_paged_newest_first() {
    let config = SandboxConfig { rate_limits: false, ..quick() };
    let scene = Scene::with(config, |_| axum::response::Response::default()).await;
    for number in 0..5 {
        scene.say(&number.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let arguments = json!({"channel": "C0SUPPORT", "limit": 2, "cursor": cursor});
        let page = scene.api("conversations.history", arguments).await;
        seen.extend(page["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(page["has_more"], !cursor.is_empty());
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    let wrong = scene.api("conversations.history", json!({"channel": "C0SUPPORT", "cursor": "nonsense"})).await;
    assert_eq!(wrong["error"], "invalid_cursor");
}

#[tokio::test]
async fn replies_are_paged_oldest_first_and_never_skip() {
    let config = SandboxConfig { rate_limits: false, ..quick() };
    let scene = Scene::with(config, |_| axum::response::Response::default()).await;
    let root = scene.say("root").await;
    for text in ["a", "b", "c"] {
        let reply = json!({"user": "U0BEN", "channel": "C0SUPPORT", "text": text, "thread_ts": root});
        scene.act("message", reply).await;
    }
    let first = scene.api("conversations.replies", json!({"channel": "C0SUPPORT", "ts": root, "limit": 3})).await;
    let cursor = &first["response_metadata"]["next_cursor"];
    let arguments = json!({"channel": "C0SUPPORT", "ts": root, "limit": 3, "cursor": cursor});
    let second = scene.api("conversations.replies", arguments).await;
    let texts = |page: &Value| -> Vec<String> {
        page["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((texts(&first), texts(&second)), (vec!["root".into(), "a".into(), "b".into()], vec!["c".to_owned()]));
}

#[tokio::test]
async fn a_public_channel_must_be_joined_before_posting() {
    let mut config = quick();
    for channel in &mut config.workspace.channels {
        channel.members.retain(|member| channel.id != "C0OPS" || member != "U0DESKBELL");
    }
    let scene = Scene::with(config, |_| axum::response::Response::default()).await;
    let post = json!({"channel": "C0OPS", "text": "hello"});
    assert_eq!(scene.api("chat.postMessage", post.clone()).await["error"], "not_in_channel");
    assert_eq!(scene.api("conversations.join", json!({"channel": "C0OPS"})).await["ok"], true);
    let again = scene.api("conversations.join", json!({"channel": "C0OPS"})).await;
    assert_eq!(again["warning"], "already_in_channel");
    assert_eq!(scene.api("chat.postMessage", post).await["ok"], true);
}

#[tokio::test]
async fn rate_limits_have_numbers_of_ones_own() {
    let numbers = RateNumbers { posts_per_second: 0.5, post_burst: 1.0, ..RateNumbers::default() };
    let config = SandboxConfig { rate_numbers: numbers, ..quick() };
    let scene = Scene::with(config, |_| axum::response::Response::default()).await;
    let post = json!({"channel": "C0OPS", "text": "hello"});
    assert_eq!(scene.api("chat.postMessage", post.clone()).await["ok"], true);
    let request = scene.http.post(scene.url("/api/chat.postMessage")).bearer_auth("xoxb-sandbox-bot-token");
    let limited = request.json(&post).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    assert_eq!(limited.json::<Value>().await.unwrap()["error"], "ratelimited");
}

#[tokio::test]
async fn a_reply_is_found_by_its_own_timestamp() {
    let scene = Scene::new().await;
    let root = scene.say("root").await;
    let reply = json!({"user": "U0BEN", "channel": "C0SUPPORT", "text": "reply", "thread_ts": root});
    let ts = scene.act("message", reply).await["ts"].clone();
    let found = scene.api("conversations.replies", json!({"channel": "C0SUPPORT", "ts": ts})).await;
    assert_eq!(found["messages"][0]["text"], "reply");
    assert_eq!(found["messages"][0]["thread_ts"], root.as_str());
    let history = scene.api("conversations.history", json!({"channel": "C0SUPPORT"})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
}
