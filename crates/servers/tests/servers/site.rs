//! A Jira in a box behind a real socket, and an MCP client in front of our server.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Router;
use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_sandbox::jira::{JiraBox, JiraConfig as BoxConfig, RequiredField};
use deskbell_servers::jira::{Credentials, Edition, JiraConfig, JiraServer};
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService};
use serde_json::Value;

pub const EMAIL: &str = "deskbell@example.com";
pub const TOKEN: &str = "box-token";

/// A box, its faults, and a client of the server that talks to it.
pub struct Site {
    pub jira: JiraBox,
    pub faults: FaultTable,
    pub client: RunningService<RoleClient, ()>,
    pub config: JiraConfig,
}

impl Site {
    /// A site whose searches see an issue at once.
    pub async fn start() -> Self {
        Self::with_lag(0..=0).await
    }

    pub async fn with_lag(search_lag_ms: RangeInclusive<u64>) -> Self {
        Self::of(Edition::Cloud, search_lag_ms).await
    }

    pub async fn of(edition: Edition, search_lag_ms: RangeInclusive<u64>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/jira", listener.local_addr().unwrap());
        let faults = FaultTable::new(1);
        let jira = JiraBox::new(BoxConfig {
            base_url: base_url.clone(),
            search_lag_ms,
            seed: 7,
            faults: faults.clone(),
            email: EMAIL.into(),
            api_token: TOKEN.into(),
            required_fields: vec![
                RequiredField {
                    project_key: "SUP".into(),
                    issue_type: "Incident".into(),
                    field_id: "customfield_10050".into(),
                    name: "Impact".into(),
                    options: Vec::new(),
                },
                RequiredField {
                    project_key: "IAM".into(),
                    issue_type: "Incident".into(),
                    field_id: "customfield_10060".into(),
                    name: "Severity".into(),
                    options: vec!["Major".into(), "Minor".into()],
                },
            ],
        });
        let router = Router::new().nest("/jira", jira.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = JiraConfig {
            base_url: base_url.parse().unwrap(),
            edition,
            credentials: match edition {
                Edition::Cloud => Credentials::Basic { user: EMAIL.into(), secret: TOKEN.into() },
                Edition::DataCenter => Credentials::Bearer(TOKEN.into()),
            },
            timeout: Duration::from_millis(400),
        };
        let client = connect(config.clone()).await;
        Self { jira, faults, client, config }
    }

    /// Hits the next call to `target`.
    pub fn fault_once(&self, target: &str, fault: Fault) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(1), skip: 0 });
    }

    /// Puts an issue in a sprint, as a person does.
    pub async fn put_in_sprint(&self, sprint: u64, key: &str) {
        let address = format!("{}/rest/agile/1.0/sprint/{sprint}/issue", self.config.base_url);
        let body = serde_json::json!({ "issues": [key] });
        let request = reqwest::Client::new().post(address).basic_auth(EMAIL, Some(TOKEN)).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    pub async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        call(&self.client, tool, arguments).await
    }

    /// The structured content of a call that succeeds.
    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{result:?}");
        result.structured_content.unwrap()
    }

    /// The failure of a call that fails; its text is the message.
    pub async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{result:?}");
        let failure = result.structured_content.unwrap();
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(failure["message"], text.as_str());
        failure
    }
}

/// Tests share one process, so a second installation is no fault.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub async fn connect(config: JiraConfig) -> RunningService<RoleClient, ()> {
    install_tls();
    let server = JiraServer::new(config).unwrap();
    let (server_side, client_side) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve(server_side).await.unwrap().waiting().await });
    ().serve(client_side).await.unwrap()
}

pub async fn call(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().cloned().unwrap();
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    client.call_tool(request).await.unwrap()
}
