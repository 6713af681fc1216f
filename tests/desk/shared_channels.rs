//! Channels that another organisation reads along in, where the request itself does not say so: a command, a form, a
//! shortcut.

use serde_json::{Value, json};

use super::modals::asks_by_form;
use super::{Desk, Message, State, Wish};

/// #acme is shared and nobody watches it.
fn unwatched() -> Wish {
    Wish::default().config_with("watched_channels = [\"C0SUPPORT\", \"C0ACME\"]", "watched_channels = [\"C0SUPPORT\"]")
}

/// What everybody reads of Deskbell's in the shared channel.
async fn customers_read(desk: &Desk) -> Vec<Message> {
    desk.settled().await;
    let messages = State(desk.state().await).messages("C0ACME");
    let ours = |message: &Message| message.body["user"] == "U0DESKBELL" && message.body["ephemeral_for"].is_null();
    messages.into_iter().filter(ours).collect()
}

async fn calls(desk: &Desk, method: &str) -> u64 {
    let metrics = desk.http.get(format!("{}/metrics", desk.admin_url())).send().await.unwrap().text().await.unwrap();
    let counts = metrics.lines().filter(|line| {
        line.starts_with("deskbell_slack_call_seconds_count") && line.contains(&format!("method=\"{method}\""))
    });
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_in_a_shared_channel_has_its_card_among_our_own() {
    let desk = Desk::open(unwatched()).await;
    let typed = desk.types("U0ANNA", "C0ACME", "/triage", "The payment failed with error 402").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.until_told("U0ANNA", "C0ACME", &card.number()).await;
    let issue = desk.confirms("U0BEN", &card).await;
    let key = issue["key"].as_str().unwrap();
    desk.until_posted("the issue's key", "D0ANNA", |message| message.says(key)).await;
    assert_eq!(customers_read(&desk).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_names_a_shared_channel_has_its_card_among_our_own() {
    let desk = Desk::open(unwatched()).await;
    let channel = json!({ "type": "conversations_select", "selected_conversation": "C0ACME" });
    let text = json!({ "type": "plain_text_input", "value": "2FA codes are refused" });
    asks_by_form(&desk, "U0ANNA", json!({ "text": { "text": text }, "channel": { "channel": channel } })).await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.until_told("U0ANNA", "C0ACME", &card.number()).await;
    assert_eq!(customers_read(&desk).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortcut_on_a_colleague_s_message_in_a_shared_channel_has_its_card_among_our_own() {
    let desk = Desk::open(unwatched()).await;
    let asked = desk.says("U0CARLA", "C0ACME", "The payment failed with error 402").await;
    let body = json!({ "user": "U0ANNA", "callback_id": "triage_message", "channel": "C0ACME", "message_ts": asked });
    assert_eq!(desk.act("message_shortcut", body).await["ok"], true);
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("U0CARLA"), "{}", card.all_text());
    let read = customers_read(&desk).await;
    assert!(read.len() == 1 && read[0].says("We have your request: it is DB-1"), "{read:?}");
    assert_eq!(read[0].thread(), Some(asked.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_is_asked_once_whether_a_channel_is_shared() {
    let desk = Desk::open(Wish::default()).await;
    for text in ["The payment failed with error 402", "Okta login loops"] {
        let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", text).await;
        assert_eq!(typed["ok"], true, "{typed}");
        desk.until_posted("the card", "C0SUPPORT", |message| message.is_card() && message.says(text)).await;
    }
    desk.settled().await;
    // Once for that, and once for who reads what the cards may suggest.
    assert_eq!(calls(&desk, "conversations.info").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_of_which_slack_tells_nothing_counts_as_shared() {
    let desk = Desk::open(unwatched()).await;
    let refused = json!({ "target": "slack:conversations.info", "kind": "status", "status": 503 });
    desk.fault(refused).await;
    let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", "The payment failed with error 402").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.until_told("U0GRACE", "C0SUPPORT", &card.number()).await;
    desk.settled().await;
    let cards = State(desk.state().await).messages("C0SUPPORT").into_iter().filter(Message::is_card).count();
    assert_eq!(cards, 0);
    // The next request asks again.
    desk.no_faults().await;
    desk.types("U0GRACE", "C0SUPPORT", "/triage", "Okta login loops").await;
    desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_on_a_customer_s_message_asks_in_the_customer_s_name() {
    let desk = Desk::open(unwatched()).await;
    let asked = desk.says("U0HUGO", "C0ACME", "balance me: the payment failed").await;
    let body = json!({ "user": "U0ANNA", "channel": "C0ACME", "message_ts": asked, "reaction": "ticket" });
    assert_eq!(desk.act("react", body).await["ok"], true);
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    // The rule `either` is not for people of other companies.
    assert!(card.says("U0HUGO") && card.says("_payments_") && !card.says("_either_"), "{}", card.all_text());
    let shown: Vec<Value> = customers_read(&desk).await.into_iter().map(|message| message.body).collect();
    assert_eq!(shown.len(), 1, "{shown:?}");
}
