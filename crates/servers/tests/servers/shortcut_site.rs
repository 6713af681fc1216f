//! A Shortcut workspace in a box behind a real socket, and an MCP client in front of our server.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Router;
use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_sandbox::shortcut::{ShortcutBox, ShortcutConfig as BoxConfig};
use deskbell_servers::shortcut::{ShortcutConfig, ShortcutServer};
use rmcp::ServiceExt;
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::site::{call, install_tls};

pub const TOKEN: &str = "box-token";

/// A box, its faults, and a client of the server that talks to it.
pub struct Workspace {
    pub shortcut: ShortcutBox,
    pub faults: FaultTable,
    pub client: RunningService<RoleClient, ()>,
    pub config: ShortcutConfig,
}

impl Workspace {
    /// A workspace whose searches see a story at once, without a rate limit.
    pub async fn start() -> Self {
        Self::with(0..=0, None).await
    }

    pub async fn with(search_lag_ms: RangeInclusive<u64>, requests_per_minute: Option<u32>) -> Self {
        install_tls();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/shortcut", listener.local_addr().unwrap());
        let faults = FaultTable::new(1);
        let shortcut = ShortcutBox::new(BoxConfig {
            base_url: base_url.clone(),
            search_lag_ms,
            seed: 7,
            faults: faults.clone(),
            api_token: TOKEN.into(),
            requests_per_minute,
        })
        .unwrap();
        let router = Router::new().nest("/shortcut", shortcut.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = ShortcutConfig {
            base_url: base_url.parse().unwrap(),
            api_token: TOKEN.into(),
            timeout: Duration::from_millis(400),
            announce: None,
        };
        let client = connect(config.clone()).await;
        Self { shortcut, faults, client, config }
    }

    /// Hits the next call to `target`.
    pub fn fault_once(&self, target: &str, fault: Fault) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(1), skip: 0 });
    }

    /// The structured content of a call that succeeds.
    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        done(&self.client, tool, arguments).await
    }

    /// The failure of a call that fails; its text is the message.
    pub async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        failed(&self.client, tool, arguments).await
    }

    /// Makes a story of the Payments team.
    pub async fn story(&self, name: &str) -> u64 {
        let made = self.done("create_story", json!({ "name": name, "team": "payments" })).await;
        made["story_id"].as_u64().unwrap()
    }
}

pub async fn done(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result.structured_content.unwrap()
}

pub async fn failed(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    let failure = result.structured_content.unwrap();
    let text = &result.content[0].as_text().unwrap().text;
    assert_eq!(failure["message"], text.as_str());
    failure
}

pub async fn connect(config: ShortcutConfig) -> RunningService<RoleClient, ()> {
    install_tls();
    let server = ShortcutServer::new(config).unwrap();
    let (server_side, client_side) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve(server_side).await.unwrap().waiting().await });
    ().serve(client_side).await.unwrap()
}
