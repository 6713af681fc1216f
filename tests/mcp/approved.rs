//! An approved action as the store would give it back, and how it is carried out.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell::mcp_host::{
    Attendant, Bindings, DispatchError, McpHost, Progress, Question, Reply, ServerSpec, ToolFilter, Transport,
};
use deskbell_domain::action::{ApprovedAction, StoredTicket};
use deskbell_domain::ticket::{ExternalRef, Ticket};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use serde_json::{Map, Value, json};

/// A ticket on which a comment was approved.
pub fn ticket() -> Ticket {
    let (id, at) = (json!({ "ticket": 1, "ordinal": 1 }), "2026-11-21T10:00:00Z");
    let ticket = json!({
        "workspace": "T1", "id": 1, "status": "dispatching",
        "source": { "from": "slack_form", "channel": null, "path": "slash_command" },
        "requester": "U1", "requester_is_external": false, "received_at": at, "last_message_at": at, "revision": 1,
        "squad": null, "queue": null, "priority": null, "category": null, "severity": 3, "decision": null, "answer": null,
        "approvals": [{ "by": "deskbell", "at": at, "actions": [id] }],
        "actions": [{ "id": id, "name": "comment", "primary": false, "generation": 0, "state": { "state": "pending" } }],
        "external": null, "card": { "channel": "C1", "thread": null, "posted": null, "shown": 0 }, "notices": [],
        "assignee": null, "escalation": null, "sla": null, "sla_round": 0, "changes": 0, "closed_at": null,
        "words": {
            "messages": [], "subject": null, "requester_name": null, "requester_email": null, "assessment": null,
            "actions": [[id, { "kind": "comment", "body": "It is fixed." }]],
        },
    });
    serde_json::from_value(ticket).unwrap()
}

/// `comment` bound to a tool; `more` is the rest of the binding in TOML.
pub fn bound(server: &str, tool: &str, more: &str) -> Bindings {
    let text = format!("[comment]\nserver = \"{server}\"\ntool = \"{tool}\"\n{more}\n");
    Bindings::check(&toml::from_str(&text).unwrap(), |known| known == server).unwrap()
}

/// `comment` bound to a tool, with arguments as they are.
pub fn bound_to(server: &str, tool: &str, arguments: &Value) -> Bindings {
    // TOML has no null: what is null is left out, as the host does.
    let given: Map<String, Value> = arguments.as_object().unwrap().clone();
    let given: Map<String, Value> = given.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let binding = json!({ "comment": { "server": server, "tool": tool, "arguments": given } });
    Bindings::check(&serde_json::from_value(binding).unwrap(), |known| known == server).unwrap()
}

/// Carries the ticket's comment out.
pub async fn send(host: &McpHost, bindings: &Bindings, ticket: &Ticket) -> Result<Option<ExternalRef>, DispatchError> {
    let stored = StoredTicket::read_back(ticket.clone());
    let approved = ApprovedAction::rebuild(&stored, ticket.actions[0].id).unwrap();
    let key = approved.idempotency_key(&ticket.workspace);
    host.ready(bindings, &approved, &key).await?.send(&AsItStands).await.map(|done| done.made)
}

/// Somebody who answers every question with what stands in it already.
pub struct AsItStands;

impl Attendant for AsItStands {
    fn ask(&self, question: Question) -> BoxFuture<'_, Reply> {
        ready(question.as_it_stands().map_or(Reply::Decline, |content| Reply::Accept { content })).boxed()
    }

    fn withdrawn(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn progressed(&self, _progress: &Progress) {}

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        pending().boxed()
    }
}

/// A server, with room and time for all that a test does.
pub fn spec(name: &str, transport: Transport) -> ServerSpec {
    ServerSpec {
        name: name.to_owned(),
        transport,
        startup_timeout: Duration::from_secs(30),
        call_timeout: Duration::from_secs(60),
        call_limit: Duration::from_secs(600),
        asks_people: true,
        max_concurrency: 64,
        required: true,
        response_bytes_max: 1024 * 1024,
        tools: ToolFilter::default(),
    }
}

/// A server that this test program is when it is started again as the child `test`.
pub fn child(name: &str, test: &str, env: BTreeMap<String, secrecy::SecretString>) -> ServerSpec {
    let command = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let args = ["--exact", test, "--ignored", "--nocapture"].map(String::from).into();
    spec(name, Transport::Stdio { command, args, env, cwd: None })
}
