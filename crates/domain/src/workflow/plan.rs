//! From a decision's action names to actions to the letter: what is approved is what will be sent.

use crate::action::{Action, Beneficiary, Occasion};
use crate::decision::Decision;
use crate::policy::Policy;
use crate::ticket::{Source, Ticket, message_link};

pub(super) use super::quotation::quoted;
use super::quotation::{autolink, inline, one_line};

/// The action of this name for the ticket as it is; `None` for a name that needs what the ticket lacks.
pub(super) fn action(policy: &Policy, ticket: &Ticket, name: &str) -> Option<Action> {
    match name {
        "create_issue" => create_issue(policy, ticket),
        "create_story" => create_story(policy, ticket),
        "update_ticket" => update_ticket(policy, ticket, "open"),
        "post_message" => post_message(policy, ticket),
        "comment" => Some(Action::Comment { body: context(policy, ticket) }),
        "set_priority" => tracker_priority(policy, ticket).map(|priority| Action::SetPriority { priority }),
        _ => None,
    }
}

/// What opens an issue or a story.
struct Opening {
    project: String,
    issue_type: String,
    summary: String,
    description: String,
    priority: Option<String>,
    labels: Vec<String>,
}

fn opening(policy: &Policy, ticket: &Ticket) -> Option<Opening> {
    let squad_id = ticket.squad.as_ref()?;
    let squad = policy.squad(squad_id)?;
    let mut labels = vec!["deskbell".to_owned(), format!("squad-{squad_id}")];
    labels.extend(ticket.category.iter().map(|category| format!("category-{category}")));
    Some(Opening {
        project: squad.tracker.project.clone(),
        issue_type: squad.tracker.issue_type.clone(),
        summary: one_line(&ticket.words.summary()),
        description: format!("{}\n\n---\n\n{}", quoted(&ticket.words.text()), context(policy, ticket)),
        priority: tracker_priority(policy, ticket),
        labels: labels.into_iter().map(|label| label.replace(' ', "-")).collect(),
    })
}

fn create_issue(policy: &Policy, ticket: &Ticket) -> Option<Action> {
    let Opening { project, issue_type, summary, description, priority, labels } = opening(policy, ticket)?;
    Some(Action::CreateIssue { project, issue_type, summary, description, priority, labels })
}

fn create_story(policy: &Policy, ticket: &Ticket) -> Option<Action> {
    let Opening { project, issue_type, summary, description, priority, labels } = opening(policy, ticket)?;
    Some(Action::CreateStory { project, issue_type, summary, description, priority, labels })
}

/// What a company's own tool is asked to do for whoever asked.
pub(super) fn custom(ticket: &Ticket, name: &str, email: &str) -> Action {
    Action::Custom {
        name: name.to_owned(),
        requester: Beneficiary { slack_id: ticket.requester.to_string(), email: email.to_owned() },
        summary: one_line(&ticket.words.summary()),
        request: ticket.words.text(),
    }
}

/// Only a ticket of a helpdesk has one there.
pub(super) fn update_ticket(policy: &Policy, ticket: &Ticket, status: &str) -> Option<Action> {
    let Source::Helpdesk { system, external_id, .. } = &ticket.source else { return None };
    Some(Action::UpdateTicket {
        system: system.clone(),
        external_id: external_id.clone(),
        status: status.to_owned(),
        priority: tracker_priority(policy, ticket),
        note: context(policy, ticket),
    })
}

fn post_message(policy: &Policy, ticket: &Ticket) -> Option<Action> {
    let squad = ticket.squad.as_ref().and_then(|id| policy.squad(id))?;
    let summary = one_line(&ticket.words.summary());
    Some(Action::PostMessage {
        channel: squad.channel.to_string(),
        text: format!("{}\n\n{}", quoted(&summary), context(policy, ticket)),
    })
}

/// What the rules label the issue with, where there is one to come.
pub(super) fn add_labels(decision: &Decision) -> Option<Action> {
    let opens = decision.actions.iter().any(|name| Action::OPENING.contains(&name.as_str()));
    let labels: Vec<String> = decision.labels.iter().cloned().collect();
    (opens && !labels.is_empty()).then_some(Action::AddLabels { labels })
}

/// What was asked and what came of it, for the customer's record. `by`: the name of who allows it.
pub(super) fn write_back(policy: &Policy, ticket: &Ticket, occasion: Occasion, by: &str) -> Action {
    let mut outcome = vec![match occasion {
        Occasion::Resolution => format!("**Resolved by** {}", inline(by)),
        Occasion::Handover => format!("**Handed over by** {}", inline(by)),
    }];
    let issue = ticket.external.as_ref().map(|external| match &external.url {
        Some(url) => format!("**Issue** [{}]({url})", external.key),
        None => format!("**Issue** {}", external.key),
    });
    outcome.extend(issue);
    outcome.push(context(policy, ticket));
    let customer = ticket.words.enrichment.customer.as_ref();
    Action::WriteBack {
        occasion,
        account: customer.map(|customer| customer.id.clone()).filter(|id| !id.is_empty()),
        email: ticket.words.requester_email.clone(),
        subject: one_line(&format!("{}: {}", ticket.id, ticket.words.summary())),
        summary: outcome.join("  \n"),
        conversation: quoted(&ticket.words.text()),
    }
}

fn tracker_priority(policy: &Policy, ticket: &Ticket) -> Option<String> {
    ticket.priority.as_ref().and_then(|id| policy.priority(id)).and_then(|priority| priority.tracker.clone())
}

/// The requester's name; where nobody told it, what they are called by.
fn asked_by(ticket: &Ticket) -> String {
    match (&ticket.words.requester_name, &ticket.source) {
        (Some(name), _) => inline(name),
        (None, Source::Helpdesk { system, .. }) => {
            format!("a {} customer ({})", inline(system), inline(ticket.requester.as_str()))
        }
        (None, _) => format!("Slack user {}", inline(ticket.requester.as_str())),
    }
}

/// Who asked, where, and why it came here: for the people who read the issue.
fn context(policy: &Policy, ticket: &Ticket) -> String {
    let mut lines = vec![format!("**Ticket** {}", ticket.id), format!("**Asked by** {}", asked_by(ticket))];
    match &ticket.source {
        Source::SlackMessage { channel, ts, .. } => {
            let link = message_link(channel, ts);
            lines.push(format!("**Asked in Slack** [open the conversation]({link})"));
        }
        Source::SlackForm { .. } => lines.push("**Asked in Slack** by form".to_owned()),
        Source::Helpdesk { system, external_id, url } => {
            let number = format!("**Helpdesk** {} {}", inline(system), inline(external_id));
            lines.push(url.as_ref().map_or_else(|| number.clone(), |url| format!("{number} ({})", autolink(url))));
        }
    }
    if let Some(squad) = ticket.squad.as_ref().and_then(|id| policy.squad(id)) {
        lines.push(format!("**Squad** {}", squad.name));
    }
    if let Some(decision) = &ticket.decision {
        let proposed = &decision.squad;
        lines.push(if ticket.squad.as_ref() == Some(proposed) {
            format!("**Why** {}", decision.reason)
        } else {
            format!("**Why** a person chose this squad; the rules proposed {proposed}")
        });
    }
    lines.join("  \n")
}
