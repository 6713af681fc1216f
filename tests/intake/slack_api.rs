//! Slack's side of what the doors call: opening views, `response_url`, Socket Mode. It remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[derive(Clone)]
pub struct SlackApi {
    pub address: SocketAddr,
    world: Arc<World>,
}

struct World {
    calls: Mutex<Vec<(String, Value)>>,
    called: tokio::sync::watch::Sender<usize>,
    sockets: mpsc::UnboundedSender<WebSocket>,
    accepted: tokio::sync::Mutex<mpsc::UnboundedReceiver<WebSocket>>,
    address: Mutex<Option<SocketAddr>>,
    /// Opening a view answers `ok: false`.
    refuses_views: std::sync::atomic::AtomicBool,
}

impl SlackApi {
    pub async fn start() -> Self {
        let (sockets, accepted) = mpsc::unbounded_channel();
        let world = Arc::new(World {
            calls: Mutex::default(),
            called: tokio::sync::watch::Sender::new(0),
            sockets,
            accepted: tokio::sync::Mutex::new(accepted),
            address: Mutex::default(),
            refuses_views: std::sync::atomic::AtomicBool::new(false),
        });
        let app = Router::new()
            .route("/api/{method}", post(call))
            .route("/respond/{id}", post(respond))
            .route("/socket", any(socket))
            .with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        *world.address.lock().unwrap() = Some(address);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, world }
    }

    pub fn url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    pub fn response_url(&self) -> String {
        format!("http://{}/respond/1", self.address)
    }

    pub fn refuse_views(&self) {
        self.world.refuses_views.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    pub fn calls(&self, method: &str) -> Vec<Value> {
        let calls = self.world.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| called == method).map(|(_, body)| body.clone()).collect()
    }

    /// The first call of this method, as soon as it is there.
    pub async fn call(&self, method: &str) -> Value {
        let mut called = self.world.called.subscribe();
        loop {
            if let Some(body) = self.calls(method).first() {
                return body.clone();
            }
            called.changed().await.unwrap();
        }
    }

    /// The next WebSocket that Deskbell opens, before its hello.
    pub async fn accepted(&self) -> WebSocket {
        self.world.accepted.lock().await.recv().await.unwrap()
    }
}

impl World {
    fn note(&self, method: &str, body: Value) {
        self.calls.lock().unwrap().push((method.to_owned(), body));
        self.called.send_modify(|count| *count += 1);
    }
}

async fn call(State(world): State<Arc<World>>, Path(method): Path<String>, request: Request) -> Response {
    let raw = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    world.note(&method, serde_json::from_slice(&raw).unwrap_or(Value::Null));
    match method.as_str() {
        "apps.connections.open" => {
            let address = world.address.lock().unwrap().unwrap();
            Json(json!({ "ok": true, "url": format!("ws://{address}/socket?ticket=1") })).into_response()
        }
        "views.open" if world.refuses_views.load(std::sync::atomic::Ordering::SeqCst) => {
            Json(json!({ "ok": false, "error": "expired_trigger_id" })).into_response()
        }
        _ => Json(json!({ "ok": true, "view": { "id": "V1" } })).into_response(),
    }
}

async fn respond(State(world): State<Arc<World>>, Json(body): Json<Value>) -> &'static str {
    world.note("response_url", body);
    "ok"
}

async fn socket(State(world): State<Arc<World>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| drop(world.sockets.send(socket)))
}

/// Sends one frame.
pub async fn send(socket: &mut WebSocket, frame: &Value) {
    socket.send(Message::Text(frame.to_string().into())).await.unwrap();
}

/// The next text frame; `None` when the connection closed.
pub async fn receive(socket: &mut WebSocket) -> Option<Value> {
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
    None
}
