//! Slack is silent, or says something else, when Deskbell starts: clicks and commands, which Slack sends once, are not lost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Desk, Message, PATIENCE, Wish};

const AUTH_TEST: &str = "slack:auth.test";

async fn until_answering(desk: &Desk, path: &str) {
    let started = Instant::now();
    while !desk.answers(path).await {
        assert!(started.elapsed() < PATIENCE, "{path} never answered\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until Deskbell ends by itself; tells whether it ended well.
async fn until_ended(desk: &mut Desk) -> bool {
    let started = Instant::now();
    loop {
        if let Some(status) = desk.child.as_mut().unwrap().try_wait().unwrap() {
            desk.child = None;
            return status.success();
        }
        assert!(started.elapsed() < PATIENCE, "Deskbell did not end\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn readiness(desk: &Desk) -> Value {
    desk.http.get(format!("{}/readyz", desk.admin_url())).send().await.unwrap().json().await.unwrap()
}

/// A desk with a card that asks, stopped, and started again while `fault` strikes `auth.test`.
async fn restarted_while(fault: Value) -> (Desk, Message) {
    let mut desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.settled().await;
    assert!(desk.stop().success(), "{}", desk.log());
    desk.fault(fault).await;
    desk.start().await;
    (desk, card)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_workers_what_comes_in_is_kept_for_those_that_come() {
    let mut desk = Desk::open(Wish::default().config_with("count = 16", "count = 0")).await;
    let typed = desk.types("U0DEV", "C0SUPPORT", "/triage", "Okta login loops").await;
    assert_eq!(typed["ok"], true, "{typed}");
    assert!(desk.stop().success(), "{}", desk.log());
    assert_eq!(desk.tickets(), Vec::new());
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace("count = 0", "count = 16")).unwrap();
    desk.start().await;
    desk.until_posted("the card", "C0SUPPORT", |message| message.is_card() && message.says("Okta login")).await;
}

/// A store as a version left it whose parser could not read a command.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_parser_could_not_read_is_read_at_the_next_start() {
    let mut desk = Desk::open(Wish::default().config_with("count = 16", "count = 0")).await;
    desk.types("U0DEV", "C0SUPPORT", "/triage", "Okta login loops").await;
    assert!(desk.stop().success(), "{}", desk.log());
    let store = rusqlite::Connection::open(desk.folder().join("deskbell.db")).unwrap();
    let unread = r#"{"outcome":"unparsed","reason":"no command"}"#;
    store.execute("UPDATE events SET outcome = ?1, outcome_name = 'unparsed'", [unread]).unwrap();
    store.execute("UPDATE inbox_cursor SET queued_up_to = (SELECT max(id) FROM events)", []).unwrap();
    drop(store);
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace("count = 0", "count = 16")).unwrap();
    desk.start().await;
    desk.until_posted("the card", "C0SUPPORT", |message| message.is_card() && message.says("Okta login")).await;
}

async fn what_came_in_the_silence_is_carried_out(fault: Value) {
    let (desk, card) = restarted_while(fault).await;
    assert_eq!(readiness(&desk).await["slack"], "remembered");
    let typed = desk.types("U0DEV", "C0SUPPORT", "/triage", "Okta login loops").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let pressed = desk.presses("U0BEN", &card, "confirm").await;
    assert_eq!(pressed["ok"], true, "{pressed}");
    assert_eq!(desk.tickets().len(), 1);
    desk.no_faults().await;
    desk.until_posted("the command's card", "C0SUPPORT", |message| message.is_card() && message.says("Okta login"))
        .await;
    desk.until_message("the answered card", &card, |card| card.says("PAY-")).await;
    desk.settled().await;
    assert_eq!(readiness(&desk).await["slack"], "known");
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_and_commands_are_taken_in_while_slack_refuses_to_say_who_we_are() {
    what_came_in_the_silence_is_carried_out(json!({ "target": AUTH_TEST, "kind": "status", "status": 503 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_and_commands_are_taken_in_while_slack_does_not_answer() {
    what_came_in_the_silence_is_carried_out(json!({ "target": AUTH_TEST, "kind": "timeout", "ms": 60_000 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_taken_in_before_slack_has_ever_said_who_we_are() {
    let mut wish = Wish::default();
    wish.sandbox.timing.retry_delays = vec![Duration::from_millis(100); 300];
    let mut desk = Desk::open(wish).await;
    assert!(desk.stop().success(), "{}", desk.log());
    for file in ["deskbell.db", "deskbell.db-wal", "deskbell.db-shm"] {
        drop(std::fs::remove_file(desk.folder().join(file)));
    }
    desk.fault(json!({ "target": AUTH_TEST, "kind": "status", "status": 503 })).await;
    desk.launch();
    until_answering(&desk, "/healthz").await;
    assert!(!desk.answers("/readyz").await);
    desk.says("U0GRACE", "C0SUPPORT", "The payment failed with error 402").await;
    let typed = desk.types("U0DEV", "C0SUPPORT", "/triage", "Okta login loops").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let started = Instant::now();
    while !desk.sandbox.deliveries(0).iter().any(|delivery| delivery.status == Some(503)) {
        assert!(started.elapsed() < PATIENCE, "the event was not refused\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    desk.no_faults().await;
    for words in ["Okta login", "error 402"] {
        desk.until_posted(words, "C0SUPPORT", |message| message.is_card() && message.says(words)).await;
    }
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_slack_refuses_stops_deskbell_with_the_mend() {
    let mut desk = Desk::open(Wish::default()).await;
    assert!(desk.stop().success(), "{}", desk.log());
    desk.wish.sandbox.bot_token = "xoxb-of-nobody".to_owned();
    desk.launch();
    assert!(!until_ended(&mut desk).await);
    let log = desk.log();
    assert!(log.contains("invalid_auth") && log.contains("reinstall the app"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_workspace_stops_deskbell_with_the_mend() {
    let mut desk = Desk::open(Wish::default()).await;
    assert!(desk.stop().success(), "{}", desk.log());
    let mut elsewhere = desk.wish.sandbox.clone();
    elsewhere.workspace.team_id = "T0ELSEWHERE".into();
    let elsewhere = deskbell_sandbox::Sandbox::start(elsewhere).await.unwrap();
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace(&desk.sandbox.base_url(), &elsewhere.base_url())).unwrap();
    desk.launch();
    assert!(!until_ended(&mut desk).await);
    let log = desk.log();
    assert!(log.contains("T0ELSEWHERE") && log.contains("T0NORTHWIND") && log.contains("[store] path"), "{log}");
    elsewhere.shutdown().await;
}
