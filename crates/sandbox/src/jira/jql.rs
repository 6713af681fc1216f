//! A subset of Jira's query language: clauses joined by AND, and ORDER BY.
//!
//! Clauses: `field = value`, `!=`, `in (...)`, `not in (...)`, `~`, `is empty`, `is not empty`; fields: project, key,
//! issue, labels, status, statusCategory, resolution, issuetype, priority, assignee, summary, description, text. What
//! follows `~` may hold words joined by OR.

use axum::http::StatusCode;

use super::answer::Refusal;
use super::document;
use super::site::{self, Issue, PRIORITIES, STATUSES};
use super::wire;

/// A query that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    clauses: Vec<Clause>,
    /// Field and whether it descends; the first counts most.
    order: Vec<(String, bool)>,
}

#[derive(Debug, PartialEq)]
struct Clause {
    field: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Operator {
    Is,
    IsNot,
    Contains,
    Empty,
    NotEmpty,
}

#[derive(Debug, PartialEq, Clone)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

const FIELDS: [&str; 13] = [
    "project",
    "key",
    "issue",
    "labels",
    "status",
    "statuscategory",
    "resolution",
    "issuetype",
    "priority",
    "assignee",
    "summary",
    "description",
    "text",
];
const ORDERS: [&str; 6] = ["created", "updated", "key", "priority", "status", "resolved"];

/// Reads a query that must restrict what is found, as Cloud demands; refuses what Jira refuses, and says which part of
/// JQL the box lacks.
pub(super) fn parse(text: &str) -> Result<Query, Refusal> {
    let query = parse_unbounded(text)?;
    if query.clauses.is_empty() {
        return Err(refusal(
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
        ));
    }
    Ok(query)
}

/// As [`parse`], also without a restriction, as Data Center allows.
pub(super) fn parse_unbounded(text: &str) -> Result<Query, Refusal> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let mut clauses = Vec::new();
    loop {
        match tokens.peek() {
            None => break,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("order") => break,
            Some(_) => clauses.push(clause(&mut tokens)?),
        }
        match tokens.peek() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => {
                tokens.next();
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("order") => {}
            None => {}
            Some(other) => return Err(unexpected(Some(other))),
        }
    }
    let order = order(&mut tokens)?;
    Ok(Query { clauses, order })
}

impl Query {
    /// Whether the issue answers the query.
    pub(super) fn matches(&self, issue: &Issue) -> bool {
        self.clauses.iter().all(|clause| clause.matches(issue))
    }

    /// Puts found issues in the order that was asked for; the newest first when none was.
    pub(super) fn sort(&self, found: &mut [&Issue]) {
        if self.order.is_empty() {
            found.sort_by_key(|issue| std::cmp::Reverse(issue.id));
        }
        // Stable sorts, the least important field first.
        for (field, descends) in self.order.iter().rev() {
            match field.as_str() {
                "created" | "key" => found.sort_by_key(|issue| issue.id),
                "updated" => found.sort_by_key(|issue| issue.updated),
                "resolved" => found.sort_by_key(|issue| issue.resolved),
                "priority" => found.sort_by_key(|issue| {
                    std::cmp::Reverse(PRIORITIES.iter().position(|p| Some(*p) == issue.draft.priority))
                }),
                _ => found.sort_by_key(|issue| STATUSES.iter().position(|status| status.id == issue.status.id)),
            }
            if *descends {
                found.reverse();
            }
        }
    }
}

impl Clause {
    fn matches(&self, issue: &Issue) -> bool {
        let draft = &issue.draft;
        let has = |candidates: &[&str]| {
            match self.operator {
                Operator::Empty => return candidates.iter().all(|candidate| candidate.is_empty()),
                Operator::NotEmpty => return candidates.iter().any(|candidate| !candidate.is_empty()),
                _ => {}
            }
            let hit = self
                .values
                .iter()
                .any(|wanted| candidates.iter().any(|candidate| candidate.eq_ignore_ascii_case(wanted)));
            hit == (self.operator == Operator::Is)
        };
        let contains = |text: &str| {
            let text = text.to_lowercase();
            let all = |words: &str| {
                words
                    .to_lowercase()
                    .split_whitespace()
                    .all(|word| text.contains(word.trim_matches(['*', '"', '(', ')'])))
            };
            self.values.iter().all(|words| words.split(" OR ").any(all))
        };
        match self.field.as_str() {
            "project" => has(&[draft.project.key, draft.project.name, draft.project.id]),
            "key" | "issue" => has(&[issue.key.as_str(), &issue.id.to_string()]),
            "labels" => {
                let labels: Vec<&str> = draft.labels.iter().map(String::as_str).collect();
                has(&labels)
            }
            "status" => has(&[issue.status.name, issue.status.id]),
            "statuscategory" => {
                let (id, name, _) = wire::category(issue.status);
                has(&[name, issue.status.category, &id.to_string()])
            }
            "resolution" => {
                has(&[issue.resolved.map_or("", |_| "Done")])
                    || issue.resolved.is_none() && has(&["Unresolved"]) && self.operator == Operator::Is
            }
            "issuetype" => has(&[draft.issue_type.1, draft.issue_type.0]),
            "priority" => draft.priority.is_some_and(|(id, name)| has(&[name, id])),
            "assignee" => has(&[draft.assignee.as_deref().unwrap_or_default()]),
            "summary" => contains(&draft.summary),
            "description" => contains(&document::plain_text(&draft.description)),
            _ => contains(&format!("{} {}", draft.summary, document::plain_text(&draft.description))),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let (quoted, after) = quoted(rest, first)?;
            tokens.push(Token::Quoted(quoted));
            rest = after;
        } else if let Some((sign, after)) = sign(rest) {
            tokens.push(Token::Sign(sign));
            rest = after;
        } else {
            let end = |c: char| c.is_whitespace() || "=!~(),\"'<>".contains(c);
            let length = rest.find(end).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            if word.is_empty() {
                return Err(refusal(format!("Error in the JQL Query: '{first}' is not understood here.")));
            }
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn sign(text: &str) -> Option<(&'static str, &str)> {
    ["!=", "=", "~", "(", ")", ","].into_iter().find_map(|sign| Some((sign, text.strip_prefix(sign)?)))
}

fn quoted(text: &str, quote: char) -> Result<(String, &str), Refusal> {
    let mut value = String::new();
    let mut characters = text.chars();
    characters.next();
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.extend(characters.next()),
            _ if character == quote => return Ok((value, characters.as_str())),
            _ => value.push(character),
        }
    }
    Err(refusal("Error in the JQL Query: The quoted string has not been completed."))
}

fn clause(tokens: &mut impl Iterator<Item = Token>) -> Result<Clause, Refusal> {
    let field = match tokens.next() {
        Some(Token::Word(word) | Token::Quoted(word)) => word.to_lowercase(),
        other => return Err(unexpected(other.as_ref())),
    };
    let field = if field == "type" { "issuetype".to_owned() } else { field };
    if !FIELDS.contains(&field.as_str()) {
        return Err(refusal(format!("Field '{field}' does not exist or you do not have permission to view it.")));
    }
    let (operator, many) = operator(tokens)?;
    let values = match operator {
        Operator::Empty | Operator::NotEmpty => Vec::new(),
        _ if many => value_list(tokens)?,
        _ => vec![value(tokens)?],
    };
    if field == "project"
        && let Some(unknown) = values.iter().find(|name| {
            let by_name = site::PROJECTS.iter().any(|project| project.name.eq_ignore_ascii_case(name));
            site::project_named(name).is_none() && !by_name
        })
    {
        return Err(refusal(format!("The value '{unknown}' does not exist for the field 'project'.")));
    }
    Ok(Clause { field, operator, values })
}

/// The operator, and whether a list of values follows.
fn operator(tokens: &mut impl Iterator<Item = Token>) -> Result<(Operator, bool), Refusal> {
    let word = match tokens.next() {
        Some(Token::Sign("=")) => return Ok((Operator::Is, false)),
        Some(Token::Sign("!=")) => return Ok((Operator::IsNot, false)),
        Some(Token::Sign("~")) => return Ok((Operator::Contains, false)),
        Some(Token::Word(word)) => word,
        other => return Err(unexpected(other.as_ref())),
    };
    if word.eq_ignore_ascii_case("in") {
        return Ok((Operator::Is, true));
    }
    if word.eq_ignore_ascii_case("is") {
        return emptiness(tokens);
    }
    match tokens.next() {
        Some(Token::Word(next)) if word.eq_ignore_ascii_case("not") && next.eq_ignore_ascii_case("in") => {
            Ok((Operator::IsNot, true))
        }
        _ => Err(unexpected(Some(&Token::Word(word)))),
    }
}

/// What stands behind `is`: `empty` or `not empty`; `null` says the same.
fn emptiness(tokens: &mut impl Iterator<Item = Token>) -> Result<(Operator, bool), Refusal> {
    let is_empty = |word: &str| word.eq_ignore_ascii_case("empty") || word.eq_ignore_ascii_case("null");
    let mut negated = false;
    loop {
        match tokens.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("not") && !negated => negated = true,
            Some(Token::Word(word)) if is_empty(&word) => {
                return Ok((if negated { Operator::NotEmpty } else { Operator::Empty }, false));
            }
            other => return Err(unexpected(other.as_ref())),
        }
    }
}

fn value(tokens: &mut impl Iterator<Item = Token>) -> Result<String, Refusal> {
    match tokens.next() {
        Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
        other => Err(unexpected(other.as_ref())),
    }
}

fn value_list(tokens: &mut impl Iterator<Item = Token>) -> Result<Vec<String>, Refusal> {
    match tokens.next() {
        Some(Token::Sign("(")) => {}
        other => return Err(unexpected(other.as_ref())),
    }
    let mut values = Vec::new();
    loop {
        values.push(value(tokens)?);
        match tokens.next() {
            Some(Token::Sign(",")) => {}
            Some(Token::Sign(")")) => return Ok(values),
            other => return Err(unexpected(other.as_ref())),
        }
    }
}

fn order(tokens: &mut impl Iterator<Item = Token>) -> Result<Vec<(String, bool)>, Refusal> {
    let mut order: Vec<(String, bool)> = Vec::new();
    if tokens.next().is_none() {
        return Ok(order);
    }
    match tokens.next() {
        Some(Token::Word(by)) if by.eq_ignore_ascii_case("by") => {}
        other => return Err(unexpected(other.as_ref())),
    }
    for token in tokens {
        match (token, order.last_mut()) {
            (Token::Sign(","), Some(_)) => {}
            (Token::Word(word), Some(last)) if word.eq_ignore_ascii_case("desc") => last.1 = true,
            (Token::Word(word), Some(_)) if word.eq_ignore_ascii_case("asc") => {}
            (Token::Word(word), _) if ORDERS.contains(&word.to_lowercase().as_str()) => {
                order.push((word.to_lowercase(), false));
            }
            (other, _) => return Err(unexpected(Some(&other))),
        }
    }
    Ok(order)
}

fn unexpected(token: Option<&Token>) -> Refusal {
    let shown = match token {
        None => "the end of the query",
        Some(Token::Word(text) | Token::Quoted(text)) => text,
        Some(Token::Sign(sign)) => sign,
    };
    refusal(format!(
        "Error in the JQL Query: '{shown}' is not understood here \
         (this site knows =, !=, in, not in, ~, is empty, AND and ORDER BY)."
    ))
}

fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::message(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause_of(field: &str, operator: Operator, values: &[&str]) -> Clause {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Clause { field: field.into(), operator, values }
    }

    #[test]
    fn reads_clauses_and_order() {
        let query =
            parse("project = PAY AND labels in (a, \"b c\") and status not in (Done) ORDER BY created DESC, key");
        assert_eq!(
            query.unwrap(),
            Query {
                clauses: vec![
                    clause_of("project", Operator::Is, &["PAY"]),
                    clause_of("labels", Operator::Is, &["a", "b c"]),
                    clause_of("status", Operator::IsNot, &["Done"]),
                ],
                order: vec![("created".into(), true), ("key".into(), false)],
            }
        );
        assert!(parse("text ~ 'it\\'s down'").is_ok());
    }

    #[test]
    fn refuses_in_jiras_words() {
        let said = |text: &str| format!("{:?}", parse(text).unwrap_err());
        assert!(said("").contains("Unbounded"));
        assert!(said("ORDER BY created").contains("Unbounded"));
        assert!(said("colour = red").contains("Field 'colour' does not exist"));
        assert!(said("project = NOPE").contains("'NOPE' does not exist for the field 'project'"));
        assert!(said("labels = a OR labels = b").contains("'OR' is not understood"));
        assert!(said("labels = \"a").contains("has not been completed"));
        assert!(said("labels in (a").contains("the end of the query"));
    }
}
