//! The organisation's state: records, tokens, open cursors. No HTTP.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::schema::{self, Object};
use super::{SalesforceConfig, SalesforceCounts, seed};

/// Query cursors that stay open, as in Salesforce.
const CURSORS_KEPT: usize = 10;

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) object: &'static Object,
    /// 18 characters.
    pub(super) id: String,
    /// By name; absent fields are empty.
    pub(super) fields: Map<String, Value>,
}

impl Record {
    /// The text in a field.
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The rows that a query has left.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) locator: String,
    pub(super) rows: Vec<Value>,
}

/// The whole organisation.
#[derive(Debug)]
pub(super) struct Org {
    /// In the order of creation.
    pub(super) records: Vec<Record>,
    /// Tokens and when they end.
    pub(super) tokens: BTreeMap<String, Option<Instant>>,
    pub(super) cursors: VecDeque<Cursor>,
    pub(super) requests: u64,
    pub(super) tokens_granted: u64,
    updates: u64,
    entitlements: bool,
    next: u64,
    next_case: u64,
}

impl Org {
    pub(super) fn new(config: &SalesforceConfig) -> Self {
        let mut org = Self {
            records: Vec::new(),
            tokens: BTreeMap::new(),
            cursors: VecDeque::new(),
            requests: 0,
            tokens_granted: 0,
            updates: 0,
            entitlements: config.entitlements,
            next: 0,
            next_case: 1_000,
        };
        seed::plant(&mut org, config.entitlements);
        org
    }

    pub(super) fn counts(&self) -> SalesforceCounts {
        let of = |object: &'static str| self.of(object).count() as u64;
        SalesforceCounts {
            cases: of("Case"),
            comments: of("CaseComment"),
            tasks: of("Task"),
            updates: self.updates,
            tokens: self.tokens_granted,
            requests: self.requests,
        }
    }

    /// Whether the organisation has the object.
    pub(super) fn has(&self, object: &Object) -> bool {
        self.entitlements || object.name != "Entitlement"
    }

    /// The records of an object, the oldest first.
    pub(super) fn of(&self, object: &'static str) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.object.name == object)
    }

    /// The record with this id, of 15 or 18 characters.
    pub(super) fn record(&self, id: &str) -> Option<&Record> {
        let short = id.get(..15)?;
        let fits = id.len() == 15 || id.len() == 18;
        self.records.iter().find(|record| fits && record.id.starts_with(short))
    }

    /// The records that hold this external id.
    pub(super) fn with_external_id(&self, object: &Object, field: &str, value: &str) -> Vec<&Record> {
        let held =
            |record: &&Record| record.object.name == object.name && record.text(field).eq_ignore_ascii_case(value);
        self.records.iter().filter(held).collect()
    }

    /// Adds a record with its derived fields; the fields were checked before. Gives its id.
    pub(super) fn create(&mut self, object: &'static Object, fields: Map<String, Value>, by: &str) -> String {
        self.next += 1;
        let id = with_checksum(&format!("{}Bx00{:08}", object.prefix, self.next));
        let mut fields = fields;
        if object.name == "Case" {
            self.next_case += 1;
            fields.insert("CaseNumber".to_owned(), json!(format!("{:08}", self.next_case)));
        }
        let now = moment(Timestamp::now());
        fields.insert("Id".to_owned(), json!(id));
        fields.entry("CreatedDate").or_insert_with(|| json!(now));
        fields.entry("LastModifiedDate").or_insert_with(|| json!(now));
        fields.entry("CreatedById").or_insert_with(|| json!(by));
        for (name, value) in defaults(object.name, by) {
            fields.entry(name).or_insert(value);
        }
        let mut record = Record { object, id: id.clone(), fields };
        self.derive(&mut record);
        self.records.push(record);
        id
    }

    /// Sets fields, which were checked before. False when there is no such record.
    pub(super) fn update(&mut self, id: &str, fields: Map<String, Value>) -> bool {
        let Some(mut record) = self.record(id).cloned() else { return false };
        record.fields.extend(fields);
        record.fields.insert("LastModifiedDate".to_owned(), json!(moment(Timestamp::now())));
        self.derive(&mut record);
        self.updates += 1;
        if let Some(place) = self.records.iter_mut().find(|known| known.id == record.id) {
            *place = record;
        }
        true
    }

    /// Keeps the rows that a query has left; gives where they are asked for.
    pub(super) fn keep(&mut self, rows: Vec<Value>, offset: usize) -> String {
        self.next += 1;
        let locator = format!("01gBx{:010}-{offset}", self.next);
        if self.cursors.len() >= CURSORS_KEPT {
            self.cursors.pop_front();
        }
        self.cursors.push_back(Cursor { locator: locator.clone(), rows });
        locator
    }

    /// What follows from other fields.
    fn derive(&self, record: &mut Record) {
        let closed = match record.object.name {
            "Case" => Some(record.text("Status") == "Closed"),
            "Task" => Some(record.text("Status") == "Completed"),
            "Opportunity" => Some(record.text("StageName").starts_with("Closed")),
            _ => None,
        };
        record.fields.extend(closed.map(|closed| ("IsClosed".to_owned(), json!(closed))));
        if record.object.name == "Contact" {
            let name = format!("{} {}", record.text("FirstName"), record.text("LastName"));
            record.fields.insert("Name".to_owned(), json!(name.trim()));
        }
        if record.object.name == "Case" && record.text("AccountId").is_empty() {
            let account = self.record(record.text("ContactId")).map(|contact| contact.text("AccountId").to_owned());
            let account = account.filter(|account| !account.is_empty());
            record.fields.extend(account.map(|account| ("AccountId".to_owned(), json!(account))));
        }
    }
}

fn defaults(object: &str, by: &str) -> Vec<(&'static str, Value)> {
    let owned = ("OwnerId", json!(by));
    match object {
        "Case" => vec![owned, ("Status", json!("New")), ("Priority", json!("Medium"))],
        "Task" => vec![owned, ("Status", json!("Not Started")), ("Priority", json!("Normal"))],
        "CaseComment" => vec![("IsPublished", json!(false))],
        "Account" | "Contact" | "Opportunity" => vec![owned],
        _ => Vec::new(),
    }
}

/// Salesforce's times: milliseconds, UTC, and an offset without a colon.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// The id of 18 characters: three more tell which of the 15 are upper case.
fn with_checksum(short: &str) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('0'..='5').collect();
    let characters: Vec<char> = short.chars().collect();
    let suffix = characters.chunks(5).map(|part| {
        let bits =
            part.iter().enumerate().filter(|(_, one)| one.is_ascii_uppercase()).map(|(place, _)| 1_usize << place);
        letters.get(bits.sum::<usize>()).copied().unwrap_or('A')
    });
    let suffix: String = suffix.collect();
    format!("{short}{suffix}")
}

/// Whether it has an id's form.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18)
        && text.chars().all(|one| one.is_ascii_alphanumeric())
        && schema::object_of(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_salesforces() {
        assert_eq!(with_checksum("001D000000ISj4G"), "001D000000ISj4GIAT");
        assert!(is_id("001D000000ISj4GIAT") && !is_id("001D000000ISj4") && !is_id("zzzD000000ISj4G"));
    }
}
