//! Socket Mode: hello, acknowledgements, redelivery, refresh.

use deskbell_sandbox::Delivery;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::{Scene, hasty};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(scene: &Scene) -> (Self, Value) {
        let request = scene.http.post(scene.url("/api/apps.connections.open")).bearer_auth("xapp-sandbox-app-token");
        let opened: Value = request.send().await.unwrap().json().await.unwrap();
        let (stream, _) = tokio_tungstenite::connect_async(opened["url"].as_str().unwrap()).await.unwrap();
        let mut socket = Self(stream);
        let hello = socket.next().await.unwrap();
        (socket, hello)
    }

    /// The next frame of JSON; `None` when the connection is closed.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(5), self.0.next()).await.expect("no frame came");
            match message? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn acknowledge(&mut self, envelope: &Value, payload: Value) {
        let ack = json!({"envelope_id": envelope["envelope_id"], "payload": payload});
        self.0.send(Message::text(ack.to_string())).await.unwrap();
    }
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.sandbox.set_delivery(Some(Delivery::SocketMode));
    scene
}

#[tokio::test]
async fn events_and_commands_come_over_the_socket() {
    let scene = scene().await;
    let (mut socket, hello) = Socket::open(&scene).await;
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(1)));
    scene.say("hello").await;
    let envelope = socket.next().await.unwrap();
    assert_eq!((&envelope["type"], &envelope["payload"]["event"]["text"]), (&json!("events_api"), &json!("hello")));
    assert_eq!(envelope["retry_attempt"], 0);
    socket.acknowledge(&envelope, Value::Null).await;

    let command = json!({"user": "U0ANNA", "channel": "C0SUPPORT", "command": "/triage", "text": "x"});
    let (answer, ()) = tokio::join!(scene.act("command", command), async {
        let envelope = socket.next().await.unwrap();
        assert_eq!(envelope["accepts_response_payload"], true);
        socket.acknowledge(&envelope, json!({"text": "seen"})).await;
    });
    assert_eq!(answer["delivery"]["status"], 200);
    assert_eq!(scene.state().await["messages"]["C0SUPPORT"][1]["text"], "seen");
}

#[tokio::test]
async fn what_a_dying_connection_took_is_sent_again_over_another() {
    let scene = scene().await;
    let (mut first, _) = Socket::open(&scene).await;
    scene.say("hello").await;
    let lost = first.next().await.unwrap();
    let (mut second, hello) = Socket::open(&scene).await;
    assert_eq!(hello["num_connections"], 2);
    drop(first);
    let again = second.next().await.unwrap();
    assert_eq!(again["payload"]["event_id"], lost["payload"]["event_id"]);
    assert_eq!(again["retry_attempt"], 1);
    assert_ne!(again["envelope_id"], lost["envelope_id"]);
}

#[tokio::test]
async fn an_unacknowledged_frame_is_sent_again() {
    let scene = Scene::with(hasty(), |_| axum::response::Response::default()).await;
    scene.sandbox.set_delivery(Some(Delivery::SocketMode));
    let (mut socket, _) = Socket::open(&scene).await;
    scene.say("hello").await;
    assert_eq!(socket.next().await.unwrap()["retry_attempt"], 0);
    let again = socket.next().await.unwrap();
    assert_eq!((&again["retry_attempt"], &again["retry_reason"]), (&json!(1), &json!("timeout")));
}

#[tokio::test]
async fn a_refresh_is_announced_before_the_connection_closes() {
    let scene = scene().await;
    let (mut socket, _) = Socket::open(&scene).await;
    scene.post("/sandbox/socket/refresh", json!({})).await;
    let warning = socket.next().await.unwrap();
    assert_eq!((&warning["type"], &warning["reason"]), (&json!("disconnect"), &json!("warning")));
    let (mut replacement, _) = Socket::open(&scene).await;
    scene.say("to the replacement").await;
    assert_eq!(replacement.next().await.unwrap()["payload"]["event"]["text"], "to the replacement");
    assert_eq!(socket.next().await.unwrap()["reason"], "refresh_requested");
    assert_eq!(socket.next().await, None);
}

#[tokio::test]
async fn an_eleventh_connection_is_refused_and_a_ticket_is_used_up() {
    let scene = scene().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(Socket::open(&scene).await);
    }
    let (_, refusal) = Socket::open(&scene).await;
    assert_eq!(refusal["reason"], "too_many_websockets");
    let reused = scene.url("/link/?ticket=nope").replacen("http", "ws", 1);
    assert!(tokio_tungstenite::connect_async(reused).await.is_err());
    assert_eq!(scene.sandbox.snapshot()["socket_connections"], 10);
}
