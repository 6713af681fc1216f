//! Reads the `ticket` object of a request and refuses what Zendesk refuses, in its words.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::account::{Account, Change, GROUPS, PRIORITIES, STATUSES, TYPES, Wish};
use super::answer::Refusal;
use crate::json::text;

/// Characters of a comment, <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/>.
const COMMENT_CHARACTERS_MAX: usize = 65_535;

/// The change that the object describes, or the first complaint about it. May make the requester's user.
pub(super) fn change(ticket: &Map<String, Value>, account: &mut Account) -> Result<Change, Refusal> {
    let given = Value::Object(ticket.clone());
    let assignee = assignee(ticket, account)?;
    let group = group(ticket)?;
    let mut change = Change {
        subject: text(&given, "subject").map(str::to_owned),
        status: one_of(ticket, "status", &STATUSES)?,
        priority: one_of(ticket, "priority", &PRIORITIES)?,
        kind: one_of(ticket, "type", &TYPES)?,
        requester: None,
        assignee,
        group,
        tags: tags(ticket),
        external_id: text(&given, "external_id").map(str::to_owned),
        comment: comment(ticket)?,
        metadata: ticket.get("metadata").cloned().unwrap_or_else(|| Value::Object(Map::new())),
    };
    change.requester = requester(ticket, account)?;
    Ok(change)
}

/// A new ticket must say something.
pub(super) fn new_ticket(change: &Change) -> Result<(), Refusal> {
    match change.comment {
        Some(_) => Ok(()),
        None => Err(Refusal::field("base", "Description: cannot be blank")),
    }
}

fn one_of(
    ticket: &Map<String, Value>,
    field: &str,
    allowed: &'static [&'static str],
) -> Result<Option<&'static str>, Refusal> {
    match ticket.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let known = allowed.iter().copied().find(|name| value.as_str() == Some(name));
            let complaint = || {
                let mut title = field.to_owned();
                if let Some(first) = title.get_mut(0..1) {
                    first.make_ascii_uppercase();
                }
                Refusal::field(field, &format!("{title}: {value} is not a valid value"))
            };
            known.map(Some).ok_or_else(complaint)
        }
    }
}

fn requester(ticket: &Map<String, Value>, account: &mut Account) -> Result<Option<u64>, Refusal> {
    if let Some(id) = ticket.get("requester_id") {
        let known = id.as_u64().filter(|id| account.user(*id).is_some());
        return known.map(Some).ok_or_else(|| Refusal::field("requester", "Requester: is invalid"));
    }
    let Some(requester) = ticket.get("requester") else {
        return Ok(None);
    };
    let Some(email) = text(requester, "email").filter(|email| email.contains('@')) else {
        return Err(Refusal::field("requester", "Requester: Email:  is not properly formatted"));
    };
    match (account.user_by_email(email), text(requester, "name")) {
        (Some(known), _) => Ok(Some(known.id)),
        (None, Some(name)) => Ok(Some(account.end_user(email, name))),
        (None, None) => Err(Refusal::field("requester", "Requester: Name:  is too short (minimum one character)")),
    }
}

fn assignee(ticket: &Map<String, Value>, account: &Account) -> Result<Wish, Refusal> {
    let invalid = || Refusal::field("assignee", "Assignee: is not an agent");
    let agent = |id: u64| account.user(id).filter(|user| user.role != "end-user").map(|user| user.id);
    if let Some(email) = ticket.get("assignee_email").and_then(Value::as_str) {
        let found = account.user_by_email(email).and_then(|user| agent(user.id));
        return found.map(|id| Wish::Set(Some(id))).ok_or_else(invalid);
    }
    match ticket.get("assignee_id") {
        None => Ok(Wish::Keep),
        Some(Value::Null) => Ok(Wish::Set(None)),
        Some(id) => id.as_u64().and_then(agent).map(|id| Wish::Set(Some(id))).ok_or_else(invalid),
    }
}

fn group(ticket: &Map<String, Value>) -> Result<Wish, Refusal> {
    match ticket.get("group_id") {
        None => Ok(Wish::Keep),
        Some(Value::Null) => Ok(Wish::Set(None)),
        Some(id) => {
            let known = GROUPS.iter().find(|group| id.as_u64() == Some(group.id));
            known.map(|group| Wish::Set(Some(group.id))).ok_or_else(|| Refusal::field("group", "Group: is invalid"))
        }
    }
}

/// Tags are kept in lower case, and a space parts two of them.
fn tags(ticket: &Map<String, Value>) -> Option<BTreeSet<String>> {
    let given = ticket.get("tags")?.as_array()?;
    let words = given.iter().filter_map(Value::as_str).flat_map(str::split_whitespace);
    Some(words.map(str::to_lowercase).collect())
}

fn comment(ticket: &Map<String, Value>) -> Result<Option<(String, String, Option<bool>)>, Refusal> {
    let Some(comment) = ticket.get("comment") else {
        return Ok(None);
    };
    let public = comment.get("public").and_then(Value::as_bool);
    let (html, plain) = match (text(comment, "html_body"), text(comment, "body")) {
        (Some(html), _) => (html.to_owned(), plain_text(html)),
        (None, Some(body)) => (format!("<p>{}</p>", super::page::escape(body)), body.to_owned()),
        (None, None) => return Err(Refusal::field("base", "Description: cannot be blank")),
    };
    if plain.trim().is_empty() {
        return Err(Refusal::field("base", "Description: cannot be blank"));
    }
    if html.chars().count() > COMMENT_CHARACTERS_MAX {
        return Err(Refusal::field("base", "Comment: is too long (maximum is 65535 characters)"));
    }
    Ok(Some((html, plain, public)))
}

/// The words of an HTML text, one line per block.
fn plain_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tagged)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = tagged.split_once('>').unwrap_or((tagged, ""));
        if ["/p", "/li", "/h1", "/h2", "/h3", "br", "br /", "/pre"].contains(&tag) && !text.ends_with('\n') {
            text.push('\n');
        }
        rest = after;
    }
    text.push_str(rest);
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    for (entity, character) in named {
        text = text.replace(entity, character);
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn html_becomes_lines_of_words() {
        let html = "<h2>Steps</h2>\n<ol>\n<li>pay</li>\n<li><strong>refund</strong> &lt;all&gt;</li>\n</ol>";
        let words: Vec<String> = super::plain_text(html).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["Steps", "pay", "refund", "<all>"]);
    }
}
