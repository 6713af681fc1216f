//! A sandbox with short waits, a receiver that plays Deskbell, and shorthand for both.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use deskbell_sandbox::{Delivery, Sandbox, SandboxConfig, Timing};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(5);

/// One request that the receiver got.
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The form's fields as an object.
    pub fn form(&self) -> Value {
        url::form_urlencoded::parse(&self.body)
            .map(|(key, value)| (key.into_owned(), Value::from(value.into_owned())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// The JSON that it carries: an event's envelope or an interaction's payload.
    pub fn json(&self) -> Value {
        if self.path == "/slack/interactions" {
            return serde_json::from_str(self.form()["payload"].as_str().unwrap()).unwrap();
        }
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answer = dyn Fn(&Received) -> Response + Send + Sync;

/// What plays Deskbell.
pub struct Receiver {
    pub base_url: String,
    inbox: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    async fn start(answer: Arc<Answer>) -> Self {
        let (sender, inbox) = mpsc::unbounded_channel();
        let router = Router::new().fallback(receive).with_state((sender, answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base_url, inbox }
    }

    /// The next request.
    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.inbox.recv()).await.expect("nothing was delivered").unwrap()
    }

    /// The next event's envelope.
    pub async fn next_event(&mut self) -> Value {
        let received = self.next().await;
        assert_eq!(received.path, "/slack/events");
        received.json()
    }

    /// Whether everything that came was taken.
    pub fn is_empty(&mut self) -> bool {
        self.inbox.try_recv().is_err()
    }
}

async fn receive(
    State((sender, answer)): State<(mpsc::UnboundedSender<Received>, Arc<Answer>)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { path: uri.path().to_owned(), headers, body };
    let response = answer(&received);
    let hang = response.status() == StatusCode::REQUEST_TIMEOUT;
    let _ = sender.send(received);
    if hang {
        std::future::pending::<()>().await;
    }
    response
}

/// An answer that never comes.
pub fn never() -> Response {
    StatusCode::REQUEST_TIMEOUT.into_response()
}

/// A sandbox and what plays Deskbell.
pub struct Scene {
    pub sandbox: Sandbox,
    pub desk: Receiver,
    pub http: reqwest::Client,
}

/// Retries come at once; acknowledgements have as long as at Slack.
pub fn quick() -> SandboxConfig {
    SandboxConfig {
        timing: Timing {
            retry_delays: vec![Duration::ZERO, Duration::from_millis(5), Duration::from_millis(10)],
            socket_warning: Duration::from_millis(50),
            ..Timing::default()
        },
        ..SandboxConfig::default()
    }
}

/// The same, and acknowledgements must come quickly: for receivers that never answer.
pub fn hasty() -> SandboxConfig {
    let timing = Timing { ack_timeout: Duration::from_millis(200), ..quick().timing };
    SandboxConfig { timing, ..quick() }
}

impl Scene {
    /// A scene whose receiver acknowledges everything.
    pub async fn new() -> Self {
        Self::answering(|_| StatusCode::OK.into_response()).await
    }

    /// A scene whose receiver answers as told.
    pub async fn answering(answer: impl Fn(&Received) -> Response + Send + Sync + 'static) -> Self {
        Self::with(quick(), answer).await
    }

    pub async fn with(config: SandboxConfig, answer: impl Fn(&Received) -> Response + Send + Sync + 'static) -> Self {
        let desk = Receiver::start(Arc::new(answer)).await;
        let sandbox = Sandbox::start(config).await.unwrap();
        sandbox.set_delivery(Some(Delivery::Http { base_url: desk.base_url.clone() }));
        Self { sandbox, desk, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    /// A person's act; must be well.
    pub async fn act(&self, act: &str, body: Value) -> Value {
        let answer = self.try_act(act, body).await;
        assert_eq!(answer["ok"], true, "{act}: {answer}");
        answer
    }

    /// A person's act, however it ends.
    pub async fn try_act(&self, act: &str, body: Value) -> Value {
        self.post(&format!("/sandbox/act/{act}"), body).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.http.post(self.url(path)).json(&body).send().await.unwrap().json().await.unwrap()
    }

    /// A call of the Web API with the bot's token.
    pub async fn api(&self, method: &str, arguments: Value) -> Value {
        let request = self.http.post(self.url(&format!("/api/{method}"))).bearer_auth("xoxb-sandbox-bot-token");
        request.json(&arguments).send().await.unwrap().json().await.unwrap()
    }

    pub async fn state(&self) -> Value {
        self.http.get(self.url("/sandbox/state")).send().await.unwrap().json().await.unwrap()
    }

    /// Anna says something in #support; returns its `ts`. Its event is still to come.
    pub async fn say(&self, text: &str) -> String {
        let answer = self.act("message", json!({"user": "U0ANNA", "channel": "C0SUPPORT", "text": text})).await;
        answer["ts"].as_str().unwrap().to_owned()
    }

    pub async fn fault(&self, rule: Value) {
        assert_eq!(self.post("/sandbox/faults", rule).await["ok"], true);
    }
}
