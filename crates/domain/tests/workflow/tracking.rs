//! What the tracker says of the issue.

use crate::desk::*;
use crate::policy;
use crate::support::{POLICY, load};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Status, StatusCategory};
use deskbell_domain::workflow::event::Event;
use jiff::{SignedDuration, Timestamp};

fn told_of(status: &str, category: StatusCategory, at: Timestamp) -> Event {
    Event::TrackerMoved { status: status.to_owned(), category, at }
}

fn is_done_in_tracker(kind: &NoticeKind) -> bool {
    matches!(kind, NoticeKind::DoneInTracker { .. })
}

/// One second later.
fn next(desk: &mut Desk) -> Timestamp {
    desk.now += SignedDuration::from_secs(1);
    desk.now
}

#[test]
fn a_status_is_shown_once_and_what_is_older_or_the_same_changes_nothing() {
    let mut desk = Desk::following(policy());
    let at = next(&mut desk);
    let moved = desk.on(told_of("In Progress", StatusCategory::Indeterminate, at));
    assert!(shows_card(&moved) && dispatched(&moved).is_empty());
    assert_eq!(desk.ticket().tracker.as_ref().unwrap().status, "In Progress");
    desk.ignores(told_of("In Progress", StatusCategory::Indeterminate, at));
    desk.ignores(told_of("To Do", StatusCategory::New, at - SignedDuration::from_secs(1)));
    let later = next(&mut desk);
    desk.ignores(told_of("in progress", StatusCategory::Indeterminate, later));
    assert_eq!((desk.status(), desk.audited(AuditKind::TrackerMoved)), (Status::Following, 1));
    assert!(desk.notices(is_done_in_tracker).is_empty());
}

#[test]
fn a_ticket_without_an_issue_hears_nothing() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let now = desk.now;
    desk.ignores(told_of("Done", StatusCategory::Done, now));
}

#[test]
fn an_issue_that_is_done_is_offered_as_a_resolution_and_the_resolutions_echo_is_silent() {
    let mut desk = Desk::following(policy());
    let at = next(&mut desk);
    desk.on(told_of("Done", StatusCategory::Done, at));
    assert_eq!(desk.status(), Status::Following);
    let offered = desk.notices(is_done_in_tracker);
    let ordinal = offered[0].id.ordinal;
    assert_eq!(offered.len(), 1);
    let resolved = desk.on(pressed(Button::Resolve, "U0BEN"));
    assert!(shows_notice(&resolved, ordinal), "its button goes");
    assert_eq!(desk.status(), Status::Resolved);
}

#[test]
fn what_deskbell_moved_comes_back_unseen_before_and_after_its_answer() {
    for told_before_the_answer in [true, false] {
        let mut desk = Desk::following(policy());
        desk.on(pressed(Button::Resolve, "U0BEN"));
        let at = next(&mut desk);
        if told_before_the_answer {
            let echo = desk.on(told_of("Done", StatusCategory::Done, at));
            assert!(echo.effects.is_empty(), "{:?}", echo.effects);
            desk.on(done(3, None));
        } else {
            desk.on(done(3, None));
            desk.ignores(told_of("Done", StatusCategory::Done, at));
        }
        assert!(desk.notices(is_done_in_tracker).is_empty());
        // Somebody opens the issue again: the card says so, and nothing goes back.
        let at = next(&mut desk);
        let reopened = desk.on(told_of("In Progress", StatusCategory::Indeterminate, at));
        assert!(shows_card(&reopened) && dispatched(&reopened).is_empty());
        assert_eq!(desk.status(), Status::Resolved);
    }
}

#[test]
fn a_policy_may_resolve_what_is_done_in_the_tracker_without_moving_it_again() {
    let policy = load(&format!("on_tracker_done = \"resolve\"\n{POLICY}"));
    let mut desk = Desk::following(policy);
    let at = next(&mut desk);
    let moved = desk.on(told_of("Closed", StatusCategory::Done, at));
    assert_eq!((desk.status(), dispatched(&moved)), (Status::Resolved, vec![]));
    assert_eq!(desk.notices(|kind| matches!(kind, NoticeKind::ResolvedInTracker { .. })).len(), 1);
    assert!(desk.ticket().sla.as_ref().is_none_or(|clock| clock.first_responded_at.is_some()));
    let at = next(&mut desk);
    desk.on(told_of("Done", StatusCategory::Done, at));
    assert!(desk.notices(is_done_in_tracker).is_empty(), "it is over");
}
