//! The closed shape of an answer: what a model is asked for, and the only thing that is taken from it.
//!
//! A [`Shape`] can't say "anything else": objects hold exactly the named fields, labels come from a list, texts, lists and
//! numbers have limits. So whatever a text persuades a model of, its answer is one of the values foreseen here.

use serde_json::{Map, Value, json};

/// What an answer must look like.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A text of at most so many characters.
    Text {
        /// Its limit in characters.
        max_chars: usize,
    },
    /// One of these words.
    OneOf(Vec<String>),
    /// A number within these bounds, both included.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// A whole number within these bounds, both included.
    Whole {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Yes or no.
    Flag,
    /// At most so many of a kind.
    List {
        /// Of what.
        of: Box<Shape>,
        /// How many at most.
        max: usize,
    },
    /// Exactly these fields, all of them.
    Object(Vec<(&'static str, Shape)>),
}

impl Shape {
    /// A text of at most so many characters.
    pub const fn text(max_chars: usize) -> Self {
        Self::Text { max_chars }
    }

    /// One of these words.
    pub fn one_of<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Self {
        Self::OneOf(words.into_iter().map(Into::into).collect())
    }

    /// A probability, `0.0..=1.0`.
    pub const fn probability() -> Self {
        Self::Number { min: 0.0, max: 1.0 }
    }

    /// At most `max` of a kind.
    pub fn list(of: Self, max: usize) -> Self {
        Self::List { of: Box::new(of), max }
    }

    /// Exactly these fields.
    pub fn object(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(fields.into_iter().collect())
    }

    /// As JSON Schema, of the part that every vendor's strict mode takes: limits of length and number are not in it and are
    /// checked here all the same.
    pub fn schema(&self) -> Value {
        match self {
            Self::Text { .. } => json!({ "type": "string" }),
            Self::OneOf(words) => json!({ "type": "string", "enum": words }),
            Self::Number { .. } => json!({ "type": "number" }),
            Self::Whole { .. } => json!({ "type": "integer" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::List { of, .. } => json!({ "type": "array", "items": of.schema() }),
            Self::Object(fields) => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                let properties: Map<String, Value> =
                    fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
                json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
            }
        }
    }

    /// Whether an answer has this shape.
    ///
    /// # Errors
    /// Which field hasn't, by its path, without quoting the answer.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        self.check_at(answer, "")
    }

    fn check_at(&self, answer: &Value, path: &str) -> Result<(), String> {
        let wrong = |what: String| Err(format!("{} {what}", shown(path)));
        match (self, answer) {
            (Self::Text { max_chars }, Value::String(text)) => {
                if text.chars().count() > *max_chars {
                    return wrong(format!("is longer than {max_chars} characters"));
                }
                Ok(())
            }
            (Self::OneOf(words), Value::String(word)) => {
                if words.contains(word) {
                    Ok(())
                } else {
                    wrong("is none of the values asked for".to_owned())
                }
            }
            (Self::Number { min, max }, Value::Number(number)) => {
                let within = number.as_f64().is_some_and(|number| (*min..=*max).contains(&number));
                if within { Ok(()) } else { wrong(format!("is not from {min} to {max}")) }
            }
            (Self::Whole { min, max }, Value::Number(number)) => {
                let within = number.as_i64().is_some_and(|number| (*min..=*max).contains(&number));
                if within { Ok(()) } else { wrong(format!("is no whole number from {min} to {max}")) }
            }
            (Self::Flag, Value::Bool(_)) => Ok(()),
            (Self::List { of, max }, Value::Array(items)) => {
                if items.len() > *max {
                    return wrong(format!("has more than {max} entries"));
                }
                items.iter().enumerate().try_for_each(|(at, item)| of.check_at(item, &format!("{path}/{at}")))
            }
            (Self::Object(fields), Value::Object(object)) => check_fields(fields, object, path),
            _ => wrong(format!("is no {}", self.noun())),
        }
    }

    const fn noun(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::OneOf(_) => "text",
            Self::Number { .. } | Self::Whole { .. } => "number",
            Self::Flag => "true or false",
            Self::List { .. } => "list",
            Self::Object(_) => "object",
        }
    }
}

fn check_fields(fields: &[(&'static str, Shape)], object: &Map<String, Value>, path: &str) -> Result<(), String> {
    if object.keys().any(|key| fields.iter().all(|(name, _)| name != key)) {
        return Err(format!("{} has a field that was not asked for", shown(path)));
    }
    for (name, shape) in fields {
        let Some(value) = object.get(*name) else {
            return Err(format!("{} lacks the field {name}", shown(path)));
        };
        shape.check_at(value, &format!("{path}/{name}"))?;
    }
    Ok(())
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the answer" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape::object([
            ("label", Shape::one_of(["a", "b"])),
            ("sure", Shape::probability()),
            ("texts", Shape::list(Shape::text(5), 2)),
            ("page", Shape::Whole { min: 1, max: 9 }),
            ("ok", Shape::Flag),
        ])
    }

    fn good() -> Value {
        json!({ "label": "a", "sure": 0.5, "texts": ["x"], "page": 3, "ok": true })
    }

    #[test]
    fn takes_what_was_asked_for() {
        assert_eq!(shape().check(&good()), Ok(()));
        assert_eq!(shape().check(&json!({ "label": "b", "sure": 1, "texts": [], "page": 9, "ok": false })), Ok(()));
    }

    #[test]
    fn refuses_everything_else_and_names_the_field_alone() {
        let with = |field: &str, value: Value| {
            let mut answer = good();
            answer[field] = value;
            shape().check(&answer).unwrap_err()
        };
        assert_eq!(with("label", json!("secret words")), "/label is none of the values asked for");
        assert_eq!(with("label", json!(1)), "/label is no text");
        assert_eq!(with("sure", json!(1.01)), "/sure is not from 0 to 1");
        assert_eq!(with("sure", json!("0.5")), "/sure is no number");
        assert_eq!(with("texts", json!(["x", "y", "z"])), "/texts has more than 2 entries");
        assert_eq!(with("texts", json!(["x", "longer"])), "/texts/1 is longer than 5 characters");
        assert_eq!(with("page", json!(2.5)), "/page is no whole number from 1 to 9");
        assert_eq!(with("ok", json!(null)), "/ok is no true or false");
        assert_eq!(with("more", json!(1)), "the answer has a field that was not asked for");
        assert_eq!(shape().check(&json!({})).unwrap_err(), "the answer lacks the field label");
        assert_eq!(shape().check(&json!([])).unwrap_err(), "the answer is no object");
    }

    #[test]
    fn its_schema_is_closed_at_every_depth() {
        fn closed(schema: &Value) -> bool {
            let here = schema["type"] != "object" || schema["additionalProperties"] == json!(false);
            let inner = schema["properties"].as_object().into_iter().flat_map(Map::values);
            here && inner.chain(schema.get("items")).all(closed)
        }
        let nested = Shape::object([("list", Shape::list(shape(), 3))]);
        assert!(closed(&nested.schema()));
        assert_eq!(nested.schema()["properties"]["list"]["items"]["properties"]["label"]["enum"], json!(["a", "b"]));
    }
}
