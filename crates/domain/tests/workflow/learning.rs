//! What people answer is learned from, and moves what is carried out without asking no further than the policy lets it.

use crate::desk::*;
use crate::policy;
use crate::support::{and_rules, assessment, load, with};
use deskbell_domain::assessment::{Assessment, Confidence, Stated};
use deskbell_domain::decide::decide;
use deskbell_domain::decision::{DecisionInputs, Mode};
use deskbell_domain::ids::{CategoryId, PersonId, SquadId, TicketId};
use deskbell_domain::interaction::Button;
use deskbell_domain::label::{Label, Labelling};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{TicketMessage, Verdict};
use deskbell_domain::workflow::Transition;
use deskbell_domain::workflow::effect::Timer;
use deskbell_domain::workflow::event::Event;

fn given(transition: &Transition) -> (Label, String) {
    match &transition.labelling {
        Some(Labelling::Given { label, requester, words }) => {
            assert_eq!(*requester, PersonId::from("U0ANN"));
            ((**label).clone(), words.clone())
        }
        other => panic!("no label: {other:?}"),
    }
}

#[test]
fn each_answer_of_a_person_is_a_label() {
    let confidence = Confidence::from_probability(0.9);
    for (event, verdict, category, squad) in [
        (pressed(Button::Confirm, "U0BEN"), Verdict::Confirmed, Some("billing"), Some("payments")),
        (changed("platform", "p1", "U0BEN"), Verdict::Changed, Some("login"), Some("platform")),
        (pressed(Button::NotATicket, "U0BEN"), Verdict::NotATicket, None, None),
    ] {
        let mut desk = Desk::asking(policy(), Some("billing"));
        let (label, words) = given(&desk.on(event));
        assert_eq!((label.ticket, label.decision, &label.by), (TicketId::new(7), 1, &PersonId::from("U0BEN")));
        assert_eq!(label.said, Some((CategoryId::from("billing"), confidence)));
        assert_eq!((label.verdict, words.as_str()), (verdict, "Charged twice"));
        assert_eq!(label.category, category.map(CategoryId::from));
        assert_eq!((label.proposed, label.squad), (Some(SquadId::from("payments")), squad.map(SquadId::from)));
    }
}

#[test]
fn a_label_keeps_what_a_language_model_stated_by_itself() {
    let (category, confidence) = (CategoryId::from("login"), Confidence::from_probability(0.97));
    let stated = Stated { model: "m-1".to_owned(), category, confidence };
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "and once more today")));
    let combined = Assessment { stated: Some(stated.clone()), ..assessment(Some("billing")) };
    desk.on(Event::Assessed { revision: 2, assessment: Box::new(combined) });
    desk.post_card();
    let (label, _) = given(&desk.on(changed("platform", "p1", "U0BEN")));
    assert_eq!(
        (label.stated.clone(), label.said_rightly(), label.stated_rightly()),
        (Some(stated), Some(false), Some(true))
    );
    // Labels of before know nothing of it.
    let mut before = serde_json::to_value(&label).unwrap();
    before.as_object_mut().unwrap().remove("stated");
    let before: Label = serde_json::from_value(before).unwrap();
    assert_eq!((before.stated_rightly(), before.said_rightly()), (None, Some(false)));
}

#[test]
fn a_label_holds_the_requester_s_words_alone() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let others = TicketMessage { author: Some(PersonId::from("U0CARLA")), ..message("1.0003", "I know that one") };
    desk.on(Event::MessageJoined(others));
    desk.on(Event::MessageJoined(message("1.0002", "and once more today")));
    desk.on(assessed(3, Some("billing")));
    desk.post_card();
    let (_, words) = given(&desk.on(pressed(Button::Confirm, "U0BEN")));
    assert_eq!(words, "Charged twice\nand once more today");
}

#[test]
fn refusals_late_clicks_and_expiry_teach_nothing() {
    let mut desk = Desk::asking(crate::expiring("confirm"), Some("billing"));
    assert_eq!(desk.on(pressed(Button::Confirm, "U0DEV")).labelling, None);
    desk.now += jiff::SignedDuration::from_hours(24);
    let expired = desk.on(Event::TimerFired(Timer::Expire { decision: 1 }));
    assert!(expired.ticket.is_some() && expired.labelling.is_none());
    assert_eq!(desk.on(pressed(Button::Confirm, "U0BEN")).labelling, None);
}

#[test]
fn what_is_undone_is_not_learned_until_it_is_answered_again() {
    let mut desk = Desk::following(policy());
    let undone = desk.on(pressed(Button::Undo, "U0BEN"));
    let requester = PersonId::from("U0ANN");
    assert_eq!(undone.labelling, Some(Labelling::Withdrawn { ticket: TicketId::new(7), requester }));
    desk.on(assessed(2, Some("billing")));
    desk.post_card();
    let (label, _) = given(&desk.on(changed("platform", "p1", "U0BEN")));
    assert_eq!((label.decision, label.verdict), (2, Verdict::Changed));
}

const AUTO: &str = r#"
[[rules]]
id = "auto-login"
when = 'assessment.category == "login"'
mode = "auto"
squad = "platform"
"#;

fn bounded() -> Policy {
    let bounds = "[learning]\nauto_from = { min = 0.7, max = 0.95 }\n\n[default]";
    load(&format!("{}\n{AUTO}", with("[default]", bounds)))
}

/// The mode of a request of category login, 90 % sure, and what its inputs said of the threshold.
fn mode(policy: &Policy, learned: Option<f64>) -> (Mode, DecisionInputs) {
    let mut desk = Desk::new(policy.clone());
    if let Some(learned) = learned {
        desk.auto_from.insert(CategoryId::from("login"), Confidence::from_probability(learned));
    }
    desk.on(request("I can't log in"));
    let record = desk.on(assessed(1, Some("login"))).decision.unwrap();
    // The threshold is an input: the decision is made again to the byte.
    assert_eq!(decide(policy, &record.inputs, 1), record.decision);
    let stored = serde_json::to_vec(&record.inputs).unwrap();
    let read: DecisionInputs = serde_json::from_slice(&stored).unwrap();
    assert_eq!(read, record.inputs);
    let asks = record.decision.warnings.iter().any(|warning| warning.starts_with("asks a person"));
    assert_eq!(asks, record.decision.mode == Mode::Confirm);
    (record.decision.mode, record.inputs)
}

#[test]
fn what_is_not_sure_enough_waits_for_a_person() {
    let from = |found: &DecisionInputs| found.auto_from.map(Confidence::percent);
    let (decided, inputs) = mode(&bounded(), None);
    assert_eq!((decided, from(&inputs)), (Mode::Confirm, Some(95)), "without evidence the strictest bound holds");
    let (decided, inputs) = mode(&bounded(), Some(0.8));
    assert_eq!((decided, from(&inputs)), (Mode::Auto, Some(80)));
    let (decided, inputs) = mode(&bounded(), Some(0.1));
    assert_eq!((decided, from(&inputs)), (Mode::Auto, Some(70)), "never below the policy's bounds");
    // A policy without bounds asks for no confidence, and its inputs are as they always were.
    let (decided, inputs) = mode(&and_rules(AUTO), Some(0.99));
    assert_eq!((decided, from(&inputs)), (Mode::Auto, None));
    assert!(!serde_json::to_string(&inputs).unwrap().contains("auto_from"));
}

#[test]
fn rules_that_do_not_read_the_assessment_ask_for_no_confidence() {
    let bounds = "[learning]\nauto_from = { min = 0.7, max = 0.95 }\n\n[default]";
    let mut desk = Desk::new(load(&with("[default]", bounds)));
    desk.on(request("a robot asks"));
    let record = desk.on(assessed(1, None)).decision.unwrap();
    assert_eq!(record.decision.mode, Mode::Auto);
}

#[test]
fn bounds_that_make_no_sense_are_refused() {
    for (written, words) in [
        ("{ min = 0.95, max = 0.8 }", "min the lower one"),
        ("{ min = 0.0, max = 0.8 }", "are confidences"),
        ("{ min = 0.5, max = 0.8, precision = 1.0 }", "at most 0.999"),
        ("{ min = 0.5, max = 0.8, evidence = 3 }", "at least 10"),
    ] {
        let source = with("[default]", &format!("[learning]\nauto_from = {written}\n\n[default]"));
        let errors = Policy::load(&source).unwrap_err().to_string();
        assert!(errors.contains(words), "{written}: {errors}");
    }
}
