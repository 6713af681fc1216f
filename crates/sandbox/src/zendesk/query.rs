//! A subset of Zendesk's search syntax,
//! <https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/searching-with-the-zendesk-api/>.
//!
//! Terms are joined: `key:value`, `key<value`, `key>value`, `-key:value`, and words that the ticket must hold. Keys:
//! type, status, priority, requester, assignee, group, tags, `external_id`, subject, created, updated.

use axum::http::StatusCode;

use super::account::{Account, GROUPS, PRIORITIES, STATUSES, Ticket};
use super::answer::Refusal;
use super::wire;

/// One condition.
#[derive(Debug, PartialEq)]
struct Term {
    negated: bool,
    key: String,
    comparison: Comparison,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Is,
    Below,
    Above,
}

/// A query that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    terms: Vec<Term>,
}

const KEYS: [&str; 11] = [
    "type",
    "status",
    "priority",
    "requester",
    "assignee",
    "group",
    "tags",
    "external_id",
    "subject",
    "created",
    "updated",
];

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Query, Refusal> {
    if text.trim().is_empty() {
        return Err(invalid("Invalid search: query is blank"));
    }
    words(text).iter().map(|word| term(word)).collect::<Result<_, _>>().map(|terms| Query { terms })
}

impl Query {
    /// Whether the ticket answers the query.
    pub(super) fn matches(&self, ticket: &Ticket, account: &Account) -> bool {
        self.terms.iter().all(|term| term.matches(ticket, account) != term.negated)
    }
}

impl Term {
    fn matches(&self, ticket: &Ticket, account: &Account) -> bool {
        let value = self.value.as_str();
        match self.key.as_str() {
            "type" => value == "ticket" || ticket.kind == Some(value),
            "status" => self.ordered(&STATUSES, Some(ticket.status)),
            "priority" => self.ordered(&PRIORITIES, ticket.priority),
            "requester" => is_user(account, Some(ticket.requester), value),
            "assignee" => is_user(account, ticket.assignee, value),
            "group" => match GROUPS.iter().find(|group| Some(group.id) == ticket.group) {
                None => value == "none",
                Some(group) => group.name.eq_ignore_ascii_case(value) || group.id.to_string() == value,
            },
            "tags" => ticket.tags.contains(&value.to_lowercase()),
            "external_id" => ticket.external_id.as_deref() == Some(value),
            "subject" => holds(&ticket.subject, value),
            "created" => self.at(&wire::time(ticket.created)),
            "updated" => self.at(&wire::time(ticket.updated)),
            _ => {
                let comments = ticket.comments.iter().map(|comment| comment.plain.as_str());
                std::iter::once(ticket.subject.as_str()).chain(comments).any(|text| holds(text, value))
            }
        }
    }

    fn ordered(&self, order: &[&str], has: Option<&str>) -> bool {
        let rank = |name: &str| order.iter().position(|known| known.eq_ignore_ascii_case(name));
        let (Some(has), Some(wanted)) = (has.and_then(rank), rank(&self.value)) else {
            return has.is_none() && self.value == "none";
        };
        match self.comparison {
            Comparison::Is => has == wanted,
            Comparison::Below => has < wanted,
            Comparison::Above => has > wanted,
        }
    }

    /// Times compare as texts, because both are ISO 8601 in UTC; a date alone is its beginning.
    fn at(&self, has: &str) -> bool {
        match self.comparison {
            Comparison::Is => has.starts_with(&self.value),
            Comparison::Below => has < self.value.as_str(),
            Comparison::Above => has > self.value.as_str(),
        }
    }
}

fn is_user(account: &Account, id: Option<u64>, wanted: &str) -> bool {
    let Some(user) = id.and_then(|id| account.user(id)) else {
        return wanted == "none";
    };
    user.id.to_string() == wanted || user.email.eq_ignore_ascii_case(wanted) || user.name.eq_ignore_ascii_case(wanted)
}

fn holds(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

/// Parts at spaces outside quotation marks.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character.is_whitespace() && !quoted => words.push(String::new()),
            _ => {
                if let Some(last) = words.last_mut() {
                    last.push(character);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn term(word: &str) -> Result<Term, Refusal> {
    let (negated, rest) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
    let key: String =
        rest.chars().take_while(|character| character.is_ascii_lowercase() || *character == '_').collect();
    let after = rest.strip_prefix(key.as_str()).unwrap_or_default();
    let comparison = match after.chars().next() {
        Some(':') => Comparison::Is,
        Some('<') => Comparison::Below,
        Some('>') => Comparison::Above,
        _ => {
            return Ok(Term { negated, key: String::new(), comparison: Comparison::Is, value: rest.to_owned() });
        }
    };
    let value: String = after.chars().skip(1).collect();
    if !KEYS.contains(&key.as_str()) {
        return Err(invalid(&format!("Invalid search: this account does not search by '{key}'")));
    }
    Ok(Term { negated, key, comparison, value })
}

fn invalid(description: &str) -> Refusal {
    Refusal::described(StatusCode::UNPROCESSABLE_ENTITY, "invalid", description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_terms_and_words() {
        let query = parse("type:ticket status<solved -tags:vip subject:\"two words\" refund").unwrap();
        let shown: Vec<(bool, &str, Comparison, &str)> = query
            .terms
            .iter()
            .map(|term| (term.negated, term.key.as_str(), term.comparison, term.value.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (false, "type", Comparison::Is, "ticket"),
                (false, "status", Comparison::Below, "solved"),
                (true, "tags", Comparison::Is, "vip"),
                (false, "subject", Comparison::Is, "two words"),
                (false, "", Comparison::Is, "refund"),
            ]
        );
        assert!(parse("colour:red").is_err() && parse("  ").is_err());
    }
}
