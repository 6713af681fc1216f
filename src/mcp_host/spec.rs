//! What the host is told about a server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::oauth::OAuthSpec;

/// Variables that change which code a child runs; they are never taken from the configuration.
const FORBIDDEN_VARIABLES: [&str; 8] =
    ["PATH", "BASH_ENV", "ENV", "IFS", "NODE_OPTIONS", "PYTHONSTARTUP", "PYTHONPATH", "PERL5OPT"];
/// Prefixes of such variables: the dynamic linkers' own.
const FORBIDDEN_PREFIXES: [&str; 2] = ["LD_", "DYLD_"];

/// One MCP server and how to treat it.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// The name under which the host addresses it; what the server says of itself counts for nothing.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// Time for starting it, opening the session and listing its tools.
    pub startup_timeout: Duration,
    /// Time for one call. Waiting for its turn takes at most as long before.
    pub call_timeout: Duration,
    /// Time for one call whose server says again and again how far it is, without the time that people take to answer.
    pub call_limit: Duration,
    /// Calls in flight at once, those included that wait for a person's answer; at least 1.
    pub max_concurrency: usize,
    /// Whether it may ask the people behind the actions that it carries out: it carries some out.
    pub asks_people: bool,
    /// Whether Deskbell is not ready without it.
    pub required: bool,
    /// The largest result that is taken, in bytes of JSON.
    pub response_bytes_max: usize,
    /// Which of its tools there are for Deskbell.
    pub tools: ToolFilter,
}

/// Which of a server's tools there are for Deskbell. A `*` at a name's end stands for any rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolFilter {
    /// Only these; all when absent.
    pub allow: Option<Vec<String>>,
    /// Never these, allowed or not.
    pub deny: Vec<String>,
}

impl ToolFilter {
    /// Whether there is such a tool for Deskbell.
    pub fn admits(&self, tool: &str) -> bool {
        let named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => tool.starts_with(beginning),
            None => tool == pattern,
        };
        self.allow.as_ref().is_none_or(|allowed| allowed.iter().any(named)) && !self.deny.iter().any(named)
    }
}

/// How a server is reached.
#[derive(Debug, Clone)]
pub enum Transport {
    /// A child process that speaks on its standard input and output.
    Stdio {
        /// The program: a path, or a name looked up in `PATH`.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment besides `PATH`, `HOME`, `LANG` and `TMPDIR`.
        env: BTreeMap<String, SecretString>,
        /// Its working directory; Deskbell's own when absent.
        cwd: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// Address of the MCP endpoint.
        url: Url,
        /// Headers of every request, such as `authorization`.
        headers: BTreeMap<String, SecretString>,
        /// How Deskbell signs in there.
        oauth: Option<Box<OAuthSpec>>,
    },
}

/// What is wrong with a [`ServerSpec`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpecError {
    /// The name is empty.
    #[error("an MCP server has no name; give it one")]
    NameMissing,
    /// No call could ever be made.
    #[error("max_concurrency of MCP server {0:?} is 0; set it to at least 1")]
    NoConcurrency(String),
    /// The variable would let the configuration replace the code that runs.
    #[error("MCP server {server:?} may not set the environment variable {variable}; remove it")]
    ForbiddenVariable {
        /// The server.
        server: String,
        /// The variable.
        variable: String,
    },
    /// The header can't be sent.
    #[error("MCP server {server:?} has a header {header:?} that HTTP does not allow; correct it")]
    BadHeader {
        /// The server.
        server: String,
        /// The header's name.
        header: String,
    },
    /// Secrets would travel readable.
    #[error("MCP server {0:?} would be sent headers or tokens over plain http to another machine; use https")]
    PlainHttp(String),
    /// Two ways to say who calls.
    #[error("MCP server {0:?} has both oauth and an authorization header; keep one of them")]
    TwoCredentials(String),
}

impl ServerSpec {
    /// Checks what can be checked without starting the server.
    ///
    /// # Errors
    /// [`SpecError`] for the first fault.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.name.trim().is_empty() {
            return Err(SpecError::NameMissing);
        }
        if self.max_concurrency == 0 {
            return Err(SpecError::NoConcurrency(self.name.clone()));
        }
        match &self.transport {
            Transport::Stdio { env, .. } => self.check_variables(env),
            Transport::Http { url, headers, oauth } => self.check_http(url, headers, oauth.is_some()),
        }
    }

    fn check_variables(&self, env: &BTreeMap<String, SecretString>) -> Result<(), SpecError> {
        let forbidden = env.keys().find(|name| {
            let upper = name.to_ascii_uppercase();
            FORBIDDEN_VARIABLES.contains(&upper.as_str())
                || FORBIDDEN_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
        });
        match forbidden {
            None => Ok(()),
            Some(variable) => {
                Err(SpecError::ForbiddenVariable { server: self.name.clone(), variable: variable.clone() })
            }
        }
    }

    fn check_http(&self, url: &Url, headers: &BTreeMap<String, SecretString>, signs_in: bool) -> Result<(), SpecError> {
        if url.scheme() != "https" && (signs_in || !headers.is_empty()) && !is_loopback(url) {
            return Err(SpecError::PlainHttp(self.name.clone()));
        }
        if signs_in && headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
            return Err(SpecError::TwoCredentials(self.name.clone()));
        }
        super::connect::header_map(headers)
            .map(drop)
            .map_err(|header| SpecError::BadHeader { server: self.name.clone(), header })
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(transport: Transport) -> ServerSpec {
        ServerSpec {
            name: "jira".into(),
            transport,
            startup_timeout: Duration::from_secs(1),
            call_timeout: Duration::from_secs(1),
            call_limit: Duration::from_secs(1),
            asks_people: false,
            max_concurrency: 1,
            required: false,
            response_bytes_max: 1024,
            tools: ToolFilter::default(),
        }
    }

    #[test]
    fn what_is_denied_is_denied_even_if_it_is_allowed() {
        let names = |written: &[&str]| written.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let open = ToolFilter { allow: None, deny: names(&["delete_*"]) };
        assert!(open.admits("create_issue") && !open.admits("delete_issue"));
        let narrow = ToolFilter { allow: Some(names(&["get_*", "create_issue"])), deny: names(&["get_secrets"]) };
        assert!(narrow.admits("get_issue") && narrow.admits("create_issue"));
        assert!(!narrow.admits("get_secrets") && !narrow.admits("create_issues"));
        assert!(!ToolFilter { allow: Some(Vec::new()), deny: Vec::new() }.admits("anything"));
    }

    fn http(url: &str, header: &str) -> ServerSpec {
        let headers = [(header.to_owned(), SecretString::from("hush"))].into();
        spec(Transport::Http { url: url.parse().unwrap(), headers, oauth: None })
    }

    #[test]
    fn variables_that_replace_code_are_refused() {
        for variable in ["LD_PRELOAD", "ld_library_path", "PATH", "NODE_OPTIONS"] {
            let env = [(variable.to_owned(), SecretString::from("x"))].into();
            let spec = spec(Transport::Stdio { command: "x".into(), args: Vec::new(), env, cwd: None });
            let error = spec.check().unwrap_err();
            assert!(error.to_string().contains(variable), "{error}");
        }
    }

    #[test]
    fn secrets_travel_over_https_or_stay_on_this_machine() {
        assert_eq!(http("https://mcp.test/mcp", "authorization").check(), Ok(()));
        assert_eq!(http("http://127.0.0.1:9/mcp", "authorization").check(), Ok(()));
        let error = http("http://mcp.test/mcp", "authorization").check();
        assert_eq!(error, Err(SpecError::PlainHttp("jira".into())));
        let error = http("https://mcp.test/mcp", "two words").check().unwrap_err();
        assert!(error.to_string().contains("two words"));
    }
}
