//! Who may do what: rights name people, groups, the squad concerned, or everybody inside.

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::{PersonId, SquadId};
use crate::workflow::event::Person;

use super::Policy;

/// What needs a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// Confirm, change or dismiss a card.
    Confirm,
    /// Escalate.
    Escalate,
    /// Claim, acknowledge, resolve.
    Claim,
    /// Retry, skip or take over a parked action.
    Settle,
}

impl Right {
    /// The key under `[rights]`, and the word in answers to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Escalate => "escalate",
            Self::Claim => "claim",
            Self::Settle => "settle",
        }
    }
}

/// One of those who hold a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// `"anyone"`: people of other organisations too.
    Anyone,
    /// `"internal"`: everybody of this organisation.
    Internal,
    /// `"squad"`: members of the squad that the ticket goes to.
    Squad,
    /// `"group:NAME"`: a group of `[groups]`.
    Group(String),
    /// A person by Slack's id.
    Person(PersonId),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Internal => f.write_str("anyone inside the organisation"),
            Self::Squad => f.write_str("the ticket's squad"),
            Self::Group(name) => write!(f, "the group {name}"),
            Self::Person(person) => write!(f, "<@{person}>"),
        }
    }
}

/// Who holds which right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Named groups of people.
    pub groups: BTreeMap<String, Vec<PersonId>>,
    /// Holders by right.
    pub holders: BTreeMap<Right, Vec<Holder>>,
}

impl Policy {
    /// Whether a person holds a right over a ticket of this squad.
    pub fn allows(&self, right: Right, person: &Person, squad: Option<&SquadId>) -> bool {
        self.holders(right).iter().any(|holder| match holder {
            Holder::Anyone => true,
            Holder::Internal => !person.is_external,
            Holder::Squad => {
                squad.and_then(|squad| self.squad(squad)).is_some_and(|squad| squad.members.contains(&person.id))
            }
            Holder::Group(name) => self.rights.groups.get(name).is_some_and(|members| members.contains(&person.id)),
            Holder::Person(id) => id == &person.id,
        })
    }

    /// Who holds a right, in words, for the answer to somebody who does not.
    pub fn who_may(&self, right: Right) -> String {
        let names: Vec<String> = self.holders(right).iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    fn holders(&self, right: Right) -> &[Holder] {
        self.rights.holders.get(&right).map_or(&[], Vec::as_slice)
    }
}
