//! Shortcut's webhook.

use deskbell::intake::parse::{Intake, parse};
use deskbell::store::EventKind;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::doors::{Doors, HOME, config};

const SECRET: &str = "shortcut-webhook-secret";

fn moved(changed_at: &str) -> Value {
    json!({
        "id": "595285dc-9c43-4b9c-a1e6-0cd9aff5b084", "changed_at": changed_at, "primary_id": 12, "version": "v1",
        "actions": [{ "id": 12, "entity_type": "story", "action": "update", "name": "The customer's own words", "changes": {
            "completed": { "new": true, "old": false }, "workflow_state_id": { "new": 1495, "old": 1493 },
        } }],
        "references": [{ "id": 1495, "entity_type": "workflow-state", "name": "Done" }],
    })
}

fn signed(doors: &Doors, body: &str, secret: &str) -> reqwest::RequestBuilder {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    let signature = hex::encode(mac.finalize().into_bytes());
    doors.unsigned("/webhooks/shortcut", body.to_owned()).header("payload-signature", signature)
}

async fn open() -> Doors {
    let mut config = config();
    config.shortcut_webhook_secret = Some(SecretString::from(SECRET));
    Doors::open_with(config).await
}

#[tokio::test]
async fn a_moved_story_is_recorded_once_and_without_its_words() {
    let doors = open().await;
    let body = moved("2026-01-02T03:04:05Z").to_string();
    for _ in 0..2 {
        assert_eq!(signed(&doors, &body, SECRET).send().await.unwrap().status(), 200);
    }
    let key = format!("shortcut/sha256:{}", hex::encode(Sha256::digest(body.as_bytes())));
    let recorded = doors.recorded(HOME, &key).await.unwrap();
    let raw = recorded.raw.unwrap();
    assert_eq!(recorded.kind, EventKind::IssueStatus);
    assert!(!String::from_utf8(raw.clone()).unwrap().contains("words"));
    let Ok(Intake::IssueStatus(told)) = parse(EventKind::IssueStatus, &raw) else { panic!("not understood") };
    assert_eq!((told.key.as_str(), told.status.as_str(), told.at.as_second()), ("sc-12", "Done", 1_767_323_045));
    assert_eq!((doors.events_on_disk(), doors.waiting_jobs().await), (1, 1));
}

#[tokio::test]
async fn what_is_unsigned_or_malformed_leaves_no_trace() {
    let doors = open().await;
    let body = moved("2026-01-02T03:04:05Z").to_string();
    let post = |header: &'static str, signature: &str| {
        doors.unsigned("/webhooks/shortcut", body.clone()).header(header, signature).send()
    };
    assert_eq!(doors.unsigned("/webhooks/shortcut", body.clone()).send().await.unwrap().status(), 401, "unsigned");
    assert_eq!(signed(&doors, &body, "wrong").send().await.unwrap().status(), 401, "another secret");
    assert_eq!(signed(&doors, &body, "").send().await.unwrap().status(), 401, "an empty secret");
    let right = hex::encode(
        Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&body).finalize().into_bytes(),
    );
    for odd in ["", "00", "xyz", &right[..62], &format!("sha256={right}")] {
        assert_eq!(post("payload-signature", odd).await.unwrap().status(), 401, "{odd}");
    }
    assert_eq!(post("x-hub-signature", &format!("sha256={right}")).await.unwrap().status(), 401, "Jira's header");
    let twice = signed(&doors, &body, SECRET).header("payload-signature", "00");
    assert_eq!(twice.send().await.unwrap().status(), 401, "two signatures");
    let altered = signed(&doors, &body, SECRET).body(moved("2026-01-02T03:04:06Z").to_string());
    assert_eq!(altered.send().await.unwrap().status(), 401, "altered");
    for malformed in ["not json", "[]", "{}", r#"{"changed_at": 1, "actions": []}"#] {
        assert_eq!(signed(&doors, malformed, SECRET).send().await.unwrap().status(), 400, "{malformed}");
    }
    let large = "x".repeat(config().body_limit_bytes + 1);
    assert_eq!(signed(&doors, &large, SECRET).send().await.unwrap().status(), 413);
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn what_moves_no_story_is_taken_and_not_kept() {
    let doors = open().await;
    let mut created = moved("2026-01-02T03:04:05Z");
    created["actions"][0]["action"] = json!("create");
    let mut epic = moved("2026-01-02T03:04:05Z");
    epic["actions"][0]["entity_type"] = json!("epic");
    for other in [created, epic] {
        assert_eq!(signed(&doors, &other.to_string(), SECRET).send().await.unwrap().status(), 200);
    }
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn without_a_secret_there_is_no_door() {
    let doors = Doors::open().await;
    let body = moved("2026-01-02T03:04:05Z").to_string();
    assert_eq!(signed(&doors, &body, SECRET).send().await.unwrap().status(), 404);
}
