//! The messages about a ticket besides its card.

use deskbell_block_kit::templates::RenderError;
use deskbell_domain::action::{ActionRecord, ActionState, Approval};
use deskbell_domain::errand::Unassigned;
use deskbell_domain::ids::{ActionId, MessageTs, PersonId};
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::{CallEnd, EscalationCall, NextCall, Notice, NoticeKind};
use deskbell_domain::policy::{Policy, Right};
use deskbell_domain::ticket::{Actor, Source, Status, Ticket};
use deskbell_judgement::{mrkdwn, summary};
use jiff::Timestamp;
use serde_json::Value;

use super::{card_url, category, conversation_url, issue, person, priority, requester, severity, sla};
use crate::slack::messages::{
    AlertStatus, Decider, EscalationAlert, EscalationNext, EscalationStatus, Fate, Messages, Notice as Line, OpsAlert,
    OpsStatus, Reminder, SquadAlert, ThreadEvent, ThreadUpdate, Tone,
};

/// So much of what others added is shown, in characters.
const ADDED_CHARS: usize = 500;

/// A notice as it stands now: `{text, blocks}`. `server`: which server carries out the action of this name.
pub(in crate::pipeline) fn render(
    messages: &Messages,
    policy: &Policy,
    server: impl Fn(&str) -> Option<String>,
    ticket: &Ticket,
    notice: &Notice,
) -> Result<Value, RenderError> {
    if let Some(event) = for_outsiders(policy, ticket, &notice.kind) {
        return update(messages, ticket, event);
    }
    match &notice.kind {
        NoticeKind::SquadAlert => messages.squad_alert(&squad_alert(policy, ticket)),
        NoticeKind::AlertWithdrawn { by, at } => messages.squad_alert(&withdrawn_alert(policy, ticket, by, *at)),
        NoticeKind::Undone { by } => update(messages, ticket, ThreadEvent::Undone { by_user_id: by.to_string() }),
        NoticeKind::EscalationAlert(call) => messages.escalation_alert(&escalation_alert(policy, ticket, call)),
        NoticeKind::EscalationUnanswered { level, calls } => messages.notice(&unanswered(ticket, *level, *calls)),
        NoticeKind::OpsAlert { action, settled_by, settled_at, choice } => {
            let settled = settled_by.as_ref().map(|by| Settled { by, at: *settled_at, choice: *choice });
            messages.ops_alert(&ops_alert(ticket, *action, server, settled))
        }
        NoticeKind::Reminder { .. } => messages.reminder(&reminder(policy, ticket)),
        NoticeKind::Accepted => update(messages, ticket, ThreadEvent::Accepted),
        NoticeKind::IssueCreated => match issue(ticket) {
            Some(issue) => {
                update(messages, ticket, ThreadEvent::IssueCreated { issue, squad: squad_name(policy, ticket) })
            }
            None => messages
                .notice(&Line::line(Tone::Ok, format!("{} was handed to {}", ticket.id, squad_name(policy, ticket)))),
        },
        NoticeKind::Claimed { by } => update(messages, ticket, ThreadEvent::Claimed { by_user_id: by.to_string() }),
        NoticeKind::Dismissed { by: Some(by) } => {
            let reply_within = reply_within(policy, ticket).filter(|_| notice.person.is_none());
            update(messages, ticket, ThreadEvent::Dismissed { by_user_id: by.to_string(), reply_within })
        }
        NoticeKind::Dismissed { by: None } => update(messages, ticket, closed_unanswered(policy, ticket, notice)),
        NoticeKind::Resolved { by } => {
            let reply_within = reply_within(policy, ticket).filter(|_| notice.person.is_none());
            update(messages, ticket, ThreadEvent::Resolved { by_user_id: Some(by.to_string()), reply_within })
        }
        NoticeKind::DoneInTracker { status } => match issue(ticket) {
            Some(issue) => {
                let ticket_id = ticket.status.is_open().then(|| ticket.id.to_string());
                update(messages, ticket, ThreadEvent::DoneInTracker { issue, status: status.clone(), ticket_id })
            }
            None => messages.notice(&done_and_undone(ticket, status)),
        },
        NoticeKind::ResolvedInTracker { status } => {
            let reply_within = reply_within(policy, ticket).filter(|_| notice.person.is_none());
            update(messages, ticket, resolved_in_tracker(ticket, status, reply_within))
        }
        NoticeKind::Reopened { message, with_words } => {
            update(messages, ticket, reopened(policy, ticket, message, *with_words))
        }
        NoticeKind::Added { message, by } => messages.notice(&others_words(ticket, message, by)),
        NoticeKind::AskedBack => update(messages, ticket, super::finding::asked_back(ticket)),
        NoticeKind::Answered { answer } => answered(messages, policy, ticket, notice, *answer),
        NoticeKind::SaidSolved { .. } => update(messages, ticket, said_solved(ticket)),
        NoticeKind::SlaBreached { target } => messages.notice(&Line {
            see_url: conversation_url(ticket),
            ..Line::line(Tone::Warning, format!("{} missed its target for {target}", ticket.id))
        }),
        NoticeKind::DeliveryFailed { what, channel, reason } => messages.notice(&Line {
            mention_ids: channel.iter().map(ToString::to_string).collect(),
            ..Line::line(Tone::Error, format!("Slack did not take {what} of {}: {reason}", ticket.id))
        }),
    }
}

fn answered(
    messages: &Messages,
    policy: &Policy,
    ticket: &Ticket,
    notice: &Notice,
    number: u64,
) -> Result<Value, RenderError> {
    let reply_within = reply_within(policy, ticket).filter(|_| notice.person.is_none());
    match super::finding::ticket_answer(policy, ticket, number, reply_within) {
        Some(answer) => messages.kb_answer(&answer),
        None => messages.notice(&Line::line(Tone::Ok, format!("An answer to {} was erased.", ticket.id))),
    }
}

fn closed_unanswered(policy: &Policy, ticket: &Ticket, notice: &Notice) -> ThreadEvent {
    let reply_within = reply_within(policy, ticket).filter(|_| notice.person.is_none());
    let advice = reply_within.map(|within| format!(". Still needed? Reply here within {within}"));
    ThreadEvent::Expired { outcome: format!("closed without action{}", advice.unwrap_or_default()) }
}

fn said_solved(ticket: &Ticket) -> ThreadEvent {
    let ticket_id = ticket.status.is_open().then(|| ticket.id.to_string());
    ThreadEvent::SaidSolved { by_user_id: ticket.requester.to_string(), ticket_id }
}

/// The decision that made the issue was undone since.
fn done_and_undone(ticket: &Ticket, status: &str) -> Line {
    let text = format!("The issue that {} had is {status}; the decision to open it was undone.", ticket.id);
    Line::line(Tone::Ok, text)
}

fn resolved_in_tracker(ticket: &Ticket, status: &str, reply_within: Option<String>) -> ThreadEvent {
    match issue(ticket) {
        Some(issue) => ThreadEvent::ResolvedInTracker { issue, status: status.to_owned(), reply_within },
        None => ThreadEvent::Resolved { by_user_id: None, reply_within },
    }
}

/// What people of another organisation read in their conversation: no names, no reasons, no issue.
fn for_outsiders(policy: &Policy, ticket: &Ticket, kind: &NoticeKind) -> Option<ThreadEvent> {
    match kind {
        NoticeKind::Claimed { .. } if ticket.outsiders_read => Some(ThreadEvent::Taken),
        // They were told that it is closed.
        NoticeKind::Undone { .. } if ticket.outsiders_read => Some(ThreadEvent::Accepted),
        NoticeKind::Dismissed { .. } if ticket.outsiders_read => Some(ThreadEvent::Closed {
            reply_within: reply_within(policy, ticket).filter(|_| ticket.is_asked_in_channel()),
        }),
        NoticeKind::Resolved { .. } | NoticeKind::ResolvedInTracker { .. } if ticket.outsiders_read => {
            Some(ThreadEvent::Resolved { by_user_id: None, reply_within: reply_within(policy, ticket) })
        }
        _ => None,
    }
}

/// How long a reply in the conversation opens the ticket again, in words; a helpdesk's customer can't reply there.
fn reply_within(policy: &Policy, ticket: &Ticket) -> Option<String> {
    let is_helpdesks = matches!(ticket.source, Source::Helpdesk { .. });
    let counted = |number: i64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let hours = policy.reopen_within.as_hours();
    (!is_helpdesks).then(|| match hours {
        0 => counted(policy.reopen_within.as_mins().max(1), "minute"),
        hours if hours % 24 == 0 => counted(hours / 24, "day"),
        hours => counted(hours, "hour"),
    })
}

fn reopened(policy: &Policy, ticket: &Ticket, message: &MessageTs, with_words: bool) -> ThreadEvent {
    let said = ticket.words.messages.iter().find(|said| said.ts.as_ref() == Some(message));
    ThreadEvent::Reopened {
        by_user_id: with_words.then(|| match ticket.source {
            // Slack knows no such person.
            Source::Helpdesk { .. } => "the requester".to_owned(),
            Source::SlackMessage { .. } | Source::SlackForm { .. } => ticket.requester.to_string(),
        }),
        words: said.filter(|_| with_words).map(|said| said.text.clone()),
        mention_user_ids: if with_words { those_on_it(policy, ticket) } else { Vec::new() },
        asks_again: ticket.asks_again() && !with_words,
    }
}

fn others_words(ticket: &Ticket, message: &MessageTs, by: &PersonId) -> Line {
    let said = ticket.words.messages.iter().find(|said| said.ts.as_ref() == Some(message));
    let by_user_id = Some(by.to_string());
    let Some(said) = said else {
        return Line {
            by_user_id,
            ..Line::line(Tone::Ok, format!("What was added to {} is taken back, by", ticket.id))
        };
    };
    let words = summary::shorten(&mrkdwn::plain(&said.text), ADDED_CHARS);
    Line {
        by_user_id,
        mend: Some("The requester did not say it, so it is not in the issue: comment there if it belongs.".to_owned()),
        see_url: conversation_url(ticket),
        ..Line::line(Tone::Warning, format!("Added to {}: “{words}”, says", ticket.id))
    }
}

fn update(messages: &Messages, ticket: &Ticket, event: ThreadEvent) -> Result<Value, RenderError> {
    messages.thread_update(&ThreadUpdate { number: ticket.id.to_string(), event })
}

fn unanswered(ticket: &Ticket, level: u32, calls: u32) -> Line {
    let times = if calls == 1 { "once".to_owned() } else { format!("{calls} times") };
    let text = format!("Nobody answers the escalation of {}: level {level} was called {times}.", ticket.id);
    Line {
        mend: Some("Find somebody who takes it, or press Escalate again on the squad's alert.".to_owned()),
        see_url: conversation_url(ticket),
        ..Line::line(Tone::Error, text)
    }
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
        decided_by: decider(ticket.approval().map(Approval::by)),
        thread_url: conversation_url(ticket),
        issue: issue(ticket),
        sla: sla(ticket),
        unassigned: unassigned(ticket),
        mention_user_ids: called(policy, ticket),
        tried: super::finding::tried(ticket),
        reopened_unix: ticket.reopened_at().filter(|_| ticket.status.is_open()).map(Timestamp::as_second),
        status: alert_status(ticket),
    }
}

/// What is left of an alert whose decision was undone: nobody is called, and nothing is to be pressed.
fn withdrawn_alert(policy: &Policy, ticket: &Ticket, by: &PersonId, at: Timestamp) -> SquadAlert {
    let revoked = ticket.approvals.iter().rev().find(|approval| approval.is_revoked());
    SquadAlert {
        decided_by: decider(revoked.map(Approval::by)),
        issue: None,
        sla: None,
        unassigned: None,
        reopened_unix: None,
        mention_user_ids: Vec::new(),
        status: AlertStatus::Withdrawn { by_user_id: by.to_string(), at_unix: at.as_second() },
        ..squad_alert(policy, ticket)
    }
}

/// Why the issue is not its holder's, and what to do.
fn unassigned(ticket: &Ticket) -> Option<String> {
    let (why, issue) = (ticket.unassigned?, issue(ticket));
    let (tracker, key) =
        issue.map_or_else(|| ("the tracker".into(), "the issue".into()), |issue| (issue.tracker, issue.key));
    Some(match why {
        Unassigned::NoTool => format!("Not assigned in {tracker}: no tool is bound to `assign`"),
        Unassigned::NoAddress => {
            format!("Not assigned in {tracker}: Slack tells no e-mail address to find them by; assign {key} there")
        }
        Unassigned::Refused => format!("Not assigned: {tracker} did not take them for {key}; assign it there"),
    })
}

fn called(policy: &Policy, ticket: &Ticket) -> Vec<String> {
    let squad = ticket.squad.as_ref().and_then(|id| policy.squad(id));
    squad.map(|squad| squad.mention.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// Whoever has the ticket; else those whom the squad's alerts call, or all of the squad.
fn those_on_it(policy: &Policy, ticket: &Ticket) -> Vec<String> {
    if let Some(assignee) = &ticket.assignee {
        return vec![assignee.to_string()];
    }
    let called = called(policy, ticket);
    if !called.is_empty() {
        return called;
    }
    let squad = ticket.squad.as_ref().and_then(|id| policy.squad(id));
    squad.map(|squad| squad.members.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

fn decider(approved_by: Option<&Actor>) -> Decider {
    match approved_by {
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
            at_unix: ticket.claimed_at.unwrap_or(ticket.received_at).as_second(),
        },
    }
}

fn escalation_alert(policy: &Policy, ticket: &Ticket, call: &EscalationCall) -> EscalationAlert {
    let squad = ticket.squad.as_ref().unwrap_or(&policy.default.squad);
    let at_level = policy.escalation_of(squad).level(call.level);
    let mut people = at_level.map(|level| level.people.clone()).unwrap_or_default();
    if at_level.is_none_or(|level| level.squad_too) {
        people.extend(policy.squad(squad).map(|squad| squad.members.clone()).unwrap_or_default());
    }
    let began = call.by.as_ref().or_else(|| ticket.escalation.as_ref().map(|running| &running.by));
    let raised_by = began.and_then(person);
    let is_newest = ticket.escalation.as_ref().is_some_and(|running| running.round == call.round);
    let reason = match raised_by {
        None => Some("nobody answered the confirmation in time".to_owned()),
        Some(_) => ticket.words.escalation_reason.clone().filter(|_| is_newest),
    };
    EscalationAlert {
        ticket_id: ticket.id.to_string(),
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        level: call.level,
        repeat: call.repeat,
        reason,
        raised_by_user_id: raised_by,
        member_ids: people.iter().map(ToString::to_string).collect(),
        thread_url: conversation_url(ticket),
        issue: issue(ticket),
        next: call.next.map(|(next, at)| escalation_next(next, at)),
        may_acknowledge: may_acknowledge(ticket, call),
        status: escalation_status(call),
    }
}

/// A call that was passed on to the next level reaches its people all the same, until somebody is on it.
fn may_acknowledge(ticket: &Ticket, call: &EscalationCall) -> bool {
    match call.end {
        None => true,
        Some((CallEnd::Unanswered(_), _)) => {
            let running = ticket.escalation.as_ref().filter(|running| running.round == call.round);
            ticket.status.is_open() && running.is_some_and(|running| running.acknowledged_by.is_none())
        }
        Some((CallEnd::Acknowledged(_) | CallEnd::Over, _)) => false,
    }
}

fn escalation_next(next: NextCall, at: Timestamp) -> EscalationNext {
    let at_unix = at.as_second();
    match next {
        NextCall::Level(level) => EscalationNext::Level { level, at_unix },
        NextCall::Again => EscalationNext::Again { at_unix },
        NextCall::Ops => EscalationNext::Ops { at_unix },
    }
}

fn escalation_status(call: &EscalationCall) -> EscalationStatus {
    let Some((end, at)) = &call.end else { return EscalationStatus::Open };
    let at_unix = at.as_second();
    match end {
        CallEnd::Acknowledged(by) => EscalationStatus::Acknowledged { by_user_id: by.to_string(), at_unix },
        CallEnd::Unanswered(NextCall::Level(by_level)) => EscalationStatus::Superseded { by_level: *by_level, at_unix },
        CallEnd::Unanswered(NextCall::Again | NextCall::Ops) => EscalationStatus::Repeated { at_unix },
        CallEnd::Over => EscalationStatus::Over { at_unix },
    }
}

/// How an ops alert was settled.
struct Settled<'a> {
    by: &'a Actor,
    at: Option<Timestamp>,
    choice: Option<Button>,
}

fn ops_alert(
    ticket: &Ticket,
    action: ActionId,
    server: impl Fn(&str) -> Option<String>,
    settled: Option<Settled<'_>>,
) -> OpsAlert {
    let record = ticket.action(action);
    let (error, fate_unknown) = match record.map(|record| &record.state) {
        Some(ActionState::Parked { reason, fate_unknown }) => {
            let said = ticket.words.failures.get(&action);
            (said.map_or_else(|| reason.clone(), |said| format!("{reason}: {said}")), *fate_unknown)
        }
        _ => (String::new(), false),
    };
    OpsAlert {
        job_id: action.to_string(),
        step: record.map_or("A step", super::card::step).to_owned(),
        number: Some(ticket.id.to_string()),
        thread_url: conversation_url(ticket),
        server: record.and_then(|record| server(&record.name)),
        attempts: record.map_or(1, |record| record.generation + 1),
        fate: if fate_unknown { Fate::Unknown } else { Fate::Failed },
        error,
        status: settled.map_or(OpsStatus::Open, |settled| ops_status(record, &settled)),
    }
}

fn ops_status(record: Option<&ActionRecord>, settled: &Settled<'_>) -> OpsStatus {
    let at = settled.at.or_else(|| record.and_then(|record| record.since));
    let at_unix = at.map_or(0, Timestamp::as_second);
    let Some(by_user_id) = person(settled.by) else { return OpsStatus::Found { at_unix } };
    match settled.choice {
        Some(Button::Undo) => OpsStatus::Withdrawn { by_user_id, at_unix },
        Some(Button::Skip) => OpsStatus::Skipped { by_user_id, at_unix },
        Some(Button::TakeOver) => OpsStatus::TakenOver { by_user_id, at_unix },
        _ => OpsStatus::Retried { by_user_id, at_unix },
    }
}

fn reminder(policy: &Policy, ticket: &Ticket) -> Reminder {
    let is_waiting = matches!(ticket.status, Status::Received | Status::AwaitingConfirmation);
    let squad_decides = policy.squad_may(Right::Confirm);
    let members = ticket.squad.as_ref().and_then(|id| policy.squad(id)).map(|squad| squad.members.clone());
    Reminder {
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        card_url: card_url(ticket),
        is_waiting,
        expires_unix: super::card::expires(policy, ticket).filter(|_| is_waiting),
        mention_user_ids: members
            .filter(|_| squad_decides)
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
