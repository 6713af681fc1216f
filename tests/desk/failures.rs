//! Everything that can fail around Deskbell, each ending in a state that people can see.

use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{Desk, Message, PATIENCE, State, Wish};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";
/// Far beyond what a test waits for: whoever does not honour it is seen to.
const LONG_SECONDS: i64 = 600;

/// Whether a job of the store meets a condition in SQL.
pub fn has_job(desk: &Desk, condition: &str) -> bool {
    let path = desk.folder().join("deskbell.db");
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store.prepare(&format!("SELECT 1 FROM jobs WHERE {condition}")).unwrap().exists([]).unwrap()
}

/// Waits for a job of the store that meets a condition in SQL.
pub async fn until_job(desk: &Desk, condition: &str) {
    let started = Instant::now();
    while !has_job(desk, condition) {
        assert!(started.elapsed() < PATIENCE, "no job is {condition}\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn later_than(seconds: i64) -> i64 {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).as_microsecond()
}

/// A request with its card, confirmed.
async fn confirmed(desk: &Desk) -> Message {
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    let pressed = desk.presses("U0BEN", &card, "confirm").await;
    assert_eq!(pressed["ok"], true, "{pressed}");
    card
}

/// The issue, once the card shows it; there is one.
async fn the_issue(desk: &Desk, card: &Message) -> String {
    let key = desk
        .until("the card with the issue", |state| {
            let issue = state.issues().into_iter().next()?;
            let key = issue["key"].as_str().unwrap().to_owned();
            state.messages(&card.channel).into_iter().find(|found| found.ts == card.ts && found.says(&key)).map(|_| key)
        })
        .await;
    desk.settled().await;
    assert_eq!(issues(desk).await, 1);
    key
}

async fn issues(desk: &Desk) -> usize {
    State(desk.state().await).issues().len()
}

/// The alert in #ops about a parked action.
async fn ops_alert(desk: &Desk) -> Message {
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await
}

/// Every message of Deskbell's own, in every channel: none stands there twice.
async fn own_messages(desk: &Desk) -> Vec<Message> {
    let state = State(desk.state().await);
    let channels: Vec<String> = state.0["messages"].as_object().unwrap().keys().cloned().collect();
    let all = channels.iter().flat_map(|channel| state.messages(channel));
    let own: Vec<Message> = all.filter(|message| message.marker().is_some()).collect();
    let mut markers: Vec<&str> = own.iter().filter_map(Message::marker).collect();
    markers.sort_unstable();
    let count = markers.len();
    markers.dedup();
    assert_eq!(count, markers.len(), "a message was posted twice: {own:?}");
    own
}

/// The processes of the desk's own MCP server for Jira; the one for knowledge is none of a test's here.
fn mcp_servers(desk: &Desk) -> Vec<u32> {
    let parent = desk.child.as_ref().unwrap().id().to_string();
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().unwrap().stdout;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let columns = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    columns
        .filter(|columns| columns.get(1) == Some(&parent.as_str()) && columns.contains(&"jira"))
        .map(|columns| columns[0].parse().unwrap())
        .collect()
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().unwrap();
    assert!(sent.success());
}

/// Waits until the one MCP server is another process than before.
async fn until_restarted(desk: &Desk, before: u32) {
    let started = Instant::now();
    while mcp_servers(desk).iter().all(|process| *process == before) {
        assert!(started.elapsed() < PATIENCE, "the MCP server was not started again\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A sandbox whose bot is not in a channel.
fn without_bot(channels: &[&str]) -> Wish {
    let mut wish = Wish::default();
    for channel in wish.sandbox.workspace.channels.iter_mut().filter(|channel| channels.contains(&channel.id.as_str()))
    {
        channel.members.retain(|member| member != "U0DESKBELL");
    }
    wish
}

fn few_attempts() -> Wish {
    Wish::default().config_with("lease = \"5s\"", "lease = \"5s\"\ndispatch_attempts = 2")
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_asks_to_wait() {
    let desk = Desk::open(Wish::default()).await;
    let busy = |seconds: i64| json!({ "target": "jira:POST /issue", "kind": "status", "status": 429, "retry_after_seconds": seconds, "count": 1 });
    desk.fault(busy(1)).await;
    let card = confirmed(&desk).await;
    the_issue(&desk, &card).await;

    desk.fault(busy(LONG_SECONDS)).await;
    let card = desk.asks("U0FRANK", "The card was charged twice, please refund").await;
    desk.presses("U0BEN", &card, "confirm").await;
    let waits = format!("id LIKE '%/dispatch/%' AND run_at > {}", later_than(LONG_SECONDS / 2));
    until_job(&desk, &waits).await;
    assert_eq!(issues(&desk).await, 1);
}

/// Many requests, and a Jira that refuses more often than there are: each gets its issue, and no second one.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_refusals_delays_and_repeats_nothing() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(
        json!({ "target": "jira:POST /issue", "kind": "status", "status": 429, "retry_after_seconds": 1, "count": 12 }),
    )
    .await;
    let people = ["U0ANNA", "U0CARLA", "U0ELENA", "U0FRANK", "U0GRACE"];
    for (number, person) in people.iter().enumerate() {
        let card = desk.asks(person, &format!("The payment of order {number} failed with error 402")).await;
        desk.presses("U0BEN", &card, "confirm").await;
    }
    desk.until("all issues", |state| (state.issues().len() == people.len()).then_some(())).await;
    desk.settled().await;
    assert_eq!(issues(&desk).await, people.len());
    assert!(desk.tickets().iter().all(|ticket| ticket.status == "following"));
    assert!(own_messages(&desk).await.iter().all(|message| !message.has_button("ops_retry")));
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_fails_and_recovers() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "jira:GET /issue/createmeta/*", "kind": "status", "status": 503, "count": 2 })).await;
    let card = confirmed(&desk).await;
    the_issue(&desk, &card).await;
}

/// Jira is down, the attempts are used up, #ops is asked.
async fn down_for_good() -> (Desk, Message, Message) {
    let desk = Desk::open(few_attempts()).await;
    desk.fault(json!({ "target": "jira:*", "kind": "status", "status": 503 })).await;
    let card = confirmed(&desk).await;
    let alert = ops_alert(&desk).await;
    assert!(alert.has_button("ops_skip") && alert.has_button("ops_take_over"), "{}", alert.all_text());
    assert!(alert.says(&card.number()) && alert.says("failed") && alert.says("jira ·"), "{}", alert.all_text());
    desk.settled().await;
    assert_eq!(issues(&desk).await, 0);
    (desk, card, alert)
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_retries_what_failed() {
    let (desk, card, alert) = down_for_good().await;
    desk.no_faults().await;
    assert_eq!(desk.presses("U0ANNA", &alert, "ops_retry").await["ok"], true);
    the_issue(&desk, &card).await;
    let alert = desk.again(&alert).await;
    assert!(!alert.has_button("ops_retry") && alert.says("U0ANNA"), "{}", alert.all_text());
}

/// Skip and Take over end the same way: no issue, the alert says who chose, the squad knows, nothing is left to do.
async fn settles_without_issue(button: &str, words: &str) {
    let (desk, card, alert) = down_for_good().await;
    assert_eq!(desk.presses("U0ANNA", &alert, button).await["ok"], true);
    desk.until_message("the settled alert", &alert, |alert| alert.says(words) && alert.says("U0ANNA")).await;
    let number = card.number();
    desk.until_posted("the squad's alert", "C0PAYMENTS", |message| {
        message.says(&number) && message.has_button("claim")
    })
    .await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "following");
    desk.no_faults().await;
    desk.settled().await;
    assert_eq!(issues(&desk).await, 0);
    own_messages(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_skips_what_failed() {
    settles_without_issue("ops_skip", "left it out").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_takes_over_what_failed() {
    settles_without_issue("ops_take_over", "by hand").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_refuses() {
    let desk = Desk::open(Wish::default().policy_with("project = \"PAY\"", "project = \"NOPE\"")).await;
    confirmed(&desk).await;
    let alert = ops_alert(&desk).await;
    assert!(alert.says("NOPE") && alert.says("failed"), "{}", alert.all_text());
    desk.settled().await;
    until_job(&desk, "id LIKE '%/dispatch/%' AND attempts = 1 AND state = 3").await;
    assert_eq!((issues(&desk).await, desk.tickets()[0].status.as_str()), (0, "parked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_whose_answer_got_lost_is_found_once_the_search_shows_it() {
    let mut wish = Wish::default();
    wish.sandbox.jira.as_mut().unwrap().search_lag_ms = 1200..=1800;
    let desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "lost_response", "count": 1 })).await;
    let card = confirmed(&desk).await;
    the_issue(&desk, &card).await;
    assert_eq!(desk.tickets()[0].status, "following");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_never_shows_is_parked_and_not_repeated() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "timeout", "ms": 50, "work_done": false, "count": 1 }))
        .await;
    let card = confirmed(&desk).await;
    let alert = ops_alert(&desk).await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    desk.settled().await;
    assert_eq!(issues(&desk).await, 0);
    assert_eq!(desk.presses("U0ANNA", &alert, "ops_retry").await["ok"], true);
    the_issue(&desk, &card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_mcp_server_is_started_again() {
    let desk = Desk::open(Wish::default()).await;
    let first = confirmed(&desk).await;
    the_issue(&desk, &first).await;
    let server = mcp_servers(&desk)[0];
    signal(server, "KILL");
    let card = desk.asks("U0FRANK", "The card was charged twice, please refund").await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    assert_eq!(issues(&desk).await, 2);
    until_restarted(&desk, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_mcp_server_is_replaced_and_what_it_had_is_asked_about() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    // The server is up once the desk is idle: only then can it be stopped.
    desk.settled().await;
    let started = Instant::now();
    let is_ready = |log: &str| log.lines().any(|line| line.contains("MCP server is ready") && line.contains("jira"));
    while mcp_servers(&desk).is_empty() || !is_ready(&desk.log()) {
        assert!(started.elapsed() < PATIENCE, "no MCP server\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let server = mcp_servers(&desk)[0];
    signal(server, "STOP");
    desk.presses("U0BEN", &card, "confirm").await;
    let alert = ops_alert(&desk).await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    until_restarted(&desk, server).await;
    assert_eq!(desk.presses("U0ANNA", &alert, "ops_retry").await["ok"], true);
    the_issue(&desk, &card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_asks_to_wait() {
    let desk = Desk::open(Wish::default()).await;
    let busy = |seconds: i64, count: u32| json!({ "target": "slack:chat.postMessage", "kind": "status", "status": 429, "retry_after_seconds": seconds, "count": count });
    desk.fault(busy(1, 2)).await;
    desk.asks("U0GRACE", PAID_TWICE).await;
    desk.settled().await;
    assert_eq!(own_messages(&desk).await.len(), 1);

    desk.fault(busy(LONG_SECONDS, 1)).await;
    desk.says("U0FRANK", "C0SUPPORT", "The card was charged twice, please refund").await;
    until_job(&desk, &format!("id LIKE '%/card/%' AND run_at > {}", later_than(LONG_SECONDS / 2))).await;
    assert_eq!(own_messages(&desk).await.len(), 1);
}

/// Whatever happens to the first posts of a card: one card stands there in the end.
async fn one_card_despite(fault: Value) {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(fault).await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    desk.settled().await;
    assert_eq!(own_messages(&desk).await.len(), 1);
    desk.confirms("U0BEN", &card).await;
    the_issue(&desk, &card).await;
    own_messages(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_fails_and_recovers() {
    one_card_despite(json!({ "target": "slack:chat.postMessage", "kind": "status", "status": 503, "count": 2 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_answer_got_lost_is_not_posted_again() {
    one_card_despite(json!({ "target": "slack:chat.postMessage", "kind": "lost_response", "count": 1 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_squads_channel_without_the_bot_is_reported_to_ops() {
    let desk = Desk::open(without_bot(&["C0PAYMENTS"])).await;
    let card = confirmed(&desk).await;
    let told = desk.until_posted("the report", "C0OPS", |message| message.says("not_in_channel")).await;
    assert!(told.says("<#C0PAYMENTS>") && told.says("invite") && told.says(&card.number()), "{}", told.all_text());
    the_issue(&desk, &card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_its_channel_refuses_goes_to_triage() {
    let desk = Desk::open(without_bot(&["C0GENERAL"])).await;
    let typed = desk.types("U0GRACE", "C0GENERAL", "/triage", PAID_TWICE).await;
    assert_eq!(typed["ok"], true, "{typed}");
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    let told = desk.until_posted("the report", "C0OPS", |message| message.says("not_in_channel")).await;
    assert!(told.says("triage card") && told.says(&card.number()), "{}", told.all_text());
    desk.confirms("U0BEN", &card).await;
    the_issue(&desk, &card).await;
    assert_eq!(own_messages(&desk).await.iter().filter(|message| message.is_card()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_ops_channel_makes_no_loop() {
    let desk = Desk::open(without_bot(&["C0PAYMENTS", "C0OPS"])).await;
    let card = confirmed(&desk).await;
    the_issue(&desk, &card).await;
    let state = State(desk.state().await);
    assert!(
        state.messages("C0OPS").is_empty()
            && state.messages("C0PAYMENTS").iter().all(|message| message.marker().is_none())
    );
    let (sound, said) = desk.runs(&["audit", "show"]).await;
    let reported = said.lines().filter(|line| line.contains("delivery_failed")).count();
    assert!(sound && (1..=4).contains(&reported), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_follow_once_slack_is_back() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "slack:*", "kind": "status", "status": 503 })).await;
    let people = ["U0GRACE", "U0FRANK", "U0ELENA"];
    let mut asked = Vec::new();
    for person in people {
        asked.push(desk.says(person, "C0SUPPORT", PAID_TWICE).await);
    }
    until_job(&desk, "id LIKE '%/card/%' AND last_error IS NOT NULL").await;
    assert!(own_messages(&desk).await.is_empty());
    desk.no_faults().await;
    for ts in &asked {
        desk.card_under("C0SUPPORT", ts).await;
    }
    desk.settled().await;
    assert_eq!(own_messages(&desk).await.len(), people.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_refused_under_overload_come_again() {
    const EVENTS: usize = 60;
    let mut wish = Wish::default().config_with("[intake]\n", "[intake]\nmax_in_flight_events = 1\n");
    wish.sandbox.timing.retry_delays = vec![Duration::from_millis(100); 50];
    let desk = Desk::open(wish).await;
    let texts: Vec<String> = (0..EVENTS).map(|number| format!("Payment {number} failed")).collect();
    futures_util::future::join_all(texts.iter().map(|text| desk.says("U0GRACE", "C0SUPPORT", text))).await;
    desk.settled().await;
    let asked = desk
        .outcomes()
        .into_iter()
        .filter(|(_, outcome)| matches!(outcome["outcome"].as_str(), Some("made_ticket" | "joined")));
    assert_eq!(asked.count(), EVENTS);
    let url = format!("{}/sandbox/deliveries?after=0", desk.sandbox.base_url());
    let log: Value = desk.http.get(url).send().await.unwrap().json().await.unwrap();
    let refused = log["deliveries"].as_array().unwrap().iter().filter(|attempt| attempt["status"] == 503).count();
    assert!(refused > 0, "nothing was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_for_a_form_that_slack_did_not_open_is_told() {
    let mut wish = Wish::default();
    wish.sandbox.timing.trigger_lifetime = Duration::ZERO;
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    assert_eq!(desk.presses("U0BEN", &card, "change").await["ok"], true);
    desk.until_told("U0BEN", "C0SUPPORT", "Press Change again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_post_posts_no_second_card() {
    let mut desk = Desk::open(Wish::default()).await;
    desk.fault(
        json!({ "target": "slack:chat.postMessage", "kind": "timeout", "ms": 4000, "work_done": true, "count": 1 }),
    )
    .await;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    desk.kill();
    desk.start().await;
    desk.settled().await;
    assert_eq!(own_messages(&desk).await.len(), 1);
    desk.confirms("U0BEN", &card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_creation_creates_no_second_issue() {
    let mut wish = Wish::default();
    wish.sandbox.jira.as_mut().unwrap().search_lag_ms = 800..=1200;
    let mut desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "timeout", "ms": 2500, "work_done": true, "count": 1 }))
        .await;
    let card = confirmed(&desk).await;
    desk.until("the issue", |state| state.issues().pop()).await;
    desk.kill();
    desk.start().await;
    the_issue(&desk, &card).await;
    own_messages(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_looking_for_the_issue_looks_again() {
    let mut wish = Wish::default();
    wish.sandbox.jira.as_mut().unwrap().search_lag_ms = 1500..=2000;
    let mut desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "lost_response", "count": 1 })).await;
    let card = confirmed(&desk).await;
    until_job(&desk, "id LIKE '%/reconcile/%'").await;
    desk.kill();
    desk.start().await;
    the_issue(&desk, &card).await;
}
