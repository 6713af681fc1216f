//! What came in is kept once, in order, and accounted for.

use deskbell::store::{Commit, EventOutcome, NewEvent, Recorded, Retention, Store};
use deskbell_domain::ids::{EventKey, TicketId, WorkspaceId};
use deskbell_domain::workflow::effect::Effect;
use tokio::task::JoinSet;

use super::fixture::{SECRET, at, claim, event, finish, record, record_waiting, workspace};

pub async fn records_an_event_once(store: &Store) {
    record(store, "Ev1").await;
    assert_eq!(store.record_event(event("Ev1")).await.unwrap(), Recorded::Duplicate);
    assert_eq!(record_waiting(store, event("Ev1")).await, Recorded::Duplicate);
    let elsewhere = NewEvent { workspace: WorkspaceId::new("T2"), ..event("Ev1") };
    assert_eq!(store.record_event(elsewhere).await.unwrap(), Recorded::New);

    let stored = store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap();
    assert_eq!(stored.raw.as_deref(), Some(SECRET.as_bytes()));
    assert_eq!((stored.kind, stored.received_at, stored.outcome), (event("").kind, at(0), None));
    assert!(store.event(&workspace(), &EventKey::new("Ev2")).await.unwrap().is_none());

    let jobs = claim(store, 0, 10).await;
    assert_eq!(jobs.len(), 2, "one for each workspace");
    assert!(jobs.iter().all(|job| job.effect == Effect::Interpret { event: EventKey::new("Ev1") }));
}

pub async fn keeps_only_the_key_where_nobody_watches(store: &Store) {
    let unwatched = NewEvent { raw: None, ..event("Ev1") };
    assert_eq!(store.record_event(unwatched.clone()).await.unwrap(), Recorded::New);
    assert_eq!(store.record_event(unwatched).await.unwrap(), Recorded::Duplicate);
    let stored = store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap();
    assert_eq!((stored.raw, stored.erased), (None, false));
    assert!(claim(store, 0, 10).await.is_empty());
}

pub async fn answers_many_callers_at_once(store: &Store) {
    let mut callers = JoinSet::new();
    for number in 0..300 {
        let store = store.clone();
        callers.spawn(async move { record_waiting(&store, event(&format!("Ev{number}"))).await });
    }
    let answers = callers.join_all().await;
    assert!(answers.into_iter().all(|answer| answer == Recorded::New));
    assert_eq!(claim(store, 0, 1000).await.len(), 300);
}

pub async fn interprets_a_serial_in_order(store: &Store) {
    for (number, key) in (0..).zip(["Ev1", "Ev2", "Ev3"]) {
        let serial = Some("C1/U1".to_owned());
        store.record_event(NewEvent { serial, received_at: at(number), ..event(key) }).await.unwrap();
    }
    for key in ["Ev1", "Ev2", "Ev3"] {
        let jobs = claim(store, 10, 10).await;
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].effect, Effect::Interpret { event: EventKey::new(key) });
        finish(store, &jobs[0]).await;
    }
}

pub async fn accounts_for_events_and_replays_unread_ones(store: &Store) {
    record(store, "Ev1").await;
    record(store, "Ev2").await;
    let outcomes = [
        EventOutcome::Unparsed { reason: "no channel".to_owned() },
        EventOutcome::MadeTicket { ticket: TicketId::new(1) },
    ];
    assert_eq!(store.counts(at(0)).await.unwrap().events_pending, 2);
    for (job, outcome) in claim(store, 0, 10).await.into_iter().zip(&outcomes) {
        let Effect::Interpret { event } = &job.effect else { panic!("{job:?}") };
        let commit = Commit {
            finished: Some((job.id, job.fence)),
            event_outcome: Some((event.clone(), outcome.clone())),
            ..Commit::new(workspace())
        };
        store.commit(commit).await.unwrap();
    }
    for (key, outcome) in ["Ev1", "Ev2"].into_iter().zip(outcomes) {
        let stored = store.event(&workspace(), &EventKey::new(key)).await.unwrap().unwrap();
        assert_eq!(stored.outcome, Some(outcome));
    }
    let counts = store.counts(at(0)).await.unwrap();
    assert_eq!((counts.events_pending, counts.events_unparsed), (0, 1));

    assert_eq!(store.replay_unparsed(at(5), 10).await.unwrap(), 1);
    assert_eq!(store.replay_unparsed(at(5), 10).await.unwrap(), 0);
    let jobs = claim(store, 5, 10).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].effect, Effect::Interpret { event: EventKey::new("Ev1") });
    assert_eq!((jobs[0].attempts, jobs[0].run_at), (1, at(5)));
}

pub async fn interprets_at_once_what_a_clock_that_was_ahead_dated(store: &Store) {
    store.record_event(NewEvent { received_at: at(500), ..event("Ev1") }).await.unwrap();
    assert_eq!(claim(store, 5, 10).await.len(), 1);
}

/// Done jobs go before a moment, and what was given up stays.
fn keep(done_before: jiff::Timestamp) -> Retention {
    Retention { done_before, given_up_before: jiff::Timestamp::UNIX_EPOCH }
}

/// An event that no parser reads waits for one, and not for ever.
pub async fn forgets_what_could_not_be_read_in_time(store: &Store) {
    for key in ["Ev1", "Ev2"] {
        store.record_event(NewEvent { expires_at: Some(at(10)), ..event(key) }).await.unwrap();
    }
    for job in claim(store, 0, 10).await {
        let Effect::Interpret { event } = &job.effect else { panic!("{job:?}") };
        let unread = EventOutcome::Unparsed { reason: "odd".to_owned() };
        let commit = Commit {
            event_outcome: Some((event.clone(), unread)),
            finished: Some((job.id.clone(), job.fence)),
            ..Commit::new(workspace())
        };
        store.commit(commit).await.unwrap();
    }
    let received = event("Ev1").received_at;
    let second = jiff::SignedDuration::from_secs(1);
    for (given_up_before, unparsed) in [(received - second, 0), (received + second, 1)] {
        let pruned = store.prune(at(20), Retention { given_up_before, done_before: at(0) }, 10).await.unwrap();
        assert_eq!((pruned.unparsed, pruned.events), (unparsed, 0), "the newest stays");
    }
    assert!(store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().is_none());
    assert_eq!(store.replay_unparsed(at(21), 10).await.unwrap(), 1);
}

pub async fn forgets_what_has_served(store: &Store) {
    for (key, expires_at) in [("Ev1", Some(at(10))), ("Ev2", Some(at(30))), ("Ev3", None)] {
        store.record_event(NewEvent { expires_at, ..event(key) }).await.unwrap();
    }
    let waiting = store.prune(at(20), keep(at(0)), 10).await.unwrap();
    assert_eq!((waiting.events, waiting.jobs), (0, 0), "what waits to be interpreted stays");
    for job in claim(store, 0, 10).await {
        let Effect::Interpret { event } = &job.effect else { panic!("{job:?}") };
        let ignored = EventOutcome::Ignored { reason: "thanks".to_owned() };
        let commit = Commit {
            event_outcome: Some((event.clone(), ignored)),
            finished: Some((job.id.clone(), job.fence)),
            ..Commit::new(workspace())
        };
        store.commit(commit).await.unwrap();
    }
    let pruned =
        store.prune(at(20), keep(jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1)), 2).await.unwrap();
    assert_eq!((pruned.events, pruned.jobs), (1, 2));
    assert!(store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().is_none());
    assert!(store.event(&workspace(), &EventKey::new("Ev2")).await.unwrap().is_some());
}

/// A store that forgot every event but one gives no later event an id whose interpretation counts as queued.
pub async fn interprets_what_comes_after_a_long_silence(store: &Store) {
    for key in ["Ev1", "Ev2", "Ev3"] {
        store.record_event(NewEvent { expires_at: Some(at(10)), ..event(key) }).await.unwrap();
        let job = claim(store, 0, 10).await.remove(0);
        let Effect::Interpret { event } = &job.effect else { panic!("{job:?}") };
        assert_eq!(event, &EventKey::new(key));
        let ignored = EventOutcome::Ignored { reason: "thanks".to_owned() };
        let commit = Commit {
            event_outcome: Some((event.clone(), ignored)),
            finished: Some((job.id.clone(), job.fence)),
            ..Commit::new(workspace())
        };
        store.commit(commit).await.unwrap();
        store.prune(at(20), keep(at(0)), 10).await.unwrap();
    }
}
