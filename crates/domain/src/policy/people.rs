//! Who may do what: rights name people, groups, the squad concerned, or everybody inside. The right to view a ticket may
//! also be its requester's, and that of everybody who stands in its channel.

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::{ChannelId, PersonId, SquadId};
use crate::ticket::Ticket;
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
    /// Read a ticket with `/ticket`.
    View,
    /// Settle the priority of one's own request.
    SetPriority,
    /// Accept a tool that is not what it was at its first use, or keep it blocked.
    TrustTools,
    /// Undo a decision that was carried out.
    Undo,
    /// See what the knowledge base lacks, and have drafts made of it.
    Curate,
}

impl Right {
    /// The key under `[rights]`, and the word in answers to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Escalate => "escalate",
            Self::Claim => "claim",
            Self::Settle => "settle",
            Self::View => "view",
            Self::SetPriority => "set_priority",
            Self::TrustTools => "trust_tools",
            Self::Undo => "undo",
            Self::Curate => "curate",
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
    /// `"requester"`: who asked. For [`Right::View`] alone.
    Requester,
    /// `"channel"`: whoever asks in the channel of the request or of its card. For [`Right::View`] alone.
    Channel,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Internal => f.write_str("anyone inside the organisation"),
            Self::Squad => f.write_str("the ticket's squad"),
            Self::Group(name) => write!(f, "the group {name}"),
            Self::Person(person) => write!(f, "<@{person}>"),
            Self::Requester => f.write_str("who asked"),
            Self::Channel => f.write_str("anyone in the ticket's own channel"),
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
            Holder::Requester | Holder::Channel => false,
        })
    }

    /// Whether a person who asks in a conversation may read a ticket.
    pub fn may_view(&self, ticket: &Ticket, person: &Person, asking_in: &ChannelId) -> bool {
        self.allows(Right::View, person, ticket.squad.as_ref())
            || self.holders(Right::View).iter().any(|holder| match holder {
                Holder::Requester => ticket.requester == person.id,
                Holder::Channel => ticket.is_at_home_in(asking_in),
                _ => false,
            })
    }

    /// Who holds a right, for the answer to somebody who does not: in words, and those who hold it by name.
    pub fn who_may(&self, right: Right) -> (String, Vec<PersonId>) {
        let (mut words, mut people) = (Vec::new(), Vec::new());
        for holder in self.holders(right) {
            match holder {
                Holder::Person(person) => people.push(person.clone()),
                others => words.push(others.to_string()),
            }
        }
        (words.join(", "), people)
    }

    /// Those who hold a right over a ticket of this squad by name: people, the members of groups and, where it holds the
    /// right, the squad's.
    pub fn holders_by_name(&self, right: Right, squad: Option<&SquadId>) -> Vec<PersonId> {
        let mut people: Vec<PersonId> = Vec::new();
        for holder in self.holders(right) {
            let named: &[PersonId] = match holder {
                Holder::Person(person) => std::slice::from_ref(person),
                Holder::Group(name) => self.rights.groups.get(name).map_or(&[], Vec::as_slice),
                Holder::Squad => squad.and_then(|id| self.squad(id)).map_or(&[], |squad| squad.members.as_slice()),
                Holder::Anyone | Holder::Internal | Holder::Requester | Holder::Channel => &[],
            };
            people.extend(named.iter().filter(|person| !people.contains(person)).cloned().collect::<Vec<_>>());
        }
        people
    }

    /// Whether the squad concerned holds a right as such.
    pub fn squad_may(&self, right: Right) -> bool {
        self.holders(right).contains(&Holder::Squad)
    }

    fn holders(&self, right: Right) -> &[Holder] {
        self.rights.holders.get(&right).map_or(&[], Vec::as_slice)
    }
}
