//! Measurements, run by `tests/bench/run`. Nothing here is asserted on time: machines differ, so the table shows a peer
//! measured in the same run.

mod call;
mod load;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use deskbell_sandbox::seed::WorkspaceSeed;

use self::load::{Measured, percentiles};
use crate::desk::{Desk, Wish};

/// Channels over which messages are spread: Slack takes one post a second in each.
const CHANNELS: usize = 120;

fn print(name: &str, measured: Measured) {
    println!(
        "| {name} | {:.0} | {:.1} | {:.1} | {} |",
        measured.per_second, measured.p50_ms, measured.p99_ms, measured.refused
    );
}

/// Every thread of a process on one core.
fn pin(pid: u32, core: &str) {
    let pinned = Command::new("taskset").args(["-apc", core, &pid.to_string()]).stdout(Stdio::null()).status();
    assert!(pinned.unwrap().success());
}

struct Bolt {
    child: Child,
    address: String,
}

impl Drop for Bolt {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts Bolt on a port of its own choice, which it prints.
fn bolt(secret: &str) -> Bolt {
    let mut child = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/bolt.mjs"))
        .env("SIGNING_SECRET", secret)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let port: u16 = port.trim().parse().expect("Bolt did not start");
    Bolt { child, address: format!("127.0.0.1:{port}") }
}

/// Both servers are measured so often, in turn: other work on the machine then hits both.
const ROUNDS: usize = 5;

/// The middle run by requests/s.
fn median(mut runs: Vec<Measured>) -> Measured {
    runs.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    runs[runs.len() / 2]
}

/// Signed slash commands, acknowledged: Deskbell commits each to disk, Bolt keeps nothing.
#[tokio::test(flavor = "current_thread")]
#[ignore = "a measurement: tests/bench/run"]
async fn acknowledging() {
    let wish = Wish::default().config_with("count = 16", "count = 0");
    let secret = wish.sandbox.signing_secret.clone();
    let desk = Desk::open(wish).await;
    let address = desk.url().trim_start_matches("http://").to_owned();
    let peer = bolt(&secret);
    pin(std::process::id(), "1");
    pin(desk.pid(), "0");
    pin(peer.child.id(), "0");
    load::run(&address, "/slack/commands", &secret, 64, 6_400).await;
    load::run(&peer.address, "/slack/events", &secret, 64, 6_400).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(load::run(&address, "/slack/commands", &secret, 64, 32_000).await);
        theirs.push(load::run(&peer.address, "/slack/events", &secret, 64, 12_800).await);
    }
    pin(desk.pid(), "0,1");
    pin(std::process::id(), "0,1");
    let shared = load::run(&address, "/slack/commands", &secret, 64, 32_000).await;
    let (ours, theirs) = (median(ours), median(theirs));
    println!("\n| server | requests/s | p50 ms | p99 ms | refused |\n| --- | --- | --- | --- | --- |");
    print("Deskbell, one core, committed to disk", ours);
    print("Bolt for JS, one core, nothing stored", theirs);
    print("Deskbell, two cores shared with the generator", shared);
    println!("\nDeskbell / Bolt: {:.1} times the requests/s", ours.per_second / theirs.per_second);
}

/// A workspace with many watched channels.
fn wide_workspace() -> (Wish, Vec<String>) {
    let mut wish = Wish::default();
    let template = WorkspaceSeed::default().channels.into_iter().find(|channel| channel.id == "C0SUPPORT").unwrap();
    let names: Vec<String> = (0..CHANNELS).map(|n| format!("C0WIDE{n:03}")).collect();
    for name in &names {
        let mut channel = template.clone();
        channel.id.clone_from(name);
        channel.name = name.to_lowercase();
        wish.sandbox.workspace.channels.push(channel);
    }
    let watched = format!("watched_channels = {names:?}");
    (wish.config_with("watched_channels = [\"C0SUPPORT\", \"C0ACME\"]", &watched), names)
}

/// From a message in Slack to the posted card, at 50 tickets a second.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: tests/bench/run"]
async fn message_to_card() {
    let (wish, channels) = wide_workspace();
    // Every message is a request of its own.
    let desk = Desk::open(wish.policy_with("join_window = \"2m\"", "join_window = \"1us\"")).await;
    let people = ["U0ANNA", "U0BEN", "U0CARLA", "U0DEV", "U0ELENA", "U0FRANK", "U0GRACE"];
    let total = 1_500;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for n in 0..total {
        tick.tick().await;
        let person = people[(n / CHANNELS) % people.len()];
        desk.says(person, &channels[n % CHANNELS], &format!("The payment of order {n} failed with error 402")).await;
    }
    let mut latencies = desk.until("all cards", |state| card_latencies(state, &channels, total)).await;
    let (p50, p99) = percentiles(&mut latencies);
    println!("\nmessage to card, {total} messages at 50 a second: p50 {p50:.0} ms, p99 {p99:.0} ms");
}

/// Slack's timestamps are the sandbox's clock, for messages and cards alike.
fn card_latencies(state: &crate::desk::State, channels: &[String], at_least: usize) -> Option<Vec<Duration>> {
    let mut latencies = Vec::new();
    for channel in channels {
        for card in state.messages(channel).iter().filter(|message| message.is_card()) {
            let asked: f64 = card.thread().unwrap().parse().unwrap();
            let posted: f64 = card.ts.parse().unwrap();
            latencies.push(Duration::from_secs_f64((posted - asked).max(0.0)));
        }
    }
    (latencies.len() >= at_least).then_some(latencies)
}

/// Time to ready, and memory after 10,000 tickets.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: tests/bench/run"]
async fn start_and_memory() {
    let (wish, _) = wide_workspace();
    let secret = wish.sandbox.signing_secret.clone();
    // As many workers as the configuration has when it names none.
    let wish = wish.config_with("count = 16", "count = 8");
    let mut desk = Desk::open(wish).await;
    let mut starts = Vec::new();
    for _ in 0..5 {
        desk.stop();
        let started = Instant::now();
        desk.start().await;
        starts.push(started.elapsed());
    }
    let (start, _) = percentiles(&mut starts);
    let address = desk.url().trim_start_matches("http://").to_owned();
    load::run(&address, "/slack/commands", &secret, 20, 10_000).await;
    let started = Instant::now();
    loop {
        let metrics = desk.http.get(format!("{}/metrics", desk.url())).send().await.unwrap().text().await.unwrap();
        let assessed = metrics
            .lines()
            .find(|line| line.starts_with("deskbell_jobs_total") && line.contains("assess") && line.contains("done"))
            .and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .unwrap_or(0.0);
        if assessed >= 10_000.0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(600), "only {assessed} tickets were assessed");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", desk.pid())).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    println!("\nready after {start:.0} ms (median of 5 starts); after 10,000 tickets {resident}");
}
