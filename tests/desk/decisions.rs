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

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_at_once_are_spread_evenly() {
    let desk = Desk::open(Wish::default()).await;
    let users = ["U0GRACE", "U0DEV", "U0ELENA", "U0BEN", "U0CARLA", "U0ANNA", "U0FRANK"];
    let texts: Vec<String> = (0..28).map(|number| format!("balance me: number {number} looks odd")).collect();
    let asked =
        texts.iter().zip(users.iter().cycle()).map(|(text, user)| desk.types(user, "C0SUPPORT", "/triage", text));
    for typed in futures_util::future::join_all(asked).await {
        assert_eq!(typed["ok"], true, "{typed}");
    }
    // Their cards still wait for Slack's one message a second.
    let squads: Vec<String> = desk
        .until("all decisions", |_| {
            let squads: Vec<String> = desk.tickets().into_iter().filter_map(|ticket| ticket.squad).collect();
            (squads.len() == texts.len()).then_some(squads)
        })
        .await;
    let of = |squad: &str| squads.iter().filter(|name| *name == squad).count();
    assert_eq!((of("payments"), of("platform")), (14, 14), "{squads:?}");
    // Each decision keeps the load that it was really made with.
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("28 decisions are the same to the byte"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_decided_again_does_not_count_itself() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0SUPPORT", "balance me: it looks odd").await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    desk.settled().await;
    let edit = serde_json::json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "message_ts": asked, "text": "balance me: it looks very odd" });
    assert_eq!(desk.act("edit", edit).await["ok"], true);
    desk.until_message("the new decision", &card, |card| card.says("very odd")).await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].squad.as_deref(), Some("payments"));
}
