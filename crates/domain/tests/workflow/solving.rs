//! Answers from the knowledge base: by the bot where a rule lets it, by a person, and what the requester says of them.

use crate::desk::*;
use crate::policy;
use crate::support::{POLICY, load, with};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::PersonId;
use deskbell_domain::interaction::Button;
use deskbell_domain::knowledge::{Outcome, Purpose, SolvingEnd, Sought, Unanswered};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Status, TicketMessage};
use deskbell_domain::workflow::Transition;
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::Event;

const WHO_ASKED: &str = "U0ANN";

/// A login ticket that the bot may answer, its answer still being looked for.
fn seeking(on_silence: &str) -> Desk {
    let mut desk = Desk::new(load(&answering(POLICY, on_silence)));
    desk.has_knowledge = true;
    desk.on(request("How do I log in?"));
    let decided = desk.on(assessed(1, Some("login")));
    assert_eq!(seeks(&decided), vec![(Purpose::Answer, 1)]);
    assert!(dispatched(&decided).is_empty() && decided.decision.unwrap().decision.answer);
    assert_eq!(desk.status(), Status::Answering);
    desk.post_card();
    desk
}

/// The same, with an answer given.
fn answered(on_silence: &str) -> Desk {
    let mut desk = seeking(on_silence);
    let given = desk.on(sought(Purpose::Answer, 1, 5));
    assert_eq!((desk.notices(|kind| *kind == NoticeKind::Answered { answer: 5 }).len(), shows_card(&given)), (1, true));
    desk
}

fn seeks(transition: &Transition) -> Vec<(Purpose, u32)> {
    let seek = |effect: &Effect| match effect {
        Effect::SeekAnswer { purpose, revision, .. } => Some((*purpose, *revision)),
        _ => None,
    };
    transition.effects.iter().filter_map(seek).collect()
}

fn settled(transition: &Transition) -> Vec<(Outcome, Option<String>)> {
    let settle = |effect: &Effect| match effect {
        Effect::SettleAnswer { outcome, by, .. } => Some((*outcome, by.as_ref().map(ToString::to_string))),
        _ => None,
    };
    transition.effects.iter().filter_map(settle).collect()
}

fn end(desk: &Desk) -> Option<SolvingEnd> {
    desk.ticket().solving.as_ref().and_then(|solving| solving.end.clone())
}

#[test]
fn only_who_asked_says_that_it_is_solved() {
    let mut desk = answered("hand_over");
    for who in ["U0BEN", "U9GUEST"] {
        let refused = desk.on(pressed(Button::AnswerSolved, who));
        assert!(matches!(&told(&refused)[..], [Telling::NotAllowed { who, .. }] if who == "who asked"));
        assert!(refused.ticket.is_none());
    }
    let solved = desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    assert_eq!(settled(&solved), vec![(Outcome::Solved, Some(WHO_ASKED.to_owned()))]);
    assert_eq!((desk.status(), end(&desk)), (Status::Resolved, Some(SolvingEnd::Confirmed)));
    assert!(desk.ticket().actions.is_empty() && desk.alerts() == 0, "nothing was carried out, nobody called");
    desk.ignores(pressed(Button::AnswerSolved, WHO_ASKED));
    desk.ignores(desk_timer(5));
}

fn desk_timer(answer: u64) -> Event {
    Event::TimerFired(Timer::AnswerUnsaid { answer })
}

#[test]
fn an_answer_that_does_not_help_hands_over_to_whom_the_decision_names() {
    for (button, outcome, why) in [
        (Button::AnswerNotHelpful, Outcome::NotHelpful, SolvingEnd::NotHelpful),
        (Button::AskPerson, Outcome::AskedPerson, SolvingEnd::AskedPerson),
    ] {
        let mut desk = answered("hand_over");
        let handed = desk.on(pressed(button, WHO_ASKED));
        assert_eq!(settled(&handed), vec![(outcome, Some(WHO_ASKED.to_owned()))]);
        assert_eq!((end(&desk), dispatched(&handed)), (Some(why), vec![(1, 0)]));
        assert_eq!((desk.names(), desk.audited(AuditKind::HandedOver)), (vec!["create_issue"], 1));
        desk.on(done(1, Some("PLAT-1")));
        assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
        assert!(desk.ticket().words.answers.contains_key(&5), "what was tried stays with it");
    }
}

#[test]
fn without_an_answer_people_have_it() {
    for why in [Unanswered::Nothing, Unanswered::Unsure, Unanswered::Failed] {
        let mut desk = seeking("close");
        let handed = desk.on(super::desk::answered(Purpose::Answer, 1, Sought::Unanswered(why)));
        assert_eq!((end(&desk), dispatched(&handed)), (Some(SolvingEnd::Unanswered(why)), vec![(1, 0)]));
        assert!(desk.ticket().offers.is_empty());
    }
    let mut desk = seeking("close");
    desk.wait(1);
    assert_eq!(end(&desk), Some(SolvingEnd::Unanswered(Unanswered::Late)));
    desk.ignores(sought(Purpose::Answer, 1, 5));
}

/// The same as [`seeking`], where the bot may ask back, and has.
fn asked_back(sought: Sought) -> (Desk, Transition) {
    let mut desk = Desk::new(load(&answering(POLICY, "close").replace("ask_back = false", "ask_back = true")));
    desk.has_knowledge = true;
    desk.on(request("How do I log in?"));
    desk.on(assessed(1, Some("login")));
    desk.post_card();
    let asked = desk.on(super::desk::answered(Purpose::Answer, 1, sought));
    (desk, asked)
}

#[test]
fn who_asks_too_little_is_asked_back_once() {
    let near = finding(5).sources;
    let (mut desk, asked) = asked_back(Sought::Near(near.clone()));
    assert_eq!((desk.notices(|kind| *kind == NoticeKind::AskedBack).len(), desk.status()), (1, Status::Answering));
    assert_eq!((&desk.ticket().words.near, desk.audited(AuditKind::AskedBack)), (&near, 1));
    assert!(dispatched(&asked).is_empty() && shows_card(&asked) && desk.ticket().waits_for_more());
    // The search ended in time: its own clock is over.
    desk.wait(1);
    assert!(desk.ticket().waits_for_more());

    let again = desk.on(Event::MessageJoined(message("1.0002", "With the hardware key, at the second step")));
    assert_eq!((seeks(&again), desk.ticket().waits_for_more()), (vec![(Purpose::Answer, 2)], false));
    assert!(desk.ticket().words.near.is_empty());
    desk.ignores(sought(Purpose::Answer, 1, 6));
    let more = desk.on(Event::MessageJoined(message("1.0003", "It blinks")));
    assert_eq!(seeks(&more), vec![(Purpose::Answer, 3)], "whoever is still typing is heard out");
    desk.on(sought(Purpose::Answer, 3, 7));
    assert_eq!(desk.ticket().open_offer().map(|offer| offer.answer), Some(7));
    desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    assert_eq!((desk.status(), end(&desk)), (Status::Resolved, Some(SolvingEnd::Confirmed)));
}

#[test]
fn who_was_asked_back_in_vain_reaches_people() {
    let unsure = Sought::Unanswered(Unanswered::Unsure);
    let (mut desk, _) = asked_back(unsure.clone());
    desk.on(Event::MessageJoined(message("1.0002", "Just so")));
    let handed = desk.on(super::desk::answered(Purpose::Answer, 2, unsure));
    assert_eq!((end(&desk), dispatched(&handed)), (Some(SolvingEnd::Unanswered(Unanswered::Unsure)), vec![(1, 0)]));

    let (mut desk, _) = asked_back(Sought::Unanswered(Unanswered::Nothing));
    desk.wait(3 * 60);
    assert_eq!(
        (end(&desk), desk.status()),
        (Some(SolvingEnd::NoReply), Status::Dispatching),
        "nothing to be silent about"
    );

    let (mut desk, _) = asked_back(Sought::Unanswered(Unanswered::Nothing));
    desk.on(pressed(Button::AskPerson, WHO_ASKED));
    assert_eq!((end(&desk), desk.status()), (Some(SolvingEnd::AskedPerson), Status::Dispatching));
    desk.wait(3 * 60);
    assert_eq!(end(&desk), Some(SolvingEnd::AskedPerson));

    let (desk, failed) = asked_back(Sought::Unanswered(Unanswered::Failed));
    assert_eq!((end(&desk), dispatched(&failed)), (Some(SolvingEnd::Unanswered(Unanswered::Failed)), vec![(1, 0)]));
}

#[test]
fn an_edit_answers_the_question_too_and_one_that_never_arrived_calls_people() {
    let (mut desk, _) = asked_back(Sought::Unanswered(Unanswered::Unsure));
    let asked = desk.ticket().words.messages[0].clone();
    desk.on(Event::MessageEdited(TicketMessage { text: "How do I log in with the key?".to_owned(), ..asked }));
    desk.wait(1);
    assert!(
        !desk.ticket().waits_for_more()
            && desk
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::SeekAnswer { purpose: Purpose::Answer, revision: 2, .. }))
    );

    let (mut desk, _) = asked_back(Sought::Unanswered(Unanswered::Unsure));
    let notice = desk.notices(|kind| *kind == NoticeKind::AskedBack)[0].id;
    let handed = desk.on(Event::NoticeUndeliverable { notice, reason: "is_archived".to_owned() });
    assert_eq!((end(&desk), dispatched(&handed)), (Some(SolvingEnd::NotDelivered), vec![(1, 0)]));

    let mut desk = answered("close");
    let notice = desk.notices(|kind| *kind == NoticeKind::Answered { answer: 5 })[0].id;
    desk.on(Event::NoticeUndeliverable { notice, reason: "is_archived".to_owned() });
    assert_eq!(end(&desk), Some(SolvingEnd::NotDelivered));
}

#[test]
fn silence_is_no_solution() {
    let mut desk = answered("hand_over");
    desk.wait(3 * 60);
    assert_eq!((end(&desk), desk.status()), (Some(SolvingEnd::Silent), Status::Dispatching));
    assert_eq!(desk.ticket().offers[0].end.as_ref().map(|end| end.outcome), Some(Outcome::Silent));

    let mut desk = answered("close");
    desk.wait(3 * 60);
    assert_eq!((end(&desk), desk.status()), (Some(SolvingEnd::Silent), Status::Resolved));
    assert!(desk.ticket().actions.is_empty());
}

#[test]
fn words_that_follow_an_answer_are_read_by_people() {
    let mut desk = answered("hand_over");
    let handed = desk.on(Event::MessageJoined(message("1.0002", "It says that my account is gone")));
    assert_eq!((end(&desk), dispatched(&handed)), (Some(SolvingEnd::WroteMore), vec![(1, 0)]));
    // What the answer was worth may still be said; people close what they opened.
    desk.on(done(1, Some("PLAT-1")));
    let said = desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    assert_eq!((settled(&said).len(), desk.status()), (1, Status::Following));
    assert_eq!(desk.notices(|kind| *kind == NoticeKind::SaidSolved { answer: 5 }).len(), 1);
}

#[test]
fn who_replies_to_a_solved_ticket_reaches_people() {
    let mut desk = answered("hand_over");
    desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    desk.wait(5);
    let later = format!("{}.0001", desk.now.as_second());
    let again = desk.on(Event::MessageJoined(message(&later, "It came back")));
    assert_eq!((desk.status(), dispatched(&again)), (Status::Dispatching, vec![(1, 0)]));
    assert_eq!(desk.ticket().closed_at, None);
}

#[test]
fn an_escalation_ends_the_attempt() {
    let mut desk = answered("hand_over");
    let escalated = desk.on(pressed(Button::Escalate, "U0BEN"));
    assert_eq!((end(&desk), dispatched(&escalated)), (Some(SolvingEnd::Escalated), vec![(1, 0)]));
    assert_eq!(desk.escalations().len(), 1);
}

#[test]
fn a_stricter_rule_and_a_missing_knowledge_base_keep_the_bot_from_answering() {
    let mut desk = Desk::new(load(&answering(POLICY, "close")));
    desk.on(request("How do I log in?"));
    let decided = desk.on(assessed(1, Some("login")));
    assert_eq!((seeks(&decided), dispatched(&decided)), (vec![], vec![(1, 0)]), "nobody to ask: as without the key");

    let strict = "\n[[rules]]\nid = \"strict\"\nwhen = 'assessment.category == \"login\"'\nmode = \"confirm\"\n";
    let mut desk = Desk::new(load(&format!("{}{strict}", answering(POLICY, "close"))));
    desk.has_knowledge = true;
    desk.on(request("How do I log in?"));
    let decided = desk.on(assessed(1, Some("login")));
    assert_eq!((desk.status(), seeks(&decided)), (Status::AwaitingConfirmation, vec![(Purpose::Suggest, 1)]));
    assert!(!decided.decision.unwrap().decision.answer);
}

#[test]
fn a_person_sends_what_the_card_suggests() {
    let mut desk = Desk::new(policy());
    desk.has_knowledge = true;
    desk.on(request("Charged twice"));
    assert_eq!(seeks(&desk.on(assessed(1, Some("billing")))), vec![(Purpose::Suggest, 1)]);
    desk.post_card();
    assert!(shows_card(&desk.on(sought(Purpose::Suggest, 1, 3))));
    assert_eq!(desk.ticket().words.suggestion.as_ref().unwrap().number, 3);
    assert!(!desk.ticket().offers.iter().any(|_| true), "a suggestion is said to nobody");

    assert!(matches!(told(&desk.on(pressed(Button::SendAnswer, "U0DEV")))[..], [Telling::NotAllowed { .. }]));
    assert_eq!(seeks(&desk.on(pressed(Button::SendAnswer, "U0BEN"))), vec![(Purpose::Send, 1)]);
    assert_eq!(told(&desk.on(pressed(Button::SendAnswer, "U0CARLA"))), vec![Telling::TooLate]);
    desk.on(sought(Purpose::Send, 1, 4));
    let offer = &desk.ticket().offers[0];
    assert_eq!((offer.answer, offer.sent_by.as_ref().map(PersonId::as_str)), (4, Some("U0BEN")));
    assert_eq!(desk.status(), Status::AwaitingConfirmation, "the card goes on asking");

    desk.on(pressed(Button::AnswerSolved, WHO_ASKED));
    assert_eq!(desk.status(), Status::Resolved);
    // It was closed unconfirmed, so it is asked about again.
    desk.wait(5);
    let later = format!("{}.0001", desk.now.as_second());
    desk.on(Event::MessageJoined(message(&later, "Charged again")));
    assert_eq!(desk.status(), Status::Received);
}

#[test]
fn what_may_not_be_said_there_is_not_sent_and_whoever_wanted_it_hears() {
    let mut desk = Desk::following(policy());
    desk.has_knowledge = true;
    desk.on(pressed(Button::SendAnswer, "U0BEN"));
    let told_so = desk.on(super::desk::answered(Purpose::Send, 1, Sought::Unanswered(Unanswered::Nothing)));
    assert_eq!(told(&told_so), vec![Telling::NothingToSend]);
    assert!(desk.ticket().offers.is_empty() && desk.ticket().sending.is_none());
}

#[test]
fn a_card_that_moves_takes_no_suggestion_along() {
    let mut desk = Desk::new(policy());
    desk.has_knowledge = true;
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    desk.on(sought(Purpose::Suggest, 1, 3));
    let moved = desk.on(Event::CardUndeliverable { reason: "not_in_channel".to_owned() });
    assert_eq!((seeks(&moved), desk.ticket().words.suggestion.as_ref()), (vec![(Purpose::Suggest, 1)], None));
    desk.on(sought(Purpose::Suggest, 1, 4));
    assert_eq!(desk.ticket().words.suggestion, None, "it was found for the readers of the other channel");

    let mut desk = seeking("close");
    desk.on(Event::CardUndeliverable { reason: "not_in_channel".to_owned() });
    assert_eq!(end(&desk), Some(SolvingEnd::Unanswered(Unanswered::Failed)));
}

#[test]
fn answering_needs_a_rule_that_acts_by_itself() {
    let rule = "\n[[rules]]\nid = \"x\"\nwhen = 'true'\nanswer = true\n";
    let errors = deskbell_domain::policy::Policy::load(&format!("{POLICY}{rule}")).unwrap_err().to_string();
    assert!(errors.contains("write mode = \"auto\""), "{errors}");
    let unknown = with("[confirmation]", "[answering]\non_silence = \"resolve\"\n\n[confirmation]");
    assert!(deskbell_domain::policy::Policy::load(&unknown).unwrap_err().to_string().contains("hand_over"));
}
