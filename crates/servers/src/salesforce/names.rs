//! Names and ids that are safe to stand in a path or a query, because nothing else can be made of them.

use std::fmt;

use serde::Serialize;

use crate::failure::ToolFailure;

/// Characters of a field's API name at most, <https://help.salesforce.com/s/articleView?id=platform.fields_defining_field_names.htm>.
const FIELD_NAME_MAX: usize = 80;

/// A field's API name, such as `Deskbell_Id__c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(String);

impl FieldName {
    /// Letters, digits and underscores, a letter first; anything else is no name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
        let fits = text.len() <= FIELD_NAME_MAX && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
        (starts && fits).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A record's id: 15 or 18 letters and digits, of which the first three tell the object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RecordId(String);

/// The objects whose ids are asked for, by the prefix of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Account,
    Contact,
    Case,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Account => "001",
            Self::Contact => "003",
            Self::Case => "500",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Account => "an account",
            Self::Contact => "a contact",
            Self::Case => "a case",
        }
    }
}

impl RecordId {
    /// Any record's id.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = matches!(text.len(), 15 | 18) && text.chars().all(|one| one.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// An id of this object.
    pub(super) fn of(kind: Kind, text: &str) -> Option<Self> {
        Self::parse(text).filter(|id| id.0.starts_with(kind.prefix()))
    }

    /// As [`Self::of`], for an argument.
    ///
    /// # Errors
    /// A permanent failure that names the field.
    pub(super) fn argument(kind: Kind, field: &str, text: &str) -> Result<Self, ToolFailure> {
        Self::of(kind, text).ok_or_else(|| {
            ToolFailure::permanent(format!(
                "{field} is not the id of {}; give the 15 or 18 characters that begin with {}",
                kind.word(),
                kind.prefix()
            ))
        })
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How a case is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CaseRef {
    Id(RecordId),
    /// As people write it, `00001026`.
    Number(String),
    /// What the external id field holds.
    ExternalId(String),
}

impl CaseRef {
    /// Ids begin with 500, numbers are digits; everything else is an external id.
    ///
    /// # Errors
    /// A permanent failure for an empty name.
    pub(super) fn parse(text: &str) -> Result<Self, ToolFailure> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ToolFailure::permanent("case_id is empty; give a case's id, its number or its external id"));
        }
        if let Some(id) = RecordId::of(Kind::Case, text) {
            return Ok(Self::Id(id));
        }
        let is_number = text.chars().all(|one| one.is_ascii_digit());
        Ok(if is_number { Self::Number(text.to_owned()) } else { Self::ExternalId(text.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names_and_only_ids_are_ids() {
        for good in ["Deskbell_Id__c", "Tier__c", " Rating "] {
            assert_eq!(FieldName::parse(good).unwrap().as_str(), good.trim());
        }
        for bad in ["", "1st", "Owner.Name", "Id FROM User", "Tier__c'", &"a".repeat(81)] {
            assert_eq!(FieldName::parse(bad), None, "{bad}");
        }
        assert!(RecordId::of(Kind::Account, "0015g00000A1b2C").is_some());
        for bad in ["0015g00000A1b2", "0035g00000A1b2C", "0015g00000A1b2C/..", "001' OR Id!='x"] {
            assert_eq!(RecordId::of(Kind::Account, bad), None, "{bad}");
        }
    }

    #[test]
    fn a_case_goes_by_id_number_or_external_id() {
        let id = "5005g00000A1b2CAAR";
        assert_eq!(CaseRef::parse(id).unwrap(), CaseRef::Id(RecordId(id.into())));
        assert_eq!(CaseRef::parse(" 00001026 ").unwrap(), CaseRef::Number("00001026".into()));
        assert_eq!(CaseRef::parse("DB-42").unwrap(), CaseRef::ExternalId("DB-42".into()));
        assert!(CaseRef::parse("  ").is_err());
    }
}
