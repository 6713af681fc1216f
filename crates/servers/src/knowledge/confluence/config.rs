//! Which Confluence site, which spaces of it, and as whom.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::jira::{Credentials, Edition};

/// Time for one exchange with Confluence when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);
const POLL_DEFAULT: Duration = Duration::from_secs(15);
const SWEEP_DEFAULT: Duration = Duration::from_secs(300);

/// How to reach a Confluence site, and what of it is served.
#[derive(Debug, Clone)]
pub struct ConfluenceConfig {
    /// The site's address, on Cloud with `/wiki`, without a slash at the end.
    pub base_url: Url,
    /// Which product is there.
    pub edition: Edition,
    /// Who reads. What this account may not see is not served.
    pub credentials: Credentials,
    /// Keys of the spaces; none for every space that is not somebody's own.
    pub spaces: BTreeSet<String>,
    /// Keys of spaces that everybody may read, whatever their permissions say. Restrictions of pages hold.
    pub public_spaces: BTreeSet<String>,
    /// Groups (on Cloud their ids or names, on Data Center their names) that hold everybody.
    pub public_groups: BTreeSet<String>,
    /// On Data Center, where e-mail addresses are not told: what follows the user's name and `@` in their address.
    pub user_domain: Option<String>,
    /// How often the newest changes are asked for.
    pub poll_every: Duration,
    /// How often everything is gone through: restrictions, deleted pages and groups are seen then.
    pub sweep_every: Duration,
    /// The secret of webhooks; without it there are none.
    pub webhook_secret: Option<SecretString>,
    /// Time for one exchange with Confluence.
    pub timeout: Duration,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfluenceConfigError {
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
        "the environment variable DESKBELL_CONFLUENCE_URL is not a valid http(s) address; set it to the site's address, such as \
         https://acme.atlassian.net/wiki"
    )]
    BadUrl,
    /// Two ways to say who reads.
    #[error(
        "the environment variables DESKBELL_CONFLUENCE_PERSONAL_TOKEN and {other} are both set; keep the one of your edition"
    )]
    TwoCredentials {
        /// The other one's name.
        other: &'static str,
    },
    /// A number is none.
    #[error(
        "the environment variable {variable} is not a number of seconds from {least} to {most}; correct it or leave it out"
    )]
    BadSeconds {
        /// Its name.
        variable: &'static str,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client for Confluence could not be made: {0}")]
    HttpClient(String),
}

impl ConfluenceConfig {
    /// Reads `DESKBELL_CONFLUENCE_URL`, without which there is no site, and what belongs to it: `_EMAIL` and `_API_TOKEN` for
    /// Cloud; `_PERSONAL_TOKEN`, or `_USERNAME` and `_PASSWORD`, for Data Center; `_SPACES`, and when set `_PUBLIC_SPACES`,
    /// `_PUBLIC_GROUPS`, `_USER_DOMAIN`, `_POLL_SECONDS`, `_SWEEP_SECONDS`, `_WEBHOOK_SECRET` and `_TIMEOUT_SECONDS`.
    ///
    /// # Errors
    /// [`ConfluenceConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ConfluenceConfigError> {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let Some(address) = set("DESKBELL_CONFLUENCE_URL") else { return Ok(None) };
        let (edition, credentials) = credentials(&set)?;
        let list = |name: &str| -> BTreeSet<String> {
            let written = set(name).unwrap_or_default();
            written.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut spaces = list("DESKBELL_CONFLUENCE_SPACES");
        if spaces.is_empty() {
            let meaning = "the keys of the spaces to serve, separated by commas, or * for all";
            return Err(ConfluenceConfigError::Missing { variable: "DESKBELL_CONFLUENCE_SPACES", meaning });
        }
        if spaces.contains("*") {
            spaces.clear();
        }
        let seconds = |name: &'static str, default: Duration, most: u64| match set(name) {
            None => Ok(default),
            Some(text) => match text.parse::<u64>() {
                Ok(seconds) if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
                _ => Err(ConfluenceConfigError::BadSeconds { variable: name, least: 1, most }),
            },
        };
        Ok(Some(Self {
            base_url: base_url(&address, edition)?,
            edition,
            credentials,
            spaces,
            public_spaces: list("DESKBELL_CONFLUENCE_PUBLIC_SPACES"),
            public_groups: list("DESKBELL_CONFLUENCE_PUBLIC_GROUPS"),
            user_domain: set("DESKBELL_CONFLUENCE_USER_DOMAIN").map(|domain| domain.trim_start_matches('@').to_owned()),
            poll_every: seconds("DESKBELL_CONFLUENCE_POLL_SECONDS", POLL_DEFAULT, 3_600)?,
            sweep_every: seconds("DESKBELL_CONFLUENCE_SWEEP_SECONDS", SWEEP_DEFAULT, 43_200)?,
            webhook_secret: set("DESKBELL_CONFLUENCE_WEBHOOK_SECRET").map(SecretString::from),
            timeout: seconds("DESKBELL_CONFLUENCE_TIMEOUT_SECONDS", TIMEOUT_DEFAULT, 300)?,
        }))
    }
}

fn credentials(set: &impl Fn(&str) -> Option<String>) -> Result<(Edition, Credentials), ConfluenceConfigError> {
    let required = |variable: &'static str, meaning: &'static str| {
        set(variable).ok_or(ConfluenceConfigError::Missing { variable, meaning })
    };
    if let Some(token) = set("DESKBELL_CONFLUENCE_PERSONAL_TOKEN") {
        for other in ["DESKBELL_CONFLUENCE_USERNAME", "DESKBELL_CONFLUENCE_EMAIL"] {
            if set(other).is_some() {
                return Err(ConfluenceConfigError::TwoCredentials { other });
            }
        }
        return Ok((Edition::DataCenter, Credentials::Bearer(token.into())));
    }
    if let Some(user) = set("DESKBELL_CONFLUENCE_USERNAME") {
        let secret = required("DESKBELL_CONFLUENCE_PASSWORD", "the password of the Confluence user")?.into();
        return Ok((Edition::DataCenter, Credentials::Basic { user, secret }));
    }
    let user = required(
        "DESKBELL_CONFLUENCE_EMAIL",
        "the e-mail address of the Confluence account; for Data Center set DESKBELL_CONFLUENCE_PERSONAL_TOKEN instead",
    )?;
    let secret = required("DESKBELL_CONFLUENCE_API_TOKEN", "an API token of the Confluence account")?.into();
    Ok((Edition::Cloud, Credentials::Basic { user, secret }))
}

/// Cloud's Confluence is below `/wiki`, which people leave out.
fn base_url(address: &str, edition: Edition) -> Result<Url, ConfluenceConfigError> {
    let address = address.trim_end_matches('/');
    let address = match edition {
        Edition::Cloud if !address.ends_with("/wiki") => format!("{address}/wiki"),
        _ => address.to_owned(),
    };
    let url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or(ConfluenceConfigError::BadUrl)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Option<ConfluenceConfig>, ConfluenceConfigError> {
        ConfluenceConfig::from_variables(|wanted| {
            let given = variables.iter().find(|(name, _)| format!("DESKBELL_CONFLUENCE_{name}") == wanted);
            given.map(|(_, value)| (*value).to_owned())
        })
    }

    const CLOUD: [(&str, &str); 4] =
        [("URL", "https://acme.atlassian.net/"), ("EMAIL", "a@b"), ("API_TOKEN", "hush"), ("SPACES", "HELP, FIN")];

    #[test]
    fn cloud_and_data_center_are_told_by_their_credentials() {
        let cloud = with(&CLOUD).unwrap().unwrap();
        assert_eq!((cloud.edition, cloud.base_url.as_str()), (Edition::Cloud, "https://acme.atlassian.net/wiki"));
        assert_eq!(cloud.spaces.iter().collect::<Vec<_>>(), ["FIN", "HELP"]);
        assert!(!format!("{cloud:?}").contains("hush"));
        let own =
            [("URL", "https://wiki.acme.test/c"), ("PERSONAL_TOKEN", "hush"), ("SPACES", "*"), ("POLL_SECONDS", "2")];
        let own = with(&own).unwrap().unwrap();
        assert_eq!((own.edition, own.base_url.as_str()), (Edition::DataCenter, "https://wiki.acme.test/c"));
        assert!(own.spaces.is_empty() && own.poll_every == Duration::from_secs(2));
        assert!(with(&[]).unwrap().is_none());
    }

    #[test]
    fn names_the_variable_to_mend() {
        let changed = |name: &'static str, value: &'static str| {
            let mut all: Vec<(&str, &str)> = CLOUD.iter().filter(|(known, _)| *known != name).copied().collect();
            all.push((name, value));
            with(&all).unwrap_err().to_string()
        };
        for (name, value) in [
            ("URL", "acme"),
            ("EMAIL", ""),
            ("API_TOKEN", ""),
            ("SPACES", ""),
            ("SWEEP_SECONDS", "0"),
            ("PERSONAL_TOKEN", "x"),
        ] {
            let error = changed(name, value);
            assert!(error.contains(&format!("DESKBELL_CONFLUENCE_{name}")), "{error}");
        }
    }
}
