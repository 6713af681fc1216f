//! Zendesk asked for new and changed tickets, where it may not tell of them.

use std::time::{Duration, Instant};

use deskbell_sandbox::zendesk::HookTarget;
use serde_json::json;

use super::{Desk, Message, PATIENCE, State, Wish};

const POLL: &str = r#"
[helpdesk.poll]
every = "200ms"

[mcp.helpdesk]
command = "BINARY"
args = ["mcp", "serve", "helpdesk"]
env = { DESKBELL_ZENDESK_URL = "env:TEST_ZENDESK_URL", DESKBELL_ZENDESK_EMAIL = "env:TEST_ZENDESK_EMAIL", DESKBELL_ZENDESK_API_TOKEN = "env:TEST_ZENDESK_TOKEN" }
"#;
const EXPORT: &str = "zendesk:GET /incremental/tickets/cursor";

fn polling() -> Wish {
    let mut wish = Wish { config: POLL.replace("BINARY", env!("CARGO_BIN_EXE_deskbell")), ..Wish::default() };
    wish.sandbox.zendesk.as_mut().unwrap().export_lag = Duration::ZERO;
    wish
}

/// What the sandbox's stream does not tell of.
async fn until_holds(desk: &Desk, what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < PATIENCE,
            "waited in vain for {what}:
{}",
            desk.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_polled(desk: &Desk) {
    let zendesk = desk.sandbox.zendesk().unwrap();
    let before = zendesk.counts().requests;
    until_holds(desk, "two more polls", || zendesk.counts().requests >= before + 2).await;
    desk.settled().await;
}

async fn until_carded(desk: &Desk, words: &str) -> Message {
    desk.until_posted(words, "C0TRIAGE", |message| message.is_card() && message.says(words)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_and_what_its_requester_adds_come_in_by_asking() {
    let desk = Desk::open(polling()).await;
    until_polled(&desk).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let id =
        zendesk.ask("Max Berg", "max@customer.example", "Charged twice", "The card was charged twice for one invoice");
    let card = until_carded(&desk, "charged twice for one").await;
    assert!(card.says("Max Berg") && card.says("via Zendesk <"), "{}", card.all_text());
    assert!(zendesk.requester_answers(id, "It happened once more today"));
    let is_joined = || {
        desk.outcomes().iter().any(|(key, became)| key.contains("/comment/") && became.to_string().contains("joined"))
    };
    until_holds(&desk, "the addition", is_joined).await;
    until_polled(&desk).await;
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    let description = issue["description"].as_str().unwrap();
    assert_eq!(description.matches("charged twice for one").count(), 1, "{description}");
    assert_eq!(description.matches("once more today").count(), 1, "{description}");
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.outcomes());
}

#[tokio::test(flavor = "multi_thread")]
async fn told_and_asked_it_is_one_ticket() {
    let desk = Desk::open(polling()).await;
    until_polled(&desk).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let url = format!("{}/helpdesk/zendesk", desk.url());
    zendesk.set_webhook(Some(HookTarget { url, secret: "zendesk-secret".into() }));
    for number in 1..=5 {
        let text = format!("The card was charged {number} times for one invoice");
        zendesk.ask("Max Berg", &format!("max{number}@customer.example"), "Charged", &text);
    }
    for number in 1..=5 {
        until_carded(&desk, &format!("charged {number} times")).await;
    }
    until_polled(&desk).await;
    assert_eq!(desk.tickets().len(), 5, "{:?}", desk.outcomes());
    let cards = State(desk.state().await).messages("C0TRIAGE").iter().filter(|message| message.is_card()).count();
    assert_eq!(cards, 5);
}

/// Killed while an answer is under way, and right after it came: what the page yields and where the next begins are one.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_reading_and_keeping_loses_and_doubles_nothing() {
    let mut desk = Desk::open(polling()).await;
    until_polled(&desk).await;
    for (number, delay) in [(1, 0), (2, 300), (3, 900)] {
        let zendesk = desk.sandbox.zendesk().unwrap();
        desk.fault(json!({ "target": EXPORT, "kind": "delayed", "ms": delay, "count": 1 })).await;
        let text = format!("The card was charged {number} times for one invoice");
        zendesk.ask("Max Berg", &format!("max{number}@customer.example"), "Charged", &text);
        let before = zendesk.counts().requests;
        until_holds(&desk, "a poll under way", || zendesk.counts().requests > before).await;
        desk.kill();
        desk.start().await;
    }
    for number in 1..=3 {
        until_carded(&desk, &format!("charged {number} times")).await;
    }
    until_polled(&desk).await;
    assert_eq!(desk.tickets().len(), 3, "{:?}", desk.outcomes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_nobody_asked_comes_in_unless_it_is_over() {
    let mut desk = Desk::open(polling()).await;
    until_polled(&desk).await;
    desk.kill();
    let zendesk = desk.sandbox.zendesk().unwrap();
    let solved = zendesk.ask("Ivy Cole", "ivy@customer.example", "Solved", "The refund was missing, thanks, it came");
    let url = format!("{}/api/v2/tickets/{solved}.json", desk.sandbox.zendesk_url().unwrap());
    let body = json!({ "ticket": { "status": "solved" } });
    let request = desk.http.put(url).basic_auth("deskbell@northwind.example/token", Some("sandbox-zendesk-token"));
    assert_eq!(request.json(&body).send().await.unwrap().status(), 200);
    zendesk.ask("Max Berg", "max@customer.example", "Charged twice", "The card was charged twice for one invoice");
    desk.fault(json!({ "target": EXPORT, "kind": "status", "status": 503, "count": 2 })).await;
    desk.start().await;
    until_carded(&desk, "charged twice for one").await;
    until_polled(&desk).await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.outcomes());
}

/// One customer's ticket stops nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn what_cant_be_read_of_a_ticket_is_passed_over() {
    let mut wish = polling();
    wish.config += "response_limit = 6000\n";
    let desk = Desk::open(wish).await;
    until_polled(&desk).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let gone = json!({ "target": "zendesk:GET /tickets/*comments*", "kind": "status", "status": 404, "count": 1 });
    desk.fault(gone).await;
    zendesk.ask("Ivy Cole", "ivy@customer.example", "Charged", "The card was charged, whose comments are gone");
    until_carded(&desk, "whose comments are gone").await;
    let long = format!("The card was charged for all of these: {}", "invoice 4711, ".repeat(600));
    zendesk.ask("Ann Long", "ann@customer.example", "A very long list of invoices", &long);
    for number in 1..=8 {
        let text = format!("The card was charged {number} times for one invoice, {}", "which is odd ".repeat(60));
        zendesk.ask("Max Berg", &format!("max{number}@customer.example"), "Charged", &text);
    }
    for number in 1..=8 {
        until_carded(&desk, &format!("charged {number} times")).await;
    }
    until_carded(&desk, "A very long list of invoices").await;
    until_polled(&desk).await;
    assert_eq!(desk.tickets().len(), 10, "{:?}", desk.outcomes());
    let said = desk.log();
    assert!(said.contains("comments can't be read") && said.contains("its description is left out"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_answer_opens_a_resolved_ticket_again_and_may_be_said_twice() {
    let desk = Desk::open(polling()).await;
    until_polled(&desk).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let id = zendesk.ask("Max Berg", "max@customer.example", "Payment", "The payment failed with error 402");
    let card = until_carded(&desk, "failed with error 402").await;
    let joined = |number: usize| {
        let outcomes = desk.outcomes();
        let comments = outcomes.iter().filter(|(key, _)| key.contains("/comment/"));
        comments.filter(|(_, became)| became.to_string().contains("joined")).count() == number
    };
    assert!(zendesk.requester_answers(id, "It failed once more"));
    until_holds(&desk, "the first addition", || joined(1)).await;
    assert!(zendesk.requester_answers(id, "It failed once more"));
    until_holds(&desk, "the same again", || joined(2)).await;
    desk.settled().await;
    desk.confirms("U0BEN", &desk.again(&card).await).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    desk.presses("U0BEN", &alert, "claim").await;
    let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.presses("U0BEN", &alert, "resolve").await;
    desk.until_message("the resolved alert", &alert, |alert| alert.says("Resolved by")).await;
    desk.settled().await;
    assert!(zendesk.requester_answers(id, "The payment still fails with error 402"));
    let told = desk.until_posted("the squad's note", "C0PAYMENTS", |message| message.says("was reopened by")).await;
    assert!(told.says("the requester") && told.says("still fails with error 402"), "{}", told.all_text());
    desk.settled().await;
    assert_eq!((desk.tickets().len(), desk.tickets()[0].status.as_str()), (1, "following"));
}
