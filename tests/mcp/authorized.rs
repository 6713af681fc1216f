//! The host where the conformance suite wants a sign-in. This is the operator: writes the configuration that the scenario wants, signs
//! in as a browser that nobody sits at would, and signs in once more when the host says that it is needed, or for
//! a scope that it says is wanted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use deskbell::mcp_host::{
    DispatchError, Grant, KeptSignIn, Login, McpHost, OAuthSpec, ServerState, SignInKeeper, Transport,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::approved::{self, bound_to, send};

/// What the suite publishes as the document that names the client.
const CLIENT_METADATA_URL: &str = "https://conformance-test.local/client-metadata.json";
/// Sign-ins for more and more scopes.
const SIGN_INS_MAX: usize = 3;

/// Connects, and calls every tool there is.
pub async fn client(url: Url, scenario: &str) {
    let context: Value =
        serde_json::from_str(&std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_default()).unwrap_or_default();
    let mut scopes = Vec::new();
    for _ in 0..SIGN_INS_MAX {
        let oauth = OAuthSpec { grant: grant(scenario, &context), scopes: scopes.clone(), issuer: None };
        let faults = tried(&url, oauth, &mut scopes).await;
        if faults.iter().any(|fault| fault.contains("sign-in needed")) {
            continue;
        }
        let Some(wanted) = faults.iter().find_map(|fault| wanted_scope(fault)) else {
            assert!(faults.is_empty(), "{faults:?}");
            return;
        };
        scopes.extend(wanted.split(' ').map(str::to_owned));
    }
    panic!("it wants ever more sign-ins: {scopes:?}");
}

fn grant(scenario: &str, context: &Value) -> Grant {
    let text = |name: &str| context[name].as_str().map(str::to_owned);
    if scenario.contains("client-credentials") {
        let client_secret = text("client_secret").unwrap_or_default().into();
        return Grant::ClientCredentials { client_id: text("client_id").unwrap(), client_secret };
    }
    let client_id = text("client_id");
    let client_metadata_url = client_id.is_none().then(|| CLIENT_METADATA_URL.parse().unwrap());
    let client_secret = text("client_secret").map(SecretString::from);
    Grant::AuthorizationCode { client_id, client_secret, client_metadata_url, redirect_port: None }
}

/// The scope that the host says is wanted.
fn wanted_scope(fault: &str) -> Option<String> {
    let (_, rest) = fault.split_once("the server wants the scope \"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

async fn tried(url: &Url, oauth: OAuthSpec, scopes: &mut Vec<String>) -> Vec<String> {
    let transport =
        Transport::Http { url: url.clone(), headers: BTreeMap::new(), oauth: Some(Box::new(oauth.clone())) };
    let spec = approved::spec("suite", transport);
    let mut sign_ins = SignInKeeper::nowhere();
    if matches!(oauth.grant, Grant::AuthorizationCode { .. }) {
        let login = Login::begin(&spec, &"http://127.0.0.1:3000/callback".parse().unwrap()).await.unwrap();
        let asked = login.address().query_pairs().find(|(name, _)| name == "scope");
        *scopes = asked.map(|(_, asked)| asked.split(' ').map(str::to_owned).collect()).unwrap_or_default();
        let back = crate::oauth::browser::led_to(login.address()).await;
        sign_ins = kept(login.finish(&back).await.unwrap());
    }
    let host = McpHost::start_signed_in(vec![spec], &sign_ins);
    host.settled().await;
    let status = host.status().remove(0);
    let mut faults: Vec<String> = status.state.reason().map(str::to_owned).into_iter().collect();
    if status.state == ServerState::Ready {
        for tool in &status.tools {
            if let Err(error) = send(&host, &bound_to("suite", &tool.name, &json!({})), &approved::ticket()).await {
                let said = match &error {
                    DispatchError::NotSent { reason, .. } | DispatchError::Refused { reason } => reason.for_people(),
                    other => other.to_string(),
                };
                faults.push(format!("{}: {said}", tool.name));
            }
        }
    }
    host.shutdown().await;
    faults
}

/// Keeps one sign-in in memory, as the store would.
fn kept(value: SecretString) -> SignInKeeper {
    let kept = Arc::new(Mutex::new(Some(KeptSignIn { revision: 0, value })));
    let reading = Arc::clone(&kept);
    let load = move |_| std::future::ready(Ok(reading.lock().unwrap().clone()));
    let put = move |_, over: u64, value: Option<SecretString>| {
        *kept.lock().unwrap() = value.map(|value| KeptSignIn { revision: over + 1, value });
        std::future::ready(Ok(true))
    };
    SignInKeeper::new(load, put)
}
