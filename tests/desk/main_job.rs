//! From a message in Slack to a Jira issue and a squad alert.

use super::{Desk, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_a_card_a_jira_issue_and_a_squad_alert() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0SUPPORT", "A payment failed with error 402, the customer is waiting").await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    assert!(card.has_button("confirm") && card.says("Payments"), "{}", card.all_text());

    let pressed = desk.presses("U0BEN", &card, "confirm").await;
    assert_eq!(pressed["ok"], true, "{pressed}");
    let issue = desk.until("the issue", |state| state.issues().into_iter().next()).await;
    let key = issue["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("PAY-"), "{issue}");

    let alert = desk
        .until("the squad's alert", |state| {
            state.messages("C0PAYMENTS").into_iter().find(|message| message.says(&key) && message.has_button("claim"))
        })
        .await;
    assert!(alert.says("U0GRACE"));
    let card = desk
        .until("the answered card", |state| {
            state.messages("C0SUPPORT").into_iter().find(|message| message.ts == card.ts && message.says(&key))
        })
        .await;
    assert!(!card.has_button("confirm") && card.says("U0BEN"), "{}", card.all_text());
    desk.until("the note in the thread", |state| {
        state
            .messages("C0SUPPORT")
            .into_iter()
            .find(|message| message.thread() == Some(&asked) && !message.is_card() && message.says(&key))
    })
    .await;
}
