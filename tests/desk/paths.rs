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
    let with_colons = ("triage_emoji = [\"ticket\"]", "triage_emoji = [\":ticket:\"]");
    let desk = Desk::open(Wish::default().config_with(with_colons.0, with_colons.1)).await;
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
    desk.says("U0HUGO", "C0ACME", "balance me: the payment failed").await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    // The rule `either` is not for people of other companies.
    assert!(card.says("U0HUGO") && card.says("_payments_") && !card.says("_either_"), "{}", card.all_text());
}

/// What everybody reads in the shared channel, in order.
async fn customers_read(desk: &Desk) -> Vec<String> {
    desk.settled().await;
    let messages = State(desk.state().await).messages("C0ACME");
    messages.iter().filter(|message| message.body["user"] == "U0DESKBELL").map(Message::all_text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_in_a_shared_channel_reads_number_and_outcome_and_nothing_internal() {
    for user in ["U0HUGO", "U0ANNA"] {
        let desk = Desk::open(Wish::default()).await;
        let asked = desk.says(user, "C0ACME", "The payment failed with error 402").await;
        let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
        let read = customers_read(&desk).await;
        assert!(read.len() == 1 && read[0].contains("We have your request: it is DB-1"), "{read:?}");
        desk.confirms("U0BEN", &card).await;
        assert_eq!(customers_read(&desk).await.len(), 1, "the issue is not the customer's business");
        let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
        desk.presses("U0BEN", &alert, "claim").await;
        let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
        desk.presses("U0BEN", &alert, "resolve").await;
        let outcome = desk.until_posted("the outcome", "C0ACME", |message| message.says("is resolved")).await;
        assert_eq!(outcome.body["thread_ts"], asked.as_str(), "{}", outcome.body);
        let read = customers_read(&desk).await;
        assert!(read.len() == 3 && read[1].contains("Somebody is working on DB-1"), "{read:?}");
        for internal in ["PAY-", "Jira", "U0BEN", "Payments", "_payments_"] {
            assert!(!read.iter().any(|text| text.contains(internal)), "{internal} in {read:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_s_look_at_their_ticket_shows_number_status_and_summary_alone() {
    let desk = Desk::open(Wish::default()).await;
    desk.says("U0HUGO", "C0ACME", "The payment failed with error 402").await;
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let typed = desk.types("U0HUGO", "C0ACME", "/ticket", "DB-1").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let told = desk.until_told("U0HUGO", "C0ACME", "DB-1 is being worked on").await;
    assert!(told.says("payment failed"), "{}", told.all_text());
    assert!(!told.says("PAY-") && !told.says("Payments") && !told.says("Squad"), "{}", told.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_a_greeting_said_to_deskbell_are_answered_and_make_no_ticket() {
    let desk = Desk::open(Wish::default()).await;
    desk.says("U0BEN", "D0BEN", "hello").await;
    desk.until_told("U0BEN", "D0BEN", "Write what is wrong").await;
    desk.says("U0BEN", "D0BEN", "Help!").await;
    desk.until_told("U0BEN", "D0BEN", "What I do").await;
    for channel in ["C0SUPPORT", "C0GENERAL"] {
        desk.says("U0GRACE", channel, "<@U0DESKBELL> help").await;
        desk.until_told("U0GRACE", channel, "What I do").await;
    }
    desk.settled().await;
    let state = State(desk.state().await);
    let helps = state.messages("C0SUPPORT").into_iter().filter(|message| message.says("What I do")).count();
    assert_eq!((desk.tickets().len(), helps), (0, 1), "{:?}", desk.outcomes());
}

async fn replies(desk: &Desk, user: &str, thread: &str, text: &str) {
    let body = json!({ "user": user, "channel": "C0SUPPORT", "thread_ts": thread, "text": text });
    assert_eq!(desk.act("message", body).await["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_by_command_in_a_direct_conversation_hears_the_outcome_there() {
    let desk = Desk::open(Wish::default()).await;
    let typed = desk.types("U0BEN", "D0BEN", "/triage", "My refund did not arrive").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    let receipt = desk.until_told("U0BEN", "D0BEN", &card.number()).await;
    assert!(receipt.says("in our direct conversation"), "{}", receipt.all_text());
    let issue = desk.confirms("U0CARLA", &card).await;
    let key = issue["key"].as_str().unwrap();
    let heard = async |what: &str| desk.until_posted(what, "D0BEN", |message| message.says(what)).await;
    heard(key).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    assert_eq!(desk.presses("U0CARLA", &alert, "claim").await["ok"], true);
    heard(&format!("<@U0CARLA> has {}", card.number())).await;
    let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    assert_eq!(desk.presses("U0CARLA", &alert, "resolve").await["ok"], true);
    heard("is resolved by <@U0CARLA>").await;
    desk.settled().await;
    let told = State(desk.state().await).messages("D0BEN");
    assert_eq!(told.iter().filter(|message| !message.only_for("U0BEN")).count(), 3, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_by_somebody_else_in_a_tickets_thread_joins_it() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0SUPPORT", "The payment failed with error 402").await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    replies(&desk, "U0DEV", &asked, "<@U0DESKBELL> it fails for customer 4711 too").await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.tickets());
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    assert!(issue["description"].as_str().unwrap().contains("4711"), "{issue}");
    desk.settled().await;
    replies(&desk, "U0ELENA", &asked, "<@U0DESKBELL> the invoice of 4712 is wrong as well").await;
    let added = |message: &Message| message.says("4712") && message.says("<@U0ELENA>");
    let shown = desk.until_posted("the words in the alert's thread", "C0PAYMENTS", added).await;
    assert!(shown.thread().is_some() && shown.says("not in the issue"), "{}", shown.all_text());
    desk.settled().await;
    let comments = State(desk.state().await).issues()[0]["comments"].to_string();
    assert!(!comments.contains("4712"), "nobody approved that: {comments}");
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_under_the_card_of_a_form_joins_its_ticket() {
    let desk = Desk::open(Wish::default()).await;
    let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", "The payment failed with error 402").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    desk.settled().await;
    replies(&desk, "U0DEV", &card.ts, "<@U0DESKBELL> it fails for customer 4711 too").await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1, "{:?}", desk.tickets());
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    assert!(issue["description"].as_str().unwrap().contains("4711"), "{issue}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_that_carries_the_bot_s_name_is_the_same_mention() {
    let desk = Desk::open(Wish::default()).await;
    let asked = desk.says("U0GRACE", "C0SUPPORT", "The payment failed with error 402").await;
    let card = desk.card_under("C0SUPPORT", &asked).await;
    replies(&desk, "U0DEV", &asked, "<@U0DESKBELL|deskbell> it fails for customer 4711 too").await;
    desk.settled().await;
    let issue = desk.confirms("U0BEN", &desk.again(&card).await).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("4711") && !description.contains("deskbell>"), "{description}");
    assert!(!description.contains('@'), "{description}");
    assert_eq!(desk.tickets().len(), 1);
}
