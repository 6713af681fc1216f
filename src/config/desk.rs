//! `[desk]`: Deskbell itself as an MCP server, and who may call it.

use std::collections::BTreeSet;

use deskbell_domain::ids::PersonId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::Spanned;

use super::source::{ConfigError, Source};
use super::value::SecretRef;
use crate::mcp_server::desk::caller::{Caller, Scope};

/// Bytes of a token at least: a shorter one is guessed.
const TOKEN_BYTES_MIN: usize = 16;
const NAME_MAX: usize = 32;

/// `[desk]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeskConfig {
    /// Who may call; nobody: `/mcp` is not served.
    pub tokens: Vec<DeskTokenConfig>,
    /// Names by which others reach `/mcp`, besides the loopback ones: the `Host` header must carry one of them.
    pub allowed_hosts: Vec<String>,
}

/// A caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskTokenConfig {
    /// On the audit trail, and in the source of its requests: `agent:NAME`.
    pub name: Spanned<String>,
    /// What it must send as bearer token.
    pub token: SecretRef,
    /// What it may do.
    pub scopes: Spanned<BTreeSet<Scope>>,
    /// Slack's id of the person whose right to view tickets it has; left out, it sees what it asked for itself, and what the
    /// policy lets everybody inside view.
    pub acts_as: Option<Spanned<String>>,
}

impl DeskTokenConfig {
    /// The caller that the token is of.
    pub fn caller(&self) -> Caller {
        Caller {
            name: self.name.get_ref().clone(),
            scopes: self.scopes.get_ref().clone(),
            acts_as: self.acts_as.as_ref().map(|id| PersonId::new(id.get_ref().as_str())),
        }
    }
}

impl DeskConfig {
    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        for token in &self.tokens {
            let name = token.name.get_ref();
            let is_name = (1..=NAME_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !is_name {
                let message =
                    format!("[desk] tokens: `{name}` is no name: use lowercase letters, digits and -, at most 32");
                faults.push(source.error(&token.name.span(), message));
            } else if !names.insert(name) {
                let message = format!("[desk] tokens: `{name}` is there twice: give each caller a name of its own");
                faults.push(source.error(&token.name.span(), message));
            }
            if token.scopes.get_ref().is_empty() {
                let message =
                    format!("[desk] tokens: {name} has no scopes: give some of \"read\", \"triage\", \"knowledge\"");
                faults.push(source.error(&token.scopes.span(), message));
            }
            if let Some(person) = token.acts_as.as_ref().filter(|person| !is_person(person.get_ref())) {
                let message = format!(
                    "[desk] tokens: `{}` is no person's id: copy it from their profile in Slack (U…)",
                    person.get_ref()
                );
                faults.push(source.error(&person.span(), message));
            }
        }
        faults
    }

    /// What is wrong with the tokens themselves.
    pub(super) fn token_fault(&self, tokens: &[SecretString], source: &Source) -> Option<ConfigError> {
        for (at, token) in tokens.iter().enumerate() {
            let place = self.tokens.get(at)?;
            let name = place.name.get_ref();
            let is_token = token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
            if token.expose_secret().len() < TOKEN_BYTES_MIN || !is_token {
                let message = format!(
                    "[desk] tokens: the token of {name} is too short or holds characters that no header takes: make one with \
                     `openssl rand -hex 32`"
                );
                return Some(source.error(&place.token.span(), message));
            }
            let twice = tokens.iter().take(at).any(|other| other.expose_secret() == token.expose_secret());
            if twice {
                let message = format!("[desk] tokens: {name} has another caller's token: give each a token of its own");
                return Some(source.error(&place.token.span(), message));
            }
        }
        None
    }
}

fn is_person(id: &str) -> bool {
    id.len() > 1
        && id.starts_with(['U', 'W'])
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
