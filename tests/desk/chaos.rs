//! Deskbell is killed (SIGKILL) at random points while requests flow and everything around it fails, and is started
//! again. Once all has settled the `checker` counts, at the sandbox and in the store: nothing accepted is lost, nothing
//! that people or Jira can see is there twice.
//!
//! `DESKBELL_CHAOS_SEED` replays a run's choices (the processes' own timing differs each time). For a long night:
//! `DESKBELL_CHAOS_TICKETS=400 DESKBELL_CHAOS_KILLS=25 DESKBELL_CHAOS_LAG_SECONDS=60`.

mod checker;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use deskbell_sandbox::faults::{Fault, FaultRule};
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{Desk, Message, State, Wish};

const MAY_CONFIRM: &str = "U0ANNA";
/// A card that still asks is pressed again after this: the click may have met a dead process.
const PRESS_AGAIN: Duration = Duration::from_secs(4);
/// The longest wait for something to change before the storm goes on.
const LULL: Duration = Duration::from_millis(400);

/// How big the storm is.
#[derive(Debug)]
struct Scale {
    seed: u64,
    requests: usize,
    kills: usize,
    lag_seconds: u64,
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}: no number")))
}

fn count(variable: &str, default: u64) -> usize {
    usize::try_from(number(variable, default)).unwrap()
}

impl Scale {
    fn from_environment() -> Self {
        let clock = u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs());
        Self {
            seed: number("DESKBELL_CHAOS_SEED", clock),
            requests: count("DESKBELL_CHAOS_TICKETS", 60),
            kills: count("DESKBELL_CHAOS_KILLS", 5),
            lag_seconds: number("DESKBELL_CHAOS_LAG_SECONDS", 2),
        }
    }

    fn wish(&self) -> Wish {
        let lag = format!("lag = \"{}s\"", self.lag_seconds + 1);
        let mut wish = Wish::default()
            .policy_with("join_window = \"2m\"", "join_window = \"1us\"")
            .config_with("lag = \"3s\"", &lag);
        wish.sandbox.faults_seed = self.seed;
        wish.sandbox.jira.as_mut().unwrap().search_lag_ms = 0..=self.lag_seconds * 1000;
        wish.sandbox.timing.retry_delays =
            [100, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000].map(Duration::from_millis).to_vec();
        wish
    }

    /// Each request needs two posts in its own channel at one a second, and each parked creation its lag.
    fn patience(&self) -> Duration {
        Duration::from_secs(120 + 3 * self.requests as u64 + 20 * self.kills as u64 + 3 * self.lag_seconds)
    }
}

/// What goes wrong and how often, in percent.
fn faults() -> Vec<FaultRule> {
    let rule = |target: &str, percent: f64, fault: Fault| FaultRule {
        target: target.to_owned(),
        fault,
        probability: Some(percent / 100.0),
        count: None,
        skip: 0,
    };
    let busy = || Fault::Status { status: 429, retry_after_seconds: Some(1) };
    let broken = || Fault::Status { status: 503, retry_after_seconds: None };
    let hangs = |ms, work_done| Fault::Timeout { ms, work_done };
    vec![
        rule("slack:chat.postMessage", 5.0, Fault::LostResponse),
        rule("slack:chat.postMessage", 1.0, hangs(5500, true)),
        rule("slack:chat.postMessage", 1.0, hangs(5500, false)),
        rule("slack:*", 3.0, busy()),
        rule("slack:*", 3.0, broken()),
        rule("slack:*", 2.0, Fault::LostResponse),
        rule("jira:POST /issue", 8.0, Fault::LostResponse),
        rule("jira:POST /issue", 2.0, hangs(3500, true)),
        rule("jira:POST /issue", 2.0, hangs(3500, false)),
        rule("jira:*", 3.0, busy()),
        rule("jira:*", 2.0, broken()),
        rule("jira:*", 2.0, Fault::LostResponse),
        rule("deliver:*", 8.0, Fault::DuplicateDelivery),
        rule("deliver:*", 4.0, Fault::LostResponse),
        rule("deliver:*", 2.0, broken()),
        rule("deliver:*", 5.0, Fault::Delayed { ms: 300 }),
    ]
}

/// A request that a person wrote in Slack.
#[derive(Debug)]
struct Request {
    channel: &'static str,
    ts: String,
    person: &'static str,
}

/// What its author added to a request, in its thread.
#[derive(Debug)]
struct Reply {
    /// Which of the requests.
    request: usize,
    words: String,
    /// The request was delivered, or given up, before it was written. Else it may come before its request.
    comes_after: bool,
}

/// The storm as it goes.
struct Storm {
    desk: Desk,
    random: SmallRng,
    changes: BoxStream<'static, ()>,
    requests: Vec<Request>,
    replies: Vec<Reply>,
    /// Commands that were acknowledged.
    commands: usize,
    pressed: HashMap<String, Instant>,
    kills: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_repeated_while_deskbell_dies_again_and_again() {
    let scale = Scale::from_environment();
    #[allow(clippy::print_stderr)]
    {
        eprintln!("{scale:?}; replay with DESKBELL_CHAOS_SEED={}", scale.seed);
    }
    let mut storm = Storm::begin(&scale).await;
    let mut kills: Vec<usize> =
        (0..scale.kills).map(|_| storm.random.random_range(1..=scale.requests + scale.requests / 4)).collect();
    kills.sort_unstable();
    for request in 0..scale.requests {
        storm.ask(request).await;
        storm.press_cards().await;
        storm.lull(6).await;
        while kills.first().is_some_and(|at| *at <= request) {
            kills.remove(0);
            storm.die().await;
        }
    }
    for _ in kills {
        storm.press_cards().await;
        storm.lull(30).await;
        storm.die().await;
    }
    storm.calm(scale.patience()).await;
    checker::check(storm, scale.seed).await;
}

async fn changes(desk: &Desk) -> BoxStream<'static, ()> {
    let stream =
        desk.http.get(format!("{}/sandbox/stream", desk.sandbox.base_url())).send().await.unwrap().bytes_stream();
    drain(stream).boxed()
}

fn drain<T>(stream: impl Stream<Item = T>) -> impl Stream<Item = ()> {
    stream.map(drop)
}

impl Storm {
    async fn begin(scale: &Scale) -> Self {
        let desk = Desk::open(scale.wish()).await;
        for channel in ["C0GENERAL", "C0SUPPORT", "C0ACME", "C0TRIAGE", "C0OPS"] {
            desk.act("join", json!({ "user": MAY_CONFIRM, "channel": channel })).await;
        }
        for rule in faults() {
            desk.sandbox.faults().add(rule);
        }
        let changes = changes(&desk).await;
        let random = SmallRng::seed_from_u64(scale.seed);
        Self {
            desk,
            random,
            changes,
            requests: Vec::new(),
            replies: Vec::new(),
            commands: 0,
            pressed: HashMap::new(),
            kills: 0,
        }
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.random_range(0..choices.len())]
    }

    /// Waits for some changes, or for one that does not come.
    async fn lull(&mut self, at_most: usize) {
        for _ in 0..self.random.random_range(0..=at_most) {
            if tokio::time::timeout(LULL, self.changes.next()).await.is_err() {
                return;
            }
        }
    }

    fn words(&mut self, request: usize) -> String {
        match self.random.random_range(0..8) {
            0..=2 => format!("Payment {request} failed with error 402"),
            3..=4 => format!("Nobody in team {request} can log in with SSO"),
            5..=6 => format!("The API endpoint {request} answers 500 on every call"),
            _ => format!("production down: the API endpoint {request} answers 500"),
        }
    }

    /// Somebody asks for something, in one way or another; now and then somebody adds to an earlier request.
    async fn ask(&mut self, request: usize) {
        let person = self.one_of(&["U0GRACE", "U0FRANK", "U0ELENA", "U0CARLA"]);
        let words = self.words(request);
        match self.random.random_range(0..10) {
            0..=3 => self.write("C0SUPPORT", person, &words).await,
            4..=6 => self.write("C0GENERAL", person, &format!("<@U0DESKBELL> {words}")).await,
            7 => self.write("D0BEN", "U0BEN", &words).await,
            8 => self.write("C0TRIAGE", "U0CARLA", &format!("<@U0DESKBELL> {words}")).await,
            _ => {
                let typed = self.desk.types(person, "C0GENERAL", "/triage", &words).await;
                self.commands += usize::from(typed["delivery"]["error"].is_null());
            }
        }
        if self.random.random_bool(0.3) && !self.requests.is_empty() {
            self.add_to_a_request().await;
        }
    }

    /// The newest may not be understood yet when its author adds to it.
    async fn add_to_a_request(&mut self) {
        let newest = self.requests.len() - 1;
        let request = if self.random.random_bool(0.5) { newest } else { self.random.random_range(0..=newest) };
        let words = format!("It also shows error {} now", 50_000 + self.replies.len());
        let comes_after = self.desk.events_under_way().await == 0;
        let Request { channel, ts, person } = &self.requests[request];
        let more = json!({ "user": person, "channel": channel, "text": words, "thread_ts": ts });
        assert_eq!(self.desk.act("message", more).await["ok"], true);
        self.replies.push(Reply { request, words, comes_after });
    }

    async fn write(&mut self, channel: &'static str, person: &'static str, words: &str) {
        let ts = self.desk.says(person, channel, words).await;
        self.requests.push(Request { channel, ts, person });
    }

    /// Presses Confirm on the cards that ask, on some of them twice.
    async fn press_cards(&mut self) -> usize {
        let state = State(self.desk.state().await);
        let channels = ["C0GENERAL", "C0SUPPORT", "C0TRIAGE"].iter().flat_map(|channel| state.messages(channel));
        let cards: Vec<Message> = channels.filter(Message::is_card).collect();
        let mut seen = HashSet::new();
        for card in &cards {
            assert!(seen.insert(card.number()), "{} has two cards", card.number());
        }
        let asking: Vec<Message> = cards.into_iter().filter(|card| card.has_button("confirm")).collect();
        let mut due = Vec::new();
        for card in &asking {
            let place = format!("{}/{}", card.channel, card.ts);
            if self.pressed.get(&place).is_none_or(|at| at.elapsed() > PRESS_AGAIN) {
                self.pressed.insert(place, Instant::now());
                due.extend(std::iter::repeat_n(card, if self.random.random_bool(0.2) { 2 } else { 1 }));
            }
        }
        join_all(due.into_iter().map(|card| self.desk.presses(MAY_CONFIRM, card, "confirm"))).await;
        asking.len()
    }

    /// SIGKILL, sometimes a request while nobody listens, and a new start.
    async fn die(&mut self) {
        self.desk.kill();
        self.kills += 1;
        if self.random.random_bool(0.5) {
            self.ask(1000 + self.kills).await;
        }
        self.desk.start().await;
    }

    /// Lets everything end.
    async fn calm(&mut self, patience: Duration) {
        let started = Instant::now();
        let mut faulty = true;
        loop {
            // In the order in which one leads to the next: what is not there when looked at is not about to come.
            let under_way = self.desk.events_under_way().await;
            let unfinished = self.desk.unfinished();
            let asking = self.press_cards().await;
            if asking == 0 && under_way == 0 && unfinished.is_empty() {
                return;
            }
            if faulty && started.elapsed() > patience / 4 {
                self.desk.no_faults().await;
                faulty = false;
            }
            assert!(
                started.elapsed() < patience,
                "never settled: {asking} cards ask, {under_way} deliveries under way, jobs {unfinished:?}"
            );
            let _ = tokio::time::timeout(LULL, self.changes.next()).await;
        }
    }
}
