//! The messages about a ticket besides its card.

use deskbell_block_kit::templates::RenderError;
use deskbell_domain::action::{ActionRecord, ActionState};
use deskbell_domain::ids::ActionId;
use deskbell_domain::notice::{Notice, NoticeKind};
use deskbell_domain::policy::{Policy, Right};
use deskbell_domain::ticket::{Actor, Status, Ticket};
use serde_json::Value;

use super::{card_url, category, conversation_url, issue, person, priority, requester, severity, sla};
use crate::slack::messages::{
    AlertStatus, Decider, EscalationAlert, EscalationStatus, Fate, Messages, OpsAlert, OpsStatus, Reminder, SquadAlert,
    ThreadEvent, ThreadUpdate, Tone,
};

/// A notice as it stands now: `{text, blocks}`.
pub(in crate::pipeline) fn render(
    messages: &Messages,
    policy: &Policy,
    ticket: &Ticket,
    notice: &Notice,
) -> Result<Value, RenderError> {
    let number = ticket.id.to_string();
    match &notice.kind {
        NoticeKind::SquadAlert => messages.squad_alert(&squad_alert(policy, ticket)),
        NoticeKind::EscalationAlert { level } => messages.escalation_alert(&escalation_alert(policy, ticket, *level)),
        NoticeKind::OpsAlert { action, settled_by } => {
            messages.ops_alert(&ops_alert(ticket, *action, settled_by.as_ref()))
        }
        NoticeKind::Reminder { .. } => messages.reminder(&reminder(policy, ticket)),
        NoticeKind::IssueCreated => match issue(ticket.external.as_ref()) {
            Some(issue) => messages.thread_update(&ThreadUpdate {
                number,
                event: ThreadEvent::IssueCreated { issue, squad: squad_name(policy, ticket) },
            }),
            None => messages.notice(&plain(Tone::Ok, format!("{number} was handed to {}", squad_name(policy, ticket)))),
        },
        NoticeKind::Resolved { by } => messages
            .thread_update(&ThreadUpdate { number, event: ThreadEvent::Resolved { by_user_id: Some(by.to_string()) } }),
        NoticeKind::SlaBreached { target } => {
            messages.notice(&plain(Tone::Warning, format!("{number} missed its target for {target}")))
        }
        NoticeKind::DeliveryFailed { what, reason } => {
            messages.notice(&plain(Tone::Error, format!("Slack did not take {what} ({number}): {reason}")))
        }
    }
}

fn plain(tone: Tone, text: String) -> crate::slack::messages::Notice {
    crate::slack::messages::Notice { tone, text, by_user_id: None, mend: None }
}

fn squad_name(policy: &Policy, ticket: &Ticket) -> String {
    ticket.squad.as_ref().and_then(|id| policy.squad(id)).map_or_else(String::new, |squad| squad.name.clone())
}

fn squad_alert(policy: &Policy, ticket: &Ticket) -> SquadAlert {
    SquadAlert {
        ticket_id: ticket.id.to_string(),
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        requester: requester(ticket),
        category: category(policy, ticket),
        priority: priority(policy, ticket),
        severity: severity(ticket.severity),
        decided_by: decider(ticket),
        thread_url: conversation_url(ticket),
        issue: issue(ticket.external.as_ref()),
        sla: sla(ticket),
        mention_user_ids: Vec::new(),
        status: alert_status(ticket),
    }
}

fn decider(ticket: &Ticket) -> Decider {
    match ticket.approvals.first().map(deskbell_domain::action::Approval::by) {
        Some(Actor::Person(person)) => Decider::Person { user_id: person.to_string() },
        Some(Actor::Rule(rule)) => Decider::Rule { name: rule.to_string() },
        Some(Actor::Deskbell) | None => Decider::Expiry,
    }
}

fn alert_status(ticket: &Ticket) -> AlertStatus {
    let at_unix = ticket.closed_at.map_or(0, jiff::Timestamp::as_second);
    if !ticket.status.is_open() {
        let by_user_id = ticket.notices.iter().rev().find_map(|notice| match &notice.kind {
            NoticeKind::Resolved { by } => Some(by.to_string()),
            _ => None,
        });
        return AlertStatus::Resolved { by_user_id, at_unix };
    }
    match &ticket.assignee {
        None => AlertStatus::Open,
        Some(assignee) => AlertStatus::Claimed {
            by_user_id: assignee.to_string(),
            at_unix: ticket
                .sla
                .as_ref()
                .and_then(|clock| clock.first_responded_at)
                .unwrap_or(ticket.received_at)
                .as_second(),
        },
    }
}

fn escalation_alert(policy: &Policy, ticket: &Ticket, level: u32) -> EscalationAlert {
    let squad = ticket.squad.clone().unwrap_or_else(|| policy.default.squad.clone());
    let index = usize::try_from(level.saturating_sub(1)).unwrap_or(usize::MAX);
    let at_level = policy.escalation_of(&squad).get(index);
    let members = policy.squad(&squad).map(|squad| squad.members.clone()).unwrap_or_default();
    let mut people = at_level.map(|level| level.people.clone()).unwrap_or_default();
    if at_level.is_none_or(|level| level.squad_too) {
        people.extend(members);
    }
    let running = ticket.escalation.as_ref();
    let raised_by = running.and_then(|running| person(&running.by));
    let by_machine = raised_by.is_none();
    EscalationAlert {
        ticket_id: ticket.id.to_string(),
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        level,
        reason: by_machine.then(|| "nobody answered the confirmation in time".to_owned()),
        raised_by_user_id: raised_by,
        member_ids: people.iter().map(ToString::to_string).collect(),
        thread_url: conversation_url(ticket),
        issue: issue(ticket.external.as_ref()),
        next_level_unix: None,
        status: escalation_status(ticket, level),
    }
}

fn escalation_status(ticket: &Ticket, level: u32) -> EscalationStatus {
    let Some(running) = &ticket.escalation else { return EscalationStatus::Open };
    let at_unix = running.since.as_second();
    match &running.acknowledged_by {
        Some(by) => EscalationStatus::Acknowledged { by_user_id: by.to_string(), at_unix },
        None if running.level > level => EscalationStatus::Superseded { by_level: level + 1, at_unix },
        None => EscalationStatus::Open,
    }
}

fn ops_alert(ticket: &Ticket, action: ActionId, settled_by: Option<&Actor>) -> OpsAlert {
    let record = ticket.action(action);
    let (error, fate_unknown) = match record.map(|record| &record.state) {
        Some(ActionState::Parked { reason, fate_unknown }) => (reason.clone(), *fate_unknown),
        _ => (String::new(), false),
    };
    OpsAlert {
        job_id: action.to_string(),
        step: record.map_or("A step", super::card::step).to_owned(),
        number: Some(ticket.id.to_string()),
        thread_url: conversation_url(ticket),
        server: None,
        attempts: record.map_or(1, |record| record.generation + 1),
        fate: if fate_unknown { Fate::Unknown } else { Fate::Failed },
        error,
        status: ops_status(ticket, record, settled_by),
    }
}

fn ops_status(ticket: &Ticket, record: Option<&ActionRecord>, settled_by: Option<&Actor>) -> OpsStatus {
    let Some(by_user_id) = settled_by.and_then(person) else { return OpsStatus::Open };
    let at_unix = ticket.last_message_at.as_second();
    match record.map(|record| &record.state) {
        Some(ActionState::Skipped { .. }) => OpsStatus::Skipped { by_user_id, at_unix },
        Some(ActionState::TakenOver { .. }) => OpsStatus::TakenOver { by_user_id, at_unix },
        _ => OpsStatus::Retried { by_user_id, at_unix },
    }
}

fn reminder(policy: &Policy, ticket: &Ticket) -> Reminder {
    let waiting = ticket.status == Status::AwaitingConfirmation;
    let squad_decides = policy.who_may(Right::Confirm).contains("squad");
    let members = ticket.squad.as_ref().and_then(|id| policy.squad(id)).map(|squad| squad.members.clone());
    Reminder {
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        card_url: card_url(ticket),
        expires_unix: super::card::expires(policy, ticket).filter(|_| waiting),
        mention_user_ids: members
            .filter(|_| squad_decides)
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
