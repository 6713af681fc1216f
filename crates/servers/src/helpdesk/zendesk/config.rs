//! How to reach one Zendesk account, and as whom.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Time for one exchange with Zendesk when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);

/// How to reach one Zendesk account, and as whom.
#[derive(Debug, Clone)]
pub struct ZendeskConfig {
    /// The account's address, such as `https://acme.zendesk.com`; a path prefix is kept.
    pub base_url: Url,
    /// As whom.
    pub credentials: ZendeskCredentials,
    /// Time for one exchange with Zendesk.
    pub timeout: Duration,
}

/// As whom Zendesk is asked, <https://developer.zendesk.com/api-reference/introduction/security-and-auth/>.
#[derive(Debug, Clone)]
pub enum ZendeskCredentials {
    /// An agent's address with an API token of the account.
    ApiToken {
        /// The agent's e-mail address.
        email: String,
        /// The token.
        token: SecretString,
    },
    /// An OAuth access token.
    AccessToken(SecretString),
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ZendeskConfigError {
    /// A variable is not set, or is empty.
    #[error("the environment variable {variable} is not set; set it to {meaning}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it should hold.
        meaning: &'static str,
    },
    /// The base URL is no URL.
    #[error(
        "the environment variable DESKBELL_ZENDESK_URL is not a valid http(s) address; \
         set it to the account's address, such as https://acme.zendesk.com"
    )]
    BadUrl,
    /// The timeout is no number of seconds.
    #[error(
        "the environment variable DESKBELL_ZENDESK_TIMEOUT_SECONDS is not a number from 1 to 300; \
         correct it or leave it out"
    )]
    BadTimeout,
    /// The HTTP client could not be made.
    #[error("the HTTP client for Zendesk could not be made: {0}")]
    HttpClient(String),
}

impl ZendeskConfig {
    /// Reads `DESKBELL_ZENDESK_URL`, `DESKBELL_ZENDESK_EMAIL` with `DESKBELL_ZENDESK_API_TOKEN` or
    /// `DESKBELL_ZENDESK_ACCESS_TOKEN`, and, when set, `DESKBELL_ZENDESK_TIMEOUT_SECONDS` from the environment.
    ///
    /// # Errors
    /// [`ZendeskConfigError`] naming the variable to mend.
    pub fn from_env() -> Result<Self, ZendeskConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Self::from_env`], with the variables looked up by `variable`.
    ///
    /// # Errors
    /// [`ZendeskConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ZendeskConfigError> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name: &'static str, meaning: &'static str| {
            given(name).ok_or(ZendeskConfigError::Missing { variable: name, meaning })
        };
        let address = required("DESKBELL_ZENDESK_URL", "the account's address, such as https://acme.zendesk.com")?;
        let base_url = Url::parse(address.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(ZendeskConfigError::BadUrl)?;
        let timeout = match given("DESKBELL_ZENDESK_TIMEOUT_SECONDS") {
            None => TIMEOUT_DEFAULT,
            Some(text) => match text.trim().parse() {
                Ok(seconds @ 1..=300) => Duration::from_secs(seconds),
                _ => return Err(ZendeskConfigError::BadTimeout),
            },
        };
        let credentials = match given("DESKBELL_ZENDESK_ACCESS_TOKEN") {
            Some(token) => ZendeskCredentials::AccessToken(token.into()),
            None => ZendeskCredentials::ApiToken {
                email: required("DESKBELL_ZENDESK_EMAIL", "the e-mail address of the agent")?,
                token: required(
                    "DESKBELL_ZENDESK_API_TOKEN",
                    "an API token of the account (or DESKBELL_ZENDESK_ACCESS_TOKEN to an OAuth access token)",
                )?
                .into(),
            },
        };
        Ok(Self { base_url, credentials, timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "DESKBELL_ZENDESK_URL" => Some("https://acme.zendesk.com".into()),
            "DESKBELL_ZENDESK_EMAIL" => Some("bot@acme.test".into()),
            "DESKBELL_ZENDESK_API_TOKEN" => Some("hush".into()),
            _ => None,
        }
    }

    #[test]
    fn reads_the_environment_and_hides_the_token() {
        let config = ZendeskConfig::from_variables(variables).unwrap();
        assert_eq!(config.base_url.as_str(), "https://acme.zendesk.com/");
        assert!(!format!("{config:?}").contains("hush"));
        let bearer = |name: &str| match name {
            "DESKBELL_ZENDESK_ACCESS_TOKEN" => Some("hush".into()),
            "DESKBELL_ZENDESK_URL" => variables(name),
            _ => None,
        };
        let config = ZendeskConfig::from_variables(bearer).unwrap();
        assert!(matches!(config.credentials, ZendeskCredentials::AccessToken(_)));
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn names_the_variable_to_mend() {
        for missing in ["DESKBELL_ZENDESK_URL", "DESKBELL_ZENDESK_EMAIL", "DESKBELL_ZENDESK_API_TOKEN"] {
            let error = ZendeskConfig::from_variables(|name| variables(name).filter(|_| name != missing)).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
        for (name, value) in [("DESKBELL_ZENDESK_URL", "acme.zendesk.com"), ("DESKBELL_ZENDESK_TIMEOUT_SECONDS", "0")] {
            let bad = |asked: &str| if asked == name { Some(value.into()) } else { variables(asked) };
            let error = ZendeskConfig::from_variables(bad).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
