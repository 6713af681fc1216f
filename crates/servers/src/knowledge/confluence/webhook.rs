//! Confluence's word that something changed: `POST /webhooks/confluence` beside the server's own address.
//!
//! Data Center signs (`X-Hub-Signature: sha256=…`,
//! <https://confluence.atlassian.com/doc/managing-webhooks-1021225606.html>). Cloud has no webhooks to sign; a rule of its
//! automation sends the secret as `Authorization: Bearer …`. What is told is only ever which page to ask for.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Confluence;

/// The largest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Digits of a page's id at most.
const ID_DIGITS_MAX: usize = 20;

/// The route, where a secret is configured.
pub(in crate::knowledge) fn router(confluence: Confluence) -> Option<Router> {
    confluence.secret()?;
    let limit = DefaultBodyLimit::max(BODY_BYTES_MAX);
    Some(Router::new().route("/webhooks/confluence", post(receive)).layer(limit).with_state(confluence))
}

async fn receive(State(confluence): State<Confluence>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let Some(secret) = confluence.secret().map(ExposeSecret::expose_secret) else {
        return (StatusCode::NOT_FOUND, "there are no webhooks here\n");
    };
    if !is_signed(&headers, secret, &body) && !bears(&headers, secret) {
        let mend =
            "sign the body with the secret of DESKBELL_CONFLUENCE_WEBHOOK_SECRET, or send it as a bearer token\n";
        return (StatusCode::UNAUTHORIZED, mend);
    }
    // A body that says nothing is a word that something changed.
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    confluence.tell(page(&told));
    (StatusCode::ACCEPTED, "")
}

fn is_signed(headers: &HeaderMap, secret: &str, body: &[u8]) -> bool {
    let signature = headers.get("x-hub-signature").and_then(|value| value.to_str().ok());
    let Some(presented) = signature.and_then(|value| hex::decode(value.trim().strip_prefix("sha256=")?).ok()) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&presented).is_ok()
}

fn bears(headers: &HeaderMap, secret: &str) -> bool {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    presented.is_some_and(|presented| bool::from(presented.ct_eq(secret.as_bytes())))
}

/// The page that an event is about; none for events of spaces, attachments, groups.
fn page(told: &Value) -> Option<String> {
    if told.get("attachments").is_some() || told.get("attachment").is_some() {
        return None;
    }
    let id = ["/page/id", "/content/id", "/page_id"].into_iter().find_map(|pointer| told.pointer(pointer))?;
    let id = id.as_u64().map(|id| id.to_string()).or_else(|| id.as_str().map(str::to_owned))?;
    let is_id = !id.is_empty() && id.len() <= ID_DIGITS_MAX && id.bytes().all(|digit| digit.is_ascii_digit());
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_secret_is_heard() {
        let body = br#"{"page": {"id": 7}}"#;
        let with =
            |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        // HMAC-SHA256 of the body under "secret", by `openssl dgst -sha256 -hmac secret`.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert!(is_signed(&with("x-hub-signature", &signature), "secret", body));
        assert!(!is_signed(&with("x-hub-signature", &signature), "secret", b"{}"));
        assert!(
            !is_signed(&with("x-hub-signature", "sha256=00"), "secret", body)
                && !is_signed(&HeaderMap::new(), "secret", body)
        );
        assert!(bears(&with("authorization", "Bearer secret"), "secret"));
        assert!(!bears(&with("authorization", "Bearer secre"), "secret") && !bears(&HeaderMap::new(), ""));
    }

    #[test]
    fn the_page_is_told_or_everything_is() {
        for (told, expected) in [
            (serde_json::json!({ "event": "page_updated", "page": { "id": 65_601 } }), Some("65601")),
            (serde_json::json!({ "content": { "id": "7" } }), Some("7")),
            (serde_json::json!({ "page": { "id": "7/../8" } }), None),
            (serde_json::json!({ "event": "attachment_updated", "attachments": [], "page": { "id": 1 } }), None),
            (serde_json::json!({ "event": "space_permissions_updated" }), None),
        ] {
            assert_eq!(page(&told).as_deref(), expected, "{told}");
        }
    }
}
