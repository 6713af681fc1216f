//! The Shortcut server: stories, comments, labels, links, search, and the lists that name teams, workflows,
//! iterations and members, on Shortcut's REST API v3.
//!
//! Reading order: [`ShortcutServer`] holds the tools; `create` and `update` say in which order Shortcut is asked; `announce` tells a channel of new stories;
//! [`client::ShortcutClient`] is the only code that knows Shortcut's paths; `directory` turns names into ids and back;
//! [`crate::ledger`] remembers idempotency keys while Shortcut's search does not show what they made; `resources` and `prompts` are what hosts may read and
//! offer besides tools.
//!
//! Vendor documentation: <https://developer.shortcut.com/api/rest/v3>.

mod announce;
pub mod client;
mod create;
mod directory;
mod error;
mod prompts;
mod resources;
pub mod schema;
mod shown;
mod story_id;
pub mod tools;
mod update;

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use announce::AnnounceConfig;
pub use tools::ShortcutServer;

/// Where Shortcut's API is.
const API_URL_DEFAULT: &str = "https://api.app.shortcut.com";
/// Time for one exchange with Shortcut when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);

/// How to reach one Shortcut workspace: the token decides which.
#[derive(Debug, Clone)]
pub struct ShortcutConfig {
    /// The API's address before `/api/v3`, such as `https://api.app.shortcut.com`; a path prefix is kept.
    pub base_url: Url,
    /// An API token: <https://app.shortcut.com/settings/account/api-tokens>.
    pub api_token: SecretString,
    /// Time for one exchange with Shortcut.
    pub timeout: Duration,
    /// Who announces new stories; nobody when it is absent.
    pub announce: Option<AnnounceConfig>,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShortcutConfigError {
    /// The token is not set, or is empty.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_API_TOKEN is not set; set it to an API token of the account that acts, \
         from https://app.shortcut.com/settings/account/api-tokens"
    )]
    TokenMissing,
    /// The token can't be a header's value.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_API_TOKEN holds characters that no token has; copy the token again"
    )]
    BadToken,
    /// The address is no URL.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_URL is not a valid http(s) address; \
         leave it out for {API_URL_DEFAULT}"
    )]
    BadUrl,
    /// The timeout is no number of seconds.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_TIMEOUT_SECONDS is not a number from 1 to 300; correct it or leave it out"
    )]
    BadTimeout,
    /// One of the two is set and the other is not.
    #[error(
        "DESKBELL_SHORTCUT_ANNOUNCE_URL and DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL belong together; set both to announce new \
         stories, or neither"
    )]
    AnnounceIncomplete,
    /// The announcing server's address is no URL.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_ANNOUNCE_URL is not a valid http(s) address; set it to the MCP endpoint \
         of a server with the tool post_message, such as http://127.0.0.1:8091/mcp"
    )]
    BadAnnounceUrl,
    /// The announcing server's token can't be a header's value.
    #[error(
        "the environment variable DESKBELL_SHORTCUT_ANNOUNCE_TOKEN holds characters that no token has; copy the token again"
    )]
    BadAnnounceToken,
    /// The HTTP client could not be made.
    #[error("the HTTP client for Shortcut could not be made: {0}")]
    HttpClient(String),
}

impl ShortcutConfig {
    /// Reads `DESKBELL_SHORTCUT_API_TOKEN` and, when set, `DESKBELL_SHORTCUT_URL`, `DESKBELL_SHORTCUT_TIMEOUT_SECONDS` and
    /// `DESKBELL_SHORTCUT_ANNOUNCE_URL`, `_TOKEN` and `_CHANNEL` from the environment.
    ///
    /// # Errors
    /// [`ShortcutConfigError`] naming the variable to mend.
    pub fn from_env() -> Result<Self, ShortcutConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Self::from_env`], with the variables looked up by `variable`.
    ///
    /// # Errors
    /// [`ShortcutConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ShortcutConfigError> {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let address = set("DESKBELL_SHORTCUT_URL");
        let base_url = web_address(address.as_deref().unwrap_or(API_URL_DEFAULT)).ok_or(ShortcutConfigError::BadUrl)?;
        let timeout = match set("DESKBELL_SHORTCUT_TIMEOUT_SECONDS").map(|text| text.parse()) {
            None => TIMEOUT_DEFAULT,
            Some(Ok(seconds @ 1..=300)) => Duration::from_secs(seconds),
            Some(_) => return Err(ShortcutConfigError::BadTimeout),
        };
        let api_token = set("DESKBELL_SHORTCUT_API_TOKEN").ok_or(ShortcutConfigError::TokenMissing)?.into();
        let announce = match (set("DESKBELL_SHORTCUT_ANNOUNCE_URL"), set("DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL")) {
            (None, None) => None,
            (Some(url), Some(channel)) => Some(AnnounceConfig {
                url: web_address(&url).ok_or(ShortcutConfigError::BadAnnounceUrl)?,
                token: set("DESKBELL_SHORTCUT_ANNOUNCE_TOKEN").map(Into::into),
                channel,
            }),
            _ => return Err(ShortcutConfigError::AnnounceIncomplete),
        };
        Ok(Self { base_url, api_token, timeout, announce })
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<ShortcutConfig, ShortcutConfigError> {
        ShortcutConfig::from_variables(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn needs_a_token_only_and_hides_it() {
        let read = config(&[("DESKBELL_SHORTCUT_API_TOKEN", " hush\n")]).unwrap();
        assert_eq!(read.base_url.as_str(), "https://api.app.shortcut.com/");
        assert!(!format!("{read:?}").contains("hush"));
    }

    #[test]
    fn names_the_variable_to_mend() {
        let token = ("DESKBELL_SHORTCUT_API_TOKEN", "hush");
        for (variables, named) in [
            (vec![], "DESKBELL_SHORTCUT_API_TOKEN"),
            (vec![("DESKBELL_SHORTCUT_API_TOKEN", "  ")], "DESKBELL_SHORTCUT_API_TOKEN"),
            (vec![token, ("DESKBELL_SHORTCUT_URL", "api.app.shortcut.com")], "DESKBELL_SHORTCUT_URL"),
            (vec![token, ("DESKBELL_SHORTCUT_TIMEOUT_SECONDS", "0")], "DESKBELL_SHORTCUT_TIMEOUT_SECONDS"),
            (vec![token, ("DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL", "C1")], "DESKBELL_SHORTCUT_ANNOUNCE_URL"),
            (
                vec![
                    token,
                    ("DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL", "C1"),
                    ("DESKBELL_SHORTCUT_ANNOUNCE_URL", "localhost:8091"),
                ],
                "DESKBELL_SHORTCUT_ANNOUNCE_URL is not a valid",
            ),
        ] {
            let error = config(&variables).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
