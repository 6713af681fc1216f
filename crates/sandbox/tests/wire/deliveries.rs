//! Events: signed, enveloped, retried, and only for channels that the bot is in.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Scene, hasty, never};

#[tokio::test]
async fn a_message_arrives_signed_and_enveloped() {
    let mut scene = Scene::new().await;
    let ts = scene.say("Login is broken").await;
    let received = scene.desk.next().await;
    let timestamp = received.header("x-slack-request-timestamp").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"sandbox-signing-secret").unwrap();
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(&received.body);
    let expected = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(received.header("x-slack-signature"), Some(expected.as_str()));
    assert_eq!(received.header("x-slack-retry-num"), None);

    let envelope = received.json();
    assert_eq!(envelope["type"], "event_callback");
    assert_eq!(envelope["team_id"], "T0NORTHWIND");
    assert_eq!(envelope["authorizations"][0]["user_id"], "U0DESKBELL");
    assert_eq!(envelope["is_ext_shared_channel"], false);
    assert!(envelope["event_id"].as_str().unwrap().starts_with("Ev"));
    let event = &envelope["event"];
    assert_eq!(event["ts"], ts.as_str());
    assert_eq!(event["channel_type"], "channel");
    assert_eq!(event["user"], "U0ANNA");
    assert_eq!(event["blocks"][0]["type"], "rich_text");
}

#[tokio::test]
async fn a_mention_arrives_twice() {
    let mut scene = Scene::new().await;
    scene.say("<@U0DESKBELL> help").await;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        kinds.push(scene.desk.next_event().await["event"]["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["app_mention", "message"]);
}

#[tokio::test]
async fn an_unacknowledged_event_is_retried_three_times() {
    let mut scene = Scene::answering(|_| StatusCode::SERVICE_UNAVAILABLE.into_response()).await;
    scene.say("x").await;
    let mut event_ids = Vec::new();
    for retry in [None, Some("1"), Some("2"), Some("3")] {
        let received = scene.desk.next().await;
        assert_eq!(received.header("x-slack-retry-num"), retry);
        assert_eq!(received.header("x-slack-retry-reason"), retry.map(|_| "http_error"));
        event_ids.push(received.json()["event_id"].clone());
    }
    event_ids.dedup();
    assert_eq!(event_ids.len(), 1);
}

#[tokio::test]
async fn a_slow_receiver_is_retried_for_its_timeout() {
    let mut scene = Scene::with(hasty(), |received| {
        if received.header("x-slack-retry-num").is_none() { never() } else { StatusCode::OK.into_response() }
    })
    .await;
    scene.say("x").await;
    assert_eq!(scene.desk.next().await.header("x-slack-retry-reason"), None);
    assert_eq!(scene.desk.next().await.header("x-slack-retry-reason"), Some("http_timeout"));
}

#[tokio::test]
async fn a_receiver_may_refuse_retries() {
    let mut scene = Scene::answering(|_| (StatusCode::BAD_REQUEST, [("x-slack-no-retry", "1")]).into_response()).await;
    scene.say("first").await;
    assert_eq!(scene.desk.next_event().await["event"]["text"], "first");
    scene.say("second").await;
    assert_eq!(scene.desk.next_event().await["event"]["text"], "second");
}

#[tokio::test]
async fn a_channel_without_the_bot_is_silent_until_it_is_invited() {
    let mut scene = Scene::new().await;
    let place = json!({"user": "U0GRACE", "channel": "C0LEADERS", "text": "secret"});
    assert_eq!(scene.act("message", place.clone()).await["delivery"], "none");
    scene.act("invite_bot", place.clone()).await;
    let joined = scene.desk.next_event().await;
    assert_eq!(joined["event"]["type"], "member_joined_channel");
    assert_eq!(joined["event"]["user"], "U0DESKBELL");
    assert_eq!(joined["event"]["inviter"], "U0GRACE");
    scene.act("message", place).await;
    assert_eq!(scene.desk.next_event().await["event"]["channel_type"], "group");
}

#[tokio::test]
async fn edits_deletions_and_reactions_arrive() {
    let mut scene = Scene::new().await;
    let ts = scene.say("Logn is broken").await;
    scene.desk.next_event().await;
    let about = |more: Value| {
        let mut body = json!({"user": "U0ANNA", "channel": "C0SUPPORT", "message_ts": ts});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    scene.act("edit", about(json!({"text": "Login is broken"}))).await;
    let event = scene.desk.next_event().await["event"].clone();
    assert_eq!(event["subtype"], "message_changed");
    assert_eq!(event["message"]["text"], "Login is broken");
    assert_eq!(event["previous_message"]["text"], "Logn is broken");

    scene.act("react", about(json!({"reaction": "ticket"}))).await;
    let event = scene.desk.next_event().await["event"].clone();
    assert_eq!((&event["type"], &event["item"]["ts"]), (&json!("reaction_added"), &json!(ts)));
    scene.act("unreact", about(json!({"reaction": "ticket"}))).await;
    assert_eq!(scene.desk.next_event().await["event"]["type"], "reaction_removed");

    scene.act("delete", about(json!({}))).await;
    let event = scene.desk.next_event().await["event"].clone();
    assert_eq!((&event["subtype"], &event["deleted_ts"]), (&json!("message_deleted"), &json!(ts)));
    assert!(scene.state().await["messages"]["C0SUPPORT"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn replies_direct_messages_and_shared_channels_are_told_apart() {
    let mut scene = Scene::new().await;
    let root = scene.say("root").await;
    scene.desk.next_event().await;
    let reply = json!({"user": "U0BEN", "channel": "C0SUPPORT", "text": "reply", "thread_ts": root});
    scene.act("message", reply).await;
    let event = scene.desk.next_event().await["event"].clone();
    assert_eq!((&event["thread_ts"], &event["parent_user_id"]), (&json!(root), &json!("U0ANNA")));

    scene.act("message", json!({"user": "U0BEN", "channel": "D0BEN", "text": "hello"})).await;
    assert_eq!(scene.desk.next_event().await["event"]["channel_type"], "im");

    scene.act("message", json!({"user": "U0HUGO", "channel": "C0ACME", "text": "hello"})).await;
    let envelope = scene.desk.next_event().await;
    assert_eq!(envelope["is_ext_shared_channel"], true);
    assert_eq!(envelope["event"]["user_team"], "T0ACMECORP");
}

#[tokio::test]
async fn the_bots_own_posts_come_back_to_it() {
    let mut scene = Scene::new().await;
    scene.api("chat.postMessage", json!({"channel": "C0OPS", "text": "hello"})).await;
    let event = scene.desk.next_event().await["event"].clone();
    assert_eq!((&event["bot_id"], &event["user"]), (&json!("B0DESKBELL"), &json!("U0DESKBELL")));
    let named = json!({"channel": "C0OPS", "text": "hello", "username": "Night shift"});
    scene.api("chat.postMessage", named).await;
    assert_eq!(scene.desk.next_event().await["event"]["subtype"], "bot_message");
}

#[tokio::test]
async fn every_attempt_is_in_the_log() {
    let mut scene = Scene::answering(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()).await;
    let mut stream = crate::control::open_stream(&scene).await;
    scene.say("x").await;
    for _ in 0..4 {
        scene.desk.next().await;
        stream.next_of("delivery").await;
    }
    let records = scene.sandbox.deliveries(0);
    let seen: Vec<_> = records.iter().map(|record| (record.retry, record.status)).collect();
    assert_eq!(seen, [(0, Some(500)), (1, Some(500)), (2, Some(500)), (3, Some(500))]);
    assert_eq!(scene.sandbox.snapshot()["deliveries"]["deliver:events failed"], 4);
    assert!(scene.desk.is_empty());
}
