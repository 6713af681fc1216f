//! Arguments of a tool as configuration writes them: a text that begins with `=` is an expression, everything else stands for
//! itself.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde_json::{Map, Value};

/// The expression that a written argument is, if it is one.
fn expression(written: &Value) -> Option<&str> {
    written.as_str().and_then(|text| text.strip_prefix('='))
}

/// Arguments whose expressions can be parsed.
///
/// # Errors
/// The argument and the parser's words.
pub(super) fn checked(arguments: &BTreeMap<String, toml::Value>) -> Result<BTreeMap<String, Value>, (String, String)> {
    let environment = Environment::new();
    arguments
        .iter()
        .map(|(argument, written)| {
            let bad = |message: String| (argument.clone(), message);
            let value = serde_json::to_value(written).map_err(|error| bad(error.to_string()))?;
            if let Some(expression) = expression(&value) {
                environment.compile_expression(expression).map_err(|error| bad(error.to_string()))?;
            }
            Ok((argument.clone(), value))
        })
        .collect()
}

/// The arguments over a context; what is absent there is left out.
///
/// # Errors
/// The argument whose expression fails; no customers' words.
pub(super) fn fill(arguments: &BTreeMap<String, Value>, context: &Value) -> Result<Map<String, Value>, String> {
    let environment = Environment::new();
    let mut filled = Map::new();
    for (argument, written) in arguments {
        let value = match expression(written) {
            None => written.clone(),
            Some(expression) => environment
                .compile_expression(expression)
                .and_then(|compiled| compiled.eval(minijinja::value::Serde(context)))
                .map_err(|_| format!("the expression of argument `{argument}` failed"))
                .and_then(|value| {
                    serde_json::to_value(value).map_err(|_| format!("argument `{argument}` is not JSON"))
                })?,
        };
        if !value.is_null() {
            filled.insert(argument.clone(), value);
        }
    }
    Ok(filled)
}

/// Whether arguments that speak of the context hold something of it; those that don't ask the same of everybody.
pub(super) fn says_something(arguments: &BTreeMap<String, Value>, filled: &Map<String, Value>) -> bool {
    let mut speaking = arguments.iter().filter(|(_, written)| expression(written).is_some()).peekable();
    let is_said = |value: &Value| value.as_str().is_none_or(|text| !text.is_empty());
    speaking.peek().is_none() || speaking.any(|(argument, _)| filled.get(argument).is_some_and(is_said))
}
