//! What expressions may speak of, with a value such as each may have: an expression that speaks of something else is refused when
//! the configuration is read.

use deskbell_domain::action::{Action, Beneficiary, DocumentReader, Occasion};
use deskbell_domain::ids::TicketId;
use deskbell_domain::ticket::ExternalRef;
use serde_json::{Value, json};

use super::arguments::KEY;

/// The context of an action's arguments: one of [`Action::NAMES`], or a company's own.
pub(super) fn of_action(name: &str) -> Value {
    let external =
        ExternalRef { system: text("jira"), key: text("PAY-1"), url: Some(text("https://tracker.test/PAY-1")) };
    context(&json!(sample(name)), &json!(external), &TicketId::new(1).to_string(), &text("DB-1"))
}

/// What an expression of an action speaks of.
pub(super) fn context(action: &Value, external: &Value, ticket: &str, key: &str) -> Value {
    json!({ "action": action, "external": external, "ticket": ticket, KEY: key })
}

/// The context of a look-up's arguments; `pipeline` fills it for each ticket or question.
pub(super) fn of_lookup(name: &str) -> Value {
    match name {
        "lookup_customer" => json!({
            "requester": {
                "email": "ada@example.com", "domain": "example.com", "name": "Ada", "slack_id": "U0123456789",
                "display_name": "ada", "title": "Engineer", "team": "T0123456789", "is_external": false,
            },
            "ticket": { "number": "DB-1", "source": "helpdesk", "system": "zendesk", "external_id": "1" },
        }),
        "queue_load" => json!({ "queues": ["Money"] }),
        "list_gaps" => json!({}),
        _ => json!({
            "question": "How do refunds work?", "readers": [{ "email": "ada@example.com" }], "max_results": 5,
        }),
    }
}

/// The context of a fact's arguments: whose request it is, and what its patterns find there.
pub(super) fn of_fact<'a>(found: impl Iterator<Item = &'a str>) -> Value {
    let mut context = of_lookup("lookup_customer");
    let found: serde_json::Map<String, Value> = found.map(|name| (name.to_owned(), json!("ORD-1"))).collect();
    if let Some(context) = context.as_object_mut() {
        context.insert("found".to_owned(), Value::Object(found));
    }
    context
}

/// The context of the arguments that ask a tracker for statuses.
pub(super) fn of_statuses(keys: &[String]) -> Value {
    json!({ "keys": keys })
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// An action with every field.
fn sample(name: &str) -> Option<Action> {
    let (project, issue_type, summary) = (text("PAY"), text("Bug"), text("A summary"));
    let (description, priority, labels) = (text("A description"), Some(text("High")), vec![text("deskbell")]);
    Some(match name {
        "create_issue" => Action::CreateIssue { project, issue_type, summary, description, priority, labels },
        "create_story" => Action::CreateStory { project, issue_type, summary, description, priority, labels },
        "comment" => Action::Comment { body: description },
        "transition" => Action::Transition { to: text("Done") },
        "set_priority" => Action::SetPriority { priority: text("High") },
        "assign" => Action::Assign { account: text("account") },
        "add_labels" => Action::AddLabels { labels },
        "remove_labels" => Action::RemoveLabels { labels },
        "update_ticket" => Action::UpdateTicket {
            system: text("zendesk"),
            external_id: text("1"),
            status: text("open"),
            priority,
            note: description,
        },
        "post_message" => Action::PostMessage { channel: text("C0123456789"), text: description },
        "write_back" => Action::WriteBack {
            occasion: Occasion::Resolution,
            account: Some(text("account")),
            email: Some(text("somebody@example.com")),
            subject: summary,
            summary: description.clone(),
            conversation: description,
        },
        "record_feedback" => Action::RecordFeedback {
            query: text("How do refunds work?"),
            passages: vec![text("refunds.md#how")],
            outcome: text("solved"),
        },
        "create_draft" => Action::CreateDraft { title: summary, markdown: description },
        "put_document" => Action::PutDocument {
            path: text("tickets/DB-1"),
            title: summary,
            markdown: description,
            url: Some(text("https://slack.test/archives/C0123456789/p1")),
            readers: vec![DocumentReader { email: text("ada@example.com") }],
        },
        "remove_document" => Action::RemoveDocument { path: text("tickets/DB-1") },
        name if Action::is_custom_name(name) => Action::Custom {
            name: text(name),
            requester: Beneficiary { slack_id: text("U0123456789"), email: text("ada@example.com") },
            summary,
            request: description,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_sample() {
        for name in Action::NAMES {
            assert_eq!(sample(name).map(|action| action.name().to_owned()).as_deref(), Some(*name));
        }
        assert_eq!(sample("unlock_account").map(|action| action.name().to_owned()).as_deref(), Some("unlock_account"));
        assert_eq!(sample("Unlock"), None);
    }
}
