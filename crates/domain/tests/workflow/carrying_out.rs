//! From an approval to done, with and without ops.

use crate::desk::*;
use crate::policy;
use crate::support::{load, with};
use deskbell_domain::action::{ActionState, ApprovedAction, NotApproved, StoredTicket};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Actor, Status, Verdict};
use deskbell_domain::workflow::effect::Telling;
use deskbell_domain::workflow::event::{Event, ReplyTo};

/// Why the first action of a ticket may not be carried out.
fn not_approved(ticket: &deskbell_domain::ticket::Ticket) -> NotApproved {
    ApprovedAction::rebuild(&StoredTicket::read_back(ticket.clone()), action(1)).unwrap_err()
}

#[test]
fn confirming_carries_out_primary_actions_then_alerts_then_the_others() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let confirmed = desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!((desk.status(), desk.names()), (Status::Dispatching, vec!["create_issue", "comment"]));
    assert_eq!(dispatched(&confirmed), [(1, 0)], "the comment waits for the issue");
    assert_eq!(desk.alerts(), 0);
    let answer = desk.ticket().answer.clone().unwrap();
    assert_eq!((answer.verdict, answer.by), (Verdict::Confirmed, by("U0BEN")));

    let created = desk.on(done(1, Some("PAY-1")));
    assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
    assert_eq!(dispatched(&created), [(2, 0)]);
    assert_eq!(desk.notices(|kind| *kind == NoticeKind::IssueCreated).len(), 1);
    let alert = desk.notices(|kind| *kind == NoticeKind::SquadAlert)[0].channel.clone();
    assert_eq!(alert.as_str(), "C0PAYMENTS");
    desk.ignores(done(1, Some("PAY-2")));
    assert_eq!(desk.ticket().external.as_ref().unwrap().key, "PAY-1");
    desk.on(done(2, None));
    assert!(desk.ticket().actions.iter().all(|record| record.state.is_settled()));
}

#[test]
fn a_decision_without_actions_goes_straight_to_the_squad() {
    let mut desk = Desk::asking(load(&with("actions = [\"create_issue\"]\n\n[queues.money]", "[queues.money]")), None);
    let confirmed = desk.on(pressed(Button::Confirm, "U0DEV"));
    assert_eq!((desk.status(), desk.alerts(), dispatched(&confirmed)), (Status::Following, 1, vec![]));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "more")));
    assert!(desk.ticket().actions.is_empty() && shows_notice(&joined, 1), "the alert shows what has no issue to go to");
}

#[test]
fn a_parked_primary_action_waits_for_ops_and_the_squad_hears_all_the_same() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(parked(1));
    assert_eq!((desk.status(), desk.alerts()), (Status::Parked, 1));
    desk.ignores(parked(1));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "hurry")));
    assert_eq!((desk.status(), dispatched(&joined)), (Status::Parked, vec![]));

    let retried = desk.on(chosen(Button::Retry, 1));
    assert_eq!((desk.status(), dispatched(&retried)), (Status::Dispatching, vec![(1, 1)]));
    desk.ignores(chosen(Button::Retry, 1));
    let again = desk.on(Event::OpsChose {
        action: action(1),
        button: Button::Skip,
        by: person("U0BEN"),
        reply: ReplyTo::default(),
    });
    assert!(matches!(told(&again)[..], [Telling::NotAllowed { .. }]));
    let created = desk.on(done(1, Some("PAY-1")));
    assert_eq!(dispatched(&created), [(2, 0), (3, 0)]);
    assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
}

#[test]
fn skipping_or_taking_over_the_issue_settles_what_needs_it_on_the_record() {
    for button in [Button::Skip, Button::TakeOver] {
        let mut desk = Desk::asking(policy(), Some("billing"));
        desk.on(pressed(Button::Confirm, "U0BEN"));
        desk.on(Event::MessageJoined(message("1.0002", "more")));
        desk.on(parked(1));
        let settled = desk.on(chosen(button, 1));
        assert!(dispatched(&settled).is_empty());
        assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
        for comment in [2, 3] {
            assert_eq!(desk.state(comment), &ActionState::Skipped { by: Actor::Deskbell });
        }
        assert_eq!(desk.audited(AuditKind::ActionSettled), 2, "the person's choice and what follows");
        assert!(matches!(
            &desk.notices(|kind| matches!(kind, NoticeKind::OpsAlert { .. }))[0].kind,
            NoticeKind::OpsAlert { settled_by: Some(who), .. } if *who == by("U0LEAD")
        ));
        assert_eq!(not_approved(desk.ticket()), NotApproved::NotPending);
    }
}

#[test]
fn an_action_found_done_after_all_settles_its_ops_alert() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(Event::ActionParked { action: action(1), reason: "no answer".to_owned(), words: None, fate_unknown: true });
    let found = desk.on(done(1, Some("PAY-1")));
    assert_eq!((desk.status(), dispatched(&found)), (Status::Following, vec![(2, 0)]));
    let late = desk.on(chosen(Button::Retry, 1));
    assert_eq!(told(&late), [Telling::AlreadySettled]);
    let open = |kind: &NoticeKind| matches!(kind, NoticeKind::OpsAlert { settled_by: None, .. });
    assert!(desk.notices(open).is_empty());
}

#[test]
fn a_parked_comment_is_retried_without_touching_the_rest() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(parked(2));
    assert_eq!(desk.status(), Status::Following);
    let retried = desk.on(chosen(Button::Retry, 2));
    assert_eq!((desk.status(), dispatched(&retried)), (Status::Following, vec![(2, 1)]));
    desk.on(parked(2));
    assert_eq!(desk.notices(|kind| matches!(kind, NoticeKind::OpsAlert { .. })).len(), 2);
    desk.on(chosen(Button::TakeOver, 2));
    assert!(desk.state(2).is_settled());
}

#[test]
fn erased_words_cannot_be_carried_out() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    let mut erased = desk.ticket().clone();
    erased.words = deskbell_domain::ticket::Words { erased: true, ..Default::default() };
    assert_eq!(not_approved(&erased), NotApproved::NoWords);
    let mut forged = desk.ticket().clone();
    forged.approvals.clear();
    assert_eq!(not_approved(&forged), NotApproved::NoApproval);
}
