//! Levels are called until somebody acknowledges.

use crate::desk::*;
use crate::policy;
use crate::support::{load, with};
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::{CallEnd, NextCall, Notice, NoticeKind};
use deskbell_domain::ticket::Status;
use deskbell_domain::workflow::effect::{Telling, Timer};
use deskbell_domain::workflow::event::{Event, ReplyTo};

#[test]
fn escalation_climbs_until_somebody_acknowledges() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let raised = desk.on(pressed(Button::Escalate, "U0ANN"));
    assert_eq!((told(&raised), desk.ticket().severity.level()), (vec![Telling::Escalated], 3));
    assert_eq!(told(&desk.on(pressed(Button::Escalate, "U0BEN"))), [Telling::AlreadyEscalated]);
    assert_eq!(desk.status(), Status::AwaitingConfirmation, "the card still asks");
    desk.wait(9);
    assert_eq!(desk.escalations(), [(1, "C0PAYMENTS")]);
    desk.wait(2);
    assert_eq!(desk.escalations(), [(1, "C0PAYMENTS"), (2, "C0LEADERS")]);
    // Whoever a level calls by name may acknowledge, though only the squad may claim.
    assert!(matches!(told(&desk.on(pressed(Button::Acknowledge, "U0CEO")))[..], [Telling::NotAllowed { .. }]));
    desk.on(pressed(Button::Acknowledge, "U0BOSS"));
    desk.ignores(pressed(Button::Acknowledge, "U0BOSS"));
    assert_eq!(told(&desk.on(pressed(Button::Acknowledge, "U0BEN"))), [Telling::AlreadyAcknowledged]);
    desk.wait(50);
    assert_eq!(desk.escalations().len(), 2);

    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.ignores(Event::TimerFired(Timer::EscalateTo { level: 2, round: 1 }));
    assert_eq!((desk.escalations().len(), desk.ticket().severity.level()), (3, 2));
    desk.wait(30);
    assert_eq!(desk.escalations().len(), 5);
    desk.ignores(Event::TimerFired(Timer::EscalateTo { level: 2, round: 2 }));
}

#[test]
fn whoever_acknowledged_is_on_it_when_the_confirmation_expires() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.on(pressed(Button::Acknowledge, "U0BEN"));
    desk.wait(10 * 60);
    assert!(desk.ticket().expired_at.is_some());
    assert_eq!(desk.escalations(), [(1, "C0PAYMENTS")], "no new chain");
    // What was dismissed and is asked again had nobody on it since.
    desk.on(pressed(Button::NotATicket, "U0BEN"));
    desk.wait(2);
    let again = message(&format!("{}.000100", desk.now.as_second()), "But it is one");
    desk.on(Event::MessageJoined(again));
    desk.on(assessed(2, Some("billing")));
    desk.wait(4 * 60 + 1);
    assert_eq!(desk.escalations().len(), 2, "nobody answered anew");
}

#[test]
fn a_call_that_was_passed_on_is_shown_again_when_somebody_acknowledges() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.wait(11);
    assert_eq!(desk.escalations(), [(1, "C0PAYMENTS"), (2, "C0LEADERS")]);
    let first = desk.notices(|kind| matches!(kind, NoticeKind::EscalationAlert(_)))[0].id.ordinal;
    let acknowledged = desk.on(pressed(Button::Acknowledge, "U0BEN"));
    assert!(shows_notice(&acknowledged, first), "its button goes");
    assert_eq!(desk.ticket().escalation.as_ref().unwrap().acknowledged_by, Some(person("U0BEN").id));
}

#[test]
fn the_reason_is_kept_with_the_words_of_the_newest_escalation_alone() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let reason = Some("the CEO of Umbra waits".to_owned());
    desk.on(Event::EscalationAsked { by: person("U0ANN"), reason: reason.clone(), reply: ReplyTo::default() });
    assert_eq!((&desk.ticket().words.escalation_reason, desk.escalations().len()), (&reason, 1));
    assert!(!format!("{:?}", desk.audit).contains("Umbra"), "{:?}", desk.audit);
    desk.on(pressed(Button::Acknowledge, "U0BEN"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    assert_eq!((&desk.ticket().words.escalation_reason, desk.escalations().len()), (&None, 2));
}

#[test]
fn escalating_before_any_decision_alerts_the_default_squad() {
    let mut desk = Desk::new(policy());
    desk.on(request("Charged twice"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    assert_eq!(desk.escalations(), [(1, "C0PLATFORM")]);
    desk.on(assessed(1, Some("billing")));
    assert_eq!(desk.escalations(), [(1, "C0PLATFORM"), (1, "C0PAYMENTS")], "it follows the ticket to its squad");
    assert_eq!(desk.ticket().severity.level(), 3, "and is raised once");
}

#[test]
fn an_escalation_follows_the_ticket_to_another_squad() {
    let mut desk = Desk::asking(policy(), None);
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.on(changed("payments", "p1", "U0LEAD"));
    assert_eq!(desk.escalations(), [(1, "C0PLATFORM"), (1, "C0PAYMENTS")]);
    desk.ignores(Event::TimerFired(Timer::EscalateTo { level: 2, round: 1 }));
    desk.wait(11);
    assert_eq!(desk.escalations().last(), Some(&(2, "C0LEADERS")));
    desk.on(pressed(Button::Claim, "U0BEN"));
    desk.wait(100);
    assert_eq!(desk.escalations().len(), 3, "whoever claims it is on it");
}

#[test]
fn acknowledging_what_is_closed_is_too_late() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Escalate, "U0BEN"));
    let resolved = desk.on(pressed(Button::Resolve, "U0BEN"));
    let alert = desk.notices(|kind| matches!(kind, NoticeKind::EscalationAlert(_)))[0].id.ordinal;
    assert!(shows_notice(&resolved, alert), "its buttons go");
    assert_eq!(told(&desk.on(pressed(Button::Acknowledge, "U0BEN"))), [Telling::TooLate]);
    desk.wait(100);
    assert_eq!(desk.escalations().len(), 1);
}

/// Alerts that say that all levels were called in vain.
fn unanswered(desk: &Desk) -> Vec<&Notice> {
    desk.notices(|kind| matches!(kind, NoticeKind::EscalationUnanswered { .. }))
}

#[test]
fn a_last_level_that_does_not_answer_is_called_again_and_then_ops_hears() {
    let mut desk =
        Desk::asking(load(&with("{ notify = [\"U0CEO\"], acknowledge_within = \"1h\" },", "")), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    let began = desk.now;
    let minutes = |at: jiff::Timestamp| at.duration_since(began).as_mins();
    desk.wait(11);
    let told = |desk: &Desk| {
        let call = (*desk.calls().last().unwrap()).clone();
        (call.level, call.repeat, call.next.map(|(next, at)| (next, minutes(at))))
    };
    assert_eq!(told(&desk), (2, 0, Some((NextCall::Again, 30))));
    desk.wait(20);
    assert_eq!(told(&desk), (2, 1, Some((NextCall::Again, 50))));
    desk.wait(20);
    assert_eq!(told(&desk), (2, 2, Some((NextCall::Ops, 70))));
    assert!(unanswered(&desk).is_empty());
    desk.wait(20);
    assert_eq!((desk.calls().len(), unanswered(&desk).len()), (4, 1));
    assert_eq!(unanswered(&desk)[0].channel.as_str(), "C0OPS");
    assert_eq!(desk.ticket().escalation.as_ref().unwrap().unanswered_at.map(minutes), Some(70));
    desk.wait(10_000);
    assert_eq!((desk.calls().len(), unanswered(&desk).len()), (4, 1), "nobody is called for ever");
    for repeat in 1..5 {
        desk.ignores(Event::TimerFired(Timer::EscalateAgain { repeat, round: 1 }));
    }
    // Whoever comes late may still take it, and whoever can't wait may begin anew.
    let ends: Vec<_> =
        desk.calls().iter().map(|call| call.end.as_ref().map(|(end, at)| (end.clone(), minutes(*at)))).collect();
    assert_eq!(
        ends[..2],
        [Some((CallEnd::Unanswered(NextCall::Level(2)), 10)), Some((CallEnd::Unanswered(NextCall::Again), 30)),]
    );
    assert_eq!(ends[3], None);
    desk.on(pressed(Button::Escalate, "U0ANN"));
    assert_eq!((desk.calls().len(), desk.calls()[4].round), (5, 2));
}

#[test]
fn a_squad_without_levels_is_called_again_too() {
    let mut desk = Desk::asking(policy(), None);
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.wait(100);
    assert_eq!(desk.escalations(), [(1, "C0PLATFORM"); 3]);
    assert_eq!(unanswered(&desk).len(), 1);
}

#[test]
fn a_policy_may_call_the_last_level_once() {
    let mut desk =
        Desk::asking(load(&with("[escalation.chain]\n", "[escalation.chain]\nrepeat = 0\n")), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.wait(200);
    assert_eq!((desk.calls().len(), unanswered(&desk).len()), (3, 1));
}

#[test]
fn an_acknowledged_call_keeps_its_own_end_when_the_next_escalation_begins() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Escalate, "U0ANN"));
    desk.wait(5);
    desk.on(pressed(Button::Acknowledge, "U0BEN"));
    let acknowledged = desk.now;
    desk.wait(60);
    desk.on(pressed(Button::Escalate, "U0CARLA"));
    let calls = desk.calls();
    assert_eq!(calls[0].end, Some((CallEnd::Acknowledged(person("U0BEN").id), acknowledged)));
    assert_eq!((calls[0].by.clone(), calls[1].by.clone()), (Some(by("U0ANN")), Some(by("U0CARLA"))));
}

#[test]
fn a_closed_ticket_s_calls_are_over() {
    let mut desk = Desk::following(policy());
    desk.on(pressed(Button::Escalate, "U0BEN"));
    desk.on(pressed(Button::Resolve, "U0BEN"));
    assert_eq!(desk.calls()[0].end, Some((CallEnd::Over, desk.now)));
}
