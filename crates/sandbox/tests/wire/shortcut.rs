//! The Shortcut workspace: token, strictness, board, webhooks.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::Scene;

const TOKEN: &str = "sandbox-shortcut-token";
const TO_DO: u64 = 500_000_012;
const IN_PROGRESS: u64 = 500_000_013;

async fn send(scene: &Scene, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = scene.url(&format!("/shortcut/api/v3{path}"));
    let request = scene.http.request(method.parse().unwrap(), url).header("Shortcut-Token", TOKEN);
    let response = request.json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn story(scene: &Scene) -> Value {
    let (status, story) = send(scene, "POST", "/stories", json!({ "name": "a", "workflow_state_id": TO_DO })).await;
    assert_eq!(status, 201);
    story["id"].clone()
}

#[tokio::test]
async fn it_refuses_what_shortcut_refuses() {
    let scene = Scene::new().await;
    let stranger = scene.http.get(scene.url("/shortcut/api/v3/groups")).header("Shortcut-Token", "x").send().await;
    assert_eq!(stranger.unwrap().status(), 401);
    for (body, status, expected) in [
        (json!({ "workflow_state_id": TO_DO }), 400, "missing-required-key"),
        (json!({ "name": "a", "workflow_state_id": TO_DO, "colour": 1 }), 400, "disallowed-key"),
        (json!({ "name": "a", "workflow_state_id": "1" }), 400, "integer?"),
        (json!({ "name": "a", "workflow_state_id": TO_DO, "owner_ids": ["ben"] }), 400, "uuid?"),
        (json!({ "name": "a" }), 422, "workflow_state_id"),
        (json!({ "name": "a", "workflow_state_id": 1 }), 422, "does not exist"),
        (json!([]), 400, "not a JSON object"),
    ] {
        let (found, answer) = send(&scene, "POST", "/stories", body).await;
        assert_eq!(found, status);
        assert!(answer.to_string().contains(expected), "{answer}");
    }
    assert_eq!(send(&scene, "GET", "/stories/9", Value::Null).await.0, 404);
    assert_eq!(send(&scene, "GET", "/stories/x", Value::Null).await.0, 400);
    assert_eq!(send(&scene, "GET", "/epics", Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_board_shows_stories_and_moves_them() {
    let scene = Scene::new().await;
    let id = story(&scene).await;
    let moved = json!({ "id": id, "state": "In Progress" });
    let response = scene.http.post(scene.url("/shortcut/sandbox-move")).json(&moved).send().await.unwrap();
    assert_eq!(response.status(), 204);
    let board = scene.state().await["shortcut"].clone();
    assert_eq!((&board["stories"][0]["state"], &board["stories"][0]["id"]), (&json!("In Progress"), &id));
    let unknown = json!({ "id": id, "state": "Nowhere" });
    let response = scene.http.post(scene.url("/shortcut/sandbox-move")).json(&unknown).send().await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn a_colleague_adds_a_story_on_the_board() {
    let scene = Scene::new().await;
    for (body, status) in [
        (json!({ "name": "Faster exports", "workflow": "Engineering" }), 201),
        (json!({ "name": " ", "workflow": "Engineering" }), 422),
        (json!({ "name": "a", "workflow": "Nowhere" }), 422),
    ] {
        let response = scene.http.post(scene.url("/shortcut/sandbox-add")).json(&body).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
    let board = scene.state().await["shortcut"].clone();
    assert_eq!(board["stories"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&board["stories"][0]["name"], &board["stories"][0]["state"]),
        (&json!("Faster exports"), &json!("To Do"))
    );
}

#[tokio::test]
async fn webhooks_are_signed_and_tell_of_each_change() {
    let mut scene = Scene::new().await;
    let hook = json!({ "webhook_url": format!("{}/hook", scene.desk.base_url), "secret": "s3" });
    let (status, made) = send(&scene, "POST", "/integrations/webhook", hook).await;
    assert_eq!((status, &made["has_secret"]), (201, &json!(true)));
    let id = story(&scene).await;
    let created = scene.desk.next().await;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3").unwrap();
    mac.update(&created.body);
    assert_eq!(created.header("payload-signature").unwrap(), hex::encode(mac.finalize().into_bytes()));
    let event = created.json();
    assert_eq!((&event["primary_id"], &event["actions"][0]["action"]), (&id, &json!("create")));
    let path = format!("/stories/{id}");
    send(&scene, "PUT", &path, json!({ "workflow_state_id": IN_PROGRESS })).await;
    let event = scene.desk.next().await.json();
    let change = json!({ "new": IN_PROGRESS, "old": TO_DO });
    assert_eq!(event["actions"][0]["changes"]["workflow_state_id"], change);
    assert_eq!(event["references"][0]["name"], "In Progress");
    send(&scene, "PUT", &path, json!({ "workflow_state_id": IN_PROGRESS })).await;
    scene.fault(json!({ "target": "deliver:shortcut", "kind": "status", "status": 500, "count": 1 })).await;
    send(&scene, "POST", &format!("{path}/comments"), json!({ "text": "lost" })).await;
    send(&scene, "POST", &format!("{path}/comments"), json!({ "text": "told" })).await;
    let event = scene.desk.next().await.json();
    assert_eq!(
        (&event["actions"][0]["entity_type"], &event["actions"][0]["text"]),
        (&json!("story-comment"), &json!("told"))
    );
    let hook = format!("/integrations/webhook/{}", made["id"]);
    assert_eq!(send(&scene, "DELETE", &hook, Value::Null).await.0, 204);
    assert_eq!(send(&scene, "GET", &hook, Value::Null).await.0, 404);
    story(&scene).await;
    assert!(scene.desk.is_empty());
}
