//! From a decision's action names to actions to the letter: what is approved is what will be sent.

use crate::action::Action;
use crate::policy::Policy;
use crate::ticket::{Source, Ticket, message_link};

use super::quotation::one_line;
pub(super) use super::quotation::quoted;

/// The action of this name for the ticket as it is; `None` for a name that needs what the ticket lacks.
pub(super) fn action(policy: &Policy, ticket: &Ticket, name: &str) -> Option<Action> {
    match name {
        "create_issue" => create_issue(policy, ticket),
        "comment" => Some(Action::Comment { body: context(policy, ticket) }),
        "set_priority" => tracker_priority(policy, ticket).map(|priority| Action::SetPriority { priority }),
        _ => None,
    }
}

fn create_issue(policy: &Policy, ticket: &Ticket) -> Option<Action> {
    let squad_id = ticket.squad.as_ref()?;
    let squad = policy.squad(squad_id)?;
    let mut labels = vec!["deskbell".to_owned(), format!("squad-{squad_id}")];
    labels.extend(ticket.category.iter().map(|category| format!("category-{category}")));
    Some(Action::CreateIssue {
        project: squad.tracker.project.clone(),
        issue_type: squad.tracker.issue_type.clone(),
        summary: one_line(&ticket.words.summary()),
        description: format!("{}\n\n---\n\n{}", quoted(&ticket.words.text()), context(policy, ticket)),
        priority: tracker_priority(policy, ticket),
        labels: labels.into_iter().map(|label| label.replace(' ', "-")).collect(),
    })
}

fn tracker_priority(policy: &Policy, ticket: &Ticket) -> Option<String> {
    ticket.priority.as_ref().and_then(|id| policy.priority(id)).and_then(|priority| priority.tracker.clone())
}

/// Who asked, where, and why it came here: for the people who read the issue.
fn context(policy: &Policy, ticket: &Ticket) -> String {
    let mut lines = vec![format!("**Ticket** {}", ticket.id), format!("**Asked by** {}", ticket.requester)];
    match &ticket.source {
        Source::SlackMessage { channel, ts, .. } => {
            let link = message_link(channel, ts);
            lines.push(format!("**Asked in Slack** [open the conversation]({link})"));
        }
        Source::SlackForm { .. } => lines.push("**Asked in Slack** by form".to_owned()),
        Source::Helpdesk { system, external_id, url } => match url {
            Some(url) => lines.push(format!("**Helpdesk** [{system} {external_id}]({url})")),
            None => lines.push(format!("**Helpdesk** {system} {external_id}")),
        },
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
