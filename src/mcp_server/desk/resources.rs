//! What the policy says and how much is open, as JSON documents. Counts and rules, no ticket's words.

use deskbell_domain::decision::Load;
use deskbell_domain::ids::{QueueId, SquadId, WorkspaceId};
use deskbell_domain::policy::{EscalationPolicy, ExpiryChoice, Policy};
use deskbell_domain::ticket::Status;
use deskbell_servers::failure::ToolFailure;
use rmcp::model::Resource;
use serde_json::{Map, Value, json};

use super::{DeskWorld, of_store};
use crate::store::{Page, TicketFilter};

/// The scheme of the resources' addresses.
const PREFIX: &str = "deskbell://desk/";
/// Open tickets that are looked through for escalations under way.
const OPEN_MAX: usize = 2_000;

/// A document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    QueueStatus,
    TeamWorkload,
    TeamMappings,
    EscalationProcedures,
    EscalationPatterns,
    PriorityMatrix,
}

impl Document {
    pub(super) const ALL: [Self; 6] = [
        Self::QueueStatus,
        Self::TeamWorkload,
        Self::TeamMappings,
        Self::EscalationProcedures,
        Self::EscalationPatterns,
        Self::PriorityMatrix,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::QueueStatus => "queue_status",
            Self::TeamWorkload => "team_workload",
            Self::TeamMappings => "team_mappings",
            Self::EscalationProcedures => "escalation_procedures",
            Self::EscalationPatterns => "escalation_patterns",
            Self::PriorityMatrix => "priority_matrix",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::QueueStatus => "Open tickets in each queue, and the squads that work on it",
            Self::TeamWorkload => "Open tickets of each squad against its capacity",
            Self::TeamMappings => "Which squad takes which category, where it is reached and where its issues go",
            Self::EscalationProcedures => "Who is called at which level, where, and how long each level has",
            Self::EscalationPatterns => {
                "Rules that raise severity or priority, what an unanswered card does, and escalations under way"
            }
            Self::PriorityMatrix => "Priorities with their targets, and which urgency means which",
        }
    }

    pub(super) fn uri(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    pub(super) fn by_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|document| document.uri() == uri)
    }

    pub(super) fn resource(self) -> Resource {
        Resource::new(self.uri(), self.name()).with_description(self.description()).with_mime_type("application/json")
    }
}

impl DeskWorld {
    /// The document as it is now.
    pub(super) async fn document(&self, workspace: &WorkspaceId, wanted: Document) -> Result<Value, ToolFailure> {
        let policy = &self.policy;
        Ok(match wanted {
            Document::QueueStatus => queue_status(policy, &self.load(workspace).await?),
            Document::TeamWorkload => team_workload(policy, &self.load(workspace).await?),
            Document::TeamMappings => team_mappings(policy),
            Document::EscalationProcedures => escalation_procedures(policy),
            Document::EscalationPatterns => self.escalation_patterns(workspace).await?,
            Document::PriorityMatrix => priority_matrix(policy),
        })
    }

    async fn load(&self, workspace: &WorkspaceId) -> Result<Load, ToolFailure> {
        self.store.load(workspace, None).await.map_err(|error| of_store(&error))
    }

    async fn escalation_patterns(&self, workspace: &WorkspaceId) -> Result<Value, ToolFailure> {
        let statuses =
            [Status::AwaitingConfirmation, Status::Answering, Status::Dispatching, Status::Parked, Status::Following];
        let filter = TicketFilter { statuses: statuses.to_vec(), ..TicketFilter::default() };
        let page = Page { before: None, limit: OPEN_MAX };
        let open = self.store.tickets(workspace, filter, page).await.map_err(|error| of_store(&error))?;
        let escalated = open.iter().filter_map(|found| {
            let escalation = found.ticket.escalation.as_ref()?;
            Some(json!({
                "ticket": found.ticket.id.to_string(), "squad": found.ticket.squad, "level": escalation.level,
                "since": escalation.since, "acknowledged": escalation.acknowledged_by.is_some(),
            }))
        });
        let raising = self.policy.rules.iter().filter(|rule| rule.severity.is_some() || rule.priority.is_some());
        let rules = raising.map(|rule| {
            json!({
                "rule": rule.id, "description": rule.description, "when": rule.when.source(), "mode": rule.mode,
                "severity": rule.severity, "priority": rule.priority, "squads": rule.squads,
            })
        });
        let confirmation = &self.policy.confirmation;
        let on_expiry = match confirmation.on_expiry {
            ExpiryChoice::Confirm => "confirm",
            ExpiryChoice::Escalate => "escalate",
            ExpiryChoice::Dismiss => "dismiss",
        };
        Ok(json!({
            "rules": rules.collect::<Vec<_>>(),
            "unanswered_card": {
                "remind_after_seconds": confirmation.remind_after.as_secs(),
                "expire_after_seconds": confirmation.expire_after.as_secs(), "then": on_expiry,
            },
            "under_way": escalated.collect::<Vec<_>>(),
        }))
    }
}

fn queue_status(policy: &Policy, load: &Load) -> Value {
    let queues = policy.queues.iter().map(|(id, queue)| {
        let squads = policy.squads.iter().filter(|(_, squad)| squad.queue.as_ref() == Some(id));
        let squads: Vec<&SquadId> = squads.map(|(squad, _)| squad).collect();
        json!({ "queue": id, "name": queue.name, "open_tickets": open_in(load, id), "squads": squads })
    });
    json!({ "queues": queues.collect::<Vec<_>>() })
}

fn open_in(load: &Load, queue: &QueueId) -> u32 {
    load.queues.get(queue).copied().unwrap_or_default()
}

fn team_workload(policy: &Policy, load: &Load) -> Value {
    let squads = policy.squads.iter().map(|(id, squad)| {
        let open = load.squads.get(id).copied().unwrap_or_default();
        let per_thousand = u64::from(open) * 1000 / u64::from(squad.capacity.max(1));
        json!({
            "squad": id, "name": squad.name, "open_tickets": open, "capacity": squad.capacity,
            "load_per_1000_of_capacity": per_thousand, "members": squad.members.len(),
        })
    });
    json!({ "squads": squads.collect::<Vec<_>>() })
}

fn team_mappings(policy: &Policy) -> Value {
    let categories = policy.categories.iter().map(|category| {
        json!({ "category": category.id, "name": category.name, "area": category.area, "squad": category.squad })
    });
    let squads = policy.squads.iter().map(|(id, squad)| {
        json!({
            "squad": id, "name": squad.name, "channel": squad.channel, "members": squad.members, "queue": squad.queue,
            "tracker": { "project": squad.tracker.project, "issue_type": squad.tracker.issue_type },
            "escalation": squad.escalation,
        })
    });
    json!({
        "categories": categories.collect::<Vec<_>>(), "squads": squads.collect::<Vec<_>>(),
        "squad_of_last_resort": policy.default.squad,
    })
}

fn escalation_procedures(policy: &Policy) -> Value {
    let procedures: Map<String, Value> =
        policy.escalations.iter().map(|(name, escalation)| (name.clone(), procedure(escalation))).collect();
    let squads: Map<String, Value> = policy
        .squads
        .iter()
        .map(|(id, squad)| {
            let shown =
                squad.escalation.as_ref().map_or_else(|| procedure(policy.escalation_of(id)), |name| json!(name));
            (id.to_string(), shown)
        })
        .collect();
    json!({ "procedures": procedures, "by_squad": squads, "nobody_answers": { "channel": policy.ops_channel } })
}

fn procedure(escalation: &EscalationPolicy) -> Value {
    let levels = escalation.levels.iter().zip(1_u32..).map(|(level, number)| {
        json!({
            "level": number, "people": level.people, "whole_squad": level.squad_too, "channel": level.channel,
            "acknowledge_within_seconds": level.acknowledge_within.as_secs(),
        })
    });
    json!({ "levels": levels.collect::<Vec<_>>(), "last_level_is_repeated": escalation.repeat })
}

fn priority_matrix(policy: &Policy) -> Value {
    let priorities = policy.priorities.iter().map(|priority| {
        json!({
            "priority": priority.id, "name": priority.name, "tracker": priority.tracker,
            "first_response_within_seconds": priority.sla.first_response.map(|time| time.as_secs()),
            "resolution_within_seconds": priority.sla.resolution.map(|time| time.as_secs()),
        })
    });
    let [low, normal, high, critical] = &policy.default.priorities;
    let rules = policy.rules.iter().filter(|rule| rule.priority.is_some());
    let rules = rules.map(|rule| json!({ "rule": rule.id, "when": rule.when.source(), "priority": rule.priority }));
    json!({
        "priorities": priorities.collect::<Vec<_>>(),
        "by_urgency": { "low": low, "normal": normal, "high": high, "critical": critical },
        "rules": rules.collect::<Vec<_>>(),
        "targets_count_in": "the squad's business hours",
    })
}
