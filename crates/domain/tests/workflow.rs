//! Journeys of a ticket, event by event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "support/desk.rs"]
mod desk;
mod support;

use desk::*;
use deskbell_domain::action::{Action, ActionState, ApprovedAction, NotApproved};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{ChannelId, MessageTs, NoticeId, RuleId, TicketId};
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, PostedMessage, Status, Verdict};
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::{Event, ReplyTo};
use support::{POLICY, and_rules, load, load_of, with};

fn policy() -> Policy {
    load(POLICY)
}

fn expiring(choice: &str) -> Policy {
    load(&with("on_expiry = \"escalate\"", &format!("on_expiry = \"{choice}\"")))
}

#[test]
fn a_request_is_assessed_then_asked_about() {
    let mut desk = Desk::new(policy());
    let received = desk.on(request("Charged twice"));
    assert_eq!(received.effects, [Effect::Assess { revision: 1 }]);
    assert_eq!((desk.status(), desk.audited(AuditKind::TicketReceived)), (Status::Received, 1));
    desk.ignores(request("Charged twice"));

    let asked = desk.on(assessed(1, Some("billing")));
    assert_eq!((desk.status(), desk.squad()), (Status::AwaitingConfirmation, "payments"));
    assert!(shows_card(&asked) && asked.decision.is_some() && dispatched(&asked).is_empty());
    let minutes = |timer: &Timer| {
        let found = desk.timers.iter().find(|(set, _)| set == timer).unwrap();
        found.1.duration_since(desk.now).as_mins()
    };
    assert_eq!(minutes(&Timer::Remind { decision: 1 }), 60);
    assert_eq!(minutes(&Timer::Expire { decision: 1 }), 240);
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
    for (event, what, who) in [
        (pressed(Button::Confirm, "U0DEV"), "confirm", "the ticket's squad, the group leads"),
        (pressed(Button::Confirm, "U9GUEST"), "confirm", "the ticket's squad, the group leads"),
        (changed("platform", "p1", "U0DEV"), "confirm", "the ticket's squad, the group leads"),
        (pressed(Button::Change, "U0DEV"), "confirm", "the ticket's squad, the group leads"),
        (pressed(Button::NotATicket, "U0DEV"), "confirm", "the ticket's squad, the group leads"),
        (pressed(Button::Escalate, "U9GUEST"), "escalate", "anyone inside the organisation"),
        (pressed(Button::Claim, "U0LEAD"), "claim", "the ticket's squad"),
        (pressed(Button::Resolve, "U0LEAD"), "claim", "the ticket's squad"),
    ] {
        let refused = desk.on(event);
        let telling = Telling::NotAllowed { what: what.to_owned(), who: who.to_owned() };
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
    assert_eq!((desk.status(), desk.ticket().notices.len()), (Status::Dismissed, 0));
}

#[test]
fn an_automatic_rule_approves_in_its_own_name() {
    let mut desk = Desk::new(policy());
    desk.on(request("robot"));
    let decided = desk.on(assessed(1, None));
    assert_eq!((desk.status(), dispatched(&decided)), (Status::Dispatching, vec![(1, 0)]));
    assert_eq!(desk.ticket().approvals[0].by(), &Actor::Rule(RuleId::from("robot")));
    assert!(decided.timers.iter().all(|(timer, _)| !matches!(timer, Timer::Expire { .. } | Timer::Remind { .. })));
    let late = desk.on(pressed(Button::Confirm, "U0DEV"));
    assert_eq!(told(&late), [Telling::AlreadyDecided]);
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
fn words_that_change_before_an_answer_are_assessed_again() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "it is the login")));
    assert_eq!(joined.effects, [Effect::Assess { revision: 2 }]);
    desk.ignores(Event::MessageJoined(message("1.0002", "it is the login")));
    desk.on(Event::MessageEdited(message("1.0002", "it is the login page")));
    desk.ignores(Event::MessageEdited(message("1.0002", "it is the login page")));
    desk.ignores(Event::MessageEdited(message("1.0009", "whose?")));
    desk.ignores(assessed(1, None));
    desk.ignores(assessed(2, None));
    desk.on(assessed(3, Some("login")));
    assert_eq!((desk.squad(), desk.ticket().decision.as_ref().unwrap().ordinal), ("platform", 2));
    desk.load = load_of(&[("platform", 99)]);
    desk.ignores(assessed(3, Some("billing")));
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

#[test]
fn deleting_all_words_before_an_answer_dismisses() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "more")));
    let first = desk.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(first.effects, [Effect::Assess { revision: 3 }]);
    desk.ignores(Event::MessageDeleted(MessageTs::from("1.0001")));
    let last = desk.on(Event::MessageDeleted(MessageTs::from("1.0002")));
    assert!(shows_card(&last));
    assert_eq!(desk.status(), Status::Dismissed);

    let mut unseen = Desk::new(policy());
    unseen.on(request("oops"));
    let withdrawn = unseen.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(
        (unseen.status(), withdrawn.effects),
        (Status::Dismissed, vec![]),
        "nobody saw a card, so there is none"
    );
}

#[test]
fn words_that_change_after_the_approval_become_comments_once_the_issue_exists() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "order 17")));
    assert!(
        dispatched(&joined).is_empty() && joined.effects.iter().all(|effect| !matches!(effect, Effect::Assess { .. }))
    );
    let created = desk.on(done(1, Some("PAY-1")));
    assert_eq!(dispatched(&created), [(2, 0), (3, 0)]);
    let Some(Action::Comment { body }) = desk.ticket().words.actions.get(&action(3)) else { panic!("a comment") };
    assert_eq!(body, "The requester added:\n\n> order 17");

    desk.on(done(2, None));
    desk.on(done(3, None));
    let edited = desk.on(Event::MessageEdited(message("1.0002", "order 18")));
    assert_eq!(dispatched(&edited), [(4, 0)]);
    let deleted = desk.on(Event::MessageDeleted(MessageTs::from("1.0002")));
    assert_eq!(dispatched(&deleted), [(4, 0), (5, 0)], "the fourth is under way: its job is known");
    assert_eq!(desk.ticket().approvals.last().unwrap().by(), &by("U0BEN"));
    assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
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
        assert_eq!(ApprovedAction::rebuild(desk.ticket(), action(1)).unwrap_err(), NotApproved::NotPending);
    }
}

#[test]
fn an_action_found_done_after_all_settles_its_ops_alert() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(Event::ActionParked { action: action(1), reason: "no answer".to_owned(), fate_unknown: true });
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
    let alert = desk.notices(|kind| matches!(kind, NoticeKind::EscalationAlert { .. }))[0].id.ordinal;
    assert!(shows_notice(&resolved, alert), "its buttons go");
    assert_eq!(told(&desk.on(pressed(Button::Acknowledge, "U0BEN"))), [Telling::TooLate]);
    desk.wait(100);
    assert_eq!(desk.escalations().len(), 1);
}

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
fn a_card_that_cannot_stand_in_its_channel_goes_to_the_triage_channel() {
    let mut desk = Desk::new(policy());
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    let undeliverable = || Event::CardUndeliverable { reason: "not_in_channel: invite the bot".to_owned() };
    let moved = desk.on(undeliverable());
    assert!(shows_card(&moved));
    assert_eq!(desk.ticket().card.channel, ChannelId::from("C0TRIAGE"));
    assert_eq!((desk.ticket().card.thread.as_ref(), desk.ticket().card.posted.as_ref()), (None, None));
    let again = desk.on(undeliverable());
    assert!(!shows_card(&again), "there is no further channel to try");
    let reports = desk.notices(|kind| matches!(kind, NoticeKind::DeliveryFailed { .. }));
    assert_eq!((reports.len(), reports[0].channel.as_str()), (1, "C0OPS"), "the same fault is told once");
}

#[test]
fn a_notice_that_cannot_be_posted_is_reported_to_ops_and_ops_never_to_itself() {
    let mut desk = Desk::following(policy());
    let failed = |ordinal| Event::NoticeUndeliverable {
        notice: NoticeId { ticket: TicketId::new(7), ordinal },
        reason: "is_archived: unarchive it".to_owned(),
    };
    let alert = desk.notices(|kind| *kind == NoticeKind::SquadAlert)[0].id.ordinal;
    desk.on(failed(alert));
    let report = desk.ticket().notices.last().unwrap().clone();
    assert_eq!(
        report.kind,
        NoticeKind::DeliveryFailed {
            what: "the squad's alert in <#C0PAYMENTS>".to_owned(),
            reason: "is_archived: unarchive it".to_owned()
        }
    );
    let looped = desk.on(failed(report.id.ordinal));
    assert!(looped.effects.is_empty() && looped.ticket.is_none());
    assert_eq!(looped.audit[0].kind, AuditKind::DeliveryFailed);
    assert!(desk.on(failed(99)).effects.is_empty());
}

#[test]
fn what_was_posted_is_remembered_and_never_goes_back() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let posted = PostedMessage { channel: ChannelId::from("C0SUPPORT"), ts: MessageTs::from("2.0001") };
    desk.on(Event::CardPosted { posted: posted.clone(), change: 9 });
    desk.ignores(Event::CardPosted { posted, change: 3 });
    assert_eq!(desk.ticket().card.shown, 9);
}

#[test]
fn erased_words_cannot_be_carried_out() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    let mut erased = desk.ticket().clone();
    erased.words = deskbell_domain::ticket::Words { erased: true, ..Default::default() };
    assert_eq!(ApprovedAction::rebuild(&erased, action(1)).unwrap_err(), NotApproved::NoWords);
    let mut forged = desk.ticket().clone();
    forged.approvals.clear();
    assert_eq!(ApprovedAction::rebuild(&forged, action(1)).unwrap_err(), NotApproved::NoApproval);
}
