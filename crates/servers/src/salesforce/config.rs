//! How to reach one Salesforce organisation, as whom, and what its fields are called.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::names::FieldName;

/// Time for one exchange with Salesforce when nothing else is configured.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);
/// The version of the REST API that is spoken unless another is configured.
const API_VERSION_DEFAULT: &str = "v62.0";
/// The first version whose upserts answer with a body; older ones are retired or about to be.
const API_VERSION_MIN: u32 = 46;
/// Who a signed assertion is for, unless it is a sandbox.
const AUDIENCE_DEFAULT: &str = "https://login.salesforce.com";

/// How to reach one Salesforce organisation, as whom, and what its fields are called.
#[derive(Debug, Clone)]
pub struct SalesforceConfig {
    /// The organisation's My Domain, such as `https://acme.my.salesforce.com`; a path prefix is kept.
    pub base_url: Url,
    /// As whom.
    pub credentials: SalesforceCredentials,
    /// The version of the REST API, such as `v62.0`.
    pub api_version: String,
    /// The field of Case that holds Deskbell's id: an External ID, and unique.
    pub case_id_field: FieldName,
    /// The field of Account that holds the customer's tier; `None` where there is none.
    pub tier_field: Option<FieldName>,
    /// Mail domains that belong to no company, besides the well-known ones; lower case.
    pub free_mail_domains: Vec<String>,
    /// Time for one exchange with Salesforce.
    pub timeout: Duration,
}

/// As whom Salesforce is asked, by an external client app or connected app.
#[derive(Debug, Clone)]
pub enum SalesforceCredentials {
    /// OAuth 2.0 client credentials:
    /// <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm>.
    ClientCredentials {
        /// The app's consumer key.
        client_id: String,
        /// The app's consumer secret.
        client_secret: SecretString,
    },
    /// OAuth 2.0 JWT bearer:
    /// <https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm>.
    JwtBearer {
        /// The app's consumer key.
        client_id: String,
        /// The user that the app acts as.
        username: String,
        /// The RSA key of the app's certificate, in PEM.
        private_key: SecretString,
        /// `https://login.salesforce.com`, or `https://test.salesforce.com` for a sandbox.
        audience: String,
    },
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SalesforceConfigError {
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
        "the environment variable DESKBELL_SALESFORCE_URL is not a valid http(s) address; \
         set it to the organisation's My Domain, such as https://acme.my.salesforce.com"
    )]
    BadUrl,
    /// The version is none.
    #[error(
        "the environment variable DESKBELL_SALESFORCE_API_VERSION is not a version from v{API_VERSION_MIN}.0 on, such as \
         {API_VERSION_DEFAULT}; correct it or leave it out"
    )]
    BadApiVersion,
    /// A field's name is none.
    #[error(
        "the environment variable {variable} is not a field's API name, such as {example}; \
         Setup > Object Manager > Fields & Relationships shows it"
    )]
    BadField {
        /// Which.
        variable: &'static str,
        /// What one looks like.
        example: &'static str,
    },
    /// The key can't sign.
    #[error(
        "the environment variable DESKBELL_SALESFORCE_PRIVATE_KEY holds no RSA private key in PEM; \
         set it to the whole file with its BEGIN and END lines"
    )]
    BadPrivateKey,
    /// The timeout is no number of seconds.
    #[error(
        "the environment variable DESKBELL_SALESFORCE_TIMEOUT_SECONDS is not a number from 1 to 300; \
         correct it or leave it out"
    )]
    BadTimeout,
    /// The HTTP client could not be made.
    #[error("the HTTP client for Salesforce could not be made: {0}")]
    HttpClient(String),
}

impl SalesforceConfig {
    /// Reads `DESKBELL_SALESFORCE_URL`, `DESKBELL_SALESFORCE_CLIENT_ID` with `DESKBELL_SALESFORCE_CLIENT_SECRET`, or with
    /// `DESKBELL_SALESFORCE_USERNAME` and `DESKBELL_SALESFORCE_PRIVATE_KEY`, and, when set, `DESKBELL_SALESFORCE_AUDIENCE`,
    /// `_API_VERSION`, `_CASE_ID_FIELD`, `_TIER_FIELD` (`none` for none), `_FREE_MAIL_DOMAINS` and `_TIMEOUT_SECONDS` from
    /// the environment.
    ///
    /// # Errors
    /// [`SalesforceConfigError`] naming the variable to mend.
    pub fn from_env() -> Result<Self, SalesforceConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Self::from_env`], with the variables looked up by `variable`.
    ///
    /// # Errors
    /// [`SalesforceConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SalesforceConfigError> {
        let given = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let required = |name: &'static str, meaning: &'static str| {
            given(name).ok_or(SalesforceConfigError::Missing { variable: name, meaning })
        };
        let address = required(
            "DESKBELL_SALESFORCE_URL",
            "the organisation's My Domain, such as https://acme.my.salesforce.com",
        )?;
        let base_url = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(SalesforceConfigError::BadUrl)?;
        let timeout = match given("DESKBELL_SALESFORCE_TIMEOUT_SECONDS").map(|text| text.parse()) {
            None => TIMEOUT_DEFAULT,
            Some(Ok(seconds @ 1..=300)) => Duration::from_secs(seconds),
            Some(_) => return Err(SalesforceConfigError::BadTimeout),
        };
        let api_version = match given("DESKBELL_SALESFORCE_API_VERSION") {
            None => API_VERSION_DEFAULT.to_owned(),
            Some(text) => api_version(&text).ok_or(SalesforceConfigError::BadApiVersion)?,
        };
        let tier_field = match given("DESKBELL_SALESFORCE_TIER_FIELD") {
            Some(word) if word.eq_ignore_ascii_case("none") => None,
            text => Some(field("DESKBELL_SALESFORCE_TIER_FIELD", "Tier__c", text)?),
        };
        let free_mail = given("DESKBELL_SALESFORCE_FREE_MAIL_DOMAINS").unwrap_or_default();
        Ok(Self {
            base_url,
            credentials: credentials(given, required)?,
            api_version,
            case_id_field: field(
                "DESKBELL_SALESFORCE_CASE_ID_FIELD",
                "Deskbell_Id__c",
                given("DESKBELL_SALESFORCE_CASE_ID_FIELD"),
            )?,
            tier_field,
            free_mail_domains: free_mail
                .split(',')
                .map(|domain| domain.trim().to_lowercase())
                .filter(|domain| !domain.is_empty())
                .collect(),
            timeout,
        })
    }
}

fn credentials(
    given: impl Fn(&str) -> Option<String>,
    required: impl Fn(&'static str, &'static str) -> Result<String, SalesforceConfigError>,
) -> Result<SalesforceCredentials, SalesforceConfigError> {
    let client_id = required("DESKBELL_SALESFORCE_CLIENT_ID", "the consumer key of the external client app")?;
    if let Some(secret) = given("DESKBELL_SALESFORCE_CLIENT_SECRET") {
        return Ok(SalesforceCredentials::ClientCredentials { client_id, client_secret: secret.into() });
    }
    let Some(private_key) = given("DESKBELL_SALESFORCE_PRIVATE_KEY") else {
        return Err(SalesforceConfigError::Missing {
            variable: "DESKBELL_SALESFORCE_CLIENT_SECRET",
            meaning: "the consumer secret of the external client app (or DESKBELL_SALESFORCE_PRIVATE_KEY and \
                      DESKBELL_SALESFORCE_USERNAME for the JWT bearer flow)",
        });
    };
    Ok(SalesforceCredentials::JwtBearer {
        client_id,
        username: required("DESKBELL_SALESFORCE_USERNAME", "the name of the user that the app acts as")?,
        private_key: private_key.into(),
        audience: given("DESKBELL_SALESFORCE_AUDIENCE").unwrap_or_else(|| AUDIENCE_DEFAULT.to_owned()),
    })
}

/// `62.0` and `v62.0` mean the same.
fn api_version(text: &str) -> Option<String> {
    let number = text.trim_start_matches(['v', 'V']);
    let (major, minor) = number.split_once('.')?;
    let major: u32 = major.parse().ok()?;
    (major >= API_VERSION_MIN && minor == "0").then(|| format!("v{major}.0"))
}

fn field(
    variable: &'static str,
    default: &'static str,
    given: Option<String>,
) -> Result<FieldName, SalesforceConfigError> {
    let text = given.unwrap_or_else(|| default.to_owned());
    FieldName::parse(&text).ok_or(SalesforceConfigError::BadField { variable, example: default })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changes: &[(&str, &str)]) -> Result<SalesforceConfig, SalesforceConfigError> {
        let usual = [
            ("DESKBELL_SALESFORCE_URL", "https://acme.my.salesforce.com"),
            ("DESKBELL_SALESFORCE_CLIENT_ID", "3MVG9"),
            ("DESKBELL_SALESFORCE_CLIENT_SECRET", "hush"),
        ];
        SalesforceConfig::from_variables(|wanted| {
            let all = changes.iter().chain(&usual);
            all.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn reads_the_environment_and_hides_secrets() {
        let read = config(&[]).unwrap();
        assert_eq!((read.api_version.as_str(), read.case_id_field.as_str()), ("v62.0", "Deskbell_Id__c"));
        assert_eq!(read.tier_field.as_ref().map(FieldName::as_str), Some("Tier__c"));
        assert!(!format!("{read:?}").contains("hush"));
        let other = config(&[
            ("DESKBELL_SALESFORCE_CLIENT_SECRET", ""),
            ("DESKBELL_SALESFORCE_PRIVATE_KEY", "hush"),
            ("DESKBELL_SALESFORCE_USERNAME", "desk@acme.test"),
            ("DESKBELL_SALESFORCE_API_VERSION", "64.0"),
            ("DESKBELL_SALESFORCE_TIER_FIELD", "None"),
            ("DESKBELL_SALESFORCE_FREE_MAIL_DOMAINS", "Example.org, "),
        ])
        .unwrap();
        assert!(matches!(other.credentials, SalesforceCredentials::JwtBearer { .. }));
        assert_eq!((other.api_version.as_str(), other.tier_field.is_none()), ("v64.0", true));
        assert_eq!(other.free_mail_domains, ["example.org"]);
        assert!(!format!("{other:?}").contains("hush"));
    }

    #[test]
    fn names_the_variable_to_mend() {
        for (name, value) in [
            ("DESKBELL_SALESFORCE_URL", ""),
            ("DESKBELL_SALESFORCE_URL", "acme.my.salesforce.com"),
            ("DESKBELL_SALESFORCE_CLIENT_ID", " "),
            ("DESKBELL_SALESFORCE_CLIENT_SECRET", ""),
            ("DESKBELL_SALESFORCE_API_VERSION", "45.0"),
            ("DESKBELL_SALESFORCE_API_VERSION", "../v62.0"),
            ("DESKBELL_SALESFORCE_CASE_ID_FIELD", "Deskbell Id"),
            ("DESKBELL_SALESFORCE_TIER_FIELD", "Owner.Name"),
            ("DESKBELL_SALESFORCE_TIMEOUT_SECONDS", "0"),
        ] {
            let error = config(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
        let keyed = [("DESKBELL_SALESFORCE_CLIENT_SECRET", ""), ("DESKBELL_SALESFORCE_PRIVATE_KEY", "pem")];
        assert!(config(&keyed).unwrap_err().to_string().contains("DESKBELL_SALESFORCE_USERNAME"));
    }
}
