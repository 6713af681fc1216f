//! What a click wants done that names in another system who clicked: it waits until Slack has said who they are.

use serde::{Deserialize, Serialize};

use crate::action::Occasion;
use crate::ids::PersonId;

/// Something that somebody's click or a rule allows, as soon as it is known who somebody is outside Slack. Kept with the ticket, so
/// that nothing else leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Who clicked, or asked.
    pub by: PersonId,
    /// What for.
    pub what: ErrandKind,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// The ticket's issue becomes theirs.
    Assign,
    /// The conversation goes back to the customer's record under their name.
    WriteBack(Occasion),
    /// Whoever asked is answered, and a rule lets the bot do something for them along with that.
    SolveWith,
}

impl ErrandKind {
    /// The name in jobs' ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::SolveWith => "solve_with",
            Self::WriteBack(Occasion::Resolution) => "resolution",
            Self::WriteBack(Occasion::Handover) => "handover",
        }
    }
}

/// Who somebody is outside Slack, as far as Slack says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introduction {
    /// The name that people read.
    pub name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
}

/// Why the issue of a claimed ticket is not its holder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unassigned {
    /// No tool is bound that assigns.
    NoTool,
    /// Slack tells no e-mail address of theirs, or none that proves anything.
    NoAddress,
    /// The tracker did not do it.
    Refused,
}
