//! The answer to `/ticket`.

use deskbell_domain::ids::PersonId;
use deskbell_domain::knowledge::Outcome;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Status, Ticket, Verdict};

use super::views::plain_summary;
use super::{category, conversation_url, escalation, issue, person, priority, requester, severity, sla};
use crate::slack::messages::{HistoryLine, Notice, TicketView, Tone};

/// What somebody of another organisation reads of a ticket: number, status and summary.
pub(in crate::pipeline) fn outsiders_view(ticket: &Ticket) -> Notice {
    let status = match ticket.status {
        Status::Received | Status::AwaitingConfirmation | Status::Answering => "is being looked at",
        Status::Dispatching | Status::Parked | Status::Following => "is being worked on",
        Status::Resolved => "is resolved",
        Status::Dismissed => "is closed",
    };
    Notice::line(Tone::Ok, format!("{} {status}: {}", ticket.id, plain_summary(&ticket.words)))
}

/// A ticket with its history in a few lines.
pub(in crate::pipeline) fn ticket_view(policy: &Policy, ticket: &Ticket) -> TicketView {
    let assessment = ticket.words.assessment.as_ref();
    TicketView {
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        status: status(ticket.status).to_owned(),
        held_by_user_id: ticket.assignee.as_ref().filter(|_| ticket.status.is_open()).map(ToString::to_string),
        requester: requester(ticket),
        category: category(policy, ticket),
        urgency: assessment.map_or("unknown", |assessment| assessment.urgency.value.as_str()).to_owned(),
        priority: priority(policy, ticket),
        severity: severity(ticket.severity),
        squad: ticket.squad.as_ref().and_then(|id| policy.squad(id)).map(|squad| squad.name.clone()),
        queue: ticket.queue.as_ref().and_then(|id| policy.queues.get(id)).map(|queue| queue.name.clone()),
        thread_url: conversation_url(ticket),
        issue: issue(ticket),
        sla: sla(ticket),
        escalation: escalation(ticket),
        history: history(ticket),
    }
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Received => "being assessed",
        Status::AwaitingConfirmation => "waiting for a decision",
        Status::Answering => "answered from the knowledge base, or about to be",
        Status::Dispatching => "being carried out",
        Status::Parked => "waiting for ops",
        Status::Following => "with the squad",
        Status::Resolved => "resolved",
        Status::Dismissed => "closed, no request",
    }
}

fn history(ticket: &Ticket) -> Vec<HistoryLine> {
    let line = |at: jiff::Timestamp, text: String, by: Option<String>| HistoryLine {
        at_unix: at.as_second(),
        text,
        by_user_id: by,
    };
    let mut lines = vec![line(ticket.received_at, "accepted".to_owned(), None)];
    if let Some(decision) = &ticket.decision {
        lines.push(line(decision.at, format!("decided: {}", decision.reason), None));
    }
    if let Some((at, by)) = super::undoing::moment(ticket) {
        lines.push(line(at, "decision undone".to_owned(), Some(by)));
    }
    if let Some(answer) = &ticket.answer {
        let text = match answer.verdict {
            Verdict::Confirmed => "confirmed",
            Verdict::Changed => "confirmed with changes",
            Verdict::NotATicket => "marked as no ticket",
            Verdict::Expired => "confirmation expired",
        };
        lines.push(line(answer.at, text.to_owned(), person(&answer.by)));
    }
    lines.extend(answers(ticket));
    if let Some(running) = &ticket.escalation {
        lines.push(line(running.since, format!("escalated to level {}", running.level), person(&running.by)));
    }
    if let (Some(at), Some(assignee)) = (ticket.claimed_at, &ticket.assignee) {
        lines.push(line(at, "claimed".to_owned(), Some(assignee.to_string())));
    }
    if let Some(at) = ticket.closed_at {
        lines.push(line(at, status(ticket.status).to_owned(), None));
    }
    lines.extend(reopenings(ticket));
    lines.sort_by_key(|line| line.at_unix);
    lines
}

/// Each answer from the knowledge base, and what became of it.
fn answers(ticket: &Ticket) -> impl Iterator<Item = HistoryLine> {
    ticket.offers.iter().flat_map(|offer| {
        let given = HistoryLine {
            at_unix: offer.at.as_second(),
            text: "answered from the knowledge base".to_owned(),
            by_user_id: offer.sent_by.as_ref().map(ToString::to_string),
        };
        let ended = offer.end.as_ref().map(|end| HistoryLine {
            at_unix: end.at.as_second(),
            text: match end.outcome {
                Outcome::Solved => "the answer solved it",
                Outcome::NotHelpful => "the answer did not help",
                Outcome::AskedPerson => "a person was asked for",
                Outcome::Silent => "nobody said whether the answer helps",
            }
            .to_owned(),
            by_user_id: end.by.as_ref().map(ToString::to_string),
        });
        std::iter::once(given).chain(ended)
    })
}

/// Each reopening, and the closing that it undid: the ticket itself remembers the newest alone.
fn reopenings(ticket: &Ticket) -> Vec<HistoryLine> {
    let (mut lines, mut closed, mut known) = (Vec::new(), None, None);
    for notice in &ticket.notices {
        let posted_at = notice.posted.as_ref().and_then(|posted| posted.ts.sent_at());
        let line = |at: jiff::Timestamp, text: &str, by: Option<&PersonId>| HistoryLine {
            at_unix: at.as_second(),
            text: text.to_owned(),
            by_user_id: by.map(ToString::to_string),
        };
        match &notice.kind {
            NoticeKind::Resolved { by } => closed = posted_at.map(|at| line(at, "resolved", Some(by))),
            NoticeKind::Dismissed { by } => closed = posted_at.map(|at| line(at, "closed, no request", by.as_ref())),
            // The squad and the requester are told of the same reopening.
            NoticeKind::Reopened { message, .. } if known != Some(message) => {
                known = Some(message);
                lines.extend(closed.take());
                lines.extend(message.sent_at().map(|at| line(at, "reopened", Some(&ticket.requester))));
            }
            _ => {}
        }
    }
    lines
}
