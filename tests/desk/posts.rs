//! Posting once: what is looked for after a lost answer, how far, and whose messages count.

use std::process::Command;

use serde_json::json;

use super::failures::{has_job, until_job};
use super::{Desk, Message, State, Wish};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";

fn is_ours(message: &Message) -> bool {
    !message.body["bot_id"].is_null()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_message_with_our_marker_is_not_taken_for_ours() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "slack:chat.postMessage", "kind": "lost_response", "count": 1 })).await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    desk.settled().await;
    let metadata = card.body["metadata"].clone();

    // The next ticket's first post fails, and somebody is there with its marker before the second.
    desk.fault(json!({ "target": "slack:chat.postMessage", "kind": "status", "status": 503, "count": 1 })).await;
    let asked = desk.says("U0FRANK", "C0SUPPORT", "The card was charged twice, please refund").await;
    let marker = metadata["event_payload"]["marker"].as_str().unwrap().replace("DB-1", "DB-2");
    let copied = json!({ "event_type": metadata["event_type"], "event_payload": { "marker": marker } });
    let body =
        json!({ "user": "U0DEV", "channel": "C0SUPPORT", "thread_ts": asked, "text": "mine", "metadata": copied });
    assert_eq!(desk.act("message", body).await["ok"], true);
    let card = desk
        .until_posted("our own card", "C0SUPPORT", |message| {
            message.thread() == Some(&asked) && message.is_card() && is_ours(message)
        })
        .await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert!(state.messages("C0SUPPORT").iter().any(|message| !is_ours(message) && message.body["text"] == "mine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_looked_for_far_enough_is_told_and_not_repeated() {
    let mut wish = Wish::default();
    wish.sandbox.page_max = 1;
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    desk.settled().await;
    desk.fault(json!({ "target": "slack:chat.postMessage", "kind": "lost_response", "count": 2 })).await;
    desk.confirms("U0BEN", &card).await;
    let number = card.number();
    let alert = desk.until_posted("the squad's alert", "C0PAYMENTS", |message| message.says(&number)).await;
    for line in 0..30 {
        desk.says("U0BEN", "C0PAYMENTS", &format!("line {line}")).await;
    }
    let told = desk.until_posted("the report", "C0OPS", |message| message.says("it may stand there")).await;
    assert!(told.says(&number) && told.says("C0PAYMENTS"), "{}", told.all_text());
    desk.settled().await;
    // What changes the alert later does not make a second one.
    assert_eq!(desk.presses("U0BEN", &alert, "claim").await["ok"], true);
    desk.until_message("the claimed card", &card, |card| card.says("U0BEN")).await;
    desk.settled().await;
    let alerts = State(desk.state().await).messages("C0PAYMENTS").into_iter().filter(is_ours).count();
    assert_eq!(alerts, 1, "{}", alert.all_text());
    assert_eq!(reports(&desk).await, 1);
}

/// How often #ops was told that nobody knows whether a message stands there.
async fn reports(desk: &Desk) -> usize {
    State(desk.state().await).messages("C0OPS").iter().filter(|message| message.says("it may stand there")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_fate_is_unclear_is_told_at_once_and_not_repeated() {
    // What is written there is no request.
    let mut wish = Wish::default()
        .config_with("watched_channels = [\"C0SUPPORT\", \"C0ACME\"]", "watched_channels = [\"C0ACME\"]");
    wish.sandbox.page_max = 1;
    let desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "slack:chat.postMessage", "kind": "lost_response", "count": 1 })).await;
    let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", PAID_TWICE).await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    for line in 0..30 {
        desk.says("U0BEN", "C0SUPPORT", &format!("line {line}")).await;
    }
    let told = desk.until_posted("the report", "C0OPS", |message| message.says("it may stand there")).await;
    assert!(told.says(&card.number()) && told.says("C0SUPPORT"), "{}", told.all_text());
    // It stands there all the same: what is done with it counts, and shows nowhere twice.
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let state = State(desk.state().await);
    let cards = |channel: &str| state.messages(channel).iter().filter(|message| message.is_card()).count();
    assert_eq!((cards("C0SUPPORT"), cards("C0TRIAGE"), reports(&desk).await), (1, 0, 1));
}

fn signal(desk: &Desk, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(desk.pid().to_string()).status().unwrap();
    assert!(sent.success());
}

/// The process stands still while cards wait for their turns, until all of them have passed.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stood_still_posts_each_card_once() {
    // Three are posted at once, the others a second apart.
    const CARDS: usize = 7;
    let desk = Desk::open(Wish::default().config_with("lease = \"5s\"", "lease = \"2s\"")).await;
    for number in 0..CARDS {
        let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", &format!("Payment {number} failed")).await;
        assert_eq!(typed["ok"], true, "{typed}");
    }
    desk.until("the first cards", |state| (cards(state, "C0SUPPORT") >= 3).then_some(())).await;
    signal(&desk, "STOP");
    let now = "CAST(strftime('%s', 'now') AS INTEGER) * 1000000";
    until_job(&desk, &format!("id LIKE '%/card/%' AND state IN (1, 2) AND run_at < {now} - 3000000")).await;
    signal(&desk, "CONT");
    desk.settled().await;
    assert_eq!(cards(&State(desk.state().await), "C0SUPPORT"), CARDS);
}

fn cards(state: &State, channel: &str) -> usize {
    state.messages(channel).iter().filter(|message| message.is_card()).count()
}

/// One worker for Slack, and forty cards that Slack takes at one a second: they wait in the store, not in the worker.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_channel_slows_no_other() {
    const CARDS: usize = 40;
    let desk = Desk::open(Wish::default().config_with("count = 16", "count = 1")).await;
    for number in 0..CARDS {
        let typed = desk.types("U0GRACE", "C0SUPPORT", "/triage", &format!("Payment {number} failed")).await;
        assert_eq!(typed["ok"], true, "{typed}");
    }
    until_job(&desk, &format!("id LIKE '%/DB-{CARDS}/card/%'")).await;
    let busy = cards(&State(desk.state().await), "C0SUPPORT");
    let typed = desk.types("U0GRACE", "C0GENERAL", "/triage", "Orders answer 500 since noon").await;
    assert_eq!(typed["ok"], true, "{typed}");
    let by_then = desk
        .until("the other channel's card", |state| (cards(state, "C0GENERAL") == 1).then(|| cards(state, "C0SUPPORT")))
        .await;
    assert!(by_then < CARDS / 2, "of {CARDS} cards, {busy} stood there before and {by_then} went first");
    let attempts = "id LIKE '%/card/%' AND state = 1 AND attempts > 1";
    assert!(!has_job(&desk, attempts), "waiting for a turn counts as an attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slack_that_hangs_holds_up_no_understanding() {
    let wish = Wish::default()
        .config_with("call_timeout = \"5s\"", "call_timeout = \"200s\"")
        .config_with("count = 16", "count = 1");
    let desk = Desk::open(wish).await;
    let asked = desk.says("U0GRACE", "C0GENERAL", "Orders answer 500 since noon").await;
    desk.fault(json!({ "target": "slack:conversations.replies", "kind": "timeout", "ms": 300_000 })).await;
    desk.fault(json!({ "target": "slack:views.update", "kind": "timeout", "ms": 300_000 })).await;
    let body = json!({ "user": "U0BEN", "channel": "C0GENERAL", "message_ts": asked, "reaction": "ticket" });
    assert_eq!(desk.act("react", body).await["ok"], true);
    until_job(&desk, "id LIKE '%/look_up/%' AND state = 2").await;
    let opened = desk.act("shortcut", json!({ "user": "U0BEN", "callback_id": "new_ticket_shortcut" })).await;
    assert_eq!(opened["ok"], true, "{opened}");
    desk.says("U0GRACE", "C0SUPPORT", PAID_TWICE).await;
    until_job(&desk, "id LIKE '%/DB-1/assess/%' AND state = 3").await;
}
