//! From a ticket to what people see of it: plain view models, no Slack call, no template.

pub(super) mod card;
pub(super) mod finding;
pub(super) mod learning;
pub(super) mod notice;
pub(super) mod question;
pub(super) mod ticket_view;
mod undoing;
pub(super) mod views;

use deskbell_domain::assessment::AssessorName;
use deskbell_domain::ids::PriorityId;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Severity, Source, Ticket, message_link};

use crate::slack::messages::{Escalation, IssueLink, Party, Sla};

/// Where the ticket's conversation is read: the request itself, or the card.
pub(super) fn conversation_url(ticket: &Ticket) -> Option<String> {
    match &ticket.source {
        Source::SlackMessage { channel, ts, .. } => Some(message_link(channel, ts)),
        Source::Helpdesk { url: Some(url), .. } => Some(url.clone()),
        _ => card_url(ticket),
    }
}

/// Where the card is.
pub(super) fn card_url(ticket: &Ticket) -> Option<String> {
    ticket.card.posted.as_ref().map(|posted| message_link(&posted.channel, &posted.ts))
}

fn requester(ticket: &Ticket) -> Party {
    match (&ticket.source, &ticket.words.requester_name) {
        (Source::Helpdesk { .. }, Some(name)) => Party::Named { name: name.clone() },
        (Source::Helpdesk { system, .. }, None) => Party::Named { name: format!("a {system} customer") },
        _ => Party::Slack { user_id: ticket.requester.to_string() },
    }
}

fn issue(ticket: &Ticket) -> Option<IssueLink> {
    ticket.external.as_ref().map(|external| IssueLink {
        tracker: capitalised(&external.system),
        status: ticket.tracker.as_ref().map(|tracker| tracker.status.clone()),
        key: external.key.clone(),
        url: external.url.clone(),
    })
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn sla(ticket: &Ticket) -> Option<Sla> {
    ticket.sla.as_ref().map(|clock| Sla {
        first_response_due_unix: clock
            .first_response_due_at
            .filter(|_| clock.first_responded_at.is_none())
            .map(jiff::Timestamp::as_second),
        resolution_due_unix: clock.resolution_due_at.map(jiff::Timestamp::as_second),
        breached: clock.breached_at.is_some(),
    })
}

fn escalation(ticket: &Ticket) -> Option<Escalation> {
    ticket.escalation.as_ref().map(|running| Escalation {
        level: running.level,
        acknowledged_by_user_id: running.acknowledged_by.as_ref().map(ToString::to_string),
        unanswered_unix: running.unanswered_at.map(jiff::Timestamp::as_second),
    })
}

fn severity(severity: Severity) -> Option<String> {
    (severity < Severity::MILDEST).then(|| format!("SEV{}", severity.level()))
}

fn category(policy: &Policy, ticket: &Ticket) -> String {
    match &ticket.category {
        Some(id) => policy.category(id).map_or_else(|| id.to_string(), |category| category.name.clone()),
        None => "unknown".to_owned(),
    }
}

fn priority(policy: &Policy, ticket: &Ticket) -> String {
    ticket.priority.as_ref().map_or_else(|| "unknown".to_owned(), |id| priority_name(policy, id))
}

fn priority_name(policy: &Policy, id: &PriorityId) -> String {
    policy.priority(id).map_or_else(|| id.to_string(), |priority| priority.name.clone())
}

fn assessed_by(assessor: &AssessorName) -> String {
    match assessor {
        AssessorName::Keywords => "keyword rules".to_owned(),
        AssessorName::Local => "the local model".to_owned(),
        AssessorName::Llm(name) => name.clone(),
        AssessorName::Nobody => String::new(),
    }
}

fn person(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Person(person) => Some(person.to_string()),
        Actor::Rule(_) | Actor::Deskbell => None,
    }
}
