//! A Salesforce organisation in a box behind a real socket, and an MCP client in front of our server.

use std::time::Duration;

use axum::Router;
use deskbell_sandbox::faults::{Fault, FaultRule, FaultTable};
use deskbell_sandbox::salesforce::{JwtTrust, SalesforceBox, SalesforceConfig as BoxConfig};
use deskbell_servers::salesforce::names::FieldName;
use deskbell_servers::salesforce::{SalesforceConfig, SalesforceCredentials, SalesforceServer};
use rmcp::ServiceExt;
use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RoleClient, RunningService};
use serde_json::{Value, json};

use crate::shortcut_site::{done, failed};
use crate::site::install_tls;

pub const CLIENT_ID: &str = "box-key";
pub const SECRET: &str = "box-secret";
pub const USERNAME: &str = "desk@northwind.example";
pub const KEY: &str = include_str!("../fixtures/salesforce_key.pem");
pub const OTHER_KEY: &str = include_str!("../fixtures/salesforce_other_key.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../fixtures/salesforce_key.pub.der");

/// A box, its faults, and a client of the server that talks to it.
pub struct Org {
    pub salesforce: SalesforceBox,
    pub faults: FaultTable,
    pub client: RunningService<RoleClient, ()>,
    pub config: SalesforceConfig,
}

impl Org {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// An organisation that differs from the usual one.
    pub async fn with(change: impl FnOnce(&mut BoxConfig)) -> Self {
        install_tls();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/salesforce", listener.local_addr().unwrap());
        let faults = FaultTable::new(1);
        let mut settings = BoxConfig {
            base_url: base_url.clone(),
            faults: faults.clone(),
            client_id: CLIENT_ID.into(),
            client_secret: SECRET.into(),
            jwt: Some(JwtTrust {
                username: USERNAME.into(),
                audience: "https://login.salesforce.com".into(),
                public_key: PUBLIC_KEY.to_vec(),
            }),
            token_lifetime: None,
            daily_requests: None,
            query_batch: 2_000,
            unique_external_id: true,
            entitlements: true,
        };
        change(&mut settings);
        let salesforce = SalesforceBox::new(settings);
        let router = Router::new().nest("/salesforce", salesforce.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = SalesforceConfig {
            base_url: base_url.parse().unwrap(),
            credentials: SalesforceCredentials::ClientCredentials {
                client_id: CLIENT_ID.into(),
                client_secret: SECRET.into(),
            },
            api_version: "v62.0".into(),
            case_id_field: FieldName::parse("Deskbell_Id__c").unwrap(),
            tier_field: FieldName::parse("Tier__c"),
            free_mail_domains: Vec::new(),
            timeout: Duration::from_millis(800),
        };
        let client = connect(config.clone()).await;
        Self { salesforce, faults, client, config }
    }

    /// Hits the next call to `target`.
    pub fn fault_once(&self, target: &str, fault: Fault) {
        self.faults.add(FaultRule { target: target.into(), fault, probability: None, count: Some(1), skip: 0 });
    }

    pub async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        done(&self.client, tool, arguments).await
    }

    pub async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        failed(&self.client, tool, arguments).await
    }

    /// Makes a record beside our server, as another app would; gives its id.
    pub async fn record(&self, object: &str, fields: Value) -> String {
        let http = reqwest::Client::new();
        let base = self.config.base_url.as_str();
        let form = [("grant_type", "client_credentials"), ("client_id", CLIENT_ID), ("client_secret", SECRET)];
        let granted = http.post(format!("{base}/services/oauth2/token")).form(&form).send().await.unwrap();
        let granted: Value = granted.json().await.unwrap();
        let address = format!("{base}/services/data/v62.0/sobjects/{object}");
        let request = http.post(address).bearer_auth(granted["access_token"].as_str().unwrap()).json(&fields);
        let made: Value = request.send().await.unwrap().json().await.unwrap();
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// The id of a seeded account.
    pub async fn account(&self, domain: &str) -> String {
        let found = self.done("lookup_customer", json!({ "domain": domain })).await;
        found["account"]["account_id"].as_str().unwrap().to_owned()
    }

    /// Makes a case with this external id; gives its id.
    pub async fn case(&self, external_id: &str) -> String {
        let made = self.done("upsert_case", json!({ "external_id": external_id, "subject": "a" })).await;
        made["case_id"].as_str().unwrap().to_owned()
    }
}

fn serve(config: SalesforceConfig) -> tokio::io::DuplexStream {
    install_tls();
    let server = SalesforceServer::new(config).unwrap();
    let (server_side, client_side) = tokio::io::duplex(256 * 1024);
    tokio::spawn(async move { server.serve(server_side).await.unwrap().waiting().await });
    client_side
}

pub async fn connect(config: SalesforceConfig) -> RunningService<RoleClient, ()> {
    ().serve(serve(config)).await.unwrap()
}

/// A client of the era 2026-07-28.
pub async fn connect_stateless(config: SalesforceConfig) -> RunningService<RoleClient, ()> {
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    ().serve_with_lifecycle(serve(config), lifecycle).await.unwrap()
}
