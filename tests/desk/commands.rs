//! Slash commands.

use super::{Desk, Message, State, Wish};

async fn types(desk: &Desk, user: &str, command: &str, text: &str) {
    let typed = desk.types(user, "C0SUPPORT", command, text).await;
    assert_eq!(typed["ok"], true, "{command} {text}: {typed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn triage_makes_a_ticket() {
    let desk = Desk::open(Wish::default()).await;
    types(&desk, "U0GRACE", "/triage", "The refund of order 4711 is missing").await;
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    assert!(card.says("order 4711") && card.says("Payments"), "{}", card.all_text());
    desk.until_told("U0GRACE", "C0SUPPORT", &card.number()).await;
    desk.confirms("U0BEN", &card).await;

    // The card hangs on no message: it shows the whole request.
    let long = format!("The invoice is empty. {} Order 4712 is concerned.", "It was sent on Monday. ".repeat(20));
    types(&desk, "U0GRACE", "/triage", &long).await;
    let whole = |card: &Message| card.is_card() && card.says("Order 4712 is concerned.");
    let card = desk.until_posted("the card with the whole request", "C0SUPPORT", whole).await;
    assert!(card.says("The invoice is empty."), "{}", card.all_text());

    // Where there is no channel for it, the card goes to triage.
    let typed = desk.types("U0BEN", "D0BEN", "/triage", "Okta login loops").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.until_told("U0BEN", "D0BEN", &card.number()).await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_shown_for_help_and_for_nothing() {
    let desk = Desk::open(Wish::default()).await;
    for (user, text) in [("U0GRACE", "help"), ("U0BEN", ""), ("U0DEV", "  Help ")] {
        types(&desk, user, "/triage", text).await;
        let help = desk.until_told(user, "C0SUPPORT", "What I do").await;
        assert!(help.says("/escalate") && help.says("<#C0SUPPORT>"), "{}", help.all_text());
    }
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ticket_shows_where_it_stands() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    types(&desk, "U0BEN", "/ticket", &card.number()).await;
    let shown = desk.until_told("U0BEN", "C0SUPPORT", "waiting for a decision").await;
    assert!(shown.says("error 402") && shown.says("Payments"), "{}", shown.all_text());
    let issue = desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    types(&desk, "U0CARLA", "/ticket", " db-1 ").await;
    let shown = desk.until_told("U0CARLA", "C0SUPPORT", "with the squad").await;
    assert!(shown.says(issue["key"].as_str().unwrap()), "{}", shown.all_text());
    types(&desk, "U0DEV", "/ticket", "DB-99").await;
    desk.until_told("U0DEV", "C0SUPPORT", "There is no DB-99").await;
    types(&desk, "U0ELENA", "/ticket", "the printer").await;
    desk.until_told("U0ELENA", "C0SUPPORT", "That is no ticket number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_an_escalation_is_on_its_alerts() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let escalate = format!("{}  the CEO of Umbra *waits* <!channel>", card.number());
    types(&desk, "U0GRACE", "/escalate", &escalate).await;
    let alert = desk.until_posted("level 1", "C0PAYMENTS", |message| message.says("Level 1")).await;
    assert!(alert.says("Escalated by <@U0GRACE>: the CEO of Umbra"), "{}", alert.all_text());
    assert!(!alert.says("<!channel>"), "{}", alert.all_text());
    let next = desk.until_posted("level 2", "C0TRIAGE", |message| message.says("Level 2")).await;
    assert!(next.says("the CEO of Umbra"), "{}", next.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn kb_answers_with_links() {
    let desk = Desk::open(Wish::default()).await;
    types(&desk, "U0GRACE", "/kb", "how long does a refund take?").await;
    let found = desk.until_told("U0GRACE", "C0SUPPORT", "five business days").await;
    assert!(found.says("https://help.example/refunds"), "{}", found.all_text());
    types(&desk, "U0BEN", "/kb", "quantum chromodynamics").await;
    desk.until_told("U0BEN", "C0SUPPORT", "Nothing found").await;
    types(&desk, "U0DEV", "/kb", "").await;
    desk.until_told("U0DEV", "C0SUPPORT", "What do you want to know?").await;
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn escalate_alerts_the_squad() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    types(&desk, "U0DEV", "/escalate", &format!("{} the customer shouts", card.number())).await;
    desk.until_told("U0DEV", "C0SUPPORT", "is escalated").await;
    desk.until_posted("level 1", "C0PAYMENTS", |message| message.says("Level 1") && message.has_button("acknowledge"))
        .await;
    types(&desk, "U0ELENA", "/escalate", "DB-77").await;
    desk.until_told("U0ELENA", "C0SUPPORT", "names no ticket").await;
    types(&desk, "U0CARLA", "/escalate", "").await;
    desk.until_told("U0CARLA", "C0SUPPORT", "names no ticket").await;
    let state = State(desk.state().await);
    assert!(desk.again(&card).await.has_button("confirm"), "{:?}", state.messages("C0SUPPORT"));
}
