//! Approved actions become tool calls. This is the only place that calls a tool which changes something.

use std::time::Duration;

use deskbell_domain::action::ApprovedAction;
use deskbell_domain::ticket::ExternalRef;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::attended::Attendant;
use super::server::Turn;
use super::{Binding, BindingFault, Bindings, CallError, McpHost, Reason, ToolInfo};

/// Why an approved action is not done. As text it holds no customers' words and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// It was never sent: it waits for a server that is busy, away or wants to be left alone.
    #[error("{reason}")]
    NotSent {
        /// What stood in the way.
        reason: Reason,
        /// Not before this.
        retry_after: Option<Duration>,
    },
    /// It was sent and surely did not happen; trying again may help.
    #[error("{reason}")]
    NotDone {
        /// What went wrong.
        reason: Reason,
        /// Not before this.
        retry_after: Option<Duration>,
    },
    /// It surely did not happen, and trying again changes nothing.
    #[error("{reason}")]
    Refused {
        /// What the server said.
        reason: Reason,
    },
    /// It was cancelled; it may have happened, and is not called again by itself.
    #[error("the call was cancelled")]
    Cancelled,
    /// It may have happened.
    #[error("{reason}")]
    Unknown {
        /// What went wrong.
        reason: Reason,
    },
}

/// What came of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedOut {
    /// What it made.
    pub made: Option<ExternalRef>,
    /// What was there before, where the server tells; empty: nothing was.
    pub former: Option<String>,
}

/// What a look for an action's marker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It happened.
    Yes(Option<ExternalRef>),
    /// No trace; one may still appear within this time after the call.
    NotYet {
        /// The server's lag.
        lag: SignedDuration,
    },
    /// The binding has no way to look.
    CannotTell,
}

impl From<CallError> for DispatchError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent { reason, retry_after } => Self::NotSent { reason, retry_after },
            CallError::Transient { message, retry_after } => Self::NotDone { reason: message, retry_after },
            CallError::Permanent { message } => Self::Refused { reason: message },
            CallError::Unknown { reason } => Self::Unknown { reason },
            CallError::Cancelled => Self::Cancelled,
            CallError::TooLarge { .. } => Self::Unknown { reason: error.reason() },
            CallError::TimedOut { waited } => Self::Unknown { reason: format!("no answer within {waited:?}").into() },
            CallError::Unclassified { message } => Self::Unknown { reason: message },
        }
    }
}

impl DispatchError {
    /// The failure of a call, with the tool that was called.
    fn of_call(error: CallError, server: &str, tool: &str) -> Self {
        let mut failed = Self::from(error);
        if let Self::NotSent { reason, .. }
        | Self::NotDone { reason, .. }
        | Self::Refused { reason }
        | Self::Unknown { reason } = &mut failed
        {
            *reason = reason.clone().about(server, tool);
        }
        failed
    }
}

/// An approved action whose tool may be called now: it has its turn at the server and is sent as it is.
pub struct Ready<'host> {
    turn: Turn<'host>,
    binding: &'host Binding,
    arguments: Map<String, Value>,
    makes_something: bool,
}

impl Ready<'_> {
    /// The configured server, and its tool as it is now.
    pub fn tool(&self) -> (&str, &ToolInfo) {
        (&self.binding.server, self.turn.tool())
    }

    /// Carries the action out. Who stands behind it is asked what the server asks, and may cancel.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn send(self, attendant: &dyn Attendant) -> Result<CarriedOut, DispatchError> {
        self.sent(Some(attendant)).await
    }

    /// The same for what a click allows that belongs to no ticket: nobody waits there to be asked.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn send_alone(self) -> Result<CarriedOut, DispatchError> {
        self.sent(None).await
    }

    async fn sent(self, attendant: Option<&dyn Attendant>) -> Result<CarriedOut, DispatchError> {
        let Self { turn, binding, arguments, makes_something } = self;
        let answer = super::take(turn, &binding.server, arguments, binding.errors(), attendant)
            .await
            .map_err(|error| DispatchError::of_call(error, &binding.server, &binding.tool))?;
        match binding.made(&answer) {
            // Whatever was made exists, and nothing that follows could reach it.
            None if makes_something || binding.names_what_it_made() => Err(DispatchError::Unknown {
                reason: Reason::from(format!(
                    "the answer of tool {:?} does not name what was made; correct `result` of [actions.{}]",
                    binding.tool, binding.action
                )),
            }),
            made => Ok(CarriedOut { made, former: binding.previous(&answer) }),
        }
    }
}

impl McpHost {
    /// Waits until an approved action may be sent to the tool it is bound to. Sends nothing.
    ///
    /// # Errors
    /// See [`DispatchError`]; never `NotDone` or `Unknown`.
    pub async fn ready<'host>(
        &'host self,
        bindings: &'host Bindings,
        approved: &ApprovedAction<'_>,
        key: &str,
    ) -> Result<Ready<'host>, DispatchError> {
        let binding = bound(bindings, approved)?;
        let arguments =
            binding.arguments(approved, key).map_err(|reason| DispatchError::Refused { reason: reason.into() })?;
        self.fits(binding)?;
        let turn = self.turn(&binding.server, &binding.tool).await?;
        // The tool may have become another while the turn was waited for.
        if let Some(fault) = binding.call_faults(turn.tool()).into_iter().find(BindingFault::is_fatal) {
            return Err(unfit(binding, &fault));
        }
        if let Some(fault) = Binding::refused(turn.tool(), &arguments) {
            let reason = format!("for this action {fault}; correct [actions.{}]", binding.action);
            return Err(DispatchError::Refused { reason: reason.into() });
        }
        Ok(Ready { turn, binding, arguments, makes_something: approved.action().is_primary() })
    }

    /// Looks whether an approved action happened. Changes nothing.
    ///
    /// # Errors
    /// See [`DispatchError`]; here `Unknown` only means that the look failed.
    pub async fn find(
        &self,
        bindings: &Bindings,
        approved: &ApprovedAction<'_>,
        key: &str,
    ) -> Result<Found, DispatchError> {
        let binding = bound(bindings, approved)?;
        let Some(look) = binding.reconciliation(approved, key) else { return Ok(Found::CannotTell) };
        let look = look.map_err(|reason| DispatchError::Refused { reason: reason.into() })?;
        let turn = self.turn(&binding.server, look.tool).await?;
        let answer = super::take(turn, &binding.server, look.arguments, binding.errors(), None)
            .await
            .map_err(|error| DispatchError::of_call(error, &binding.server, look.tool))?;
        Ok(match binding.found(&answer) {
            Some(external) => Found::Yes(Some(external)),
            None => Found::NotYet { lag: look.lag },
        })
    }
}

impl McpHost {
    /// A binding that does not fit its server as it is now waits like one whose server is away: either may be mended.
    fn fits(&self, binding: &Binding) -> Result<(), DispatchError> {
        match self.faults_of(binding).into_iter().flatten().find(BindingFault::is_fatal) {
            Some(fault) => Err(unfit(binding, &fault)),
            None => Ok(()),
        }
    }
}

fn unfit(binding: &Binding, fault: &BindingFault) -> DispatchError {
    let reason = format!("[actions.{}] does not fit the server as it is now: {fault}", binding.action);
    DispatchError::NotSent { reason: reason.into(), retry_after: None }
}

fn bound<'bindings>(
    bindings: &'bindings Bindings,
    approved: &ApprovedAction<'_>,
) -> Result<&'bindings Binding, DispatchError> {
    let name = approved.action().name();
    bindings.of(name).ok_or_else(|| DispatchError::Refused {
        reason: Reason::from(format!("no tool is bound to `{name}`: add [actions.{name}] to the configuration")),
    })
}
