//! In which form a server gives its results.

use std::borrow::Cow;

use serde_json::Value;

use super::place::{Answer, Place};
use crate::mcp_host::outcome::CallOutput;

/// `result_from`: what the places of `result` and `errors` are looked up in.
#[derive(Debug, Clone, Default)]
pub(in crate::mcp_host) enum Reading {
    /// The structured result; where there is none, the text, if it is JSON.
    #[default]
    Structured,
    /// `"json_text"`: the text, which is JSON, whatever the structured result is.
    JsonText,
    /// A place in the structured result, such as `"/result"`: a text stands there that is JSON itself.
    Inside(Place),
}

impl Reading {
    /// # Errors
    /// What is wrong, and the mend.
    pub fn parse(written: &str) -> Result<Self, String> {
        match written {
            "structured" => Ok(Self::Structured),
            "json_text" => Ok(Self::JsonText),
            place if place.starts_with(['/', '$']) => Place::parse(place).map(Self::Inside),
            other => Err(format!(
                "{other:?}: write \"structured\", \"json_text\", or the place of a text that is JSON, such as \"/result\""
            )),
        }
    }

    /// The answer's JSON; `Null` when it has none.
    pub fn json<'a>(&self, output: &'a CallOutput) -> Cow<'a, Value> {
        let parsed = |text: &str| Cow::Owned(serde_json::from_str(text.trim()).unwrap_or(Value::Null));
        match self {
            Self::Structured if output.structured.is_null() => parsed(&output.text),
            Self::Structured => Cow::Borrowed(&output.structured),
            Self::JsonText => parsed(&output.text),
            Self::Inside(place) => {
                let answer = Answer { json: &output.structured, text: &output.text };
                place.name(answer).map_or(Cow::Owned(Value::Null), |text| parsed(&text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(written: &str, structured: Value, text: &str) -> Value {
        let output = CallOutput { structured, text: text.to_owned() };
        Reading::parse(written).unwrap().json(&output).into_owned()
    }

    #[test]
    fn json_inside_a_text_is_read() {
        let twice = json!({ "result": "{\"issue\": {\"key\": \"PAY-7\"}}" });
        let once = json!({ "issue": { "key": "PAY-7" } });
        let text = once.to_string();
        assert_eq!(read("/result", twice.clone(), ""), once);
        assert_eq!(read("$.result", twice.clone(), ""), once);
        assert_eq!(read("json_text", twice.clone(), &text), once);
        assert_eq!(read("structured", Value::Null, &format!("{text}\n")), once);
        assert_eq!(read("structured", once.clone(), "PAY-7 was created"), once);
        for (written, structured, text) in
            [("structured", Value::Null, "PAY-7 was created"), ("json_text", once, "no"), ("/other", twice, "{}")]
        {
            assert_eq!(read(written, structured, text), Value::Null);
        }
        assert!(Reading::parse("text").unwrap_err().contains("json_text"));
    }
}
