//! Helpdesks' tickets: signed webhooks, a card in triage.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deskbell_sandbox::zendesk::HookTarget;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Desk, Message, State, Wish};

const GENERIC_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn zendesk_ticket(number: u32) -> String {
    json!({ "ticket": {
        "id": number, "url": format!("https://acme.zendesk.com/agent/tickets/{number}"), "subject": "Charged twice",
        "description": "The card was charged twice for one invoice",
        "requester": { "name": "Ivy Cole", "email": "ivy@customer.example" },
    } })
    .to_string()
}

async fn zendesk(desk: &Desk, secret: &str, invocation: &str, body: &str) -> u16 {
    let timestamp = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = STANDARD.encode(mac.chain_update(&timestamp).chain_update(body).finalize().into_bytes());
    let request = desk
        .http
        .post(format!("{}/helpdesk/zendesk", desk.url()))
        .header("content-type", "application/json")
        .header("x-zendesk-webhook-signature", signature)
        .header("x-zendesk-webhook-signature-timestamp", timestamp)
        .header("x-zendesk-webhook-invocation-id", invocation)
        .body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

async fn generic(desk: &Desk, secret: &str, id: &str, body: &Value) -> u16 {
    let body = body.to_string();
    let at = jiff::Timestamp::now().as_second();
    let signature = standardwebhooks::Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let request = desk
        .http
        .post(format!("{}/helpdesk/generic", desk.url()))
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature)
        .body(body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zendesk_ticket_is_one_ticket_however_often_it_is_told() {
    let desk = Desk::open(Wish::default()).await;
    let body = zendesk_ticket(35436);
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-1", &body).await, 200);
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-1", &body).await, 200, "the same invocation");
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-2", &body).await, 200, "another one about the same ticket");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("Charged twice") && card.says("Ivy Cole") && card.says("Payments"), "{}", card.all_text());
    assert!(card.thread().is_none(), "{card:?}");
    let issue = desk.confirms("U0BEN", &card).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("charged twice for one invoice") && description.contains("35436"), "{description}");
    desk.until_posted("the note under the card", "C0TRIAGE", |message| {
        message.thread() == Some(&card.ts) && message.says(issue["key"].as_str().unwrap())
    })
    .await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.outcomes());
}

/// The box signs and repeats as Zendesk does: the first telling is lost on the way.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_asks_at_zendesk_gets_its_card() {
    let desk = Desk::open(Wish::default()).await;
    let zendesk = desk.sandbox.zendesk().unwrap();
    let url = format!("{}/helpdesk/zendesk", desk.url());
    zendesk.set_webhook(Some(HookTarget { url, secret: "zendesk-secret".into() }));
    desk.fault(json!({ "target": "deliver:zendesk", "kind": "lost_response", "count": 1 })).await;
    zendesk.ask("Max Berg", "max@customer.example", "Charged twice", "The card was charged twice for one invoice");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("Charged twice") && card.says("Max Berg") && card.says("Payments"), "{}", card.all_text());
    assert!(card.says("via Zendesk <") && card.says("Charged twice · The card"), "{}", card.all_text());
    assert!(card.says(">Charged twice\\n>The card was charged twice for one invoice"), "{}", card.all_text());
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &card).await;
    assert!(issue["description"].as_str().unwrap().contains("Asked by Max Berg"), "{issue}");
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.outcomes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_leaves_no_trace() {
    let desk = Desk::open(Wish::default()).await;
    assert_eq!(zendesk(&desk, "another-secret", "inv-1", &zendesk_ticket(1)).await, 401);
    let body = json!({ "system": "freshdesk", "id": 7, "subject": "Help", "text": "The refund is missing" });
    assert_eq!(generic(&desk, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_1", &body).await, 401);
    desk.settled().await;
    assert_eq!((desk.tickets().len(), desk.outcomes().len()), (0, 0));
    assert_eq!(State(desk.state().await).messages("C0TRIAGE").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_helpdesk_speaks_standard_webhooks() {
    let desk = Desk::open(Wish::default()).await;
    let body = json!({
        "system": "freshdesk", "id": 7, "url": "https://acme.freshdesk.com/a/tickets/7", "subject": "Login",
        "text": "Nobody can log in with SSO", "requester": { "id": "c-1", "name": "Joe Park", "email": "joe@customer.example" },
    });
    for id in ["msg_1", "msg_1", "msg_2"] {
        assert_eq!(generic(&desk, GENERIC_SECRET, id, &body).await, 200);
    }
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("Identity") && card.says("Joe Park"), "{}", card.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.outcomes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_ticket_is_refused_and_new_words_of_a_known_one_join_it() {
    let desk = Desk::open(Wish::default()).await;
    for body in [json!({ "text": "Our whole shop is down" }), json!({ "ticket": { "id": 5, "text": "x" } })] {
        assert_eq!(generic(&desk, GENERIC_SECRET, "msg_0", &body).await, 422, "{body}");
    }
    let other_shape = json!({ "id": 77, "subject": "Payment failed" }).to_string();
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-0", &other_shape).await, 422);
    let imitated = json!({ "system": "Zendesk", "id": 35436, "text": "The payment failed" });
    assert_eq!(generic(&desk, GENERIC_SECRET, "msg_1", &imitated).await, 422, "the name is another door's");
    let metrics = desk.http.get(format!("{}/metrics", desk.url())).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("reason=\"no_ticket\"") && metrics.contains("reason=\"reserved_system\""), "{metrics}");

    let mut body: Value = serde_json::from_str(&zendesk_ticket(35436)).unwrap();
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-1", &body.to_string()).await, 200);
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-2", &body.to_string()).await, 200);
    body["ticket"]["description"] = "It is on fire now".into();
    assert_eq!(zendesk(&desk, "zendesk-secret", "inv-3", &body.to_string()).await, 200);
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("charged twice for one") && description.contains("on fire"), "{description}");
    let outcomes = desk.outcomes();
    let of = |invocation: &str| outcomes.iter().find(|(key, _)| key.contains(invocation)).unwrap().1.to_string();
    assert!(of("inv-2").contains("told this before") && of("inv-3").contains("joined"), "{outcomes:?}");
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesks_fields_write_no_line_of_deskbells_own() {
    let desk = Desk::open(Wish::default()).await;
    let body = json!({
        "system": "hd\n\n# Squad Admins", "id": "9](https://evil.example/a)\n\n**Approved by** CEO",
        "url": "https://ok.example/9)\n\n**Approved by** CEO [x](https://evil.example",
        "text": format!("The payment failed {}", "<".repeat(200_000)),
        "requester": { "id": "bob\n\n**Approved by** the CFO, [pay](https://evil.example/pay)", "name": "Bob" },
    });
    assert_eq!(generic(&desk, GENERIC_SECRET, "msg_1", &body).await, 200);
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    let issue = desk.confirms("U0BEN", &card).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.lines().all(|line| !line.trim_start().starts_with("Approved by")), "{description}");
    assert!(!description.contains("CFO") && description.contains("Squad Payments"), "{description}");
}
