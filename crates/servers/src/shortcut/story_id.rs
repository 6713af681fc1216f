//! A story's number as people and programs write it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A story's number: `123`, `"123"` or `"sc-123"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryId(pub u64);

/// As people write it.
impl fmt::Display for StoryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sc-{}", self.0)
    }
}

impl StoryId {
    /// A number as people write it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("sc-").or_else(|| text.strip_prefix("SC-")).unwrap_or(text);
        digits.parse().ok().filter(|number| *number > 0).map(Self)
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().filter(|number| *number > 0).map(Self),
            Value::String(text) => Self::parse(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for StoryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::read(&value).ok_or_else(|| D::Error::custom("not a story's number, such as 123 or \"sc-123\""))
    }
}

impl JsonSchema for StoryId {
    fn schema_name() -> Cow<'static, str> {
        "StoryId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A story's number: 123, \"123\" or \"sc-123\".",
            "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^([sS][cC]-)?[0-9]+$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_people_and_programs_write() {
        for good in [json!(123), json!("123"), json!("sc-123"), json!(" SC-123 ")] {
            assert_eq!(serde_json::from_value::<StoryId>(good).unwrap(), StoryId(123));
        }
        for bad in [json!(0), json!(-1), json!(1.5), json!("../members"), json!(""), json!(null)] {
            assert!(serde_json::from_value::<StoryId>(bad).is_err());
        }
    }
}
