//! A Jira server that nobody here wrote, joined by configuration alone: mcp-atlassian from `PyPI`, in front of the sandbox's Jira in its
//! Data Center shape. `tests/run rust` installs it and names it; without it this test says so and passes.

use serde_json::{Value, json};

use super::{Desk, Wish};

/// The environment variable that names the program `mcp-atlassian`.
const PROGRAM: &str = "DESKBELL_MCP_ATLASSIAN";

/// mcp-atlassian with the bindings that ship for it, and the one that they leave to the company: the ids of its transitions.
fn bound_to_mcp_atlassian(program: &str) -> Wish {
    let config = format!(
        r#"
[mcp.atlassian]
command = "{program}"
startup_timeout = "60s"
call_timeout = "20s"
required = true
allow = ["jira_create_issue", "jira_add_comment", "jira_update_issue", "jira_transition_issue", "jira_search"]
bindings = "mcp-atlassian"
env = {{ JIRA_URL = "env:TEST_JIRA_URL", JIRA_PERSONAL_TOKEN = "env:TEST_JIRA_TOKEN" }}
"#
    );
    let actions = r#"
[actions.transition]
server = "atlassian"
tool = "jira_transition_issue"
arguments = { issue_key = "=external.key", transition_id = "={'In Progress': '21', 'Done': '41'}[action.to]" }
"#;
    let wish = Wish { config, actions: actions.to_owned(), ..Wish::default() };
    wish.policy_with(r#"actions = ["create_issue"]"#, r#"actions = ["create_issue", "comment"]"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_decision_becomes_an_issue_a_comment_and_a_transition_through_mcp_atlassian() {
    let Some(program) = std::env::var(PROGRAM).ok().filter(|program| !program.is_empty()) else {
        eprintln!(
            "SKIPPED: nothing was tried with mcp-atlassian; set {PROGRAM} to its program, as `tests/run rust` does"
        );
        return;
    };
    let desk = Desk::open(bound_to_mcp_atlassian(&program)).await;
    let card = desk.asks("U0GRACE", "A refund of 12.50 did not arrive, the customer is waiting").await;
    let issue = desk.confirms("U0BEN", &card).await;
    assert_eq!((&issue["key"], &issue["issuetype"]), (&json!("PAY-1"), &json!("Bug")));
    let labels = issue["labels"].as_array().unwrap();
    assert!(labels.contains(&json!("squad-payments")), "{labels:?}");
    desk.until_message("the issue's key on the card", &card, |card| card.says("PAY-1")).await;
    let commented = desk
        .until("the comment", |state| state.issues().into_iter().find(|issue| issue["comments"][0].is_object()))
        .await;
    assert!(commented["comments"][0]["text"].as_str().unwrap().contains("Asked by"), "{commented}");
    let alert = desk.until_posted("the squad's alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    desk.presses("U0BEN", &alert, "claim").await;
    let claimed = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.presses("U0BEN", &claimed, "resolve").await;
    let done = |issue: &Value| issue["status"] == "Done";
    desk.until("the transition", |state| state.issues().into_iter().find(done)).await;
    desk.settled().await;
    let counts = desk.sandbox.jira().unwrap().counts();
    assert_eq!((counts.issues, counts.comments, counts.transitions), (1, 1, 1));
    // Data Center's REST v2 alone: a personal token opens no other door.
    let paths = desk.sandbox.jira().unwrap().exchanges();
    assert!(paths.iter().any(|sent| sent.path.starts_with("/rest/api/2/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_whose_answer_got_lost_is_found_by_its_label_through_mcp_atlassian() {
    let Some(program) = std::env::var(PROGRAM).ok().filter(|program| !program.is_empty()) else {
        eprintln!(
            "SKIPPED: nothing was tried with mcp-atlassian; set {PROGRAM} to its program, as `tests/run rust` does"
        );
        return;
    };
    let desk = Desk::open(bound_to_mcp_atlassian(&program)).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "lost_response", "count": 1 })).await;
    let card = desk.asks("U0GRACE", "A refund of 12.50 did not arrive, the customer is waiting").await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    assert_eq!(desk.sandbox.jira().unwrap().counts().issues, 1, "{}", desk.log());
}
