//! Every button of a card and of a squad's alert.

use serde_json::{Value, json};

use super::{Desk, Message, State, Wish};

/// The squad's alert about a card's ticket.
async fn alert(desk: &Desk, channel: &str, key: &str) -> Message {
    desk.until_posted("the squad's alert", channel, |message| message.says(key) && message.has_button("claim")).await
}

async fn press(desk: &Desk, user: &str, message: &Message, button: &str) {
    let pressed = desk.presses(user, message, button).await;
    assert_eq!(pressed["ok"], true, "{button}: {pressed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_a_ticket_ends_it() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment page is prettier now").await;
    press(&desk, "U0BEN", &card, "not_a_ticket").await;
    let after = desk.until_message("the dismissed card", &card, |card| !card.has_button("confirm")).await;
    assert!(after.says("Not a ticket, says <@U0BEN>"), "{}", after.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "dismissed");
    let state = State(desk.state().await);
    assert_eq!(state.issues(), Vec::<Value>::new());
    assert_eq!(state.messages("C0PAYMENTS").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_and_resolve() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let issue = desk.confirms("U0CARLA", &card).await;
    let key = issue["key"].as_str().unwrap();
    let alert = alert(&desk, "C0PAYMENTS", key).await;

    press(&desk, "U0BEN", &alert, "open_link").await;
    press(&desk, "U0BEN", &alert, "claim").await;
    let claimed = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    assert!(claimed.says("<@U0BEN> has it") && !claimed.has_button("claim"), "{}", claimed.all_text());

    press(&desk, "U0BEN", &claimed, "resolve").await;
    desk.until("the issue to be done", |state| {
        state.issues().into_iter().find(|issue| issue["key"] == key && issue["status"] == "Done")
    })
    .await;
    desk.settled().await;
    let alert = desk.again(&alert).await;
    assert!(alert.says("Resolved by <@U0BEN>") && !alert.has_button("resolve"), "{}", alert.all_text());
    let card = desk.again(&card).await;
    assert!(card.says("Resolved by <@U0BEN>"), "{}", card.all_text());
    let notes = State(desk.state().await).messages("C0SUPPORT");
    let note = notes.iter().find(|note| note.thread() == card.thread() && !note.is_card() && note.says("is resolved"));
    assert!(note.is_some(), "{notes:?}");
    assert_eq!(desk.tickets()[0].status, "resolved");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_two_claims_counts() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0DEV", "The payment failed with error 402").await;
    let issue = desk.confirms("U0CARLA", &card).await;
    let alert = alert(&desk, "C0PAYMENTS", issue["key"].as_str().unwrap()).await;
    tokio::join!(press(&desk, "U0BEN", &alert, "claim"), press(&desk, "U0GRACE", &alert, "claim"));
    desk.settled().await;
    let alert = desk.again(&alert).await;
    let (first, second) = if alert.says("<@U0BEN> has it") { ("U0BEN", "U0GRACE") } else { ("U0GRACE", "U0BEN") };
    assert!(alert.says(&format!("<@{first}> has it")), "{}", alert.all_text());
    desk.until_told(second, "C0PAYMENTS", &format!("<@{first}>")).await;
    let told = State(desk.state().await).messages("C0PAYMENTS");
    assert!(!told.iter().any(|message| message.only_for(first)), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_by_the_same_person_changes_nothing() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    tokio::join!(press(&desk, "U0BEN", &card, "confirm"), press(&desk, "U0BEN", &card, "confirm"));
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!(state.issues().len(), 1);
    assert_eq!(state.messages("C0PAYMENTS").len(), 1);
    assert!(!state.messages("C0SUPPORT").iter().any(|message| message.only_for("U0BEN")));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_the_first_decides_and_the_second_learns_who_did() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    tokio::join!(press(&desk, "U0BEN", &card, "confirm"), press(&desk, "U0CARLA", &card, "not_a_ticket"));
    desk.settled().await;
    let card = desk.again(&card).await;
    let confirmed = card.says("Confirmed by <@U0BEN>");
    assert!(confirmed || card.says("Not a ticket, says <@U0CARLA>"), "{}", card.all_text());
    let (first, second) = if confirmed { ("U0BEN", "U0CARLA") } else { ("U0CARLA", "U0BEN") };
    desk.until_told(second, "C0SUPPORT", &format!("<@{first}>")).await;
    let state = State(desk.state().await);
    let wanted = usize::from(confirmed);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (wanted, wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_confirmations_make_one_issue_and_one_alert() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    tokio::join!(press(&desk, "U0BEN", &card, "confirm"), press(&desk, "U0CARLA", &card, "confirm"));
    desk.settled().await;
    let card = desk.again(&card).await;
    let (first, second) = if card.says("by <@U0BEN>") { ("U0BEN", "U0CARLA") } else { ("U0CARLA", "U0BEN") };
    desk.until_told(second, "C0SUPPORT", &format!("<@{first}>")).await;
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (1, 1));
}

/// A press on a card as it was a moment ago: somebody's screen was not up to date.
async fn late_press(desk: &Desk, user: &str, card: &Message, button: &str) {
    let payload = json!({
        "type": "block_actions", "api_app_id": "A0DESKBELL", "trigger_id": format!("1.2.{user}"),
        "team": { "id": "T0NORTHWIND", "domain": "northwind" }, "user": { "id": user, "team_id": "T0NORTHWIND" },
        "container": { "type": "message", "message_ts": card.ts, "channel_id": card.channel },
        "channel": { "id": card.channel }, "message": { "ts": card.ts, "team": "T0NORTHWIND" },
        "actions": [{ "type": "button", "action_id": button, "value": card.number(), "action_ts": "1700000000.000100" }],
    });
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    let body =
        json!({ "path": "/slack/interactions", "body": form, "content_type": "application/x-www-form-urlencoded" });
    let url = format!("{}/sandbox/raw", desk.sandbox.base_url());
    let answer: Value = desk.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_on_a_card_that_is_over_changes_nothing() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment page is prettier now").await;
    press(&desk, "U0BEN", &card, "not_a_ticket").await;
    desk.settled().await;
    for (user, button, words) in [
        ("U0CARLA", "confirm", "is decided already, by <@U0BEN>"),
        ("U0ANNA", "not_a_ticket", "is decided already, by <@U0BEN>"),
        ("U0DEV", "escalate", "is closed: it was no request"),
    ] {
        late_press(&desk, user, &card, button).await;
        desk.until_told(user, "C0SUPPORT", words).await;
    }
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "dismissed");
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (0, 0));
}
