//! Whether a tool takes what a binding hands it, by the schema that its server publishes. Only what is certain is a fault: a
//! schema may say more than is read here, and then the server has the last word.

use std::fmt;

use serde_json::{Map, Value};

use crate::mcp_host::tools::ToolInfo;

/// References that are followed; they may lead in a circle.
const DEPTH_MAX: usize = 8;

/// Why a binding and a tool do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingFault {
    words: String,
    is_fatal: bool,
}

impl BindingFault {
    pub(in crate::mcp_host) fn fatal(words: String) -> Self {
        Self { words, is_fatal: true }
    }

    /// The same, where it keeps nothing from being done.
    pub(super) fn borne(self) -> Self {
        Self { is_fatal: false, ..self }
    }

    /// Whether no call can be right. Else it is an argument that the server leaves unread, or the look for a lost answer that fails.
    pub fn is_fatal(&self) -> bool {
        self.is_fatal
    }
}

impl fmt::Display for BindingFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

/// What of these arguments the tool does not take, and what it needs besides. Of an argument without a value only the name is known.
pub(in crate::mcp_host) fn faults<'a>(
    tool: &ToolInfo,
    given: &(impl Iterator<Item = (&'a str, Option<&'a Value>)> + Clone),
) -> Vec<BindingFault> {
    let (name, root) = (&tool.name, tool.input_schema.as_ref());
    let properties = properties(tool);
    let is_closed = root.get("additionalProperties").is_some_and(|rest| *rest == Value::Bool(false));
    let unknown = given
        .clone()
        .filter(|(argument, _)| properties.is_some_and(|known| !known.contains_key(*argument)))
        .map(|(argument, _)| BindingFault {
            words: format!("`{name}` has no argument `{argument}`"),
            is_fatal: is_closed,
        });
    let missing = required(tool)
        .filter(|needed| !given.clone().any(|(argument, _)| argument == *needed))
        .map(|needed| BindingFault::fatal(format!("`{name}` needs the argument `{needed}`")));
    let mismatched = given.clone().filter_map(|(argument, value)| {
        let schema = properties?.get(argument)?;
        let wanted = mismatch(value?, schema, root)?;
        Some(BindingFault::fatal(format!("`{name}` wants {wanted} for the argument `{argument}`")))
    });
    unknown.chain(missing).chain(mismatched).collect()
}

/// Whether the tool's schema leaves an argument out that it names no other way.
pub(super) fn ignores(tool: &ToolInfo, argument: &str) -> bool {
    properties(tool).is_some_and(|known| !known.contains_key(argument))
}

fn properties(tool: &ToolInfo) -> Option<&Map<String, Value>> {
    tool.input_schema.get("properties").and_then(Value::as_object)
}

fn required(tool: &ToolInfo) -> impl Iterator<Item = &str> {
    tool.input_schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// What a schema wants instead of this value; `None` when it may take it.
fn mismatch(value: &Value, schema: &Value, root: &Map<String, Value>) -> Option<String> {
    let mut choices = Vec::new();
    alternatives(schema, root, DEPTH_MAX, &mut choices);
    let wanted: Option<Vec<String>> = choices.iter().map(|choice| refusal(value, choice)).collect();
    let mut wanted = wanted.filter(|wanted| !wanted.is_empty())?;
    wanted.dedup();
    Some(wanted.join(" or "))
}

/// What stands behind references and choices: the value need fit one of them only.
fn alternatives<'a>(schema: &'a Value, root: &'a Map<String, Value>, depth: usize, found: &mut Vec<&'a Value>) {
    let choice = ["anyOf", "oneOf"].iter().find_map(|name| schema.get(*name)).and_then(Value::as_array);
    let target = schema.get("$ref").and_then(Value::as_str).map(|reference| definition(reference, root));
    match (target, choice) {
        (Some(Some(target)), _) if depth > 0 => alternatives(target, root, depth - 1, found),
        (None, Some(choices)) if depth > 0 => {
            for choice in choices {
                alternatives(choice, root, depth - 1, found);
            }
        }
        (None, None) => found.push(schema),
        // Where it leads nobody knows: anything may fit.
        _ => found.push(&Value::Bool(true)),
    }
}

fn definition<'a>(reference: &str, root: &'a Map<String, Value>) -> Option<&'a Value> {
    let (first, rest) = reference.strip_prefix("#/")?.split_once('/')?;
    root.get(first)?.pointer(&format!("/{rest}"))
}

/// What one alternative wants instead; `None` when it may take the value.
fn refusal(value: &Value, schema: &Value) -> Option<String> {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(value, kind)) {
        return Some(kinds.join(" or "));
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        return Some(constant.to_string());
    }
    let values = schema.get("enum").and_then(Value::as_array)?;
    let one_of = || format!("one of {}", Value::from(values.iter().take(10).cloned().collect::<Vec<_>>()));
    (!values.contains(value)).then(one_of)
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn tool(schema: &Value) -> ToolInfo {
        ToolInfo {
            name: "make".to_owned(),
            description: String::new(),
            input_schema: Arc::new(schema.as_object().unwrap().clone()),
            output_schema: None,
            annotations: Value::Null,
            read_only_hint: false,
        }
    }

    fn found(schema: &Value, given: &Value) -> Vec<String> {
        let given = given.as_object().unwrap();
        let given = given.iter().map(|(name, value)| (name.as_str(), (*value != "=").then_some(value)));
        faults(&tool(schema), &given).iter().filter(|fault| fault.is_fatal()).map(ToString::to_string).collect()
    }

    #[test]
    fn names_what_is_missing_unknown_or_of_another_type() {
        let schema = json!({
            "type": "object", "required": ["title"], "additionalProperties": false,
            "properties": {
                "title": { "type": "string" }, "size": { "type": ["integer", "null"] },
                "kind": { "$ref": "#/$defs/Kind" }, "who": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                "free": {}, "odd": { "$ref": "#/$defs/Nowhere" }, "list": { "type": "array" },
            },
            "$defs": { "Kind": { "enum": ["bug", "chore"] } },
        });
        let none: [&str; 0] = [];
        assert_eq!(found(&schema, &json!({ "title": "=", "size": 3, "kind": "bug", "who": null, "odd": 1 })), none);
        assert_eq!(found(&schema, &json!({ "title": "x", "size": 3.0, "free": {}, "list": "=", "kind": "=" })), none);
        for (given, words) in [
            (json!({}), "`make` needs the argument `title`"),
            (json!({ "title": "=", "colour": "=" }), "`make` has no argument `colour`"),
            (json!({ "title": 7 }), "`make` wants string for the argument `title`"),
            (json!({ "title": "=", "size": "big" }), "`make` wants integer or null for the argument `size`"),
            (json!({ "title": "=", "who": [] }), "`make` wants string or null for the argument `who`"),
            (
                json!({ "title": "=", "kind": "epic" }),
                "`make` wants one of [\"bug\",\"chore\"] for the argument `kind`",
            ),
        ] {
            assert_eq!(found(&schema, &given), [words]);
        }
    }

    #[test]
    fn an_open_schema_takes_what_it_does_not_name() {
        let schema = json!({ "type": "object", "properties": { "a": {} } });
        let given = [("b", None)];
        let open = faults(&tool(&schema), &given.into_iter());
        assert!(open.len() == 1 && !open[0].is_fatal(), "{open:?}");
        assert!(faults(&tool(&json!({ "type": "object" })), &given.into_iter()).is_empty());
        let circle =
            json!({ "properties": { "a": { "$ref": "#/$defs/A" } }, "$defs": { "A": { "$ref": "#/$defs/A" } } });
        assert!(found(&circle, &json!({ "a": 1 })).is_empty());
    }
}
