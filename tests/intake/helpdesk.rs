//! Helpdesks' webhooks.

use deskbell::intake::parse::{Intake, parse};
use deskbell::store::EventKind;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::doors::{Doors, GENERIC_SECRET, HOME, config, zendesk_signature};

fn template() -> Value {
    json!({"ticket": {
        "id": "35436", "url": "acme.zendesk.com/agent/tickets/35436", "subject": "Refund missing",
        "description": "I paid twice", "priority": "High", "tags": "billing vip",
        "requester": {"name": "Ann", "email": "ann@example.com"},
    }})
}

fn created() -> Value {
    json!({
        "type": "zen:event-type:ticket.created", "account_id": 22_129_848, "id": "2b24ef10-19ce-4740-93cf-3f98ec776c0c",
        "time": "2025-11-20T10:00:00Z", "zendesk_event_version": "2022-06-20", "subject": "zen:ticket:35436",
        "detail": {"id": "35436", "subject": "Refund missing", "description": "I paid twice", "requester_id": "8447388090494"},
        "event": {},
    })
}

fn zendesk(doors: &Doors, body: &str, at: Timestamp, invocation: &str) -> reqwest::RequestBuilder {
    let timestamp = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    doors
        .unsigned("/helpdesk/zendesk", body.to_owned())
        .header("x-zendesk-webhook-signature", zendesk_signature(body.as_bytes(), &timestamp))
        .header("x-zendesk-webhook-signature-timestamp", timestamp)
        .header("x-zendesk-webhook-invocation-id", invocation)
}

#[tokio::test]
async fn zendesks_tickets_are_recorded_once() {
    let doors = Doors::open().await;
    let body = template().to_string();
    for _ in 0..2 {
        let answer = zendesk(&doors, &body, Timestamp::now(), "8350205582").send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let recorded = doors.recorded(HOME, "zendesk/8350205582/35436").await.unwrap();
    assert_eq!(recorded.kind, EventKind::Zendesk);
    assert!(recorded.subject.unwrap().as_str().starts_with("helpdesk:zendesk/"));
    assert_eq!(doors.waiting_jobs().await, 1);
}

#[tokio::test]
async fn zendesks_signature_and_window_are_checked() {
    let doors = Doors::open().await;
    let body = template().to_string();
    let late = Timestamp::now() - SignedDuration::from_mins(6);
    assert_eq!(zendesk(&doors, &body, late, "1").send().await.unwrap().status(), 401, "late");
    let early = Timestamp::now() + SignedDuration::from_mins(6);
    assert_eq!(zendesk(&doors, &body, early, "1").send().await.unwrap().status(), 401, "early");
    let altered = zendesk(&doors, &body, Timestamp::now(), "1").body(created().to_string());
    assert_eq!(altered.send().await.unwrap().status(), 401, "altered");
    assert_eq!(doors.unsigned("/helpdesk/zendesk", body).send().await.unwrap().status(), 401, "unsigned");
    assert_eq!(zendesk(&doors, "not json", Timestamp::now(), "1").send().await.unwrap().status(), 400);
    let large = "x".repeat(config().body_limit_bytes + 1);
    assert_eq!(zendesk(&doors, &large, Timestamp::now(), "1").send().await.unwrap().status(), 413);
    assert_eq!(doors.events_on_disk(), 0);
}

fn generic(doors: &Doors, body: &str, at: i64, secret: &str) -> reqwest::RequestBuilder {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    doors
        .unsigned("/helpdesk/generic", body.to_owned())
        .header("webhook-signature", webhook.sign("msg_1", at, body.as_bytes()).unwrap())
        .header("webhook-timestamp", at.to_string())
        .header("webhook-id", "msg_1")
}

#[tokio::test]
async fn standard_webhooks_are_checked_and_recorded_once() {
    let doors = Doors::open().await;
    let now = Timestamp::now().as_second();
    let body = json!({"system": "freshdesk", "id": 7, "subject": "Hi", "text": "Help", "requester": {"name": "Bo", "email": "bo@example.com"}});
    let body = body.to_string();
    for at in [now - 310, now + 310, i64::MIN, i64::MAX] {
        let answer = generic(&doors, &body, at, GENERIC_SECRET).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{at}");
    }
    let foreign = generic(&doors, &body, now, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").send().await.unwrap();
    assert_eq!(foreign.status(), 401);
    let twice = generic(&doors, &body, now, GENERIC_SECRET).header("webhook-id", "msg_2").send().await.unwrap();
    assert_eq!(twice.status(), 401, "two ids");
    assert_eq!(doors.unsigned("/helpdesk/generic", body.clone()).send().await.unwrap().status(), 401);
    assert_eq!(generic(&doors, "[]", now, GENERIC_SECRET).send().await.unwrap().status(), 400);
    for _ in 0..2 {
        assert_eq!(generic(&doors, &body, now, GENERIC_SECRET).send().await.unwrap().status(), 200);
    }
    let recorded = doors.recorded(HOME, "generic/msg_1").await.unwrap();
    assert_eq!(recorded.raw.as_deref(), Some(body.as_bytes()));
    assert_eq!(doors.waiting_jobs().await, 1);
}

#[tokio::test]
async fn a_helpdesk_without_a_secret_has_no_door() {
    let mut config = config();
    config.helpdesk.zendesk_signing_secret = None;
    config.helpdesk.generic_secrets.clear();
    let doors = Doors::open_with(config).await;
    let now = Timestamp::now();
    let body = template().to_string();
    assert_eq!(zendesk(&doors, &body, now, "1").send().await.unwrap().status(), 404);
    assert_eq!(generic(&doors, &body, now.as_second(), GENERIC_SECRET).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_new_secret_counts_beside_the_old_one() {
    const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let mut config = config();
    config.helpdesk.generic_secrets.push(SecretString::from(NEW));
    let doors = Doors::open_with(config).await;
    let body = json!({"system": "x", "id": "1"}).to_string();
    for secret in [GENERIC_SECRET, NEW] {
        let now = Timestamp::now().as_second();
        assert_eq!(generic(&doors, &body, now, secret).send().await.unwrap().status(), 200);
    }
}

#[test]
fn tickets_are_understood() {
    let read = |kind, body: &Value| parse(kind, body.to_string().as_bytes());
    insta::assert_debug_snapshot!("zendesk_template", read(EventKind::Zendesk, &template()));
    insta::assert_debug_snapshot!("zendesk_created", read(EventKind::Zendesk, &created()));
    let mut updated = created();
    updated["type"] = json!("zen:event-type:ticket.status_changed");
    assert!(matches!(read(EventKind::Zendesk, &updated), Ok(Intake::Irrelevant { .. })));
    let generic =
        json!({"system": "freshdesk", "id": 7, "url": "javascript://alert", "text": "Help", "requester": null});
    insta::assert_debug_snapshot!("generic", read(EventKind::GenericHelpdesk, &generic));
    assert!(read(EventKind::GenericHelpdesk, &json!({"system": "x"})).is_err());
}
