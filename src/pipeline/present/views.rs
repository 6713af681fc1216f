//! Modals, and what one person is told.

use deskbell_domain::ids::{PersonId, TicketId};
use deskbell_domain::interaction::About;
use deskbell_domain::policy::{Policy, Right};
use deskbell_domain::ticket::{Actor, Status, Ticket, Words};
use deskbell_domain::workflow::effect::Telling;

use super::{card_url, conversation_url};
use crate::assessor::reading::read_part;
use crate::slack::messages::{ChangeView, Choice, CommandAck, MessageView, NewTicketView, Notice, SimilarLine, Tone};

/// The modal behind Change.
pub(in crate::pipeline) fn change_view(policy: &Policy, ticket: &Ticket, similar: Vec<SimilarLine>) -> ChangeView {
    ChangeView {
        ticket_id: About { ticket: ticket.id, seen: ticket.shows() }.to_string(),
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
        similar,
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
pub(in crate::pipeline) fn new_ticket_view(policy: &Policy, similar: Option<Vec<SimilarLine>>) -> NewTicketView {
    NewTicketView { text: None, priorities: priorities(policy), channel_id: None, similar }
}

/// The answer to "hello".
pub(in crate::pipeline) fn greeting() -> Notice {
    let text = "Hello! Write what is wrong, and I make a ticket of it. `help` shows what else I do.";
    Notice::line(Tone::Ok, text.to_owned())
}

/// The window behind Change did not open, or is closed again.
pub(in crate::pipeline) fn window_missing(ticket: &Ticket) -> Notice {
    let text = format!("The form for {} did not open, or was closed too soon.", ticket.id);
    Notice { mend: Some("Press Change again.".to_owned()), ..Notice::line(Tone::Warning, text) }
}

/// The answer to `/ticket` for whoever may not see it, and for a number that no ticket has: who may not see a ticket may
/// not learn either whether there is one.
pub(in crate::pipeline) fn no_view(policy: &Policy, asked: TicketId) -> Notice {
    let (who, people) = policy.who_may(Right::View);
    let mend = format!("Check the number on the ticket's card. Who can see a ticket: {who}.");
    let text = format!("There is no {asked}, or it is not for you to see.");
    Notice { mention_ids: people.iter().map(ToString::to_string).collect(), ..Notice::problem(text, mend) }
}

/// One line to one person.
pub(in crate::pipeline) fn telling(ticket: &Ticket, what: &Telling) -> Notice {
    let number = ticket.id;
    let (tone, text, mend) = match what {
        Telling::NotAllowed { what, who, people } => return not_allowed(ticket, what, who, people),
        Telling::AlreadyDecided => return already("decided", ticket, decided_by(ticket)),
        Telling::AlreadyUndone => return already("undone", ticket, ticket.undone.as_ref().map(|undone| &undone.by)),
        Telling::AlreadyClaimed => return already("claimed", ticket, ticket.assignee.as_ref()),
        Telling::AlreadyEscalated => return already("escalated", ticket, escalated_by(ticket)),
        Telling::AlreadyAcknowledged => return already("acknowledged", ticket, acknowledged_by(ticket)),
        Telling::AlreadySettled => (Tone::Warning, format!("That step of {number} is settled already."), None),
        Telling::Accepted => (Tone::Ok, format!("Got it: {number}."), None),
        Telling::Escalated => (Tone::Ok, format!("{number} is escalated; level 1 is alerted."), None),
        Telling::TooLate => too_late(ticket),
        Telling::Noted => (Tone::Ok, format!("Thank you: whoever works on {number} sees it."), None),
        Telling::NothingToSend => (
            Tone::Warning,
            format!(
                "Nothing was sent for {number}: the knowledge base has nothing on it that everybody there may read."
            ),
            Some("Write the answer yourself, in the ticket's thread.".to_owned()),
        ),
    };
    Notice { mend, ..Notice::line(tone, text) }
}

fn not_allowed(ticket: &Ticket, what: &str, who: &str, people: &[PersonId]) -> Notice {
    let mend = format!("Ask one of those who may: {who}");
    Notice {
        mention_ids: people.iter().map(ToString::to_string).collect(),
        ..Notice::problem(format!("You may not {what} {}.", ticket.id), mend)
    }
}

fn too_late(ticket: &Ticket) -> (Tone, String, Option<String>) {
    let number = ticket.id;
    let (text, mend) = match ticket.status {
        // The requester wrote more, and the rules decided anew.
        Status::Received | Status::AwaitingConfirmation => {
            (format!("{number} has changed since."), Some("Look at its card again, then decide.".to_owned()))
        }
        Status::Answering => (format!("{number} is being answered."), None),
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
    Notice { by_user_id, ..Notice::line(Tone::Warning, text) }
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
    let Notice { tone, by_user_id, mention_ids, .. } = notice;
    MessageView { title: ticket.id.to_string(), tone, text, by_user_id, mention_ids }
}

/// What a request is about, in words without Slack's markup: the receipt comes before the assessment.
pub(super) fn plain_summary(words: &Words) -> String {
    if words.erased || words.assessment.as_ref().is_some_and(|assessment| !assessment.summary.is_empty()) {
        return words.summary();
    }
    let summary = deskbell_judgement::summary::summarize(read_part(&words.text()));
    if summary.is_empty() { words.summary() } else { summary }
}

/// The receipt for a request.
pub(in crate::pipeline) fn command_ack(ticket: &Ticket) -> CommandAck {
    CommandAck {
        number: ticket.id.to_string(),
        summary: plain_summary(&ticket.words),
        thread_url: if ticket.outsiders_read { conversation_url(ticket) } else { card_url(ticket) },
        hears_directly: ticket.hears_directly() && !ticket.is_asked_in_channel(),
    }
}
