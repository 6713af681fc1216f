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

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_says_in_the_trackers_words_what_was_asked_by_whom_and_where() {
    let desk = Desk::open(Wish::default()).await;
    let text = "The payment failed <@U0BEN>, see <https://northwind.example/o/9?x=1&amp;y=2> in <#C0PAYMENTS|payments>: R&amp;D ```error: &lt;nil&gt;```";
    let asked = desk.says("U0GRACE", "C0SUPPORT", text).await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    desk.settled().await;
    desk.presses("U0BEN", &card, "confirm").await;
    let issue = desk.until("the issue", |state| state.issues().into_iter().next()).await;
    let description = issue["description"].as_str().unwrap();
    for part in
        ["@U0BEN", "https://northwind.example/o/9?x=1&y=2", "#payments", "R&D", "error: <nil>", "Asked by Grace"]
    {
        assert!(description.contains(part), "{part} is not in: {description}");
    }
    assert!(!description.contains("&amp;") && !description.contains("<@"), "{description}");
}
