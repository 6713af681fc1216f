//! The Jira server: create, comment, transition, search, assign, on Jira Cloud's REST API v3.
//!
//! [`JiraServer`] holds the tools, [`client::JiraClient`] is the only code that knows Jira's paths
//! and JSON. Jira Data Center speaks REST v2 with wiki markup instead of ADF: its client goes beside
//! this one and the tools stay.
//!
//! Vendor documentation: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>.

pub mod adf;
pub mod client;
mod create;
mod error;
pub mod schema;
pub mod tools;
mod users;

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use tools::JiraServer;

/// Time for one exchange with Jira when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);

/// How to reach one Jira Cloud site, and as whom.
#[derive(Debug, Clone)]
pub struct JiraConfig {
    /// The site's address, such as `https://acme.atlassian.net`; a path prefix is kept.
    pub base_url: Url,
    /// The e-mail address of the account that owns the token.
    pub email: String,
    /// An API token of that account: <https://id.atlassian.com/manage-profile/security/api-tokens>.
    pub api_token: SecretString,
    /// Time for one exchange with Jira.
    pub timeout: Duration,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JiraConfigError {
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
        "the environment variable DESKBELL_JIRA_URL is not a valid http(s) address; \
         set it to the site's address, such as https://acme.atlassian.net"
    )]
    BadUrl,
    /// The timeout is no number of seconds.
    #[error(
        "the environment variable DESKBELL_JIRA_TIMEOUT_SECONDS is not a number from 1 to 300; \
         correct it or leave it out"
    )]
    BadTimeout,
    /// The HTTP client could not be made.
    #[error("the HTTP client for Jira could not be made: {0}")]
    HttpClient(String),
}

impl JiraConfig {
    /// Reads `DESKBELL_JIRA_URL`, `DESKBELL_JIRA_EMAIL`, `DESKBELL_JIRA_API_TOKEN` and, when set,
    /// `DESKBELL_JIRA_TIMEOUT_SECONDS` from the environment.
    ///
    /// # Errors
    /// [`JiraConfigError`] naming the variable to mend.
    pub fn from_env() -> Result<Self, JiraConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Self::from_env`], with the variables looked up by `variable`.
    ///
    /// # Errors
    /// [`JiraConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, JiraConfigError> {
        let required = |name: &'static str, meaning: &'static str| {
            variable(name)
                .filter(|value| !value.trim().is_empty())
                .ok_or(JiraConfigError::Missing { variable: name, meaning })
        };
        let address = required("DESKBELL_JIRA_URL", "the site's address, such as https://acme.atlassian.net")?;
        let base_url = Url::parse(address.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(JiraConfigError::BadUrl)?;
        let timeout = match variable("DESKBELL_JIRA_TIMEOUT_SECONDS") {
            None => TIMEOUT_DEFAULT,
            Some(text) => match text.trim().parse() {
                Ok(seconds @ 1..=300) => Duration::from_secs(seconds),
                _ => return Err(JiraConfigError::BadTimeout),
            },
        };
        Ok(Self {
            base_url,
            email: required("DESKBELL_JIRA_EMAIL", "the e-mail address of the Jira account")?,
            api_token: required("DESKBELL_JIRA_API_TOKEN", "an API token of the Jira account")?.into(),
            timeout,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "DESKBELL_JIRA_URL" => Some("https://acme.atlassian.net".into()),
            "DESKBELL_JIRA_EMAIL" => Some("bot@acme.test".into()),
            "DESKBELL_JIRA_API_TOKEN" => Some("hush".into()),
            _ => None,
        }
    }

    #[test]
    fn reads_the_environment_and_hides_the_token() {
        let config = JiraConfig::from_variables(variables).unwrap();
        assert_eq!(config.base_url.as_str(), "https://acme.atlassian.net/");
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn names_the_variable_to_mend() {
        for missing in ["DESKBELL_JIRA_URL", "DESKBELL_JIRA_EMAIL", "DESKBELL_JIRA_API_TOKEN"] {
            let error = JiraConfig::from_variables(|name| variables(name).filter(|_| name != missing)).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
        let bad = |name: &str| match name {
            "DESKBELL_JIRA_URL" => Some("acme.atlassian.net".into()),
            _ => variables(name),
        };
        assert_eq!(JiraConfig::from_variables(bad).unwrap_err(), JiraConfigError::BadUrl);
    }
}
