//! What can be wrong with a condition, its inputs and its evaluation.

use serde_json::Value as Json;
use std::fmt;

/// One fault of a condition's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConditionError {
    /// The line, from 1, counted from the condition's own start.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(out, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Why a checked condition has no answer for some inputs. The messages hold no input values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A whole number was divided by zero.
    #[error("divides a whole number by zero; guard it, such as `n != 0 && total / n > 2`")]
    DivisionByZero,
    /// A number, instant or length of time left its range.
    #[error("a number, timestamp or duration is out of range; compare before computing")]
    Overflow,
    /// A list has no element at this index.
    #[error("a list is too short for its index; guard it with size(...)")]
    IndexOutOfRange,
    /// A map has no such key.
    #[error("a map has no such key; guard it with `\"key\" in map`")]
    MissingKey,
    /// The condition did more work than one evaluation may.
    #[error("the condition does too much work for these inputs; make its lists or macros smaller")]
    TooMuchWork,
    /// The inputs were made with another schema than the condition.
    #[error("the inputs belong to another schema; build both from the same one")]
    OtherSchema,
    /// The checker accepted what the evaluator cannot compute: a defect of Deskbell.
    #[error("the condition met a value of an unexpected type; please report this as a defect")]
    TypeMismatch,
}

/// Inputs that do not fit their schema. The message names the field and the kinds, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The inputs cannot be written as JSON.
    #[error("the inputs of a decision cannot be serialised; make every map key a string")]
    Unserialisable,
    /// A value has another type than its field.
    #[error("the input `{path}` must be {expected}, not {got}; correct where it is filled in")]
    WrongType {
        /// Where, as written in a condition.
        path: String,
        /// The type that the schema declares.
        expected: String,
        /// The kind of JSON value that was found.
        got: &'static str,
    },
}

impl InputError {
    pub(super) fn wrong_type(expected: &str, got: &Json) -> Self {
        let got = match got {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "this number",
            Json::String(_) => "this string",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        };
        Self::WrongType { path: String::new(), expected: expected.to_owned(), got }
    }

    pub(super) fn inside(self, name: &str) -> Self {
        match self {
            Self::WrongType { path, expected, got } => {
                let separator = if path.is_empty() || path.starts_with('[') { "" } else { "." };
                Self::WrongType { path: format!("{name}{separator}{path}"), expected, got }
            }
            other @ Self::Unserialisable => other,
        }
    }
}
