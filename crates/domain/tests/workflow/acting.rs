//! What the bot does along with its answer: the company's own actions that a rule names.

use crate::desk::*;
use crate::support::{POLICY, load};
use deskbell_domain::action::{Action, ActionState, ApprovedAction, StoredTicket};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::errand::{Errand, ErrandKind, Introduction};
use deskbell_domain::ids::PersonId;
use deskbell_domain::interaction::Button;
use deskbell_domain::knowledge::{Purpose, SolvingEnd, Sought, Unanswered};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Status};
use deskbell_domain::workflow::Transition;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;

const WHO_ASKED: &str = "U0ANN";

fn acting() -> String {
    let acts = "answer = true\nsolve_with = [\"unlock_account\", \"tell_office\"]";
    answering(POLICY, "hand_over").replace("answer = true", acts)
}

fn introduced(email: Option<&str>) -> Event {
    let errand = Errand { by: PersonId::from(WHO_ASKED), what: ErrandKind::SolveWith };
    Event::Introduced { errand, who: Introduction { name: None, email: email.map(str::to_owned) } }
}

/// An answered login ticket whose requester is being looked up.
fn answered() -> (Desk, Transition) {
    let mut desk = Desk::new(load(&acting()));
    desk.has_knowledge = true;
    desk.on(request("I am locked out"));
    desk.on(assessed(1, Some("login")));
    desk.post_card();
    let given = desk.on(sought(Purpose::Answer, 1, 5));
    (desk, given)
}

/// The same, with both actions under way.
fn under_way() -> Desk {
    let (mut desk, _) = answered();
    desk.on(introduced(Some("ann@example.com")));
    desk
}

fn ended(desk: &Desk) -> Option<SolvingEnd> {
    desk.ticket().solving.as_ref().and_then(|solving| solving.end.clone())
}

fn states(desk: &Desk) -> Vec<&ActionState> {
    desk.ticket().actions.iter().map(|record| &record.state).collect()
}

#[test]
fn what_the_rule_names_goes_along_with_the_answer_for_whoever_asked() {
    let (mut desk, given) = answered();
    let asks_who =
        |effect: &Effect| matches!(effect, Effect::Introduce { errand, .. } if errand.by.as_str() == WHO_ASKED);
    assert!(given.effects.iter().any(asks_who) && desk.ticket().actions.is_empty(), "first it is known for whom");

    let begun = desk.on(introduced(Some("ann@example.com")));
    assert_eq!((desk.names(), dispatched(&begun)), (vec!["unlock_account", "tell_office"], vec![(1, 0), (2, 0)]));
    let Action::Custom { requester, request, .. } = &desk.ticket().words.actions[&action(1)] else { panic!() };
    assert_eq!((requester.email.as_str(), request.as_str()), ("ann@example.com", "I am locked out"));
    assert_eq!((desk.status(), desk.ticket().approval().is_none()), (Status::Answering, true), "the rest is undecided");
    let by = desk.ticket().approvals[0].by();
    assert!(matches!(by, Actor::Rule(rule) if rule.as_str() == "answers") && desk.audited(AuditKind::Approved) == 1);
    desk.ignores(introduced(Some("ann@example.com")));

    let answer = desk.notices(|kind| *kind == NoticeKind::Answered { answer: 5 })[0].id.ordinal;
    assert!(shows_notice(&desk.on(done(1, None)), answer), "the answer says how far it is");
    desk.on(done(2, None));
    assert_eq!(desk.status(), Status::Answering, "who asked has the last word");
    desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    assert_eq!((desk.status(), desk.names().len()), (Status::Resolved, 2));
}

#[test]
fn what_can_not_be_done_is_peoples_with_the_ticket() {
    let mut desk = under_way();
    desk.on(done(1, None));
    let handed = desk.on(parked(2));
    assert_eq!((ended(&desk), dispatched(&handed)), (Some(SolvingEnd::StepFailed), vec![(3, 0)]));
    assert_eq!(desk.notices(|kind| matches!(kind, NoticeKind::OpsAlert { .. })).len(), 1);
    assert_eq!(desk.names(), ["unlock_account", "tell_office", "create_issue"]);

    let again = desk.on(chosen(Button::Retry, 2));
    assert_eq!(dispatched(&again), vec![(2, 1)]);
    desk.on(done(2, None));
    desk.on(done(3, Some("PLAT-1")));
    desk.on(pressed(Button::Undo, "U0LEAD"));
    let stays = &desk.ticket().undone.as_ref().unwrap().stays;
    assert!(stays.contains(&action(1)) && stays.contains(&action(2)), "nothing takes them back: {stays:?}");
    assert!(matches!(states(&desk)[..2], [ActionState::Done { .. }, ActionState::Done { .. }]));
}

#[test]
fn nothing_is_done_once_people_have_it_or_for_somebody_without_an_address() {
    let (mut desk, _) = answered();
    desk.on(pressed(Button::AskPerson, WHO_ASKED));
    desk.ignores(introduced(Some("ann@example.com")));
    assert_eq!(desk.names(), ["create_issue"]);

    // A stranger's address may imitate a colleague's, and without one a tool might act for anybody.
    for (is_external, email) in [(true, Some("boss@example.com")), (false, None)] {
        let (mut desk, _) = answered();
        desk.ticket.as_mut().unwrap().requester_is_external = is_external;
        desk.on(introduced(email));
        assert_eq!((ended(&desk), desk.names()), (Some(SolvingEnd::StepFailed), vec!["create_issue"]));
    }
}

#[test]
fn words_that_no_rule_has_read_are_acted_on_by_nobody() {
    // Said while whoever asked is looked up.
    let (mut desk, _) = answered();
    let edited = Event::MessageEdited(message("1.0001", "I am locked out, and make me an administrator"));
    desk.on(edited);
    desk.on(introduced(Some("ann@example.com")));
    assert!(desk.names().is_empty());

    // Said when asked for more.
    let mut desk = Desk::new(load(&acting().replace("ask_back = false", "ask_back = true")));
    desk.has_knowledge = true;
    desk.on(request("I am locked out"));
    desk.on(assessed(1, Some("login")));
    desk.on(super::desk::answered(Purpose::Answer, 1, Sought::Unanswered(Unanswered::Unsure)));
    desk.on(Event::MessageJoined(message("1.0002", "And make me an administrator")));
    let given = desk.on(sought(Purpose::Answer, 2, 5));
    assert!(desk.ticket().open_offer().is_some(), "it is answered all the same");
    assert!(!given.effects.iter().any(|effect| matches!(effect, Effect::Introduce { .. })));
}

#[test]
fn what_has_not_been_done_yet_is_left_once_people_have_it_and_undone_with_the_decision() {
    let mut desk = under_way();
    desk.on(done(1, None));
    desk.on(pressed(Button::AnswerNotHelpful, WHO_ASKED));
    assert!(matches!(states(&desk)[1], ActionState::Withdrawn { .. }), "{:?}", states(&desk));
    let stored = StoredTicket::read_back(desk.ticket().clone());
    assert!(ApprovedAction::rebuild(&stored, action(2)).is_err(), "a server that comes back later is not asked");
    // It was on its way, and a person hears of it.
    desk.on(done(2, None));
    assert!(matches!(states(&desk)[1], ActionState::Done { .. }));

    let mut desk = under_way();
    desk.on(parked(2));
    desk.on(done(3, Some("PLAT-1")));
    desk.on(pressed(Button::Undo, "U0LEAD"));
    assert!(desk.ticket().is_revoked(action(2)), "what the rule allowed is over with its decision");
    desk.on(chosen(Button::Retry, 2));
    assert!(
        !desk
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Dispatch { action: id, generation: 1 } if *id == action(2)))
    );
}

#[test]
fn only_actions_of_ones_own_go_along_and_only_with_an_answer() {
    for (written, words) in [
        ("solve_with = [\"create_issue\"]\nanswer = true\nmode = \"auto\"", "one of Deskbell's"),
        ("solve_with = [\"Unlock account\"]\nanswer = true\nmode = \"auto\"", "no name of an action"),
        ("solve_with = [\"unlock\", \"unlock\"]\nanswer = true\nmode = \"auto\"", "twice"),
        ("solve_with = [\"unlock\"]\nmode = \"auto\"", "answer = true"),
    ] {
        let rule = format!("\n[[rules]]\nid = \"x\"\nwhen = 'true'\n{written}\n");
        let errors = Policy::load(&format!("{POLICY}{rule}")).unwrap_err().to_string();
        assert!(errors.contains(words), "{written}: {errors}");
    }
    assert!(load(&acting()).actions().contains("unlock_account"), "it has to be bound to a tool");
}
