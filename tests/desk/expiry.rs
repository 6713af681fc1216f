//! A confirmation that nobody answers reminds, then expires to what the policy says.

use serde_json::Value;

use super::{Desk, Message, State, Wish};

fn soon(on_expiry: &str) -> Wish {
    Wish::default()
        .policy_with("remind_after = \"1h\"", "remind_after = \"1s\"")
        .policy_with("expire_after = \"2h\"", "expire_after = \"2s\"")
        .policy_with("on_expiry = \"escalate\"", &format!("on_expiry = \"{on_expiry}\""))
}

/// Asks, and waits for the reminder in the thread.
async fn reminded(desk: &Desk) -> Message {
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let reminder = desk.until_posted("the reminder", "C0SUPPORT", |message| message.says("waits for a decision")).await;
    assert_eq!(reminder.thread(), card.thread());
    assert!(reminder.says("<@U0BEN>") && reminder.says("<@U0CARLA>"), "{}", reminder.all_text());
    card
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_to_confirm_it_is_carried_out() {
    let desk = Desk::open(soon("confirm")).await;
    let card = reminded(&desk).await;
    let card = desk
        .until_message("the expired card", &card, |card| card.says("carried out as proposed") && card.says("PAY-"))
        .await;
    assert!(!card.has_button("confirm"), "{}", card.all_text());
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_to_dismiss_it_is_closed() {
    let desk = Desk::open(soon("dismiss")).await;
    let card = reminded(&desk).await;
    desk.until_message("the expired card", &card, |card| card.says("closed without action")).await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues(), Vec::<Value>::new());
    assert_eq!(desk.tickets()[0].status, "dismissed");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_to_escalate_people_are_alerted_and_may_still_decide() {
    let desk = Desk::open(soon("escalate")).await;
    let card = reminded(&desk).await;
    let alert = desk.until_posted("level 1", "C0PAYMENTS", |message| message.says("Level 1")).await;
    assert!(alert.says("nobody answered the confirmation"), "{}", alert.all_text());
    let alert = desk.until_posted("level 2", "C0TRIAGE", |message| message.says("Level 2")).await;
    let card = desk.until_message("the overdue card", &card, |card| card.says("nobody answered by")).await;
    assert!(!card.says("expires") && card.has_button("confirm"), "{}", card.all_text());
    let issue = desk.confirms("U0BEN", &card).await;
    desk.until_message("the answered card", &card, |card| card.says(issue["key"].as_str().unwrap())).await;
    desk.until_posted("the settled reminder", "C0SUPPORT", |message| message.says("no longer waits")).await;
    // Whoever decides is on it: nobody else is called.
    desk.until_message("the settled alert", &alert, |alert| alert.says("<@U0BEN> is on it")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answered_in_time_nothing_expires() {
    let desk = Desk::open(soon("confirm")).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    assert_eq!(desk.presses("U0BEN", &card, "not_a_ticket").await["ok"], true);
    desk.until_fired("/timer/remind/").await;
    desk.until_fired("/timer/expire/").await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!(state.issues(), Vec::<Value>::new());
    let messages = state.messages("C0SUPPORT");
    assert!(!messages.iter().any(|message| message.says("still waits")), "{messages:?}");
}
