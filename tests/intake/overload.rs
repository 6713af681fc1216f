//! Too much at once, and a store that does not answer: events are turned away, people are told.

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};

use super::doors::{Doors, HOME, config, fixture, form, form_payload};

async fn overloaded() -> Doors {
    let mut config = config();
    config.max_in_flight_events = 0;
    Doors::open_with(config).await
}

fn command() -> Vec<u8> {
    form(&serde_json::from_str(&fixture("command-triage")).unwrap())
}

#[tokio::test]
async fn events_are_turned_away_while_clicks_and_commands_are_answered() {
    let doors = overloaded().await;
    let answer = doors.signed("/slack/events", fixture("event-message").as_bytes()).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(doors.signed("/slack/commands", &command()).send().await.unwrap().status(), 200);
    let click = form_payload(&fixture("interaction-press-confirm"));
    assert_eq!(doors.signed("/slack/interactions", &click).send().await.unwrap().status(), 200);
    assert!(doors.recorded(HOME, "command/5.1.a").await.is_some());
    assert!(doors.recorded(HOME, "interaction/1.1.a").await.is_some());
    assert_eq!(doors.waiting_jobs().await, 2);
}

#[tokio::test]
async fn when_the_store_is_gone_slack_sends_events_again_and_people_are_told() {
    let doors = Doors::open().await;
    doors.store.shutdown().await;
    let answer = doors.signed("/slack/events", fixture("event-message").as_bytes()).send().await.unwrap();
    assert_eq!(answer.status(), 503);

    let answer = doors.signed("/slack/commands", &command()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["response_type"], "ephemeral");
    assert!(told["text"].as_str().unwrap().contains("try again"), "{told}");

    let mut click: Value = serde_json::from_str(&fixture("interaction-press-confirm")).unwrap();
    click["response_url"] = json!(doors.slack.response_url());
    let answer = doors.signed("/slack/interactions", &form_payload(&click.to_string())).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(doors.slack.call("response_url").await["text"].as_str().unwrap().contains("try again"));

    let submission = form_payload(&fixture("interaction-submission-change"));
    let answer: Value = doors.signed("/slack/interactions", &submission).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["response_action"], "errors");
    assert!(answer["errors"]["squad"].as_str().unwrap().contains("try again"));

    let shortcut = form_payload(&fixture("interaction-global-shortcut"));
    let answer = doors.signed("/slack/interactions", &shortcut).send().await.unwrap();
    assert_eq!(answer.status(), 503, "Slack's client then shows a warning; nothing else would be seen");
}

#[tokio::test]
async fn a_store_that_hangs_keeps_nobody_waiting_past_slacks_three_seconds() {
    let doors = Doors::open().await;
    let file = doors.folder.path().join("deskbell.db");
    let blocker = rusqlite::Connection::open(file).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = std::time::Instant::now();
    let answer = doors.signed("/slack/commands", &command()).send().await.unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(3), "{:?}", started.elapsed());
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["response_type"], "ephemeral");
    assert!(told["text"].as_str().unwrap().contains("try again"), "{told}");
    blocker.execute_batch("ROLLBACK").unwrap();
    // What waited behind it is written by now: the command that was refused is not, so that trying again makes one ticket.
    let answer = doors.signed("/slack/events", fixture("event-message").as_bytes()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(doors.recorded(HOME, "command/5.1.a").await.is_none());
    assert_eq!(doors.signed("/slack/commands", &command()).send().await.unwrap().status(), 200);
    assert!(doors.recorded(HOME, "command/5.1.a").await.is_some());
    assert_eq!(doors.waiting_jobs().await, 2);
}

#[tokio::test]
async fn every_outcome_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let doors = Doors::open().await;
    let event = fixture("event-message");
    for _ in 0..2 {
        doors.signed("/slack/events", event.as_bytes()).send().await.unwrap();
    }
    doors.unsigned("/slack/events", event).send().await.unwrap();
    doors.signed("/slack/interactions", b"nothing").send().await.unwrap();
    let text = metrics.render();
    for line in [
        "deskbell_intake_events_total{path=\"events\",outcome=\"recorded\"} 1",
        "deskbell_intake_events_total{path=\"events\",outcome=\"duplicate\"} 1",
        "deskbell_intake_rejected_total{path=\"events\",reason=\"missing_header\"} 1",
        "deskbell_intake_rejected_total{path=\"interactions\",reason=\"malformed\"} 1",
        "deskbell_intake_ack_seconds_count{path=\"events\"} 2",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("VPN"));
}
