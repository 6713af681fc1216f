//! What is read from the words beside the category: a tone that worsens, and what may be no request at all.

use serde_json::json;
use standardwebhooks::Webhook;

use super::{Desk, Message, Wish};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn told(desk: &Desk, id: &str, text: &str) {
    let body = json!({ "system": "freshdesk", "id": 7, "subject": "Charged twice", "text": text }).to_string();
    let at = jiff::Timestamp::now().as_second();
    let signature = Webhook::new(SECRET).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let request = desk
        .http
        .post(format!("{}/helpdesk/generic", desk.url()))
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature)
        .body(body);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_that_worsens_stands_on_the_card() {
    let desk = Desk::open(Wish::default()).await;
    let worse = |card: &Message| card.says("The requester's tone is getting worse");
    told(&desk, "msg_1", "Hello, the card was charged twice, could you have a look?").await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(!worse(&card), "{}", card.all_text());
    told(&desk, "msg_2", "Still no answer. This is unacceptable, I am really disappointed.").await;
    let card = desk.until_message("the warning", &card, worse).await;
    told(&desk, "msg_3", "Great, it is back on my account. Thank you so much for your help!").await;
    desk.until_message("the warning's end", &card, |card| !worse(card)).await;
    desk.settled().await;
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("3 decisions are the same to the byte"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_no_request_asks_a_person() {
    let desk =
        Desk::open(Wish::default().policy_with("mode = \"confirm\"\npriority", "mode = \"auto\"\npriority")).await;
    let card = desk.asks("U0GRACE", "Thanks for the lovely lunch").await;
    assert!(
        card.says("it may be no request at all") && card.has_button("not_a_ticket") && card.has_button("confirm"),
        "{}",
        card.all_text()
    );
    let card = desk.asks("U0DEV", "The payment failed with error 402").await;
    assert!(!card.says("no request"), "{}", card.all_text());
    // What surely is none is still let pass.
    desk.says("U0ELENA", "C0SUPPORT", "thanks, great!").await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2);
}
