//! A decision that was carried out is undone: once, in reverse order, and decided anew by a person.

use crate::desk::*;
use crate::support::{load, with};
use crate::{expiring, policy};
use deskbell_domain::action::{Action, ActionState, ApprovedAction, NotApproved, StoredTicket};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::errand::{Errand, ErrandKind, Introduction, Unassigned};
use deskbell_domain::ids::PersonId;
use deskbell_domain::interaction::{Button, Seen};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::Status;
use deskbell_domain::workflow::effect::Telling;
use deskbell_domain::workflow::event::{Event, ReplyTo};

/// Billing tickets get an issue, its priority is set and a comment made.
fn with_priority() -> Policy {
    let policy = with("[\"create_issue\", \"comment\"]", "[\"create_issue\", \"set_priority\", \"comment\"]");
    load(&policy.replace("normal = \"p3\"", "normal = \"p1\""))
}

fn followed() -> Desk {
    let mut desk = Desk::asking(with_priority(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(changed_from(2, "Medium"));
    desk.on(done(3, None));
    assert_eq!(desk.status(), Status::Following);
    desk
}

/// What is carried out next: its name and the issue that it is about.
fn sent(desk: &Desk, ordinal: u32) -> (Action, Option<String>) {
    let stored = StoredTicket::read_back(desk.ticket().clone());
    let approved = ApprovedAction::rebuild(&stored, action(ordinal)).unwrap();
    (approved.action().clone(), approved.external().map(|external| external.key.clone()))
}

#[test]
fn what_was_done_is_undone_in_reverse_order_and_the_ticket_asks_a_person_again() {
    let mut desk = followed();
    let undone = desk.on(pressed(Button::Undo, "U0BEN"));
    assert_eq!((desk.status(), desk.alerts(), desk.audited(AuditKind::Undone)), (Status::Received, 0, 1));
    assert_eq!(desk.notices(|kind| matches!(kind, NoticeKind::AlertWithdrawn { .. })).len(), 1);
    assert_eq!(desk.names()[3..], ["set_priority", "comment", "transition"]);
    assert_eq!(dispatched(&undone), [(4, 0)], "one after the other");
    let back = Action::SetPriority { priority: "Medium".to_owned() };
    assert_eq!(sent(&desk, 4), (back, Some("PAY-1".to_owned())));
    assert_eq!(dispatched(&desk.on(done(4, None))), [(5, 0)]);
    let (note, about) = sent(&desk, 5);
    assert!(matches!(&note, Action::Comment { body } if body.contains("undone") && body.contains("DB-7")), "{note:?}");
    assert_eq!(about.as_deref(), Some("PAY-1"));
    assert_eq!(dispatched(&desk.on(done(5, None))), [(6, 0)]);
    assert_eq!(sent(&desk, 6).0, Action::Transition { to: "Done".to_owned() });
    assert_eq!(desk.ticket().undone.as_ref().unwrap().stays, [action(3)], "the comment stays");
    assert!(desk.ticket().external.is_none() && desk.ticket().assignee.is_none());

    desk.on(assessed(2, Some("billing")));
    desk.on(done(6, None));
    assert_eq!((desk.status(), desk.ticket().tracker.is_none()), (Status::AwaitingConfirmation, true));
    desk.post_card();
    let confirmed = desk.on(pressed(Button::Confirm, "U0CARLA"));
    assert_eq!(dispatched(&confirmed), [(7, 0)], "a new issue");
    desk.on(done(7, Some("PAY-2")));
    assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
    assert_eq!(desk.ticket().external.as_ref().unwrap().key, "PAY-2");
}

#[test]
fn only_the_first_press_counts_and_a_card_of_the_decision_before_undoes_no_new_one() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Undo, "U0BEN"));
    desk.ignores(pressed(Button::Undo, "U0BEN"));
    assert_eq!(told(&desk.on(pressed(Button::Undo, "U0CARLA"))), [Telling::AlreadyUndone]);
    desk.on(assessed(2, Some("billing")));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    for ordinal in [3, 4] {
        desk.on(done(ordinal, None));
    }
    desk.on(done(5, Some("PAY-2")));
    assert_eq!(desk.status(), Status::Following);
    let seen = Some(Seen { decision: 1, revision: 1 });
    let late = |who: &str| Event::Pressed { button: Button::Undo, seen, by: person(who), reply: ReplyTo::default() };
    desk.ignores(late("U0BEN"));
    assert_eq!(told(&desk.on(late("U0CARLA"))), [Telling::AlreadyUndone]);
    assert_eq!(desk.status(), Status::Following);
}

#[test]
fn who_holds_no_right_undoes_nothing_and_the_right_can_be_given_to_others() {
    let mut desk = Desk::following(policy());
    let refused = desk.on(pressed(Button::Undo, "U0DEV"));
    assert!(matches!(&told(&refused)[..], [Telling::NotAllowed { what, .. }] if what == "undo"));
    assert_eq!((desk.status(), desk.audited(AuditKind::Refused)), (Status::Following, 1));
    let mut strict = Desk::following(load(&with("settle =", "undo = [\"group:leads\"]\nsettle =")));
    assert!(matches!(told(&strict.on(pressed(Button::Undo, "U0BEN")))[..], [Telling::NotAllowed { .. }]));
    strict.on(pressed(Button::Undo, "U0LEAD"));
    assert_eq!(strict.status(), Status::Received);
}

#[test]
fn nothing_is_undone_before_it_is_carried_out() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    assert_eq!(told(&desk.on(pressed(Button::Undo, "U0BEN"))), [Telling::TooLate]);
    desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!(told(&desk.on(pressed(Button::Undo, "U0BEN"))), [Telling::TooLate], "the issue is being made");
    assert_eq!(desk.status(), Status::Dispatching);
}

#[test]
fn an_undone_decision_runs_no_more_by_itself() {
    let mut auto = Desk::new(policy());
    auto.on(request("The robot is stuck"));
    auto.on(assessed(1, None));
    auto.on(done(1, Some("PLAT-1")));
    assert_eq!(auto.status(), Status::Following, "a rule decided");
    auto.on(pressed(Button::Undo, "U0DEV"));
    auto.on(assessed(2, None));
    assert_eq!(auto.status(), Status::AwaitingConfirmation);

    let mut expiring = Desk::following(expiring("confirm"));
    expiring.on(pressed(Button::Undo, "U0BEN"));
    expiring.on(assessed(2, Some("billing")));
    expiring.wait(60 * 5);
    assert_eq!(expiring.status(), Status::AwaitingConfirmation);
    assert!(expiring.ticket().expired_at.is_some() && !expiring.escalations().is_empty());
}

#[test]
fn a_resolved_ticket_can_be_undone_and_what_was_done_to_its_issue_is_covered() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.on(changed_from(3, "In Progress"));
    assert_eq!(desk.status(), Status::Resolved);
    desk.on(pressed(Button::Undo, "U0BEN"));
    assert_eq!((desk.status(), desk.ticket().closed_at), (Status::Received, None));
    assert_eq!(desk.names()[3..], ["comment", "transition"], "it is not reopened to be closed");
}

#[test]
fn what_waits_is_withdrawn_and_what_may_have_happened_is_left_to_a_person() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(parked(1));
    let undone = desk.on(pressed(Button::Undo, "U0BEN"));
    assert_eq!((desk.status(), dispatched(&undone)), (Status::Received, vec![]));
    for ordinal in [1, 2] {
        assert_eq!(desk.state(ordinal), &ActionState::Withdrawn { by: by("U0BEN") });
        let refused =
            ApprovedAction::rebuild(&StoredTicket::read_back(desk.ticket().clone()), action(ordinal)).unwrap_err();
        assert_eq!(refused, NotApproved::NoApproval);
    }
    let settled = |kind: &NoticeKind| matches!(kind, NoticeKind::OpsAlert { choice: Some(Button::Undo), .. });
    assert_eq!(desk.notices(settled).len(), 1);
    assert_eq!(told(&desk.on(chosen(Button::Retry, 1))), [Telling::AlreadySettled]);

    let mut unclear = Desk::asking(policy(), Some("billing"));
    unclear.on(pressed(Button::Confirm, "U0BEN"));
    unclear.on(Event::ActionParked { action: action(1), reason: "lost".to_owned(), words: None, fate_unknown: true });
    unclear.on(pressed(Button::Undo, "U0BEN"));
    assert!(matches!(unclear.state(1), ActionState::Parked { .. }), "nobody knows");
    assert_eq!(told(&unclear.on(chosen(Button::Retry, 1))), [Telling::TooLate], "nobody wants it any more");
    unclear.on(assessed(2, Some("billing")));
    unclear.on(chosen(Button::Skip, 1));
    assert_eq!(unclear.status(), Status::AwaitingConfirmation, "what is asked now is another decision");
}

#[test]
fn what_had_happened_all_the_same_is_undone_then() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    // The comment is under way.
    desk.on(pressed(Button::Undo, "U0BEN"));
    desk.on(done(2, None));
    assert_eq!(desk.ticket().undone.as_ref().unwrap().stays, [action(2)]);

    let mut issue = Desk::asking(policy(), Some("billing"));
    issue.on(pressed(Button::Confirm, "U0BEN"));
    issue.on(parked(1));
    issue.on(pressed(Button::Undo, "U0BEN"));
    let late = issue.on(done(1, Some("PAY-9")));
    assert_eq!((dispatched(&late), issue.ticket().external.is_none()), (vec![(3, 0)], true));
    assert_eq!(sent(&issue, 3).1.as_deref(), Some("PAY-9"));
    let stored = StoredTicket::read_back(issue.ticket().clone());
    assert_eq!(ApprovedAction::rebuild(&stored, action(3)).unwrap().approved_by(), &by("U0BEN"));
}

#[test]
fn the_next_decision_waits_for_what_undoes_the_one_before() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Undo, "U0BEN"));
    desk.on(assessed(2, Some("billing")));
    desk.post_card();
    let confirmed = desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!((desk.status(), dispatched(&confirmed)), (Status::Dispatching, vec![]));
    desk.on(done(3, None));
    // The server is down: ops have it, and nothing else waits for them.
    let parked = desk.on(parked(4));
    assert_eq!(dispatched(&parked), [(5, 0)]);
    desk.on(done(5, Some("PAY-2")));
    let retried = desk.on(chosen(Button::Retry, 4));
    assert_eq!((dispatched(&retried), desk.status()), (vec![(4, 1)], Status::Following));
    assert_eq!(sent(&desk, 4).1.as_deref(), Some("PAY-1"), "not the new one");
}

#[test]
fn an_action_whose_former_value_nobody_knows_stays_and_says_so() {
    let mut desk = Desk::asking(with_priority(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(done(2, None));
    desk.on(done(3, None));
    desk.on(pressed(Button::Undo, "U0BEN"));
    assert_eq!(desk.names()[3..], ["comment", "transition"]);
    assert_eq!(desk.ticket().undone.as_ref().unwrap().stays, [action(3), action(2)]);
    assert_eq!(desk.ticket().undone.as_ref().unwrap().by, PersonId::from("U0BEN"));
}

#[test]
fn the_squad_says_which_status_an_undone_issue_gets() {
    let mut desk =
        Desk::following(load(&with("issue_type = \"Bug\"", "issue_type = \"Bug\"\nundone_status = \"Rejected\"")));
    desk.on(pressed(Button::Undo, "U0BEN"));
    desk.on(done(3, None));
    assert_eq!(sent(&desk, 4).0, Action::Transition { to: "Rejected".to_owned() });
}

/// Billing tickets' issues are labelled, and whoever claims gets them.
fn labelled() -> Desk {
    let policy = with(
        "actions = [\"create_issue\", \"comment\"]",
        "actions = [\"create_issue\"]\nlabels = [\"money\", \"VIP\"]",
    );
    let mut desk = Desk::asking(load(&policy), Some("billing"));
    desk.assigns = true;
    desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!(dispatched(&desk.on(done(1, Some("PAY-1")))), [(2, 0)]);
    desk
}

fn introduced(by: &str, email: Option<&str>) -> Event {
    let errand = Errand { by: PersonId::from(by), what: ErrandKind::Assign };
    Event::Introduced { errand, who: Introduction { name: None, email: email.map(str::to_owned) } }
}

#[test]
fn labels_that_were_added_go_and_the_assignee_from_before_comes_back() {
    let mut desk = labelled();
    assert_eq!(sent(&desk, 2).0, Action::AddLabels { labels: vec!["VIP".to_owned(), "money".to_owned()] });
    desk.on(changed_from(2, "deskbell\nvip"));
    desk.on(pressed(Button::Claim, "U0CARLA"));
    desk.ignores(introduced("U0BEN", Some("ben@example.com")));
    assert_eq!(dispatched(&desk.on(introduced("U0CARLA", Some("carla@example.com")))), [(3, 0)]);
    assert_eq!(sent(&desk, 3).0, Action::Assign { account: "carla@example.com".to_owned() });
    assert_eq!(desk.ticket().approvals.last().unwrap().by(), &by("U0CARLA"));
    desk.on(changed_from(3, "ana"));

    assert_eq!(dispatched(&desk.on(pressed(Button::Undo, "U0BEN"))), [(4, 0)]);
    assert_eq!(sent(&desk, 4).0, Action::Assign { account: "ana".to_owned() });
    desk.on(done(4, None));
    assert_eq!(sent(&desk, 5).0, Action::RemoveLabels { labels: vec!["money".to_owned()] }, "vip was there before");
}

#[test]
fn a_claim_stands_without_the_issue() {
    let mut desk = labelled();
    desk.on(done(2, None));
    desk.on(pressed(Button::Claim, "U0CARLA"));
    desk.on(introduced("U0CARLA", None));
    assert_eq!(desk.ticket().unassigned, Some(Unassigned::NoAddress));

    let mut desk = labelled();
    desk.on(done(2, None));
    desk.on(pressed(Button::Claim, "U0CARLA"));
    desk.on(introduced("U0CARLA", Some("carla@example.com")));
    desk.on(parked(3));
    assert_eq!(desk.ticket().unassigned, Some(Unassigned::Refused));
    assert!(matches!(desk.state(3), ActionState::Skipped { .. }) && desk.status() == Status::Following);
    assert_eq!(desk.notices(|kind| matches!(kind, NoticeKind::OpsAlert { .. })).len(), 0);

    let mut desk = labelled();
    desk.assigns = false;
    desk.on(pressed(Button::Claim, "U0CARLA"));
    assert_eq!(desk.ticket().unassigned, Some(Unassigned::NoTool));
    assert_eq!(desk.ticket().assignee, Some(PersonId::from("U0CARLA")));

    let mut desk = labelled();
    desk.on(pressed(Button::Claim, "U0CARLA"));
    desk.on(pressed(Button::Undo, "U0BEN"));
    desk.ignores(introduced("U0CARLA", Some("carla@example.com")));
}
