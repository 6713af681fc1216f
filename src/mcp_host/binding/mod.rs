//! Which tool carries out which action. Rules name actions; only configuration names servers and tools.
//!
//! [`written`] is what can be said, `answer` and `place` read what comes back, `errors` says what a
//! server's failures mean, `schema` holds a binding against the tool as its server publishes it, [`shipped`] are the bindings
//! that Deskbell brings along.

mod answer;
mod errors;
mod fault;
mod place;
pub(super) mod schema;
pub mod shipped;
pub mod written;

use std::collections::BTreeMap;

use deskbell_domain::action::{Action, ApprovedAction};
use deskbell_domain::ticket::ExternalRef;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use self::place::{Answer, Place};
use self::written::{BindingConfig, MarkerConfig, ReconcileConfig, ResultPlaces};
use super::arguments::{Arguments, BadArgument, KEY};
use super::outcome::CallOutput;
use super::spoken;
use super::tools::{QuarantinedTool, ToolInfo};
use super::{ServerState, ServerStatus};

pub(super) use self::answer::Reading;
pub(super) use self::errors::ErrorRules;
pub use self::fault::BindingError;
pub use self::schema::BindingFault;

/// Actions that make what the others act on.
const MAKES_SOMETHING: &[&str] = Action::OPENING;

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
    arguments: Arguments,
    result: Option<Made>,
    errors: ErrorRules,
    reconcile: Reconcile,
}

/// Where an answer names what was made.
#[derive(Debug, Clone)]
struct Made {
    key: Option<Place>,
    url: Option<Place>,
    previous: Option<Place>,
    reading: Reading,
}

/// How to find out whether something happened.
#[derive(Debug, Clone)]
enum Reconcile {
    Native { lasts: Option<SignedDuration> },
    Marker { tool: String, arguments: Arguments, made: Box<Made>, lag: SignedDuration },
    Unknown,
}

/// What may be done about a call whose outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recourse {
    /// The same call again, with the same key, while the server remembers it: it tells what became of the first.
    CallAgain {
        /// How long the server remembers; for good when absent.
        lasts: Option<SignedDuration>,
    },
    /// A look for what it left, or for a person to look.
    Look,
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
            match (Action::NAMES.contains(&name.as_str()), written.custom) {
                (true, false) => {}
                (true, true) => return Err(BindingError::NotCustom { name: name.clone() }),
                (false, true) if Action::is_custom_name(name) => {}
                (false, true) => return Err(BindingError::BadName { name: name.clone() }),
                (false, false) => {
                    return Err(BindingError::UnknownAction { name: name.clone(), known: Action::NAMES.join(", ") });
                }
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

    /// The bindings of a server.
    pub fn at<'a>(&'a self, server: &'a str) -> impl Iterator<Item = &'a Binding> {
        self.by_action.values().filter(move |binding| binding.server == server)
    }
}

impl Binding {
    fn check(name: &str, written: &BindingConfig) -> Result<Self, BindingError> {
        let bad = |field: &str, message: String| BindingError::BadValue {
            name: name.to_owned(),
            field: field.to_owned(),
            message,
        };
        let reading = reading(written.result_from.as_deref()).map_err(|message| bad("result_from", message))?;
        let errors = ErrorRules::check(&written.errors, reading.clone()).map_err(|message| bad("errors", message))?;
        let result = written.result.as_ref().map(|places| Made::check(places, reading)).transpose();
        let names_it = written.result.as_ref().is_some_and(|places| places.key.is_some());
        if MAKES_SOMETHING.contains(&name) && !names_it {
            return Err(BindingError::NoResult { name: name.to_owned() });
        }
        let arguments = checked_arguments(name, &written.arguments)?;
        let reconcile = match &written.reconcile {
            ReconcileConfig::Native { .. } if arguments.with_key().is_empty() => {
                return Err(BindingError::NativeWithoutKey { name: name.to_owned() });
            }
            ReconcileConfig::Native { lasts } => Reconcile::Native { lasts: *lasts },
            ReconcileConfig::Marker(marker) => Reconcile::marker(name, marker)?,
            ReconcileConfig::Unknown => Reconcile::Unknown,
        };
        Ok(Self {
            action: name.to_owned(),
            server: written.server.clone(),
            tool: written.tool.clone(),
            arguments,
            result: result.map_err(|message| bad("result", message))?,
            errors,
            reconcile,
        })
    }

    /// The tool's arguments for this action.
    ///
    /// # Errors
    /// The argument whose expression fails; no customers' words.
    pub(super) fn arguments(&self, approved: &ApprovedAction<'_>, key: &str) -> Result<Map<String, Value>, String> {
        self.arguments.fill(&context(approved, key))
    }

    /// What the server's failures mean.
    pub(super) fn errors(&self) -> &ErrorRules {
        &self.errors
    }

    /// What may be done when the outcome is not known.
    pub fn recourse(&self) -> Recourse {
        match self.reconcile {
            Reconcile::Native { lasts } => Recourse::CallAgain { lasts },
            Reconcile::Marker { .. } | Reconcile::Unknown => Recourse::Look,
        }
    }

    /// The read-only call that finds out whether it happened, and how long that may stay invisible.
    ///
    /// # Errors
    /// As [`Self::arguments`].
    pub(super) fn reconciliation(&self, approved: &ApprovedAction<'_>, key: &str) -> Option<Result<Look<'_>, String>> {
        let Reconcile::Marker { tool, arguments, lag, .. } = &self.reconcile else { return None };
        Some(arguments.fill(&context(approved, key)).map(|arguments| Look { tool, arguments, lag: *lag }))
    }

    /// Whether the tool's answer must name what was made.
    pub(super) fn names_what_it_made(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.key.is_some())
    }

    /// What a tool's answer says was there before; empty where nothing was.
    pub(super) fn previous(&self, output: &CallOutput) -> Option<String> {
        self.result.as_ref()?.previous(output)
    }

    /// What a tool's answer says was made.
    pub(super) fn made(&self, output: &CallOutput) -> Option<ExternalRef> {
        self.result.as_ref()?.read(&self.server, output)
    }

    /// What the reconciling tool's answer says was made.
    pub(super) fn found(&self, output: &CallOutput) -> Option<ExternalRef> {
        let Reconcile::Marker { made, .. } = &self.reconcile else { return None };
        made.read(&self.server, output)
    }

    /// The tool that looks whether it happened.
    pub fn looks_with(&self) -> Option<&str> {
        match &self.reconcile {
            Reconcile::Marker { tool, .. } => Some(tool),
            Reconcile::Native { .. } | Reconcile::Unknown => None,
        }
    }

    /// The tool that looks whether it happened, when it is asked a key and nothing else.
    pub fn looks_by_key_alone(&self) -> Option<&str> {
        let Reconcile::Marker { tool, arguments, .. } = &self.reconcile else { return None };
        arguments.iter().map(|(name, _)| name).eq([KEY]).then_some(tool)
    }

    /// The tools it needs.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.tool.as_str()).chain(self.looks_with())
    }

    /// What keeps it from being used with its server as it is now. Nothing is known of a server that is not ready.
    pub fn faults(&self, status: &ServerStatus) -> Vec<BindingFault> {
        match status.state {
            ServerState::Ready => self.faults_with(&status.tools, &status.quarantined),
            ServerState::Starting | ServerState::Failed { .. } | ServerState::SignInNeeded { .. } => Vec::new(),
        }
    }

    /// What keeps it from being used with these tools.
    pub(super) fn faults_with(&self, tools: &[ToolInfo], quarantined: &[QuarantinedTool]) -> Vec<BindingFault> {
        let called = |tool: &str| match tools.iter().find(|known| known.name == tool) {
            Some(known) => Ok(known),
            None => match quarantined.iter().find(|known| known.name == tool) {
                Some(known) => Err(format!("the tool `{tool}` can't be used: {}", known.reason)),
                None => Err(format!("the server {} has no tool `{tool}`", self.server)),
            },
        };
        let mut faults = match called(&self.tool) {
            Ok(tool) => self.call_faults(tool),
            Err(words) => vec![BindingFault::fatal(words)],
        };
        if let Reconcile::Marker { tool, arguments, .. } = &self.reconcile {
            // It can be done all the same; only what gets lost ends before a person.
            match called(tool) {
                Ok(tool) => faults.extend(schema::faults(tool, &arguments.iter()).into_iter().map(BindingFault::borne)),
                Err(words) => faults.push(BindingFault::fatal(words).borne()),
            }
        }
        faults
    }

    /// What keeps its tool from being called.
    pub(super) fn call_faults(&self, tool: &ToolInfo) -> Vec<BindingFault> {
        let mut faults = schema::faults(tool, &self.arguments.iter());
        let is_native = matches!(self.reconcile, Reconcile::Native { .. });
        if is_native && self.arguments.with_key().iter().all(|argument| schema::ignores(tool, argument)) {
            faults.push(BindingFault::fatal(format!(
                "`{}` takes no idempotency key, so reconcile = \"native\" can't be true",
                tool.name
            )));
        }
        faults
    }

    /// What of these values the tool certainly refuses.
    pub(super) fn refused(tool: &ToolInfo, arguments: &Map<String, Value>) -> Option<BindingFault> {
        let given = arguments.iter().map(|(name, value)| (name.as_str(), Some(value)));
        schema::faults(tool, &given).into_iter().find(BindingFault::is_fatal)
    }
}

impl Reconcile {
    fn marker(name: &str, written: &MarkerConfig) -> Result<Self, BindingError> {
        let bad = |field: &str, message: String| BindingError::BadValue {
            name: name.to_owned(),
            field: format!("reconcile.{field}"),
            message,
        };
        let lag = written
            .lag
            .parse::<SignedDuration>()
            .map_err(|_| BindingError::BadLag { name: name.to_owned(), lag: written.lag.clone() })?;
        let reading = reading(written.result_from.as_deref()).map_err(|message| bad("result_from", message))?;
        if written.result.key.is_none() {
            return Err(bad("result", "name the place of what was made: key = \"/key\"".to_owned()));
        }
        let made = Made::check(&written.result, reading).map_err(|message| bad("result", message))?;
        let arguments = checked_arguments(name, &written.arguments)?;
        Ok(Self::Marker { tool: written.tool.clone(), arguments, made: Box::new(made), lag })
    }
}

impl Made {
    fn check(places: &ResultPlaces, reading: Reading) -> Result<Self, String> {
        let place = |written: &Option<String>| written.as_deref().map(Place::parse).transpose();
        let (key, url, previous) = (place(&places.key)?, place(&places.url)?, place(&places.previous)?);
        Ok(Self { key, url, previous, reading })
    }

    fn previous(&self, output: &CallOutput) -> Option<String> {
        let json = self.reading.json(output);
        self.previous.as_ref()?.former(Answer { json: &json, text: &output.text })
    }

    fn read(&self, server: &str, output: &CallOutput) -> Option<ExternalRef> {
        let json = self.reading.json(output);
        let answer = Answer { json: &json, text: &output.text };
        Some(ExternalRef {
            system: server.to_owned(),
            key: self.key.as_ref()?.name(answer)?,
            url: self.url.as_ref().and_then(|url| url.name(answer)),
        })
    }
}

/// A read-only call that finds out whether something happened.
pub(super) struct Look<'binding> {
    pub tool: &'binding str,
    pub arguments: Map<String, Value>,
    /// How long it may have happened and stay invisible.
    pub lag: SignedDuration,
}

fn reading(written: Option<&str>) -> Result<Reading, String> {
    written.map_or_else(|| Ok(Reading::default()), Reading::parse)
}

fn checked_arguments(name: &str, written: &BTreeMap<String, toml::Value>) -> Result<Arguments, BindingError> {
    Arguments::check(written, &spoken::of_action(name)).map_err(|BadArgument { argument, message }| {
        BindingError::BadExpression { name: name.to_owned(), argument, message }
    })
}

/// What expressions speak of.
fn context(approved: &ApprovedAction<'_>, key: &str) -> Value {
    let ticket = approved.ticket().map(|ticket| ticket.to_string()).unwrap_or_default();
    spoken::context(&json!(approved.action()), &json!(approved.external()), &ticket, key)
}
