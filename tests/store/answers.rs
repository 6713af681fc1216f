//! Answers from the knowledge base, and the clicks that let its server hear what they were worth.

use deskbell::store::{AnswerCounts, AnswerSettlement, AnswerWords, NewAnswer, NewClick, Retention, Store};
use deskbell_domain::action::{Action, ApprovedAction, NotApproved};
use deskbell_domain::assessment::{AssessorName, Confidence};
use deskbell_domain::knowledge::{Finding, Outcome};
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::effect::{Effect, Lane};
use jiff::{SignedDuration, Timestamp};

use super::fixture::{LEASE, SECRET, person, workspace};

fn words(found: bool) -> AnswerWords {
    let finding = Finding {
        number: 0,
        by: AssessorName::Nobody,
        statements: Vec::new(),
        sources: Vec::new(),
        confidence: Confidence::from_probability(0.8),
    };
    let shown = vec![("knowledge".to_owned(), "p1".to_owned())];
    AnswerWords { question: SECRET.to_owned(), finding: found.then_some(finding), shown }
}

async fn keep(store: &Store, cause: &str, found: bool) -> u64 {
    let (workspace, cause, asker) = (workspace(), cause.to_owned(), person("U1"));
    let answer = NewAnswer { workspace, cause, ticket: None, asker, words: words(found) };
    store.keep_answer(answer).await.unwrap()
}

fn feedback() -> Action {
    let (query, passages) = ("how?".to_owned(), vec!["p1".to_owned()]);
    Action::RecordFeedback { query, passages, outcome: "solved".to_owned() }
}

fn solved(by: &str) -> AnswerSettlement {
    let (by, at) = (Some(person(by)), Timestamp::now());
    AnswerSettlement { outcome: Outcome::Solved, by, at, cause: "job-1".to_owned(), feedback: Some(feedback()) }
}

async fn due(store: &Store) -> Vec<Effect> {
    let claimed = store.claim(Timestamp::now() + SignedDuration::from_secs(1), "w", Lane::Systems, LEASE, 9).await;
    claimed.unwrap().into_iter().map(|job| job.effect).collect()
}

pub async fn keeps_an_answer_once_and_settles_it_once(store: &Store) {
    let id = keep(store, "kb/1", true).await;
    assert_eq!(keep(store, "kb/1", true).await, id, "the same cause keeps one");
    let kept = store.answer(&workspace(), id).await.unwrap().unwrap();
    assert_eq!((kept.asker.as_str(), &kept.outcome), ("U1", &None));
    let said = kept.words.unwrap();
    assert_eq!((said.question.as_str(), said.finding.unwrap().number), (SECRET, id));

    assert!(store.settle_answer(&workspace(), id, solved("U1")).await.unwrap());
    let late = AnswerSettlement { outcome: Outcome::NotHelpful, ..solved("U2") };
    assert!(!store.settle_answer(&workspace(), id, late).await.unwrap());
    let kept = store.answer(&workspace(), id).await.unwrap().unwrap();
    assert_eq!(kept.outcome, Some((Outcome::Solved, Some(person("U1")))));
    assert_eq!(due(store).await, vec![Effect::CarryOut { click: 1 }], "one click, one job");
    store.verify_audit(None).await.unwrap();
}

pub async fn a_click_allows_its_own_action_until_it_is_done(store: &Store) {
    let action = Action::CreateDraft { title: "t".to_owned(), markdown: SECRET.to_owned() };
    let (workspace, by, at) = (workspace(), person("U2"), Timestamp::now());
    let (cause, about) = ("event".to_owned(), by.clone());
    let click = NewClick { workspace: workspace.clone(), cause, by, about, action: action.clone(), at };
    store.keep_click(click.clone()).await.unwrap();
    store.keep_click(click).await.unwrap();
    let Some(&Effect::CarryOut { click }) = due(store).await.first() else { panic!("no job") };
    let stored = store.stored_click(&workspace, click).await.unwrap().unwrap();
    let approved = ApprovedAction::of_click(&stored).unwrap();
    assert_eq!((approved.action(), approved.ticket()), (&action, None));
    assert_eq!(approved.approved_by(), &Actor::Person(person("U2")));
    assert_eq!(approved.idempotency_key(&workspace), format!("T1/click/{click}"));
    store.click_done(&workspace, click, Timestamp::now()).await.unwrap();
    assert!(store.stored_click(&workspace, click).await.unwrap().is_none(), "it is carried out once");
}

pub async fn a_click_alone_allows_nothing_that_a_ticket_is_wanted_for(store: &Store) {
    let action = Action::RemoveDocument { path: "tickets/DB-1.md".to_owned() };
    let (workspace, by, at) = (workspace(), person("U2"), Timestamp::now());
    store
        .keep_click(NewClick {
            workspace: workspace.clone(),
            cause: "event".to_owned(),
            about: by.clone(),
            by,
            action,
            at,
        })
        .await
        .unwrap();
    let Some(&Effect::CarryOut { click }) = due(store).await.first() else { panic!("no job") };
    let stored = store.stored_click(&workspace, click).await.unwrap().unwrap();
    assert_eq!(ApprovedAction::of_click(&stored).err(), Some(NotApproved::NoApproval));
}

pub async fn an_erased_asker_leaves_neither_question_nor_answer(store: &Store) {
    // Whoever may claim a ticket says for its requester that a person is wanted.
    for (cause, by) in [("kb/1", "U1"), ("kb/2", "U2")] {
        let id = keep(store, cause, true).await;
        store.settle_answer(&workspace(), id, solved(by)).await.unwrap();
        assert!(store.stored_click(&workspace(), id).await.unwrap().is_some());
    }
    store.erase_person(&workspace(), &person("U1"), &Actor::Deskbell, Timestamp::now()).await.unwrap();
    for id in [1, 2] {
        let kept = store.answer(&workspace(), id).await.unwrap().unwrap();
        assert_eq!(kept.words, None);
        assert!(store.stored_click(&workspace(), id).await.unwrap().is_none(), "what quotes them goes nowhere");
    }
}

pub async fn counts_silence_apart_and_forgets_in_time(store: &Store) {
    for (cause, found) in [("a", true), ("b", true), ("c", true), ("d", false)] {
        keep(store, cause, found).await;
    }
    store.settle_answer(&workspace(), 1, solved("U1")).await.unwrap();
    let silent = AnswerSettlement { outcome: Outcome::Silent, by: None, feedback: None, ..solved("U1") };
    store.settle_answer(&workspace(), 2, silent).await.unwrap();
    let all = store.answer_counts(&workspace(), Timestamp::UNIX_EPOCH).await.unwrap();
    let expected = AnswerCounts { asked: 4, found: 3, solved: 1, silent: 2, ..AnswerCounts::default() };
    assert_eq!(all, expected);
    let later = Timestamp::now() + SignedDuration::from_secs(9);
    store.prune(later, Retention { done_before: later, given_up_before: later }, 9).await.unwrap();
    assert_eq!(store.answer_counts(&workspace(), Timestamp::UNIX_EPOCH).await.unwrap(), AnswerCounts::default());
}
