//! What a resolution and a handover carry beyond the tracker: into the customer's record, and onto the helpdesk's ticket.

use deskbell_sandbox::zendesk::HookTarget;
use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, Wish};

const PAYMENT: &str = "A payment failed with error 402, the customer is waiting";

fn crm() -> Value {
    let tool = |name: &str, reads: bool| {
        json!({
            "name": name, "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": reads },
        })
    };
    json!({
        "tools": [tool("find_customer", true), tool("write_back", false)],
        "answers": { "find_customer": { "account": { "id": "001xx", "name": "Contoso Ltd" } }, "write_back": {} },
    })
}

const BINDINGS: &str = r#"
[lookups.lookup_customer]
server = "salesforce"
tool = "find_customer"
deadline = "20s"
arguments = { email = "=requester.email" }
result = { id = "/account/id", account = "/account/name" }

[actions.write_back]
server = "salesforce"
tool = "write_back"
arguments = { account_id = "=action.account", subject = "=action.subject", summary = "=action.summary", conversation = "=action.conversation", issue = "=external.key", idempotency_key = "=idempotency_key" }
"#;

/// Claims and resolves by the squad's alert.
async fn resolves(desk: &Desk, who: &str, channel: &str) {
    let alert = desk.until_posted("the alert", channel, |message| message.has_button("claim")).await;
    assert_eq!(desk.presses(who, &alert, "claim").await["ok"], true);
    let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    assert_eq!(desk.presses(who, &alert, "resolve").await["ok"], true);
    desk.until_message("the resolved alert", &alert, |alert| alert.says("Resolved by")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_is_kept_with_the_customers_record_once() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("crm.json");
    scripted::write(&script, &crm());
    let config = format!("{}\n{BINDINGS}", stranger("salesforce", &script));
    let wish = Wish { config, ..Wish::default() };
    let policy = format!("write_back = [\"resolution\"]\n{}", wish.policy);
    let desk = Desk::open(Wish { policy, ..wish }).await;
    let card = desk.asks("U0GRACE", PAYMENT).await;
    let issue = desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let written = || scripted::calls(&script).into_iter().filter(|call| call["name"] == "write_back");
    assert_eq!(written().count(), 0, "nothing came of it yet");

    resolves(&desk, "U0BEN", "C0PAYMENTS").await;
    desk.settled().await;
    let calls: Vec<Value> = written().collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let arguments = &calls[0]["arguments"];
    assert_eq!((&arguments["account_id"], &arguments["issue"]), (&json!("001xx"), &issue["key"]));
    let said = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
    assert!(
        said("summary").contains("**Resolved by** Ben Okafor")
            && said("summary").contains(issue["key"].as_str().unwrap())
    );
    assert!(said("conversation").contains(PAYMENT) && said("subject").starts_with(&card.number()), "{arguments}");
    assert!(said("idempotency_key").contains(&card.number()), "{arguments}");
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(trail.contains("approved") && trail.contains("U0BEN"), "{trail}");

    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.split("[actions.write_back]").next().unwrap()).unwrap();
    let (well, said) = desk.runs(&["doctor"]).await;
    assert!(!well && said.contains("the action `write_back` is bound to no tool"), "{said}");
}

const HELPDESK: &str = r#"
[mcp.helpdesk]
command = "BINARY"
args = ["mcp", "serve", "helpdesk"]
env = { DESKBELL_ZENDESK_URL = "env:TEST_ZENDESK_URL", DESKBELL_ZENDESK_EMAIL = "env:TEST_ZENDESK_EMAIL", DESKBELL_ZENDESK_API_TOKEN = "env:TEST_ZENDESK_TOKEN" }

[actions.update_ticket]
server = "helpdesk"
tool = "add_internal_note"
arguments = { ticket_id = "=action.external_id", internal_note = "='Deskbell (' ~ action.status ~ '): ' ~ action.note", idempotency_key = "=idempotency_key" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_helpdesks_ticket_gets_a_note_for_agents_when_it_is_taken_and_when_it_is_solved() {
    let config = HELPDESK.replace("BINARY", env!("CARGO_BIN_EXE_deskbell"));
    let wish = Wish { config, ..Wish::default() };
    let wish = wish.policy_with("actions = [\"create_issue\"]", "actions = [\"create_issue\", \"update_ticket\"]");
    let desk = Desk::open(wish).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let url = format!("{}/helpdesk/zendesk", desk.url());
    zendesk.set_webhook(Some(HookTarget { url, secret: "zendesk-secret".into() }));
    zendesk.ask("Max Berg", "max@customer.example", "Charged twice", "The card was charged twice for one invoice");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    resolves(&desk, "U0BEN", "C0PAYMENTS").await;
    desk.settled().await;
    let comments = zendesk.snapshot()["tickets"][0]["comments"].as_array().unwrap().clone();
    let notes: Vec<&Value> = comments.iter().filter(|comment| comment["public"] == false).collect();
    assert_eq!(notes.len(), 2, "{comments:?}");
    for (note, status) in notes.iter().zip(["open", "solved"]) {
        let text = note["text"].as_str().unwrap();
        assert!(text.contains(&format!("Deskbell ({status})")) && text.contains(&card.number()), "{text}");
    }
    assert_eq!(comments.len(), 3, "the customer hears nothing of it: {comments:?}");
}
