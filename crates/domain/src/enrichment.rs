//! What is looked up outside before a decision: who the customer is, how full the helpdesk's queues are. A look-up only reads. It
//! has a deadline, and the decision says what it did without.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::decision::Customer;
use crate::ids::QueueId;

/// What is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// The customer behind the requester.
    Customer,
    /// The helpdesk's queues with their load.
    QueueLoad,
}

impl Lookup {
    /// The name in a job's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::QueueLoad => "queue_load",
        }
    }

    /// What a decision without it lacks.
    const fn lacking(self) -> &'static str {
        match self {
            Self::Customer => "the customer record",
            Self::QueueLoad => "the helpdesk's queue load",
        }
    }
}

/// A look-up that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundLookup {
    /// The configured server.
    pub server: String,
    /// How long a decision waits for it.
    pub deadline: SignedDuration,
}

/// Every look-up that is bound.
pub type BoundLookups = BTreeMap<Lookup, BoundLookup>;

/// What came of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedUp {
    /// The customer; [`Customer::known`] says whether there is one.
    Customer(Customer),
    /// Tickets by queue; a queue that the helpdesk does not name is not there.
    QueueLoad(BTreeMap<QueueId, u32>),
    /// Nothing.
    Lapsed(Lapse),
}

impl LookedUp {
    /// Which look-up it answers.
    pub const fn lookup(&self) -> Lookup {
        match self {
            Self::Customer(_) => Lookup::Customer,
            Self::QueueLoad(_) => Lookup::QueueLoad,
            Self::Lapsed(lapse) => lapse.lookup,
        }
    }
}

/// A look-up that brought nothing, and why. Holds no customers' words and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// Which.
    pub lookup: Lookup,
    /// Who was asked: the configured server, or `slack`.
    pub server: String,
    /// Why.
    pub why: LapseReason,
}

/// Why a look-up brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LapseReason {
    /// No answer within the deadline.
    Late {
        /// The deadline, in milliseconds.
        deadline_ms: i64,
    },
    /// It could not be asked: it is away, busy, or left alone after failures.
    Unreachable,
    /// It was asked and said no.
    Refused,
    /// It was asked and failed.
    Failed,
    /// Its answer is not what the configuration says.
    Unreadable,
    /// Its tool is not what it was at its first use, or is not said to only read.
    Distrusted,
    /// Nothing is known that it could be asked with.
    NothingToAskWith,
    /// The configuration binds it no more.
    Unbound,
}

impl fmt::Display for Lapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.server.chars();
        let server: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        write!(f, "Decided without {}: ", self.lookup.lacking())?;
        match self.why {
            LapseReason::Late { deadline_ms } if deadline_ms % 1000 == 0 => {
                write!(f, "{server} did not answer in {} s", deadline_ms / 1000)
            }
            LapseReason::Late { deadline_ms } => write!(f, "{server} did not answer in {deadline_ms} ms"),
            LapseReason::Unreachable => write!(f, "{server} could not be reached"),
            LapseReason::Refused => write!(f, "{server} refused the look-up"),
            LapseReason::Failed => write!(f, "{server} failed"),
            LapseReason::Unreadable => write!(f, "{server} answered something else than is configured"),
            LapseReason::Distrusted => write!(f, "the tool of {server} is not trusted as it is now"),
            LapseReason::NothingToAskWith => {
                write!(f, "nothing is known of the requester that {server} could be asked with")
            }
            LapseReason::Unbound => f.write_str("no server is bound to it any more"),
        }
    }
}

/// What look-ups brought for a ticket so far. About a person: it belongs to the ticket's sealed words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrichment {
    /// The customer, once a look-up answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// The helpdesk's queues for the newest revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_load: Option<BTreeMap<QueueId, u32>>,
    /// What brought nothing for the newest revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapses: Vec<Lapse>,
}

impl Enrichment {
    /// Nothing was looked up.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
