//! Who calls the desk server, and what they may.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use deskbell_domain::ids::PersonId;
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::event::Person;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at tickets and decisions that the caller may view, at the policy and the load.
    Read,
    /// Make requests.
    Triage,
    /// Search the knowledge base.
    Knowledge,
}

impl Scope {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Knowledge => "knowledge",
        }
    }
}

/// A caller by its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its name in the configuration.
    pub name: String,
    /// What its token lets it do.
    pub scopes: BTreeSet<Scope>,
    /// The person whose right to view tickets it has.
    pub acts_as: Option<PersonId>,
}

impl Caller {
    /// Whether its token has the scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Who it is where rights are asked for.
    pub(super) fn person(&self) -> Person {
        let id = self.acts_as.clone().unwrap_or_else(|| self.id());
        Person { id, is_external: false }
    }

    /// Who it is on the audit trail.
    pub(super) fn actor(&self) -> Actor {
        Actor::Person(self.id())
    }

    fn id(&self) -> PersonId {
        PersonId::new(format!("agent:{}", self.name))
    }
}

/// Every caller by its token.
#[derive(Clone, Default)]
pub struct Callers(Arc<Vec<(SecretString, Arc<Caller>)>>);

impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(_, caller)| &caller.name)).finish()
    }
}

impl Callers {
    /// With their tokens, which must differ.
    pub fn new(callers: Vec<(SecretString, Caller)>) -> Self {
        Self(Arc::new(callers.into_iter().map(|(token, caller)| (token, Arc::new(caller))).collect()))
    }

    /// Nobody may call.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token this is. Compares with all of them in constant time, so that no answer comes sooner than another.
    pub fn find(&self, token: &[u8]) -> Option<Arc<Caller>> {
        let mut found = None;
        for (known, caller) in self.0.iter() {
            if bool::from(known.expose_secret().as_bytes().ct_eq(token)) {
                found = Some(Arc::clone(caller));
            }
        }
        found
    }
}
