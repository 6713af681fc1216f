//! Signing in at MCP servers by OAuth, on the wire: the host, a store on disk, and a guarded server in a box.

pub mod browser;
mod command;
pub mod guarded;
mod itself;
mod person;
mod refusals;

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell::mcp_host::{
    Bindings, DispatchError, Grant, McpHost, OAuthSpec, ServerSpec, ServerState, SignInKeeper, Transport,
};
use deskbell_domain::ticket::ExternalRef;

use crate::mcp::approved;
use guarded::{CLIENT, Guarded};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The guarded server, called `guarded`.
fn spec(it: &Guarded, oauth: OAuthSpec) -> ServerSpec {
    let url = it.url().parse().unwrap();
    approved::spec("guarded", Transport::Http { url, headers: BTreeMap::new(), oauth: Some(Box::new(oauth)) })
}

fn itself() -> OAuthSpec {
    let (client_id, client_secret) = (CLIENT.0.to_owned(), CLIENT.1.into());
    OAuthSpec {
        grant: Grant::ClientCredentials { client_id, client_secret },
        scopes: vec!["read".into()],
        issuer: None,
    }
}

fn a_person() -> OAuthSpec {
    let grant = Grant::AuthorizationCode {
        client_id: None,
        client_secret: None,
        client_metadata_url: None,
        redirect_port: None,
    };
    OAuthSpec { grant, scopes: Vec::new(), issuer: None }
}

async fn host(spec: ServerSpec, sign_ins: &SignInKeeper) -> McpHost {
    let host = McpHost::start_signed_in(vec![spec], sign_ins);
    host.settled().await;
    host
}

fn state(host: &McpHost) -> ServerState {
    host.status().remove(0).state
}

/// Looks until it is so.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what} never came"));
}

fn bindings() -> Bindings {
    approved::bound(
        "guarded",
        "add_comment",
        "arguments = { body = \"=action.body\" }\nresult = { key = 'text:made (.*)' }",
    )
}

async fn comment(host: &McpHost) -> Result<Option<ExternalRef>, DispatchError> {
    approved::send(host, &bindings(), &approved::ticket()).await
}

/// Comments, all at once.
async fn comment_at_once(host: &McpHost, count: usize) {
    let calls = (0..count).map(|_| comment(host));
    for made in futures_util::future::join_all(calls).await {
        assert_eq!(made.unwrap().unwrap().key, "COM-1");
    }
}
