//! Reading request bodies as strictly as Salesforce does: unknown fields, wrong types, long texts, missing fields.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::org::{Org, is_id};
use super::schema::{Field, Kind, Object, Set};

/// Whether a record is made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    Create,
    Update,
}

/// The body's fields under their own names when all may be set so.
pub(super) fn checked(
    org: &Org,
    object: &Object,
    body: &[u8],
    writing: Writing,
) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad("JSON_PARSER_ERROR", "The HTTP entity body is not valid JSON"))?;
    let Value::Object(given) = body else {
        return Err(Refusal::bad("JSON_PARSER_ERROR", "The HTTP entity body is required to be an object"));
    };
    let mut fields = Map::new();
    for (name, value) in given {
        let field = object.field(&name).ok_or_else(|| {
            let message = format!("No such column '{name}' on sobject of type {}", object.name);
            Refusal::bad("INVALID_FIELD", message)
        })?;
        if field.set == Set::Never {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that it \
                 is read/write for your profile or permission set.",
                field.name
            );
            return Err(Refusal::fields("INVALID_FIELD_FOR_INSERT_UPDATE", message, &[field.name]));
        }
        check(org, field, &value)?;
        fields.insert(field.name.to_owned(), value);
    }
    let empty = |field: &&Field| match fields.get(field.name) {
        None => writing == Writing::Create,
        Some(value) => value.is_null() || value.as_str() == Some(""),
    };
    let missing: Vec<&str> =
        object.fields().filter(|field| field.set == Set::Required).filter(empty).map(|field| field.name).collect();
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        return Err(Refusal::fields("REQUIRED_FIELD_MISSING", message, &missing));
    }
    Ok(fields)
}

fn check(org: &Org, field: &Field, value: &Value) -> Result<(), Refusal> {
    if value.is_null() {
        return Ok(());
    }
    let unreadable = |kind: &str| {
        let message = format!("Cannot deserialize instance of {kind} from a value of field {}", field.name);
        Refusal::bad("JSON_PARSER_ERROR", message)
    };
    let text = || value.as_str().ok_or_else(|| unreadable("string"));
    let too_long = |text: &str, most: usize| {
        let message = format!("{}: data value too large: {text} (max length={most})", field.name);
        Refusal::fields("STRING_TOO_LONG", message, &[field.name])
    };
    match field.kind {
        Kind::Text(most) | Kind::LongText(most) if text()?.chars().count() > most => Err(too_long(text()?, most)),
        Kind::LongBytes(most) if text()?.len() > most => Err(too_long(text()?, most)),
        Kind::Text(_) if field.name == "Email" && !text()?.contains('@') => {
            let message = format!("Email: invalid email address: {}", text()?);
            Err(Refusal::fields("INVALID_EMAIL_ADDRESS", message, &[field.name]))
        }
        Kind::Text(_) | Kind::LongText(_) | Kind::LongBytes(_) => Ok(()),
        Kind::Choice(choices) if choices.contains(&text()?) => Ok(()),
        Kind::Choice(_) => {
            let message = format!("{}: bad value for restricted picklist field: {}", field.name, text()?);
            Err(Refusal::fields("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[field.name]))
        }
        Kind::Flag => value.as_bool().map(|_| ()).ok_or_else(|| unreadable("boolean")),
        Kind::Number => value.as_f64().map(|_| ()).ok_or_else(|| unreadable("double")),
        Kind::Date => {
            let date: Result<jiff::civil::Date, _> = text()?.parse();
            date.map(|_| ()).map_err(|_| unreadable("date"))
        }
        Kind::Moment => Err(unreadable("datetime")),
        Kind::Reference(_, objects) => refers(org, field, objects, text()?),
    }
}

fn refers(org: &Org, field: &Field, objects: &[&str], id: &str) -> Result<(), Refusal> {
    if !is_id(id) {
        let message = format!("{}: id value of incorrect type: {id}", field.name);
        return Err(Refusal::fields("MALFORMED_ID", message, &[field.name]));
    }
    match org.record(id) {
        Some(record) if objects.contains(&record.object.name) => Ok(()),
        Some(_) => {
            let message = format!("{}: id value of incorrect type: {id}", field.name);
            Err(Refusal::fields("FIELD_INTEGRITY_EXCEPTION", message, &[field.name]))
        }
        None => Err(Refusal::fields("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[field.name])),
    }
}
