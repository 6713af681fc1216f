//! `[mcp.NAME.oauth]`: how Deskbell signs in at an MCP server.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::source::{ConfigError, Source};
use super::value::SecretRef;
use crate::mcp_host::{Grant, OAuthSpec};

/// Signing in by OAuth 2.1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthConfig {
    /// On whose behalf.
    pub grant: GrantKind,
    /// Deskbell's name at the authorization server; without it Deskbell registers itself.
    pub client_id: Option<String>,
    /// The secret that goes with it.
    pub client_secret: Option<SecretRef>,
    /// The address of a client ID metadata document that the operator publishes.
    pub client_metadata_url: Option<Spanned<Url>>,
    /// What is asked for; what the server asks for when absent.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The only authorization server that is trusted; the one that the server names when absent. It must be there with
    /// `client_secret`: the secret would go to whomever the server names.
    pub issuer: Option<Spanned<Url>>,
    /// The port at which the browser comes back; any free one when absent.
    pub redirect_port: Option<u16>,
}

/// On whose behalf Deskbell acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// Its own.
    ClientCredentials,
    /// A person's, who signs in once.
    AuthorizationCode,
}

impl OAuthConfig {
    /// What is wrong with it, as far as that shows without its secret.
    pub(super) fn fault(&self, name: &str, source: &Source) -> Option<ConfigError> {
        let here = |message: &str| ConfigError::at(source.name(), format!("[mcp.{name}.oauth] {message}"));
        let at = |url: &Spanned<Url>, message: &str| {
            Some(source.error(&url.span(), format!("[mcp.{name}.oauth] {message}")))
        };
        if let Some(issuer) = self.issuer.as_ref().filter(|url| !matches!(url.get_ref().scheme(), "https" | "http")) {
            return at(issuer, "issuer: name the authorization server's https address");
        }
        if let Some(url) = self.client_metadata_url.as_ref()
            && (url.get_ref().scheme() != "https" || url.get_ref().path() == "/")
        {
            return at(
                url,
                "client_metadata_url: it must be https and have a path, or no authorization server takes it",
            );
        }
        if self.scopes.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
            return Some(here("scopes: write each as a text of its own, without spaces"));
        }
        match self.grant {
            GrantKind::ClientCredentials if self.client_id.is_none() || self.client_secret.is_none() => {
                Some(here("grant client_credentials wants client_id and client_secret"))
            }
            GrantKind::ClientCredentials if self.client_metadata_url.is_some() || self.redirect_port.is_some() => {
                Some(here("client_metadata_url and redirect_port belong to grant authorization_code"))
            }
            GrantKind::AuthorizationCode if self.client_secret.is_some() && self.client_id.is_none() => {
                Some(here("client_secret goes with a client_id: give that too"))
            }
            GrantKind::AuthorizationCode if self.client_id.is_some() && self.client_metadata_url.is_some() => {
                Some(here("says both client_id and client_metadata_url: keep one of them"))
            }
            GrantKind::ClientCredentials | GrantKind::AuthorizationCode
                if self.client_secret.is_some() && self.issuer.is_none() =>
            {
                Some(here(
                    "client_secret goes with issuer, the authorization server that it is for, or it would go to whichever the \
                     MCP server names: add issuer = \"https://...\", as the server's documentation names it",
                ))
            }
            GrantKind::ClientCredentials | GrantKind::AuthorizationCode => None,
        }
    }

    /// Its secret's file, if it is in one.
    pub(super) fn setting_file(&self, name: &str, folder: &Path) -> Option<(String, PathBuf)> {
        let file = self.client_secret.as_ref()?.file()?;
        Some((format!("mcp.{name}.oauth.client_secret"), folder.join(file)))
    }

    /// It with its secret.
    pub(super) fn spec(&self, name: &str, folder: &Path, source: &Source) -> Result<OAuthSpec, ConfigError> {
        let secret = match &self.client_secret {
            None => None,
            Some(reference) => Some(reference.resolve(folder).map_err(|message| {
                source.error(&reference.span(), format!("mcp.{name}.oauth.client_secret: {message}"))
            })?),
        };
        let url = |written: &Option<Spanned<Url>>| written.as_ref().map(|url| url.get_ref().clone());
        let grant = match (self.grant, &self.client_id, secret) {
            (GrantKind::ClientCredentials, Some(client_id), Some(client_secret)) => {
                Grant::ClientCredentials { client_id: client_id.clone(), client_secret }
            }
            (GrantKind::ClientCredentials, ..) => {
                let message = format!("[mcp.{name}.oauth] grant client_credentials wants client_id and client_secret");
                return Err(ConfigError::at(source.name(), message));
            }
            (GrantKind::AuthorizationCode, client_id, client_secret) => Grant::AuthorizationCode {
                client_id: client_id.clone(),
                client_secret,
                client_metadata_url: url(&self.client_metadata_url),
                redirect_port: self.redirect_port,
            },
        };
        Ok(OAuthSpec { grant, scopes: self.scopes.clone(), issuer: url(&self.issuer) })
    }
}
