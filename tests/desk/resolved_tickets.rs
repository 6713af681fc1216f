//! What resolved tickets taught: a document of Deskbell's own knowledge server for those who could read the ticket, as long as the
//! ticket is resolved and its words are there.

use serde_json::json;

use super::{Desk, Message, Wish};

const FIX: &str = "The voucher cache of the billing service had to be flushed";

fn wish() -> Wish {
    let mut wish = Wish::default().config_with("[knowledge]\n", "[knowledge]\nresolved_tickets = true\n");
    let leaders = wish.sandbox.workspace.channels.iter_mut().find(|channel| channel.id == "C0LEADERS").unwrap();
    leaders.members.push("U0DESKBELL".to_owned());
    wish
}

async fn reply(desk: &Desk, user: &str, channel: &str, thread: &str, text: &str) {
    desk.act("message", json!({ "user": user, "channel": channel, "thread_ts": thread, "text": text })).await;
}

/// Somebody asks in a channel, one of the squad says there what solved it, and resolves the ticket.
async fn resolved(desk: &Desk, asker: &str, channel: &str, text: &str) -> String {
    let thread = desk.says(asker, channel, &format!("<@U0DESKBELL> {text}")).await;
    let is_new = |message: &Message| message.is_card() && message.has_button("confirm");
    let card = desk
        .until("the card", |state| {
            ["C0LEADERS", "C0TRIAGE"].iter().flat_map(|channel| state.messages(channel)).find(is_new)
        })
        .await;
    desk.confirms("U0CARLA", &card).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    reply(desk, "U0CARLA", channel, &thread, &format!("<@U0DESKBELL> {FIX}. Ask ops@billing.example if it fails."))
        .await;
    desk.settled().await;
    desk.presses("U0CARLA", &alert, "claim").await;
    let alert = desk.until_message("the claimed alert", &alert, |alert| alert.has_button("resolve")).await;
    desk.presses("U0CARLA", &alert, "resolve").await;
    desk.until_message("the resolved alert", &alert, |alert| !alert.has_button("resolve")).await;
    desk.settled().await;
    thread
}

/// What somebody hears who asks; the number makes one question of many.
async fn hears(desk: &Desk, user: &str, number: u32) -> Message {
    let question = format!("Why did the payment of an invoice fail with error 402? {number}");
    desk.types(user, "C0SUPPORT", "/kb", &question).await;
    let mark = format!("402? {number}");
    desk.until_posted("the answer", "C0SUPPORT", |message| message.only_for(user) && message.says(&mark)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_ticket_answers_those_who_could_read_it_until_it_is_opened_again() {
    let desk = Desk::open(wish()).await;
    let text = "The payment of an invoice failed with error 402, tell amara@customer.example";
    let asked = resolved(&desk, "U0GRACE", "C0LEADERS", text).await;

    let answer = hears(&desk, "U0GRACE", 1).await;
    let link = format!("https://slack.com/archives/C0LEADERS/p{}", asked.replace('.', ""));
    for words in [FIX, "DB-1: The payment of an invoice failed", &link, "[1]"] {
        assert!(answer.says(words), "{words}: {}", answer.all_text());
    }
    assert!(!answer.says("customer.example") && !answer.says("billing.example"), "{}", answer.all_text());
    let answer = hears(&desk, "U0BEN", 2).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "he is not in the channel: {}", answer.all_text());
    // In #support everybody reads.
    let ts = desk
        .says("U0GRACE", "C0SUPPORT", "<@U0DESKBELL> kb Why did the payment of an invoice fail with error 402?")
        .await;
    let answer = desk.until_posted("the answer", "C0SUPPORT", |message| message.thread() == Some(&*ts)).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "{}", answer.all_text());

    reply(&desk, "U0GRACE", "C0LEADERS", &asked, "The payment still fails with error 402").await;
    desk.until_posted("the word", "C0LEADERS", |message| message.says("is open again")).await;
    desk.settled().await;
    let answer = hears(&desk, "U0GRACE", 3).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "{}", answer.all_text());
    let (_, trail) = desk.runs(&["audit", "show", "--ticket", "DB-1"]).await;
    let carried_out = |action: &str| trail.lines().any(|line| line.contains("action_done") && line.contains(action));
    assert!(carried_out("put_document") && carried_out("remove_document"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_the_channel_is_told_nothing_of_its_tickets_any_more() {
    let mut wish = wish();
    let leaders = wish.sandbox.workspace.channels.iter_mut().find(|channel| channel.id == "C0LEADERS").unwrap();
    leaders.members.push("U0BEN".to_owned());
    let desk = Desk::open(wish).await;
    resolved(&desk, "U0GRACE", "C0LEADERS", "The payment of an invoice failed with error 402").await;
    let left = desk.act("leave", json!({ "user": "U0BEN", "channel": "C0LEADERS" })).await;
    assert_eq!((&left["ok"], &left["not_in_channel"]), (&json!(true), &json!(false)), "{left}");
    let answer = hears(&desk, "U0BEN", 1).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "{}", answer.all_text());
    assert!(hears(&desk, "U0CARLA", 2).await.says(FIX), "she is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_say_who_reads_is_told_nobody() {
    let desk = Desk::open(wish()).await;
    resolved(&desk, "U0GRACE", "C0LEADERS", "The payment of an invoice failed with error 402").await;
    desk.fault(json!({ "target": "slack:conversations.members", "kind": "status", "status": 503 })).await;
    let answer = hears(&desk, "U0GRACE", 1).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "{}", answer.all_text());
    desk.no_faults().await;
    assert!(hears(&desk, "U0GRACE", 2).await.says(FIX));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_erased_person_asked_teaches_nobody() {
    let mut desk = Desk::open(wish()).await;
    resolved(&desk, "U0GRACE", "C0LEADERS", "The payment of an invoice failed with error 402").await;
    assert!(hears(&desk, "U0CARLA", 1).await.says(FIX));
    assert!(desk.stop().success());
    let (ok, said) = desk.runs(&["audit", "erase", "U0GRACE", "--yes"]).await;
    assert!(ok, "{said}");
    desk.start().await;
    desk.until_log("MCP server is ready server=\"knowledge\"").await;
    desk.settled().await;
    let answer = hears(&desk, "U0CARLA", 2).await;
    assert!(!answer.says("voucher") && !answer.says("DB-1"), "{}", answer.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_read_along_teaches_those_who_work_on_it() {
    let desk = Desk::open(wish()).await;
    resolved(&desk, "U0ANNA", "C0ACME", "The payment of an invoice failed with error 402").await;
    assert!(hears(&desk, "U0BEN", 1).await.says(FIX), "he is of the squad");
    for (user, number) in [("U0GRACE", 2), ("U0ANNA", 3)] {
        let answer = hears(&desk, user, number).await;
        assert!(!answer.says("voucher") && !answer.says("DB-1"), "{user}: {}", answer.all_text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taught_where_nobody_asked_for_it() {
    let mut wish = wish();
    wish.config_edits.clear();
    let desk = Desk::open(wish).await;
    resolved(&desk, "U0GRACE", "C0LEADERS", "The payment of an invoice failed with error 402").await;
    assert!(!hears(&desk, "U0GRACE", 1).await.says("voucher"));
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(!trail.contains("put_document"), "{trail}");
}
