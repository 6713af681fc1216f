//! What is looked up before a decision, and what happens when nobody answers.

use std::collections::BTreeMap;

use deskbell_domain::audit::AuditKind;
use deskbell_domain::decision::Customer;
use deskbell_domain::enrichment::{Lapse, LapseReason, LookedUp, Lookup};
use deskbell_domain::ids::{MessageTs, QueueId};
use deskbell_domain::interaction::Button;
use deskbell_domain::ticket::Status;
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::Event;
use jiff::SignedDuration;

use crate::desk::*;
use crate::support::and_rules;

const RULES: &str = r#"
[[rules]]
id = "big"
when = 'customer.tier == "enterprise" && assessment.category != ""'
squad = "payments"
severity = 1

[[rules]]
id = "full"
when = 'helpdesk.queues["money"] > 20 && assessment.category != "" && assessment.urgency != "critical"'
squad = "platform"
"#;

fn waiting() -> Desk {
    let mut desk = Desk::new(and_rules(RULES));
    desk.lookups = bound(&[Lookup::Customer, Lookup::QueueLoad]);
    desk
}

fn enterprise() -> LookedUp {
    LookedUp::Customer(Customer { known: true, tier: "enterprise".to_owned(), ..Customer::default() })
}

fn queues(tickets: u32) -> LookedUp {
    LookedUp::QueueLoad(BTreeMap::from([(QueueId::from("money"), tickets)]))
}

fn late(lookup: Lookup) -> Timer {
    Timer::LookupDue { lookup, revision: 1 }
}

#[test]
fn a_decision_waits_for_every_look_up_and_decides_with_what_they_bring() {
    let mut desk = waiting();
    let received = desk.on(request("Charged twice"));
    let asked = |lookup| Effect::Enrich { lookup, revision: 1 };
    let expected =
        [Effect::Assess { revision: 1 }, asked(Lookup::Customer), asked(Lookup::QueueLoad), Effect::NameRequester];
    assert_eq!(received.effects, expected);
    let due: Vec<&Timer> = received.timers.iter().map(|(timer, _)| timer).collect();
    assert_eq!(due, [&late(Lookup::Customer), &late(Lookup::QueueLoad)]);
    assert!(received.timers.iter().all(|(_, at)| *at == desk.now + SignedDuration::from_secs(3)));

    assert!(desk.on(enriched(1, enterprise())).decision.is_none());
    assert!(desk.on(assessed(1, Some("login"))).decision.is_none());
    assert_eq!(desk.status(), Status::Received);
    let decided = desk.on(enriched(1, queues(3))).decision.unwrap();
    assert_eq!((desk.squad(), desk.ticket().severity.level()), ("payments", 1));
    assert!(decided.inputs.customer.known && decided.decision.warnings.is_empty());
    assert_eq!(decided.inputs.queue_load, Some(BTreeMap::from([(QueueId::from("money"), 3)])));
    assert_eq!(desk.audited(AuditKind::LookedUp), 2);
    for lookup in [Lookup::Customer, Lookup::QueueLoad] {
        desk.ignores(Event::TimerFired(late(lookup)));
    }
    desk.ignores(enriched(1, queues(99)));
}

#[test]
fn the_same_rules_decide_otherwise_by_the_queues() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    desk.on(enriched(1, LookedUp::Customer(Customer::default())));
    desk.on(enriched(1, queues(21)));
    assert_eq!(desk.squad(), "platform");
}

#[test]
fn who_does_not_answer_in_time_is_done_without_and_said_so() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    let why = LapseReason::Unreachable;
    let lapse = Lapse { lookup: Lookup::QueueLoad, server: "zendesk".to_owned(), why };
    assert!(desk.on(enriched(1, LookedUp::Lapsed(lapse))).decision.is_none());
    let decided = desk.fire(late(Lookup::Customer)).decision.unwrap();
    assert_eq!(
        decided.decision.warnings,
        [
            "Decided without the helpdesk's queue load: Zendesk could not be reached",
            "Decided without the customer record: Salesforce did not answer in 3 s",
        ]
    );
    assert!(!decided.inputs.customer.known && decided.inputs.queue_load.is_none());
    desk.ignores(enriched(1, enterprise()));
}

#[test]
fn a_deadline_that_comes_before_the_assessment_does_not_decide_by_itself() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    for lookup in [Lookup::Customer, Lookup::QueueLoad] {
        assert!(desk.fire(late(lookup)).decision.is_none());
    }
    assert_eq!(desk.on(assessed(1, None)).decision.unwrap().decision.warnings.len(), 2);
}

#[test]
fn new_words_ask_for_the_queues_again_and_for_the_customer_only_when_nobody_answered() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    desk.on(enriched(1, enterprise()));
    desk.on(enriched(1, queues(3)));
    desk.on(assessed(1, Some("billing")));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "and again")));
    assert_eq!(
        joined.effects,
        [Effect::Assess { revision: 2 }, Effect::Enrich { lookup: Lookup::QueueLoad, revision: 2 }]
    );
    desk.ignores(enriched(1, queues(99)));
    desk.on(assessed(2, Some("billing")));
    let again = desk.on(enriched(2, queues(30))).decision.unwrap();
    assert!(again.inputs.customer.known && again.decision.ordinal == 2);
    // The more specific of the two rules names the squad.
    assert_eq!(desk.squad(), "platform");
}

#[test]
fn whoever_answered_meanwhile_is_not_overruled() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    desk.on(enriched(1, enterprise()));
    desk.on(enriched(1, queues(3)));
    desk.on(assessed(1, Some("billing")));
    desk.post_card();
    desk.on(Event::MessageJoined(message("1.0002", "and again")));
    assert_eq!(told(&desk.on(pressed(Button::Confirm, "U0BEN"))), [Telling::TooLate], "nobody saw these words");
    for ts in ["1.0001", "1.0002"] {
        desk.on(Event::MessageDeleted(MessageTs::from(ts)));
    }
    assert_eq!(desk.status(), Status::Dismissed);
    desk.ignores(enriched(3, queues(30)));
    desk.ignores(Event::TimerFired(Timer::LookupDue { lookup: Lookup::QueueLoad, revision: 3 }));
}

#[test]
fn a_look_up_that_is_unbound_while_a_ticket_waits_holds_up_nothing() {
    let mut desk = waiting();
    desk.on(request("Charged twice"));
    desk.on(assessed(1, None));
    desk.lookups.clear();
    desk.fire(late(Lookup::Customer));
    let decided = desk.fire(late(Lookup::QueueLoad)).decision.unwrap();
    assert!(decided.decision.warnings.iter().all(|said| said.ends_with("no server is bound to it any more")));
}
