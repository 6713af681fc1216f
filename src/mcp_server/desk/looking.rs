//! Tickets and decisions, for callers who may view them; and what goes on the audit trail of every look.

use deskbell_domain::assessment::Assessment;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::decision::Decision;
use deskbell_domain::ids::{ChannelId, SquadId, TicketId, WorkspaceId};
use deskbell_domain::ticket::{Source, Status, Ticket, Verdict};
use deskbell_servers::failure::ToolFailure;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::schema::{
    ExplainedDecision, FoundPassages, Issue, ListTickets, ListedTickets, MatchedRule, SearchKnowledge, ShownReading,
    ShownTicket, TicketState,
};
use super::{DeskWorld, of_store};
use crate::intake::agent::agent_system;
use crate::store::{Commit, Page, TicketFilter};

/// Tickets looked at for a page: at most, and when none is asked for.
const TICKETS_MAX: u32 = 100;
const TICKETS_DEFAULT: u32 = 25;
/// Passages on a page: at most, and when none is asked for.
const PASSAGES_MAX: u32 = 20;
const PASSAGES_DEFAULT: u32 = 5;

const OPEN: [Status; 6] = [
    Status::Received,
    Status::AwaitingConfirmation,
    Status::Answering,
    Status::Dispatching,
    Status::Parked,
    Status::Following,
];
const CLOSED: [Status; 2] = [Status::Resolved, Status::Dismissed];

/// The same words whether there is no such ticket or the caller may not see it.
const NO_TICKET: &str = "there is no such ticket, or this caller may not view it: [desk] tokens acts_as names the person whose \
                         right to view it has";

/// What of a call goes on the trail.
pub(super) struct Look<'a> {
    pub(super) workspace: &'a WorkspaceId,
    pub(super) caller: &'a Caller,
    /// The tool or the resource.
    pub(super) what: &'a str,
    pub(super) ticket: Option<&'a Ticket>,
    pub(super) kind: AuditKind,
    /// The facts besides; no customers' words.
    pub(super) detail: Value,
}

impl DeskWorld {
    /// Puts a look on the trail: before it is answered.
    pub(super) async fn note(&self, look: Look<'_>) -> Result<(), ToolFailure> {
        let entry = AuditEntry {
            workspace: look.workspace.clone(),
            ticket: look.ticket.map(|ticket| ticket.id),
            at: Timestamp::now(),
            actor: look.caller.actor(),
            kind: look.kind,
            subject: look.ticket.map(|ticket| ticket.requester.clone()),
            detail: json!({ "desk": look.what, "as": look.caller.acts_as, "about": look.detail }),
        };
        let commit = Commit { audit: vec![entry], ..Commit::new(look.workspace.clone()) };
        self.store.commit(commit).await.map_err(|error| {
            tracing::error!(%error, "a look could not be put on the audit trail, so it was not answered");
            ToolFailure::transient("Deskbell's store failed; its log says why; try again once it is mended", None)
        })
    }

    fn may_view(&self, caller: &Caller, ticket: &Ticket) -> bool {
        let is_its_own =
            matches!(&ticket.source, Source::Helpdesk { system, .. } if *system == agent_system(&caller.name));
        // An agent asks in no channel.
        is_its_own || self.policy.may_view(ticket, &caller.person(), &ChannelId::new(""))
    }

    async fn viewed(&self, caller: &Caller, what: &str, named: &str) -> Result<Ticket, ToolFailure> {
        let id = TicketId::parse(named)
            .ok_or_else(|| ToolFailure::permanent("that is no ticket number: write DB-42, as it stands on the card"))?;
        let workspace = self.workspace().await?;
        let found = self.store.ticket(&workspace, id).await.map_err(|error| of_store(&error))?;
        let ticket = found.as_ref().map(|found| &found.ticket);
        let may_view = ticket.is_some_and(|ticket| self.may_view(caller, ticket));
        let kind = if may_view { AuditKind::Access } else { AuditKind::Refused };
        let detail = json!({ "right": "view", "ticket": id });
        self.note(Look { workspace: &workspace, caller, what, ticket, kind, detail }).await?;
        match found.filter(|_| may_view) {
            Some(found) => Ok(found.ticket),
            None => Err(ToolFailure::permanent(NO_TICKET)),
        }
    }

    pub(super) async fn ticket(&self, caller: &Caller, named: &str) -> Result<ShownTicket, ToolFailure> {
        Ok(shown(&self.viewed(caller, "get_ticket", named).await?))
    }

    pub(super) async fn explained(&self, caller: &Caller, named: &str) -> Result<ExplainedDecision, ToolFailure> {
        let ticket = self.viewed(caller, "explain_decision", named).await?;
        match &ticket.decision {
            Some(decision) => Ok(self.explain(&ticket, decision)),
            None => Err(ToolFailure::transient("the ticket has no decision yet: it is being assessed", None)),
        }
    }

    fn explain(&self, ticket: &Ticket, decision: &Decision) -> ExplainedDecision {
        let description = |id: &deskbell_domain::ids::RuleId| {
            let rule = self.policy.rules.iter().find(|rule| rule.id == *id)?;
            Some(rule.description.clone()).filter(|text| !text.is_empty())
        };
        let matched_rules = decision.matched.iter().map(|matched| MatchedRule {
            rule: matched.rule.to_string(),
            description: description(&matched.rule),
            mode: matched.mode.as_str().to_owned(),
            specificity: matched.specificity,
            squad: matched.squad.as_ref().map(ToString::to_string),
            load_per_capacity: matched.load_per_capacity,
        });
        ExplainedDecision {
            ticket: ticket.id.to_string(),
            ordinal: decision.ordinal,
            decided_at: decision.at.to_string(),
            policy: decision.policy.to_string(),
            mode: decision.mode.as_str().to_owned(),
            squad: decision.squad.to_string(),
            reason: decision.reason.clone(),
            runner_up: decision.runner_up.as_ref().map(ToString::to_string),
            queue: decision.queue.as_ref().map(ToString::to_string),
            priority: decision.priority.to_string(),
            severity: decision.severity.level(),
            category: decision.category.as_ref().map(ToString::to_string),
            evidence: ticket.words.assessment.as_ref().map(Assessment::evidence).unwrap_or_default(),
            readings: ticket.words.assessment.iter().flat_map(Assessment::readings).map(reading).collect(),
            actions: decision.actions.clone(),
            matched_rules: matched_rules.collect(),
            warnings: decision.warnings.clone(),
            answer: ticket.answer.as_ref().map(|answer| verdict(answer.verdict).to_owned()),
        }
    }

    pub(super) async fn tickets(&self, caller: &Caller, wanted: &ListTickets) -> Result<ListedTickets, ToolFailure> {
        let workspace = self.workspace().await?;
        let before = match &wanted.next_page_token {
            None => None,
            Some(token) => Some(TicketId::parse(token).ok_or_else(foreign_token)?),
        };
        let statuses: &[Status] = match wanted.state {
            None => &[],
            Some(TicketState::Open) => &OPEN,
            Some(TicketState::Closed) => &CLOSED,
        };
        let filter = TicketFilter {
            statuses: statuses.to_vec(),
            squad: wanted.squad.as_deref().map(SquadId::new),
            requester: None,
        };
        let limit = wanted.max_results.unwrap_or(TICKETS_DEFAULT).clamp(1, TICKETS_MAX) as usize;
        let page = Page { before, limit: limit.saturating_add(1) };
        let mut found = self.store.tickets(&workspace, filter, page).await.map_err(|error| of_store(&error))?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next_page_token = found.last().filter(|_| is_more).map(|last| last.ticket.id.to_string());
        found.retain(|found| self.may_view(caller, &found.ticket));
        let numbers: Vec<TicketId> = found.iter().map(|found| found.ticket.id).collect();
        let detail = json!({ "right": "view", "tickets": numbers });
        let (what, kind) = ("list_tickets", AuditKind::Access);
        self.note(Look { workspace: &workspace, caller, what, ticket: None, kind, detail }).await?;
        Ok(ListedTickets { tickets: found.iter().map(|found| shown(&found.ticket)).collect(), next_page_token })
    }

    /// What everybody may read: nobody knows who reads what an agent does with it.
    pub(super) async fn passages(&self, wanted: &SearchKnowledge) -> Result<FoundPassages, ToolFailure> {
        let ask = self.knowledge.as_ref().ok_or_else(|| {
            ToolFailure::permanent(
                "this Deskbell has no knowledge base: whoever runs it sets [knowledge] folder or binds [[lookups.search_knowledge]]",
            )
        })?;
        let size = wanted.max_results.unwrap_or(PASSAGES_DEFAULT).clamp(1, PASSAGES_MAX) as usize;
        let passages = ask(wanted.question.clone(), size).await.map_err(|reason| {
            tracing::warn!(reason, "no knowledge server answers the desk server");
            ToolFailure::transient("the knowledge servers do not answer now; try again later", None)
        })?;
        Ok(FoundPassages { passages })
    }
}

fn foreign_token() -> ToolFailure {
    ToolFailure::permanent("next_page_token is not one that this tool gave; leave it out for the first page")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed => "confirmed",
        Verdict::Changed => "changed",
        Verdict::NotATicket => "not_a_ticket",
        Verdict::Expired => "expired",
    }
}

fn shown(ticket: &Ticket) -> ShownTicket {
    let clock = ticket.sla.as_ref();
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    ShownTicket {
        ticket: ticket.id.to_string(),
        status: ticket.status.as_str().to_owned(),
        summary: ticket.words.summary(),
        category: ticket.category.as_ref().map(ToString::to_string),
        priority: ticket.priority.as_ref().map(ToString::to_string),
        severity: ticket.severity.level(),
        squad: ticket.squad.as_ref().map(ToString::to_string),
        queue: ticket.queue.as_ref().map(ToString::to_string),
        assignee: ticket.assignee.as_ref().map(ToString::to_string),
        escalation_level: ticket.escalation.as_ref().map(|escalation| escalation.level),
        issue: ticket.external.as_ref().map(|external| Issue {
            system: external.system.clone(),
            key: external.key.clone(),
            url: external.url.clone(),
        }),
        received_at: ticket.received_at.to_string(),
        first_response_due_at: moment(clock.and_then(|clock| clock.first_response_due_at)),
        resolution_due_at: moment(clock.and_then(|clock| clock.resolution_due_at)),
        breached_at: moment(clock.and_then(|clock| clock.breached_at)),
        closed_at: moment(ticket.closed_at),
    }
}

fn reading(read: deskbell_domain::assessment::Reading) -> ShownReading {
    let confidence = read.confidence.probability();
    ShownReading { what: read.what.to_owned(), said: read.said, confidence, evidence: read.evidence }
}
