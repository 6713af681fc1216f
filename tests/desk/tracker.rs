//! Jira's status changes: told by its webhook or asked for, shown on the card, offered as a resolution, never answered.

use std::time::{Duration, Instant};

use deskbell_sandbox::jira::HookTarget;
use serde_json::json;

use super::{Desk, Message, PATIENCE, Wish};

const WEBHOOK: &str = "[webhooks.jira]\nsecret = \"env:TEST_JIRA_WEBHOOK_SECRET\"\n";
const REFUND: &str = "A refund of 12.50 did not arrive, the customer is waiting";

/// A desk that Jira tells of changes.
async fn told(wish: Wish) -> Desk {
    let desk = Desk::open(Wish { config: format!("{WEBHOOK}{}", wish.config), ..wish }).await;
    let url = format!("{}/webhooks/jira", desk.url());
    desk.sandbox.jira().unwrap().set_webhook(Some(HookTarget { url, secret: "jira-webhook-secret".into() }));
    desk
}

/// A confirmed request, its card with the issue's key on it.
async fn with_issue(desk: &Desk) -> Message {
    let card = desk.asks("U0GRACE", REFUND).await;
    desk.confirms("U0BEN", &card).await;
    let card = desk.until_message("the issue's key on the card", &card, |card| card.says("PAY-1")).await;
    desk.settled().await;
    card
}

async fn until_said(desk: &Desk, card: &Message, words: &str) -> Message {
    let thread = card.thread().unwrap().to_owned();
    desk.until_posted(words, &card.channel, |message| message.thread() == Some(&thread) && message.says(words)).await
}

/// Waits until Deskbell took everything that Jira told.
async fn until_taken(desk: &Desk) {
    let jira = desk.sandbox.jira().unwrap();
    let started = Instant::now();
    while !jira.hook_deliveries().iter().all(|told| told.status == Some(200)) {
        assert!(started.elapsed() < PATIENCE, "{:?}\n{}", jira.hook_deliveries(), desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_change_in_jira_shows_on_the_card_and_done_is_offered_as_a_resolution() {
    let desk = told(Wish::default()).await;
    let card = with_issue(&desk).await;
    let jira = desk.sandbox.jira().unwrap();
    assert!(jira.move_issue("PAY-1", "In Progress"));
    desk.until_message("the status on the card", &card, |card| card.says(": In Progress")).await;
    desk.until_posted("the status on the squad's alert", "C0PAYMENTS", |alert| alert.says(": In Progress")).await;
    assert!(jira.move_issue("PAY-1", "Done"));
    let offer = until_said(&desk, &card, "Is DB-1 resolved too?").await;
    assert!(offer.has_button("resolve"));
    assert_eq!(desk.tickets()[0].status, "following");
    desk.presses("U0BEN", &offer, "resolve").await;
    desk.until_message("the settled offer", &offer, |offer| !offer.has_button("resolve")).await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "resolved");
    // It was there already: nothing was moved, so nothing came back.
    assert_eq!(jira.counts().transitions, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_deskbell_resolved_comes_back_and_changes_nothing() {
    let desk = told(Wish::default()).await;
    let card = with_issue(&desk).await;
    let alert = desk.until_posted("the squad's alert", "C0PAYMENTS", |alert| alert.has_button("claim")).await;
    desk.presses("U0BEN", &alert, "claim").await;
    let claimed = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.presses("U0BEN", &claimed, "resolve").await;
    until_said(&desk, &card, "is resolved by").await;
    desk.until("the transition", |state| state.issues().into_iter().find(|issue| issue["status"] == "Done")).await;
    let jira = desk.sandbox.jira().unwrap();
    until_taken(&desk).await;
    desk.settled().await;
    let state = super::State(desk.state().await);
    let notes = state.messages(&card.channel);
    assert!(!notes.iter().any(|note| note.says("resolved too?") || note.says("says that")), "an echo was answered");
    assert_eq!((jira.counts().transitions, jira.counts().comments), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_let_jira_resolve() {
    let wish =
        Wish::default().policy_with("join_window = \"2m\"", "join_window = \"2m\"\non_tracker_done = \"resolve\"");
    let desk = told(wish).await;
    let card = with_issue(&desk).await;
    let jira = desk.sandbox.jira().unwrap();
    assert!(jira.move_issue("PAY-1", "Done"));
    until_said(&desk, &card, "is resolved: Jira says that").await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "resolved");
    assert_eq!(jira.counts().transitions, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_twice_or_for_a_strangers_issue_changes_nothing_more() {
    let desk = told(Wish::default()).await;
    let card = with_issue(&desk).await;
    desk.fault(json!({ "target": "deliver:jira", "kind": "duplicate_delivery", "count": 3 })).await;
    let issue = json!({ "fields": {
        "project": { "key": "PLAT" }, "issuetype": { "name": "Task" }, "summary": "Somebody else's",
    } });
    let url = format!("{}/rest/api/2/issue", desk.sandbox.jira_url().unwrap());
    let made = desk.http.post(url).bearer_auth("sandbox-jira-token").json(&issue).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let jira = desk.sandbox.jira().unwrap();
    assert!(jira.move_issue("PLAT-1", "Done"));
    assert!(jira.move_issue("PAY-1", "Done"));
    until_said(&desk, &card, "Is DB-1 resolved too?").await;
    desk.settled().await;
    let state = super::State(desk.state().await);
    let offers: Vec<Message> =
        state.messages(&card.channel).into_iter().filter(|note| note.says("resolved too?")).collect();
    assert_eq!(offers.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_webhook_is_allowed_jira_is_asked() {
    let wish = Wish { config: "[tracker]\npoll = \"200ms\"\n".to_owned(), ..Wish::default() };
    let desk = Desk::open(wish).await;
    let card = with_issue(&desk).await;
    let jira = desk.sandbox.jira().unwrap();
    desk.fault(json!({ "target": "jira:POST /search/jql", "kind": "status", "status": 503, "count": 1 })).await;
    assert!(jira.move_issue("PAY-1", "In Review"));
    desk.until_message("the status on the card", &card, |card| card.says(": In Review")).await;
    assert!(jira.move_issue("PAY-1", "Done"));
    until_said(&desk, &card, "Is DB-1 resolved too?").await;
    let asked = |sent: &deskbell_sandbox::record::RecordedExchange| sent.body["jql"] == "key in (PAY-1)";
    assert!(jira.exchanges().iter().any(asked));
}
