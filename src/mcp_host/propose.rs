//! Bindings for a server that nobody here has heard of, from what its tools are called and take. A proposal is text for a person to
//! read and accept; nothing is bound by it. What a server says in prose counts for nothing.

mod looking;
mod wants;

use std::fmt::Write;

use serde_json::{Map, Value};

pub use self::looking::propose_lookups;
use self::wants::{Field, ITEMS, KEY, WANTS, Want};
use super::tools::ToolInfo;

/// What is proposed for an action or a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The action's or look-up's name.
    pub name: &'static str,
    /// The tool that fits best; none when none does.
    pub tool: Option<String>,
    /// `[actions.NAME]` or `[lookups.NAME]` in TOML with comments on what is left to a person; empty without a tool.
    pub toml: String,
}

/// A binding for each action, as far as a tool of the server fits.
pub fn propose(server: &str, tools: &[ToolInfo]) -> Vec<Proposal> {
    WANTS
        .iter()
        .map(|want| {
            let fitting = tools.iter().filter_map(|tool| Some((fit(want, tool)?, tool)));
            // The first of equals, so that the same server always gets the same proposal.
            let best = fitting.reduce(|best, next| if next.0.score > best.0.score { next } else { best });
            match best {
                None => Proposal { name: want.action, tool: None, toml: String::new() },
                Some((fit, tool)) => Proposal {
                    name: want.action,
                    tool: Some(tool.name.clone()),
                    toml: written(server, want, &fit, tool, tools),
                },
            }
        })
        .collect()
}

/// How a tool fits an action.
struct Fit {
    score: i32,
    /// Properties and what fills them.
    arguments: Vec<(String, String)>,
    /// Properties that the tool needs and nothing fills.
    open: Vec<String>,
}

fn fit(want: &Want, tool: &ToolInfo) -> Option<Fit> {
    let words = words(&tool.name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let by_name = has(want.verbs) && has(want.nouns);
    let by_update = want.by_update && has(&["update", "edit"]) && has(ITEMS) && !has(&["comment", "link"]);
    if tool.read_only_hint || has(want.never) || !(by_name || by_update) {
        return None;
    }
    let properties = tool.input_schema.get("properties").and_then(Value::as_object)?;
    let mut arguments = Vec::new();
    for field in want.fields {
        match property(field, properties, &tool.input_schema) {
            Some(filled) => arguments.push(filled),
            None if field.is_needed => return None,
            None => {}
        }
    }
    let open: Vec<String> =
        required(tool).filter(|name| !arguments.iter().any(|(filled, _)| filled == name)).map(str::to_owned).collect();
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let score = 3 * count(arguments.len()) - 4 * count(open.len()) - count(words.len()) - if by_name { 0 } else { 20 };
    Some(Fit { score, arguments, open })
}

/// The property that takes a field, and the expression for it.
fn property(field: &Field, properties: &Map<String, Value>, root: &Map<String, Value>) -> Option<(String, String)> {
    let named = |wanted: &&str| properties.iter().find(|(name, _)| plain(name) == **wanted);
    let (name, schema) = field.names.iter().find_map(named)?;
    let kinds = kinds(schema, root);
    let takes = |kind: &str| kinds.is_empty() || kinds.iter().any(|known| known == kind);
    let takes_number = field.expression == KEY.expression && (takes("integer") || takes("number"));
    if field.is_list {
        return takes("array").then(|| (name.clone(), format!("={}", field.expression)));
    }
    match (takes("string"), takes_number) {
        (true, _) => Some((name.clone(), format!("={}", field.expression))),
        (false, true) => Some((name.clone(), format!("={}|int", field.expression))),
        (false, false) => None,
    }
}

/// The types that a schema allows; empty when it does not say.
fn kinds(schema: &Value, root: &Map<String, Value>) -> Vec<String> {
    let schema = resolved(schema, root);
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.clone()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// What a reference or a choice with `null` stands for.
fn resolved<'a>(schema: &'a Value, root: &'a Map<String, Value>) -> &'a Value {
    let mut found = schema;
    // References may lead in a circle.
    for _ in 0..8 {
        let choice = ["anyOf", "oneOf"].iter().find_map(|name| found.get(*name)).and_then(Value::as_array);
        let next = match (found.get("$ref").and_then(Value::as_str), choice) {
            (Some(reference), _) => definition(reference, root),
            (None, Some(choices)) => choices.iter().find(|choice| choice.get("type").is_none_or(|kind| kind != "null")),
            (None, None) => None,
        };
        let Some(next) = next else { break };
        found = next;
    }
    found
}

fn definition<'a>(reference: &str, root: &'a Map<String, Value>) -> Option<&'a Value> {
    let path = reference.strip_prefix("#/")?;
    let (first, rest) = path.split_once('/')?;
    root.get(first)?.get(rest)
}

fn required(tool: &ToolInfo) -> impl Iterator<Item = &str> {
    tool.input_schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Where an answer names what was made, and where people read it.
fn result(tool: &ToolInfo) -> Option<(String, Option<String>)> {
    const KEYS: [&str; 6] = ["key", "id", "number", "identifier", "publicid", "iid"];
    const URLS: [&str; 7] = ["url", "htmlurl", "weburl", "appurl", "link", "permalink", "self"];
    let root = tool.output_schema.as_deref()?;
    let tops = shapes(root);
    let inner = tops.iter().flat_map(|top| top.iter()).filter_map(|(name, schema)| {
        let properties = resolved(schema, root).get("properties").and_then(Value::as_object)?;
        Some((format!("/{}", escaped(name)), properties))
    });
    let places = tops.iter().map(|top| (String::new(), *top)).chain(inner);
    let find = |properties: &Map<String, Value>, names: &[&str]| {
        names.iter().find_map(|wanted| properties.keys().find(|name| plain(name) == *wanted)).map(|name| escaped(name))
    };
    places.into_iter().find_map(|(place, properties)| {
        let key = find(properties, &KEYS)?;
        Some((format!("{place}/{key}"), find(properties, &URLS).map(|url| format!("{place}/{url}"))))
    })
}

/// Where an answer says what was there before, which undoing gives back.
fn former(tool: &ToolInfo) -> Option<String> {
    let root = tool.output_schema.as_deref()?;
    let schema = shapes(root).into_iter().find_map(|properties| properties.get("previous"))?;
    let shapes = shapes_of(schema, root);
    let inner = ["value", "labels"].into_iter().find(|name| shapes.iter().any(|shape| shape.contains_key(*name)));
    Some(inner.map_or_else(|| "/previous".to_owned(), |name| format!("/previous/{name}")))
}

/// The properties of a part of an answer, or of each form that it may have.
fn shapes_of<'a>(schema: &'a Value, root: &'a Map<String, Value>) -> Vec<&'a Map<String, Value>> {
    let choices = ["anyOf", "oneOf"].iter().find_map(|name| schema.get(*name)).and_then(Value::as_array);
    let forms = choices.into_iter().flatten().chain(std::iter::once(schema));
    forms.filter_map(|form| resolved(form, root).get("properties").and_then(Value::as_object)).collect()
}

/// The properties of an answer, or of each answer that there may be.
fn shapes(root: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    let choices = ["anyOf", "oneOf"].iter().find_map(|name| root.get(*name)).and_then(Value::as_array);
    let chosen = choices.into_iter().flatten().filter_map(|choice| resolved(choice, root).get("properties"));
    root.get("properties").into_iter().chain(chosen).filter_map(Value::as_object).collect()
}

/// A name in a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The tool that only reads and finds by idempotency key, with its argument.
fn looking<'a>(tools: &'a [ToolInfo], wanted: &str) -> Option<(&'a ToolInfo, String)> {
    tools.iter().filter(|tool| tool.read_only_hint).find_map(|tool| {
        let properties = tool.input_schema.get("properties").and_then(Value::as_object)?;
        let name = properties.keys().find(|name| plain(name) == plain(wanted))?;
        let by_it_alone = required(tool).all(|needed| needed == name);
        (by_it_alone && result(tool).is_some()).then(|| (tool, name.clone()))
    })
}

fn written(server: &str, want: &Want, fit: &Fit, tool: &ToolInfo, tools: &[ToolInfo]) -> String {
    let action = want.action;
    let mut text = format!("[actions.{action}]\nserver = {}\ntool = {}\n", quoted(server), quoted(&tool.name));
    if want.makes_something {
        match result(tool) {
            Some((key, url)) => {
                let url = url.map(|url| format!(", url = {}", quoted(&url))).unwrap_or_default();
                let _ = writeln!(text, "result = {{ key = {}{url} }}", quoted(&key));
            }
            None => text.push_str(
                "# The server does not say what it answers: correct this JSON pointer to the key of what was made.\n\
                 result = { key = \"/key\" }\n",
            ),
        }
    } else if let Some(place) = former(tool) {
        let _ = writeln!(text, "result = {{ previous = {} }}", quoted(&place));
    }
    let _ = write!(text, "\n[actions.{action}.arguments]\n");
    for (name, expression) in &fit.arguments {
        let _ = writeln!(text, "{} = {}", quoted(name), quoted(expression));
    }
    for name in &fit.open {
        let _ = writeln!(
            text,
            "# The tool needs this too, and nothing that Deskbell knows fits: fill it in.\n# {} = ",
            quoted(name)
        );
    }
    if want.makes_something {
        text.push_str(&reconciliation(action, fit, tools));
    }
    text
}

fn reconciliation(action: &str, fit: &Fit, tools: &[ToolInfo]) -> String {
    let key = fit.arguments.iter().find(|(_, expression)| expression == "=idempotency_key");
    let found = key.and_then(|(name, _)| looking(tools, name));
    let Some(((tool, name), (pointer, url))) = found.and_then(|found| Some((found.clone(), result(found.0)?))) else {
        return "# No tool looks for what may have happened: after a lost answer the ops channel is asked.\n"
            .to_owned();
    };
    let url = url.map(|url| format!(", url = {}", quoted(&url))).unwrap_or_default();
    format!(
        "\n# After a lost answer; lag is how long something made may stay invisible there.\n[actions.{action}.reconcile]\n\
         tool = {}\narguments = {{ {} = \"=idempotency_key\" }}\nresult = {{ key = {}{url} }}\nlag = \"90s\"\n",
        quoted(&tool.name),
        quoted(&name),
        quoted(&pointer)
    )
}

/// A text as TOML writes it, on one line: a foreign name can't end it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// `issue_key`, `issueKey` and `Issue-Key` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a tool's name in the singular: `stories-create`, `createStory`, `create_story`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(singular).collect()
}

fn singular(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && !stem.ends_with('u') => stem.to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests;
