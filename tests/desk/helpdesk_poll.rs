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
