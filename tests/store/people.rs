//! A destroyed key takes the words with it, and nothing else.

use deskbell::store::{AuditFilter, Commit, CommitError, Store, TicketWrite};
use deskbell_domain::action::{Action, ActionRecord, ActionState};
use deskbell_domain::audit::AuditEntry;
use deskbell_domain::ids::{ActionId, EventKey, TicketId, WorkspaceId};
use deskbell_domain::ticket::{Actor, Escalation, Status, Ticket, TicketMessage};
use deskbell_domain::workflow::DecisionRecord;

use super::fixture::{SECRET, assessment, at, entry, person, put, record, ticket, workspace};
use super::questions::{accepted, ask};
use super::tickets::{decision, inputs};

async fn say(store: &Store, number: u64, who: &str) {
    let commit = Commit {
        ticket: Some(TicketWrite::new(ticket(number, who), 0)),
        decision: Some(DecisionRecord { inputs: inputs(), decision: decision(1) }),
        audit: vec![entry(number, Some(who))],
        ..Commit::new(workspace())
    };
    store.commit(commit).await.unwrap();
}

async fn erase(store: &Store, who: &str) -> (u64, u64) {
    let by = Actor::Person(person("UADMIN"));
    let erased = store.erase_person(&workspace(), &person(who), &by, at(9)).await.unwrap();
    (erased.keys, erased.tickets)
}

async fn load(store: &Store, number: u64) -> (u64, Ticket) {
    let found = store.ticket(&workspace(), TicketId::new(number)).await.unwrap().unwrap();
    (found.version, found.ticket)
}

pub async fn erases_all_words_of_a_person(store: &Store) {
    record(store, "Ev1").await;
    say(store, 1, "U1").await;
    let before = store.anchor().await.unwrap();
    assert_eq!(erase(store, "U1").await, (1, 1));

    let (version, found) = load(store, 1).await;
    assert_eq!((version, found.words.erased, found.words.messages.len()), (2, true, 0));
    assert_eq!(found.requester, person("U1"));
    assert!(store.recent_texts(&workspace(), 9).await.unwrap().is_empty());
    let event = store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap();
    assert_eq!((event.raw, event.erased), (None, true));
    let decided = store.decisions(&workspace(), None, 9).await.unwrap();
    assert_eq!((&decided[0].inputs, decided[0].decision.is_empty()), (&None, false));

    let trail = store.audit_entries(AuditFilter::default(), 0, 9).await.unwrap();
    assert_eq!(trail[0].detail, None, "what was said is gone");
    assert_eq!(trail[1].detail.as_ref().unwrap()["erased"], "U1", "who erased whom is known");
    let report = store.verify_audit(Some(&before)).await.unwrap();
    assert_eq!((report.entries, report.tickets), (3, 1), "the chain runs over ciphertext and still holds");
    assert_eq!(erase(store, "U1").await, (0, 0));
}

pub async fn refuses_words_read_before_the_erasure(store: &Store) {
    say(store, 1, "U1").await;
    let (version, read_before) = load(store, 1).await;
    erase(store, "U1").await;
    let stale = Commit { ticket: Some(TicketWrite::new(read_before, version)), ..Commit::new(workspace()) };
    assert!(matches!(store.commit(stale).await, Err(CommitError::Conflict(_))));

    let (version, erased) = load(store, 1).await;
    put(store, Ticket { status: Status::Resolved, ..erased }, version).await;
    let (_, found) = load(store, 1).await;
    assert_eq!((found.status, found.words.erased), (Status::Resolved, true));
}

pub async fn seals_what_is_said_later_under_a_new_key(store: &Store) {
    say(store, 1, "U1").await;
    erase(store, "U1").await;
    say(store, 2, "U1").await;
    assert_eq!(load(store, 2).await.1.words.text(), SECRET);
    assert!(load(store, 1).await.1.words.erased);
    assert_eq!(erase(store, "U1").await, (1, 1));
    assert!(load(store, 2).await.1.words.erased);
}

pub async fn leaves_others_alone(store: &Store) {
    say(store, 1, "U1").await;
    say(store, 2, "U2").await;
    let by = Actor::Deskbell;
    store.erase_person(&WorkspaceId::new("T2"), &person("U2"), &by, at(9)).await.unwrap();
    erase(store, "U1").await;
    erase(store, "").await;
    assert_eq!(load(store, 2).await.1.words.text(), SECRET);
    assert!(store.decisions(&workspace(), None, 9).await.unwrap()[1].inputs.is_some());
}

/// A ticket of U1's in whose thread U2 added something and which U2 escalated.
async fn say_together(store: &Store, number: u64) {
    let mut ticket = ticket(number, "U1");
    "my order is gone".clone_into(&mut ticket.words.messages[0].text);
    ticket.words.messages.push(TicketMessage {
        ts: None,
        text: SECRET.to_owned(),
        author: Some(person("U2")),
        edited: None,
    });
    ticket.words.assessment = Some(assessment());
    let comment = ActionId { ticket: ticket.id, ordinal: 1 };
    ticket.words.actions.insert(comment, Action::Comment { body: SECRET.to_owned() });
    ticket.actions.push(ActionRecord {
        id: comment,
        name: "comment".to_owned(),
        primary: false,
        generation: 0,
        about: None,
        undoes: None,
        state: ActionState::Done { external: None },
        since: None,
    });
    ticket.escalation = Some(Escalation {
        round: 1,
        level: 1,
        since: at(0),
        by: Actor::Person(person("U2")),
        acknowledged_by: None,
        unanswered_at: None,
    });
    ticket.words.escalation_reason = Some(SECRET.to_owned());
    let commit = Commit {
        decision: Some(DecisionRecord { inputs: inputs(), decision: decision(1) }),
        ticket: Some(TicketWrite::new(ticket, 0)),
        audit: vec![AuditEntry { detail: serde_json::json!({}), ..entry(number, Some("U1")) }],
        ..Commit::new(workspace())
    };
    store.commit(commit).await.unwrap();
}

pub async fn takes_their_words_out_of_others_tickets(store: &Store) {
    say_together(store, 1).await;
    say(store, 2, "U3").await;
    let (settled, open) = (ask(store).await, ask(store).await);
    store.settle_question(&workspace(), settled, &person("U1"), accepted()).await.unwrap();
    let (version, before) = load(store, 1).await;
    assert_eq!(erase(store, "U2").await, (0, 0), "no key and no ticket was theirs");

    let (_, found) = load(store, 1).await;
    assert!(!serde_json::to_string(&found).unwrap().contains(SECRET), "{found:?}");
    assert_eq!((found.words.text().as_str(), found.words.erased), ("my order is gone", false));
    assert_eq!(found.words.escalation_reason, None);
    let assessment = found.words.assessment.as_ref().unwrap();
    assert_eq!((assessment.summary.as_str(), assessment.language.as_str()), ("", "en"));
    assert!(assessment.urgency.evidence.is_empty());
    assert_eq!(found.actions.len(), 1, "that something was done is known");
    let asked = store.question(&workspace(), settled).await.unwrap().unwrap();
    assert_eq!((asked.document, asked.answer), (None, None), "it may have quoted the words");
    assert!(store.question(&workspace(), open).await.unwrap().unwrap().document.is_some(), "a call waits for it");
    let decided = store.decisions(&workspace(), None, 9).await.unwrap();
    assert_eq!(decided[0].inputs, None, "they quoted the words");
    assert!(decided[1].inputs.is_some());
    assert_eq!(load(store, 2).await.1.words.text(), SECRET, "others' words stay");

    let stale = Commit { ticket: Some(TicketWrite::new(before, version)), ..Commit::new(workspace()) };
    assert!(matches!(store.commit(stale).await, Err(CommitError::Conflict(_))), "and nobody writes them back");
    assert_eq!(store.verify_audit(None).await.unwrap().tickets, 2);
    assert_eq!(erase(store, "U2").await, (0, 0));
    assert_eq!(load(store, 1).await.0, version + 1, "there is nothing left to take out");
}
