//! Modals: Change on a card, and a new request from the shortcuts menu.

use serde_json::{Value, json};

use super::{Desk, Message, State, Wish, is_issue_of};

/// The person's modal once it is filled.
async fn filled(desk: &Desk, user: &str, callback: &str) -> Value {
    desk.until(&format!("the modal {callback}"), |state| {
        state
            .view(user)
            .filter(|view| view["callback_id"] == callback && !view["blocks"].to_string().contains("One moment"))
    })
    .await
}

async fn submit(desk: &Desk, user: &str, view: &Value, values: Value) -> Value {
    desk.act("view_submit", json!({ "user": user, "view_id": view["id"], "state": { "values": values } })).await
}

fn chosen(name: &str, value: &str) -> Value {
    json!({ name: { "type": "static_select", "selected_option": { "value": value, "text": { "type": "plain_text", "text": value } } } })
}

fn change(squad: &str, priority: &str, category: &str) -> Value {
    json!({ "squad": chosen("squad", squad), "priority": chosen("priority", priority), "category": chosen("category", category) })
}

#[tokio::test(flavor = "multi_thread")]
async fn change_moves_the_ticket_to_another_squad() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let pressed = desk.presses("U0BEN", &card, "change").await;
    assert_eq!(pressed["ok"], true, "{pressed}");
    let view = filled(&desk, "U0BEN", "change_ticket").await;
    let blocks = view["blocks"].to_string();
    for shown in ["\"payments\"", "\"platform\"", "\"identity\"", "\"p1\"", "\"login\"", "initial_option"] {
        assert!(blocks.contains(shown), "{shown}: {blocks}");
    }
    let submitted = submit(&desk, "U0BEN", &view, change("platform", "p2", "api")).await;
    assert_eq!(submitted["ok"], true, "{submitted}");

    let issue = desk
        .until("the issue", |state| state.issues().into_iter().find(|issue| is_issue_of(issue, &card.number())))
        .await;
    assert!(issue["key"].as_str().unwrap().starts_with("PLAT-"), "{issue}");
    assert_eq!(issue["priority"], "High");
    assert!(issue["labels"].to_string().contains("category-api"), "{issue}");
    desk.settled().await;
    let card = desk.again(&card).await;
    assert!(card.says("Changed and confirmed by <@U0BEN>") && card.says("Platform"), "{}", card.all_text());
    assert!(card.says("squad Payments → Platform") && card.says("→ P2"), "{}", card.all_text());
    let state = State(desk.state().await);
    assert_eq!((state.messages("C0PLATFORM").len(), state.messages("C0PAYMENTS").len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_submits_a_change_too_late_is_told() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.presses("U0BEN", &card, "change").await;
    let view = filled(&desk, "U0BEN", "change_ticket").await;
    desk.confirms("U0CARLA", &card).await;
    let submitted = submit(&desk, "U0BEN", &view, change("platform", "p1", "api")).await;
    assert_eq!(submitted["ok"], true, "{submitted}");
    desk.until_told("U0BEN", "D0BEN", "<@U0CARLA>").await;
    desk.settled().await;
    let issues = State(desk.state().await).issues();
    assert!(issues.len() == 1 && issues[0]["key"].as_str().unwrap().starts_with("PAY-"), "{issues:?}");

    // The old card is still on somebody's screen: the modal says that it is over.
    let body = json!({ "user": "U0BEN", "channel": "C0SUPPORT", "message_ts": card.ts, "action_id": "change" });
    assert_eq!(desk.act("block_action", body).await["error"], "action_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_reads_so_in_the_modal() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.presses("U0DEV", &card, "change").await;
    let view = desk
        .until("the refusal", |state| {
            state.view("U0DEV").filter(|view| view["blocks"].to_string().contains("You may not"))
        })
        .await;
    assert!(view["blocks"].to_string().contains("squad"), "{view}");
    assert!(view["submit"].is_null(), "{view}");
    assert!(desk.again(&card).await.has_button("confirm"));
}

pub async fn asks_by_form(desk: &Desk, user: &str, values: Value) {
    let opened = desk.act("shortcut", json!({ "user": user, "callback_id": "new_ticket_shortcut" })).await;
    assert_eq!(opened["ok"], true, "{opened}");
    let view = filled(desk, user, "new_ticket").await;
    let submitted = submit(desk, user, &view, values).await;
    assert_eq!(submitted["ok"], true, "{submitted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_makes_a_ticket_in_the_chosen_channel_or_in_triage() {
    let desk = Desk::open(Wish::default()).await;
    let text = |text: &str| json!({ "text": { "type": "plain_text_input", "value": text } });
    asks_by_form(&desk, "U0GRACE", json!({ "text": text("The invoice is wrong") })).await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("The invoice is wrong") && card.says("U0GRACE"), "{}", card.all_text());
    desk.until_told("U0GRACE", "D0GRACE", &card.number()).await;

    let channel = json!({ "channel": { "type": "conversations_select", "selected_conversation": "C0SUPPORT" } });
    asks_by_form(&desk, "U0DEV", json!({ "text": text("2FA codes are refused"), "channel": channel })).await;
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    assert!(card.says("2FA codes are refused"), "{}", card.all_text());
    desk.until_told("U0DEV", "C0SUPPORT", &card.number()).await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_priority_asked_for_counts_where_they_may_set_it_and_is_shown_elsewhere() {
    let desk = Desk::open(Wish::default()).await;
    let wanted = |text: &str| json!({ "text": { "text": { "type": "plain_text_input", "value": text } }, "priority": chosen("priority", "p1") });
    asks_by_form(&desk, "U0GRACE", wanted("The invoice is wrong")).await;
    let card = desk.until_posted("the card", "C0TRIAGE", |card| card.is_card() && card.says("invoice")).await;
    assert!(card.says("(asked for: P1)"), "{}", card.all_text());
    // A lead may confirm, and so set the priority.
    asks_by_form(&desk, "U0ANNA", wanted("Our refund is missing")).await;
    let card = desk.until_posted("the card", "C0TRIAGE", |card| card.is_card() && card.says("refund")).await;
    assert!(card.says("*Priority*\\nP1") && !card.says("asked for"), "{}", card.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_a_channel_is_followed_in_the_direct_conversation() {
    let desk = Desk::open(Wish::default()).await;
    let text = json!({ "text": { "type": "plain_text_input", "value": "The invoice is wrong" } });
    asks_by_form(&desk, "U0GRACE", json!({ "text": text })).await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert_eq!(desk.presses("U0BEN", &card, "not_a_ticket").await["ok"], true);
    desk.until_posted("the outcome", "D0GRACE", |message| message.says("is not a ticket, says <@U0BEN>")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_to_a_channel_without_the_bot_gets_its_receipt_directly() {
    let desk = Desk::open(Wish::default()).await;
    let text = json!({ "text": { "type": "plain_text_input", "value": "The invoice is wrong" } });
    let channel = json!({ "channel": { "type": "conversations_select", "selected_conversation": "C0LEADERS" } });
    asks_by_form(&desk, "U0GRACE", json!({ "text": text, "channel": channel })).await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.until_told("U0GRACE", "D0GRACE", &card.number()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opened_the_form_before_an_edit_does_not_approve_the_new_words() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0SUPPORT", "The payment failed with error 402").await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    desk.presses("U0BEN", &card, "change").await;
    let view = filled(&desk, "U0BEN", "change_ticket").await;
    let edit = json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "message_ts": asked, "text": "The payment failed. Wire 90000 EUR" });
    assert_eq!(desk.act("edit", edit).await["ok"], true);
    desk.until_message("the card with the new words", &card, |card| card.says("90000")).await;
    let submitted = submit(&desk, "U0BEN", &view, change("payments", "p3", "api")).await;
    assert_eq!(submitted["ok"], true, "{submitted}");
    desk.until_told("U0BEN", "D0BEN", "has changed since").await;
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues().len(), 0);
    // Whoever looks again decides.
    desk.confirms("U0BEN", &desk.again(&card).await).await;
}
