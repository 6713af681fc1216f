//! What one request sets on a ticket. Only here does a comment get its visibility, and only from its type.

use serde_json::{Map, Value, json};

use super::html;
use crate::failure::ToolFailure;
use crate::helpdesk::schema::{InternalNote, Priority, PublicMessage, Status};
use crate::rest::Effect;

/// Characters of a comment that Zendesk takes, as HTML.
const COMMENT_CHARACTERS_MAX: usize = 65_535;

/// The fields of a create or update request.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) fields: Map<String, Value>,
    /// Whether making it twice shows.
    pub(super) effect: Effect,
}

impl Change {
    fn of(field: &str, value: Value) -> Self {
        Self { fields: [(field.to_owned(), value)].into_iter().collect(), effect: Effect::Repeatable }
    }

    /// A comment that only agents see.
    pub(super) fn note(note: &InternalNote) -> Result<Self, ToolFailure> {
        let comment = json!({ "html_body": comment_html(&note.0)?, "public": false });
        Ok(Self { effect: Effect::Once, ..Self::of("comment", comment) })
    }

    /// A comment that the requester sees.
    pub(super) fn message(message: &PublicMessage) -> Result<Self, ToolFailure> {
        let comment = json!({ "html_body": comment_html(&message.0)?, "public": true });
        Ok(Self { effect: Effect::Once, ..Self::of("comment", comment) })
    }

    pub(super) fn status(status: Status) -> Self {
        let word = match status {
            Status::New => "new",
            Status::Open => "open",
            Status::Pending => "pending",
            Status::OnHold => "hold",
            Status::Solved => "solved",
            Status::Closed => "closed",
        };
        Self::of("status", word.into())
    }

    pub(super) fn priority(priority: Priority) -> Self {
        Self::of("priority", priority_word(priority).into())
    }

    /// A group, an agent, or both; nothing is left as it is.
    pub(super) fn assignment(group: Option<u64>, assignee_email: Option<&str>) -> Self {
        let mut fields = Map::new();
        if let Some(group) = group {
            fields.insert("group_id".to_owned(), group.into());
        }
        if let Some(email) = assignee_email {
            fields.insert("assignee_email".to_owned(), email.into());
        }
        Self { fields, effect: Effect::Repeatable }
    }

    pub(super) fn tags(tags: &[String]) -> Self {
        Self::of("tags", json!(tags))
    }
}

/// Zendesk's word.
pub(super) fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    }
}

fn comment_html(markdown: &str) -> Result<String, ToolFailure> {
    let written = html::from_markdown(markdown);
    if written.is_empty() {
        return Err(ToolFailure::permanent("The text is empty; say something"));
    }
    if written.chars().count() > COMMENT_CHARACTERS_MAX {
        return Err(ToolFailure::permanent(format!(
            "The text is longer than the {COMMENT_CHARACTERS_MAX} characters that Zendesk takes; shorten it"
        )));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_alone_says_who_reads_a_comment() {
        let note = Change::note(&InternalNote("a".into())).unwrap();
        assert_eq!(note.fields["comment"], json!({ "html_body": "<p>a</p>", "public": false }));
        let message = Change::message(&PublicMessage("a".into())).unwrap();
        assert_eq!(message.fields["comment"], json!({ "html_body": "<p>a</p>", "public": true }));
        assert!(Change::note(&InternalNote("  \n".into())).is_err());
    }
}
