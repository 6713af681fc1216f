//! OAuth 2.1 towards MCP servers over HTTP
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization>).
//!
//! `discovery` finds the authorization server and judges what it says of itself, `wire` carries what is asked of it, [`login`] is
//! a person's sign-in, `tokens` gives each request its token and renews it, `client` puts it on the request. The protocol itself
//! is rmcp's. Tokens never stand in a log, in an error, or outside of `kept` on disk.

mod client;
mod discovery;
mod kept;
pub mod login;
mod tokens;
mod wire;

use secrecy::SecretString;
use url::Url;

use super::reason::Reason;

pub use kept::{KeptSignIn, SignInKeeper};
pub use login::{Login, LoginError};

pub(super) use client::{AuthorizedClient, sign_in_error};
pub(super) use tokens::Tokens;

/// How Deskbell gets its tokens for a server.
#[derive(Debug, Clone)]
pub struct OAuthSpec {
    /// On whose behalf.
    pub grant: Grant,
    /// What is asked for; what the server asks for when empty.
    pub scopes: Vec<String>,
    /// The only authorization server that is trusted; the one that the server names when absent.
    pub issuer: Option<Url>,
}

/// On whose behalf Deskbell acts.
#[derive(Debug, Clone)]
pub enum Grant {
    /// Its own: a client with a secret.
    ClientCredentials {
        /// Its name at the authorization server.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
    /// A person's, who signed in once by `deskbell mcp login`.
    AuthorizationCode {
        /// Its name at the authorization server; else it registers itself.
        client_id: Option<String>,
        /// The secret that goes with the name.
        client_secret: Option<SecretString>,
        /// The address of a client ID metadata document, where authorization servers take it for a name
        /// (<https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/>).
        client_metadata_url: Option<Url>,
        /// The port on this machine at which the person's browser comes back; any free one when absent.
        redirect_port: Option<u16>,
    },
}

/// Why there is no token. Shown as text it is Deskbell's own phrase: what servers said of it is in [`SignInError::reason`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// A person has to sign in.
    #[error("sign-in needed: run `deskbell mcp login {server}` ({why})")]
    Needed {
        /// The server.
        server: String,
        /// Why a sign-in that there was does not do.
        why: String,
        /// The revision of the one that does no more; 0 when there was none.
        sign_in: u64,
    },
    /// The token does not reach as far as the request: a person has to sign in for more.
    #[error(
        "the sign-in does not reach that far: add what the server wants to scopes of [mcp.{server}.oauth] and run `deskbell mcp login {server}`"
    )]
    Scope {
        /// The server.
        server: String,
        /// What is wanted, as far as the server says.
        scope: Option<String>,
    },
    /// The authorization server did not give one. It is asked again later.
    #[error("no token could be had: {reason}")]
    Failed {
        /// Why, and what to do.
        reason: Reason,
    },
}

impl SignInError {
    /// With what the authorization server, or the MCP server, said.
    pub(super) fn reason(&self) -> Reason {
        let words = match self {
            Self::Needed { .. } | Self::Scope { scope: None, .. } => None,
            Self::Scope { scope: Some(scope), .. } => Some(format!("the server wants the scope {scope:?}")),
            Self::Failed { reason } => reason.clone().into_parts().1,
        };
        Reason::said(self.to_string(), &words.unwrap_or_default())
    }

    /// For a person who asks, and no log.
    pub fn for_people(&self) -> String {
        self.reason().for_people()
    }

    fn failed(reason: impl Into<Reason>) -> Self {
        Self::Failed { reason: reason.into() }
    }

    fn needed(server: &str, sign_in: u64, why: &str) -> Self {
        Self::Needed { server: server.to_owned(), why: why.to_owned(), sign_in }
    }
}
