//! Every way a request comes in from Slack's conversations and menus.

use serde_json::json;

use super::{Desk, Message, State, Wish};

fn cards(state: &State, channel: &str) -> Vec<Message> {
    state.messages(channel).into_iter().filter(Message::is_card).collect()
}

async fn one_card(desk: &Desk, channel: &str) -> Message {
    desk.settled().await;
    let cards = cards(&State(desk.state().await), channel);
    assert_eq!(cards.len(), 1, "{cards:?}");
    cards.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_requests_where_deskbell_listens_become_tickets() {
    let desk = Desk::open(Wish::default()).await;
    desk.says("U0GRACE", "C0GENERAL", "The payment failed with error 402").await;
    desk.says("U0GRACE", "C0SUPPORT", "thanks!").await;
    desk.says("U0DEV", "C0SUPPORT", "Good morning all :wave:").await;
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new());
    let state = State(desk.state().await);
    assert_eq!((state.messages("C0GENERAL").len(), state.messages("C0SUPPORT").len()), (1, 2));
    let outcomes = desk.outcomes();
    assert!(outcomes.iter().any(|(_, outcome)| outcome.to_string().contains("only says thanks")), "{outcomes:?}");
    assert!(outcomes.iter().any(|(_, outcome)| outcome.to_string().contains("only greets")), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_messages_of_one_author_are_one_request() {
    let desk = Desk::open(Wish::default()).await;
    for text in ["The refund is missing", "invoice 4711", "it was charged twice in March"] {
        desk.says("U0GRACE", "C0SUPPORT", text).await;
    }
    let card = one_card(&desk, "C0SUPPORT").await;
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert!(card.says("The refund is missing"), "{}", card.all_text());
    let issue = desk.confirms("U0BEN", &card).await;
    let description = issue["description"].as_str().unwrap();
    for text in ["The refund is missing", "invoice 4711", "it was charged twice in March"] {
        assert!(description.contains(text), "{description}");
    }
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_authors_are_two_requests() {
    let desk = Desk::open(Wish::default()).await;
    let grace = desk.says("U0GRACE", "C0SUPPORT", "The refund is missing").await;
    let dev = desk.says("U0DEV", "C0SUPPORT", "Nobody can log in with SSO").await;
    let (grace, dev) = tokio::join!(desk.card_under("C0SUPPORT", &grace), desk.card_under("C0SUPPORT", &dev));
    assert!(grace.says("Payments") && dev.says("Identity"), "{} {}", grace.all_text(), dev.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2);
}

/// Slack sends a mention twice, in no fixed order: the sandbox's seed sets the order.
async fn a_mention_is_one_ticket(channel: &str, faults_seed: u64) {
    let mut wish = Wish::default();
    wish.sandbox.faults_seed = faults_seed;
    let desk = Desk::open(wish).await;
    let grace = desk.says("U0GRACE", channel, "<@U0DESKBELL> the invoice is wrong").await;
    let carla = desk.says("U0CARLA", channel, "<@U0DESKBELL> webhooks time out").await;
    let card = desk.card_under(channel, &grace).await;
    desk.card_under(channel, &carla).await;
    assert!(card.says("the invoice is wrong"), "{}", card.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2, "{:?}", desk.outcomes());
    assert_eq!(cards(&State(desk.state().await), channel).len(), 2);
    let joined = desk.outcomes().iter().filter(|(_, outcome)| outcome.to_string().contains("joined")).count();
    assert_eq!(joined, 2, "{:?}", desk.outcomes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_in_a_watched_channel_is_one_ticket() {
    a_mention_is_one_ticket("C0SUPPORT", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_in_an_unwatched_channel_is_one_ticket() {
    a_mention_is_one_ticket("C0GENERAL", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_requester_adds_in_the_thread_of_an_unwatched_channel_joins() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "<@U0DESKBELL> the invoice is wrong").await;
    let card = desk.card_under("C0GENERAL", &asked).await;
    for (user, text) in [("U0GRACE", "It is number 4711"), ("U0DEV", "The same happened to the payment of mine")] {
        let body = json!({ "user": user, "channel": "C0GENERAL", "thread_ts": asked, "text": text });
        assert_eq!(desk.act("message", body).await["ok"], true);
    }
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &card).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("4711") && !description.contains("happened to"), "{description}");
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_message_has_its_card_in_triage_and_its_answers_in_the_conversation() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0BEN", "D0BEN", "My refund did not arrive").await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert!(card.says("My refund did not arrive") && card.says("U0BEN"), "{}", card.all_text());
    desk.until_told("U0BEN", "D0BEN", &card.number()).await;
    let issue = desk.confirms("U0CARLA", &card).await;
    let key = issue["key"].as_str().unwrap();
    desk.until_posted("the issue's key in the conversation", "D0BEN", |message| {
        message.thread() == Some(&asked) && message.says(key)
    })
    .await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_makes_one_ticket_of_a_message() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "Orders answer 500 since noon").await;
    let react = |user: &'static str, reaction: &'static str| {
        let body = json!({ "user": user, "channel": "C0GENERAL", "message_ts": asked, "reaction": reaction });
        let desk = &desk;
        async move { assert_eq!(desk.act("react", body).await["ok"], true) }
    };
    react("U0BEN", "eyes").await;
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new());
    tokio::join!(react("U0BEN", "ticket"), react("U0DEV", "ticket"));
    let card = desk.card_under("C0GENERAL", &asked).await;
    assert!(card.says("Orders answer 500") && card.says("U0GRACE"), "{}", card.all_text());
    desk.settled().await;
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(tickets[0].requester, "U0GRACE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_on_a_reply_makes_a_ticket_of_the_reply() {
    let desk = Desk::open(Wish::default()).await;
    let root = desk.says("U0GRACE", "C0GENERAL", "Lunch at noon?").await;
    let body = json!({ "user": "U0DEV", "channel": "C0GENERAL", "thread_ts": root, "text": "My password reset mail never arrives" });
    let reply = desk.act("message", body).await["ts"].as_str().unwrap().to_owned();
    let body = json!({ "user": "U0BEN", "channel": "C0GENERAL", "message_ts": reply, "reaction": "ticket" });
    assert_eq!(desk.act("react", body).await["ok"], true);
    let card = desk.card_under("C0GENERAL", &root).await;
    assert!(card.says("password reset") && !card.says("Lunch"), "{}", card.all_text());
    desk.settled().await;
    assert_eq!(desk.tickets()[0].requester, "U0DEV");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_shortcut_makes_one_ticket_and_tells_who_used_it() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "The card was charged twice").await;
    let shortcut = |user: &'static str| {
        let body =
            json!({ "user": user, "callback_id": "triage_message", "channel": "C0GENERAL", "message_ts": asked });
        let desk = &desk;
        async move { assert_eq!(desk.act("message_shortcut", body).await["ok"], true) }
    };
    shortcut("U0BEN").await;
    let card = desk.card_under("C0GENERAL", &asked).await;
    desk.until_told("U0BEN", "C0GENERAL", &card.number()).await;
    shortcut("U0DEV").await;
    desk.until_told("U0DEV", "C0GENERAL", &card.number()).await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1);
    assert_eq!(desk.tickets()[0].requester, "U0GRACE");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_another_company_asks_in_a_shared_channel() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0HUGO", "C0ACME", "balance me: the payment failed").await;
    let card = desk.card_under("C0ACME", &asked).await;
    // The rule `either` is not for people of other companies.
    assert!(card.says("U0HUGO") && card.says("_payments_") && !card.says("_either_"), "{}", card.all_text());
}
