//! What people answered: with the ticket's own change or not at all, a ticket counted once, words gone with their requester.

use deskbell::store::{
    AboutVersion, AuditFilter, Commit, CommitError, LabelsWanted, ModelStanding, ModelVersion, Store, StoredLabel,
    TicketWrite,
};
use deskbell_domain::assessment::{AssessorName, Confidence, Stated};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{CategoryId, PolicyHash, TicketId};
use deskbell_domain::label::{Label, Labelling};
use deskbell_domain::ticket::{Actor, Verdict};

use super::fixture::{SECRET, at, entry, person, ticket, workspace};

/// An answer about a ticket: its category was said to be `a`.
pub fn given(number: u64, requester: &str, category: &str) -> Labelling {
    let category = CategoryId::from(category);
    let label = Label {
        ticket: TicketId::new(number),
        decision: 1,
        at: at(5),
        by: person("U9"),
        verdict: if category == CategoryId::from("a") { Verdict::Confirmed } else { Verdict::Changed },
        assessor: AssessorName::Local,
        said: Some((CategoryId::from("a"), Confidence::from_probability(0.8))),
        stated: Some(Stated {
            model: "m-1".to_owned(),
            category: CategoryId::from("b"),
            confidence: Confidence::from_probability(0.95),
        }),
        category: Some(category),
        proposed: None,
        squad: None,
    };
    Labelling::Given { label: Box::new(label), requester: person(requester), words: SECRET.to_owned() }
}

pub async fn teach(store: &Store, labelling: Labelling) {
    let labelling = Some(labelling);
    store.commit(Commit { labelling, ..Commit::new(workspace()) }).await.unwrap();
}

pub async fn all(store: &Store, up_to: Option<u64>) -> Vec<StoredLabel> {
    let wanted = LabelsWanted { up_to, at_most: 100, with_words: true };
    store.labels(&workspace(), wanted).await.unwrap()
}

fn shown(labels: &[StoredLabel]) -> Vec<(u64, String, Option<String>)> {
    let one = |stored: &StoredLabel| {
        let category = stored.label.category.as_ref().map(ToString::to_string).unwrap_or_default();
        (stored.label.ticket.number(), category, stored.words.clone())
    };
    labels.iter().map(one).collect()
}

pub async fn counts_the_last_answer_of_a_ticket(store: &Store) {
    assert_eq!((store.last_label(&workspace()).await.unwrap(), all(store, None).await.len()), (0, 0));
    let said = Some(SECRET.to_owned());
    teach(store, given(1, "U1", "a")).await;
    teach(store, given(2, "U2", "b")).await;
    let earlier = store.last_label(&workspace()).await.unwrap();
    teach(store, given(1, "U1", "c")).await;
    let newest = [(1, "c".to_owned(), said.clone()), (2, "b".to_owned(), said.clone())];
    assert_eq!(shown(&all(store, None).await), newest);
    let before = [(2, "b".to_owned(), said.clone()), (1, "a".to_owned(), said)];
    assert_eq!(shown(&all(store, Some(earlier)).await), before, "as they stood then");

    teach(store, Labelling::Withdrawn { ticket: TicketId::new(1), requester: person("U1") }).await;
    assert_eq!(shown(&all(store, None).await), newest[1..]);
    let wanted = LabelsWanted { up_to: None, at_most: 100, with_words: false };
    assert_eq!(store.labels(&workspace(), wanted).await.unwrap()[0].words, None, "not asked for");
    assert!(store.verify_audit(None).await.is_ok());
}

pub async fn keeps_a_label_with_its_ticket_or_not_at_all(store: &Store) {
    let commit = |expected_version| Commit {
        ticket: Some(TicketWrite::new(ticket(1, "U1"), expected_version)),
        labelling: Some(given(1, "U1", "a")),
        ..Commit::new(workspace())
    };
    store.commit(commit(0)).await.unwrap();
    let late = store.commit(commit(0)).await;
    assert!(matches!(late, Err(CommitError::Conflict(_))), "{late:?}");
    assert_eq!(all(store, None).await.len(), 1);
    assert_eq!(store.last_label(&workspace()).await.unwrap(), 1);
}

pub async fn keeps_what_a_language_model_stated_by_itself(store: &Store) {
    teach(store, given(1, "U1", "a")).await;
    teach(store, given(2, "U2", "b")).await;
    let Labelling::Given { mut label, requester, words } = given(3, "U3", "b") else { panic!("no label") };
    label.stated = None;
    teach(store, Labelling::Given { label, requester, words }).await;
    let came = |stored: &StoredLabel| {
        let stated = stored.label.stated.as_ref();
        (stated.map(|stated| (stated.model.clone(), stated.confidence.percent())), stored.label.stated_rightly())
    };
    let stated = Some(("m-1".to_owned(), 95));
    let found: Vec<_> = all(store, None).await.iter().map(came).collect();
    assert_eq!(found, [(None, None), (stated.clone(), Some(true)), (stated, Some(false))]);
}

pub async fn erases_the_words_and_keeps_the_answer(store: &Store) {
    teach(store, given(1, "U1", "a")).await;
    teach(store, given(2, "U2", "b")).await;
    let by = Actor::Person(person("UADMIN"));
    store.erase_person(&workspace(), &person("U1"), &by, at(9)).await.unwrap();
    let left = shown(&all(store, None).await);
    assert_eq!(left, [(2, "b".to_owned(), Some(SECRET.to_owned())), (1, "a".to_owned(), None)]);
    assert!(store.verify_audit(None).await.is_ok());
}

fn version(last_label: u64) -> ModelVersion {
    let about = AboutVersion {
        labels: 2,
        examples: 12,
        encoder: false,
        held_out: 12,
        accuracy: Some(0.75),
        ece: Some(0.1),
        coverage_at_95: None,
        seconds: 0.25,
        without_model: None,
    };
    ModelVersion { number: 0, made_at: at(1), last_label, policy: PolicyHash::new("abc"), about }
}

pub async fn numbers_versions_and_keeps_what_is_pinned(store: &Store) {
    for last_label in 1..=3 {
        let number =
            store.keep_model_version(&workspace(), version(last_label), |number| entry(number, None)).await.unwrap();
        assert_eq!(number, last_label);
    }
    let kept = store.model_versions(&workspace(), 2).await.unwrap();
    assert_eq!(kept, [ModelVersion { number: 3, ..version(3) }, ModelVersion { number: 2, ..version(2) }]);
    assert_eq!(store.model_standing(&workspace()).await.unwrap(), ModelStanding::default());
    let auto_from = [(CategoryId::from("a"), Confidence::from_probability(0.9))].into();
    let standing = ModelStanding { pinned: Some(1), auto_from };
    store.keep_model_standing(&workspace(), standing.clone(), vec![entry(9, None)], None).await.unwrap();
    assert_eq!(store.model_standing(&workspace()).await.unwrap(), standing);
    // Old ones go; a pinned one stays.
    for last_label in 4..=202 {
        store.keep_model_version(&workspace(), version(last_label), |number| entry(number, None)).await.unwrap();
    }
    let kept = store.model_versions(&workspace(), 1_000).await.unwrap();
    let oldest: Vec<u64> = kept.iter().rev().take(2).map(|version| version.number).collect();
    assert_eq!((kept.len(), oldest), (201, vec![1, 3]));
    let trail = store.audit_entries(AuditFilter::default(), 0, 1_000).await.unwrap();
    assert_eq!((trail.len(), trail[3].kind), (203, AuditKind::TicketReceived));
}
