//! The Slack server: messages, threads, channels, people and groups, for any MCP host and for Deskbell's other servers.
//!
//! Reading order: [`SlackServer`] holds the tools; `writing` says how a message is posted once; `failure` words what Slack
//! refuses; `resources` and `prompts` are what hosts may read and offer; [`schema`] is what goes in and comes out. Slack itself is reached by [`crate::slack`] alone.

mod failure;
mod prompts;
mod resources;
pub mod schema;
mod tools;
mod writing;

use std::time::Duration;

use secrecy::SecretString;

pub use tools::SlackServer;

use crate::slack::SlackConfig;

/// Where Slack's Web API is.
const API_URL_DEFAULT: &str = "https://slack.com/api";
/// Time for one call when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SlackServerConfigError {
    /// No token is set.
    #[error(
        "neither DESKBELL_SLACK_BOT_TOKEN nor SLACK_BOT_TOKEN is set; set one to the app's bot token (xoxb-…), from \
         \"OAuth & Permissions\" of the app at https://api.slack.com/apps"
    )]
    TokenMissing,
    /// The address is no URL.
    #[error(
        "the environment variable DESKBELL_SLACK_API_URL is not a valid http(s) address; leave it out for {API_URL_DEFAULT}"
    )]
    BadUrl,
    /// The timeout is no number of seconds.
    #[error(
        "the environment variable DESKBELL_SLACK_TIMEOUT_SECONDS is not a number from 1 to 300; correct it or leave it out"
    )]
    BadTimeout,
    /// The HTTP client could not be made.
    #[error("the client for Slack can't be made ({0}): check the machine's root certificates")]
    Client(String),
}

/// Reads `DESKBELL_SLACK_BOT_TOKEN` (or `SLACK_BOT_TOKEN`) and, when set, `DESKBELL_SLACK_API_URL` and
/// `DESKBELL_SLACK_TIMEOUT_SECONDS` from the environment.
///
/// # Errors
/// [`SlackServerConfigError`] naming the variable to mend.
pub fn config_from_env() -> Result<SlackConfig, SlackServerConfigError> {
    config_from_variables(|name| std::env::var(name).ok())
}

/// As [`config_from_env`], with the variables looked up by `variable`.
///
/// # Errors
/// [`SlackServerConfigError`] naming the variable to mend.
pub fn config_from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<SlackConfig, SlackServerConfigError> {
    let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let token = set("DESKBELL_SLACK_BOT_TOKEN").or_else(|| set("SLACK_BOT_TOKEN"));
    let bot_token: SecretString = token.ok_or(SlackServerConfigError::TokenMissing)?.into();
    let api_url = set("DESKBELL_SLACK_API_URL").unwrap_or_else(|| API_URL_DEFAULT.to_owned());
    let is_address =
        url::Url::parse(&api_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_address {
        return Err(SlackServerConfigError::BadUrl);
    }
    let call_timeout = match set("DESKBELL_SLACK_TIMEOUT_SECONDS").map(|text| text.parse()) {
        None => TIMEOUT_DEFAULT,
        Some(Ok(seconds @ 1..=300)) => Duration::from_secs(seconds),
        Some(_) => return Err(SlackServerConfigError::BadTimeout),
    };
    Ok(SlackConfig { api_url: api_url.trim_end_matches('/').to_owned(), bot_token, call_timeout })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<SlackConfig, SlackServerConfigError> {
        config_from_variables(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn needs_a_token_only_and_hides_it() {
        for name in ["SLACK_BOT_TOKEN", "DESKBELL_SLACK_BOT_TOKEN"] {
            let read = config(&[(name, " hush\n"), ("DESKBELL_SLACK_API_URL", "http://127.0.0.1:4100/api/")]).unwrap();
            assert_eq!(read.api_url, "http://127.0.0.1:4100/api");
            assert!(!format!("{read:?}").contains("hush"));
        }
    }

    #[test]
    fn names_the_variable_to_mend() {
        let token = ("SLACK_BOT_TOKEN", "hush");
        for (variables, named) in [
            (vec![], "DESKBELL_SLACK_BOT_TOKEN"),
            (vec![token, ("DESKBELL_SLACK_API_URL", "slack.com")], "DESKBELL_SLACK_API_URL"),
            (vec![token, ("DESKBELL_SLACK_TIMEOUT_SECONDS", "soon")], "DESKBELL_SLACK_TIMEOUT_SECONDS"),
        ] {
            let error = config(&variables).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
