//! Commands, clicks, shortcuts and `response_url`s.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::support::{Scene, hasty, never};

fn triage() -> Value {
    json!({"user": "U0ANNA", "channel": "C0SUPPORT", "command": "/triage", "text": "pay & ship"})
}

/// Posts a card with one button in #support; returns its `ts`.
async fn post_card(scene: &mut Scene) -> String {
    let button = json!({"type": "button", "action_id": "confirm", "value": "T1", "text": {"type": "plain_text", "text": "Confirm"}});
    let blocks = json!([{"type": "actions", "block_id": "act", "elements": [button]}]);
    let posted = scene.api("chat.postMessage", json!({"channel": "C0SUPPORT", "text": "card", "blocks": blocks})).await;
    scene.desk.next_event().await;
    posted["ts"].as_str().unwrap().to_owned()
}

fn press(ts: &str) -> Value {
    json!({"user": "U0CARLA", "channel": "C0SUPPORT", "message_ts": ts, "block_id": "act", "action_id": "confirm"})
}

#[tokio::test]
async fn a_command_arrives_as_a_form_and_its_answer_is_shown() {
    let mut scene = Scene::answering(|_| Json(json!({"text": "on it"})).into_response()).await;
    scene.act("command", triage()).await;
    let form = scene.desk.next().await.form();
    assert_eq!((&form["command"], &form["text"]), (&json!("/triage"), &json!("pay & ship")));
    assert_eq!((&form["channel_name"], &form["user_name"]), (&json!("support"), &json!("anna")));
    let shown = scene.state().await["messages"]["C0SUPPORT"][0].clone();
    assert_eq!((&shown["text"], &shown["ephemeral_for"]), (&json!("on it"), &json!("U0ANNA")));
    let history = scene.api("conversations.history", json!({"channel": "C0SUPPORT"})).await;
    assert_eq!(history["messages"], json!([]));
}

#[tokio::test]
async fn a_command_may_answer_the_whole_channel_or_in_plain_text() {
    let scene = Scene::answering(|received| match received.form()["text"].as_str() {
        Some("plain") => "just words".into_response(),
        _ => Json(json!({"text": "all", "response_type": "in_channel"})).into_response(),
    })
    .await;
    scene.act("command", triage()).await;
    scene.act("command", json!({"user": "U0ANNA", "channel": "C0SUPPORT", "command": "/kb", "text": "plain"})).await;
    let messages = scene.state().await["messages"]["C0SUPPORT"].clone();
    assert_eq!((&messages[0]["text"], &messages[0]["ephemeral_for"]), (&json!("all"), &Value::Null));
    assert_eq!((&messages[1]["text"], &messages[1]["ephemeral_for"]), (&json!("just words"), &json!("U0ANNA")));
}

#[tokio::test]
async fn a_command_without_an_answer_fails_once_and_says_so() {
    let mut scene = Scene::with(hasty(), |_| never()).await;
    let answer = scene.try_act("command", triage()).await;
    assert_eq!(answer["error"], "operation_timeout");
    scene.desk.next().await;
    assert!(scene.desk.is_empty(), "commands are not retried");
    let shown = scene.state().await["messages"]["C0SUPPORT"][0].clone();
    assert_eq!(shown["text"], "/triage failed with the error \"operation_timeout\"");
    assert_eq!(shown["ephemeral_for"], "U0ANNA");
}

#[tokio::test]
async fn a_press_carries_the_button_its_message_and_a_way_to_answer() {
    let mut scene = Scene::new().await;
    let ts = post_card(&mut scene).await;
    scene.act("block_action", press(&ts)).await;
    let payload = scene.desk.next().await.json();
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["container"]["message_ts"], ts.as_str());
    assert_eq!((&payload["actions"][0]["value"], &payload["actions"][0]["type"]), (&json!("T1"), &json!("button")));
    assert_eq!(payload["user"]["id"], "U0CARLA");

    let url = payload["response_url"].as_str().unwrap().to_owned();
    let replace = json!({"text": "done", "replace_original": true});
    assert!(scene.http.post(&url).json(&replace).send().await.unwrap().status().is_success());
    let card = scene.state().await["messages"]["C0SUPPORT"][0].clone();
    assert_eq!((&card["text"], &card["blocks"]), (&json!("done"), &Value::Null));
    for _ in 0..4 {
        assert!(scene.http.post(&url).json(&json!({"text": "x"})).send().await.unwrap().status().is_success());
    }
    let sixth = scene.http.post(&url).json(&json!({"text": "x"})).send().await.unwrap();
    assert_eq!(sixth.status(), StatusCode::NOT_FOUND);
    assert_eq!(sixth.json::<Value>().await.unwrap()["error"], "used_url");
}

#[tokio::test]
async fn a_press_on_nothing_is_refused_and_a_dead_app_is_shown() {
    let mut scene = Scene::answering(|received| {
        let status = if received.path == "/slack/events" { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
        status.into_response()
    })
    .await;
    let ts = post_card(&mut scene).await;
    let mut wrong = press(&ts);
    wrong["action_id"] = json!("nothing");
    assert_eq!(scene.try_act("block_action", wrong).await["error"], "action_not_found");
    let mut stream = crate::control::open_stream(&scene).await;
    let answer = scene.try_act("block_action", press(&ts)).await;
    assert_eq!((&answer["error"], &answer["delivery"]["status"]), (&json!("dispatch_failed"), &json!(502)));
    assert_eq!(stream.next_of("toast").await["user"], "U0CARLA");
}

#[tokio::test]
async fn shortcuts_carry_their_origin() {
    let mut scene = Scene::new().await;
    scene.act("shortcut", json!({"user": "U0ANNA", "callback_id": "new_ticket_shortcut"})).await;
    let payload = scene.desk.next().await.json();
    assert_eq!((&payload["type"], &payload["callback_id"]), (&json!("shortcut"), &json!("new_ticket_shortcut")));
    let ts = scene.say("broken").await;
    scene.desk.next_event().await;
    let body = json!({"user": "U0BEN", "channel": "C0SUPPORT", "message_ts": ts, "callback_id": "triage_message"});
    scene.act("message_shortcut", body).await;
    let payload = scene.desk.next().await.json();
    assert_eq!((&payload["type"], &payload["message"]["text"]), (&json!("message_action"), &json!("broken")));
    assert_eq!(payload["message"]["user"], "U0ANNA");
}
