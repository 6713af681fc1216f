//! Every request that the helpdesk server sends to Zendesk, and every answer of the box, against the vendor's
//! `OpenAPI` document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::helpdesk_site::{Account, Passed};
use crate::openapi::{Exchange, OpenApi};
use crate::recording::{Recorder, Sent};

/// The operations that the server uses.
const OPERATIONS: [&str; 12] = [
    "GET /api/v2/groups/assignable",
    "GET /api/v2/incremental/tickets/cursor",
    "GET /api/v2/search",
    "GET /api/v2/tickets",
    "GET /api/v2/tickets/{ticket_id}",
    "GET /api/v2/tickets/{ticket_id}/audits",
    "GET /api/v2/tickets/{ticket_id}/comments",
    "GET /api/v2/users/search",
    "GET /api/v2/views/active",
    "GET /api/v2/views/count_many",
    "POST /api/v2/tickets",
    "PUT /api/v2/tickets/{ticket_id}",
];

/// Query parameters that the document describes in words only: pagination
/// (<https://developer.zendesk.com/api-reference/introduction/pagination/>), the order of comments, and what is loaded
/// beside (<https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/side_loading/>).
const IN_WORDS_ONLY: [&str; 6] = ["page[size]", "page[after]", "page", "per_page", "sort", "include"];

#[tokio::test]
async fn every_request_and_answer_keeps_to_the_vendors_document() {
    let Some(document) = OpenApi::load("zendesk-support.yaml") else { return };
    let account = Account::start().await;
    let recorder = Recorder::new(&account.client, || account.passed().len());
    use_every_tool(&recorder).await;
    let passed = account.passed();
    let sent: Vec<Sent<'_>> =
        passed.iter().map(|it| Sent { method: &it.method, path: &it.path, query: &it.query, body: &it.body }).collect();
    recorder.keep("zendesk", &sent).await;
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for passed in passed {
        if let Some((template, _)) = document.operation(&passed.method, &passed.path) {
            used.insert(format!("{} {template}", passed.method));
        }
        faults.extend(faults_of(&document, &passed));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(used.into_iter().collect::<Vec<_>>(), OPERATIONS);
}

fn faults_of(document: &OpenApi, passed: &Passed) -> Vec<String> {
    let mut query = passed.query.clone();
    query.retain(|(name, _)| !IN_WORDS_ONLY.contains(&name.as_str()));
    let mut faults = document.faults(&Exchange {
        method: &passed.method,
        path: &passed.path,
        query: &query,
        body: &passed.body,
        status: passed.status,
        answer: &without_nulls(&passed.answer),
    });
    // The document demands start_time always; the guide gives it the first time only, then the cursor alone:
    // https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api/
    if query.iter().any(|(name, _)| name == "cursor") {
        faults.retain(|fault| !fault.contains("no query parameter \"start_time\""));
    }
    // A change of tags is a list of words, says the reference of events:
    // https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-audit-events-reference/
    faults.retain(|fault| !(fault.contains("answer.audit.events[") && fault.contains(".value: [")));
    faults.extend(unknown_fields(document, &passed.body["ticket"]));
    faults
}

/// Zendesk writes null for what is not set, which its document says of few fields.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            set.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The document's schemas take any field; this does not. What `TicketObject` marks as write-only is allowed with the
/// fields of creations and updates.
fn unknown_fields(document: &OpenApi, ticket: &Value) -> Vec<String> {
    let known = |schema: &str, name: &str| document.property(schema, name).is_some();
    let writable = |name: &str| {
        known("TicketUpdateInput", name)
            || document.property("TicketObject", name).is_some_and(|property| property["writeOnly"] == true)
    };
    let empty = serde_json::Map::new();
    let of_ticket = ticket.as_object().unwrap_or(&empty).keys().filter(|name| !writable(name));
    let of_comment = ticket["comment"].as_object().unwrap_or(&empty).keys();
    let of_comment = of_comment.filter(|name| !known("TicketCommentObject", name));
    of_ticket.chain(of_comment).map(|name| format!("ticket: {name} is no field that Zendesk takes")).collect()
}

/// Each tool, with everything that it takes.
async fn use_every_tool(account: &Recorder<'_, impl Fn() -> usize>) {
    let whole = json!({
        "subject": "Refund fails", "public_message": "Steps", "requester_email": "new@acme.example",
        "requester_name": "Nia New", "priority": "high", "group": "Billing", "assignee_email": "ana@example.com",
        "tags": ["vip"], "idempotency_key": "k",
    });
    account.done("create_ticket", whole.clone()).await;
    account.done("create_ticket", whole).await;
    account.done("create_ticket", json!({ "subject": "b", "internal_note": "c" })).await;
    for key in ["k", "other"] {
        account.done("find_by_idempotency_key", json!({ "idempotency_key": key })).await;
    }
    account.done("get_ticket", json!({ "ticket_id": "1" })).await;
    let note = json!({ "ticket_id": "1", "internal_note": "x", "idempotency_key": "n" });
    account.done("add_internal_note", note.clone()).await;
    account.done("add_internal_note", note).await;
    account.done("reply_publicly", json!({ "ticket_id": "1", "public_message": "y" })).await;
    account.done("find_update_by_idempotency_key", json!({ "ticket_id": "1", "idempotency_key": "n" })).await;
    for status in ["open", "pending", "on_hold", "solved"] {
        let key = format!("s/{status}");
        account.done("set_status", json!({ "ticket_id": "1", "status": status, "idempotency_key": key })).await;
    }
    for priority in ["low", "normal", "high", "urgent"] {
        account.done("set_priority", json!({ "ticket_id": "1", "priority": priority })).await;
    }
    let both = json!({ "ticket_id": "1", "group": "Support", "assignee_email": "ben@example.com" });
    account.done("assign_ticket", both).await;
    account.done("change_tags", json!({ "ticket_id": "1", "add": ["eu"], "remove": ["vip"] })).await;
    let first = account.done("list_comments", json!({ "ticket_id": "1", "max_results": 1 })).await;
    let next = json!({ "ticket_id": "1", "next_page_token": first["next_page_token"] });
    account.done("list_comments", next).await;
    account.done("list_queues", json!({})).await;
    account.done("requester_history", json!({ "email": "new@acme.example" })).await;
    account.done("search_tickets", json!({ "query": "status<closed", "max_results": 1, "next_page_token": "2" })).await;
    let changes = account.done("list_changes", json!({ "since_unix_seconds": 0 })).await;
    account.done("list_changes", json!({ "cursor": changes["cursor"] })).await;
}
