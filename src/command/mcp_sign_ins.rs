//! The sign-ins at MCP servers, for commands that start the host for a moment: beside a running Deskbell too.

use super::Failure;
use crate::config::{Config, GrantKind};
use crate::mcp_host::{ServerSpec, SignInKeeper};
use crate::serve::sign_in_keeper;
use crate::store::Store;

/// The sign-ins of a configuration, as far as there are any.
pub(super) struct SignIns {
    keeper: SignInKeeper,
    store: Option<Store>,
}

impl SignIns {
    /// Opens the store if a server wants a person's sign-in. Makes and migrates nothing; what is wrong with the store is said by
    /// the servers that then want a sign-in, and by `deskbell doctor`.
    pub fn of(config: &Config) -> Self {
        let of_people = |oauth: &crate::config::OAuthConfig| oauth.grant == GrantKind::AuthorizationCode;
        let wanted = config.mcp.values().filter_map(|server| server.oauth.as_ref()).any(of_people);
        let settings = config.store_config();
        let key = if wanted && settings.path.exists() { config.master_key(false).ok() } else { None };
        let reading = key.as_ref().and_then(|key| Store::open_read_only(&settings, key.clone()).ok());
        let Some((reading, key)) = reading.zip(key) else {
            return Self { keeper: SignInKeeper::nowhere(), store: None };
        };
        match Store::open(&settings, key) {
            Ok(store) => Self { keeper: sign_in_keeper(store.clone()), store: Some(store) },
            Err(_) => Self { keeper: sign_in_keeper(reading.clone()).renewed_elsewhere(), store: Some(reading) },
        }
    }

    /// The way to them for the host.
    pub fn keeper(&self) -> &SignInKeeper {
        &self.keeper
    }

    /// Once the host has ended.
    pub async fn close(self) {
        if let Some(store) = self.store {
            store.shutdown().await;
        }
    }
}

/// A configured server with its secrets.
pub(super) fn server_named(config: &Config, name: &str) -> Result<ServerSpec, Failure> {
    let Some(server) = config.mcp.get(name) else {
        let known: Vec<&str> = config.mcp.keys().map(String::as_str).collect();
        return Err(Failure::wrong(format!(
            "no MCP server is named {name:?}; configured are: {}. Add [mcp.{name}] first",
            known.join(", ")
        )));
    };
    Ok(config.server_spec(name, server)?)
}
