//! Modals, and what one person is told.

use deskbell_domain::ids::PersonId;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Status, Ticket};
use deskbell_domain::workflow::effect::Telling;

use super::card_url;
use crate::slack::messages::{ChangeView, Choice, CommandAck, MessageView, NewTicketView, Notice, Tone};

/// The modal behind Change.
pub(in crate::pipeline) fn change_view(policy: &Policy, ticket: &Ticket) -> ChangeView {
    ChangeView {
        ticket_id: ticket.id.to_string(),
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        squads: policy
            .squads
            .iter()
            .map(|(id, squad)| Choice { value: id.to_string(), label: squad.name.clone() })
            .collect(),
        squad: ticket.squad.as_ref().map(ToString::to_string),
        priorities: priorities(policy),
        priority: ticket.priority.as_ref().map(ToString::to_string),
        categories: policy
            .categories
            .iter()
            .map(|category| Choice { value: category.id.to_string(), label: category.name.clone() })
            .collect(),
        category: ticket.category.as_ref().filter(|id| policy.category(id).is_some()).map(ToString::to_string),
    }
}

fn priorities(policy: &Policy) -> Vec<Choice> {
    policy
        .priorities
        .iter()
        .map(|priority| Choice { value: priority.id.to_string(), label: priority.name.clone() })
        .collect()
}

/// The modal for a new request.
pub(in crate::pipeline) fn new_ticket_view(policy: &Policy) -> NewTicketView {
    NewTicketView { text: None, priorities: priorities(policy), channel_id: None }
}

/// The window behind Change did not open, or is closed again.
pub(in crate::pipeline) fn window_missing(ticket: &Ticket) -> Notice {
    Notice {
        tone: Tone::Warning,
        text: format!("The form for {} did not open, or was closed too soon.", ticket.id),
        by_user_id: None,
        mend: Some("Press Change again.".to_owned()),
    }
}

/// One line to one person.
pub(in crate::pipeline) fn telling(ticket: &Ticket, what: &Telling) -> Notice {
    let number = ticket.id;
    let (tone, text, mend) = match what {
        Telling::NotAllowed { what, who } => {
            (Tone::Error, format!("You may not {what} {number}."), Some(format!("Ask one of those who may: {who}.")))
        }
        Telling::AlreadyDecided => return already("decided", ticket, decided_by(ticket)),
        Telling::AlreadyClaimed => return already("claimed", ticket, ticket.assignee.as_ref()),
        Telling::AlreadyEscalated => return already("escalated", ticket, escalated_by(ticket)),
        Telling::AlreadyAcknowledged => return already("acknowledged", ticket, acknowledged_by(ticket)),
        Telling::AlreadySettled => (Tone::Warning, format!("That step of {number} is settled already."), None),
        Telling::Accepted => (Tone::Ok, format!("Got it: {number}."), None),
        Telling::Escalated => (Tone::Ok, format!("{number} is escalated; level 1 is alerted."), None),
        Telling::TooLate => too_late(ticket),
    };
    Notice { tone, text, by_user_id: None, mend }
}

fn too_late(ticket: &Ticket) -> (Tone, String, Option<String>) {
    let number = ticket.id;
    let (text, mend) = match ticket.status {
        // The requester wrote more, and the rules decided anew.
        Status::Received | Status::AwaitingConfirmation => {
            (format!("{number} has changed since."), Some("Look at its card again, then decide.".to_owned()))
        }
        Status::Dispatching => (format!("{number} is just being carried out."), None),
        Status::Parked => (format!("{number} waits for ops."), None),
        Status::Following => (format!("{number} is with its squad already."), None),
        Status::Resolved => (format!("{number} is resolved already."), None),
        Status::Dismissed => (format!("{number} is closed: it was no request."), None),
    };
    (Tone::Warning, text, mend)
}

fn already(done: &str, ticket: &Ticket, by: Option<&PersonId>) -> Notice {
    let by_user_id = by.map(ToString::to_string);
    let text = match by_user_id {
        Some(_) => format!("{} is {done} already, by", ticket.id),
        None => format!("{} is {done} already.", ticket.id),
    };
    Notice { tone: Tone::Warning, text, by_user_id, mend: None }
}

fn decided_by(ticket: &Ticket) -> Option<&PersonId> {
    ticket.answer.as_ref().and_then(|answer| person(&answer.by))
}

fn escalated_by(ticket: &Ticket) -> Option<&PersonId> {
    ticket.escalation.as_ref().and_then(|running| person(&running.by))
}

fn acknowledged_by(ticket: &Ticket) -> Option<&PersonId> {
    ticket.escalation.as_ref().and_then(|running| running.acknowledged_by.as_ref())
}

fn person(actor: &Actor) -> Option<&PersonId> {
    match actor {
        Actor::Person(person) => Some(person),
        Actor::Rule(_) | Actor::Deskbell => None,
    }
}

/// The same as a modal.
pub(in crate::pipeline) fn message_view(ticket: &Ticket, what: &Telling) -> MessageView {
    let notice = telling(ticket, what);
    let text = match notice.mend {
        Some(mend) => format!("{} {mend}", notice.text),
        None => notice.text,
    };
    MessageView { title: ticket.id.to_string(), tone: notice.tone, text, by_user_id: notice.by_user_id }
}

/// The receipt for a request.
pub(in crate::pipeline) fn command_ack(ticket: &Ticket) -> CommandAck {
    CommandAck { number: ticket.id.to_string(), summary: ticket.words.summary(), thread_url: card_url(ticket) }
}
