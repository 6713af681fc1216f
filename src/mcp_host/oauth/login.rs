//! A person's sign-in: the address to open, and what to make of the one that the browser comes back to.

use std::fmt;
use std::sync::Arc;

use rmcp::transport::auth::{AuthError, AuthorizationManager, OAuthClientConfig};
use secrecy::SecretString;
use url::Url;

use super::discovery::{self, Found, failed};
use super::kept::{Credentials, Shared, SignIn};
use super::{Grant, SignInError};
use crate::mcp_host::spec::{ServerSpec, Transport};

/// How Deskbell names itself where it registers.
const CLIENT_NAME: &str = "Deskbell";
/// The scope that makes some authorization servers give a token to renew others with.
const OFFLINE_ACCESS: &str = "offline_access";

/// A sign-in under way.
pub struct Login {
    url: Url,
    address: Url,
    state: String,
    manager: AuthorizationManager,
    credentials: Arc<Credentials>,
    client_secret: Option<String>,
}

/// Why a browser that came back brought no sign-in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It belongs to another sign-in, or to none: somebody else may have made it. The one under way goes on.
    #[error("what came back belongs to another sign-in: open the address that was printed last")]
    OtherState,
    /// The authorization server, or the person, refused.
    #[error("the authorization server refused: {0}")]
    Refused(String),
    /// The rest.
    #[error("{0}")]
    Failed(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Login {
    /// Finds the authorization server, makes Deskbell known there, and writes the address that the person opens. Their browser comes
    /// back to `redirect`.
    ///
    /// # Errors
    /// When the server wants no such sign-in, or its authorization server is none to deal with.
    pub async fn begin(server: &ServerSpec, redirect: &Url) -> Result<Self, SignInError> {
        let Transport::Http { url, oauth: Some(spec), .. } = &server.transport else {
            return Err(SignInError::failed(format!("[mcp.{}] has no oauth table: give it one", server.name)));
        };
        let Grant::AuthorizationCode { client_id, client_secret, client_metadata_url, .. } = &spec.grant else {
            return Err(SignInError::failed(format!(
                "[mcp.{}.oauth] grant is client_credentials: Deskbell gets its tokens by itself",
                server.name
            )));
        };
        let Found { mut manager, metadata } = discovery::find(url, spec).await?;
        let mut scopes = spec.scopes.clone();
        if scopes.is_empty() {
            scopes = manager.select_initial_scopes(&[]).await;
        } else if metadata.scopes_supported.iter().flatten().any(|scope| scope == OFFLINE_ACCESS)
            && !scopes.iter().any(|scope| scope == OFFLINE_ACCESS)
        {
            scopes.push(OFFLINE_ACCESS.to_owned());
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let takes_metadata_url = metadata
            .additional_fields
            .get("client_id_metadata_document_supported")
            .is_some_and(|supported| supported == &serde_json::Value::Bool(true));
        let name = client_id.clone().or_else(|| {
            let url = client_metadata_url.as_ref().filter(|_| takes_metadata_url);
            url.map(|url| url.as_str().to_owned())
        });
        let client = match name {
            Some(name) => {
                let config = OAuthClientConfig::new(name, redirect.as_str());
                match client_secret {
                    Some(secret) => config.with_client_secret(secrecy::ExposeSecret::expose_secret(secret)),
                    None => config,
                }
            }
            None if metadata.registration_endpoint.is_some() => {
                manager.register_client(CLIENT_NAME, redirect.as_str(), &scopes).await.map_err(failed)?
            }
            None => {
                return Err(SignInError::failed(format!(
                    "its authorization server lets nobody register by themselves: register Deskbell there with the redirect address \
                     {redirect} and give client_id and redirect_port in [mcp.{}.oauth]",
                    server.name
                )));
            }
        };
        let client_secret = client.client_secret.clone();
        manager.configure_client(client).map_err(failed)?;
        let credentials = Credentials::new();
        manager.set_credential_store(Shared(Arc::clone(&credentials)));
        let address = manager.get_authorization_url(&scopes).await.map_err(failed)?;
        let address = Url::parse(&address).map_err(|error| SignInError::failed(error.to_string()))?;
        let state = parameter(&address, "state").unwrap_or_default();
        Ok(Self { url: url.clone(), address, state, manager, credentials, client_secret })
    }

    /// What the person opens in a browser.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// Takes the address that the browser came back to; what it gives is to be kept, and read by nobody else.
    ///
    /// # Errors
    /// [`LoginError`]; after [`LoginError::OtherState`] another address may still be the right one.
    pub async fn finish(&self, came_back: &Url) -> Result<SecretString, LoginError> {
        if self.state.is_empty() || parameter(came_back, "state").as_deref() != Some(&self.state) {
            return Err(LoginError::OtherState);
        }
        if let Some(error) = parameter(came_back, "error") {
            let about = parameter(came_back, "error_description").map(|about| format!(" ({about})"));
            return Err(LoginError::Refused(format!("{error}{}", about.unwrap_or_default())));
        }
        let Some(code) = parameter(came_back, "code") else {
            return Err(LoginError::Failed("the browser came back without a code: sign in again".to_owned()));
        };
        let issuer = parameter(came_back, "iss");
        let exchanged = self.manager.exchange_code_for_token_with_issuer(&code, &self.state, issuer.as_deref()).await;
        exchanged.map_err(|error| match error {
            AuthError::AuthorizationServerMismatch { .. } | AuthError::AuthorizationServerMissingIssuer { .. } => {
                LoginError::Failed(format!(
                    "{error}: somebody may have led the browser astray, so the code was not used"
                ))
            }
            error => LoginError::Failed(failed(error).for_people()),
        })?;
        let Some(credentials) = self.credentials.held() else {
            return Err(LoginError::Failed("the authorization server gave no token".to_owned()));
        };
        let sign_in =
            SignIn { url: self.url.as_str().to_owned(), client_secret: self.client_secret.clone(), credentials };
        sign_in.written().map_err(LoginError::Failed)
    }
}

fn parameter(address: &Url, name: &str) -> Option<String> {
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
