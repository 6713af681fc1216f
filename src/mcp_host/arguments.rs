//! The arguments of a call as configuration writes them: a text that begins with `=` is an expression, everything else stands
//! for itself.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use deskbell_domain::suggest::nearest;
use minijinja::{Environment, ErrorKind, Expression};
use serde_json::{Map, Value};

/// What an expression calls the key that makes a vendor do a thing once.
pub(super) const KEY: &str = "idempotency_key";

/// What expressions are parsed and evaluated in. They see what they are given and no templates, so one is enough.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(Environment::new);

/// Arguments as written.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    written: BTreeMap<String, Part>,
    with_key: Vec<String>,
}

/// What an argument is.
#[derive(Debug, Clone)]
enum Part {
    /// It stands for itself.
    Fixed(Value),
    /// It is worked out for each call; parsed once.
    Computed(Arc<Expression<'static, 'static>>),
}

impl Part {
    const fn fixed(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) => Some(value),
            Self::Computed(_) => None,
        }
    }
}

/// What is wrong with an argument.
#[derive(Debug)]
pub(super) struct BadArgument {
    pub argument: String,
    pub message: String,
}

impl Arguments {
    /// `context` holds every field that expressions may speak of, each with a value such as it may have.
    pub fn check(written: &BTreeMap<String, toml::Value>, context: &Value) -> Result<Self, BadArgument> {
        let bad = |argument: &str, message: String| BadArgument { argument: argument.to_owned(), message };
        let mut checked = Self { written: BTreeMap::new(), with_key: Vec::new() };
        for (argument, written) in written {
            let value = serde_json::to_value(written).map_err(|error| bad(argument, error.to_string()))?;
            let part = match expression(&value) {
                None => Part::Fixed(value),
                Some(expression) => {
                    let compiled = ENVIRONMENT.compile_expression_owned(expression.to_owned());
                    let compiled = compiled.map_err(|error| bad(argument, error.to_string()))?;
                    check_names(&compiled, context).map_err(|fault| bad(argument, fault))?;
                    if compiled.undeclared_variables(false).contains(KEY) {
                        checked.with_key.push(argument.clone());
                    }
                    Part::Computed(Arc::new(compiled))
                }
            };
            checked.written.insert(argument.clone(), part);
        }
        Ok(checked)
    }

    /// Every argument, with its value when that is known beforehand.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Value>)> + Clone {
        self.written.iter().map(|(name, part)| (name.as_str(), part.fixed()))
    }

    /// The arguments that hand the idempotency key over.
    pub fn with_key(&self) -> &[String] {
        &self.with_key
    }

    /// Whether an argument speaks of this.
    pub fn speak_of(&self, name: &str) -> bool {
        self.written.values().any(|part| match part {
            Part::Fixed(_) => false,
            Part::Computed(expression) => expression.undeclared_variables(false).contains(name),
        })
    }

    /// The values over a context; what is absent there is left out.
    ///
    /// # Errors
    /// The argument whose expression fails; no customers' words.
    pub fn fill(&self, context: &Value) -> Result<Map<String, Value>, String> {
        let mut filled = Map::new();
        for (argument, written) in &self.written {
            let value = match written {
                Part::Fixed(value) => value.clone(),
                Part::Computed(expression) => expression
                    .eval(minijinja::value::Serde(context))
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
        let mut speaking = self.written.iter().filter(|(_, part)| part.fixed().is_none()).peekable();
        let is_said = |value: &Value| value.as_str().is_none_or(|text| !text.is_empty());
        speaking.peek().is_none() || speaking.any(|(argument, _)| filled.get(argument).is_some_and(is_said))
    }
}

/// What an expression speaks of must be there, or it would say nothing whenever it is used.
fn check_names(compiled: &Expression<'_, '_>, context: &Value) -> Result<(), String> {
    let mut spoken: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
    spoken.sort_unstable();
    for path in &spoken {
        let mut within = context;
        for (depth, name) in path.split('.').enumerate() {
            // Below a text or a list, and in a map whose keys others choose, minijinja knows better.
            let Value::Object(fields) = within else { break };
            let Some(found) = fields.get(name) else {
                let holder = path.split('.').take(depth).collect::<Vec<_>>().join(".");
                return Err(unknown_name(name, &holder, fields));
            };
            within = found;
        }
    }
    match compiled.eval(minijinja::value::Serde(context)) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest
            ) =>
        {
            Err(format!(
                "{error}: correct its spelling; filters are those of minijinja, such as |lower, |join(\", \"), |int"
            ))
        }
        _ => Ok(()),
    }
}

fn unknown_name(name: &str, holder: &str, fields: &Map<String, Value>) -> String {
    let known = || fields.keys().map(String::as_str);
    let within = if holder.is_empty() { String::new() } else { format!("{holder}.") };
    let mend = match nearest(name, known()) {
        Some(near) => format!("did you mean `{within}{near}`?"),
        None if fields.is_empty() => format!("{holder} holds nothing"),
        None => {
            format!("known are: {}", known().map(|known| format!("{within}{known}")).collect::<Vec<_>>().join(", "))
        }
    };
    format!("there is no `{within}{name}` here; {mend}")
}

fn expression(written: &Value) -> Option<&str> {
    written.as_str().and_then(|text| text.strip_prefix('='))
}
