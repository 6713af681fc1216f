//! Who may press what is policy; whoever may not is told who may.

use serde_json::{Value, json};

use super::{Desk, Message, State, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_of_the_squad_may_not_decide() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    for (user, button) in [("U0DEV", "confirm"), ("U0ELENA", "not_a_ticket")] {
        assert_eq!(desk.presses(user, &card, button).await["ok"], true);
        let told = desk.until_told(user, "C0SUPPORT", "You may not").await;
        assert!(told.says("squad") && told.says("leads"), "{}", told.all_text());
        assert!(told.says("<@U0BEN>") && told.says("<@U0CARLA>") && told.says("<@U0ANNA>"), "{}", told.all_text());
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
    let typed = desk.types("U0ANNA", "C0ACME", "/triage", "The payment failed with error 402").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    // Somebody let a guest into the channel of the cards.
    assert_eq!(desk.act("join", json!({ "user": "U0HUGO", "channel": "C0TRIAGE" })).await["ok"], true);
    assert_eq!(desk.presses("U0HUGO", &card, "confirm").await["ok"], true);
    desk.until_told("U0HUGO", "C0TRIAGE", "You may not confirm").await;
    assert_eq!(desk.presses("U0HUGO", &card, "escalate").await["ok"], true);
    desk.until_told("U0HUGO", "C0TRIAGE", "You may not escalate").await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "awaiting_confirmation");
    assert_eq!(desk.again(&card).await.body, card.body);
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_companys_people_learn_nothing_by_command() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let hidden = shown(&desk, "U0HUGO", "C0ACME", &card.number(), "not for you to see").await;
    assert!(!hidden.contains("402"), "{hidden}");
    for number in [card.number(), "DB-99".to_owned()] {
        let typed = desk.types("U0HUGO", "C0ACME", "/escalate", &format!("{number} please")).await;
        assert_eq!(typed["ok"], true, "{typed}");
    }
    let told = |state: &State| {
        let all = state.messages("C0ACME").into_iter().filter(|message| message.says("names no ticket"));
        all.map(|message| message.body["text"].clone()).collect::<Vec<_>>()
    };
    let told = desk.until("both answers", |state| Some(told(state)).filter(|told| told.len() == 2)).await;
    assert_eq!(told[0], told[1]);

    // What stands in their own channel they may see from outside, and not escalate.
    desk.says("U0ANNA", "C0ACME", "Acme's refund of order 7 is missing").await;
    let own = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    let seen = shown(&desk, "U0HUGO", "C0ACME", &own.number(), "is being looked at").await;
    assert!(!seen.contains("Payments") && !seen.contains("P3"), "{seen}");
    desk.types("U0HUGO", "C0ACME", "/escalate", &own.number()).await;
    desk.until_told("U0HUGO", "C0ACME", "You may not escalate").await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).messages("C0PAYMENTS").len(), 0);
    let (ok, entries) = desk.runs(&["audit", "show"]).await;
    let refused = entries.lines().filter(|line| line.contains("\"kind\":\"refused\"") && line.contains("U0HUGO"));
    assert!(ok && refused.count() == 4, "{entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalation_needs_the_right_to_see() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.types("U0DEV", "C0GENERAL", "/escalate", &format!("{} now", card.number())).await;
    desk.until_told("U0DEV", "C0GENERAL", "names no ticket").await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).messages("C0PAYMENTS").len(), 0);
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

/// What `/ticket` tells a person who asks in a channel.
async fn shown(desk: &Desk, user: &str, channel: &str, ticket: &str, words: &str) -> String {
    let typed = desk.types(user, channel, "/ticket", ticket).await;
    assert_eq!(typed["ok"], true, "{typed}");
    let told = desk.until_told(user, channel, words).await;
    told.body["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_seen_by_those_concerned_alone_and_each_look_is_recorded() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let number = card.number();
    // Who asked, the squad, and a lead: wherever they are.
    for user in ["U0GRACE", "U0BEN", "U0ANNA"] {
        shown(&desk, user, "C0GENERAL", &number, "error 402").await;
    }
    // Everybody else where the ticket stands, and nowhere else, in the words for a ticket that is not there.
    shown(&desk, "U0DEV", "C0SUPPORT", &number, "error 402").await;
    let refused = shown(&desk, "U0DEV", "C0GENERAL", &number, "not for you to see").await;
    assert!(refused.contains("the ticket's squad") && refused.contains("the group leads"), "{refused}");
    let unknown = shown(&desk, "U0ELENA", "C0GENERAL", "DB-99", "not for you to see").await;
    assert_eq!(refused.replace(&number, "DB-99"), unknown);
    assert!(!refused.contains("402"), "{refused}");

    desk.settled().await;
    let (ok, entries) = desk.runs(&["audit", "show"]).await;
    assert!(ok, "{entries}");
    let of = |kind: &str, user: &str| {
        let found =
            entries.lines().filter(|line| line.contains(&format!("\"kind\":\"{kind}\"")) && line.contains(user));
        found.count()
    };
    for user in ["U0BEN", "U0ANNA", "U0DEV"] {
        assert_eq!(of("access", user), 1, "{user}: {entries}");
    }
    assert_eq!((of("refused", "U0DEV"), of("refused", "U0ELENA")), (1, 1), "{entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_may_open_tickets_to_everybody_inside() {
    let wish =
        Wish::default().policy_with("settle = [\"group:leads\"]", "settle = [\"group:leads\"]\nview = [\"internal\"]");
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    shown(&desk, "U0DEV", "C0GENERAL", &card.number(), "error 402").await;
}
