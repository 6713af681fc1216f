//! Modals, and what one person is told.

use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Ticket};
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
        category: ticket
            .category
            .as_ref()
            .filter(|id| policy.category(id).is_some())
            .map(ToString::to_string),
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
        mend: Some("Press Change again.".to_owned()),
    }
}

/// One line to one person.
pub(in crate::pipeline) fn telling(ticket: &Ticket, what: &Telling) -> Notice {
    let number = ticket.id;
    let (tone, text, mend) = match what {
        Telling::NotAllowed { what, who } => (
            Tone::Error,
            format!("You may not {what} {number}."),
            Some(format!("Ask one of those who may: {who}.")),
        ),
        Telling::AlreadyDecided => (Tone::Warning, already(ticket), None),
        Telling::Accepted => (Tone::Ok, format!("Got it: {number}."), None),
        Telling::Escalated => (Tone::Ok, format!("{number} is escalated; level 1 is alerted."), None),
        Telling::TooLate => (Tone::Warning, format!("{number} is past that: it is {}.", ticket.status.as_str()), None),
    };
    Notice { tone, text, mend }
}

fn already(ticket: &Ticket) -> String {
    let decided = ticket.answer.as_ref().map(|answer| &answer.by);
    let taken = ticket.assignee.as_ref().map(|person| format!("<@{person}>"));
    let by = match decided {
        Some(Actor::Person(person)) => Some(format!("<@{person}>")),
        _ => taken,
    };
    match by {
        Some(by) => format!("{} was already settled by {by}.", ticket.id),
        None => format!("{} was already settled.", ticket.id),
    }
}

/// The same as a modal.
pub(in crate::pipeline) fn message_view(ticket: &Ticket, what: &Telling) -> MessageView {
    let notice = telling(ticket, what);
    let text = match notice.mend {
        Some(mend) => format!("{} {mend}", notice.text),
        None => notice.text,
    };
    MessageView { title: ticket.id.to_string(), tone: notice.tone, text, by_user_id: None }
}

/// The receipt for a request.
pub(in crate::pipeline) fn command_ack(ticket: &Ticket) -> CommandAck {
    CommandAck { number: ticket.id.to_string(), summary: ticket.words.summary(), thread_url: card_url(ticket) }
}
