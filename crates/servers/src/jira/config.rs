//! How to reach one Jira site, in which edition, and as whom.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Time for one exchange with Jira when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);

/// Jira's two products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// Jira Cloud: REST v3, texts are documents, people have account ids.
    Cloud,
    /// Jira Data Center: REST v2, texts are wiki markup, people have user names.
    DataCenter,
}

/// What requests are authenticated with.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Cloud: e-mail address and API token; Data Center: user name and password.
    Basic {
        /// The e-mail address or user name.
        user: String,
        /// The API token or password.
        secret: SecretString,
    },
    /// A personal access token of Data Center.
    Bearer(SecretString),
}

/// How to reach one Jira site, in which edition, and as whom.
#[derive(Debug, Clone)]
pub struct JiraConfig {
    /// The site's address, such as `https://acme.atlassian.net`; a path prefix is kept.
    pub base_url: Url,
    /// Which product is there.
    pub edition: Edition,
    /// Who acts. On Cloud an API token of the account,
    /// <https://id.atlassian.com/manage-profile/security/api-tokens>; on Data Center a personal access token,
    /// <https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html>, or a password.
    pub credentials: Credentials,
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
    /// The edition is none.
    #[error(
        "the environment variable DESKBELL_JIRA_EDITION is neither \"cloud\" nor \"data_center\"; correct it or leave it out"
    )]
    BadEdition,
    /// Two ways to say who acts.
    #[error(
        "the environment variables DESKBELL_JIRA_PERSONAL_TOKEN and {other} are both set; \
         keep the token, or the user's name with the password"
    )]
    TwoCredentials {
        /// The other one's name.
        other: &'static str,
    },
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
    /// Reads the environment: `DESKBELL_JIRA_URL`; for Cloud `DESKBELL_JIRA_EMAIL` and `DESKBELL_JIRA_API_TOKEN`; for Data
    /// Center `DESKBELL_JIRA_PERSONAL_TOKEN`, or `DESKBELL_JIRA_USERNAME` and `DESKBELL_JIRA_PASSWORD`; when set,
    /// `DESKBELL_JIRA_TIMEOUT_SECONDS` and `DESKBELL_JIRA_EDITION` (`cloud` or `data_center`; left out, a personal
    /// token or a user name means Data Center).
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
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name: &'static str, meaning: &'static str| {
            set(name).ok_or(JiraConfigError::Missing { variable: name, meaning })
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
        let edition = match set("DESKBELL_JIRA_EDITION").as_deref().map(str::trim) {
            Some("cloud") => Edition::Cloud,
            Some("data_center") => Edition::DataCenter,
            Some(_) => return Err(JiraConfigError::BadEdition),
            None if set("DESKBELL_JIRA_PERSONAL_TOKEN").or(set("DESKBELL_JIRA_USERNAME")).is_some() => {
                Edition::DataCenter
            }
            None => Edition::Cloud,
        };
        let credentials = match (edition, set("DESKBELL_JIRA_PERSONAL_TOKEN")) {
            (Edition::Cloud, _) => Credentials::Basic {
                user: required("DESKBELL_JIRA_EMAIL", "the e-mail address of the Jira account")?,
                secret: required("DESKBELL_JIRA_API_TOKEN", "an API token of the Jira account")?.into(),
            },
            (Edition::DataCenter, Some(token)) => {
                if set("DESKBELL_JIRA_USERNAME").is_some() {
                    return Err(JiraConfigError::TwoCredentials { other: "DESKBELL_JIRA_USERNAME" });
                }
                Credentials::Bearer(token.trim().to_owned().into())
            }
            (Edition::DataCenter, None) => {
                let token = "a personal access token of the Jira user, or set DESKBELL_JIRA_USERNAME and DESKBELL_JIRA_PASSWORD";
                if set("DESKBELL_JIRA_USERNAME").is_none() {
                    return Err(JiraConfigError::Missing { variable: "DESKBELL_JIRA_PERSONAL_TOKEN", meaning: token });
                }
                Credentials::Basic {
                    user: required("DESKBELL_JIRA_USERNAME", "the name of the Jira user")?,
                    secret: required("DESKBELL_JIRA_PASSWORD", "the password of the Jira user")?.into(),
                }
            }
        };
        Ok(Self { base_url, edition, credentials, timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(name: &str) -> Option<String> {
        match name {
            "DESKBELL_JIRA_URL" => Some("https://acme.atlassian.net".into()),
            "DESKBELL_JIRA_EMAIL" => Some("bot@acme.test".into()),
            "DESKBELL_JIRA_API_TOKEN" => Some("hush".into()),
            _ => None,
        }
    }

    fn with(variables: &[(&str, &str)]) -> Result<JiraConfig, JiraConfigError> {
        JiraConfig::from_variables(|wanted| {
            let given = variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
            given.or_else(|| (wanted == "DESKBELL_JIRA_URL").then(|| "https://jira.acme.test/jira".to_owned()))
        })
    }

    #[test]
    fn reads_the_environment_and_hides_the_token() {
        let config = JiraConfig::from_variables(cloud).unwrap();
        assert_eq!(config.base_url.as_str(), "https://acme.atlassian.net/");
        assert_eq!(config.edition, Edition::Cloud);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn names_the_variable_to_mend() {
        for missing in ["DESKBELL_JIRA_URL", "DESKBELL_JIRA_EMAIL", "DESKBELL_JIRA_API_TOKEN"] {
            let error = JiraConfig::from_variables(|name| cloud(name).filter(|_| name != missing)).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
        let bad = |name: &str| match name {
            "DESKBELL_JIRA_URL" => Some("acme.atlassian.net".into()),
            _ => cloud(name),
        };
        assert_eq!(JiraConfig::from_variables(bad).unwrap_err(), JiraConfigError::BadUrl);
    }

    #[test]
    fn a_personal_token_or_a_user_name_means_data_center() {
        let token = with(&[("DESKBELL_JIRA_PERSONAL_TOKEN", "hush\n")]).unwrap();
        assert_eq!(token.edition, Edition::DataCenter);
        assert!(matches!(token.credentials, Credentials::Bearer(_)));
        let user = [("DESKBELL_JIRA_USERNAME", "desk"), ("DESKBELL_JIRA_PASSWORD", "hush")];
        assert!(matches!(with(&user).unwrap().credentials, Credentials::Basic { .. }));
        for (variables, expected) in [
            (&[("DESKBELL_JIRA_EDITION", "data_center")][..], "DESKBELL_JIRA_PERSONAL_TOKEN"),
            (&[("DESKBELL_JIRA_EDITION", "server")], "DESKBELL_JIRA_EDITION"),
            (&[("DESKBELL_JIRA_USERNAME", "desk")], "DESKBELL_JIRA_PASSWORD"),
            (&[("DESKBELL_JIRA_USERNAME", "desk"), ("DESKBELL_JIRA_PERSONAL_TOKEN", "t")], "DESKBELL_JIRA_USERNAME"),
            (&[("DESKBELL_JIRA_EDITION", "cloud")], "DESKBELL_JIRA_EMAIL"),
        ] {
            let error = with(variables).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
