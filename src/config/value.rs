//! Kinds of values: lengths of time, references to secrets, settings of a child process.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use toml::Spanned;

/// In seconds.
pub(super) const DAY: u64 = 86_400;

/// A length of time as people write it: `"15s"`, `"2m"`, `"1h 30m"`. Always positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(Duration);

impl Length {
    /// Whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// For `std` and Tokio.
    pub const fn std(self) -> Duration {
        self.0
    }

    /// What is wrong with it where only lengths from so many seconds to so many make sense; never less than a tenth of one.
    pub(super) fn outside(self, least: u64, most: u64) -> Option<String> {
        let least = Duration::from_secs(least).max(Duration::from_millis(100));
        if self.0 < least {
            return Some(format!("is too short ({:?}): give at least {least:?}", self.0));
        }
        let shown = |length: Duration| format!("{:#}", Length(length).signed());
        let most = Duration::from_secs(most);
        (self.0 > most).then(|| format!("is too long ({}): give at most {}", shown(self.0), shown(most)))
    }

    /// For arithmetic on instants.
    pub fn signed(self) -> SignedDuration {
        SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse::<SignedDuration>()
            .ok()
            .filter(SignedDuration::is_positive)
            .and_then(|length| Duration::try_from(length).ok())
            .map(Self)
            .ok_or_else(|| {
                Error::custom(format!("`{text}` is no length of time: write for example \"15s\", \"2m\" or \"1h 30m\""))
            })
    }
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq)]
enum Origin {
    Variable(String),
    File(String),
    Text(String),
}

/// A reference to a secret: `"env:NAME"` or `"file:PATH"`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRef {
    origin: Origin,
    span: Range<usize>,
}

impl SecretRef {
    /// Where it stands in the file.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The file it names, if it names one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.origin.file()
    }

    pub(super) fn resolve(&self, folder: &Path) -> Result<SecretString, String> {
        self.origin.resolve(folder)
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({:?})", self.origin)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        let span = text.span();
        match Origin::parse(text.get_ref()) {
            Some(origin @ (Origin::Variable(_) | Origin::File(_))) if !origin.looks_secret() => {
                Ok(Self { origin, span })
            }
            _ => Err(Error::custom(
                "a secret does not belong in this file: write \"env:NAME\" and set that variable, or \"file:PATH\"; \
                 if this was a real one, replace it at its vendor",
            )),
        }
    }
}

/// A variable of a child process or a header of a server: a reference as in [`SecretRef`], or `"text:VALUE"` for
/// what is no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    origin: Origin,
    span: Range<usize>,
}

impl Setting {
    /// Where it stands in the file.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The file it names, if it names one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.origin.file()
    }

    pub(super) fn resolve(&self, folder: &Path) -> Result<SecretString, String> {
        self.origin.resolve(folder)
    }
}

impl Setting {
    /// As `mcpServers` files write it: `"${NAME}"`, `"${env:NAME}"`, everything that a [`Setting`] may be in TOML, and plain text
    /// for what is no secret. `name` is the variable's or the header's own.
    pub(super) fn from_json(name: &str, text: &str) -> Result<Self, String> {
        let origin = match expansion(text) {
            Some(variable) => Origin::Variable(variable.to_owned()),
            None if text.contains("${") => {
                return Err(format!("`{text}` is not filled in here: write \"${{NAME}}\" alone, or \"file:PATH\""));
            }
            None => Origin::parse(text).unwrap_or_else(|| Origin::Text(text.to_owned())),
        };
        let is_inline = matches!(&origin, Origin::Text(_)) && !text.starts_with("text:") && sounds_secret(name);
        if origin.looks_secret() || is_inline {
            return Err("a secret does not belong in this file: write \"${NAME}\" or \"env:NAME\" and set that variable, or \
                        \"file:PATH\"; if this was a real one, replace it at its vendor; \"text:VALUE\" says that it is none"
                .to_owned());
        }
        Ok(Self { origin, span: 0..0 })
    }
}

/// The variable that `${NAME}` or `${env:NAME}` stands for.
fn expansion(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    let name = name.strip_prefix("env:").unwrap_or(name);
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some(name)
}

/// Parts of names that vendors give to what must stay secret.
const SECRET_NAMES: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "AUTHORIZATION",
];

/// Whether a variable or header of this name holds a secret.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    name == "COOKIE" || SECRET_NAMES.iter().any(|part| name.contains(part))
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({:?})", self.origin)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        let span = text.span();
        match Origin::parse(text.get_ref()) {
            Some(origin) if origin.looks_secret() => Err(Error::custom(
                "this looks like a secret, which does not belong in this file: write \"env:NAME\" and set that \
                 variable, or \"file:PATH\"; if it was a real one, replace it at its vendor",
            )),
            Some(origin) => Ok(Self { origin, span }),
            None => Err(Error::custom(
                "write where the value comes from: \"env:NAME\", \"file:PATH\", or \"text:VALUE\" if it is no secret",
            )),
        }
    }
}

/// Beginnings of vendors' tokens.
const TOKEN_BEGINNINGS: [&str; 12] = [
    "xoxb-",
    "xoxp-",
    "xapp-",
    "xoxe",
    "whsec_",
    "ghp_",
    "github_pat_",
    "sk-",
    "ATATT",
    "Bearer ",
    "Basic ",
    "-----BEGIN",
];

/// Whether a text begins as vendors' tokens do.
pub(super) fn looks_secret(value: &str) -> bool {
    TOKEN_BEGINNINGS.iter().any(|beginning| value.starts_with(beginning))
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "env" if !rest.is_empty() => Some(Self::Variable(rest.to_owned())),
            "file" if !rest.is_empty() => Some(Self::File(rest.to_owned())),
            "text" => Some(Self::Text(rest.to_owned())),
            _ => None,
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(Path::new(path)),
            Self::Variable(_) | Self::Text(_) => None,
        }
    }

    /// A token where a name belongs, which a message about the name would repeat.
    fn looks_secret(&self) -> bool {
        match self {
            Self::Variable(written) | Self::Text(written) => looks_secret(written),
            Self::File(_) => false,
        }
    }

    fn resolve(&self, folder: &Path) -> Result<SecretString, String> {
        let value = match self {
            Self::Text(value) => return Ok(value.clone().into()),
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} is not set: set it"))?
            }
            Self::File(written) => {
                let path = folder.join(written);
                std::fs::read_to_string(&path).map_err(|error| {
                    format!("the file {} can't be read ({error}): write the secret there", path.display())
                })?
            }
        };
        let value = value.trim();
        if value.is_empty() {
            return Err(format!("{self} is empty: put the secret there"));
        }
        Ok(value.to_owned().into())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {path}"),
            Self::Text(_) => f.write_str("the text"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
