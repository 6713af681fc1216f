//! How fast it is; run by hand: `cargo test --release --test main store::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use deskbell::store::{Commit, TicketWrite};
use tokio::task::JoinSet;

use super::fixture::{Fixture, at, claim, entry, event, finish, job, record_waiting, ticket, workspace};

#[allow(clippy::cast_precision_loss)]
fn report(what: &str, operations: usize, took: Duration, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len() - 1)).copied();
    let rate = operations as f64 / took.as_secs_f64();
    println!("{what}: {rate:.0}/s, p50 {:?}, p99 {:?}", at(50).unwrap(), at(99).unwrap());
}

#[ignore = "measures"]
#[tokio::test(flavor = "multi_thread")]
async fn record_event_with_many_callers() {
    for callers in [1, 64, 256] {
        let fixture = Fixture::new();
        let each = if callers == 1 { 2000 } else { 40_000 / callers };
        let started = Instant::now();
        let mut set = JoinSet::new();
        for caller in 0..callers {
            let store = fixture.store.clone();
            set.spawn(async move {
                let mut latencies = Vec::with_capacity(each);
                for number in 0..each {
                    let mut event = event(&format!("Ev{caller}-{number}"));
                    event.raw = Some(vec![b'x'; 900]);
                    event.serial = Some(format!("C1/U{caller}"));
                    event.received_at = at(i64::try_from(number).unwrap());
                    let started = Instant::now();
                    record_waiting(&store, event).await;
                    latencies.push(started.elapsed());
                }
                latencies
            });
        }
        let latencies = set.join_all().await.concat();
        report(&format!("record_event, {callers} callers"), callers * each, started.elapsed(), latencies);
    }
}

#[ignore = "measures"]
#[tokio::test(flavor = "multi_thread")]
async fn one_ticket_step_with_many_workers() {
    let fixture = Fixture::new();
    let started = Instant::now();
    let mut set = JoinSet::new();
    for worker in 0..32_u64 {
        let store = fixture.store.clone();
        set.spawn(async move {
            let mut latencies = Vec::new();
            for step in 0..300 {
                let started = Instant::now();
                let loaded = store.ticket(&workspace(), ticket(worker + 1, "U1").id).await.unwrap();
                let version = loaded.map_or(0, |loaded| loaded.version);
                let commit = Commit {
                    ticket: Some(TicketWrite::new(ticket(worker + 1, "U1"), version)),
                    audit: vec![entry(worker + 1, Some("U1"))],
                    jobs: vec![job(u32::try_from(worker * 1000 + step).unwrap(), 0, None)],
                    ..Commit::new(workspace())
                };
                store.commit(commit).await.unwrap();
                latencies.push(started.elapsed());
            }
            latencies
        });
    }
    let latencies = set.join_all().await.concat();
    report("load and commit a step, 32 workers", latencies.len(), started.elapsed(), latencies);

    let (started, mut done) = (Instant::now(), Vec::new());
    loop {
        let since = Instant::now();
        let jobs = claim(&fixture.store, 1, 32).await;
        if jobs.is_empty() {
            break;
        }
        futures_util::future::join_all(jobs.iter().map(|job| finish(&fixture.store, job))).await;
        done.push(since.elapsed());
    }
    report("claim 32 and finish them", done.len() * 32, started.elapsed(), done);

    let started = Instant::now();
    let entries = fixture.store.verify_audit(None).await.unwrap().entries;
    println!("verify_audit: {entries} entries in {:?}", started.elapsed());
}
