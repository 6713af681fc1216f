//! What is sent to a tracker, and when it counts: a call that never left is made again, one that may have left is looked for.

use std::process::Command;

use serde_json::json;

use super::failures::until_job;
use super::{Desk, Message, State, Wish};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";
const ANSWER: &str = "result = { key = \"/key\", url = \"/url\" }";
const NOW: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

async fn confirmed(desk: &Desk, user: &str) -> Message {
    let card = desk.asks(user, PAID_TWICE).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    card
}

async fn ops_alert(desk: &Desk) -> Message {
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await
}

/// Every ticket has its one issue and nobody was asked about any.
async fn each_has_its_issue(desk: &Desk, tickets: usize) {
    desk.settled().await;
    let state = State(desk.state().await);
    let statuses: Vec<String> = desk.tickets().into_iter().map(|ticket| ticket.status).collect();
    assert_eq!((state.issues().len(), statuses), (tickets, vec!["following".to_owned(); tickets]), "{}", desk.log());
}

/// A desk whose Jira server makes one call at a time, and the first creation takes its time; a second one waits for its
/// turn in a worker's hands.
async fn one_under_way_and_one_waiting(lease: &str) -> Desk {
    let wish = Wish::default()
        .config_with("call_timeout = \"3s\"", "call_timeout = \"8s\"\nmax_concurrency = 1")
        .config_with("lease = \"5s\"", lease);
    let desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "delayed", "ms": 3000, "count": 1 })).await;
    confirmed(&desk, "U0GRACE").await;
    until_job(&desk, "state = 2 AND sends = 1 AND id LIKE '%DB-1/dispatch/%'").await;
    confirmed(&desk, "U0FRANK").await;
    until_job(&desk, "state = 2 AND sends = 0 AND id LIKE '%DB-2/dispatch/%'").await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_the_answer_does_not_name_is_looked_for() {
    let desk = Desk::open(Wish::default().config_with(ANSWER, "result = { key = \"/elsewhere\" }")).await;
    let card = confirmed(&desk, "U0GRACE").await;
    desk.until("the issue's key on the card", |state| {
        let key = state.issues().first()?["key"].as_str()?.to_owned();
        state.messages(&card.channel).into_iter().find(|found| found.ts == card.ts && found.says(&key))
    })
    .await;
    each_has_its_issue(&desk, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_nobody_names_is_parked() {
    let wish = Wish::default()
        .config_with(ANSWER, "result = { key = \"/elsewhere\" }")
        .config_with("key = \"/found/key\"", "key = \"/found/elsewhere\"");
    let desk = Desk::open(wish).await;
    confirmed(&desk, "U0GRACE").await;
    let alert = ops_alert(&desk).await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    desk.settled().await;
    assert_eq!(State(desk.state().await).issues().len(), 1, "it is not made again");
}

/// The desk's Jira server can't be started: its program is not there yet.
fn without_server(workers: &str) -> Wish {
    let command = format!("command = \"{}\"", env!("CARGO_BIN_EXE_deskbell"));
    Wish::default().config_with(&command, "command = \"./late\"").config_with("lease = \"5s\"", workers)
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_server_uses_up_no_attempts() {
    let desk = Desk::open(without_server("lease = \"5s\"\ndispatch_attempts = 2")).await;
    confirmed(&desk, "U0GRACE").await;
    until_job(&desk, "id LIKE '%/dispatch/%' AND fence >= 5 AND state = 1 AND attempts = 0 AND sends = 0").await;
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_deskbell"), desk.folder().join("late")).unwrap();
    each_has_its_issue(&desk, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_is_told_to_ops() {
    let desk = Desk::open(without_server("lease = \"5s\"\ndispatch_patience = \"2s\"")).await;
    confirmed(&desk, "U0GRACE").await;
    let alert = ops_alert(&desk).await;
    assert!(alert.says("could not be sent") && !alert.says("may or may not"), "{}", alert.all_text());
    desk.settled().await;
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_deskbell"), desk.folder().join("late")).unwrap();
    assert_eq!(desk.presses("U0ANNA", &alert, "ops_retry").await["ok"], true);
    desk.until("the issue", |state| state.issues().pop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_call_leaves_makes_it_again_without_asking() {
    let mut desk = one_under_way_and_one_waiting("lease = \"2s\"").await;
    desk.kill();
    desk.start().await;
    each_has_its_issue(&desk, 2).await;
}

/// The process sleeps for longer than its leases last, with one call under way and one about to leave.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_slept_past_its_lease_sends_nothing_twice() {
    let desk = one_under_way_and_one_waiting("lease = \"2s\"").await;
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &desk.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    signal("-STOP");
    until_job(&desk, &format!("state = 2 AND lease_until < {NOW} - 500000 AND id LIKE '%DB-1/dispatch/%'")).await;
    until_job(&desk, &format!("state = 2 AND lease_until < {NOW} - 500000 AND id LIKE '%DB-2/dispatch/%'")).await;
    signal("-CONT");
    each_has_its_issue(&desk, 2).await;
}
