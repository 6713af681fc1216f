//! What servers ask people in the middle of a call.

use deskbell::store::{NewQuestion, QuestionOutcome, Retention, Settlement, Store};
use deskbell_domain::ids::{ActionId, ChannelId, TicketId};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;

use super::fixture::{at, person, workspace};

const ACTION: ActionId = ActionId { ticket: TicketId::new(1), ordinal: 1 };

pub async fn ask(store: &Store) -> u64 {
    let question = NewQuestion {
        workspace: workspace(),
        action: ACTION,
        requester: person("U1"),
        server: "tracker".to_owned(),
        tool: "make".to_owned(),
        person: Some(person("U2")),
        channel: ChannelId::new("C1"),
        until: at(60),
        document: b"which one?".to_vec(),
    };
    store.ask_question(question).await.unwrap()
}

pub fn accepted() -> Settlement {
    let by = Actor::Person(person("U2"));
    Settlement { outcome: QuestionOutcome::Accepted, by, at: at(5), answer: Some(b"the first".to_vec()) }
}

pub async fn settles_a_question_once(store: &Store) {
    let id = ask(store).await;
    let asked = store.question(&workspace(), id).await.unwrap().unwrap();
    assert_eq!((asked.document.as_deref(), asked.settled), (Some(&b"which one?"[..]), None));
    assert!(store.settle_question(&workspace(), id, &person("U1"), accepted()).await.unwrap());
    let late = Settlement { outcome: QuestionOutcome::Declined, answer: None, ..accepted() };
    assert!(!store.settle_question(&workspace(), id, &person("U1"), late).await.unwrap());
    assert_eq!(store.close_questions(&workspace(), ACTION, &person("U1")).await.unwrap(), 0);
    let settled = store.question(&workspace(), id).await.unwrap().unwrap();
    assert_eq!(settled.answer.as_deref(), Some(&b"the first"[..]));
    assert_eq!(settled.settled, Some((QuestionOutcome::Accepted, Some(person("U2")), at(5))));
    store.verify_audit(None).await.unwrap();
}

pub async fn forgets_what_was_settled_long_ago_and_keeps_what_is_open(store: &Store) {
    let (settled, open) = (ask(store).await, ask(store).await);
    store.settle_question(&workspace(), settled, &person("U1"), accepted()).await.unwrap();
    let before = |done_before: Timestamp| Retention { done_before, given_up_before: done_before };
    store.prune(at(5), before(at(5)), 9).await.unwrap();
    assert!(store.question(&workspace(), settled).await.unwrap().is_some());
    store.prune(at(6), before(at(6)), 9).await.unwrap();
    assert_eq!(store.question(&workspace(), settled).await.unwrap(), None);
    assert!(store.question(&workspace(), open).await.unwrap().is_some());
}
