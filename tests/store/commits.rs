//! A commit is kept whole or not at all, and each on its own.

use deskbell::store::{Commit, CommitError, Conflict, HelpdeskKey, Store, TicketWrite};
use deskbell_domain::ids::{ChannelId, EventKey, MessageTs, TicketId, WorkspaceId};
use tokio::task::JoinSet;

use super::fixture::{claim, entry, job, put, record, ticket, workspace};

fn with_message(number: u64, ts: &str) -> Commit {
    let sources = vec![(ChannelId::new("C1"), MessageTs::new(ts))];
    let ticket = TicketWrite { sources, ..TicketWrite::new(ticket(number, "U1"), 0) };
    Commit { ticket: Some(ticket), ..Commit::new(workspace()) }
}

pub async fn keeps_all_or_nothing(store: &Store) {
    record(store, "Ev1").await;
    let interpret = claim(store, 0, 1).await.remove(0);
    put(store, ticket(1, "U1"), 0).await;
    let commit = Commit {
        workspace: workspace(),
        finished: Some((interpret.id.clone(), interpret.fence)),
        event_outcome: Some((EventKey::new("Ev1"), deskbell::store::EventOutcome::Joined { ticket: TicketId::new(1) })),
        ticket: Some(TicketWrite::new(ticket(1, "U1"), 7)),
        decision: None,
        labelling: Some(super::labels::given(1, "U1", "a")),
        audit: vec![entry(1, None)],
        jobs: vec![job(1, 0, None)],
    };
    assert!(matches!(store.commit(commit.clone()).await, Err(CommitError::Conflict(_))));
    assert_eq!(store.verify_audit(None).await.unwrap().entries, 1, "that of the ticket's making");
    assert_eq!(store.last_label(&workspace()).await.unwrap(), 0);
    assert!(store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap().outcome.is_none());
    assert_eq!(store.counts(super::fixture::at(0)).await.unwrap().jobs_leased, 1);

    let commit = Commit { ticket: Some(TicketWrite::new(ticket(1, "U1"), 1)), ..commit };
    store.commit(commit).await.unwrap();
    assert_eq!(store.verify_audit(None).await.unwrap().entries, 2);
    assert!(store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap().outcome.is_some());
    assert_eq!(claim(store, 0, 10).await.len(), 1);
}

pub async fn refuses_a_moved_version(store: &Store) {
    put(store, ticket(1, "U1"), 0).await;
    put(store, ticket(1, "U1"), 1).await;
    for stale in [0, 1, 3] {
        let write = TicketWrite::new(ticket(1, "U1"), stale);
        let error = store.commit(Commit { ticket: Some(write), ..Commit::new(workspace()) }).await.unwrap_err();
        let CommitError::Conflict(conflict) = error else { panic!("{error:?}") };
        assert_eq!(conflict, Conflict::VersionMoved { ticket: TicketId::new(1) });
        assert!(conflict.is_stale());
    }
    assert_eq!(store.ticket(&workspace(), TicketId::new(1)).await.unwrap().unwrap().version, 2);
}

pub async fn gives_a_message_one_ticket(store: &Store) {
    store.commit(with_message(1, "1.1")).await.unwrap();
    let error = store.commit(with_message(2, "1.1")).await.unwrap_err();
    let CommitError::Conflict(conflict) = error else { panic!("{error:?}") };
    assert_eq!(conflict, Conflict::SourceOwned { ticket: TicketId::new(1) });
    assert!(!conflict.is_stale());
    assert!(store.ticket(&workspace(), TicketId::new(2)).await.unwrap().is_none());

    let mut again = with_message(1, "1.1");
    again.ticket.as_mut().unwrap().expected_version = 1;
    store.commit(again).await.unwrap();
}

pub async fn gives_a_helpdesk_ticket_one_ticket(store: &Store) {
    let from_zendesk = |number| {
        let helpdesk = Some(HelpdeskKey { system: "zendesk".to_owned(), external_id: "17".to_owned() });
        let ticket = TicketWrite { helpdesk, ..TicketWrite::new(ticket(number, "U1"), 0) };
        Commit { ticket: Some(ticket), ..Commit::new(workspace()) }
    };
    store.commit(from_zendesk(1)).await.unwrap();
    assert!(matches!(
        store.commit(from_zendesk(2)).await,
        Err(CommitError::Conflict(Conflict::SourceOwned { ticket })) if ticket == TicketId::new(1)
    ));
    let found = store.ticket_by_helpdesk(&workspace(), "zendesk", "17").await.unwrap();
    assert_eq!(found, Some(TicketId::new(1)));
    assert_eq!(store.ticket_by_helpdesk(&workspace(), "zendesk", "18").await.unwrap(), None);
}

/// Of many commits that ask for the same thing at the same time one wins; the losers spoil nobody's.
pub async fn isolates_commands_that_share_a_transaction(store: &Store) {
    let mut commits = JoinSet::new();
    for number in 1..=120 {
        let store = store.clone();
        let ts = if number % 3 == 0 { "shared".to_owned() } else { format!("own.{number}") };
        commits.spawn(async move { (number % 3 == 0, store.commit(with_message(number, &ts)).await) });
    }
    let (mut won, mut lost) = (0, 0);
    for (shared, result) in commits.join_all().await {
        match result {
            Ok(()) if shared => won += 1,
            Ok(()) => {}
            Err(CommitError::Conflict(Conflict::SourceOwned { .. })) if shared => lost += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((won, lost), (1, 39));
}

pub async fn numbers_tickets_once(store: &Store) {
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        callers.spawn(async move { store.new_ticket_id(&workspace()).await.unwrap().number() });
    }
    let mut numbers = callers.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    assert_eq!(store.new_ticket_id(&WorkspaceId::new("T2")).await.unwrap(), TicketId::new(1));
}
