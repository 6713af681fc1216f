//! Every request that the Jira server sends to Cloud, against the vendor's `OpenAPI` document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::openapi::{Exchange, OpenApi};
use crate::recording::{Recorder, Sent};
use crate::site::Site;

/// The operations that the server uses, but Jira Software's, which the document leaves out.
const OPERATIONS: [&str; 20] = [
    "GET /rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes",
    "GET /rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}",
    "GET /rest/api/3/issue/{issueIdOrKey}",
    "GET /rest/api/3/issue/{issueIdOrKey}/changelog",
    "GET /rest/api/3/issue/{issueIdOrKey}/comment",
    "GET /rest/api/3/issue/{issueIdOrKey}/transitions",
    "GET /rest/api/3/issueLinkType",
    "GET /rest/api/3/project/search",
    "GET /rest/api/3/project/{projectIdOrKey}/components",
    "GET /rest/api/3/project/{projectIdOrKey}/statuses",
    "GET /rest/api/3/user/search",
    "POST /rest/api/3/comment/list",
    "POST /rest/api/3/issue",
    "POST /rest/api/3/issue/{issueIdOrKey}/comment",
    "POST /rest/api/3/issue/{issueIdOrKey}/transitions",
    "POST /rest/api/3/issueLink",
    "POST /rest/api/3/search/jql",
    "PUT /rest/api/3/issue/{issueIdOrKey}",
    "PUT /rest/api/3/issue/{issueIdOrKey}/assignee",
    "PUT /rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}",
];

#[tokio::test]
async fn every_request_keeps_to_the_vendors_document() {
    let site = Site::start().await;
    let recorder = Recorder::new(&site.client, || site.jira.exchanges().len());
    use_every_tool(&recorder).await;
    let exchanges = site.jira.exchanges();
    let sent: Vec<Sent<'_>> = exchanges
        .iter()
        .map(|it| Sent { method: &it.method, path: &it.path, query: &it.query, body: &it.body })
        .collect();
    recorder.keep("jira", &sent).await;
    let Some(document) = OpenApi::load("jira-cloud-v3.json") else { return };
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for exchange in exchanges {
        if exchange.path.starts_with("/rest/agile/") {
            continue;
        }
        if let Some((template, _)) = document.operation(&exchange.method, &exchange.path) {
            used.insert(format!("{} {template}", exchange.method));
        }
        faults.extend(document.faults(&Exchange {
            method: &exchange.method,
            path: &exchange.path,
            query: &exchange.query,
            body: &exchange.body,
            status: exchange.status,
            answer: &exchange.answer,
        }));
    }
    // A field that had no value before: Jira answers null there, whatever its document says.
    faults.retain(|fault| !(fault.contains("/changelog answer") && fault.contains("null is no")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(used.into_iter().collect::<Vec<_>>(), OPERATIONS);
}

/// Each tool, with everything that it takes.
async fn use_every_tool(site: &Recorder<'_, impl Fn() -> usize>) {
    let whole = json!({
        "project_key": "PAY", "issue_type": "Bug", "summary": "Refund fails", "description": "# Steps\n\n- pay",
        "priority": "High", "labels": ["vip"], "components": ["Refunds"], "assignee_account_id": "712020:ana",
        "idempotency_key": "k",
    });
    site.done("create_issue", whole).await;
    site.done("create_issue", json!({ "project_key": "PAY", "issue_type": "Task", "summary": "b" })).await;
    for key in ["k", "other"] {
        site.done("find_by_idempotency_key", json!({ "idempotency_key": key })).await;
    }
    let comment = json!({ "issue_key": "PAY-1", "body": "see *this*", "idempotency_key": "c" });
    site.done("add_comment", comment.clone()).await;
    site.done("add_comment", comment).await;
    site.done("find_comment_by_idempotency_key", json!({ "issue_key": "PAY-1", "idempotency_key": "c" })).await;
    let keyed = |key: &str, arguments: Value| {
        let mut arguments = arguments;
        arguments["issue_key"] = json!("PAY-1");
        arguments["idempotency_key"] = json!(key);
        arguments
    };
    site.done("transition_issue", keyed("t", json!({ "to_status": "Done" }))).await;
    site.done("assign_issue", keyed("a", json!({ "email": "ben@example.com" }))).await;
    site.done("set_priority", keyed("p", json!({ "priority": "Low" }))).await;
    site.done("edit_labels", keyed("l", json!({ "add": ["eu"], "remove": ["vip"] }))).await;
    let link = json!({
        "from_issue_key": "PAY-1", "link_type": "blocks", "to_issue_key": "PAY-2", "idempotency_key": "li",
    });
    site.done("link_issues", link).await;
    site.done("get_issue", json!({ "issue_key": "PAY-1" })).await;
    let query = json!({ "jql": "project = PAY", "max_results": 1 });
    let page = site.done("search_issues", query.clone()).await;
    let mut next = query;
    next["next_page_token"] = page["next_page_token"].clone();
    site.done("search_issues", next).await;
    let similar = json!({ "summary": "Refund fails", "project_key": "PAY", "resolved_only": true });
    site.done("find_similar_issues", similar).await;
    for tool in ["get_issue_changelog", "get_issue_sprint", "list_transitions"] {
        site.done(tool, json!({ "issue_key": "PAY-1" })).await;
    }
    site.done("list_projects", json!({ "name_contains": "pay" })).await;
    for tool in ["list_components", "list_statuses"] {
        site.done(tool, json!({ "project_key": "PAY" })).await;
    }
    site.done("get_create_fields", json!({ "project_key": "PAY", "issue_type": "Bug" })).await;
    site.done("list_boards", json!({})).await;
    site.done("list_sprints", json!({ "board_id": 1 })).await;
}
