//! Which authorization server guards an MCP server, and whether it is one to deal with: rmcp reads the metadata
//! (RFC 9728, RFC 8414, `OpenID` Connect Discovery) and holds resource and issuer against what was asked; here is judged what it
//! lets pass.

use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;

use rmcp::transport::auth::{AuthError, AuthorizationManager, AuthorizationMetadata, AuthorizationMetadataSource};
use url::Url;

use super::wire::Wire;
use super::{Grant, OAuthSpec, SignInError};
use crate::mcp_host::Reason;

/// The one method of PKCE that is worth anything (RFC 7636 section 4.2).
const PKCE_METHOD: &str = "S256";

/// An authorization server that may be asked for tokens.
pub(super) struct Found {
    pub manager: AuthorizationManager,
    pub metadata: AuthorizationMetadata,
}

/// Finds the authorization server of an MCP server.
pub(super) async fn find(url: &Url, spec: &OAuthSpec) -> Result<Found, SignInError> {
    let wire = Arc::new(Wire::new(url)?);
    let open = async |address: &Url| {
        AuthorizationManager::new_with_oauth_http_client(address.clone(), Arc::clone(&wire) as _).await.map_err(failed)
    };
    let mut manager = open(url).await?;
    let challenge = wire.challenge(url).await;
    let resolution = manager.resolve_metadata_from_challenge(challenge.as_deref()).await.map_err(failed)?;
    let metadata = match (&spec.issuer, resolution.source) {
        // An older server says nothing of its authorization server: the configuration does.
        (Some(issuer), AuthorizationMetadataSource::LegacyEndpointFallback) => {
            let found = open(issuer).await?.resolve_metadata().await.map_err(failed)?;
            if !found.source.is_discovered() {
                return Err(SignInError::failed(format!(
                    "{issuer} publishes no metadata of an authorization server: correct issuer"
                )));
            }
            found.metadata
        }
        (None, AuthorizationMetadataSource::LegacyEndpointFallback) => {
            return Err(SignInError::failed(format!(
                "{url} names no authorization server: give issuer, if its documentation names one"
            )));
        }
        _ => resolution.metadata,
    };
    judge(url, spec, &metadata)?;
    manager.set_metadata(metadata.clone());
    Ok(Found { manager, metadata })
}

fn judge(url: &Url, spec: &OAuthSpec, metadata: &AuthorizationMetadata) -> Result<(), SignInError> {
    let said = metadata.issuer.as_deref().unwrap_or_default();
    if let Some(issuer) = &spec.issuer
        && said.trim_end_matches('/') != issuer.as_str().trim_end_matches('/')
    {
        let phrase = format!(
            "{url} is guarded by another authorization server than issuer says, {:?}: correct it, or don't trust this server",
            issuer.as_str()
        );
        return Err(SignInError::failed(Reason::said(phrase, &format!("it is {said:?}"))));
    }
    for endpoint in [&metadata.authorization_endpoint, &metadata.token_endpoint] {
        let is_allowed = Url::parse(endpoint).is_ok_and(|endpoint| Wire::allows(url, &endpoint));
        if !is_allowed {
            let words = format!("{said:?} names {endpoint:?}");
            let phrase = "the authorization server names an address that is not https: nothing is sent there";
            return Err(SignInError::failed(Reason::said(phrase, &words)));
        }
    }
    let methods = metadata.code_challenge_methods_supported.as_deref().unwrap_or_default();
    // Who says nothing of it does not do it, and a code that is caught on its way would be worth a token.
    let knows_pkce = methods.iter().any(|method| method == PKCE_METHOD);
    if matches!(spec.grant, Grant::AuthorizationCode { .. }) && !knows_pkce {
        let phrase = format!(
            "the authorization server does not say that it supports PKCE with {PKCE_METHOD}: nobody may sign in so"
        );
        return Err(SignInError::failed(Reason::said(phrase, &format!("it is {said:?}"))));
    }
    Ok(())
}

/// What an authorization server refuses with (RFC 6749 section 5.2, RFC 8707 section 2).
const REFUSALS: [&str; 7] = [
    "invalid_client",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_grant",
    "invalid_target",
    "invalid_request",
];

/// An error of rmcp's with all that lies beneath it: what a server says is in it, too.
pub(super) fn failed(error: AuthError) -> SignInError {
    let error = Box::<dyn Error>::from(error);
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        // Writing to a String can't fail.
        let _ = write!(text, ": {cause}");
        beneath = cause.source();
    }
    let refusal = REFUSALS.iter().find(|code| text.contains(**code));
    let phrase = refusal.map_or_else(
        || "the authorization server could not be dealt with".to_owned(),
        |code| format!("the authorization server refused ({code})"),
    );
    SignInError::failed(Reason::said(phrase, &text))
}
