//! SOQL in which a value can't become syntax: fields and objects are words of this program or checked names, values are
//! quoted here and nowhere else.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm>

use std::fmt::Write;

use super::names::{FieldName, RecordId};

/// A field in a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a>(&'a str);

impl From<&'static str> for Column<'static> {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

impl<'a> From<&'a FieldName> for Column<'a> {
    fn from(name: &'a FieldName) -> Self {
        Self(name.as_str())
    }
}

/// A query under construction.
#[derive(Debug, Clone)]
pub(super) struct Select {
    fields: String,
    object: &'static str,
    conditions: String,
    tail: String,
}

impl Select {
    /// `SELECT fields FROM object`.
    pub(super) fn from(object: &'static str, fields: &'static str) -> Self {
        Self { fields: fields.to_owned(), object, conditions: String::new(), tail: String::new() }
    }

    /// One more field.
    pub(super) fn also<'a>(mut self, field: impl Into<Column<'a>>) -> Self {
        self.fields.push_str(", ");
        self.fields.push_str(field.into().0);
        self
    }

    /// The field is this text; Salesforce compares without regard to case.
    pub(super) fn equals<'a>(self, field: impl Into<Column<'a>>, text: &str) -> Self {
        self.condition(field, "=", &quoted(text))
    }

    /// The field is this id.
    pub(super) fn names<'a>(self, field: impl Into<Column<'a>>, id: &RecordId) -> Self {
        self.equals(field, id.as_str())
    }

    /// The field is true or false.
    pub(super) fn flag<'a>(self, field: impl Into<Column<'a>>, value: bool) -> Self {
        self.condition(field, "=", if value { "true" } else { "false" })
    }

    /// The field holds something.
    pub(super) fn filled<'a>(self, field: impl Into<Column<'a>>) -> Self {
        self.condition(field, "!=", "null")
    }

    /// The field contains this text.
    pub(super) fn contains<'a>(self, field: impl Into<Column<'a>>, text: &str) -> Self {
        self.condition(field, "LIKE", &format!("'%{}%'", escaped_pattern(text)))
    }

    /// The field ends with this text.
    pub(super) fn ends_with<'a>(self, field: impl Into<Column<'a>>, text: &str) -> Self {
        self.condition(field, "LIKE", &format!("'%{}'", escaped_pattern(text)))
    }

    /// The newest first, by this field; ids settle what is equal.
    pub(super) fn newest_by(mut self, field: &'static str) -> Self {
        // Writing to a String can't fail.
        let _ = write!(self.tail, " ORDER BY {field} DESC, Id DESC");
        self
    }

    /// At most so many rows.
    pub(super) fn limit(mut self, rows: u32) -> Self {
        let _ = write!(self.tail, " LIMIT {rows}");
        self
    }

    /// The query's text.
    pub(super) fn text(&self) -> String {
        format!("SELECT {} FROM {}{}{}", self.fields, self.object, self.conditions, self.tail)
    }

    fn condition<'a>(mut self, field: impl Into<Column<'a>>, operator: &str, value: &str) -> Self {
        let word = if self.conditions.is_empty() { "WHERE" } else { "AND" };
        let _ = write!(self.conditions, " {word} {} {operator} {value}", field.into().0);
        self
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '\\' => escaped.push_str("\\\\"),
            '\'' => escaped.push_str("\\'"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For `LIKE`, in which `%` and `_` stand for others.
fn escaped_pattern(text: &str) -> String {
    escaped(text).replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_put_together() {
        let tier = FieldName::parse("Tier__c").unwrap();
        let query = Select::from("Account", "Id, Name")
            .also(&tier)
            .contains("Website", "a_b%c")
            .flag("IsDeleted", false)
            .newest_by("CreatedDate")
            .limit(5);
        assert_eq!(
            query.text(),
            "SELECT Id, Name, Tier__c FROM Account WHERE Website LIKE '%a\\_b\\%c%' AND IsDeleted = false \
             ORDER BY CreatedDate DESC, Id DESC LIMIT 5"
        );
    }

    #[test]
    fn a_value_can_t_end_its_quotes() {
        for (value, inside) in [
            ("' OR Name != '", "\\' OR Name != \\'"),
            ("\\' OR Name != ''--", "\\\\\\' OR Name != \\'\\'--"),
            ("a\\", "a\\\\"),
            ("\"\n\r\t\u{8}\u{c}", "\\\"\\n\\r\\t\\b\\f"),
            ("Łukasz 東京", "Łukasz 東京"),
        ] {
            let query = Select::from("Contact", "Id").equals("Email", value).text();
            assert_eq!(query, format!("SELECT Id FROM Contact WHERE Email = '{inside}'"));
        }
    }
}
