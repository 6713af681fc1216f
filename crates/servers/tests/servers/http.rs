//! The same server on streamable HTTP: who gets in.

use deskbell_listener::Limits;
use deskbell_servers::http::{HttpAccess, HttpError, serve_http, serve_listener};
use deskbell_servers::jira::JiraServer;
use deskbell_servers::server::AnyServer;
use rmcp::ServiceExt;
use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::site::{Site, call};

const BEARER: &str = "open-sesame";

/// The address of a server with a bearer token, in front of a box.
async fn serve(site: &Site) -> (String, CancellationToken) {
    serve_within(site, Limits::default()).await
}

async fn serve_within(site: &Site, limits: Limits) -> (String, CancellationToken) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = JiraServer::new(site.config.clone()).unwrap();
    let access = HttpAccess { bearer: Some(BEARER.into()), limits, ..HttpAccess::default() };
    let shutdown = CancellationToken::new();
    tokio::spawn(serve_listener(AnyServer::of(server), listener, access, shutdown.clone()));
    (format!("http://{address}"), shutdown)
}

fn transport(address: &str) -> StreamableHttpClientTransport<reqwest::Client> {
    let config = StreamableHttpClientTransportConfig::with_uri(format!("{address}/mcp"));
    let client = reqwest::Client::new();
    StreamableHttpClientTransport::with_client(client, config.auth_header(BEARER))
}

#[tokio::test]
async fn both_protocol_eras_create_issues() {
    let site = Site::start().await;
    let (address, shutdown) = serve(&site).await;
    let issue = json!({ "project_key": "IAM", "issue_type": "Story", "summary": "a" });
    let legacy = ().serve(transport(&address)).await.unwrap();
    let made = call(&legacy, "create_issue", issue.clone()).await;
    assert_eq!(made.structured_content.unwrap()["key"], "IAM-1");
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
    let stateless = ().serve_with_lifecycle(transport(&address), lifecycle).await.unwrap();
    let made = call(&stateless, "create_issue", issue).await;
    assert_eq!(made.structured_content.unwrap()["key"], "IAM-2");
    shutdown.cancel();
}

/// Strangers hold every place with heads that never end.
#[tokio::test]
async fn silent_strangers_keep_no_host_out_and_cut_no_session() {
    let site = Site::start().await;
    let limits = Limits { connections: 4, ..Limits::default() };
    let (address, shutdown) = serve_within(&site, limits).await;
    let host = ().serve(transport(&address)).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
        stream.write_all(b"POST /mcp HTTP/1.1\r\nhost:").await.unwrap();
        held.push(stream);
    }
    let issue = json!({ "project_key": "IAM", "issue_type": "Story", "summary": "a" });
    let made = call(&host, "create_issue", issue).await;
    assert_eq!(made.structured_content.unwrap()["key"], "IAM-1");
    let mut rest = Vec::new();
    let let_go = held[0].read_to_end(&mut rest).await;
    assert!(let_go.is_err() || rest.is_empty(), "{rest:?}");
    shutdown.cancel();
}

async fn post(address: &str, headers: &[(&'static str, &str)]) -> reqwest::Response {
    let ping: Value = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let mut request = reqwest::Client::new()
        .post(format!("{address}/mcp"))
        .header("accept", "application/json, text/event-stream")
        .json(&ping);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn only_the_right_token_from_the_right_host_gets_in() {
    let site = Site::start().await;
    let (address, _shutdown) = serve(&site).await;
    let token = ("authorization", "Bearer open-sesame");
    for (headers, expected) in [
        (vec![token], 200),
        (vec![], 401),
        (vec![("authorization", "Bearer open-sesam")], 401),
        (vec![("authorization", "Basic open-sesame")], 401),
        (vec![token, ("host", "evil.example")], 403),
        (vec![token, ("origin", "https://evil.example")], 403),
        (vec![token, ("origin", "http://127.0.0.1:1")], 403),
        (vec![token, ("origin", "null")], 403),
        (vec![token, ("origin", &address)], 200),
    ] {
        let response = post(&address, &headers).await;
        assert_eq!(response.status(), expected, "{headers:?}");
    }
    let health = reqwest::get(format!("{address}/healthz")).await.unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_public_address_without_a_token_is_refused() {
    let site = Site::start().await;
    let server = JiraServer::new(site.config.clone()).unwrap();
    let outcome = serve_http(
        AnyServer::of(server),
        "0.0.0.0:0".parse().unwrap(),
        HttpAccess::default(),
        CancellationToken::new(),
    )
    .await;
    assert!(matches!(outcome, Err(HttpError::BearerMissing { .. })));
}
