//! The confirmation and who may answer it.

use crate::desk::*;
use crate::policy;
use crate::support::and_rules;
use deskbell_domain::action::Action;
use deskbell_domain::audit::AuditKind;
use deskbell_domain::interaction::{About, Button, Seen};
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
    let offered = desk.on(Event::Pressed { button: Button::Change, seen: None, by: person("U0BEN"), reply: view });
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

/// The same press or submission by somebody who saw this.
fn having_seen(saw: Option<Seen>, event: Event) -> Event {
    match event {
        Event::Pressed { button, by, reply, .. } => Event::Pressed { button, seen: saw, by, reply },
        Event::Changed { by, squad, priority, category, reply, .. } => {
            Event::Changed { seen: saw, by, squad, priority, category, reply }
        }
        other => other,
    }
}

#[test]
fn nobody_decides_about_words_they_have_not_seen() {
    let decisions = || {
        [pressed(Button::Confirm, "U0LEAD"), pressed(Button::NotATicket, "U0LEAD"), changed("platform", "p1", "U0LEAD")]
    };
    let too_late = |desk: &mut Desk, event: Event| {
        let late = desk.on(event);
        assert_eq!((late.ticket.is_none(), told(&late)), (true, vec![Telling::TooLate]));
    };
    for event in decisions() {
        let mut desk = Desk::asking(policy(), Some("billing"));
        let first = desk.ticket().shows();
        desk.on(Event::MessageEdited(message("1.0001", "Wire 90000 EUR")));
        // Edited, and not yet assessed: whatever the message says it shows.
        for saw in [first, None, desk.ticket().shows()] {
            too_late(&mut desk, having_seen(saw, event.clone()));
        }
        desk.on(assessed(2, Some("billing")));
        // Decided anew, and the card is as it was when they pressed.
        for saw in [first, None] {
            too_late(&mut desk, having_seen(saw, event.clone()));
        }
        desk.post_card();
        too_late(&mut desk, having_seen(first, event.clone()));
        let newest = desk.ticket().shows();
        desk.on(having_seen(newest, event));
        assert!(desk.ticket().answer.is_some());
    }
}

#[test]
fn what_is_about_to_be_decided_anew_does_not_expire() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageEdited(message("1.0001", "Wire 90000 EUR")));
    desk.ignores(Event::TimerFired(Timer::Expire { decision: 1 }));
    desk.on(assessed(2, Some("billing")));
    desk.on(Event::TimerFired(Timer::Expire { decision: 2 }));
    assert!(desk.ticket().expired_at.is_some());
}

#[test]
fn a_buttons_value_says_what_it_shows_and_old_ones_are_read() {
    let about = About { ticket: desk().ticket().id, seen: Some(Seen { decision: 2, revision: 5 }) };
    assert_eq!(about.to_string(), "DB-7/seen/2.5");
    assert_eq!(About::parse("DB-7/seen/2.5"), Some(about));
    assert_eq!(About::parse("DB-7"), Some(About { seen: None, ..about }));
    for odd in ["", "DB-7/seen/", "DB-7/seen/2", "DB-7/seen/2.x", "DB-7/seen/2.5.1", "DB-7/action/1", "/seen/2.5"] {
        assert_eq!(About::parse(odd), None, "{odd}");
    }
}

fn desk() -> Desk {
    Desk::asking(policy(), Some("billing"))
}
