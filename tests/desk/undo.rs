//! Undo on the card: what was done is undone in the tracker, the squad's alert is withdrawn, and a person is asked again.

use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, State, Wish};

const REFUND: &str = "A refund of 12.50 did not arrive, the customer is waiting";

/// The issue is made without a priority, which is set then, so that there is one to give back.
fn wish() -> Wish {
    let wish = Wish::default()
        .policy_with("actions = [\"create_issue\"]", "actions = [\"create_issue\", \"set_priority\", \"comment\"]");
    let actions = wish.actions.replace("priority = \"=action.priority\", ", "");
    let bound = r#"
[actions.set_priority]
server = "jira"
tool = "set_priority"
arguments = { issue_key = "=external.key", priority = "=action.priority", idempotency_key = "=idempotency_key" }
result = { previous = "/previous/value" }
reconcile = "native"
"#;
    Wish { actions: format!("{actions}{bound}"), ..wish }.policy_with("high = \"p2\"", "high = \"p1\"")
}

/// A request that was confirmed and carried out; its card, which offers to undo that.
async fn followed(desk: &Desk) -> Message {
    let card = desk.asks("U0GRACE", REFUND).await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let card = desk.again(&card).await;
    assert!(card.says("PAY-1") && card.has_button("undo"), "{}", card.all_text());
    card
}

async fn issue(desk: &Desk, key: &str) -> Value {
    let issues = State(desk.state().await).issues();
    issues.into_iter().find(|issue| issue["key"] == key).unwrap_or_else(|| panic!("there is no {key}"))
}

fn comments(issue: &Value, words: &str) -> usize {
    let texts = issue["comments"].as_array().unwrap().iter().filter_map(|comment| comment["text"].as_str());
    texts.filter(|text| text.contains(words)).count()
}

async fn until_asked_again(desk: &Desk, card: &Message) -> Message {
    desk.until_message("the card that asks again", card, |card| card.says("Undone by") && card.has_button("confirm"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_decision_closes_its_issue_withdraws_its_alert_and_asks_again() {
    let desk = Desk::open(wish()).await;
    let card = followed(&desk).await;
    assert!(card.says("close PAY-1 with a note") && card.says("back to Medium"), "{}", card.all_text());
    assert!(card.says("Stays as it is: the comment"), "what can't be undone is named: {}", card.all_text());
    assert_eq!(issue(&desk, "PAY-1").await["priority"], "Highest");
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;

    assert_eq!(desk.presses("U0BEN", &card, "undo").await["ok"], true);
    let asking = until_asked_again(&desk, &card).await;
    assert!(!asking.has_button("undo"), "{}", asking.all_text());
    let withdrawn = desk.until_message("the withdrawn alert", &alert, |alert| alert.says("Withdrawn: <@U0BEN>")).await;
    assert!(!withdrawn.has_button("claim"), "{}", withdrawn.all_text());
    desk.settled().await;
    let closed = issue(&desk, "PAY-1").await;
    assert_eq!((closed["status"].as_str(), closed["priority"].as_str()), (Some("Done"), Some("Medium")), "{closed}");
    assert_eq!(comments(&closed, "was undone in Deskbell"), 1, "{closed}");
    let asking = desk.again(&card).await;
    assert!(asking.says("✅ close PAY-1 with a note") && asking.says("Stays as it is: the comment"), "{asking:?}");
    let thread = card.thread().unwrap().to_owned();
    desk.until_posted("the note in the thread", &card.channel, |message| {
        message.thread() == Some(&thread) && message.says("undid the decision")
    })
    .await;

    assert_eq!(desk.presses("U0CARLA", &asking, "confirm").await["ok"], true);
    desk.until_message("the new issue on the card", &card, |card| card.says("|PAY-2>") && card.has_button("undo"))
        .await;
    desk.until_posted("a new alert", "C0PAYMENTS", |message| message.says("PAY-2") && message.has_button("claim"))
        .await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues().len(), 2, "made once");
    assert_eq!(issue(&desk, "PAY-2").await["status"], "To Do");
    let (_, trail) = desk.runs(&["audit", "show", "--ticket", &card.number()]).await;
    assert!(trail.contains("undone"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_undoes_nothing_and_of_two_who_press_at_once_one_does() {
    let desk = Desk::open(wish()).await;
    let card = followed(&desk).await;
    assert_eq!(desk.presses("U0GRACE", &card, "undo").await["ok"], true);
    desk.until_told("U0GRACE", &card.channel, "You may not undo").await;
    desk.settled().await;
    assert_eq!(issue(&desk, "PAY-1").await["status"], "To Do");

    let (first, second) = tokio::join!(desk.presses("U0BEN", &card, "undo"), desk.presses("U0CARLA", &card, "undo"));
    assert_eq!((&first["ok"], &second["ok"]), (&json!(true), &json!(true)));
    until_asked_again(&desk, &card).await;
    desk.until("who was second to be told", |state| {
        let told =
            |message: &Message| message.says("DB-1 is undone already") && message.body["ephemeral_for"].is_string();
        state.messages(&card.channel).into_iter().find(told)
    })
    .await;
    desk.settled().await;
    let closed = issue(&desk, "PAY-1").await;
    assert_eq!((closed["status"].as_str(), comments(&closed, "was undone in Deskbell")), (Some("Done"), 1), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_that_is_down_can_not_undo_waits_for_ops() {
    let few = wish().config_with("lease = \"5s\"", "lease = \"5s\"\ndispatch_attempts = 2");
    let desk = Desk::open(few).await;
    let card = followed(&desk).await;
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.fault(json!({ "target": "jira:POST /issue/*/transitions", "kind": "status", "status": 503 })).await;
    assert_eq!(desk.presses("U0BEN", &card, "undo").await["ok"], true);
    let alert = desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await;
    desk.until_message("the card that says so", &card, |card| {
        card.says("Waits for ops: close PAY-1 with a note") && card.has_button("confirm")
    })
    .await;
    assert_ne!(issue(&desk, "PAY-1").await["status"], "Done");

    desk.no_faults().await;
    assert_eq!(desk.presses("U0ANNA", &alert, "ops_retry").await["ok"], true);
    desk.until_message("the card", &card, |card| card.says("✅ close PAY-1 with a note")).await;
    desk.settled().await;
    let closed = issue(&desk, "PAY-1").await;
    assert_eq!((closed["status"].as_str(), comments(&closed, "was undone in Deskbell")), (Some("Done"), 1), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_carried_out_by_itself_asks_a_person_once_it_is_undone() {
    let desk = Desk::open(wish()).await;
    let card = desk.asks("U0GRACE", "The API answers 500 on every call, production down").await;
    let card = desk.until_message("what the rule decided", &card, |card| card.has_button("undo")).await;
    desk.settled().await;
    assert_eq!(desk.presses("U0DEV", &desk.again(&card).await, "undo").await["ok"], true);
    until_asked_again(&desk, &card).await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues().len(), 1, "nothing ran by itself");
    assert_eq!(desk.tickets()[0].status, "awaiting_confirmation");
}

/// One ticket's priority holds the server's only place; the other's waits for it, and is not sent any more once its decision is
/// undone.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_turn_is_not_sent_once_its_decision_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.json");
    let tools = json!([{ "name": "say", "inputSchema": { "type": "object" } }]);
    scripted::write(&script, &json!({ "tools": tools, "answers": { "say": "hang" } }));
    let one_place =
        stranger("notes", &script).replace("call_timeout = \"3s\"", "call_timeout = \"20s\"\nmax_concurrency = 1");
    let wish = wish().config_with(
        "server = \"jira\"\ntool = \"set_priority\"\narguments = { issue_key",
        "server = \"notes\"\ntool = \"say\"\narguments = { issue",
    );
    let desk = Desk::open(Wish { config: one_place, ..wish }).await;
    let keys = || scripted::calls(&script).iter().map(|call| call["arguments"]["issue"].clone()).collect::<Vec<_>>();

    let first = desk.asks("U0GRACE", REFUND).await;
    desk.confirms("U0BEN", &first).await;
    let under_way = desk.until_message("the call on the card", &first, |card| card.has_button("call_cancel")).await;
    assert_eq!(keys(), [json!("PAY-1")]);
    let second = desk.asks("U0ANNA", "A refund of 9.00 did not arrive, the customer is waiting").await;
    desk.confirms("U0BEN", &second).await;
    let waiting = format!("{}/dispatch/2/", second.number());
    desk.until_leased(&waiting).await;
    let second = desk.until_message("its undo", &second, |card| card.says("PAY-2") && card.has_button("undo")).await;
    assert_eq!(desk.presses("U0BEN", &second, "undo").await["ok"], true);
    until_asked_again(&desk, &second).await;

    assert_eq!(desk.presses("U0BEN", &under_way, "call_cancel").await["ok"], true);
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.until_posted("what became of the first", "C0OPS", |message| message.has_button("ops_retry")).await;
    desk.settled().await;
    assert_eq!(keys(), [json!("PAY-1")], "the second one never left");
}
