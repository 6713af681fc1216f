//! `[mcp.NAME]`: the MCP servers. Those of `mcpServers` files are in `mcp_files`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

use super::oauth::OAuthConfig;
use super::sections::is_http_address;
use super::source::{ConfigError, Source};
use super::value::{DAY, Length, Setting, looks_secret};
use crate::mcp_host::{ServerSpec, ShippedUse, ToolFilter, Transport};

/// One server: a child process (`command`) or an address (`url`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpConfig {
    /// The program; `deskbell` is this very program.
    pub command: Option<Spanned<String>>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Its environment besides `PATH`, `HOME`, `LANG` and `TMPDIR`.
    #[serde(default)]
    pub env: BTreeMap<String, Setting>,
    /// Its working directory.
    pub cwd: Option<PathBuf>,
    /// The address of a streamable HTTP server.
    pub url: Option<Spanned<String>>,
    /// Headers of every request to it.
    #[serde(default)]
    pub headers: BTreeMap<String, Setting>,
    /// How Deskbell signs in there.
    pub oauth: Option<OAuthConfig>,
    /// Time for starting it and listing its tools.
    #[serde(default = "startup_timeout")]
    pub startup_timeout: Length,
    /// Time for one call.
    #[serde(default = "call_timeout")]
    pub call_timeout: Length,
    /// Time for one call whose server says again and again how far it is.
    #[serde(default = "call_limit")]
    pub call_limit: Length,
    /// Calls in flight at once.
    #[serde(default = "max_concurrency")]
    pub max_concurrency: usize,
    /// Whether Deskbell is not ready without it.
    #[serde(default)]
    pub required: bool,
    /// The largest answer that is taken, in bytes.
    #[serde(default = "response_limit")]
    pub response_limit: usize,
    /// Only these of its tools; a `*` at a name's end stands for any rest.
    pub allow: Option<Vec<String>>,
    /// Never these of its tools.
    #[serde(default)]
    pub deny: Vec<String>,
    /// Bindings that ship with Deskbell, taken up for this server.
    pub bindings: Option<ShippedUse>,
    /// The `mcpServers` file that it stands in, if it does not stand in `deskbell.toml`.
    #[serde(skip)]
    pub(super) file: Option<PathBuf>,
}

pub(super) const fn startup_timeout() -> Length {
    Length::seconds(20)
}

pub(super) const fn call_timeout() -> Length {
    Length::seconds(30)
}

pub(super) const fn call_limit() -> Length {
    Length::seconds(600)
}

pub(super) const fn max_concurrency() -> usize {
    4
}

pub(super) const fn response_limit() -> usize {
    1024 * 1024
}

/// The transports take no longer message.
const RESPONSE_LIMIT_MAX: usize = 16 * 1024 * 1024;

impl McpConfig {
    /// The file it stands in, as the operator named it.
    fn file_name(&self, source: &Source) -> String {
        self.file.as_ref().map_or_else(|| source.name(), |file| file.display().to_string())
    }

    /// From where its paths count.
    fn folder<'a>(&'a self, source: &'a Source) -> &'a Path {
        self.file.as_deref().and_then(Path::parent).unwrap_or_else(|| source.folder())
    }

    /// A fault of one of its values.
    fn error(&self, source: &Source, span: &Range<usize>, message: String) -> ConfigError {
        match &self.file {
            Some(file) => ConfigError::at(file.display().to_string(), message),
            None => source.error(span, message),
        }
    }

    /// A fault of it as a whole.
    pub(super) fn wrong(&self, source: &Source, message: String) -> ConfigError {
        ConfigError::at(self.file_name(source), message)
    }

    /// Which of its tools there are for Deskbell.
    pub(super) fn tools(&self) -> ToolFilter {
        ToolFilter { allow: self.allow.clone(), deny: self.deny.clone() }
    }

    /// What is wrong with it, as far as that shows without its secrets.
    pub(super) fn fault(&self, name: &str, source: &Source) -> Option<ConfigError> {
        let here = |message: &str| Some(ConfigError::at(self.file_name(source), format!("[mcp.{name}] {message}")));
        match (&self.command, &self.url) {
            (None, None) => return here("says neither command nor url: give one of them"),
            (Some(_), Some(_)) => return here("says both command and url: keep one of them"),
            (Some(_), None) if self.oauth.is_some() => {
                return here("oauth belongs to url; a child process gets its secrets by env");
            }
            (Some(_), None) if !self.headers.is_empty() => {
                return here("headers belong to url; a child process gets env");
            }
            (None, Some(_)) if !self.env.is_empty() || !self.args.is_empty() || self.cwd.is_some() => {
                return here("args, env and cwd belong to command; a url gets headers");
            }
            (None, Some(url)) if !is_http_address(url.get_ref()) => {
                let message = format!("[mcp.{name}] url: `{}` is no http(s) address", url.get_ref());
                return Some(self.error(source, &url.span(), message));
            }
            _ => {}
        }
        if self.args.iter().any(|argument| looks_secret(argument)) {
            return here(
                "args hold what looks like a secret, which every user of the machine can read: give it by env",
            );
        }
        if self.response_limit > RESPONSE_LIMIT_MAX {
            return here("response_limit is above 16777216, the longest message that is read: lower it");
        }
        for (field, fault) in [
            ("startup_timeout", self.startup_timeout.outside(0, 3_600)),
            ("call_timeout", self.call_timeout.outside(0, 3_600)),
            ("call_limit", self.call_limit.outside(0, DAY)),
        ] {
            if let Some(fault) = fault {
                return here(&format!("{field} {fault}"));
            }
        }
        if self.max_concurrency == 0 {
            return here("max_concurrency is 0: give at least 1");
        }
        self.oauth.as_ref().and_then(|oauth| oauth.fault(name, source))
    }

    /// Its environment and its headers, each by the key that names it.
    fn settings(&self, name: &str) -> impl Iterator<Item = (String, &Setting)> {
        let env = self.env.iter().map(move |(key, setting)| (format!("mcp.{name}.env.{key}"), setting));
        let headers = self.headers.iter().map(move |(key, setting)| (format!("mcp.{name}.headers.{key}"), setting));
        env.chain(headers)
    }

    /// Those that stand in files.
    pub(super) fn setting_files(&self, name: &str, source: &Source) -> Vec<(String, PathBuf)> {
        let files = self.settings(name).filter_map(|(field, setting)| Some((field, setting.file()?)));
        let oauth = self.oauth.as_ref().and_then(|oauth| oauth.setting_file(name, self.folder(source)));
        files.map(|(field, file)| (field, self.folder(source).join(file))).chain(oauth).collect()
    }

    /// Its secrets that can't be had.
    pub(super) fn missing_secrets(&self, name: &str, source: &Source) -> Vec<ConfigError> {
        self.settings(name)
            .filter_map(|(field, setting)| {
                let message = setting.resolve(self.folder(source)).err()?;
                Some(self.error(source, &setting.span(), format!("{field}: {message}")))
            })
            .chain(self.oauth.as_ref().and_then(|oauth| oauth.spec(name, self.folder(source), source).err()))
            .collect()
    }

    /// The server with its secrets, checked.
    pub(super) fn spec(&self, name: &str, source: &Source) -> Result<ServerSpec, ConfigError> {
        let spec = ServerSpec {
            name: name.to_owned(),
            transport: self.transport(name, source)?,
            startup_timeout: self.startup_timeout.std(),
            call_timeout: self.call_timeout.std(),
            call_limit: self.call_limit.std(),
            asks_people: false,
            max_concurrency: self.max_concurrency,
            required: self.required,
            response_bytes_max: self.response_limit,
            tools: self.tools(),
        };
        spec.check().map_err(|error| ConfigError::at(self.file_name(source), format!("[mcp.{name}] {error}")))?;
        Ok(spec)
    }

    fn transport(&self, name: &str, source: &Source) -> Result<Transport, ConfigError> {
        if let Some(command) = &self.command {
            return Ok(Transport::Stdio {
                command: program(command.get_ref()),
                args: self.args.clone(),
                env: self.resolved(&self.env, &format!("mcp.{name}.env"), source)?,
                cwd: self.cwd.as_ref().map(|cwd| self.folder(source).join(cwd)),
            });
        }
        let url = self.url.as_ref().and_then(|url| url::Url::parse(url.get_ref()).ok());
        let Some(url) = url else {
            return Err(ConfigError::at(
                self.file_name(source),
                format!("[mcp.{name}] says neither command nor url: give one of them"),
            ));
        };
        let oauth = match &self.oauth {
            None => None,
            Some(oauth) => Some(Box::new(oauth.spec(name, self.folder(source), source)?)),
        };
        Ok(Transport::Http {
            url,
            headers: self.resolved(&self.headers, &format!("mcp.{name}.headers"), source)?,
            oauth,
        })
    }

    fn resolved(
        &self,
        settings: &BTreeMap<String, Setting>,
        field: &str,
        source: &Source,
    ) -> Result<BTreeMap<String, SecretString>, ConfigError> {
        settings
            .iter()
            .map(|(name, setting)| match setting.resolve(self.folder(source)) {
                Ok(value) => Ok((name.clone(), value)),
                Err(message) => Err(self.error(source, &setting.span(), format!("{field}.{name}: {message}"))),
            })
            .collect()
    }
}

/// `deskbell` is this very program, so that host and server are of one version.
fn program(command: &str) -> String {
    if command != "deskbell" {
        return command.to_owned();
    }
    std::env::current_exe().map_or_else(|_| command.to_owned(), |path| path.to_string_lossy().into_owned())
}
