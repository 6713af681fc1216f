//! The tools that write, each at most once per idempotency key.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::change::{Change, priority_word};
use super::error::is_key_conflict;
use super::shown::{Named, number, ticket, word};
use super::{Zendesk, reads::ticket_id};
use crate::failure::ToolFailure;
use crate::helpdesk::schema::{
    AddInternalNote, AddedNote, AssignTicket, ChangeTags, ChangedTicket, CreateTicket, CreatedTicket, ReplyPublicly,
    SentReply, SetPriority, SetStatus, Ticket, Update,
};
use crate::marker::marker;

/// Names listed in a message at most.
const NAMES_SHOWN_MAX: usize = 20;

/// What an update, or an earlier one with the same key, left behind.
struct Written {
    audit: Value,
    /// The ticket before the update, as far as it was read.
    before: Option<Ticket>,
    /// False when it was an earlier one.
    made: bool,
}

impl Zendesk {
    /// `create_ticket`.
    pub(in crate::helpdesk) async fn create(&self, wanted: &CreateTicket) -> Result<CreatedTicket, ToolFailure> {
        let mut fields = match (&wanted.public_message, &wanted.internal_note) {
            (Some(message), None) => Change::message(message)?.fields,
            (None, Some(note)) => Change::note(note)?.fields,
            _ => return Err(ToolFailure::permanent("Give exactly one of public_message and internal_note")),
        };
        let mark = wanted.idempotency_key.as_deref().map(marker);
        if let Some(mark) = &mark
            && let Some(earlier) = self.marked_ticket(mark).await?
        {
            return Ok(self.created(&earlier, false));
        }
        fields.extend(self.described(wanted).await?);
        if let Some(mark) = &mark {
            fields.insert("external_id".to_owned(), mark.as_str().into());
        }
        match (self.client.create(fields, mark.as_deref()).await, &mark) {
            (Ok((body, repeated)), _) => match body.get("ticket").filter(|made| number(made, "id").is_some()) {
                Some(made) => Ok(self.created(made, !repeated)),
                None => Err(ToolFailure::unknown(
                    "Zendesk took the ticket but did not say its id; \
                     look it up by its idempotency key before creating it again",
                )),
            },
            // A call with this key came between the look and the creation.
            (Err(failure), Some(mark)) if is_key_conflict(&failure) => {
                let earlier = self.marked_ticket(mark).await?;
                earlier.map(|earlier| self.created(&earlier, false)).ok_or(failure)
            }
            (Err(failure), _) => Err(failure),
        }
    }

    fn created(&self, made: &Value, created: bool) -> CreatedTicket {
        let ticket_id = number(made, "id").unwrap_or_default().to_string();
        CreatedTicket { url: self.client.agent_url(&ticket_id), ticket_id, created }
    }

    /// The oldest ticket with the mark, so that every caller gets the same one.
    pub(super) async fn marked_ticket(&self, mark: &str) -> Result<Option<Value>, ToolFailure> {
        let found = self.client.by_external_id(mark).await?;
        Ok(found.into_iter().min_by_key(|ticket| number(ticket, "id")))
    }

    /// Everything of a new ticket but its comment.
    async fn described(&self, wanted: &CreateTicket) -> Result<Map<String, Value>, ToolFailure> {
        if wanted.subject.trim().is_empty() {
            return Err(ToolFailure::permanent("The subject is empty; say in one line what it is about"));
        }
        let mut fields = Map::new();
        fields.insert("subject".to_owned(), wanted.subject.as_str().into());
        if let Some(email) = &wanted.requester_email {
            let name = wanted.requester_name.as_ref().unwrap_or(email);
            fields.insert("requester".to_owned(), json!({ "email": email, "name": name }));
        }
        if let Some(priority) = wanted.priority {
            fields.insert("priority".to_owned(), priority_word(priority).into());
        }
        if let Some(tags) = &wanted.tags {
            fields.insert("tags".to_owned(), json!(tags));
        }
        let group = self.group_id(wanted.group.as_deref()).await?;
        fields.extend(Change::assignment(group, wanted.assignee_email.as_deref()).fields);
        Ok(fields)
    }

    /// The group by its name or its id.
    async fn group_id(&self, group: Option<&str>) -> Result<Option<u64>, ToolFailure> {
        let Some(group) = group else {
            return Ok(None);
        };
        if let Ok(id) = group.parse() {
            return Ok(Some(id));
        }
        let groups = self.client.groups().await?;
        let named = |known: &&Value| word(known, "name").is_some_and(|name| name.eq_ignore_ascii_case(group));
        if let Some(id) = groups.iter().find(named).and_then(|known| number(known, "id")) {
            return Ok(Some(id));
        }
        let known: Vec<String> = groups.iter().filter_map(|known| word(known, "name")).take(NAMES_SHOWN_MAX).collect();
        let known = known.join(", ");
        Err(ToolFailure::permanent(format!("Zendesk has no group {group:?}; choose one of {known}")))
    }

    /// `add_internal_note`.
    pub(in crate::helpdesk) async fn add_note(&self, wanted: &AddInternalNote) -> Result<AddedNote, ToolFailure> {
        let change = Change::note(&wanted.internal_note)?;
        let written = self.write(&wanted.ticket_id, change, wanted.idempotency_key.as_deref()).await?;
        Ok(AddedNote {
            note_id: comment_id(&written.audit).unwrap_or_default(),
            url: self.client.agent_url(&wanted.ticket_id),
            created: written.made,
        })
    }

    /// `reply_publicly`.
    pub(in crate::helpdesk) async fn reply(&self, wanted: &ReplyPublicly) -> Result<SentReply, ToolFailure> {
        let change = Change::message(&wanted.public_message)?;
        let written = self.write(&wanted.ticket_id, change, wanted.idempotency_key.as_deref()).await?;
        Ok(SentReply {
            message_id: comment_id(&written.audit).unwrap_or_default(),
            url: self.client.agent_url(&wanted.ticket_id),
            created: written.made,
        })
    }

    /// `set_status`.
    pub(in crate::helpdesk) async fn set_status(&self, wanted: &SetStatus) -> Result<ChangedTicket, ToolFailure> {
        self.set(&wanted.ticket_id, Change::status(wanted.status), wanted.idempotency_key.as_deref()).await
    }

    /// `set_priority`.
    pub(in crate::helpdesk) async fn set_priority(&self, wanted: &SetPriority) -> Result<ChangedTicket, ToolFailure> {
        self.set(&wanted.ticket_id, Change::priority(wanted.priority), wanted.idempotency_key.as_deref()).await
    }

    /// `assign_ticket`.
    pub(in crate::helpdesk) async fn assign(&self, wanted: &AssignTicket) -> Result<ChangedTicket, ToolFailure> {
        let group = self.group_id(wanted.group.as_deref()).await?;
        let change = Change::assignment(group, wanted.assignee_email.as_deref());
        if change.fields.is_empty() {
            return Err(ToolFailure::permanent("Give a group, an assignee_email, or both"));
        }
        self.set(&wanted.ticket_id, change, wanted.idempotency_key.as_deref()).await
    }

    /// `change_tags`: reads the tags and writes them back, unless somebody changed the ticket in between.
    pub(in crate::helpdesk) async fn change_tags(&self, wanted: &ChangeTags) -> Result<ChangedTicket, ToolFailure> {
        if wanted.add.is_empty() && wanted.remove.is_empty() {
            return Err(ToolFailure::permanent("Give tags to add, to remove, or both"));
        }
        if let Some(odd) = wanted.add.iter().find(|tag| tag.is_empty() || tag.contains(char::is_whitespace)) {
            return Err(ToolFailure::permanent(format!("{odd:?} is no tag: a tag is one word without spaces")));
        }
        let body = self.client.ticket(ticket_id(&wanted.ticket_id)?).await?;
        let before = body.get("ticket").unwrap_or(&Value::Null);
        let mut tags: BTreeSet<String> = ticket(&self.client, before, &Named::default()).tags.into_iter().collect();
        tags.extend(wanted.add.iter().map(|tag| tag.to_lowercase()));
        for tag in &wanted.remove {
            tags.remove(&tag.to_lowercase());
        }
        let mut change = Change::tags(&tags.into_iter().collect::<Vec<_>>());
        stamp(&mut change.fields, before);
        self.set(&wanted.ticket_id, change, wanted.idempotency_key.as_deref()).await
    }

    async fn set(&self, id: &str, change: Change, key: Option<&str>) -> Result<ChangedTicket, ToolFailure> {
        let written = self.write(id, change, key).await?;
        Ok(ChangedTicket { ticket: self.ticket(id).await?, previous: written.before, changed: written.made })
    }

    /// One update. With a key: the ticket is read first, so that its stamp guards all that follows.
    async fn write(&self, id: &str, mut change: Change, key: Option<&str>) -> Result<Written, ToolFailure> {
        let id = ticket_id(id)?;
        let mark = key.map(marker);
        let mut before = None;
        if let Some(mark) = &mark {
            let body = self.client.ticket(id).await?;
            if let Some(audit) = self.client.audit_with_mark(id, mark).await? {
                return Ok(Written { audit, before: None, made: false });
            }
            let now = body.get("ticket").unwrap_or(&Value::Null);
            if !change.fields.contains_key("updated_stamp") {
                stamp(&mut change.fields, now);
            }
            before = Some(ticket(&self.client, now, &Named::of(&body)));
        }
        let mut body = self.client.update(id, change.fields, mark.as_deref(), change.effect).await?;
        let audit = body.get_mut("audit").map(Value::take).unwrap_or_default();
        Ok(Written { audit, before, made: true })
    }

    /// `find_update_by_idempotency_key`.
    pub(in crate::helpdesk) async fn update_with(&self, id: &str, key: &str) -> Result<Option<Update>, ToolFailure> {
        let found = self.client.audit_with_mark(ticket_id(id)?, &marker(key)).await?;
        Ok(found.map(|audit| Update {
            update_id: number(&audit, "id").unwrap_or_default().to_string(),
            comment_id: comment_id(&audit),
            public: comment_of(&audit).and_then(|comment| comment.get("public")?.as_bool()),
            created_at: word(&audit, "created_at"),
        }))
    }
}

/// Lets Zendesk refuse the update when the ticket has changed since it was read.
fn stamp(fields: &mut Map<String, Value>, ticket: &Value) {
    if let Some(updated) = ticket.get("updated_at").filter(|stamp| stamp.is_string()) {
        fields.insert("safe_update".to_owned(), true.into());
        fields.insert("updated_stamp".to_owned(), updated.clone());
    }
}

fn comment_of(audit: &Value) -> Option<&Value> {
    let events = audit.get("events")?.as_array()?;
    events.iter().find(|event| event.get("type").and_then(Value::as_str) == Some("Comment"))
}

fn comment_id(audit: &Value) -> Option<String> {
    number(comment_of(audit)?, "id").map(|id| id.to_string())
}
