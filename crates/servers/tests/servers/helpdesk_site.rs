//! A Zendesk in a box behind a real socket that records what passes, and an MCP client in front of our server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_sandbox::zendesk::{IDEMPOTENCY_LIFETIME, ZendeskBox, ZendeskConfig as BoxConfig};
use deskbell_servers::helpdesk::HelpdeskServer;
use deskbell_servers::helpdesk::zendesk::{ZendeskConfig, ZendeskCredentials};
use rmcp::ServiceExt;
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::site::{call, install_tls};

pub const EMAIL: &str = "deskbell@example.com";
pub const TOKEN: &str = "box-token";
pub const ACCESS_TOKEN: &str = "box-access-token";

/// A request with its answer.
#[derive(Debug, Clone)]
pub struct Passed {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub idempotency_key: Option<String>,
    pub body: Value,
    pub status: u16,
    pub answer: Value,
}

type Recorded = Arc<Mutex<Vec<Passed>>>;

/// A box, its faults, and a client of the server that talks to it.
pub struct Account {
    pub zendesk: ZendeskBox,
    pub faults: FaultTable,
    pub client: RunningService<RoleClient, ()>,
    pub config: ZendeskConfig,
    recorded: Recorded,
}

impl Account {
    /// An account whose searches and exports see everything at once, without limits.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut BoxConfig)) -> Self {
        install_tls();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/zendesk", listener.local_addr().unwrap());
        let faults = FaultTable::new(1);
        let mut config = BoxConfig {
            base_url: base_url.clone(),
            search_lag_ms: 0..=0,
            export_lag: Duration::ZERO,
            idempotency_lifetime: IDEMPOTENCY_LIFETIME,
            rate_limits: false,
            seed: 7,
            faults: faults.clone(),
            email: EMAIL.into(),
            api_token: TOKEN.into(),
            access_token: ACCESS_TOKEN.into(),
        };
        change(&mut config);
        let zendesk = ZendeskBox::new(config);
        let recorded = Recorded::default();
        let recording = middleware::from_fn_with_state(Arc::clone(&recorded), record);
        let router = Router::new().nest("/zendesk", zendesk.router().layer(recording));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = ZendeskConfig {
            base_url: base_url.parse().unwrap(),
            credentials: ZendeskCredentials::ApiToken { email: EMAIL.into(), token: TOKEN.into() },
            timeout: Duration::from_millis(400),
        };
        let client = connect(config.clone()).await;
        Self { zendesk, faults, client, config, recorded }
    }

    /// What passed so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.recorded.lock().unwrap().clone()
    }

    /// Hits the next call to `target`.
    pub fn fault_once(&self, target: &str, fault: Fault) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(1), skip: 0 });
    }

    /// The structured content of a call that succeeds.
    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        let result = call(&self.client, tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{result:?}");
        result.structured_content.unwrap()
    }

    /// The failure of a call that fails; its text is the message.
    pub async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        let result = call(&self.client, tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{result:?}");
        let failure = result.structured_content.unwrap();
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(failure["message"], text.as_str());
        failure
    }

    /// Makes a ticket that its requester sees; gives its id.
    pub async fn ticket(&self, subject: &str) -> String {
        let wanted = json!({
            "subject": subject, "public_message": "The refund fails", "requester_email": "ivy@customer.example",
        });
        self.done("create_ticket", wanted).await["ticket_id"].as_str().unwrap().to_owned()
    }
}

async fn record(State(recorded): State<Recorded>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let key = parts.headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
    let mut passed = Passed {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        idempotency_key: key,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        status: 0,
        answer: Value::Null,
    };
    let (head, body) = next.run(Request::from_parts(parts, Body::from(bytes))).await.into_parts();
    let answer = to_bytes(body, 1 << 24).await;
    passed.status = head.status.as_u16();
    passed.answer = answer.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    recorded.lock().unwrap().push(passed);
    match answer {
        Ok(bytes) => Response::from_parts(head, Body::from(bytes)),
        // A fault drops the connection: so does this.
        Err(error) => {
            let broken = futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other(error)) });
            Response::new(Body::from_stream(broken))
        }
    }
}

pub async fn connect(config: ZendeskConfig) -> RunningService<RoleClient, ()> {
    install_tls();
    let server = HelpdeskServer::new(config).unwrap();
    let (server_side, client_side) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve(server_side).await.unwrap().waiting().await });
    ().serve(client_side).await.unwrap()
}
