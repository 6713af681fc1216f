//! A sign-in as it is kept, and the way to where it is: whoever starts the host says where that is.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::transport::auth::{AuthError, CredentialStore, StoredCredentials};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What comes of asking the keeper.
type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;
type Load = dyn Fn(String) -> Answer<Option<KeptSignIn>> + Send + Sync;
type Put = dyn Fn(String, u64, Option<SecretString>) -> Answer<bool> + Send + Sync;

/// A sign-in with the revision that tells it from others.
#[derive(Clone)]
pub struct KeptSignIn {
    /// Another for each that was put in its place.
    pub revision: u64,
    /// What [`super::Login::finish`] gave.
    pub value: SecretString,
}

/// The way to where sign-ins are kept.
#[derive(Clone)]
pub struct SignInKeeper {
    load: Arc<Load>,
    put: Arc<Put>,
    may_renew: bool,
}

impl fmt::Debug for SignInKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInKeeper(…)")
    }
}

impl SignInKeeper {
    /// `load` gives the sign-in at a server; `put` puts another in the place of the one of that revision, or forgets it, and says
    /// whether that one still stood there. Errors are for people.
    pub fn new<L, P, LF, PF>(load: L, put: P) -> Self
    where
        L: Fn(String) -> LF + Send + Sync + 'static,
        P: Fn(String, u64, Option<SecretString>) -> PF + Send + Sync + 'static,
        LF: Future<Output = Result<Option<KeptSignIn>, String>> + Send + 'static,
        PF: Future<Output = Result<bool, String>> + Send + 'static,
    {
        Self {
            load: Arc::new(move |server| Box::pin(load(server))),
            put: Arc::new(move |server, over, value| Box::pin(put(server, over, value))),
            may_renew: true,
        }
    }

    /// Another process renews them, and would be left with tokens that are no good any more.
    #[must_use]
    pub fn renewed_elsewhere(self) -> Self {
        Self { may_renew: false, ..self }
    }

    pub(super) fn may_renew(&self) -> bool {
        self.may_renew
    }

    /// Where nobody ever signed in.
    pub fn nowhere() -> Self {
        Self::new(
            |_| std::future::ready(Ok(None)),
            |_, _, _| std::future::ready(Err("sign-ins are kept nowhere".to_owned())),
        )
    }

    pub(super) async fn load(&self, server: &str) -> Result<Option<(u64, SignIn)>, String> {
        let Some(kept) = (self.load)(server.to_owned()).await? else { return Ok(None) };
        Ok(SignIn::read(&kept.value).map(|sign_in| (kept.revision, sign_in)))
    }

    pub(super) async fn put(&self, server: &str, over: u64, value: Option<SecretString>) -> Result<bool, String> {
        (self.put)(server.to_owned(), over, value).await
    }
}

/// A person's sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// The MCP server's address: its tokens go nowhere else.
    pub url: String,
    /// The secret of a client that registered itself.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// The rest: client, tokens, scopes, issuer.
    pub credentials: StoredCredentials,
}

impl SignIn {
    /// `None` for what no version of Deskbell wrote.
    fn read(value: &SecretString) -> Option<Self> {
        serde_json::from_str(value.expose_secret()).ok()
    }

    pub fn written(&self) -> Result<SecretString, String> {
        serde_json::to_string(self)
            .map(SecretString::from)
            .map_err(|error| format!("the sign-in can't be written: {error}"))
    }
}

/// The credentials that rmcp works with: those of one sign-in. What is renewed is kept before it is used.
pub(super) struct Credentials {
    held: Mutex<Option<StoredCredentials>>,
    keep: Option<Keep>,
}

struct Keep {
    keeper: SignInKeeper,
    server: String,
    over: u64,
    sign_in: SignIn,
}

impl Credentials {
    /// Of a sign-in under way: whoever asked for it keeps it.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { held: Mutex::new(None), keep: None })
    }

    /// Of a sign-in that is kept.
    pub fn of(keeper: SignInKeeper, server: &str, over: u64, sign_in: SignIn) -> Arc<Self> {
        let held = Mutex::new(Some(sign_in.credentials.clone()));
        Arc::new(Self { held, keep: Some(Keep { keeper, server: server.to_owned(), over, sign_in }) })
    }

    /// What is held now.
    pub fn held(&self) -> Option<StoredCredentials> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// [`Credentials`] as rmcp takes them.
pub(super) struct Shared(pub Arc<Credentials>);

#[async_trait::async_trait]
impl CredentialStore for Shared {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        Ok(self.0.held())
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        if let Some(keep) = &self.0.keep {
            let renewed = SignIn { credentials: credentials.clone(), ..keep.sign_in.clone() };
            let value = renewed.written().map_err(AuthError::CredentialStoreError)?;
            let kept = keep.keeper.put(&keep.server, keep.over, Some(value)).await;
            if !kept.map_err(AuthError::CredentialStoreError)? {
                return Err(AuthError::CredentialStoreError("somebody signed in or out meanwhile".to_owned()));
            }
        }
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        Ok(())
    }

    async fn clear(&self) -> Result<(), AuthError> {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}
