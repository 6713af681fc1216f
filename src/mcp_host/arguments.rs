//! The arguments of a call as configuration writes them: a text that begins with `=` is an expression, everything else stands
//! for itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::Environment;
use serde_json::{Map, Value};

/// What an expression calls the key that makes a vendor do a thing once.
pub(super) const KEY: &str = "idempotency_key";

/// What expressions are parsed and evaluated in. They see what they are given and no templates, so one is enough.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(Environment::new);

/// Arguments as written; every expression can be parsed.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    written: BTreeMap<String, Value>,
    with_key: Vec<String>,
}

/// What is wrong with an argument.
#[derive(Debug)]
pub(super) struct BadArgument {
    pub argument: String,
    pub message: String,
}

impl Arguments {
    pub fn check(written: &BTreeMap<String, toml::Value>) -> Result<Self, BadArgument> {
        let bad = |argument: &str, message: String| BadArgument { argument: argument.to_owned(), message };
        let mut checked = Self { written: BTreeMap::new(), with_key: Vec::new() };
        for (argument, written) in written {
            let value = serde_json::to_value(written).map_err(|error| bad(argument, error.to_string()))?;
            if let Some(expression) = expression(&value) {
                let compiled = ENVIRONMENT.compile_expression(expression);
                let compiled = compiled.map_err(|error| bad(argument, error.to_string()))?;
                if compiled.undeclared_variables(false).contains(KEY) {
                    checked.with_key.push(argument.clone());
                }
            }
            checked.written.insert(argument.clone(), value);
        }
        Ok(checked)
    }

    /// Every argument, with its value when that is known beforehand.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Value>)> + Clone {
        self.written.iter().map(|(name, value)| (name.as_str(), expression(value).is_none().then_some(value)))
    }

    /// The arguments that hand the idempotency key over.
    pub fn with_key(&self) -> &[String] {
        &self.with_key
    }

    /// The values over a context; what is absent there is left out.
    ///
    /// # Errors
    /// The argument whose expression fails; no customers' words.
    pub fn fill(&self, context: &Value) -> Result<Map<String, Value>, String> {
        let mut filled = Map::new();
        for (argument, written) in &self.written {
            let value = match expression(written) {
                None => written.clone(),
                Some(expression) => ENVIRONMENT
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
    pub fn say_something(&self, filled: &Map<String, Value>) -> bool {
        let mut speaking = self.written.iter().filter(|(_, written)| expression(written).is_some()).peekable();
        let is_said = |value: &Value| value.as_str().is_none_or(|text| !text.is_empty());
        speaking.peek().is_none() || speaking.any(|(argument, _)| filled.get(argument).is_some_and(is_said))
    }
}

fn expression(written: &Value) -> Option<&str> {
    written.as_str().and_then(|text| text.strip_prefix('='))
}
