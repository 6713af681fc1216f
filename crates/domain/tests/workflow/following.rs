//! Claiming and resolving.

use crate::desk::*;
use crate::policy;
use crate::support::{load, with};
use deskbell_domain::action::{Action, ActionState};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Actor, Status};
use deskbell_domain::workflow::effect::Telling;
use deskbell_domain::workflow::event::Event;

#[test]
fn claiming_answers_once_and_stops_the_first_clock() {
    let policy = load(&with("normal = \"p3\"", "normal = \"p1\""));
    let mut desk = Desk::following(policy);
    desk.on(pressed(Button::Claim, "U0BEN"));
    desk.ignores(pressed(Button::Claim, "U0BEN"));
    let second = desk.on(pressed(Button::Claim, "U0CARLA"));
    assert_eq!(told(&second), [Telling::AlreadyClaimed]);
    assert_eq!(desk.ticket().sla.as_ref().unwrap().first_responded_at, Some(desk.now));
    desk.wait(60);
    assert_eq!(desk.audited(AuditKind::SlaBreached), 0);
    desk.wait(24 * 60);
    assert_eq!(desk.audited(AuditKind::SlaBreached), 1, "the resolution's clock runs on");
}

#[test]
fn resolving_moves_the_issue_and_stays() {
    let mut desk = Desk::following(policy());
    let resolved = desk.on(pressed(Button::Resolve, "U0BEN"));
    assert_eq!((desk.status(), dispatched(&resolved)), (Status::Resolved, vec![(3, 0)]));
    assert_eq!(desk.ticket().words.actions.get(&action(3)), Some(&Action::Transition { to: "Done".to_owned() }));
    assert!(approved(desk.ticket(), action(3)));
    assert_eq!(told(&desk.on(pressed(Button::Resolve, "U0BEN"))), [Telling::TooLate]);
    for button in [Button::Claim, Button::Escalate] {
        assert_eq!(told(&desk.on(pressed(button, "U0BEN"))), [Telling::TooLate]);
    }
    // The move fails: it can still be retried, and the ticket stays resolved.
    desk.on(parked(3));
    let retried = desk.on(chosen(Button::Retry, 3));
    assert_eq!((desk.status(), dispatched(&retried)), (Status::Resolved, vec![(3, 1)]));
    desk.on(done(3, None));
    desk.wait(100_000);
    assert_eq!(desk.status(), Status::Resolved);
}

#[test]
fn resolving_while_the_issue_is_parked_leaves_nothing_waiting_and_never_reopens() {
    for button in [Button::Retry, Button::Skip, Button::TakeOver] {
        let mut desk = Desk::asking(policy(), Some("billing"));
        desk.on(pressed(Button::Confirm, "U0BEN"));
        desk.on(parked(1));
        desk.on(pressed(Button::Resolve, "U0BEN"));
        assert_eq!(desk.state(2), &ActionState::Skipped { by: Actor::Deskbell });
        let choice = desk.on(chosen(button, 1));
        assert_eq!((desk.status(), dispatched(&choice)), (Status::Resolved, vec![]));
        assert_eq!(
            told(&choice).len(),
            usize::from(button == Button::Retry),
            "an issue for what is resolved: too late"
        );
        desk.on(done(1, Some("PAY-1")));
        assert_eq!(desk.status(), Status::Resolved);
    }
}

#[test]
fn resolving_while_comments_are_under_way_lets_them_finish() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!(told(&desk.on(pressed(Button::Resolve, "U0BEN"))), [Telling::TooLate], "the issue is being made");
    desk.on(done(1, Some("PAY-1")));
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.on(done(2, None));
    desk.on(done(3, None));
    assert!(desk.ticket().actions.iter().all(|record| matches!(record.state, ActionState::Done { .. })));
}

/// What the requester says at the desk's present time.
fn says(desk: &Desk, text: &str) -> Event {
    Event::MessageJoined(message(&format!("{}.000100", desk.now.as_second()), text))
}

#[test]
fn a_reply_in_time_reopens_what_was_resolved_and_sends_nothing_to_the_tracker() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.on(done(3, None));
    let early = Event::MessageJoined(message("1.0009", "Sent before it was resolved"));
    desk.ignores(early);
    desk.wait(14 * 24 * 60);
    let still_broken = says(&desk, "It still fails");
    let reopened = desk.on(still_broken.clone());
    assert_eq!((desk.status(), desk.ticket().closed_at), (Status::Following, None));
    assert!(shows_card(&reopened) && dispatched(&reopened).is_empty());
    assert_eq!(desk.audited(AuditKind::Reopened), 1);
    assert_eq!(desk.ticket().words.messages.last().unwrap().text, "It still fails");
    let told = desk.notices(|kind| matches!(kind, NoticeKind::Reopened { .. }));
    assert_eq!(told.iter().map(|notice| notice.channel.as_str()).collect::<Vec<_>>(), ["C0PAYMENTS", "C0SUPPORT"]);
    desk.ignores(still_broken);
    desk.on(pressed(Button::Resolve, "U0BEN"));
    assert_eq!(desk.status(), Status::Resolved);
}

#[test]
fn a_reply_too_late_reopens_nothing() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.on(done(3, None));
    desk.wait(14 * 24 * 60 + 2);
    let late = says(&desk, "It still fails");
    desk.ignores(late);
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::NotATicket, "U0BEN"));
    desk.wait(14 * 24 * 60 + 2);
    let late = says(&desk, "But it is one");
    desk.ignores(late);
}

#[test]
fn a_reply_to_who_said_that_it_is_no_ticket_asks_again() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::NotATicket, "U0BEN"));
    desk.ignores(Event::MessageJoined(message("1.0009", "Sent before it was dismissed")));
    desk.wait(2);
    let it_is_one = says(&desk, "But it is one");
    let again = desk.on(it_is_one.clone());
    desk.ignores(it_is_one);
    assert!(shows_card(&again) && desk.ticket().asks_again());
    assert_eq!((desk.status(), desk.ticket().closed_at, &desk.ticket().answer), (Status::Received, None, &None));
    assert_eq!(desk.audited(AuditKind::Reopened), 1);
    let told = desk.notices(|kind| matches!(kind, NoticeKind::Reopened { .. }));
    assert_eq!(told.iter().map(|notice| notice.channel.as_str()).collect::<Vec<_>>(), ["C0SUPPORT"], "no squad had it");
    desk.on(assessed(2, Some("billing")));
    desk.post_card();
    assert_eq!((desk.status(), desk.ticket().decision.as_ref().unwrap().ordinal), (Status::AwaitingConfirmation, 2));
    desk.on(pressed(Button::Confirm, "U0CARLA"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(done(2, None));
    assert_eq!(desk.status(), Status::Following);
    // What is resolved afterwards and does not hold is no dismissal.
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.wait(2);
    let still = says(&desk, "It still fails");
    desk.on(still);
    assert!(!desk.ticket().asks_again());
}

#[test]
fn what_happened_is_remembered_with_its_time() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.wait(5);
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(parked(1));
    let parked_at = desk.now;
    assert_eq!(desk.ticket().action(action(1)).unwrap().since, Some(parked_at));
    desk.wait(7);
    desk.on(chosen(Button::Retry, 1));
    desk.on(done(1, Some("PAY-1")));
    desk.wait(3);
    desk.on(pressed(Button::Claim, "U0BEN"));
    assert_eq!(desk.ticket().claimed_at, Some(desk.now));
    let alert = &desk.notices(|kind| matches!(kind, NoticeKind::OpsAlert { .. }))[0].kind;
    let NoticeKind::OpsAlert { settled_at, choice, .. } = alert else { panic!("an ops alert") };
    let minutes_later = settled_at.unwrap().duration_since(parked_at).as_mins();
    assert_eq!((minutes_later, *choice), (7, Some(Button::Retry)));
}
