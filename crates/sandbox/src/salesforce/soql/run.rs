//! Running a query over the records.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::Rows;
use super::lexer::Quoted;
use super::parse::{Condition, Literal, Operator, Path, Query};
use crate::salesforce::answer::Refusal;
use crate::salesforce::org::{Org, Record};
use crate::salesforce::schema::{self, Field, Kind, Object};
use crate::salesforce::wire;

pub(super) fn run(version: &str, org: &Org, text: &str, query: &Query) -> Result<Rows, Refusal> {
    let object = schema::object(&query.object).filter(|object| org.has(object)).ok_or_else(|| {
        let message = format!("\n{text}\nsObject type '{}' is not supported.", query.object);
        Refusal::bad("INVALID_TYPE", message)
    })?;
    let checker = Checker { text };
    for path in &query.fields {
        checker.field(object, path)?;
    }
    if let Some(filter) = &query.filter {
        checker.condition(object, filter)?;
    }
    for (path, _) in &query.order {
        checker.short(object, path, "sorted")?;
    }
    let holds = |record: &&Record| query.filter.as_ref().is_none_or(|filter| holds(org, record, filter));
    let mut found: Vec<&Record> = org.of(object.name).filter(holds).collect();
    found.sort_by(|one, other| ordered(org, query, one, other));
    let found = found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
    if query.fields.is_empty() {
        return Ok(Rows::Count(found.count()));
    }
    Ok(Rows::Records(found.map(|record| row(version, org, record, &query.fields)).collect()))
}

/// Whether every name in the query is one.
struct Checker<'a> {
    text: &'a str,
}

impl Checker<'_> {
    fn field(&self, object: &'static Object, path: &[String]) -> Result<&'static Field, Refusal> {
        let missing = |name: &str, object: &Object| {
            let message = format!(
                "\n{}\n ^\nERROR at Row:1:Column:1\nNo such column '{name}' on entity '{}'. If you are attempting to use a \
                 custom field, be sure to append the '__c' after the custom field name.",
                self.text, object.name
            );
            Refusal::bad("INVALID_FIELD", message)
        };
        match path {
            [] => Err(missing("", object)),
            [name] => object.field(name).ok_or_else(|| missing(name, object)),
            [relation, rest @ ..] => {
                let field = object.relation(relation);
                let parent = field.and_then(|field| match field.kind {
                    Kind::Reference(_, [only]) => schema::object(only),
                    _ => None,
                });
                let parent = parent.ok_or_else(|| {
                    let message = format!(
                        "\n{}\n ^\nERROR at Row:1:Column:1\nDidn't understand relationship '{relation}' in field path.",
                        self.text
                    );
                    Refusal::bad("INVALID_FIELD", message)
                })?;
                self.field(parent, rest)
            }
        }
    }

    /// A field that can be filtered or sorted by.
    fn short(&self, object: &'static Object, path: &[String], how: &str) -> Result<&'static Field, Refusal> {
        let field = self.field(object, path)?;
        if matches!(field.kind, Kind::LongText(_) | Kind::LongBytes(_)) {
            let message = format!("\n{}\nfield '{}' can not be {how} in a query call", self.text, field.name);
            return Err(Refusal::bad("INVALID_FIELD", message));
        }
        Ok(field)
    }

    fn condition(&self, object: &'static Object, condition: &Condition) -> Result<(), Refusal> {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().try_for_each(|part| self.condition(object, part))
            }
            Condition::Not(inner) => self.condition(object, inner),
            Condition::Compare(path, operator, literal) => {
                let field = self.short(object, path, "filtered")?;
                if *operator == Operator::Like && !matches!(literal, Literal::Text(_)) {
                    return Err(Refusal::bad("INVALID_QUERY_FILTER_OPERATOR", "invalid operator"));
                }
                self.literal(field, literal)
            }
            Condition::Among(path, _, literals) => {
                let field = self.short(object, path, "filtered")?;
                literals.iter().try_for_each(|literal| self.literal(field, literal))
            }
        }
    }

    fn literal(&self, field: &Field, literal: &Literal) -> Result<(), Refusal> {
        let fits = matches!(
            (field.kind, literal),
            (_, Literal::Null)
                | (Kind::Flag, Literal::Flag(_))
                | (Kind::Number, Literal::Number(_))
                | (Kind::Date | Kind::Moment, Literal::Date(_))
                | (Kind::Text(_) | Kind::Choice(_) | Kind::Reference(..), Literal::Text(_))
        );
        if fits {
            return Ok(());
        }
        let message = format!(
            "\n{}\nvalue of filter criterion for field '{}' must be of another type and should not be enclosed in quotes",
            self.text, field.name
        );
        Err(Refusal::bad("INVALID_FIELD", message))
    }
}

fn holds(org: &Org, record: &Record, condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(org, record, part)),
        Condition::Any(parts) => parts.iter().any(|part| holds(org, record, part)),
        Condition::Not(inner) => !holds(org, record, inner),
        Condition::Compare(path, operator, literal) => compares(&value(org, record, path), *operator, literal),
        Condition::Among(path, negated, literals) => {
            let held = value(org, record, path);
            literals.iter().any(|literal| compares(&held, Operator::Is, literal)) != *negated
        }
    }
}

fn compares(held: &Value, operator: Operator, literal: &Literal) -> bool {
    if operator == Operator::Like {
        let Literal::Text(pattern) = literal else { return false };
        let text: Vec<char> = held.as_str().unwrap_or_default().to_lowercase().chars().collect();
        return !held.is_null() && is_like(&text, pattern);
    }
    let ordering = match literal {
        Literal::Null => held.is_null().then_some(Ordering::Equal),
        Literal::Flag(flag) => (held.as_bool() == Some(*flag)).then_some(Ordering::Equal),
        Literal::Number(number) => held.as_f64().and_then(|held| held.partial_cmp(number)),
        Literal::Date(date) => held.as_str().map(|held| held.cmp(date.as_str())),
        Literal::Text(text) => held.as_str().map(|held| held.to_lowercase().cmp(&plain(text).to_lowercase())),
    };
    match operator {
        Operator::Is => ordering == Some(Ordering::Equal),
        Operator::IsNot => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Operator::More => ordering == Some(Ordering::Greater),
        Operator::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Like => false,
    }
}

fn plain(text: &Quoted) -> String {
    text.iter().map(|(one, _)| *one).collect()
}

/// `%` stands for any run of characters, `_` for one, unless they are escaped. The text is in lower case.
fn is_like(text: &[char], pattern: &[(char, bool)]) -> bool {
    // How much of the pattern may be used up after the characters so far.
    let mut reached = vec![false; pattern.len() + 1];
    let open = |reached: &mut Vec<bool>| {
        for (at, one) in pattern.iter().enumerate() {
            if *one == ('%', false)
                && reached.get(at) == Some(&true)
                && let Some(next) = reached.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    open(&mut reached);
    for character in text {
        let mut next = vec![false; pattern.len() + 1];
        for (at, (one, escaped)) in pattern.iter().enumerate().filter(|(at, _)| reached.get(*at) == Some(&true)) {
            let to = match (one, escaped) {
                ('%', false) => Some(at),
                ('_', false) => Some(at + 1),
                _ => one.to_lowercase().eq(std::iter::once(*character)).then_some(at + 1),
            };
            if let Some(place) = to.and_then(|to| next.get_mut(to)) {
                *place = true;
            }
        }
        open(&mut next);
        reached = next;
    }
    reached.last() == Some(&true)
}

/// What stands at the path; null where a parent is missing.
fn value(org: &Org, record: &Record, path: &[String]) -> Value {
    match path {
        [] => Value::Null,
        [name] => {
            let field = record.object.field(name);
            field.and_then(|field| record.fields.get(field.name)).cloned().unwrap_or_default()
        }
        [relation, rest @ ..] => {
            let field = record.object.relation(relation);
            let parent = field.and_then(|field| org.record(record.text(field.name)));
            parent.map(|parent| value(org, parent, rest)).unwrap_or_default()
        }
    }
}

fn ordered(org: &Org, query: &Query, one: &Record, other: &Record) -> Ordering {
    for (path, descending) in &query.order {
        let (left, right) = (value(org, one, path), value(org, other, path));
        let ordering = match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            // Nothing comes first.
            _ => left.as_str().unwrap_or_default().cmp(right.as_str().unwrap_or_default()),
        };
        let ordering = if *descending { ordering.reverse() } else { ordering };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// One row: what was asked for, parents within their own objects.
fn row(version: &str, org: &Org, record: &Record, fields: &[Path]) -> Value {
    let mut row = Map::from_iter([("attributes".to_owned(), wire::attributes(version, record))]);
    for path in fields {
        match path.as_slice() {
            [name] => {
                let name = record.object.field(name).map_or(name.as_str(), |field| field.name);
                row.insert(name.to_owned(), record.fields.get(name).cloned().unwrap_or_default());
            }
            [relation, _, ..] => {
                let Some(field) = record.object.relation(relation) else { continue };
                let Kind::Reference(name, _) = field.kind else { continue };
                if row.contains_key(name) {
                    continue;
                }
                let rests: Vec<Path> = fields
                    .iter()
                    .filter(|other| other.len() > 1)
                    .filter_map(|other| other.split_first())
                    .filter(|(first, _)| first.eq_ignore_ascii_case(relation))
                    .map(|(_, rest)| rest.to_vec())
                    .collect();
                let parent = org.record(record.text(field.name));
                let inner = parent.map(|parent| self::row(version, org, parent, &rests));
                row.insert(name.to_owned(), inner.unwrap_or_default());
            }
            [] => {}
        }
    }
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str, escaped: &[usize]) -> bool {
        let text: Vec<char> = text.chars().collect();
        let pattern: Quoted = pattern.chars().enumerate().map(|(at, one)| (one, escaped.contains(&at))).collect();
        is_like(&text, &pattern)
    }

    #[test]
    fn a_pattern_stands_for_others_unless_it_is_escaped() {
        assert!(like("www.acme.example", "%acme.example", &[]));
        assert!(like("abc", "A_C", &[]) && !like("abbc", "a_c", &[]));
        assert!(like("abc", "%", &[]) && like("", "%", &[]) && !like("", "_", &[]));
        assert!(like("aXbXc", "a%b%c", &[]) && !like("aXbX", "a%b%c", &[]));
        assert!(!like("abc", "a_c", &[1]) && like("a_c", "a_c", &[1]) && !like("abc", "%", &[0]));
    }
}
