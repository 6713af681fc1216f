//! The issue becomes whoever claims the ticket, rules label it, and Undo gives back what was there before.

use serde_json::{Value, json};

use super::{Desk, Message, State, Wish};

const REFUND: &str = "A refund of 12.50 did not arrive, the customer is waiting";
const RULE: &str = "when = 'assessment.category == \"payments\"'";

/// Deskbell's own bindings of this server, and rules that label.
fn labelling(server: &str) -> Wish {
    let arguments = format!("args = [\"mcp\", \"serve\", \"{server}\"]");
    Wish { actions: String::new(), ..Wish::default() }
        .policy_with(RULE, &format!("{RULE}\nlabels = [\"money\", \"squad-payments\"]"))
        .config_with(&arguments, &format!("{arguments}\nbindings = \"{server}\""))
}

async fn issue(desk: &Desk) -> Value {
    let issues = State(desk.state().await).issues();
    issues.into_iter().find(|issue| issue["key"] == "PAY-1").unwrap()
}

fn has_label(issue: &Value, label: &str) -> bool {
    issue["labels"].as_array().unwrap().iter().any(|known| known == label)
}

/// Somebody works on the issue in Jira itself.
async fn puts(desk: &Desk, path: &str, body: &Value) {
    let url = format!("{}/rest/api/3/issue/PAY-1{path}", desk.sandbox.jira_url().unwrap());
    let request = desk.http.put(url).basic_auth("deskbell@northwind.example", Some("sandbox-jira-token"));
    let answer = request.json(body).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
}

async fn alert(desk: &Desk) -> Message {
    desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await
}

/// A confirmed request whose alert this person claims.
async fn claimed_by(desk: &Desk, who: &str) -> Message {
    let card = desk.asks("U0GRACE", REFUND).await;
    desk.confirms("U0BEN", &card).await;
    let alert = alert(desk).await;
    desk.settled().await;
    assert_eq!(desk.presses(who, &alert, "claim").await["ok"], true);
    desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.settled().await;
    desk.again(&alert).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_gets_the_issue_and_undo_gives_it_and_its_labels_back() {
    let desk = Desk::open(labelling("jira")).await;
    let card = desk.asks("U0GRACE", REFUND).await;
    desk.confirms("U0BEN", &card).await;
    let alert = alert(&desk).await;
    desk.settled().await;
    let made = issue(&desk).await;
    assert!(has_label(&made, "money") && has_label(&made, "squad-payments"), "{made}");
    puts(&desk, "/assignee", &json!({ "accountId": "712020:ana" })).await;
    puts(&desk, "", &json!({ "update": { "labels": [{ "add": "vip" }] } })).await;

    assert_eq!(desk.presses("U0CARLA", &alert, "claim").await["ok"], true);
    let assigned = |state: &State| state.issues().into_iter().find(|issue| issue["assignee"] == "Carla Mendes");
    desk.until("the assigned issue", assigned).await;
    desk.settled().await;
    assert!(!desk.again(&alert).await.says("Not assigned"));

    let card = desk.again(&card).await;
    assert!(card.says("take money off PAY-1") && card.says("assign PAY-1 to who had it before"), "{}", card.all_text());
    assert_eq!(desk.presses("U0BEN", &card, "undo").await["ok"], true);
    desk.until_message("the undone decision", &card, |card| card.says("✅ take money off PAY-1")).await;
    desk.settled().await;
    let undone = issue(&desk).await;
    assert_eq!((&undone["assignee"], &undone["status"]), (&json!("Ana Torres"), &json!("Done")), "{undone}");
    assert!(
        !has_label(&undone, "money") && has_label(&undone, "vip") && has_label(&undone, "squad-payments"),
        "{undone}"
    );
}

/// Ben's address is another one in Jira.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_by_whom_the_tracker_does_not_know_stands_and_the_alert_says_so() {
    let desk = Desk::open(labelling("jira")).await;
    let alert = claimed_by(&desk, "U0BEN").await;
    assert!(alert.says("Not assigned: Jira did not take them for PAY-1"), "{}", alert.all_text());
    assert_eq!(issue(&desk).await["assignee"], Value::Null);
    assert!(State(desk.state().await).messages("C0OPS").is_empty(), "nothing for ops to settle");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tool_that_assigns_the_alert_says_so() {
    let desk = Desk::open(Wish::default()).await;
    let alert = claimed_by(&desk, "U0BEN").await;
    assert!(alert.says("no tool is bound to `assign`"), "{}", alert.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_assigned_and_labelled_and_given_back_too() {
    let binary = env!("CARGO_BIN_EXE_deskbell");
    let config = format!(
        "[mcp.shortcut]\ncommand = \"{binary}\"\nargs = [\"mcp\", \"serve\", \"shortcut\"]\ncall_timeout = \"3s\"\n\
         env = {{ DESKBELL_SHORTCUT_URL = \"env:TEST_SHORTCUT_URL\", DESKBELL_SHORTCUT_API_TOKEN = \"env:TEST_SHORTCUT_TOKEN\" }}\n"
    );
    let wish = labelling("shortcut").policy_with("project = \"PAY\"", "project = \"payments\"");
    let desk = Desk::open(Wish { config, ..wish }).await;
    let card = desk.asks("U0GRACE", REFUND).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    let alert = alert(&desk).await;
    assert_eq!(desk.presses("U0CARLA", &alert, "claim").await["ok"], true);
    let story = |state: &State| state.0["shortcut"]["stories"].get(0).cloned();
    let said = |story: &Value, words: &str| story.to_string().contains(words);
    desk.until("the assigned story", |state| story(state).filter(|it| said(it, "Carla Mendes") && said(it, "money")))
        .await;
    desk.settled().await;
    let card = desk.again(&card).await;
    assert_eq!(desk.presses("U0BEN", &card, "undo").await["ok"], true);
    desk.until_message("the undone decision", &card, |card| card.says("✅ take money off")).await;
    desk.settled().await;
    let undone = story(&State(desk.state().await)).unwrap();
    assert!(!said(&undone, "Carla Mendes") && !said(&undone, "\"money\""), "{undone}");
    assert!(said(&undone, "\"squad-payments\""), "{undone}");
}
