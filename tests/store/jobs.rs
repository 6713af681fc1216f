//! Jobs are handed out when due, to one worker at a time, in order within their serial, until they are settled.

use std::collections::BTreeMap;
use std::pin::pin;

use deskbell::store::{ClaimedJob, Commit, CommitError, DeadLetters, LeaseError, NewJob, Retention, Store};
use deskbell_domain::ids::TicketId;
use deskbell_domain::workflow::effect::{Effect, Lane, Timer};
use futures_util::FutureExt;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::fixture::{Fixture, LEASE, at, claim, finish, job, number, numbers, put, queue, record, ticket, workspace};

pub async fn hands_out_the_longest_due_first(store: &Store) {
    queue(store, vec![job(1, 30, None), job(2, 10, None), job(3, 20, None), job(4, 99, None)]).await;
    assert_eq!(numbers(&claim(store, 30, 2).await), [2, 3]);
    assert_eq!(numbers(&claim(store, 30, 10).await), [1]);
    assert!(claim(store, 30, 10).await.is_empty());
}

pub async fn claims_thousands_of_due_timers_in_bounded_batches(store: &Store) {
    let timers = (1..=5000_u32).map(|number| NewJob {
        effect: Effect::Fire(Timer::Remind { decision: number }),
        ticket: Some(TicketId::new(u64::from(number))),
        run_at: at(i64::from(5000 - number)),
        serial: Some(format!("DB-{number}")),
    });
    queue(store, timers.collect()).await;
    let mut due = Vec::new();
    loop {
        let batch = claim(store, 9999, 100).await;
        assert!(batch.len() <= 100);
        if batch.is_empty() {
            break;
        }
        due.extend(batch.into_iter().map(|job| job.run_at));
    }
    assert_eq!(due.len(), 5000);
    assert!(due.is_sorted(), "the longest due come first");
}

pub async fn counts_a_crash_when_a_lease_runs_out(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    let first = claim(store, 0, 10).await.remove(0);
    assert_eq!((first.attempts, first.crashes), (1, 0));
    assert!(claim(store, 59, 10).await.is_empty(), "leased");
    let second = claim(store, 60, 10).await.remove(0);
    assert_eq!((second.attempts, second.crashes), (2, 1));
    assert!(second.fence > first.fence);
    let third = claim(store, 120, 10).await.remove(0);
    assert_eq!((third.attempts, third.crashes), (3, 2));
}

pub async fn fences_a_late_worker(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    let late = claim(store, 0, 10).await.remove(0);
    let current = claim(store, 60, 10).await.remove(0);
    let commit = Commit {
        finished: Some((late.id.clone(), late.fence)),
        jobs: vec![job(2, 0, None)],
        ..Commit::new(workspace())
    };
    assert!(matches!(store.commit(commit).await, Err(CommitError::Fenced)));
    assert!(matches!(store.renew(&late.id, late.fence, at(999)).await, Err(LeaseError::Fenced)));
    assert!(matches!(store.retry_later(&late.id, late.fence, at(0), "").await, Err(LeaseError::Fenced)));
    assert!(matches!(store.bury(&late.id, late.fence, "").await, Err(LeaseError::Fenced)));
    finish(store, &current).await;
    let again = Commit { finished: Some((current.id.clone(), current.fence)), ..Commit::new(workspace()) };
    assert!(matches!(store.commit(again).await, Err(CommitError::Fenced)), "it is done");
    assert!(claim(store, 999, 10).await.is_empty(), "the late worker's follow-up was not queued");
}

pub async fn renews_a_lease(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    let claimed = claim(store, 0, 10).await.remove(0);
    store.renew(&claimed.id, claimed.fence, at(100)).await.unwrap();
    assert!(claim(store, 99, 10).await.is_empty());
    assert_eq!(claim(store, 100, 10).await[0].crashes, 1);
}

pub async fn remembers_what_was_about_to_be_sent(store: &Store) {
    queue(store, vec![job(1, 0, None), job(2, 0, None)]).await;
    let first = claim(store, 0, 10).await;
    assert!(first.iter().all(|job| (job.sends, job.in_doubt, job.lease) == (0, false, LEASE)));
    store.about_to_send(&first[0].id, first[0].fence, at(100)).await.unwrap();
    assert_eq!(numbers(&claim(store, 99, 10).await), [2], "saying so prolongs the lease");
    let second = claim(store, 100, 10).await.remove(0);
    assert_eq!((number(&second), second.sends, second.in_doubt), (1, 1, true), "its worker may have sent it");
    for late in &first {
        let sent = store.about_to_send(&late.id, late.fence, at(999)).await;
        assert!(matches!(sent, Err(LeaseError::Fenced)), "a late worker may send nothing");
    }
    let third = claim(store, 160, 10).await;
    let left = third.iter().find(|job| number(job) == 2).unwrap();
    assert_eq!((left.crashes, left.sends, left.in_doubt), (2, 0, false), "nothing ever left for it");
}

pub async fn keeps_a_call_in_doubt_until_it_surely_did_nothing(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    let send = async |now| {
        let claimed = claim(store, now, 10).await.remove(0);
        store.about_to_send(&claimed.id, claimed.fence, at(now + 60)).await.unwrap();
        claimed
    };
    let job = send(0).await;
    store.put_off(&job.id, job.fence, at(1), "never left").await.unwrap();
    let job = send(1).await;
    assert_eq!((job.attempts, job.sends, job.in_doubt), (1, 0, false));
    store.retry_afresh(&job.id, job.fence, at(2), "refused").await.unwrap();
    let job = send(2).await;
    assert_eq!((job.attempts, job.sends, job.in_doubt), (2, 1, false));
    store.retry_later(&job.id, job.fence, at(3), "lost").await.unwrap();
    let job = claim(store, 3, 10).await.remove(0);
    assert_eq!((job.attempts, job.sends, job.in_doubt), (3, 2, true));
    store.put_off(&job.id, job.fence, at(4), "could not look").await.unwrap();
    let job = claim(store, 4, 10).await.remove(0);
    assert_eq!((job.sends, job.in_doubt), (2, true), "an earlier call stays in doubt");
    assert_eq!((job.run_at, job.first_run_at), (at(4), at(0)));
}

pub async fn keeps_a_retried_job_at_the_head_of_its_serial(store: &Store) {
    queue(store, vec![job(1, 0, Some("s")), job(2, 1, Some("s")), job(3, 2, Some("other"))]).await;
    let claimed = claim(store, 5, 10).await;
    assert_eq!(numbers(&claimed), [1, 3]);
    store.retry_later(&claimed[0].id, claimed[0].fence, at(50), "429").await.unwrap();
    assert!(claim(store, 49, 10).await.is_empty(), "2 waits for 1");
    let again = claim(store, 50, 10).await;
    assert_eq!((numbers(&again), again[0].attempts, again[0].crashes), (vec![1], 2, 0));
    finish(store, &again[0]).await;
    assert_eq!(numbers(&claim(store, 50, 10).await), [2]);
}

pub async fn lets_a_far_timer_block_nobody(store: &Store) {
    queue(store, vec![job(1, 1000, Some("s"))]).await;
    queue(store, vec![job(2, 5, Some("s"))]).await;
    let claimed = claim(store, 5, 10).await;
    assert_eq!(numbers(&claimed), [2]);
    finish(store, &claimed[0]).await;
    assert_eq!(store.next_run_at(Lane::Assessor).await.unwrap(), Some(at(1000)));
    assert_eq!(numbers(&claim(store, 1000, 10).await), [1]);
}

pub async fn lets_an_earlier_newcomer_go_first(store: &Store) {
    queue(store, vec![job(1, 5, Some("s"))]).await;
    let claimed = claim(store, 5, 10).await.remove(0);
    queue(store, vec![job(2, 3, Some("s"))]).await;
    assert!(claim(store, 6, 10).await.is_empty(), "1 is leased");
    store.retry_later(&claimed.id, claimed.fence, at(6), "later").await.unwrap();
    let next = claim(store, 6, 10).await;
    assert_eq!(numbers(&next), [2]);
    finish(store, &next[0]).await;
    assert_eq!(numbers(&claim(store, 6, 10).await), [1]);
}

pub async fn does_not_count_an_attempt_that_was_put_off(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    let first = claim(store, 5, 10).await.remove(0);
    store.put_off(&first.id, first.fence, at(9), "429").await.unwrap();
    let second = claim(store, 9, 10).await.remove(0);
    assert_eq!((first.attempts, second.attempts), (1, 1));
    assert!(second.fence > first.fence);
}

pub async fn keeps_lanes_apart(store: &Store) {
    queue(store, vec![job(1, 0, None)]).await;
    record(store, "Ev1").await;
    assert!(store.claim(at(5), "worker", Lane::Slack, LEASE, 10).await.unwrap().is_empty());
    assert_eq!(store.next_run_at(Lane::Slack).await.unwrap(), None);
    assert_eq!(numbers(&store.claim(at(5), "worker", Lane::Assessor, LEASE, 10).await.unwrap()), [1]);
    let events = store.claim(at(5), "worker", Lane::Desk, LEASE, 10).await.unwrap();
    assert!(matches!(events[0].effect, Effect::Interpret { .. }));
}

pub async fn buries_and_revives(store: &Store) {
    queue(store, vec![job(1, 0, Some("s")), job(2, 1, Some("s"))]).await;
    let claimed = claim(store, 5, 10).await.remove(0);
    store.bury(&claimed.id, claimed.fence, &"x".repeat(10_000)).await.unwrap();
    let letters = store.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0].id, &letters[0].effect), (&claimed.id, &Some(claimed.effect.clone())));
    assert_eq!(letters[0].last_error.as_ref().unwrap().len(), 500);
    assert_eq!(store.counts(at(5)).await.unwrap().jobs_dead, 1);

    let second = claim(store, 5, 10).await;
    assert_eq!(numbers(&second), [2], "what waits behind a dead letter goes on");
    assert!(store.revive(&claimed.id, at(6)).await.unwrap());
    assert!(!store.revive(&claimed.id, at(6)).await.unwrap(), "it is no dead letter any more");
    assert!(claim(store, 6, 10).await.is_empty(), "2 is leased");
    finish(store, &second[0]).await;
    let revived = claim(store, 6, 10).await.remove(0);
    assert_eq!(
        (number(&revived), revived.attempts, revived.crashes),
        (1, 2, 0),
        "it was tried: what it may have done is looked for"
    );
    assert!(revived.fence > claimed.fence, "whoever held it before stays fenced");
    assert!(store.dead_letters(10).await.unwrap().is_empty());
}

pub async fn queues_the_same_cause_once(store: &Store) {
    queue(store, vec![job(1, 0, None), job(1, 7, Some("s"))]).await;
    queue(store, vec![job(1, 0, None)]).await;
    let claimed = claim(store, 9, 10).await;
    assert_eq!(numbers(&claimed), [1]);
    queue(store, vec![job(1, 0, None)]).await;
    finish(store, &claimed[0]).await;
    queue(store, vec![job(1, 0, None)]).await;
    assert!(claim(store, 9, 10).await.is_empty());
}

pub async fn tells_when_there_is_something_to_do(store: &Store) {
    assert_eq!(store.next_run_at(Lane::Assessor).await.unwrap(), None);
    let mut woken = pin!(store.woken());
    assert!(woken.as_mut().now_or_never().is_none());
    queue(store, vec![job(1, 40, None), job(2, 20, None)]).await;
    woken.await;
    assert!(store.woken().now_or_never().is_none(), "what was before the call does not count");
    assert_eq!(store.next_run_at(Lane::Assessor).await.unwrap(), Some(at(20)));
    claim(store, 20, 1).await;
    assert_eq!(store.next_run_at(Lane::Assessor).await.unwrap(), Some(at(40)));
    claim(store, 40, 1).await;
    assert_eq!(store.next_run_at(Lane::Assessor).await.unwrap(), Some(at(20) + LEASE), "the first lease's end");
}

/// What a worker does with a claimed job.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Finish,
    Retry(i64),
    Bury,
    Crash,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Finish),
        2 => (0..10_i64).prop_map(Fate::Retry),
        1 => Just(Fate::Bury),
        1 => Just(Fate::Crash),
    ]
}

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(16)))]

    /// Whatever workers do: of a serial one job at a time, none before an earlier one is settled, and none is lost.
    #[test]
    fn serials_stay_in_order(
        jobs in prop::collection::vec((0..3_usize, 0..20_i64), 1..20),
        fates in prop::collection::vec(fates(), 1..40),
        batch in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let fixture = Fixture::new();
        runtime.block_on(async {
            let store = &fixture.store;
            let serials = [None, Some("a"), Some("b")];
            let new = jobs.iter().zip(1..).map(|((serial, run_at), number)| job(number, *run_at, serials[*serial]));
            queue(store, new.collect()).await;
            let mut open: BTreeMap<u32, (usize, i64)> = (1..).zip(jobs.iter().copied()).collect();
            let mut fates = fates.into_iter();
            for round in 0.. {
                let now = 20 + round * 100;
                let claimed = claim(store, now, batch).await;
                if claimed.is_empty() {
                    break;
                }
                for job in &claimed {
                    let mine = open[&number(job)];
                    let before = open.iter().filter(|(other, theirs)| {
                        theirs.0 == mine.0 && (theirs.1, **other) < (mine.1, number(job))
                    });
                    assert!(mine.0 == 0 || before.count() == 0, "{job:?} came before an earlier one");
                }
                for job in &claimed {
                    match fates.next().unwrap_or(Fate::Finish) {
                        Fate::Finish => finish(store, job).await,
                        Fate::Bury => store.bury(&job.id, job.fence, "poison").await.unwrap(),
                        Fate::Retry(wait) => {
                            store.retry_later(&job.id, job.fence, at(now + wait), "again").await.unwrap();
                            continue;
                        }
                        Fate::Crash => continue,
                    }
                    open.remove(&number(job));
                }
            }
            assert!(open.is_empty(), "never handed out: {open:?}");
        });
    }
}

/// The reports of dead letters that are queued, with the moment from which each may run.
async fn reports(store: &Store, until: jiff::Timestamp) -> Vec<ClaimedJob> {
    let claimed = store.claim(until, "worker", Lane::Slack, LEASE, 10).await.unwrap();
    claimed.into_iter().filter(|job| matches!(job.effect, Effect::ReportDeadLetters { .. })).collect()
}

#[tokio::test]
async fn dead_letters_are_reported_together_and_not_too_often() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let started = jiff::Timestamp::now();
    let give_up = async |numbers: std::ops::Range<u32>| {
        queue(store, numbers.map(|number| job(number, -100_000_000, None)).collect()).await;
        for claimed in store.claim(started, "worker", Lane::Assessor, LEASE, 100).await.unwrap() {
            store.bury(&claimed.id, claimed.fence, "it failed").await.unwrap();
        }
    };
    give_up(1..21).await;
    let first = reports(store, started + SignedDuration::from_secs(60)).await;
    assert_eq!(first.len(), 1, "{first:?}");
    let Effect::ReportDeadLetters { since } = first[0].effect else { panic!("{first:?}") };
    let told = store.dead_letters_since(&workspace(), since).await.unwrap();
    let first_tickets = vec![TicketId::new(1); 3];
    assert_eq!(told, [DeadLetters { kind: "assess".to_owned(), crashed: false, jobs: 20, tickets: first_tickets }]);

    // What dies while a report is made, or soon after, is told in the next one, ten minutes later.
    give_up(21..23).await;
    finish(store, &first[0]).await;
    give_up(23..24).await;
    assert!(reports(store, started + SignedDuration::from_mins(9)).await.is_empty());
    let second = reports(store, started + SignedDuration::from_mins(11)).await;
    let Effect::ReportDeadLetters { since } = second[0].effect else { panic!("{second:?}") };
    assert_eq!(store.dead_letters_since(&workspace(), since).await.unwrap()[0].jobs, 3);

    // A report that can't be made is not reported.
    store.bury(&second[0].id, second[0].fence, "it failed").await.unwrap();
    assert!(reports(store, started + SignedDuration::from_hours(1)).await.is_empty());
}

/// A dead letter is told of a week before it goes, and stays while its ticket is open.
pub async fn forgets_dead_letters_once_people_were_told(store: &Store) {
    put(store, ticket(1, "U1"), 0).await;
    let of_nobody = NewJob { ticket: None, ..job(1, 0, None) };
    queue(store, vec![of_nobody, job(3, 0, None)]).await;
    for letter in claim(store, 5, 10).await {
        store.bury(&letter.id, letter.fence, "it failed").await.unwrap();
    }
    let buried = jiff::Timestamp::now();
    let day = |days: i64| buried + jiff::SignedDuration::from_hours(24 * days);
    // Kept for 90 days.
    let prune = async |now: jiff::Timestamp| {
        let given_up_before = now - jiff::SignedDuration::from_hours(24 * 90);
        let keep = Retention { done_before: jiff::Timestamp::UNIX_EPOCH, given_up_before };
        store.prune(now, keep, 10).await.unwrap().dead_letters
    };
    let reports = async || {
        let claimed = store.claim(day(400), "worker", Lane::Slack, LEASE, 10).await.unwrap();
        let reports = claimed.iter().filter(|job| matches!(job.effect, Effect::ReportDeadLetters { .. })).count();
        for job in &claimed {
            finish(store, job).await;
        }
        reports
    };
    assert_eq!(reports().await, 1, "when it was given up");
    assert_eq!((prune(day(80)).await, reports().await), (0, 0));
    assert_eq!((prune(day(84)).await, reports().await), (0, 1), "a week before");
    assert_eq!((prune(day(90)).await, reports().await, store.dead_letters(10).await.unwrap().len()), (0, 0, 2));
    assert_eq!((prune(day(92)).await, store.dead_letters(10).await.unwrap().len()), (1, 1));
    let mut closed = ticket(1, "U1");
    closed.status = deskbell_domain::ticket::Status::Resolved;
    put(store, closed, 1).await;
    assert_eq!((prune(day(92)).await, store.dead_letters(10).await.unwrap().len()), (1, 0));
    // Whoever was away for a year is told first.
    queue(store, vec![job(4, 0, None)]).await;
    let letter = claim(store, 5, 10).await.remove(0);
    store.bury(&letter.id, letter.fence, "it failed").await.unwrap();
    reports().await;
    assert_eq!((prune(day(365)).await, reports().await), (0, 1));
    assert_eq!(prune(day(373)).await, 1);
}
