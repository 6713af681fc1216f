//! What a server says of its tools: listed page by page, each judged by itself, so that one bad definition costs one tool.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::ServiceError;
use rmcp::model::{ClientRequest, CustomResult, ListToolsRequest, PaginatedRequestParams, ServerResult, Tool};
use rmcp::service::{Peer, RoleClient};
use serde_json::{Map, Value, json};

use super::outcome;
use super::reason::Reason;
use super::spec::ToolFilter;

/// Pages of a list; a server whose list never ends is not listed at all.
const PAGES_MAX: usize = 100;
/// Tools of a server. The largest known lists about a hundred.
const TOOLS_MAX: usize = 1_000;
/// Bytes of one definition.
const DEFINITION_BYTES_MAX: usize = 128 * 1024;
/// Characters of a name (<https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-names>).
const NAME_CHARS_MAX: usize = 128;

/// What of a tool the rest of Deskbell needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolInfo {
    /// Its name on its server.
    pub name: String,
    /// What the server says it does: data, never an instruction.
    pub description: String,
    /// JSON schema of its arguments.
    pub input_schema: Arc<Map<String, Value>>,
    /// JSON schema of its structured result.
    pub output_schema: Option<Arc<Map<String, Value>>>,
    /// What the server says of its effects, as it says it: hints, never permissions.
    pub annotations: Value,
    /// Whether the server says that it only reads: a hint, never a permission.
    pub read_only_hint: bool,
}

/// A tool that can't be called, because its definition can't be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedTool {
    /// Its name, as far as it has one.
    pub name: String,
    /// What is wrong with its definition.
    pub reason: String,
}

/// A server's tools, those that the configuration keeps out left aside.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Listing {
    pub tools: Vec<ToolInfo>,
    pub quarantined: Vec<QuarantinedTool>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("{0}")]
    Service(#[from] ServiceError),
    #[error("what it answered is no list of tools")]
    NoList,
    #[error("its list does not end: more than {PAGES_MAX} pages or {TOOLS_MAX} tools")]
    Endless,
}

impl ListError {
    /// Without the server's words where it is logged.
    pub fn reason(&self) -> Reason {
        const PHRASE: &str = "the server did not list its tools";
        match self {
            Self::Service(error) => outcome::of_service_error(error).reason().clone().after(PHRASE),
            Self::NoList | Self::Endless => Reason::from(format!("{PHRASE}: {self}")),
        }
    }
}

impl ToolInfo {
    /// What a person relied on when they let Deskbell use the tool, in one way of writing it: names in order.
    pub fn definition(&self) -> Value {
        json!({
            "name": self.name, "description": self.description, "inputSchema": *self.input_schema,
            "outputSchema": self.output_schema.as_deref(), "annotations": self.annotations,
        })
    }
}

/// Lists all tools.
pub(super) async fn list(peer: &Peer<RoleClient>, filter: &ToolFilter) -> Result<Listing, ListError> {
    let mut written = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params));
        let (tools, next) = page(peer.send_request(request).await?)?;
        written.extend(tools);
        if written.len() > TOOLS_MAX {
            return Err(ListError::Endless);
        }
        match next {
            None => return Ok(judged(written, filter)),
            next => cursor = next,
        }
    }
    Err(ListError::Endless)
}

/// The tools of a page as written, and where the next one begins.
fn page(answer: ServerResult) -> Result<(Vec<Value>, Option<String>), ListError> {
    match answer {
        ServerResult::ListToolsResult(page) => {
            let tools = page.tools.iter().map(|tool| serde_json::to_value(tool).unwrap_or(Value::Null)).collect();
            Ok((tools, page.next_cursor))
        }
        // A definition that is none makes the whole page something unknown.
        ServerResult::CustomResult(CustomResult(Value::Object(mut page))) => {
            let Some(Value::Array(tools)) = page.remove("tools") else { return Err(ListError::NoList) };
            Ok((tools, page.get("nextCursor").and_then(Value::as_str).map(str::to_owned)))
        }
        _ => Err(ListError::NoList),
    }
}

fn judged(written: Vec<Value>, filter: &ToolFilter) -> Listing {
    let mut listing = Listing::default();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for value in written {
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !name.is_empty() && !filter.admits(&name) {
            continue;
        }
        *names.entry(name.clone()).or_default() += 1;
        match judge(&name, value) {
            Ok(tool) => listing.tools.push(tool),
            Err(reason) => listing.quarantined.push(QuarantinedTool { name: shown(&name), reason }),
        }
    }
    // Nobody could say which of them is called.
    let is_twice = |name: &str| names.get(name).is_some_and(|count| *count > 1);
    listing.tools.retain(|tool| !is_twice(&tool.name));
    for name in names.iter().filter(|(_, count)| **count > 1).map(|(name, _)| name) {
        listing.quarantined.retain(|tool| tool.name != *name);
        listing.quarantined.push(QuarantinedTool { name: shown(name), reason: "its name is listed twice".to_owned() });
    }
    listing
}

/// What of a foreign name is shown.
fn shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect()
}

fn judge(name: &str, value: Value) -> Result<ToolInfo, String> {
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(format!("its name is empty, has control characters or is longer than {NAME_CHARS_MAX} characters"));
    }
    if value.to_string().len() > DEFINITION_BYTES_MAX {
        return Err(format!("its definition is longer than {DEFINITION_BYTES_MAX} bytes"));
    }
    let annotations = value.get("annotations").cloned().unwrap_or(Value::Null);
    let tool: Tool = serde_json::from_value(value).map_err(|error| format!("its definition can't be read: {error}"))?;
    fault("inputSchema", &tool.input_schema).map_or(Ok(()), Err)?;
    let output = tool.output_schema.as_deref();
    output.and_then(|schema| fault("outputSchema", schema)).map_or(Ok(()), Err)?;
    Ok(ToolInfo {
        name: tool.name.into_owned(),
        description: tool.description.unwrap_or_default().into_owned(),
        input_schema: tool.input_schema,
        output_schema: tool.output_schema,
        read_only_hint: tool.annotations.and_then(|hints| hints.read_only_hint) == Some(true),
        annotations,
    })
}

/// What keeps a schema from saying which properties there are.
fn fault(field: &str, schema: &Map<String, Value>) -> Option<String> {
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Some(format!("{field} is not of type \"object\""));
    }
    match schema.get("properties") {
        None => {}
        Some(Value::Object(properties)) => {
            let bad = properties.iter().find(|(_, schema)| !schema.is_object() && !schema.is_boolean());
            if let Some((name, _)) = bad {
                return Some(format!("{field}.properties.{} is no schema", shown(name)));
            }
        }
        Some(_) => return Some(format!("{field}.properties is no object")),
    }
    match schema.get("required") {
        None => None,
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => None,
        Some(_) => Some(format!("{field}.required is no list of names")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(name: &str) -> Value {
        json!({ "name": name, "inputSchema": { "type": "object", "properties": { "a": { "type": "string" } } } })
    }

    #[test]
    fn a_bad_definition_costs_one_tool() {
        let listing = judged(
            vec![
                good("fine"),
                json!({ "name": "text", "inputSchema": "object" }),
                json!({ "name": "list", "inputSchema": { "type": "array" } }),
                json!({ "name": "names", "inputSchema": { "type": "object", "required": [1] } }),
                json!({ "name": "inner", "inputSchema": { "type": "object", "properties": { "a": 7 } } }),
                json!({ "inputSchema": {} }),
                json!({ "name": "long", "description": "x".repeat(DEFINITION_BYTES_MAX), "inputSchema": {} }),
                good("twice"),
                good("twice"),
                good("kept_out"),
            ],
            &ToolFilter { allow: None, deny: vec!["kept_*".to_owned()] },
        );
        assert_eq!(listing.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["fine"]);
        let bad: Vec<&str> = listing.quarantined.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(bad, ["text", "list", "names", "inner", "", "long", "twice"]);
    }

    #[test]
    fn a_definition_is_written_in_one_way() {
        let text = |written: &str| judge("a", serde_json::from_str(written).unwrap()).unwrap().definition().to_string();
        let one = text(r#"{ "name": "a", "description": "d", "inputSchema": { "type": "object", "title": "t" } }"#);
        let other = text(r#"{ "inputSchema": { "title": "t", "type": "object" }, "description": "d", "name": "a" }"#);
        assert_eq!(one, other);
        let drifted = text(
            r#"{ "name": "a", "description": "d", "inputSchema": { "type": "object", "title": "t" }, "annotations": { "readOnlyHint": true } }"#,
        );
        assert_ne!(one, drifted);
    }
}
