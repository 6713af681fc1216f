//! Who may press what is policy; whoever may not is told who may.

use serde_json::Value;

use super::{Desk, State, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_of_the_squad_may_not_decide() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    for (user, button) in [("U0DEV", "confirm"), ("U0ELENA", "not_a_ticket")] {
        assert_eq!(desk.presses(user, &card, button).await["ok"], true);
        let told = desk.until_told(user, "C0SUPPORT", "You may not").await;
        assert!(told.says("squad") && told.says("leads"), "{}", told.all_text());
    }
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "awaiting_confirmation");
    assert_eq!(desk.again(&card).await.body, card.body);
    assert_eq!(State(desk.state().await).issues(), Vec::<Value>::new());
    // A lead may, squad or not.
    desk.confirms("U0ANNA", &card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_companys_people_decide_and_escalate_nothing() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0HUGO", "C0ACME", "The payment failed with error 402").await;
    let card = desk.card_under("C0ACME", &asked).await;
    assert_eq!(desk.presses("U0HUGO", &card, "confirm").await["ok"], true);
    desk.until_told("U0HUGO", "C0ACME", "You may not confirm").await;
    assert_eq!(desk.presses("U0HUGO", &card, "escalate").await["ok"], true);
    desk.until_told("U0HUGO", "C0ACME", "You may not escalate").await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "awaiting_confirmation");
    assert_eq!(desk.again(&card).await.body, card.body);
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_on_the_audit_trail() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.presses("U0DEV", &card, "confirm").await;
    desk.until_told("U0DEV", "C0SUPPORT", "You may not").await;
    desk.settled().await;
    let (shown, entries) = desk.runs(&["audit", "show", "--ticket", &card.number()]).await;
    assert!(shown && entries.lines().any(|entry| entry.contains("refused") && entry.contains("U0DEV")), "{entries}");
}
