//! The values that conditions compute with, and the inputs they read.

use super::error::InputError;
use super::schema::{Inferred, ObjectType, Schema, Type};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value whose shape the checker has proven. Cloning copies no text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Arc<str>),
    Timestamp(Timestamp),
    Duration(SignedDuration),
    List(Arc<[Value]>),
    Map(Arc<BTreeMap<Arc<str>, Value>>),
    /// The fields' values in the order of the object type.
    Object(Arc<[Value]>),
}

impl Value {
    /// The value of what is absent.
    pub(super) fn absent(of: Type) -> Self {
        match of {
            Type::Bool => Self::Bool(false),
            Type::Int => Self::Int(0),
            Type::Double => Self::Double(0.0),
            Type::String => Self::String(Arc::from("")),
            Type::Timestamp => Self::Timestamp(Timestamp::UNIX_EPOCH),
            Type::Duration => Self::Duration(SignedDuration::ZERO),
            Type::List(_) => Self::List(Arc::from([])),
            Type::Map(_) => Self::Map(Arc::new(BTreeMap::new())),
            Type::Object(object) => Self::Object(object.fields.iter().map(|field| Self::absent(field.of)).collect()),
        }
    }

    /// Whether the value differs from its type's default: what `has()` asks.
    pub(super) fn is_set(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Double(value) => *value != 0.0,
            Self::String(value) => !value.is_empty(),
            Self::Timestamp(value) => *value != Timestamp::UNIX_EPOCH,
            Self::Duration(value) => !value.is_zero(),
            Self::List(values) => !values.is_empty(),
            Self::Map(values) => !values.is_empty(),
            Self::Object(values) => values.iter().any(Self::is_set),
        }
    }

    /// The order of two values of one ordered type; `None` for other types and for NaN.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(right),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Timestamp(left), Self::Timestamp(right)) => Some(left.cmp(right)),
            (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// A measure of the work to compare or copy the value: one, more for long text and collections.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::String(text) => 1 + text.len() / 32,
            Self::List(values) | Self::Object(values) => 1 + values.iter().map(Self::weight).sum::<usize>(),
            Self::Map(values) => 1 + values.values().map(Self::weight).sum::<usize>(),
            _ => 1,
        }
    }
}

/// The inputs of a decision, checked against a [`Schema`] once and shared by all conditions.
///
/// A value that is missing or null takes its type's default (see [`Type`]), so that no condition meets a null;
/// `has(ticket.due_at)` tells a value that differs from the default.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub(super) schema: Schema,
    pub(super) values: Arc<[Value]>,
}

impl Inputs {
    /// Reads the schema's variables out of a value that serialises as a JSON object. What the schema does not
    /// name is ignored.
    ///
    /// # Errors
    /// A value is not of the type its field declares, or the value cannot be serialised.
    pub fn new(schema: &Schema, source: &impl Serialize) -> Result<Self, InputError> {
        let json = serde_json::to_value(source).map_err(|_| InputError::Unserialisable)?;
        let Json::Object(found) = &json else {
            return Err(InputError::wrong_type("an object", &json));
        };
        let values = schema
            .variables()
            .iter()
            .map(|variable| read(variable.of, found.get(variable.name)).map_err(|e| e.inside(variable.name)))
            .collect::<Result<_, _>>()?;
        Ok(Self { schema: schema.clone(), values })
    }
}

fn read(of: Type, json: Option<&Json>) -> Result<Value, InputError> {
    let Some(json) = json.filter(|json| !json.is_null()) else {
        return Ok(Value::absent(of));
    };
    let wrong = || InputError::wrong_type(&Inferred::from(of).to_string(), json);
    match (of, json) {
        (Type::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Type::Int, Json::Number(value)) => value.as_i64().map(Value::Int).ok_or_else(wrong),
        (Type::Double, Json::Number(value)) => value.as_f64().map(Value::Double).ok_or_else(wrong),
        (Type::String, Json::String(value)) => Ok(Value::String(Arc::from(value.as_str()))),
        (Type::Timestamp, Json::String(value)) => value.parse().map(Value::Timestamp).map_err(|_| wrong()),
        (Type::Duration, Json::String(value)) => value.parse().map(Value::Duration).map_err(|_| wrong()),
        (Type::Duration, Json::Number(value)) => {
            value.as_i64().map(|seconds| Value::Duration(SignedDuration::from_secs(seconds))).ok_or_else(wrong)
        }
        (Type::List(element), Json::Array(items)) => {
            let items = items.iter().map(|item| read(*element, Some(item)).map_err(|e| e.inside("[]")));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        (Type::Map(of), Json::Object(entries)) => {
            let entries = entries.iter().map(|(key, value)| {
                let value = read(*of, Some(value)).map_err(|e| e.inside("[key]"))?;
                Ok((Arc::from(key.as_str()), value))
            });
            Ok(Value::Map(Arc::new(entries.collect::<Result<_, InputError>>()?)))
        }
        (Type::Object(object), Json::Object(found)) => read_object(object, found),
        _ => Err(wrong()),
    }
}

fn read_object(object: &ObjectType, found: &serde_json::Map<String, Json>) -> Result<Value, InputError> {
    let values = object
        .fields
        .iter()
        .map(|field| read(field.of, found.get(field.name)).map_err(|e| e.inside(field.name)))
        .collect::<Result<_, _>>()?;
    Ok(Value::Object(values))
}
