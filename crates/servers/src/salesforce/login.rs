//! Access tokens: one for all callers, got when it is first needed and again when Salesforce no longer takes it.
//!
//! Salesforce does not say how long a token lives (the organisation's session settings do), so the sign is its 401.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderValue;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::jwt::AssertionKey;
use super::{SalesforceConfigError, SalesforceCredentials};
use crate::failure::ToolFailure;
use crate::rest::{self, Effect};

/// A token whose end is known is left alone so long before it.
const EXPIRY_MARGIN: Duration = Duration::from_secs(30);
/// Characters of Salesforce's own words that are passed on.
const VENDOR_WORDS_MAX: usize = 300;
/// The domains of Salesforce's own, <https://help.salesforce.com/s/articleView?id=xcloud.domain_name_url_formats.htm>.
const OWN_DOMAINS: [&str; 3] = ["salesforce.com", "salesforce.mil", "sfcrmproducts.cn"];

/// A token and where it is good.
pub(super) struct Session {
    /// Counts tokens, so that a caller can say which one was refused.
    pub(super) number: u64,
    pub(super) instance: Url,
    /// `Bearer …`, marked as sensitive.
    pub(super) authorization: HeaderValue,
    until: Option<Instant>,
}

/// Gets tokens. Clones share the token.
#[derive(Clone)]
pub(super) struct Login {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Login").field("base_url", &self.shared.base_url.as_str()).finish_non_exhaustive()
    }
}

struct Shared {
    http: Client,
    base_url: Url,
    flow: Flow,
    state: Mutex<State>,
}

enum Flow {
    ClientCredentials { client_id: String, client_secret: SecretString },
    JwtBearer { client_id: String, username: String, key: AssertionKey, audience: String },
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    granted: u64,
    /// The last refusal and when it came: it answers those who waited for it.
    failed: Option<(Instant, ToolFailure)>,
}

impl Login {
    /// Reads the credentials; makes no request.
    pub(super) fn new(
        http: Client,
        base_url: Url,
        credentials: SalesforceCredentials,
    ) -> Result<Self, SalesforceConfigError> {
        let flow = match credentials {
            SalesforceCredentials::ClientCredentials { client_id, client_secret } => {
                Flow::ClientCredentials { client_id, client_secret }
            }
            SalesforceCredentials::JwtBearer { client_id, username, private_key, audience } => {
                let key = AssertionKey::from_pem(private_key.expose_secret())?;
                Flow::JwtBearer { client_id, username, key, audience }
            }
        };
        Ok(Self { shared: Arc::new(Shared { http, base_url, flow, state: Mutex::default() }) })
    }

    /// The session at hand, or a new one when there is none or it is the `refused` one. Whoever asks while another asks
    /// Salesforce already waits for that answer, good or bad.
    pub(super) async fn session(&self, refused: Option<u64>) -> Result<Arc<Session>, ToolFailure> {
        let asked = Instant::now();
        let mut state = self.shared.state.lock().await;
        if let Some(session) = &state.session
            && Some(session.number) != refused
            && session.until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(Arc::clone(session));
        }
        if let Some((at, failure)) = &state.failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        let number = state.granted + 1;
        match self.shared.grant(number).await {
            Ok(session) => {
                let session = Arc::new(session);
                *state = State { session: Some(Arc::clone(&session)), granted: number, failed: None };
                Ok(session)
            }
            Err(failure) => {
                state.session = None;
                state.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }
}

impl Shared {
    /// `POST /services/oauth2/token`.
    async fn grant(&self, number: u64) -> Result<Session, ToolFailure> {
        let mut address = self.base_url.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(["services", "oauth2", "token"]);
        }
        let request = self.http.post(address).form(&self.flow.form()?);
        let asked = Instant::now();
        let answer = rest::send("Salesforce's token endpoint", request, Effect::Repeatable, explain).await?.body;
        let token = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let mut authorization = token
            .and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok())
            .ok_or_else(|| ToolFailure::permanent("Salesforce answered without a usable access token"))?;
        authorization.set_sensitive(true);
        let instance = match answer.get("instance_url").and_then(Value::as_str) {
            None => self.base_url.clone(),
            Some(instance) => instance_at(&self.base_url, instance)?,
        };
        let lifetime = answer.get("expires_in").and_then(Value::as_u64).map(Duration::from_secs);
        let until = lifetime.map(|lifetime| asked + lifetime.saturating_sub(EXPIRY_MARGIN.min(lifetime / 2)));
        Ok(Session { number, instance, authorization, until })
    }
}

impl Flow {
    fn form(&self) -> Result<Vec<(&'static str, String)>, ToolFailure> {
        match self {
            Self::ClientCredentials { client_id, client_secret } => Ok(vec![
                ("grant_type", "client_credentials".to_owned()),
                ("client_id", client_id.clone()),
                ("client_secret", client_secret.expose_secret().to_owned()),
            ]),
            Self::JwtBearer { client_id, username, key, audience } => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let assertion = key.assertion(client_id, username, audience, now).ok_or_else(|| {
                    ToolFailure::permanent(
                        "DESKBELL_SALESFORCE_PRIVATE_KEY could not sign; use an RSA key of 2048 bits or more",
                    )
                })?;
                Ok(vec![
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
                    ("assertion", assertion),
                ])
            }
        }
    }
}

/// The instance that Salesforce names, when it is the configured one or Salesforce's own: the token goes there.
fn instance_at(base_url: &Url, named: &str) -> Result<Url, ToolFailure> {
    let instance = Url::parse(named).ok().filter(|url| !url.cannot_be_a_base());
    let is_trusted = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_lowercase();
        let is_own = OWN_DOMAINS.iter().any(|own| host.strip_suffix(own).is_some_and(|before| before.ends_with('.')));
        url.origin() == base_url.origin() || (url.scheme() == "https" && url.port().is_none() && is_own)
    };
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none();
    instance.filter(|url| is_trusted(url) && plain(url)).ok_or_else(|| {
        ToolFailure::permanent(
            "Salesforce's token answer names an instance that is neither the configured one nor one of Salesforce's \
             domains, so the token was not used; set DESKBELL_SALESFORCE_URL to the organisation's My Domain",
        )
    })
}

/// Words the token endpoint's refusals: `{"error", "error_description"}`.
fn explain(status: StatusCode, body: &Value) -> ToolFailure {
    let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let said: String = word("error_description").chars().take(VENDOR_WORDS_MAX).collect();
    let said = if said.is_empty() { String::new() } else { format!(". Salesforce says: {said}") };
    let what = match word("error") {
        "invalid_client" | "invalid_client_id" => {
            "Salesforce refused the app; check DESKBELL_SALESFORCE_CLIENT_ID and DESKBELL_SALESFORCE_CLIENT_SECRET"
        }
        "invalid_grant" => {
            "Salesforce granted no token; check that the flow is enabled in the external client app, that its policies \
             name the user to run as or admit DESKBELL_SALESFORCE_USERNAME, that the app's certificate belongs to the \
             private key, and DESKBELL_SALESFORCE_AUDIENCE"
        }
        "unsupported_grant_type" => {
            "Salesforce does not offer this flow here; set DESKBELL_SALESFORCE_URL to the organisation's My Domain and \
             enable the flow in the external client app"
        }
        _ => return ToolFailure::permanent(format!("Salesforce granted no token ({status}){said}")),
    };
    ToolFailure::permanent(format!("{what}{said}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_token_goes_to_salesforce_and_nowhere_else() {
        let base = Url::parse("https://acme.my.salesforce.com").unwrap();
        for good in [
            "https://acme.my.salesforce.com",
            "https://na139.salesforce.com/",
            "https://acme--dev.sandbox.my.salesforce.com",
            "https://acme.my.salesforce.mil",
        ] {
            assert!(instance_at(&base, good).is_ok(), "{good}");
        }
        for bad in [
            "https://evil.test",
            "https://salesforce.com.evil.test",
            "https://evilsalesforce.com",
            "https://salesforce.com",
            "http://acme.my.salesforce.com",
            "https://na1.salesforce.com:8443",
            "https://a:b@na1.salesforce.com",
            "https://acme.my.salesforce.com@evil.test",
            "/services",
            "data:text/plain,x",
        ] {
            assert!(instance_at(&base, bad).is_err(), "{bad}");
        }
        let boxed = Url::parse("http://127.0.0.1:4100/salesforce").unwrap();
        assert!(instance_at(&boxed, "http://127.0.0.1:4100/salesforce").is_ok());
        assert!(instance_at(&boxed, "http://127.0.0.1:4101/salesforce").is_err());
    }

    #[test]
    fn a_refusal_says_what_to_check() {
        let body = json!({ "error": "invalid_grant", "error_description": "no client credentials user enabled" });
        let failure = explain(StatusCode::BAD_REQUEST, &body);
        assert!(failure.message.ends_with("Salesforce says: no client credentials user enabled"), "{failure}");
        assert!(explain(StatusCode::UNAUTHORIZED, &Value::Null).message.contains("401"));
    }
}
