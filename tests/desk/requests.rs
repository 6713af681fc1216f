//! A request that grows, changes or disappears.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::failures::until_job;
use super::{Desk, Message, PATIENCE, State, Wish};

async fn edit(desk: &Desk, ts: &str, text: &str) {
    let body = json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "message_ts": ts, "text": text });
    assert_eq!(desk.act("edit", body).await["ok"], true);
}

async fn delete(desk: &Desk, ts: &str) {
    let body = json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "message_ts": ts });
    assert_eq!(desk.act("delete", body).await["ok"], true);
}

async fn reply(desk: &Desk, user: &str, thread: &str, text: &str) {
    let body = json!({ "user": user, "channel": "C0SUPPORT", "thread_ts": thread, "text": text });
    assert_eq!(desk.act("message", body).await["ok"], true);
}

/// The comments of the one issue.
async fn comments(desk: &Desk) -> Vec<String> {
    desk.settled().await;
    let issues = State(desk.state().await).issues();
    assert_eq!(issues.len(), 1, "{issues:?}");
    let comments = issues[0]["comments"].as_array().unwrap();
    comments.iter().map(|comment: &Value| comment["text"].as_str().unwrap().to_owned()).collect()
}

async fn asked(desk: &Desk, text: &str) -> (String, Message) {
    let asked = desk.says("U0GRACE", "C0SUPPORT", text).await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    (asked, card)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_before_the_confirmation_is_decided_anew() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    assert!(card.says("Payments"), "{}", card.all_text());
    edit(&desk, &asked, "Nobody can log in with SSO").await;
    let card = desk.until_message("the new decision", &card, |card| card.says("Identity")).await;
    assert!(card.says("Nobody can log in") && !card.says("The payment failed"), "{}", card.all_text());
    // Who confirms must have seen the new decision, so Deskbell waits until it knows that the card shows it.
    desk.settled().await;
    let issue = desk.confirms("U0FRANK", &card).await;
    assert!(issue["key"].as_str().unwrap().starts_with("IAM-"), "{issue}");
    assert_eq!(comments(&desk).await, Vec::<String>::new());
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_after_the_confirmation_are_one_comment_on_the_issue() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    desk.confirms("U0BEN", &card).await;
    for text in ["The payment of 471 failed", "The payment of 4711 faild", "The payment of 4711 failed"] {
        edit(&desk, &asked, text).await;
    }
    // Whoever corrects a text corrects it more than once: Deskbell waits half a minute for the last one.
    desk.until_within(Duration::from_secs(90), "the comment", |state| {
        state.issues().first().filter(|issue| issue["comments"].as_array().is_some_and(|all| !all.is_empty())).cloned()
    })
    .await;
    let comments = comments(&desk).await;
    assert!(comments.len() == 1 && comments[0].contains("The payment of 4711 failed"), "{comments:?}");
    assert_eq!(desk.tickets()[0].squad.as_deref(), Some("payments"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_deleted_before_the_confirmation_is_none() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    delete(&desk, &asked).await;
    let card = desk.until_message("the dismissed card", &card, |card| !card.has_button("confirm")).await;
    assert!(!card.says("The payment failed"), "{}", card.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "dismissed");
    let pressed = desk.presses("U0BEN", &card, "confirm").await;
    assert_eq!(pressed["error"], "action_not_found", "{pressed}");
    assert_eq!(State(desk.state().await).issues(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_deleted_message_of_two_is_decided_anew() {
    let desk = Desk::open(Wish::default()).await;
    let (_, card) = asked(&desk, "The payment failed with error 402, the card was charged").await;
    let second = desk.says("U0GRACE", "C0SUPPORT", "and invoice 4711 is wrong").await;
    desk.settled().await;
    delete(&desk, &second).await;
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("error 402") && !description.contains("4711"), "{description}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_deleted_after_the_confirmation_is_a_comment_on_the_issue() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    desk.confirms("U0BEN", &card).await;
    delete(&desk, &asked).await;
    let comments = comments(&desk).await;
    assert!(comments.len() == 1 && comments[0].contains("deleted"), "{comments:?}");
    assert_eq!(desk.tickets()[0].status, "following");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_requester_replies_joins_the_ticket() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    reply(&desk, "U0GRACE", &asked, "The customer is number 4711").await;
    reply(&desk, "U0DEV", &asked, "I look into it, the API answers 500").await;
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &card).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("4711") && !description.contains("look into it"), "{description}");
    reply(&desk, "U0GRACE", &asked, "It works for customer 4712").await;
    let comments = comments(&desk).await;
    assert!(comments.len() == 1 && comments[0].contains("4712"), "{comments:?}");
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_it_is_still_broken_reopens_the_ticket_and_a_courtesy_does_not() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    desk.confirms("U0BEN", &card).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    desk.presses("U0BEN", &alert, "claim").await;
    let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.presses("U0BEN", &alert, "resolve").await;
    desk.until_posted("the outcome", "C0SUPPORT", |message| message.says("Reply here within 14 days")).await;
    desk.settled().await;
    reply(&desk, "U0GRACE", &asked, "thanks!").await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "resolved");
    reply(&desk, "U0GRACE", &asked, "The payment still fails with error 402").await;
    let told = desk.until_posted("the squad's note", "C0PAYMENTS", |message| message.says("was reopened by")).await;
    assert!(told.says("U0GRACE") && told.says("still fails with error 402"), "{}", told.all_text());
    assert_eq!(told.body["thread_ts"], alert.body["ts"], "{}", told.body);
    assert!(told.says("<@U0BEN>"), "whoever has it is called: {}", told.all_text());
    let alert = desk.until_message("the reopened alert", &alert, |alert| alert.says("*Reopened*")).await;
    assert!(alert.says("is reopened"), "{}", alert.all_text());
    desk.until_posted("the thread's note", "C0SUPPORT", |message| message.says("is open again")).await;
    desk.until_message("the card", &card, |card| card.says("Reopened: the requester says")).await;
    assert_eq!(comments(&desk).await, Vec::<String>::new(), "nobody approved a comment");
    assert_eq!((desk.tickets().len(), desk.tickets()[0].status.as_str()), (1, "following"));
    desk.types("U0BEN", "C0SUPPORT", "/ticket", "DB-1").await;
    let view = desk.until_told("U0BEN", "C0SUPPORT", "<@U0BEN> has it").await;
    assert!(view.says("resolved · <@U0BEN>") && view.says("reopened · <@U0GRACE>"), "{}", view.all_text());
    let (_, entries) = desk.runs(&["audit", "show", "--ticket", "DB-1"]).await;
    assert!(entries.lines().any(|entry| entry.contains("reopened") && entry.contains("U0GRACE")), "{entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_who_said_that_it_is_no_ticket_asks_again() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    desk.presses("U0BEN", &card, "not_a_ticket").await;
    let told = desk.until_posted("the outcome", "C0SUPPORT", |message| message.says("says <@U0BEN>. Wrong?")).await;
    assert!(told.thread() == Some(&asked) && told.says("Reply here within 14 days"), "{}", told.all_text());
    desk.settled().await;
    reply(&desk, "U0GRACE", &asked, "It is one: our customer can't pay").await;
    let asks = |card: &Message| card.has_button("confirm") && card.says("Asked again");
    let card = desk.until_message("the card that asks again", &card, asks).await;
    desk.until_posted("the thread's note", "C0SUPPORT", |message| message.says("is asked again")).await;
    desk.settled().await;
    assert_eq!((desk.tickets().len(), desk.tickets()[0].status.as_str()), (1, "awaiting_confirmation"));
    let issue = desk.confirms("U0BEN", &card).await;
    assert!(issue["description"].as_str().unwrap().contains("our customer can't pay"), "{issue}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_deleted_is_withdrawn_and_nobody_said_that_it_is_no_ticket() {
    let desk = Desk::open(Wish::default()).await;
    let (asked, card) = asked(&desk, "The payment failed").await;
    delete(&desk, &asked).await;
    let card = desk.until_message("the withdrawn card", &card, |card| card.says("Withdrawn: <@U0GRACE>")).await;
    assert!(!card.says("Not a ticket"), "{}", card.all_text());
}

/// Slack delivers in no fixed order: under load the first of two messages may come last.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_first_is_read_first_however_it_arrives() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "deliver:events", "kind": "delayed", "ms": 1000, "count": 1 })).await;
    let texts = ["The refund is missing", "invoice 4711", "it was charged twice in March"];
    for text in texts {
        desk.says("U0GRACE", "C0SUPPORT", text).await;
    }
    desk.settled().await;
    let cards = State(desk.state().await).messages("C0SUPPORT").into_iter().filter(Message::is_card);
    let cards: Vec<Message> = cards.collect();
    assert_eq!((cards.len(), desk.tickets().len()), (1, 1), "{cards:?}");
    let issue = desk.confirms("U0BEN", &cards[0]).await;
    let description = issue["description"].as_str().unwrap();
    let places: Vec<usize> = texts.iter().map(|text| description.find(text).unwrap()).collect();
    assert!(places.is_sorted(), "{description}");
}

const ONE_SECOND: (&str, &str) = ("join_window = \"2m\"", "join_window = \"1s\"");

/// Two requests of one author, more than a second apart by Slack's clock.
async fn asks_twice_apart(desk: &Desk) {
    let first = desk.says("U0GRACE", "C0SUPPORT", "The refund is missing").await;
    let seconds = |ts: &str| ts.parse::<f64>().unwrap();
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < PATIENCE, "Slack's clock stands still");
        let next = desk.says("U0GRACE", "C0GENERAL", "meanwhile, elsewhere").await;
        if seconds(&next) - seconds(&first) > 1.1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    desk.says("U0GRACE", "C0SUPPORT", "Nobody can log in with SSO").await;
}

/// While Deskbell waits for Slack, requests pile up and are then read at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_apart_stays_apart_though_it_is_read_at_once() {
    let mut desk = Desk::open(Wish::default().policy_with(ONE_SECOND.0, ONE_SECOND.1)).await;
    assert!(desk.stop().success(), "{}", desk.log());
    desk.fault(json!({ "target": "slack:auth.test", "kind": "status", "status": 503 })).await;
    desk.start().await;
    asks_twice_apart(&desk).await;
    desk.no_faults().await;
    desk.until_ticket(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_apart_stays_apart_though_it_arrives_in_another_order() {
    let desk = Desk::open(Wish::default().policy_with(ONE_SECOND.0, ONE_SECOND.1)).await;
    desk.fault(json!({ "target": "deliver:events", "kind": "delayed", "ms": 3000, "count": 1 })).await;
    asks_twice_apart(&desk).await;
    desk.until_ticket(2).await;
}

/// Deskbell records what is said and understands nothing of it until `desk.no_faults()`.
async fn restarts_to_listen_alone(desk: &mut Desk) {
    assert!(desk.stop().success(), "{}", desk.log());
    desk.fault(json!({ "target": "slack:auth.test", "kind": "status", "status": 503 })).await;
    desk.start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_mention_before_that_is_understood_joins_it() {
    let mut desk = Desk::open(Wish::default()).await;
    restarts_to_listen_alone(&mut desk).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "<@U0DESKBELL> the invoice is wrong").await;
    desk.until_delivered().await;
    let body = json!({ "user": "U0GRACE", "channel": "C0GENERAL", "thread_ts": asked, "text": "It is number 4711" });
    assert_eq!(desk.act("message", body).await["ok"], true);
    desk.until_delivered().await;
    desk.no_faults().await;
    let card = desk.card_under("C0GENERAL", &asked).await;
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    assert!(issue["description"].as_str().unwrap().contains("4711"), "{issue}");
    assert_eq!(desk.tickets().len(), 1);
}

/// Each author's next message comes together with the click that closes their ticket: it joins before, or is a request of
/// its own after.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_its_ticket_is_closed_is_in_one_or_makes_one() {
    const AUTHORS: [&str; 6] = ["U0GRACE", "U0DEV", "U0CARLA", "U0FRANK", "U0ELENA", "U0BEN"];
    let mut desk = Desk::open(Wish::default()).await;
    let asked = AUTHORS.map(|author| desk.says(author, "C0SUPPORT", "The payment failed with error 402"));
    let mut cards = Vec::new();
    for asked in futures_util::future::join_all(asked).await {
        cards.push(desk.card_under("C0SUPPORT", &asked).await);
    }
    desk.settled().await;
    restarts_to_listen_alone(&mut desk).await;
    let mut said = Vec::new();
    for (author, card) in AUTHORS.iter().zip(&cards) {
        said.push(desk.says(author, "C0SUPPORT", &format!("{author} says that webhooks time out")).await);
        assert_eq!(desk.presses("U0ANNA", card, "not_a_ticket").await["ok"], true);
    }
    desk.until_delivered().await;
    desk.no_faults().await;
    desk.until_ticket(1).await;
    assert!(desk.stop().success(), "{}", desk.log());
    for (author, ts) in AUTHORS.iter().zip(&said) {
        let ticket = desk.ticket_of_message("C0SUPPORT", ts).await;
        let ticket = ticket.unwrap_or_else(|| panic!("{author}'s words are in no ticket: {:?}", desk.outcomes()));
        assert!(ticket.words.text().contains(&format!("{author} says")), "{ticket:?}");
    }
}

/// What the reaction is on only Slack tells, and Slack does not answer at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_reaction_before_slack_shows_its_message_joins_it() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "Orders answer 500 since noon").await;
    desk.fault(json!({ "target": "slack:conversations.replies", "kind": "status", "status": 503 })).await;
    let body = json!({ "user": "U0BEN", "channel": "C0GENERAL", "message_ts": asked, "reaction": "ticket" });
    assert_eq!(desk.act("react", body).await["ok"], true);
    until_job(&desk, "id LIKE '%/look_up/%' AND attempts > 0").await;
    let body = json!({ "user": "U0GRACE", "channel": "C0GENERAL", "thread_ts": asked, "text": "It is order 4711" });
    assert_eq!(desk.act("message", body).await["ok"], true);
    desk.until_delivered().await;
    desk.no_faults().await;
    let card = desk.card_under("C0GENERAL", &asked).await;
    desk.settled().await;
    let issue = desk.confirms("U0DEV", &desk.again(&card).await).await;
    assert!(issue["description"].as_str().unwrap().contains("4711"), "{issue}");
}
