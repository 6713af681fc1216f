//! Which tool carries out which action. Rules name actions; only configuration names servers and tools.

use std::collections::BTreeMap;

use deskbell_domain::action::{Action, ApprovedAction};
use deskbell_domain::ticket::ExternalRef;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::template;

/// Actions that make what the others act on.
const MAKES_SOMETHING: [&str; 1] = ["create_issue"];

/// `[actions.NAME]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingConfig {
    /// The configured server.
    pub server: String,
    /// The server's tool.
    pub tool: String,
    /// The tool's arguments. A text that begins with `=` is an expression over `action`, `external`, `ticket` and
    /// `idempotency_key`; what is absent is left out.
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// Where the answer names what was made; without it nothing is expected there.
    #[serde(default)]
    pub result: Option<ResultPointers>,
    /// How to find out whether it happened, after an answer got lost.
    #[serde(default)]
    pub reconcile: Option<ReconcileConfig>,
}

/// JSON pointers (RFC 6901) into a tool's structured answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultPointers {
    /// The vendor's key.
    pub key: String,
    /// Where people read it.
    #[serde(default)]
    pub url: Option<String>,
}

/// `[actions.NAME.reconcile]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconcileConfig {
    /// A tool that only reads.
    pub tool: String,
    /// As in [`BindingConfig::arguments`].
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// Where its answer names what was made; no key there: it did not happen, or is not visible yet.
    pub result: ResultPointers,
    /// How long something made may stay invisible, for example `"90s"`.
    pub lag: String,
}

/// All bindings, checked.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    by_action: BTreeMap<String, Binding>,
}

/// One binding, checked.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The action.
    pub action: String,
    /// The configured server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    arguments: BTreeMap<String, Value>,
    result: Option<ResultPointers>,
    reconcile: Option<Reconcile>,
}

#[derive(Debug, Clone)]
struct Reconcile {
    tool: String,
    arguments: BTreeMap<String, Value>,
    result: ResultPointers,
    lag: SignedDuration,
}

/// What is wrong with a binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// No such action.
    #[error("[actions.{name}]: there is no such action; known are: {known}")]
    UnknownAction {
        /// As written.
        name: String,
        /// What there is.
        known: String,
    },
    /// It only reads.
    #[error("[actions.{name}]: that is a look-up, which only reads and needs no approval; write [lookups.{name}]")]
    IsLookup {
        /// As written.
        name: String,
    },
    /// No such server.
    #[error("[actions.{name}] server = \"{server}\": add [mcp.{server}] or name one that is configured")]
    UnknownServer {
        /// The action.
        name: String,
        /// As written.
        server: String,
    },
    /// A tool that there is not for Deskbell.
    #[error("[actions.{name}] tool `{tool}`: allow or deny of [mcp.{server}] keeps it out; let it in or name another")]
    ToolKeptOut {
        /// The action.
        name: String,
        /// Its server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// An expression that can't be parsed.
    #[error("[actions.{name}] arguments.{argument}: {message}")]
    BadExpression {
        /// The action.
        name: String,
        /// The argument.
        argument: String,
        /// The parser's words.
        message: String,
    },
    /// What the others need would never be known.
    #[error(
        "[actions.{name}] has no `result`: say where the tool's answer names what it made, for example result = {{ key = \"/key\" }}"
    )]
    NoResult {
        /// The action.
        name: String,
    },
    /// A lag that is no length of time.
    #[error("[actions.{name}.reconcile] lag = \"{lag}\": write for example \"90s\" or \"2m\"")]
    BadLag {
        /// The action.
        name: String,
        /// As written.
        lag: String,
    },
}

impl Bindings {
    /// Checks what is configured against the actions there are and the servers configured.
    ///
    /// # Errors
    /// The first fault, with the field and the mend.
    pub fn check(
        config: &BTreeMap<String, BindingConfig>,
        has_server: impl Fn(&str) -> bool,
    ) -> Result<Self, BindingError> {
        let mut by_action = BTreeMap::new();
        for (name, written) in config {
            if super::lookup::NAMES.contains(&name.as_str()) {
                return Err(BindingError::IsLookup { name: name.clone() });
            }
            if !Action::NAMES.contains(&name.as_str()) {
                return Err(BindingError::UnknownAction { name: name.clone(), known: Action::NAMES.join(", ") });
            }
            if !has_server(&written.server) {
                return Err(BindingError::UnknownServer { name: name.clone(), server: written.server.clone() });
            }
            by_action.insert(name.clone(), Binding::check(name, written)?);
        }
        Ok(Self { by_action })
    }

    /// The binding of an action.
    pub fn of(&self, action: &str) -> Option<&Binding> {
        self.by_action.get(action)
    }

    /// All bindings by the action's name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.by_action.iter().map(|(name, binding)| (name.as_str(), binding))
    }
}

impl Binding {
    fn check(name: &str, written: &BindingConfig) -> Result<Self, BindingError> {
        let reconcile = written.reconcile.as_ref().map(|reconcile| {
            let lag = reconcile
                .lag
                .parse::<SignedDuration>()
                .map_err(|_| BindingError::BadLag { name: name.to_owned(), lag: reconcile.lag.clone() })?;
            Ok(Reconcile {
                tool: reconcile.tool.clone(),
                arguments: checked_arguments(name, &reconcile.arguments)?,
                result: reconcile.result.clone(),
                lag,
            })
        });
        if MAKES_SOMETHING.contains(&name) && written.result.is_none() {
            return Err(BindingError::NoResult { name: name.to_owned() });
        }
        Ok(Self {
            action: name.to_owned(),
            server: written.server.clone(),
            tool: written.tool.clone(),
            arguments: checked_arguments(name, &written.arguments)?,
            result: written.result.clone(),
            reconcile: reconcile.transpose()?,
        })
    }

    /// The tool's arguments for this action.
    ///
    /// # Errors
    /// The argument whose expression fails; no customers' words.
    pub(super) fn arguments(&self, approved: &ApprovedAction<'_>, key: &str) -> Result<Map<String, Value>, String> {
        fill(&self.arguments, approved, key)
    }

    /// The read-only call that finds out whether it happened, and how long that may stay invisible.
    ///
    /// # Errors
    /// As [`Self::arguments`].
    pub(super) fn reconciliation(&self, approved: &ApprovedAction<'_>, key: &str) -> Option<Result<Look<'_>, String>> {
        let reconcile = self.reconcile.as_ref()?;
        let arguments = fill(&reconcile.arguments, approved, key);
        Some(arguments.map(|arguments| Look { tool: &reconcile.tool, arguments, lag: reconcile.lag }))
    }

    /// Whether the tool's answer must name what was made.
    pub(super) fn names_what_it_made(&self) -> bool {
        self.result.is_some()
    }

    /// What a tool's answer says was made.
    pub(super) fn made(&self, answer: &Value) -> Option<ExternalRef> {
        self.result.as_ref().and_then(|pointers| external(&self.server, pointers, answer))
    }

    /// What the reconciling tool's answer says was made.
    pub(super) fn found(&self, answer: &Value) -> Option<ExternalRef> {
        self.reconcile.as_ref().and_then(|reconcile| external(&self.server, &reconcile.result, answer))
    }

    /// The tool that looks whether it happened.
    pub fn looks_with(&self) -> Option<&str> {
        self.reconcile.as_ref().map(|reconcile| reconcile.tool.as_str())
    }

    /// The tools it needs.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.tool.as_str()).chain(self.reconcile.iter().map(|reconcile| reconcile.tool.as_str()))
    }
}

/// A read-only call that finds out whether something happened.
pub(super) struct Look<'binding> {
    pub tool: &'binding str,
    pub arguments: Map<String, Value>,
    /// How long it may have happened and stay invisible.
    pub lag: SignedDuration,
}

fn external(server: &str, pointers: &ResultPointers, answer: &Value) -> Option<ExternalRef> {
    let text = |pointer: &str| match answer.pointer(pointer)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(ExternalRef {
        system: server.to_owned(),
        key: text(&pointers.key)?,
        url: pointers.url.as_deref().and_then(text),
    })
}

fn checked_arguments(
    name: &str,
    arguments: &BTreeMap<String, toml::Value>,
) -> Result<BTreeMap<String, Value>, BindingError> {
    template::checked(arguments).map_err(|(argument, message)| BindingError::BadExpression {
        name: name.to_owned(),
        argument,
        message,
    })
}

fn fill(
    arguments: &BTreeMap<String, Value>,
    approved: &ApprovedAction<'_>,
    key: &str,
) -> Result<Map<String, Value>, String> {
    let context = json!({
        "action": approved.action(),
        "external": approved.external(),
        "ticket": approved.ticket().to_string(),
        "idempotency_key": key,
    });
    template::fill(arguments, &context)
}
