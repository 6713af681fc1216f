//! Jira's webhook.

use deskbell::intake::parse::{Intake, parse};
use deskbell::store::EventKind;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::doors::{Doors, HOME, config};

const SECRET: &str = "jira-webhook-secret";

fn moved(at: i64) -> Value {
    json!({
        "timestamp": at, "webhookEvent": "jira:issue_updated", "issue_event_type_name": "issue_generic",
        "user": { "accountId": "1", "displayName": "Ana Torres" },
        "issue": { "id": "1", "key": "PAY-7", "fields": {
            "summary": "The customer's own words", "status": { "name": "Done", "statusCategory": { "key": "done" } },
        } },
        "changelog": { "id": "9", "items": [{ "field": "status", "fromString": "To Do", "toString": "Done" }] },
    })
}

fn signed(doors: &Doors, body: &str, secret: &str) -> reqwest::RequestBuilder {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    doors.unsigned("/webhooks/jira", body.to_owned()).header("x-hub-signature", signature)
}

async fn open() -> Doors {
    let mut config = config();
    config.jira_webhook_secret = Some(SecretString::from(SECRET));
    Doors::open_with(config).await
}

#[tokio::test]
async fn a_status_change_is_recorded_once_and_without_the_issues_words() {
    let doors = open().await;
    let body = moved(1_767_323_045_678).to_string();
    for attempt in ["1", "2"] {
        let request = signed(&doors, &body, SECRET).header("x-atlassian-webhook-identifier", attempt);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let key = format!("jira/sha256:{}", hex::encode(Sha256::digest(body.as_bytes())));
    let recorded = doors.recorded(HOME, &key).await.unwrap();
    let raw = recorded.raw.unwrap();
    assert_eq!(recorded.kind, EventKind::IssueStatus);
    assert!(!String::from_utf8(raw.clone()).unwrap().contains("words"));
    let Ok(Intake::IssueStatus(told)) = parse(EventKind::IssueStatus, &raw) else { panic!("not understood") };
    assert_eq!(
        (told.key.as_str(), told.status.as_str(), told.at.as_millisecond()),
        ("PAY-7", "Done", 1_767_323_045_678)
    );
    assert_eq!((doors.events_on_disk(), doors.waiting_jobs().await), (1, 1));
}

#[tokio::test]
async fn what_is_unsigned_or_malformed_leaves_no_trace() {
    let doors = open().await;
    let body = moved(1).to_string();
    let post = |signature: &str| doors.unsigned("/webhooks/jira", body.clone()).header("x-hub-signature", signature);
    assert_eq!(doors.unsigned("/webhooks/jira", body.clone()).send().await.unwrap().status(), 401, "unsigned");
    assert_eq!(signed(&doors, &body, "wrong").send().await.unwrap().status(), 401, "another secret");
    for odd in ["", "sha256=", "sha256=xyz", "sha1=00", "00"] {
        assert_eq!(post(odd).send().await.unwrap().status(), 401, "{odd}");
    }
    let altered = signed(&doors, &body, SECRET).body(moved(2).to_string());
    assert_eq!(altered.send().await.unwrap().status(), 401, "altered");
    for malformed in ["not json", "[]", "{}", r#"{"webhookEvent": 1}"#] {
        assert_eq!(signed(&doors, malformed, SECRET).send().await.unwrap().status(), 400, "{malformed}");
    }
    let large = "x".repeat(config().body_limit_bytes + 1);
    assert_eq!(signed(&doors, &large, SECRET).send().await.unwrap().status(), 413);
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn what_is_no_status_change_is_taken_and_not_kept() {
    let doors = open().await;
    let mut created = moved(1);
    created["webhookEvent"] = json!("jira:issue_created");
    let mut edited = moved(1);
    edited["changelog"]["items"][0]["field"] = json!("summary");
    for other in [created, edited] {
        assert_eq!(signed(&doors, &other.to_string(), SECRET).send().await.unwrap().status(), 200);
    }
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn without_a_secret_there_is_no_door() {
    let doors = Doors::open().await;
    assert_eq!(signed(&doors, &moved(1).to_string(), SECRET).send().await.unwrap().status(), 404);
}
