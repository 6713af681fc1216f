//! A Confluence in a box behind a real socket, and a knowledge server that follows it.

use std::time::Duration;

use deskbell_sandbox::confluence::{ConfluenceBox, ConfluenceConfig as BoxConfig};
use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_servers::jira::{Credentials, Edition};
use deskbell_servers::knowledge::confluence::ConfluenceConfig;
use deskbell_servers::knowledge::{KnowledgeServer, KnowledgeServerConfig};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::knowledge::serve;
use crate::shortcut_site::{done, failed};
use crate::site::install_tls;

const EMAIL: &str = "deskbell@example.com";
const TOKEN: &str = "box-token";

/// Addresses of the box's people.
pub const ANNA: &str = "anna@northwind.example";
pub const BEN: &str = "ben@northwind.example";
pub const CARLA: &str = "carla@northwind.example";
pub const FRANK: &str = "frank@northwind.example";

/// A box, and the address of its side of one edition.
pub struct Wiki {
    pub confluence: ConfluenceBox,
    pub faults: FaultTable,
    pub edition: Edition,
    pub base_url: String,
}

impl Wiki {
    pub async fn start(edition: Edition) -> Self {
        Self::limited(edition, None).await
    }

    pub async fn limited(edition: Edition, requests_per_minute: Option<usize>) -> Self {
        install_tls();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/confluence", listener.local_addr().unwrap());
        let faults = FaultTable::new(1);
        let confluence = ConfluenceBox::new(BoxConfig {
            base_url: base_url.clone(),
            faults: faults.clone(),
            email: EMAIL.into(),
            api_token: TOKEN.into(),
            requests_per_minute,
        });
        let router = axum::Router::new().nest("/confluence", confluence.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { confluence, faults, edition, base_url }
    }

    pub fn page(&self, space: &str, parent: Option<u64>, title: &str, storage: &str) -> u64 {
        self.confluence.add_page(space, parent, title, storage).unwrap()
    }

    /// How the server reaches the box. It asks seldom: what a test waits for has another cause.
    pub fn config(&self) -> ConfluenceConfig {
        let (base_url, credentials) = match self.edition {
            Edition::Cloud => {
                let credentials = Credentials::Basic { user: EMAIL.into(), secret: TOKEN.into() };
                (format!("{}/wiki", self.base_url), credentials)
            }
            Edition::DataCenter => (self.base_url.clone(), Credentials::Bearer(TOKEN.into())),
        };
        ConfluenceConfig {
            base_url: base_url.parse().unwrap(),
            edition: self.edition,
            credentials,
            spaces: ["FIN", "HELP"].map(str::to_owned).into(),
            public_spaces: ["HELP".to_owned()].into(),
            public_groups: std::collections::BTreeSet::default(),
            user_domain: Some("northwind.example".to_owned()),
            poll_every: Duration::from_secs(3_600),
            sweep_every: Duration::from_secs(3_600),
            webhook_secret: None,
            timeout: Duration::from_secs(5),
        }
    }

    /// A server that trusts its caller and has gone through the site.
    pub async fn server(&self) -> Served {
        let served = self.unswept(|_| {}).await;
        served.sweep().await;
        served
    }

    pub async fn unswept(&self, change: impl FnOnce(&mut KnowledgeServerConfig)) -> Served {
        let mut config = KnowledgeServerConfig {
            trust_caller: true,
            confluence: Some(self.config()),
            ..KnowledgeServerConfig::default()
        };
        change(&mut config);
        let server = KnowledgeServer::new(config).unwrap();
        Served { client: serve(server.clone()).await, server }
    }

    /// Hits the next calls to `target`.
    pub fn fault(&self, target: &str, fault: Fault, count: u64) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(count), skip: 0 });
    }
}

/// A server and its client.
pub struct Served {
    pub server: KnowledgeServer,
    pub client: RunningService<RoleClient, ()>,
}

impl Served {
    pub async fn sweep(&self) {
        self.server.sweep().await.unwrap();
    }

    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        done(&self.client, tool, arguments).await
    }

    pub async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        failed(&self.client, tool, arguments).await
    }

    /// What these readers find, the best first.
    pub async fn search(&self, query: &str, readers: &[&str]) -> Vec<Value> {
        let found = self.done("search_knowledge", json!({ "query": query, "readers": named(readers) })).await;
        found["passages"].as_array().unwrap().clone()
    }

    /// The titles of what these readers find.
    pub async fn titles(&self, query: &str, readers: &[&str]) -> Vec<String> {
        let found = self.search(query, readers).await;
        found.iter().map(|passage| passage["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks until these readers find what is expected, and fails when that takes long.
    pub async fn until_titles(&self, query: &str, readers: &[&str], expected: &[&str]) {
        let mut found = Vec::new();
        for _ in 0..500 {
            found = self.titles(query, readers).await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{query}: {found:?} instead of {expected:?}");
    }
}

pub fn named(readers: &[&str]) -> Value {
    readers.iter().map(|email| json!({ "email": email })).collect()
}
