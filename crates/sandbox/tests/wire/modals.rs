//! Modals: triggers, hashes, and what a submission may answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::response::IntoResponse;
use deskbell_sandbox::{SandboxConfig, Timing};
use serde_json::{Value, json};

use crate::support::{Scene, quick};

fn modal(title: &str) -> Value {
    json!({
        "type": "modal", "callback_id": "new_ticket", "notify_on_close": true,
        "title": {"type": "plain_text", "text": title}, "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [{
            "type": "input", "block_id": "text", "label": {"type": "plain_text", "text": "What"},
            "element": {"type": "external_select", "action_id": "text"},
        }],
    })
}

/// A scene whose receiver answers submissions with what the test puts in.
async fn scene() -> (Scene, Arc<Mutex<Value>>) {
    let answer = Arc::new(Mutex::new(json!({})));
    let shared = Arc::clone(&answer);
    let scene = Scene::answering(move |_| Json(shared.lock().unwrap().clone()).into_response()).await;
    (scene, answer)
}

async fn trigger(scene: &mut Scene) -> Value {
    scene.act("shortcut", json!({"user": "U0ANNA", "callback_id": "new_ticket_shortcut"})).await;
    scene.desk.next().await.json()["trigger_id"].clone()
}

async fn open(scene: &mut Scene) -> Value {
    let trigger_id = trigger(scene).await;
    let opened = scene.api("views.open", json!({"trigger_id": trigger_id, "view": modal("One")})).await;
    assert_eq!(opened["ok"], true, "{opened}");
    opened["view"].clone()
}

async fn open_titles(scene: &Scene) -> Vec<String> {
    let state = scene.state().await;
    let stack = state["views"]["U0ANNA"].as_array().cloned().unwrap_or_default();
    stack.iter().map(|view| view["title"]["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_trigger_opens_one_modal() {
    let (mut scene, _) = scene().await;
    let trigger_id = trigger(&mut scene).await;
    let call = json!({"trigger_id": trigger_id, "view": modal("One")});
    assert_eq!(scene.api("views.open", call.clone()).await["ok"], true);
    assert_eq!(scene.api("views.open", call).await["error"], "exchanged_trigger_id");
    assert_eq!(open_titles(&scene).await, ["One"]);
}

#[tokio::test]
async fn a_trigger_expires() {
    let timing = Timing { trigger_lifetime: Duration::ZERO, ..quick().timing };
    let config = SandboxConfig { timing, ..quick() };
    let mut scene = Scene::with(config, |_| axum::response::Response::default()).await;
    let trigger_id = trigger(&mut scene).await;
    let answer = scene.api("views.open", json!({"trigger_id": trigger_id, "view": modal("One")})).await;
    assert_eq!(answer["error"], "expired_trigger_id");
}

#[tokio::test]
async fn an_update_needs_the_current_hash() {
    let (mut scene, _) = scene().await;
    let view = open(&mut scene).await;
    let call = json!({"view_id": view["id"], "hash": view["hash"], "view": modal("Two")});
    assert_eq!(scene.api("views.update", call.clone()).await["view"]["id"], view["id"]);
    assert_eq!(scene.api("views.update", call).await["error"], "hash_conflict");
    assert_eq!(open_titles(&scene).await, ["Two"]);
}

#[tokio::test]
async fn a_submission_is_answered_in_every_way() {
    let (mut scene, answer) = scene().await;
    let view = open(&mut scene).await;
    let values = json!({"text": {"text": {"type": "plain_text_input", "value": "broken"}}});
    let submit = json!({"user": "U0ANNA", "view_id": view["id"], "state": {"values": values}});

    *answer.lock().unwrap() = json!({"response_action": "errors", "errors": {"text": "too short"}});
    let refused = scene.try_act("view_submit", submit.clone()).await;
    assert_eq!((&refused["ok"], &refused["errors"]["text"]), (&json!(false), &json!("too short")));
    let payload = scene.desk.next().await.json();
    assert_eq!(payload["type"], "view_submission");
    assert_eq!(payload["view"]["state"]["values"], values);
    assert_eq!(payload["view"]["callback_id"], "new_ticket");

    *answer.lock().unwrap() = json!({"response_action": "push", "view": modal("On top")});
    scene.act("view_submit", submit.clone()).await;
    assert_eq!(open_titles(&scene).await, ["One", "On top"]);

    *answer.lock().unwrap() = json!({"response_action": "update", "view": modal("Changed")});
    scene.act("view_submit", submit.clone()).await;
    assert_eq!(open_titles(&scene).await, ["Changed", "On top"]);

    *answer.lock().unwrap() = json!({"response_action": "clear"});
    scene.act("view_submit", submit).await;
    assert_eq!(open_titles(&scene).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_answer_closes_the_modal() {
    let (mut scene, _) = scene().await;
    let view = open(&mut scene).await;
    scene.act("view_submit", json!({"user": "U0ANNA", "view_id": view["id"]})).await;
    assert_eq!(open_titles(&scene).await, Vec::<String>::new());
}

#[tokio::test]
async fn closing_is_told_when_asked_for() {
    let (mut scene, _) = scene().await;
    let view = open(&mut scene).await;
    scene.act("view_close", json!({"user": "U0ANNA", "view_id": view["id"]})).await;
    let payload = scene.desk.next().await.json();
    assert_eq!((&payload["type"], &payload["is_cleared"]), (&json!("view_closed"), &json!(false)));
    assert_eq!(
        scene.api("views.update", json!({"view_id": view["id"], "view": modal("x")})).await["error"],
        "not_found"
    );
}

#[tokio::test]
async fn suggestions_come_from_the_app() {
    let (mut scene, answer) = scene().await;
    let view = open(&mut scene).await;
    let options = json!([{"text": {"type": "plain_text", "text": "Payments"}, "value": "payments"}]);
    *answer.lock().unwrap() = json!({"options": options});
    let ask = json!({"user": "U0ANNA", "view_id": view["id"], "block_id": "text", "action_id": "text", "value": "pay"});
    assert_eq!(scene.act("suggestions", ask).await["options"], options);
    let payload = scene.desk.next().await.json();
    assert_eq!((&payload["type"], &payload["value"]), (&json!("block_suggestion"), &json!("pay")));
}
