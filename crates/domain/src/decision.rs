//! What the rules made of a request: the verdict, all that matched, the runner-up, and what it was made from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, Confidence};
use crate::enrichment::Lapse;
use crate::ids::{CategoryId, PersonId, PolicyHash, PriorityId, QueueId, RuleId, SquadId};
use crate::ticket::{Severity, Source};

/// How far a rule goes by itself. Ordered: the stricter of two wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Is recorded as "would have" and changes nothing.
    Shadow,
    /// Is carried out at once.
    Auto,
    /// A human confirms first.
    Confirm,
}

impl Mode {
    /// The name in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Auto => "auto",
            Self::Confirm => "confirm",
        }
    }
}

/// What is known of the customer behind the requester. Empty strings and zeroes where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Whether a look-up answered.
    pub known: bool,
    /// `enterprise`, `pro` …
    pub tier: String,
    /// The account's name.
    pub account: String,
    /// Open cases elsewhere.
    pub open_cases: i64,
    /// The account's key where it is kept, for whoever writes back there.
    #[serde(default)]
    pub id: String,
    /// Who looks after the account.
    #[serde(default)]
    pub owner: String,
    /// Open opportunities.
    #[serde(default)]
    pub open_opportunities: i64,
    /// What support they are entitled to.
    #[serde(default)]
    pub entitlement: String,
    /// Tickets they had before.
    #[serde(default)]
    pub earlier_tickets: i64,
}

/// Open work now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Open tickets per squad.
    pub squads: BTreeMap<SquadId, u32>,
    /// Open tickets per queue.
    pub queues: BTreeMap<QueueId, u32>,
}

/// What of the ticket a decision may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketFacts {
    /// What was asked. Customers' words.
    pub text: String,
    /// Where it came from.
    pub source: Source,
    /// The requester belongs to another organisation.
    pub requester_is_external: bool,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The severity so far (escalation may have raised it).
    pub severity: Severity,
    /// The priority that the requester chose in the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_priority: Option<RequestedPriority>,
}

/// A priority that somebody asked for. It settles the ticket's priority where no rule does and they hold the right
/// `set_priority`; from everybody else it is a hint that the card shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedPriority {
    /// Which.
    pub priority: PriorityId,
    /// Who asked for it.
    pub by: PersonId,
}

/// Everything a decision is made from. Kept with it, sealed, so that it can be made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionInputs {
    /// The ticket's part.
    pub ticket: TicketFacts,
    /// The assessor's part.
    pub assessment: Assessment,
    /// The customer's part.
    pub customer: Customer,
    /// Open work at that moment.
    pub load: Load,
    /// Tickets per queue in the helpdesk; `None` where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_load: Option<BTreeMap<QueueId, u32>>,
    /// What was looked for and not had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapses: Vec<Lapse>,
    /// The confidence from which on the assessed category may be carried out without asking, at that moment; `None` where the
    /// policy sets no bounds for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_from: Option<Confidence>,
    /// The moment.
    pub now: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedRule {
    /// Which.
    pub rule: RuleId,
    /// How far it goes.
    pub mode: Mode,
    /// How many constraints its condition has; the most specific names the squad.
    pub specificity: u32,
    /// The squad it names.
    pub squad: Option<SquadId>,
    /// Open tickets per 1000 of the squad's capacity at that moment: the tie-break.
    pub load_per_capacity: Option<u32>,
}

/// What must be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The policy that decided.
    pub policy: PolicyHash,
    /// When.
    pub at: Timestamp,
    /// Counts the ticket's decisions from 1.
    pub ordinal: u32,
    /// Confirm first, or carry out at once.
    pub mode: Mode,
    /// The bot may answer before anybody acts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub answer: bool,
    /// What the bot may look up for its answer, by the names of `[lookups.facts]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// The company's own actions that the bot may carry out along with its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solve_with: Vec<String>,
    /// Who must act.
    pub squad: SquadId,
    /// In which queue.
    pub queue: Option<QueueId>,
    /// How soon in the team's own terms.
    pub priority: PriorityId,
    /// How bad.
    pub severity: Severity,
    /// What about.
    pub category: Option<CategoryId>,
    /// The names of the actions to carry out, in order.
    pub actions: Vec<String>,
    /// What the issue is labelled with besides what tells where it belongs: what every matching rule says.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// One sentence: why this squad.
    pub reason: String,
    /// The squad that came second, if another was possible.
    pub runner_up: Option<SquadId>,
    /// All rules that matched, shadow ones too, the most specific first.
    pub matched: Vec<MatchedRule>,
    /// What the decision did without or could not evaluate.
    pub warnings: Vec<String>,
    /// First response, in business time.
    pub first_response_due_at: Option<Timestamp>,
    /// Resolution, in business time.
    pub resolution_due_at: Option<Timestamp>,
}
