//! Zendesk's JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::{Account, Audit, Comment, GROUPS, Group, Ticket, User, VIEWS, View};

/// A time as Zendesk writes it: whole seconds, UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A ticket, <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format>.
pub(super) fn ticket(base_url: &str, ticket: &Ticket) -> Value {
    json!({
        "url": format!("{base_url}/api/v2/tickets/{}.json", ticket.id),
        "id": ticket.id,
        "external_id": ticket.external_id,
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
        "created_at": time(ticket.created),
        "updated_at": time(ticket.updated),
        "type": ticket.kind,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.description(),
        "priority": ticket.priority,
        "status": ticket.status,
        "recipient": null,
        "requester_id": ticket.requester,
        "submitter_id": ticket.submitter,
        "assignee_id": ticket.assignee,
        "organization_id": null,
        "group_id": ticket.group,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "has_incidents": false,
        "is_public": ticket.is_public(),
        "due_at": null,
        "tags": ticket.tags,
        "custom_fields": [],
        "fields": [],
        "allow_channelback": false,
        "allow_attachments": true,
        "from_messaging_channel": false,
    })
}

/// A comment, <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/#json-format>.
pub(super) fn comment(comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "type": "Comment",
        "author_id": comment.author,
        "body": comment.plain,
        "html_body": comment.html,
        "plain_body": comment.plain,
        "public": comment.public,
        "attachments": [],
        "audit_id": comment.audit,
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
        "created_at": time(comment.at),
        "metadata": { "system": {}, "custom": {} },
    })
}

/// An audit, <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/#json-format>.
pub(super) fn audit(ticket_id: u64, audit: &Audit) -> Value {
    json!({
        "id": audit.id,
        "ticket_id": ticket_id,
        "created_at": time(audit.at),
        "author_id": audit.author,
        "metadata": { "system": {}, "custom": audit.custom },
        "events": audit.events,
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
    })
}

/// A user.
pub(super) fn user(base_url: &str, user: &User) -> Value {
    json!({
        "id": user.id,
        "url": format!("{base_url}/api/v2/users/{}.json", user.id),
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "active": true,
        "verified": true,
        "time_zone": "UTC",
        "locale": "en-US",
    })
}

/// A group.
pub(super) fn group(base_url: &str, group: &Group) -> Value {
    json!({
        "id": group.id,
        "url": format!("{base_url}/api/v2/groups/{}.json", group.id),
        "name": group.name,
        "deleted": false,
        "is_public": true,
    })
}

/// A view.
pub(super) fn view(base_url: &str, position: usize, view: &View) -> Value {
    json!({
        "id": view.id,
        "url": format!("{base_url}/api/v2/views/{}.json", view.id),
        "title": view.title,
        "active": true,
        "position": position,
        "description": null,
        "conditions": {},
        "execution": {},
        "restriction": null,
    })
}

/// Adds the people and groups of `tickets` to an answer, as `include=users,groups` asks for.
pub(super) fn sideload(answer: &mut Value, include: &str, base_url: &str, account: &Account, tickets: &[&Ticket]) {
    if include.contains("users") {
        let wanted = |user: &&User| {
            tickets.iter().any(|ticket| {
                [Some(ticket.requester), Some(ticket.submitter), ticket.assignee].contains(&Some(user.id))
            })
        };
        let users: Vec<Value> = account.users.iter().filter(wanted).map(|found| user(base_url, found)).collect();
        crate::json::set(answer, "users", users);
    }
    if include.contains("groups") {
        let wanted = |group: &&Group| tickets.iter().any(|ticket| ticket.group == Some(group.id));
        let groups: Vec<Value> = GROUPS.iter().filter(wanted).map(|found| group(base_url, found)).collect();
        crate::json::set(answer, "groups", groups);
    }
}

/// Everything that a page shows of the account.
pub(super) fn snapshot(base_url: &str, account: &Account) -> Value {
    let name = |id: u64| account.user(id).map_or("", |user| user.name.as_str());
    let tickets: Vec<Value> = account
        .tickets
        .iter()
        .map(|ticket| {
            let comments: Vec<Value> = ticket
                .comments
                .iter()
                .map(|comment| {
                    json!({
                        "author": name(comment.author), "text": comment.plain, "public": comment.public,
                        "created": time(comment.at),
                    })
                })
                .collect();
            json!({
                "id": ticket.id, "subject": ticket.subject, "status": ticket.status, "priority": ticket.priority,
                "requester": name(ticket.requester), "assignee": ticket.assignee.map(name),
                "group": GROUPS.iter().find(|group| Some(group.id) == ticket.group).map(|group| group.name),
                "tags": ticket.tags, "external_id": ticket.external_id, "comments": comments,
            })
        })
        .collect();
    let queues: Vec<Value> =
        VIEWS.iter().map(|view| json!({ "title": view.title, "tickets": held(view, account).count() })).collect();
    json!({ "base_url": base_url, "queues": queues, "tickets": tickets })
}

/// The tickets of a view.
pub(super) fn held<'a>(view: &'a View, account: &'a Account) -> impl Iterator<Item = &'a Ticket> {
    account.tickets.iter().filter(|ticket| (view.holds)(ticket))
}
