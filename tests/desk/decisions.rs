//! Decisions: by the rules alone, by the load where rules leave it open, and the same again whenever they are replayed.

use super::{Desk, State, Wish, is_issue_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_says_auto_asks_nobody() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "Production down: the API answers 500 on every call, webhooks time out").await;
    let number = card.number();
    let issue =
        desk.until("the issue", |state| state.issues().into_iter().find(|issue| is_issue_of(issue, &number))).await;
    assert!(issue["key"].as_str().unwrap().starts_with("PLAT-"), "{issue}");
    desk.settled().await;
    let card = desk.again(&card).await;
    assert!(!card.has_button("confirm") && card.says("Decided by the rule _api-outage_"), "{}", card.all_text());
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PLATFORM").len()), (1, 1));
    // The secondary action ran once the issue was there.
    let comments = state.issues()[0]["comments"].as_array().unwrap().clone();
    assert!(comments.len() == 1 && comments[0]["text"].as_str().unwrap().contains(&number), "{comments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_less_loaded_squad_gets_it() {
    let desk = Desk::open(Wish::default()).await;
    let mut squads = Vec::new();
    for user in ["U0GRACE", "U0DEV", "U0ELENA"] {
        let card = desk.asks(user, "balance me: it looks odd").await;
        desk.settled().await;
        squads.push(desk.tickets().last().unwrap().squad.clone().unwrap());
        assert!(card.says("_either_"), "{}", card.all_text());
    }
    assert_eq!(squads, ["payments", "platform", "payments"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_can_be_made_again_and_the_trail_holds() {
    let mut desk = Desk::open(Wish::default()).await;
    let texts = [
        ("U0GRACE", "The payment failed with error 402"),
        ("U0DEV", "balance me: it looks odd"),
        ("U0ELENA", "Nobody can log in with SSO, we are losing customers!!"),
        ("U0BEN", "Production down: the API answers 500"),
        ("U0CARLA", "Was ist mit der Rechnung? Sie ist falsch"),
        ("U0ANNA", "🙈 \"quotes\" & <https://example.com|links> `code`"),
    ];
    for (user, text) in texts {
        desk.says(user, "C0SUPPORT", text).await;
    }
    desk.settled().await;
    // Decided again, under a load that has changed since.
    desk.says("U0GRACE", "C0SUPPORT", "and the invoice is wrong").await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), texts.len());
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("7 decisions are the same to the byte, 0 were erased, 0 differ"), "{said}");
    let (holds, said) = desk.runs(&["audit", "verify"]).await;
    assert!(holds && said.contains("the audit trail holds"), "{said}");
    assert!(desk.stop().success());
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same, "{said}");
}
