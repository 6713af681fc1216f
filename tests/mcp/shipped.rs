//! The bindings that ship for Deskbell's own servers, held against the schemas of the servers themselves.

use std::collections::BTreeMap;

use deskbell::mcp_host::{Bindings, Lookups, McpHost, ServerSpec, ServerState, Shipped, ShippedUse, Transport};

use serde_json::{Value, json};

use super::approved;

/// Own servers whose bindings ship, with what they need to start: they call nobody until a tool is called.
const OWN: [(&str, &[(&str, &str)]); 6] = [
    (
        "helpdesk",
        &[
            ("DESKBELL_ZENDESK_URL", "http://127.0.0.1:9"),
            ("DESKBELL_ZENDESK_EMAIL", "a@example.com"),
            ("DESKBELL_ZENDESK_API_TOKEN", "none"),
        ],
    ),
    (
        "jira",
        &[
            ("DESKBELL_JIRA_URL", "http://127.0.0.1:9"),
            ("DESKBELL_JIRA_EMAIL", "a@example.com"),
            ("DESKBELL_JIRA_API_TOKEN", "none"),
        ],
    ),
    ("knowledge", &[("DESKBELL_KNOWLEDGE_FOLDERS", env!("CARGO_MANIFEST_DIR"))]),
    (
        "salesforce",
        &[
            ("DESKBELL_SALESFORCE_URL", "http://127.0.0.1:9"),
            ("DESKBELL_SALESFORCE_CLIENT_ID", "none"),
            ("DESKBELL_SALESFORCE_CLIENT_SECRET", "none"),
        ],
    ),
    ("shortcut", &[("DESKBELL_SHORTCUT_API_TOKEN", "none")]),
    ("slack", &[("SLACK_BOT_TOKEN", "xoxb-none"), ("DESKBELL_SLACK_API_URL", "http://127.0.0.1:9/api")]),
];

fn server(name: &str, variables: &[(&str, &str)]) -> ServerSpec {
    let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect();
    let command = env!("CARGO_BIN_EXE_deskbell").to_owned();
    let args = ["mcp", "serve", name].map(str::to_owned).into();
    approved::spec(name, Transport::Stdio { command, args, env, cwd: None })
}

/// The pointers of a look-up in a file that lead to nothing which the answer's schema has.
fn astray(file: &str, lookup: &str, answer: &Value) -> Vec<String> {
    let file: toml::Table = toml::from_str(file).unwrap();
    let pointers = file["lookups"][lookup]["result"].as_table().unwrap();
    let list = pointers.get("list").and_then(toml::Value::as_str).unwrap_or_default();
    let is_there = |(field, pointer): &(&String, &toml::Value)| {
        let pointer = pointer.as_str().unwrap();
        // What is told of each entry counts from the entry.
        let path = if *field == "list" || list.is_empty() { pointer.to_owned() } else { format!("{list}/0{pointer}") };
        leads_somewhere(answer, answer, path.split('/').skip(1))
    };
    pointers
        .iter()
        .filter(|pointer| !is_there(pointer))
        .map(|(field, pointer)| format!("{field} = {pointer}"))
        .collect()
}

fn leads_somewhere<'p>(root: &Value, schema: &Value, mut path: impl Iterator<Item = &'p str> + Clone) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return root.pointer(&reference[1..]).is_some_and(|named| leads_somewhere(root, named, path));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().any(|choice| leads_somewhere(root, choice, path.clone()));
    }
    let Some(step) = path.next() else { return schema["type"] != "null" };
    let inner = if step.parse::<usize>().is_ok() { &schema["items"] } else { &schema["properties"][step] };
    !inner.is_null() && leads_somewhere(root, inner, path)
}

#[test]
fn a_pointer_that_leads_nowhere_is_found() {
    let shape = json!({
        "properties": { "hits": { "items": { "$ref": "#/$defs/Hit" } } },
        "$defs": { "Hit": { "properties": { "title": { "type": "string" } } } },
    });
    let file = "[lookups.search_knowledge]\nresult = { list = \"/hits\", title = \"/title\", snippet = \"/text\" }";
    assert_eq!(astray(file, "search_knowledge", &shape), ["snippet = \"/text\""]);
}

#[tokio::test]
async fn what_ships_for_our_own_servers_fits_them() {
    let host = McpHost::start(OWN.iter().map(|(name, variables)| server(name, variables)).collect());
    host.settled().await;
    for status in host.status() {
        assert_eq!(status.state, ServerState::Ready, "{}", status.name);
        let shipped = Shipped::named(&status.name).unwrap();
        let whole = ShippedUse { file: status.name.clone(), only: None, with: BTreeMap::new() };
        let written = shipped.bindings(&status.name, &whole).unwrap();
        let bindings = Bindings::check(&written, |server| server == status.name).unwrap();
        for (action, binding) in bindings.iter() {
            let faults: Vec<String> = binding.faults(&status).iter().map(ToString::to_string).collect();
            assert!(faults.is_empty(), "bindings/{}.toml, {action}: {faults:?}", status.name);
        }
        let written = shipped.lookups(&status.name, &whole).unwrap();
        let lookups = Lookups::check(&written, |server| server == status.name, |_, _| true).unwrap();
        for lookup in lookups.iter() {
            let faults: Vec<String> = lookup.faults(&status).iter().map(ToString::to_string).collect();
            assert!(faults.is_empty(), "bindings/{}.toml, {}: {faults:?}", status.name, lookup.name);
            let tool = status.tools.iter().find(|tool| tool.name == lookup.tool).unwrap();
            let answer = Value::Object(tool.output_schema.as_deref().unwrap().clone());
            let astray = astray(shipped.text, lookup.name, &answer);
            assert!(astray.is_empty(), "bindings/{}.toml, {}: {astray:?}", status.name, lookup.name);
        }
        assert!(bindings.iter().count() + lookups.iter().count() > 0, "{}", status.name);
    }
    host.shutdown().await;
}
