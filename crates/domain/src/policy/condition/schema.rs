//! What a condition may speak of: the variables, their types and one line of documentation each.

use std::fmt;
use std::sync::Arc;

/// The type of a variable or a field. There is no null: an absent value is its type's default, see
/// [`super::Inputs`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    /// `true` or `false`; absent is `false`.
    Bool,
    /// A whole number of 64 bits; absent is `0`.
    Int,
    /// A floating-point number; absent is `0.0`.
    Double,
    /// Text; absent is `""`.
    String,
    /// An instant, RFC 3339 in JSON; absent is 1970-01-01T00:00:00Z.
    Timestamp,
    /// A length of time, ISO 8601 (`PT30M`) or whole seconds in JSON; absent is zero.
    Duration,
    /// A list whose elements share one type; absent is empty.
    List(&'static Type),
    /// A map from text to values of one type; absent is empty.
    Map(&'static Type),
    /// Named fields; an absent object has every field absent.
    Object(&'static ObjectType),
}

/// A type with named fields, declared once as a `static`.
#[derive(Debug, PartialEq)]
pub struct ObjectType {
    /// The name used in messages.
    pub name: &'static str,
    /// The fields, in the order the documentation lists them.
    pub fields: &'static [Field],
}

/// A variable of a [`Schema`], or a field of an [`ObjectType`].
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name as written in a condition.
    pub name: &'static str,
    /// Its type.
    pub of: Type,
    /// One line that says what it holds, its unit and what its absence means.
    pub doc: &'static str,
}

/// The variables that a condition may read. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    variables: Arc<[Field]>,
}

/// One line of [`fields`]: a path as written in a condition, its type and its documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDoc {
    /// The path, such as `ticket.subject`; elements of a list of objects are `path[]`, of a map `path[key]`.
    pub path: String,
    /// The type.
    pub of: Type,
    /// What it holds.
    pub doc: &'static str,
}

impl Schema {
    /// A schema of these variables.
    pub fn new(variables: impl Into<Arc<[Field]>>) -> Self {
        Self { variables: variables.into() }
    }

    /// The variables in declaration order.
    pub fn variables(&self) -> &[Field] {
        &self.variables
    }

    /// Where a variable stands.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    /// Whether both are the same declaration; comparing the contents is left for schemas built twice.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.variables, &other.variables) || self == other
    }
}

/// Every path that a condition may read, objects before their fields.
pub fn fields(schema: &Schema) -> Vec<FieldDoc> {
    let mut found = Vec::new();
    for variable in schema.variables() {
        collect(variable, "", &mut found);
    }
    found
}

fn collect(field: &Field, parent: &str, found: &mut Vec<FieldDoc>) {
    let path = if parent.is_empty() { field.name.to_owned() } else { format!("{parent}.{}", field.name) };
    found.push(FieldDoc { path: path.clone(), of: field.of, doc: field.doc });
    let (inner, of) = innermost(path, field.of);
    if let Type::Object(object) = of {
        for nested in object.fields {
            collect(nested, &inner, found);
        }
    }
}

fn innermost(path: String, of: Type) -> (String, Type) {
    match of {
        Type::List(element) => innermost(format!("{path}[]"), *element),
        Type::Map(value) => innermost(format!("{path}[key]"), *value),
        other => (path, other),
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Inferred::from(*self).fmt(out)
    }
}

/// The type of an expression; unlike [`Type`] it can be put together while checking.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Inferred {
    Bool,
    Int,
    Double,
    String,
    Timestamp,
    Duration,
    List(Box<Inferred>),
    Map(Box<Inferred>),
    Object(&'static ObjectType),
}

impl From<Type> for Inferred {
    fn from(of: Type) -> Self {
        match of {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Double => Self::Double,
            Type::String => Self::String,
            Type::Timestamp => Self::Timestamp,
            Type::Duration => Self::Duration,
            Type::List(element) => Self::List(Box::new((*element).into())),
            Type::Map(value) => Self::Map(Box::new((*value).into())),
            Type::Object(object) => Self::Object(object),
        }
    }
}

impl fmt::Display for Inferred {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => out.write_str("bool"),
            Self::Int => out.write_str("int"),
            Self::Double => out.write_str("double"),
            Self::String => out.write_str("string"),
            Self::Timestamp => out.write_str("timestamp"),
            Self::Duration => out.write_str("duration"),
            Self::List(element) => write!(out, "list({element})"),
            Self::Map(value) => write!(out, "map(string, {value})"),
            Self::Object(object) => out.write_str(object.name),
        }
    }
}
