//! Socket Mode against a small WebSocket server.

use axum::extract::ws::WebSocket;
use deskbell::intake::IntakeState;
use deskbell::intake::socket_mode::{SocketModeConfig, run};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::doors::{Doors, HOME, config, fixture};
use super::slack_api::{receive, send};

struct Listening {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

fn listen(doors: &Doors, connections: usize) -> Listening {
    listen_with(doors, doors.state.clone(), connections)
}

fn listen_with(doors: &Doors, state: IntakeState, connections: usize) -> Listening {
    let mut config = SocketModeConfig::new(SecretString::from("xapp-test"));
    config.api_url = doors.slack.url();
    config.connections = connections;
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(run(config, doors.http.clone(), state, shutdown.clone()));
    Listening { shutdown, task }
}

async fn ready(doors: &Doors) -> WebSocket {
    let mut socket = doors.slack.accepted().await;
    send(&mut socket, &json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0DESKBELL"}}))
        .await;
    socket
}

fn envelope(id: &str, kind: &str, payload: &str) -> Value {
    let payload: Value = serde_json::from_str(payload).unwrap();
    json!({"envelope_id": id, "type": kind, "accepts_response_payload": kind != "events_api", "payload": payload, "retry_attempt": 0})
}

fn event(id: &str) -> Value {
    let mut payload: Value = serde_json::from_str(&fixture("event-message")).unwrap();
    payload["event_id"] = json!(id);
    envelope(id, "events_api", &payload.to_string())
}

#[tokio::test]
async fn every_kind_of_payload_is_committed_and_then_acknowledged() {
    let doors = Doors::open().await;
    let listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    let payloads = [
        ("events_api", "event-message", "A0DESKBELL/T061EG9R6/Ev0001"),
        ("slash_commands", "command-triage", "command/5.1.a"),
        ("interactive", "interaction-press-change", "interaction/1.2.b"),
    ];
    for (kind, name, key) in payloads {
        send(&mut socket, &envelope(name, kind, &fixture(name))).await;
        assert_eq!(receive(&mut socket).await, Some(json!({"envelope_id": name})));
        assert!(doors.recorded(HOME, key).await.is_some(), "{key}");
    }
    assert_eq!(doors.slack.calls("views.open").len(), 1);
    listening.shutdown.cancel();
    listening.task.await.unwrap();
    assert_eq!(receive(&mut socket).await, None, "closed");
}

#[tokio::test]
async fn a_body_over_either_transport_is_the_same_event() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    doors.signed("/slack/events", fixture("event-message").as_bytes()).send().await.unwrap();
    send(&mut socket, &envelope("e", "events_api", &fixture("event-message"))).await;
    assert!(receive(&mut socket).await.is_some());
    assert_eq!(doors.waiting_jobs().await, 1);
}

#[tokio::test]
async fn odd_frames_break_nothing() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    for frame in [
        json!([]),
        json!({"type": 7}),
        json!({"envelope_id": "x", "type": "events_api"}),
        json!({"type": "something_new", "reason": {}}),
    ] {
        send(&mut socket, &frame).await;
    }
    send(&mut socket, &json!({"envelope_id": "bad", "type": "interactive", "payload": "text"})).await;
    assert_eq!(receive(&mut socket).await, Some(json!({"envelope_id": "bad"})), "sent again it would be no better");
    send(&mut socket, &json!({"envelope_id": "new", "type": "something_new", "payload": {"type": "novel"}})).await;
    assert_eq!(receive(&mut socket).await, Some(json!({"envelope_id": "new"})));
    assert_eq!(doors.waiting_jobs().await, 1, "an unknown type is recorded");
}

#[tokio::test]
async fn an_overloaded_event_is_not_acknowledged_but_a_command_is() {
    let mut config = config();
    config.max_in_flight_events = 0;
    let doors = Doors::open_with(config).await;
    let _listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    send(&mut socket, &event("EvTooMuch")).await;
    send(&mut socket, &envelope("command", "slash_commands", &fixture("command-triage"))).await;
    assert_eq!(receive(&mut socket).await, Some(json!({"envelope_id": "command"})));
}

#[tokio::test]
async fn a_person_is_told_in_the_acknowledgement_when_the_store_is_gone() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    doors.store.shutdown().await;
    send(&mut socket, &envelope("command", "slash_commands", &fixture("command-triage"))).await;
    let answer = receive(&mut socket).await.unwrap();
    assert_eq!(answer["payload"]["response_type"], "ephemeral");
}

#[tokio::test]
async fn two_connections_listen_at_once() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 2);
    let (mut first, mut second) = (ready(&doors).await, ready(&doors).await);
    for (socket, id) in [(&mut first, "EvA"), (&mut second, "EvB")] {
        send(socket, &event(id)).await;
        assert_eq!(receive(socket).await, Some(json!({"envelope_id": id})));
    }
    assert_eq!(doors.slack.calls("apps.connections.open").len(), 2);
}

#[tokio::test]
async fn the_replacement_is_open_before_the_old_connection_closes() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 1);
    let mut old = ready(&doors).await;
    for reason in ["warning", "refresh_requested"] {
        send(&mut old, &json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "x"}})).await;
        let mut new = ready(&doors).await;
        let late = format!("EvLate-{reason}");
        send(&mut old, &event(&late)).await;
        assert_eq!(receive(&mut old).await, Some(json!({"envelope_id": late})), "the old one is still read");
        let next = format!("EvNext-{reason}");
        send(&mut new, &event(&next)).await;
        assert_eq!(receive(&mut new).await, Some(json!({"envelope_id": next})));
        old = new;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_opened_again() {
    let doors = Doors::open().await;
    let _listening = listen(&doors, 1);
    drop(ready(&doors).await);
    let mut socket = ready(&doors).await;
    send(&mut socket, &event("EvAfter")).await;
    assert_eq!(receive(&mut socket).await, Some(json!({"envelope_id": "EvAfter"})));
}

#[tokio::test]
async fn many_frames_are_each_acknowledged_once() {
    let doors = Doors::open().await;
    let listening = listen(&doors, 1);
    let mut socket = ready(&doors).await;
    let ids: Vec<String> = (0..100).map(|number| format!("EvMany{number}")).collect();
    for id in &ids {
        send(&mut socket, &event(id)).await;
    }
    let mut acknowledged = Vec::new();
    while acknowledged.len() < ids.len() {
        let answer = receive(&mut socket).await.unwrap();
        acknowledged.push(answer["envelope_id"].as_str().unwrap().to_owned());
    }
    acknowledged.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(acknowledged, expected);
    listening.shutdown.cancel();
    listening.task.await.unwrap();
}
