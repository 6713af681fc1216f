//! Where something stands in an answer: a JSON pointer, a `JSONPath`, or words.

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

/// A place in an answer, told apart by how it begins.
#[derive(Debug, Clone)]
pub(in crate::mcp_host) enum Place {
    /// `/issue/key`: RFC 6901.
    Pointer(String),
    /// `$.issues[0].key`: RFC 9535. Of what it selects, the first that there is counts.
    Path(JsonPath),
    /// `text:sc-(\d+)`: a regular expression over the answer's text; its first group, or all of it.
    Words(Regex),
}

/// An answer to look into.
#[derive(Debug, Clone, Copy)]
pub(in crate::mcp_host) struct Answer<'a> {
    pub json: &'a Value,
    pub text: &'a str,
}

impl Place {
    /// # Errors
    /// What is wrong, and how places are written.
    pub fn parse(written: &str) -> Result<Self, String> {
        if let Some(pattern) = written.strip_prefix("text:") {
            return Regex::new(pattern).map(Self::Words).map_err(|error| format!("{written:?}: {error}"));
        }
        match written.chars().next() {
            None | Some('/') => Ok(Self::Pointer(written.to_owned())),
            Some('$') => JsonPath::parse(written).map(Self::Path).map_err(|error| format!("{written:?}: {error}")),
            Some(_) => Err(format!(
                "{written:?} is no place in an answer: write a JSON pointer (\"/key\"), a JSONPath (\"$.issue.key\") or a regular \
                 expression over the text (\"text:Created (\\\\S+)\")"
            )),
        }
    }

    /// What stands there as text: something that names a thing, so neither empty nor true or false.
    pub fn name(&self, answer: Answer<'_>) -> Option<String> {
        self.first(answer, |value| match value {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// What stands there as text, provided that it is something: not null, not empty.
    pub fn something(&self, answer: Answer<'_>) -> Option<String> {
        self.first(answer, |value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Array(items) if items.is_empty() => None,
            Value::Object(fields) if fields.is_empty() => None,
            other => Some(other.to_string()),
        })
    }

    /// What stands there as text, a list's texts a line each; empty where null does: the answer says that there is nothing. `None`
    /// where it says nothing.
    pub fn former(&self, answer: Answer<'_>) -> Option<String> {
        self.first(answer, |value| match value {
            Value::Null => Some(String::new()),
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(items) => {
                items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|lines| lines.join("\n"))
            }
            _ => None,
        })
    }

    fn first(&self, answer: Answer<'_>, taken: impl Fn(&Value) -> Option<String>) -> Option<String> {
        match self {
            Self::Pointer(pointer) => answer.json.pointer(pointer).and_then(taken),
            Self::Path(path) => path.query(answer.json).all().into_iter().find_map(taken),
            Self::Words(pattern) => {
                let found = pattern.captures(answer.text)?;
                let words = found.get(1).or_else(|| found.get(0))?.as_str();
                Some(words.to_owned()).filter(|words| !words.is_empty())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(place: &str, json: &Value) -> Option<String> {
        Place::parse(place).unwrap().name(Answer { json, text: "Created story sc-104: Refund fails" })
    }

    #[test]
    fn is_written_in_three_ways() {
        let json = json!({ "issues": [{ "key": "" }, { "key": "PAY-7", "id": 7, "kind": "Bug" }], "a/b": true, "former": null });
        for (place, found) in [
            ("/issues/1/key", Some("PAY-7")),
            ("$.issues[0].key", None),
            ("$.issues[*].key", Some("PAY-7")),
            ("$.issues[?@.kind == 'Bug'].id", Some("7")),
            ("$..key", Some("PAY-7")),
            ("text:sc-\\d+", Some("sc-104")),
            ("text:sc-(\\d+)", Some("104")),
            ("text:epic", None),
            ("/a~1b", None),
            ("/nothing", None),
        ] {
            assert_eq!(name(place, &json).as_deref(), found, "{place}");
        }
        let former = |place: &str| Place::parse(place).unwrap().former(Answer { json: &json, text: "" });
        assert_eq!(former("/issues/1/id").as_deref(), Some("7"));
        assert_eq!(
            (former("/former"), former("/nothing")),
            (Some(String::new()), None),
            "nothing was there, and nothing is said"
        );
        let there = |place: &str| Place::parse(place).unwrap().something(Answer { json: &json, text: "" });
        assert_eq!(there("/a~1b").as_deref(), Some("true"));
        assert_eq!(there("$.issues[5]"), None);
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_mend() {
        for (place, words) in [("key", "JSON pointer"), ("$.issues[", "$.issues["), ("text:(", "text:(")] {
            let refused = Place::parse(place).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
