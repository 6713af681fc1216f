//! Who really sent it. Everything is compared in constant time, and no expected signature ever leaves this file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::refusal::Refusal;

/// How far a signed timestamp may lie from now, either way
/// (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
const WINDOW_SECONDS: u64 = 5 * 60;

/// A signature as the headers state it, its time within the window: what can be checked before the body is read.
pub(super) struct Claim {
    /// What is signed before the body.
    prefix: Vec<u8>,
    signature: Vec<u8>,
}

impl Claim {
    /// Slack's: `v0=hex(HMAC-SHA256("v0:{timestamp}:{body}"))`.
    pub fn slack(headers: &HeaderMap, now: Timestamp) -> Result<Self, Refusal> {
        let timestamp = single_header(headers, "x-slack-request-timestamp")?;
        let stated = single_header(headers, "x-slack-signature")?;
        if timestamp.is_empty() || timestamp.len() > 12 || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::OddHeader);
        }
        let seconds: i64 = timestamp.parse().map_err(|_| Refusal::OddHeader)?;
        within_window(seconds, now)?;
        let digits = stated.strip_prefix("v0=").ok_or(Refusal::OddHeader)?;
        let signature = hex::decode(digits).map_err(|_| Refusal::OddHeader)?;
        Ok(Self { prefix: format!("v0:{timestamp}:").into_bytes(), signature })
    }

    /// Zendesk's: `base64(HMAC-SHA256("{timestamp}{body}"))`, the timestamp as ISO 8601
    /// (<https://developer.zendesk.com/documentation/webhooks/verifying/>).
    pub fn zendesk(headers: &HeaderMap, now: Timestamp) -> Result<Self, Refusal> {
        let timestamp = single_header(headers, "x-zendesk-webhook-signature-timestamp")?;
        let stated = single_header(headers, "x-zendesk-webhook-signature")?;
        let at: Timestamp = timestamp.parse().map_err(|_| Refusal::OddHeader)?;
        within_window(at.as_second(), now)?;
        let signature = STANDARD.decode(stated).map_err(|_| Refusal::OddHeader)?;
        Ok(Self { prefix: timestamp.as_bytes().to_vec(), signature })
    }

    /// Jira's, as `WebSub` has it: `sha256=hex(HMAC-SHA256(body))`, without a time
    /// (<https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks>).
    pub fn hub(headers: &HeaderMap) -> Result<Self, Refusal> {
        let stated = single_header(headers, "x-hub-signature")?;
        let digits = stated.strip_prefix("sha256=").ok_or(Refusal::OddHeader)?;
        let signature = hex::decode(digits).map_err(|_| Refusal::OddHeader)?;
        Ok(Self { prefix: Vec::new(), signature })
    }

    /// Shortcut's: `hex(HMAC-SHA256(body))`, without a time (<https://developer.shortcut.com/api/webhook/v1>, "Signature").
    pub fn shortcut(headers: &HeaderMap) -> Result<Self, Refusal> {
        let stated = single_header(headers, "payload-signature")?;
        let signature = hex::decode(stated).map_err(|_| Refusal::OddHeader)?;
        Ok(Self { prefix: Vec::new(), signature })
    }

    /// Holds when one of the secrets made the signature over this body.
    pub fn check<'s>(&self, body: &[u8], secrets: impl IntoIterator<Item = &'s SecretString>) -> Result<(), Refusal> {
        let made_by = |secret: &SecretString| {
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).is_ok_and(|mac| {
                mac.chain_update(&self.prefix).chain_update(body).verify_slice(&self.signature).is_ok()
            })
        };
        if secrets.into_iter().any(made_by) { Ok(()) } else { Err(Refusal::WrongSignature) }
    }
}

/// Standard Webhooks (<https://www.standardwebhooks.com>): checks the headers alone, before the body is read.
pub(super) fn standard_webhook_headers(headers: &HeaderMap, now: Timestamp) -> Result<String, Refusal> {
    let id = single_header(headers, standardwebhooks::HEADER_WEBHOOK_ID)?;
    single_header(headers, standardwebhooks::HEADER_WEBHOOK_SIGNATURE)?;
    let seconds = single_header(headers, standardwebhooks::HEADER_WEBHOOK_TIMESTAMP)?;
    within_window(seconds.parse().map_err(|_| Refusal::OddHeader)?, now)?;
    if id.is_empty() || id.len() > 200 {
        return Err(Refusal::OddHeader);
    }
    Ok(id.to_owned())
}

/// Holds when one of the secrets made the Standard Webhooks signature over this body.
pub(super) fn standard_webhook(headers: &HeaderMap, body: &[u8], secrets: &[SecretString]) -> Result<(), Refusal> {
    let made_by = |secret: &SecretString| {
        standardwebhooks::Webhook::new(secret.expose_secret())
            .is_ok_and(|webhook| webhook.verify(body, headers).is_ok())
    };
    if secrets.iter().any(made_by) { Ok(()) } else { Err(Refusal::WrongSignature) }
}

/// The header's value, if it is there exactly once and is text.
pub(super) fn single_header<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Refusal::MissingHeader)?;
    if values.next().is_some() {
        return Err(Refusal::OddHeader);
    }
    value.to_str().map_err(|_| Refusal::OddHeader)
}

fn within_window(seconds: i64, now: Timestamp) -> Result<(), Refusal> {
    if seconds.abs_diff(now.as_second()) <= WINDOW_SECONDS { Ok(()) } else { Err(Refusal::StaleTimestamp) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's own page.
    #[test]
    fn agrees_with_slacks_example() {
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-request-timestamp", "1531420618".parse().unwrap());
        headers.insert(
            "x-slack-signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503".parse().unwrap(),
        );
        let now = Timestamp::from_second(1_531_420_618).unwrap();
        let claim = Claim::slack(&headers, now).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let secret = SecretString::from("8f742231b10e8888abcd99yyyzzz85a5");
        assert_eq!(claim.check(body, [&secret]), Ok(()));
        assert_eq!(claim.check(b"other", [&secret]), Err(Refusal::WrongSignature));
        assert_eq!(claim.check(body, [&SecretString::from("other")]), Err(Refusal::WrongSignature));
        assert_eq!(claim.check(body, [&SecretString::from("other"), &secret]), Ok(()), "rotation");
    }

    #[test]
    fn the_window_is_five_minutes_either_way() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for offset in [-300, 0, 300] {
            assert_eq!(within_window(1_700_000_000 + offset, now), Ok(()), "{offset}");
        }
        for seconds in [1_700_000_301, 1_699_999_699, i64::MIN, i64::MAX] {
            assert_eq!(within_window(seconds, now), Err(Refusal::StaleTimestamp), "{seconds}");
        }
    }
}
