//! The confirmation and who may answer it.

use crate::desk::*;
use crate::policy;
use crate::support::and_rules;
use deskbell_domain::action::Action;
use deskbell_domain::audit::AuditKind;
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Status, Verdict};
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::{Event, ReplyTo};

#[test]
fn the_first_answer_wins_and_stays() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.ignores(pressed(Button::Confirm, "U0BEN"));
    for event in [
        pressed(Button::Confirm, "U0CARLA"),
        pressed(Button::NotATicket, "U0CARLA"),
        changed("platform", "p1", "U0CARLA"),
    ] {
        let late = desk.on(event);
        assert_eq!((late.ticket.is_none(), told(&late)), (true, vec![Telling::AlreadyDecided]));
    }
    assert_eq!(desk.ticket().answer.as_ref().unwrap().by, by("U0BEN"));
    assert_eq!((desk.audited(AuditKind::Answered), desk.audited(AuditKind::Approved)), (1, 1));
}

#[test]
fn who_may_not_is_refused_told_who_may_and_recorded() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    // Whom to ask, by name; people of another organisation do not learn who is in a squad.
    let (both, squad) = (["U0BEN", "U0CARLA", "U0LEAD"], ["U0BEN", "U0CARLA"]);
    for (event, what, who, people) in [
        (pressed(Button::Confirm, "U0DEV"), "confirm", "the ticket's squad, the group leads", &both[..]),
        (pressed(Button::Confirm, "U9GUEST"), "confirm", "the ticket's squad, the group leads", &[]),
        (changed("platform", "p1", "U0DEV"), "confirm", "the ticket's squad, the group leads", &both),
        (pressed(Button::Change, "U0DEV"), "confirm", "the ticket's squad, the group leads", &both),
        (pressed(Button::NotATicket, "U0DEV"), "confirm", "the ticket's squad, the group leads", &both),
        (pressed(Button::Escalate, "U9GUEST"), "escalate", "anyone inside the organisation", &[]),
        (pressed(Button::Claim, "U0LEAD"), "claim", "the ticket's squad", &squad),
        (pressed(Button::Resolve, "U0LEAD"), "claim", "the ticket's squad", &squad),
    ] {
        let refused = desk.on(event);
        let people = people.iter().map(|id| person(id).id).collect();
        let telling = Telling::NotAllowed { what: what.to_owned(), who: who.to_owned(), people };
        assert_eq!((refused.ticket.is_none(), told(&refused)), (true, vec![telling]));
        assert_eq!(refused.audit[0].kind, AuditKind::Refused);
    }
    desk.on(pressed(Button::Confirm, "U0LEAD"));
    assert_eq!(desk.status(), Status::Dispatching);
}

#[test]
fn changing_moves_the_ticket_and_tells_the_tracker_that_a_person_did() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let view = ReplyTo { view: Some("view-1".to_owned()), ..ReplyTo::default() };
    let offered = desk.on(Event::Pressed { button: Button::Change, by: person("U0BEN"), reply: view });
    assert!(matches!(&offered.effects[..], [Effect::OfferChange { view, .. }] if view == "view-1"));

    let round = desk.ticket().sla_round;
    let moved = desk.on(changed("platform", "p1", "U0BEN"));
    let ticket = desk.ticket();
    assert_eq!(
        (desk.squad(), ticket.queue.as_ref(), ticket.category.as_ref().unwrap().as_str()),
        ("platform", None, "login")
    );
    assert_eq!(ticket.answer.as_ref().unwrap().verdict, Verdict::Changed);
    assert_eq!(ticket.sla_round, round + 1);
    assert!(moved.timers.iter().any(|(timer, _)| *timer == Timer::FirstResponseDue { round: round + 1 }));
    let Some(Action::CreateIssue { project, priority, description, .. }) = ticket.words.actions.get(&action(1)) else {
        panic!("an issue is approved")
    };
    assert_eq!((project.as_str(), priority.as_deref()), ("PLAT", Some("Highest")));
    assert!(description.contains("**Why** a person chose this squad; the rules proposed payments"), "{description}");
}

#[test]
fn changing_the_priority_alone_keeps_the_queue_that_a_rule_chose() {
    let policy = and_rules("[[rules]]\nid = \"vip\"\nwhen = 'true'\nqueue = \"vip\"\n");
    let mut desk = Desk::asking(policy, Some("billing"));
    desk.on(changed("payments", "p1", "U0BEN"));
    assert_eq!(desk.ticket().queue.as_ref().unwrap().as_str(), "vip");
}

#[test]
fn a_change_to_what_the_policy_no_longer_knows_is_too_late() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    for (squad, priority) in [("gone", "p1"), ("platform", "p9")] {
        let late = desk.on(changed(squad, priority, "U0BEN"));
        assert_eq!((late.ticket.is_none(), told(&late)), (true, vec![Telling::TooLate]));
    }
}

#[test]
fn a_decision_for_a_squad_that_is_gone_can_be_changed_and_not_confirmed() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let payments = deskbell_domain::ids::SquadId::from("payments");
    desk.policy.squads.remove(&payments);
    let refused = desk.on(pressed(Button::Confirm, "U0LEAD"));
    assert_eq!((refused.ticket.is_none(), told(&refused)), (true, vec![Telling::TooLate]));
    desk.on(pressed(Button::Escalate, "U0LEAD"));
    assert_eq!(desk.escalations(), [(1, "C0PLATFORM")], "the default squad's channel hears");
    desk.on(changed("platform", "p1", "U0LEAD"));
    assert_eq!(desk.status(), Status::Dispatching);
}

#[test]
fn not_a_ticket_ends_it() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let ended = desk.on(pressed(Button::NotATicket, "U0BEN"));
    assert!(shows_card(&ended) && dispatched(&ended).is_empty());
    assert_eq!((desk.status(), desk.ticket().closed_at), (Status::Dismissed, Some(desk.now)));
    desk.ignores(Event::MessageJoined(message("1.0002", "and again")));
    desk.ignores(assessed(1, None));
    desk.wait(10_000);
    let told: Vec<&NoticeKind> = desk.ticket().notices.iter().map(|notice| &notice.kind).collect();
    let by = Some(person("U0BEN").id);
    assert_eq!((desk.status(), told), (Status::Dismissed, vec![&NoticeKind::Dismissed { by }]));
}

#[test]
fn a_reminder_says_so_once_the_confirmation_waits_no_longer() {
    for button in [Button::Confirm, Button::NotATicket] {
        let mut desk = Desk::asking(policy(), Some("billing"));
        desk.wait(61);
        let reminders = desk.notices(|kind| matches!(kind, NoticeKind::Reminder { .. }));
        let ordinal = reminders[0].id.ordinal;
        let answered = desk.on(pressed(button, "U0BEN"));
        assert!(shows_notice(&answered, ordinal), "{button:?}");
    }
}

#[test]
fn a_confirmation_counts_for_the_decision_that_the_card_shows() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "no, the login")));
    desk.on(assessed(2, Some("login")));
    let early = desk.on(pressed(Button::Confirm, "U0LEAD"));
    assert_eq!((early.ticket.is_none(), told(&early)), (true, vec![Telling::TooLate]), "they saw the one before");
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0LEAD"));
    assert_eq!((desk.status(), desk.squad()), (Status::Dispatching, "platform"));
}
