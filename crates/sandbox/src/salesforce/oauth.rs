//! `POST /services/oauth2/token`: the client credentials flow and the JWT bearer flow.
//!
//! <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm>

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::SignatureScheme;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::answer::Refusal;
use super::seed::own_user;
use super::{JwtTrust, SalesforceBox};

/// How far ahead an assertion may end, in seconds.
const ASSERTION_MAX: i64 = 300;
const ORGANISATION: &str = "00DBx0000000001MAA";

pub(super) async fn token(State(salesforce): State<SalesforceBox>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    match given("grant_type") {
        "client_credentials" => check_client(&salesforce, given("client_id"), given("client_secret"))?,
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => check_assertion(&salesforce, given("assertion"))?,
        _ => return Err(Refusal::oauth("unsupported_grant_type", "grant type not supported")),
    }
    let config = salesforce.config();
    let user = salesforce.read(own_user);
    let until = config.token_lifetime.map(|lifetime| Instant::now() + lifetime);
    let token = salesforce.note(|org| {
        org.tokens_granted += 1;
        let token = format!("{ORGANISATION}!{:032x}", rand::random::<u128>());
        org.tokens.insert(token.clone(), until);
        token
    });
    Ok(Json(json!({
        "access_token": token, "signature": "c2FuZGJveA==", "scope": "api", "instance_url": config.base_url,
        "id": format!("{}/id/{ORGANISATION}/{user}", config.base_url), "token_type": "Bearer",
        "issued_at": Timestamp::now().as_millisecond().to_string(),
    })))
}

fn check_client(salesforce: &SalesforceBox, client_id: &str, client_secret: &str) -> Result<(), Refusal> {
    let config = salesforce.config();
    if client_id != config.client_id {
        return Err(Refusal::oauth("invalid_client_id", "client identifier invalid"));
    }
    if !bool::from(client_secret.as_bytes().ct_eq(config.client_secret.as_bytes())) {
        return Err(Refusal::oauth("invalid_client", "invalid client credentials"));
    }
    Ok(())
}

fn check_assertion(salesforce: &SalesforceBox, assertion: &str) -> Result<(), Refusal> {
    let refused = |why: &str| Refusal::oauth("invalid_grant", why);
    let config = salesforce.config();
    let trust = config.jwt.as_ref().ok_or_else(|| refused("user hasn't approved this consumer"))?;
    let claims = verified(trust, assertion).ok_or_else(|| refused("invalid assertion"))?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let left = expires - Timestamp::now().as_second();
    if claim("iss") != config.client_id {
        return Err(Refusal::oauth("invalid_client_id", "client identifier invalid"));
    }
    if claim("aud") != trust.audience {
        return Err(refused("audience is invalid"));
    }
    if claim("sub") != trust.username {
        return Err(refused("user hasn't approved this consumer"));
    }
    if !(0..=ASSERTION_MAX).contains(&left) {
        return Err(refused("expired authorization code"));
    }
    Ok(())
}

/// The claims of an assertion that the app's key signed.
fn verified(trust: &JwtTrust, assertion: &str) -> Option<Value> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Value = serde_json::from_slice(&part(header)?).ok()?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return None;
    }
    let provider = rustls::crypto::ring::default_provider();
    let mut schemes = provider.signature_verification_algorithms.mapping.iter();
    let (_, algorithms) = schemes.find(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256)?;
    let signature = part(signature)?;
    let is_good = algorithms
        .iter()
        .any(|algorithm| algorithm.verify_signature(&trust.public_key, message.as_bytes(), &signature).is_ok());
    if is_good { serde_json::from_slice(&part(claims)?).ok() } else { None }
}
