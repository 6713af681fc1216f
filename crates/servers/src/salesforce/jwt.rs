//! The assertion of the JWT bearer flow: a claim that the app acts as a user, signed with the app's key.
//!
//! rustls signs, as it does for TLS; here is only the envelope, RFC 7515 and RFC 7519.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde_json::json;

use super::SalesforceConfigError;

/// How long an assertion is good for; Salesforce takes at most five minutes.
const LIFETIME: Duration = Duration::from_secs(180);

/// The key of the app's certificate.
#[derive(Debug, Clone)]
pub(super) struct AssertionKey(Arc<dyn SigningKey>);

impl AssertionKey {
    /// Reads an RSA key in PEM, PKCS#1 or PKCS#8.
    pub(super) fn from_pem(pem: &str) -> Result<Self, SalesforceConfigError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SalesforceConfigError::BadPrivateKey)?;
        let key = any_supported_type(&der).map_err(|_| SalesforceConfigError::BadPrivateKey)?;
        // RS256 is the one signature that Salesforce takes.
        key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or(SalesforceConfigError::BadPrivateKey)?;
        Ok(Self(key))
    }

    /// The assertion, or nothing when the key refuses to sign. `now` counts from 1970.
    pub(super) fn assertion(&self, issuer: &str, subject: &str, audience: &str, now: Duration) -> Option<String> {
        let expires = now.saturating_add(LIFETIME).as_secs();
        let claims = json!({ "iss": issuer, "sub": subject, "aud": audience, "exp": expires });
        let part = |value: String| URL_SAFE_NO_PAD.encode(value);
        let message = format!("{}.{}", part(json!({ "alg": "RS256" }).to_string()), part(claims.to_string()));
        let signer = self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])?;
        let signature = signer.sign(message.as_bytes()).ok()?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        let elliptic = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        for bad in ["", "hush", elliptic] {
            assert_eq!(AssertionKey::from_pem(bad).unwrap_err(), SalesforceConfigError::BadPrivateKey);
        }
    }
}
