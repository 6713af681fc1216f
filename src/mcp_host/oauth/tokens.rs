//! The token of one server: had once, given to every request, renewed a little before it expires or when the server refuses it.
//! However many requests want a new one at once, one is asked for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oauth2::TokenResponse;
use rmcp::transport::auth::{AuthError, ClientCredentialsConfig, OAuthClientConfig, OAuthTokenResponse};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use url::Url;

use super::discovery::{self, Found, failed};
use super::kept::{Credentials, Shared, SignIn, SignInKeeper};
use super::{Grant, OAuthSpec, SignInError};

/// A token is renewed so long before it expires, or a tenth of its life, whichever is shorter.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// After a failure nobody asks again so soon: those who waited for the one that failed would, one after another.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often it is looked whether the sign-in is still the one that is used.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Scopes that a server may want beyond those of the configuration.
const MORE_SCOPES_MAX: usize = 50;
/// Where a browser would come back to; a renewal leads nobody there.
const NO_REDIRECT: &str = "http://127.0.0.1/callback";

/// The tokens of one server.
pub(in crate::mcp_host) struct Tokens {
    server: String,
    url: Url,
    spec: OAuthSpec,
    keeper: SignInKeeper,
    held: Mutex<Held>,
    /// A person has to sign in, though a token was there before.
    lost: Notify,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    failed: Option<(Instant, SignInError)>,
    /// The sign-in that does no more, by its revision, and why.
    needed: Option<(Option<u64>, SignInError)>,
    /// Asked for beyond those of the configuration, because the server wanted them.
    more_scopes: Vec<String>,
    /// Those that no token could be had for, lately.
    not_granted: Option<(Instant, Vec<String>)>,
}

/// A token and when to renew it.
#[derive(Clone)]
struct Token {
    secret: SecretString,
    renew_at: Option<SystemTime>,
    /// The scopes that it was asked for with, where Deskbell asks by itself.
    asked_for: Vec<String>,
}

impl Token {
    fn of(response: &OAuthTokenResponse, received_at: SystemTime) -> Self {
        let renew_at = response.expires_in().and_then(|life| {
            let early = RENEW_BEFORE.min(life / 10);
            received_at.checked_add(life.saturating_sub(early))
        });
        Self { secret: response.access_token().secret().clone().into(), renew_at, asked_for: Vec::new() }
    }

    fn is_fresh(&self) -> bool {
        self.renew_at.is_none_or(|at| SystemTime::now() < at)
    }

    fn is(&self, other: &SecretString) -> bool {
        self.secret.expose_secret() == other.expose_secret()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Tokens {
    pub fn new(server: &str, url: Url, spec: OAuthSpec, keeper: SignInKeeper) -> Arc<Self> {
        let (held, lost) = (Mutex::default(), Notify::new());
        Arc::new(Self { server: server.to_owned(), url, spec, keeper, held, lost })
    }

    /// A token that has not expired.
    pub async fn token(self: &Arc<Self>) -> Result<SecretString, SignInError> {
        self.obtained(None, Vec::new()).await
    }

    /// A token in the place of one that the server refused.
    pub async fn renewed(self: &Arc<Self>, refused: &SecretString) -> Result<SecretString, SignInError> {
        self.obtained(Some(refused.clone()), Vec::new()).await
    }

    /// A token that reaches further than one that the server refused, where no person has to be asked for it.
    pub async fn widened(
        self: &Arc<Self>,
        refused: &SecretString,
        scope: Option<&str>,
    ) -> Result<SecretString, SignInError> {
        let held = self.held.lock().await;
        let wanted: Vec<&str> = scope.unwrap_or_default().split_whitespace().collect();
        let reaches = |token: &Token| wanted.iter().all(|scope| token.asked_for.iter().any(|asked| asked == scope));
        let is_of_no_use = held.token.as_ref().is_some_and(|token| token.is(refused) && reaches(token));
        let more = wanted.iter().filter(|scope| !held.more_scopes.iter().any(|known| known == *scope));
        let more: Vec<String> = more.map(|scope| (*scope).to_owned()).collect();
        let is_too_much = held.more_scopes.len() + more.len() > MORE_SCOPES_MAX;
        drop(held);
        let too_narrow = || SignInError::Scope { server: self.server.clone(), scope: scope.map(str::to_owned) };
        if is_of_no_use || is_too_much || matches!(self.spec.grant, Grant::AuthorizationCode { .. }) {
            return Err(too_narrow());
        }
        // Whatever keeps the wider token away, what the old one reaches goes on.
        self.obtained(Some(refused.clone()), more).await.map_err(|_| too_narrow())
    }

    /// Once a person has to sign in though there was a token: it is not renewed any more, or somebody signed out.
    pub async fn lost(&self) {
        loop {
            tokio::select! {
                () = self.lost.notified() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if matches!(self.spec.grant, Grant::AuthorizationCode { .. }) && self.is_signed_out().await {
                return;
            }
        }
    }

    /// Whether somebody signed out; takes up another sign-in that stands in the place of the one that is used.
    async fn is_signed_out(&self) -> bool {
        let mut held = self.held.lock().await;
        let Ok(kept) = self.keeper.load(&self.server).await else { return false };
        let response = kept.as_ref().and_then(|(_, sign_in)| sign_in.credentials.token_response.as_ref());
        let token = response.map(|response| response.access_token().secret());
        held.token = held.token.take().filter(|held| token.is_some_and(|kept| kept == held.secret.expose_secret()));
        kept.is_none()
    }

    /// Once nothing is being asked for: what comes of it must be kept.
    pub async fn settled(&self) {
        drop(self.held.lock().await);
    }

    /// In a task of its own: whoever gives up waiting must not lose what the authorization server gives for the old token.
    async fn obtained(
        self: &Arc<Self>,
        refused: Option<SecretString>,
        more: Vec<String>,
    ) -> Result<SecretString, SignInError> {
        let tokens = Arc::clone(self);
        let obtaining = tokio::spawn(async move {
            if more.is_empty() {
                tokens.obtain(refused.as_ref()).await
            } else {
                tokens.widen(refused.as_ref(), more).await
            }
        });
        obtaining.await.unwrap_or_else(|_| Err(SignInError::failed("Deskbell is ending")))
    }

    async fn obtain(&self, refused: Option<&SecretString>) -> Result<SecretString, SignInError> {
        let mut held = self.held.lock().await;
        self.obtain_into(&mut held, refused).await
    }

    /// A token for more scopes; when it is not to be had, all is as before.
    async fn widen(&self, refused: Option<&SecretString>, more: Vec<String>) -> Result<SecretString, SignInError> {
        let mut held = self.held.lock().await;
        if let Some((at, scopes)) = &held.not_granted
            && at.elapsed() < ASK_AGAIN_AFTER
            && *scopes == more
        {
            return Err(SignInError::Scope { server: self.server.clone(), scope: Some(more.join(" ")) });
        }
        let (token, before) = (held.token.clone(), held.more_scopes.clone());
        held.more_scopes.extend(more.iter().filter(|scope| !before.contains(scope)).cloned());
        let obtained = self.obtain_into(&mut held, refused).await;
        if obtained.is_err() {
            (held.token, held.more_scopes, held.failed) = (token, before, None);
            held.not_granted = Some((Instant::now(), more));
        }
        obtained
    }

    async fn obtain_into(&self, held: &mut Held, refused: Option<&SecretString>) -> Result<SecretString, SignInError> {
        let serves = |token: &Token| token.is_fresh() && !refused.is_some_and(|refused| token.is(refused));
        if let Some(token) = held.token.as_ref().filter(|token| serves(token)) {
            return Ok(token.secret.clone());
        }
        if let Some((at, error)) = &held.failed
            && at.elapsed() < ASK_AGAIN_AFTER
        {
            return Err(error.clone());
        }
        let had_one = held.token.take().is_some();
        let asked = match &self.spec.grant {
            Grant::ClientCredentials { client_id, client_secret } => {
                self.asked_for_itself(client_id, client_secret, &held.more_scopes).await
            }
            Grant::AuthorizationCode { client_id, client_secret, .. } => {
                let loaded = self.keeper.load(&self.server).await.map_err(SignInError::failed)?;
                let revision = loaded.as_ref().map(|(revision, _)| *revision);
                if let Some((seen, error)) = &held.needed
                    && (revision.is_none() || *seen == revision)
                {
                    return Err(error.clone());
                }
                let asked = self.of_a_person(loaded, client_id.as_deref(), client_secret.as_ref(), serves).await;
                held.needed = match &asked {
                    Err(error @ SignInError::Needed { .. }) => Some((revision, error.clone())),
                    _ => None,
                };
                asked
            }
        };
        match asked {
            Ok(token) => {
                let secret = token.secret.clone();
                (held.token, held.failed) = (Some(token), None);
                Ok(secret)
            }
            Err(error) => {
                if had_one && matches!(error, SignInError::Needed { .. }) {
                    self.lost.notify_one();
                }
                // A sign-in may be there the next moment, and looking for it asks nobody outside.
                // Nor are scopes asked for for ever that are not granted any more: whoever wants them says so again.
                held.more_scopes.clear();
                if !matches!(error, SignInError::Needed { .. }) {
                    held.failed = Some((Instant::now(), error.clone()));
                }
                Err(error)
            }
        }
    }

    async fn asked_for_itself(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        more_scopes: &[String],
    ) -> Result<Token, SignInError> {
        let Found { mut manager, .. } = discovery::find(&self.url, &self.spec).await?;
        let mut scopes = self.spec.scopes.clone();
        if scopes.is_empty() {
            scopes = manager.select_initial_scopes(&[]).await;
        }
        scopes.extend(more_scopes.iter().filter(|more| !scopes.contains(more)).cloned().collect::<Vec<_>>());
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: client_id.to_owned(),
            client_secret: client_secret.expose_secret().to_owned(),
            scopes: scopes.clone(),
            resource: Some(self.url.to_string()),
        };
        manager.validate_client_credentials_metadata(&config).map_err(failed)?;
        manager.configure_client_credentials(&config).map_err(failed)?;
        let asked_at = SystemTime::now();
        let response = manager.exchange_client_credentials(&config).await.map_err(failed)?;
        tracing::info!(server = self.server, "a new token was had");
        Ok(Token { asked_for: scopes, ..Token::of(&response, asked_at) })
    }

    async fn of_a_person(
        &self,
        loaded: Option<(u64, SignIn)>,
        client_id: Option<&str>,
        client_secret: Option<&SecretString>,
        serves: impl Fn(&Token) -> bool,
    ) -> Result<Token, SignInError> {
        let Some((revision, sign_in)) = loaded else {
            return Err(SignInError::needed(&self.server, 0, "nobody has signed in"));
        };
        let needed = |why: &str| SignInError::needed(&self.server, revision, why);
        if sign_in.url != self.url.as_str() {
            return Err(needed("the sign-in is one at another address"));
        }
        let credentials = &sign_in.credentials;
        if client_id.is_some_and(|configured| configured != credentials.client_id) {
            return Err(needed("the sign-in is another client's than client_id"));
        }
        let Some(response) = &credentials.token_response else { return Err(needed("the sign-in has no token")) };
        let received_at = UNIX_EPOCH + Duration::from_secs(credentials.token_received_at.unwrap_or_default());
        let token = Token::of(response, received_at);
        if serves(&token) {
            return Ok(token);
        }
        if response.refresh_token().is_none() {
            return Err(needed("its token expired, and the authorization server gave none to renew it with"));
        }
        let secret = client_secret.map(|secret| secret.expose_secret().to_owned()).or(sign_in.client_secret.clone());
        self.refreshed(revision, sign_in, secret).await
    }

    async fn refreshed(
        &self,
        revision: u64,
        sign_in: SignIn,
        client_secret: Option<String>,
    ) -> Result<Token, SignInError> {
        let needed = |why: &str| SignInError::needed(&self.server, revision, why);
        if !self.keeper.may_renew() {
            return Err(SignInError::failed(
                "its token has expired, and the Deskbell that runs renews it: ask again in a minute",
            ));
        }
        let Found { mut manager, metadata } = discovery::find(&self.url, &self.spec).await?;
        if sign_in.credentials.issuer != metadata.issuer {
            return Err(needed("the server has another authorization server now"));
        }
        let mut client = OAuthClientConfig::new(sign_in.credentials.client_id.clone(), NO_REDIRECT);
        if let Some(secret) = client_secret {
            client = client.with_client_secret(secret);
        }
        manager.configure_client(client).map_err(failed)?;
        manager.set_credential_store(Shared(Credentials::of(self.keeper.clone(), &self.server, revision, sign_in)));
        let asked_at = SystemTime::now();
        match manager.refresh_token().await {
            Ok(response) => {
                tracing::info!(server = self.server, "the token was renewed");
                Ok(Token::of(&response, asked_at))
            }
            Err(AuthError::TokenRefreshRejected(_)) => {
                // Unless somebody signed in meanwhile: then that one stays.
                if let Err(reason) = self.keeper.put(&self.server, revision, None).await {
                    tracing::warn!(
                        server = self.server,
                        reason,
                        "a sign-in that is no good any more could not be forgotten"
                    );
                }
                Err(needed("the authorization server does not renew its token any more"))
            }
            Err(AuthError::AuthorizationRequired) => Err(needed("its token can't be renewed")),
            Err(error) => Err(failed(error)),
        }
    }
}
