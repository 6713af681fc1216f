//! Cases in Salesforce in place of issues in Jira: the same rules, another binding.

use serde_json::{Value, json};

use super::{Desk, Wish};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";

/// A desk whose actions are bound to Deskbell's own Salesforce server.
fn bound_to_salesforce() -> Wish {
    let binary = env!("CARGO_BIN_EXE_deskbell");
    let mut wish = Wish::default()
        .config_with("server = \"jira\"", "server = \"salesforce\"")
        .config_with("tool = \"create_issue\"", "tool = \"upsert_case\"")
        .config_with("project_key = \"=action.project\", issue_type = \"=action.issue_type\", ", "")
        .config_with("summary = \"=action.summary\"", "subject = \"=action.summary\"")
        .config_with("priority = \"=action.priority\", labels = \"=action.labels\"", "origin = \"Slack\"")
        .config_with("issue_key = \"=external.key\"", "case_id = \"=external.key\"")
        .config_with("tool = \"add_comment\"", "tool = \"add_case_comment\"")
        .config_with("body = \"=action.body\"", "text = \"=action.body\"")
        .config_with("tool = \"transition_issue\"", "tool = \"update_case\"")
        .config_with("to_status = \"=action.to\"", "status = \"Closed\"");
    wish.config = format!(
        "[mcp.salesforce]\ncommand = \"{binary}\"\nargs = [\"mcp\", \"serve\", \"salesforce\"]\ncall_timeout = \"3s\"\n\
         env = {{ DESKBELL_SALESFORCE_URL = \"env:TEST_SALESFORCE_URL\", \
         DESKBELL_SALESFORCE_CLIENT_ID = \"text:sandbox-salesforce-consumer-key\", \
         DESKBELL_SALESFORCE_CLIENT_SECRET = \"env:TEST_SALESFORCE_SECRET\" }}\n"
    );
    wish
}

/// The cases that Deskbell made.
fn own(state: &Value) -> Vec<Value> {
    let cases = state["salesforce"]["cases"].as_array().unwrap();
    cases.iter().filter(|case| case["external_id"] != "").cloned().collect()
}

async fn becomes_one_case(desk: &Desk) -> Value {
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    let case = desk.until("the case", |state| own(&state.0).first().cloned()).await;
    let number = case["number"].as_str().unwrap().to_owned();
    desk.until_message("the case's number on the card", &card, |message| message.says(&number)).await;
    desk.settled().await;
    assert_eq!(own(&desk.state().await).len(), 1, "{}", desk.log());
    case
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_request_becomes_a_case() {
    let desk = Desk::open(bound_to_salesforce()).await;
    let case = becomes_one_case(&desk).await;
    assert!(case["description"].as_str().unwrap().contains("402"), "{case}");
    assert_eq!(case["status"], "New");
}

/// The case is made, its answer gets lost, and the token ends before the call is repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_whose_answer_got_lost_is_made_once() {
    let desk = Desk::open(bound_to_salesforce()).await;
    let upsert = "salesforce:PATCH /sobjects/Case/{field}/{value}";
    desk.fault(json!({ "target": upsert, "kind": "lost_response", "count": 1 })).await;
    desk.fault(json!({ "target": upsert, "kind": "status", "status": 401, "count": 1 })).await;
    becomes_one_case(&desk).await;
    let counts = desk.sandbox.salesforce().unwrap().counts();
    assert_eq!(counts.tokens, 2, "{}", desk.log());
}
