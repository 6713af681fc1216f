//! What happens when nobody does anything in time.

use crate::desk::*;
use crate::support::{load, with};
use crate::{expiring, policy};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::PersonId;
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::{CallEnd, NoticeKind};
use deskbell_domain::ticket::{Actor, Status, Verdict};
use deskbell_domain::workflow::effect::{Telling, Timer};
use deskbell_domain::workflow::event::Event;

#[test]
fn an_unanswered_card_reminds_then_expires_as_the_policy_says() {
    let mut confirming = Desk::asking(expiring("confirm"), Some("billing"));
    confirming.wait(61);
    let reminders = confirming.notices(|kind| matches!(kind, NoticeKind::Reminder { decision: 1 }));
    assert_eq!((reminders.len(), reminders[0].thread.as_ref().unwrap().as_str()), (1, "1.0001"));
    confirming.wait(180);
    assert_eq!(confirming.status(), Status::Dispatching);
    let answer = confirming.ticket().answer.clone().unwrap();
    assert_eq!((answer.verdict, answer.by), (Verdict::Expired, Actor::Deskbell));
    assert_eq!(told(&confirming.on(pressed(Button::Confirm, "U0BEN"))), [Telling::AlreadyDecided]);

    let mut dismissing = Desk::asking(expiring("dismiss"), Some("billing"));
    dismissing.wait(241);
    assert_eq!(dismissing.status(), Status::Dismissed);

    let mut escalating = Desk::asking(expiring("escalate"), Some("billing"));
    escalating.wait(241);
    assert_eq!((escalating.status(), escalating.escalations().len()), (Status::AwaitingConfirmation, 1));
    escalating.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!(escalating.status(), Status::Dispatching, "the card kept waiting");
}

#[test]
fn expiry_does_not_begin_an_escalation_anew_that_is_under_way() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.wait(235);
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.wait(6);
    assert_eq!((desk.escalations().len(), desk.ticket().severity.level()), (1, 3));
}

#[test]
fn who_decides_is_on_the_escalation_that_the_expiry_began() {
    let decisions =
        [pressed(Button::Confirm, "U0BEN"), changed("platform", "p1", "U0BEN"), pressed(Button::NotATicket, "U0BEN")];
    for decision in decisions {
        let mut desk = Desk::asking(expiring("escalate"), Some("billing"));
        desk.wait(240);
        assert_eq!(desk.escalations(), [(1, "C0PAYMENTS")]);
        desk.on(decision.clone());
        let acknowledged = CallEnd::Acknowledged(PersonId::from("U0BEN"));
        assert_eq!(desk.calls()[0].end.as_ref().map(|(end, _)| end), Some(&acknowledged), "{decision:?}");
        desk.wait(600);
        assert_eq!(desk.escalations().len(), 1, "{decision:?}");
        let in_vain = desk.notices(|kind| matches!(kind, NoticeKind::EscalationUnanswered { .. }));
        assert_eq!(in_vain.len(), 0, "{decision:?}");
    }
}

#[test]
fn a_decision_leaves_the_escalation_that_a_person_began() {
    let mut desk = Desk::asking(expiring("escalate"), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    assert_eq!(desk.calls()[0].end, None);
    desk.wait(11);
    assert_eq!(desk.escalations(), [(1, "C0PAYMENTS"), (2, "C0LEADERS")]);
}

#[test]
fn timers_of_what_is_over_do_nothing() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "more")));
    desk.on(assessed(2, Some("billing")));
    for timer in [
        Timer::Remind { decision: 1 },
        Timer::Expire { decision: 1 },
        Timer::FirstResponseDue { round: 1 },
        Timer::ResolutionDue { round: 1 },
    ] {
        desk.ignores(Event::TimerFired(timer));
    }
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.ignores(Event::TimerFired(Timer::Expire { decision: 2 }));
    desk.ignores(Event::TimerFired(Timer::EscalateTo { level: 2, round: 1 }));
}

#[test]
fn a_missed_target_is_told_once_even_if_the_clocks_are_set_anew() {
    let policy = load(&with("normal = \"p3\"", "normal = \"p1\""));
    let mut desk = Desk::asking(policy, Some("billing"));
    desk.wait(31);
    let breaches = |desk: &Desk| desk.notices(|kind| matches!(kind, NoticeKind::SlaBreached { .. })).len();
    assert_eq!((breaches(&desk), desk.audited(AuditKind::SlaBreached)), (1, 1));
    let at = desk.ticket().sla.as_ref().unwrap().breached_at;
    desk.on(changed("payments", "p2", "U0BEN"));
    desk.wait(24 * 60);
    assert_eq!((breaches(&desk), desk.ticket().sla.as_ref().unwrap().breached_at), (1, at));
}

#[test]
fn a_reminder_that_comes_with_the_expiry_is_left_out() {
    for (choice, status) in [("dismiss", Status::Dismissed), ("escalate", Status::AwaitingConfirmation)] {
        let mut desk = Desk::asking(expiring(choice), Some("billing"));
        // Deskbell was away for longer than both.
        desk.now += jiff::SignedDuration::from_hours(5);
        desk.ignores(Event::TimerFired(Timer::Remind { decision: 1 }));
        desk.fire(Timer::Expire { decision: 1 });
        assert_eq!((desk.status(), desk.audited(AuditKind::Escalated)), (status, usize::from(choice == "escalate")));
        desk.ignores(Event::TimerFired(Timer::Remind { decision: 1 }));
    }
}

#[test]
fn a_card_that_waits_on_after_its_expiry_says_so_until_it_is_decided_anew() {
    let mut desk = Desk::asking(expiring("escalate"), Some("billing"));
    desk.wait(239);
    assert_eq!(desk.ticket().expired_at, None);
    desk.wait(2);
    assert!(desk.ticket().expired_at.is_some());
    desk.on(pressed(Button::Acknowledge, "U0BEN"));
    desk.ignores(Event::TimerFired(Timer::Expire { decision: 1 }));
    desk.on(Event::MessageJoined(message("1.0002", "more")));
    desk.on(assessed(2, Some("billing")));
    assert_eq!(desk.ticket().expired_at, None, "the new decision has its own time");
}
