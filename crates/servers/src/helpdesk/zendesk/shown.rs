//! Reads Zendesk's JSON tolerantly: a missing field is shown as empty, never an error.

use serde_json::Value;

use super::client::{ZendeskClient, list};
use crate::helpdesk::schema::{Group, Person, Ticket};

/// People and groups that an answer tells beside its tickets.
#[derive(Debug, Default)]
pub(super) struct Named {
    users: Vec<Value>,
    groups: Vec<Value>,
}

impl Named {
    /// Those of an answer.
    pub(super) fn of(body: &Value) -> Self {
        Self { users: list(body, "users"), groups: list(body, "groups") }
    }

    /// The person with this id; with name and address when they were told.
    pub(super) fn person(&self, id: u64) -> Person {
        let told = self.users.iter().find(|user| number(user, "id") == Some(id));
        told.map_or_else(|| Person { person_id: id.to_string(), name: None, email: None }, person)
    }

    fn group(&self, id: u64) -> Group {
        let told = self.groups.iter().find(|group| number(group, "id") == Some(id));
        Group { group_id: id.to_string(), name: told.and_then(|group| word(group, "name")) }
    }
}

/// A user of Zendesk's.
pub(super) fn person(user: &Value) -> Person {
    Person {
        person_id: number(user, "id").map(|id| id.to_string()).unwrap_or_default(),
        name: word(user, "name"),
        email: word(user, "email"),
    }
}

/// A ticket of Zendesk's.
pub(super) fn ticket(client: &ZendeskClient, ticket: &Value, named: &Named) -> Ticket {
    let id = number(ticket, "id").map(|id| id.to_string()).unwrap_or_default();
    let tags = ticket.get("tags").and_then(Value::as_array);
    Ticket {
        url: client.agent_url(&id),
        ticket_id: id,
        subject: word(ticket, "subject").unwrap_or_default(),
        description: word(ticket, "description"),
        status: word(ticket, "status")
            .map(|status| if status == "hold" { "on_hold".to_owned() } else { status })
            .unwrap_or_default(),
        priority: word(ticket, "priority"),
        requester: number(ticket, "requester_id").map(|id| named.person(id)),
        assignee: number(ticket, "assignee_id").map(|id| named.person(id)),
        group: number(ticket, "group_id").map(|id| named.group(id)),
        tags: tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        created_at: word(ticket, "created_at"),
        updated_at: word(ticket, "updated_at"),
    }
}

/// The text under `name`.
pub(super) fn word(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

/// The number under `name`.
pub(super) fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name)?.as_u64()
}
