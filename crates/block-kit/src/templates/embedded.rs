//! The templates and samples of `blocks/`, as they were when Deskbell was built.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde_json::Value;

use super::{SUFFIX, TemplateError};

#[derive(RustEmbed)]
#[folder = "../../blocks/"]
struct Blocks;

/// A context that a template must be able to carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which case: `blocks/samples/<name>.<case>.json`.
    pub case: String,
    /// The context, shorthands written out.
    pub context: Value,
}

/// File name and text of every built-in template and part.
pub(super) fn sources() -> BTreeMap<String, String> {
    let files = Blocks::iter().filter(|file| file.ends_with(SUFFIX));
    files.filter_map(|file| Some((file.to_string(), text_of(&file)?))).collect()
}

fn text_of(file: &str) -> Option<String> {
    Blocks::get(file).map(|found| String::from_utf8_lossy(&found.data).into_owned())
}

/// The built-in samples of a template, by case. Two shorthands keep them legible: `{"$repeat": ["text", n]}` is that text
/// n times over, `{"$times": [item, n]}` a list of n such items.
///
/// # Errors
/// [`TemplateError::BadSample`] when a sample is not JSON or uses a shorthand wrongly.
pub fn samples(name: &str) -> Result<Vec<Sample>, TemplateError> {
    let prefix = format!("samples/{name}.");
    let mut found = Vec::new();
    for file in Blocks::iter() {
        let Some(case) = file.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".json")) else {
            continue;
        };
        let bad = |reason: String| TemplateError::BadSample { file: format!("{name}.{case}.json"), reason };
        let text = text_of(&file).unwrap_or_default();
        let written: Value = serde_json::from_str(&text).map_err(|fault| bad(fault.to_string()))?;
        let context = written_out(written).map_err(bad)?;
        found.push(Sample { case: case.to_owned(), context });
    }
    found.sort_by(|one, other| one.case.cmp(&other.case));
    Ok(found)
}

fn written_out(value: Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => items.into_iter().map(written_out).collect(),
        Value::Object(fields) => {
            if let Some(shorthand) = fields.get("$repeat") {
                let (text, count) = pair(shorthand)?;
                let text = text.as_str().ok_or("the first of $repeat is a text")?;
                return Ok(Value::String(text.repeat(count)));
            }
            if let Some(shorthand) = fields.get("$times") {
                let (item, count) = pair(shorthand)?;
                return Ok(Value::Array(vec![written_out(item.clone())?; count]));
            }
            let written: Result<_, String> =
                fields.into_iter().map(|(key, field)| Ok((key, written_out(field)?))).collect();
            Ok(Value::Object(written?))
        }
        other => Ok(other),
    }
}

/// `[what, count]`, the count at most 10,000.
fn pair(shorthand: &Value) -> Result<(&Value, usize), String> {
    let count = shorthand.get(1).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    match (shorthand.get(0), count) {
        (Some(what), Some(count)) if count <= 10_000 => Ok((what, count)),
        _ => Err("a shorthand is [what, count], the count at most 10000".to_owned()),
    }
}
