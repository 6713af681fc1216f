//! Look-ups for a server that nobody here has heard of: only a tool that says it only reads is proposed, and only where all that it
//! needs is known.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::wants::{Field, field, needed};
use super::{Proposal, escaped, kinds, plain, property, quoted, required, resolved, words};
use crate::mcp_host::tools::ToolInfo;

/// What a look-up is, in the words that vendors use.
struct Want {
    lookup: &'static str,
    verbs: &'static [&'static str],
    nouns: &'static [&'static str],
    fields: &'static [Field],
    answer: Answer,
}

/// Where an answer says what is looked for; each place by the names that vendors give it, the likeliest first.
enum Answer {
    /// Paths from the top.
    Whole(&'static [(&'static str, &'static [&'static [&'static str]])]),
    /// A list, and names in each of its entries; the last says whether it must be there.
    Entries(&'static [(&'static str, &'static [&'static str], bool)]),
}

const CUSTOMER: &[(&str, &[&[&str]])] = &[
    ("known", &[&["found"], &["exists"], &["known"]]),
    ("id", &[&["account", "accountid"], &["account", "id"], &["customer", "id"], &["accountid"], &["customerid"]]),
    ("account", &[&["account", "name"], &["customer", "name"], &["company", "name"], &["accountname"], &["company"]]),
    ("tier", &[&["account", "tier"], &["customer", "tier"], &["tier"], &["account", "plan"], &["plan"], &["segment"]]),
    ("owner", &[&["account", "owner", "name"], &["owner", "name"], &["account", "owner"], &["owner"]]),
    ("open_cases", &[&["opencases", "total"], &["opencases"]]),
    ("open_opportunities", &[&["openopportunities", "total"], &["openopportunities"]]),
    ("entitlement", &[&["entitlement", "name"], &["entitlement"]]),
];

const WANTS: [Want; 3] = [
    Want {
        lookup: "lookup_customer",
        verbs: &["lookup", "look", "find", "get", "identify", "search"],
        nouns: &["customer", "account", "contact", "company", "client"],
        fields: &[
            needed("requester.email", &["email", "emailaddress", "contactemail", "customeremail"]),
            field("requester.domain", &["domain", "companydomain"]),
            field("requester.name", &["name", "fullname", "contactname"]),
        ],
        answer: Answer::Whole(CUSTOMER),
    },
    Want {
        lookup: "queue_load",
        verbs: &["list", "get", "count", "show"],
        nouns: &["queue", "view"],
        fields: &[Field { is_list: true, ..field("queues", &["titles", "queues", "names"]) }],
        answer: Answer::Entries(&[
            ("name", &["title", "name"], true),
            ("tickets", &["tickets", "ticketcount", "opentickets", "count", "size", "total"], true),
        ]),
    },
    Want {
        lookup: "search_knowledge",
        verbs: &["search", "find", "query", "get"],
        nouns: &["knowledge", "document", "doc", "article", "passage", "page"],
        fields: &[needed("question", &["question", "query", "q", "text", "search", "searchquery"])],
        answer: Answer::Entries(&[
            ("title", &["title", "name", "heading"], true),
            ("snippet", &["snippet", "excerpt", "passage", "text", "content", "summary"], true),
            ("url", &["url", "link", "weburl", "htmlurl", "permalink"], false),
        ]),
    },
];

/// A binding for each look-up, as far as a tool of the server fits.
pub fn propose_lookups(server: &str, tools: &[ToolInfo]) -> Vec<Proposal> {
    let proposed = |want: &Want| {
        let fitting = tools.iter().filter_map(|tool| Some((fit(want, tool)?, tool)));
        // The first of equals, so that the same server always gets the same proposal.
        let best = fitting.reduce(|best, next| if next.0.score > best.0.score { next } else { best });
        Proposal {
            name: want.lookup,
            tool: best.as_ref().map(|(_, tool)| tool.name.clone()),
            toml: best.map(|(fit, tool)| written(server, want, &fit, &tool.name)).unwrap_or_default(),
        }
    };
    WANTS.iter().map(proposed).collect()
}

/// How a tool fits a look-up.
struct Fit {
    score: usize,
    arguments: Vec<(String, String)>,
    /// Where the answer says what; empty where the server does not tell.
    result: Vec<(&'static str, String)>,
}

fn fit(want: &Want, tool: &ToolInfo) -> Option<Fit> {
    let words = words(&tool.name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if !tool.read_only_hint || !has(want.verbs) || !has(want.nouns) {
        return None;
    }
    let nothing = Map::new();
    let properties = tool.input_schema.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
    let filled = want.fields.iter().map(|field| (field, property(field, properties, &tool.input_schema)));
    let filled: Vec<_> = filled.collect();
    if filled.iter().any(|(field, filled)| field.is_needed && filled.is_none()) {
        return None;
    }
    let arguments: Vec<(String, String)> = filled.into_iter().filter_map(|(_, filled)| filled).collect();
    if required(tool).any(|name| !arguments.iter().any(|(filled, _)| filled == name)) {
        return None;
    }
    let shown = |root| answers(root).into_iter().map(|answer| result(&want.answer, answer, root)).max_by_key(Vec::len);
    let result = tool.output_schema.as_deref().and_then(shown).unwrap_or_default();
    // What it answers counts most: a list of tools named alike has one that answers what is looked for.
    Some(Fit { score: 10 * result.len() + arguments.len(), arguments, result })
}

/// The schema of an answer, and of each answer that there may be: many tell a result from a failure.
fn answers(root: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    let choices = ["anyOf", "oneOf"].iter().find_map(|name| root.get(*name)).and_then(Value::as_array);
    let chosen = choices.into_iter().flatten().filter_map(|choice| resolved(choice, root).as_object());
    std::iter::once(root).chain(chosen).collect()
}

fn result(wanted: &Answer, schema: &Map<String, Value>, root: &Map<String, Value>) -> Vec<(&'static str, String)> {
    match wanted {
        Answer::Whole(places) => {
            let place = |(field, paths): &(&'static str, &[&[&str]])| {
                Some((*field, paths.iter().find_map(|path| pointer(path, schema, root))?))
            };
            places.iter().filter_map(place).collect()
        }
        Answer::Entries(fields) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
            properties.iter().find_map(|(name, schema)| entries(name, schema, fields, root)).unwrap_or_default()
        }
    }
}

/// The list and the places in its entries, when a property is such a list.
fn entries(
    name: &str,
    schema: &Value,
    fields: &[(&'static str, &[&str], bool)],
    root: &Map<String, Value>,
) -> Option<Vec<(&'static str, String)>> {
    let entry = resolved(resolved(schema, root).get("items")?, root).as_object()?;
    let mut found = vec![("list", format!("/{}", escaped(name)))];
    for (field, names, is_needed) in fields {
        match names.iter().find_map(|name| pointer(&[name], entry, root)) {
            Some(pointer) => found.push((field, pointer)),
            None if *is_needed => return None,
            None => {}
        }
    }
    Some(found)
}

/// Where a path of plain names leads, when a value stands there and no object.
fn pointer(path: &[&str], schema: &Map<String, Value>, root: &Map<String, Value>) -> Option<String> {
    let (step, rest) = path.split_first()?;
    let properties = schema.get("properties").and_then(Value::as_object)?;
    let (name, inner) = properties.iter().find(|(name, _)| plain(name) == *step)?;
    let here = format!("/{}", escaped(name));
    if rest.is_empty() {
        return (!kinds(inner, root).iter().any(|kind| kind == "object")).then_some(here);
    }
    Some(format!("{here}{}", pointer(rest, resolved(inner, root).as_object()?, root)?))
}

fn written(server: &str, want: &Want, fit: &Fit, tool: &str) -> String {
    let lookup = want.lookup;
    let mut text = format!("[lookups.{lookup}]\nserver = {}\ntool = {}\n", quoted(server), quoted(tool));
    if lookup == "search_knowledge" {
        text.push_str(
            "# everybody = true  # if everybody may read what it finds: else only what it says is public is shown\n",
        );
    }
    if !fit.arguments.is_empty() {
        let _ = write!(text, "\n[lookups.{lookup}.arguments]\n");
        for (name, expression) in &fit.arguments {
            let _ = writeln!(text, "{} = {}", quoted(name), quoted(expression));
        }
    }
    let _ = write!(text, "\n[lookups.{lookup}.result]\n");
    if fit.result.is_empty() {
        text.push_str("# The server does not say what it answers: correct these JSON pointers.\n");
    }
    let guessed = match &want.answer {
        Answer::Whole(_) => vec![("tier", "/tier".to_owned())],
        Answer::Entries(fields) => {
            let fields = fields.iter().map(|(field, ..)| (*field, format!("/{field}")));
            std::iter::once(("list", "/results".to_owned())).chain(fields).collect()
        }
    };
    for (field, pointer) in if fit.result.is_empty() { &guessed } else { &fit.result } {
        let _ = writeln!(text, "{field} = {}", quoted(pointer));
    }
    text
}
