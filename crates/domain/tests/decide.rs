//! Who must act, how far it goes, and why: the same inputs give the same decision to the byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod support;

use std::collections::BTreeMap;

use deskbell_domain::assessment::{Complexity, Confidence, Judged, SentimentTrend, Urgency};
use deskbell_domain::decide::decide;
use deskbell_domain::decision::{Customer, Decision, DecisionInputs, Load, Mode};
use deskbell_domain::enrichment::{Lapse, LapseReason, Lookup};
use deskbell_domain::ids::{QueueId, SquadId};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::Severity;
use jiff::Timestamp;
use proptest::prelude::*;
use support::{POLICY, and_rules, inputs, load, load_of, with};

const RIVALS: &str = r#"
[[rules]]
id = "one"
when = 'ticket.text.contains("split")'
squad = "platform"
[[rules]]
id = "two"
when = '"split" == ticket.text'
squad = "payments"
"#;

fn severity(level: u8) -> Severity {
    Severity::try_from(level).unwrap()
}

fn rules_of(decision: &Decision) -> Vec<&str> {
    decision.matched.iter().map(|matched| matched.rule.as_str()).collect()
}

#[test]
fn without_a_matching_rule_the_default_decides() {
    let policy = load(POLICY);
    let decision = decide(&policy, &inputs("hello", None), 1);
    assert_eq!(decision.squad.as_str(), "platform");
    assert_eq!((decision.mode, decision.severity, decision.ordinal), (Mode::Confirm, Severity::MILDEST, 1));
    assert_eq!(decision.priority.as_str(), "p3");
    assert_eq!(decision.actions, ["create_issue"]);
    assert_eq!(decision.reason, "no rule names a squad; platform is the default");
    assert_eq!((decision.runner_up, decision.queue, decision.policy), (None, None, policy.hash));
}

#[test]
fn a_rule_names_squad_queue_and_actions_and_the_default_comes_second() {
    let decision = decide(&load(POLICY), &inputs("charged twice", Some("billing")), 3);
    assert_eq!(decision.squad.as_str(), "payments");
    assert_eq!(decision.queue, Some(QueueId::from("money")));
    assert_eq!(decision.actions, ["create_issue", "comment"]);
    assert_eq!(decision.reason, "rule billing is the most specific that matches and names payments");
    assert_eq!(decision.runner_up, Some(SquadId::from("platform")));
    assert_eq!(decision.category.unwrap().as_str(), "billing");
}

#[test]
fn priority_follows_urgency_unless_a_rule_names_one() {
    let cases = [(Urgency::Low, "p4"), (Urgency::Normal, "p3"), (Urgency::High, "p2"), (Urgency::Critical, "p1")];
    for (urgency, priority) in cases {
        let mut inputs = inputs("hello", None);
        inputs.assessment.urgency = Judged { value: urgency, confidence: Confidence::NONE, evidence: Vec::new() };
        assert_eq!(decide(&load(POLICY), &inputs, 1).priority.as_str(), priority);
        let policy = and_rules("[[rules]]\nid = \"all\"\nwhen = 'true'\npriority = \"p2\"\n");
        assert_eq!(decide(&policy, &inputs, 1).priority.as_str(), "p2");
    }
}

#[test]
fn strictness_orders_mode_and_severity_and_nothing_else() {
    let policy = and_rules(
        r#"
[[rules]]
id = "broad"
when = 'ticket.text.contains("outage")'
mode = "confirm"
severity = 1
squad = "platform"
priority = "p4"
[[rules]]
id = "narrow"
when = 'ticket.text.contains("outage") && ticket.text.contains("card")'
mode = "auto"
severity = 3
squad = "payments"
priority = "p1"
"#,
    );
    let both = decide(&policy, &inputs("card outage", None), 1);
    assert_eq!(rules_of(&both), ["narrow", "broad"]);
    assert_eq!((both.mode, both.severity), (Mode::Confirm, severity(1)), "the strictest of all");
    assert_eq!((both.squad.as_str(), both.priority.as_str()), ("payments", "p1"), "the most specific");
    assert_eq!(both.runner_up, Some(SquadId::from("platform")));

    let mut escalated = inputs("robot", None);
    escalated.ticket.severity = severity(2);
    let alone = decide(&policy, &escalated, 1);
    assert_eq!((alone.mode, alone.severity), (Mode::Auto, severity(2)), "a rule never lowers the severity");
}

#[test]
fn equally_specific_rules_go_by_load_per_capacity_then_by_the_file() {
    let policy = and_rules(RIVALS);
    // payments carries 4, platform 8.
    let cases = [
        (
            &[][..],
            "platform",
            "platform and payments are equally specific and equally loaded; platform stands first in the policy",
        ),
        (
            &[("platform", 4), ("payments", 2)][..],
            "platform",
            "platform and payments are equally specific and equally loaded; platform stands first in the policy",
        ),
        (
            &[("platform", 3)][..],
            "payments",
            "payments and platform are equally specific; payments has less open work for its capacity (0 % against 37.5 %)",
        ),
        (
            &[("platform", 3), ("payments", 2)][..],
            "platform",
            "platform and payments are equally specific; platform has less open work for its capacity (37.5 % against 50 %)",
        ),
    ];
    for (open, squad, reason) in cases {
        let mut inputs = inputs("split", None);
        inputs.load = load_of(open);
        let decision = decide(&policy, &inputs, 1);
        assert_eq!((decision.squad.as_str(), decision.reason.as_str()), (squad, reason), "{open:?}");
        assert_ne!(decision.runner_up, Some(decision.squad), "{open:?}");
    }
}

#[test]
fn a_rule_with_several_squads_takes_the_least_loaded() {
    let policy = and_rules("[[rules]]\nid = \"any\"\nwhen = 'true'\nsquads = [\"payments\", \"platform\"]\n");
    let mut inputs = inputs("hello", None);
    assert_eq!(decide(&policy, &inputs, 1).squad.as_str(), "payments");
    inputs.load = load_of(&[("payments", 1)]);
    let moved = decide(&policy, &inputs, 1);
    assert_eq!(moved.squad.as_str(), "platform");
    assert_eq!(moved.matched[0].squad, Some(SquadId::from("platform")));
    assert_eq!(moved.matched[0].load_per_capacity, Some(0));
}

#[test]
fn the_load_of_more_tickets_than_fit_a_number_is_still_a_load() {
    let mut inputs = inputs("split", None);
    inputs.load = load_of(&[("platform", u32::MAX), ("payments", u32::MAX - 1)]);
    assert_eq!(decide(&and_rules(RIVALS), &inputs, 1).squad.as_str(), "platform");
}

#[test]
fn shadow_rules_are_listed_and_change_nothing() {
    let shadow = and_rules(
        r#"
[[rules]]
id = "would"
when = 'ticket.text.contains("charged") && !ticket.external && assessment.language == "en"'
mode = "shadow"
squad = "platform"
queue = "vip"
priority = "p1"
severity = 1
category = "login"
actions = ["create_issue", "set_priority"]
"#,
    );
    let inputs = inputs("charged twice", Some("billing"));
    let mut with_shadow = decide(&shadow, &inputs, 1);
    assert_eq!(rules_of(&with_shadow), ["would", "billing"]);
    assert_eq!(with_shadow.matched.remove(0).mode, Mode::Shadow);
    with_shadow.policy = load(POLICY).hash;
    assert_eq!(with_shadow, decide(&load(POLICY), &inputs, 1));
}

#[test]
fn a_rule_speaks_for_the_queue_of_its_own_squads_only() {
    let queue = |rule: &str| {
        let policy = and_rules(&format!("[[rules]]\nid = \"tested\"\n{rule}\n"));
        decide(&policy, &inputs("charged twice", Some("billing")), 1).queue
    };
    assert_eq!(queue("when = 'true'\nqueue = \"vip\""), Some(QueueId::from("vip")), "it names no squad");
    assert_eq!(queue("when = 'true'\nqueue = \"vip\"\nsquad = \"payments\""), Some(QueueId::from("vip")));
    assert_eq!(queue("when = 'true'\nqueue = \"vip\"\nsquad = \"platform\""), Some(QueueId::from("money")));
}

#[test]
fn due_times_count_the_squad_s_hours() {
    let due = |text: &str, category, at: &str| {
        let policy = and_rules("[[rules]]\nid = \"urgent\"\nwhen = 'true'\npriority = \"p1\"\n");
        let mut inputs = inputs(text, category);
        inputs.ticket.received_at = at.parse().unwrap();
        let decision = decide(&policy, &inputs, 1);
        (decision.first_response_due_at.unwrap().to_string(), decision.resolution_due_at.unwrap().to_string())
    };
    // Berlin is an hour ahead of UTC; the office closes at 17:00, on Friday until Monday.
    assert_eq!(
        due("x", Some("billing"), "2026-01-23T15:50:00Z"),
        ("2026-01-26T08:20:00Z".to_owned(), "2026-01-26T11:50:00Z".to_owned())
    );
    // The platform squad works round the clock.
    assert_eq!(
        due("x", None, "2026-01-23T15:50:00Z"),
        ("2026-01-23T16:20:00Z".to_owned(), "2026-01-23T19:50:00Z".to_owned())
    );
    let decision = decide(&load(POLICY), &inputs("x", None), 1);
    assert_eq!((decision.first_response_due_at, decision.resolution_due_at), (None, None), "p3 has no target");
}

#[test]
fn a_due_time_beyond_the_calendar_is_a_warning() {
    let policy = load(&with("normal = \"p3\"", "normal = \"p2\""));
    let mut inputs = inputs("x", None);
    inputs.ticket.received_at = "9999-12-30T21:30:00Z".parse().unwrap();
    let decision = decide(&policy, &inputs, 1);
    assert_eq!(decision.first_response_due_at, None);
    assert!(decision.warnings[0].starts_with("no due time for platform: "), "{:?}", decision.warnings);
}

#[test]
fn what_cannot_be_evaluated_does_not_count_and_is_said() {
    let policy =
        and_rules("[[rules]]\nid = \"divides\"\nwhen = '10 / customer.open_cases > 1'\nsquad = \"payments\"\n");
    let mut inputs = inputs("x", None);
    inputs.assessment.warnings = vec!["assessed locally".to_owned()];
    let decision = decide(&policy, &inputs, 1);
    assert_eq!(decision.squad.as_str(), "platform");
    assert_eq!(
        decision.warnings,
        [
            "assessed locally",
            "rule divides did not count: divides a whole number by zero; guard it, such as `n != 0 && total / n > 2`"
        ]
    );
    inputs.customer.open_cases = 2;
    assert_eq!(decide(&policy, &inputs, 1).squad.as_str(), "payments");
}

/// Whoever makes a strict rule fail, by a text too long for its pattern or by what divides by zero, gains nothing.
#[test]
fn what_cannot_be_evaluated_asks_a_person() {
    let auto = "[[rules]]\nid = \"at-once\"\nwhen = 'true'\nmode = \"auto\"\nsquad = \"payments\"\n";
    let strict = |mode: &str| {
        format!(
            "{auto}[[rules]]\nid = \"divides\"\nwhen = '10 / customer.open_cases > 1'\nmode = \"{mode}\"\nsquad = \"payments\"\n"
        )
    };
    let decided = |rules: &str| decide(&and_rules(rules), &inputs("x", None), 1).mode;
    assert_eq!(decided(auto), Mode::Auto);
    assert_eq!(decided(&strict("confirm")), Mode::Confirm);
    assert_eq!(decided(&strict("shadow")), Mode::Auto);
}

/// What an earlier version kept knows nothing of look-ups, and decides as it did.
#[test]
fn inputs_that_were_kept_before_there_were_look_ups_decide_alike() {
    let policy = load(&format!("{POLICY}{RIVALS}"));
    let mut made = inputs("Charged twice", Some("billing"));
    made.load = load_of(&[("payments", 3)]);
    let mut kept = serde_json::to_value(&made).unwrap();
    let customer = kept["customer"].as_object_mut().unwrap();
    customer.retain(|field, _| ["known", "tier", "account", "open_cases"].contains(&field.as_str()));
    assert!(kept.get("queue_load").is_none() && kept.get("lapses").is_none(), "{kept}");
    let read: DecisionInputs = serde_json::from_value(kept).unwrap();
    let text = |inputs: &DecisionInputs| serde_json::to_string(&decide(&policy, inputs, 1)).unwrap();
    assert_eq!(text(&read), text(&made));
    assert!(!text(&read).contains("Decided without"));
}

fn any_inputs() -> impl Strategy<Value = DecisionInputs> {
    let text = prop_oneof!["\\PC{0,30}", Just("split".to_owned()), Just("robot".to_owned())];
    let category = prop::option::of(prop_oneof![Just("billing"), Just("login"), Just("unheard of")]);
    let open =
        prop::collection::btree_map(prop_oneof![Just("payments"), Just("platform"), Just("gone")], any::<u32>(), 0..3);
    let parts = (text, category, open, 1_u8..=4, any::<bool>(), 0_i64..4_000_000_000, any::<f64>(), any::<i64>());
    parts.prop_map(|(text, category, open, level, external, second, probability, cases)| {
        let mut made = inputs(&text, category);
        made.ticket.severity = severity(level);
        made.ticket.requester_is_external = external;
        made.ticket.received_at = Timestamp::from_second(second).unwrap();
        made.assessment.urgency.confidence = Confidence::from_probability(probability);
        made.customer = Customer { known: external, open_cases: cases, owner: text.clone(), ..Customer::default() };
        made.queue_load = external.then(|| [(QueueId::from("money"), u32::from(level))].into());
        let lapse = |why| Lapse { lookup: Lookup::Customer, server: "crm".to_owned(), why };
        made.lapses = (!external).then(|| lapse(LapseReason::Late { deadline_ms: cases })).into_iter().collect();
        let squads: BTreeMap<SquadId, u32> = open.into_iter().map(|(id, count)| (SquadId::from(id), count)).collect();
        made.load = Load { squads, ..Load::default() };
        made
    })
}

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stored_inputs_decide_alike_to_the_byte(inputs in any_inputs(), ordinal in 1_u32..9) {
        let source = format!("{POLICY}{RIVALS}");
        let (policy, again): (Policy, Policy) = (load(&source), load(&source));
        let first = serde_json::to_string(&decide(&policy, &inputs, ordinal)).unwrap();
        let stored: DecisionInputs = serde_json::from_str(&serde_json::to_string(&inputs).unwrap()).unwrap();
        prop_assert_eq!(&stored, &inputs);
        let second = serde_json::to_string(&decide(&again, &stored, ordinal)).unwrap();
        prop_assert_eq!(&second, &first);
        let read: Decision = serde_json::from_str(&first).unwrap();
        prop_assert!(read.severity <= inputs.ticket.severity);
        prop_assert_ne!(read.mode, Mode::Shadow);
        prop_assert!(policy.squad(&read.squad).is_some());
    }
}

#[test]
fn rules_may_speak_of_trend_complexity_and_whether_it_is_a_request() {
    let policy = and_rules(
        r#"
[[rules]]
id = "souring"
when = 'assessment.sentiment_trend == "worsening"'
severity = 2
examples = [
  { text = "still nothing!", sentiment_trend = "worsening" },
  { text = "hello", matches = false },
]
[[rules]]
id = "written-down"
when = 'assessment.complexity == "answerable" && assessment.complexity_confidence >= 0.8'
examples = [
  { text = "how do I export?", complexity = "answerable", confidence = 0.9 },
  { text = "how do I export?", complexity = "answerable", confidence = 0.7, matches = false },
  { text = "reset it", complexity = "needs_person", matches = false },
]
[[rules]]
id = "doubtful"
when = 'assessment.request_confidence < 0.5'
examples = [
  { text = "thanks, great", request_confidence = 0.3 },
  { text = "thanks, great", matches = false },
]
"#,
    );
    let judged = |value| Judged { value, confidence: Confidence::from_probability(0.9), evidence: Vec::new() };
    let mut made = inputs("x", None);
    assert!(rules_of(&decide(&policy, &made, 1)).is_empty());
    made.assessment.sentiment_trend = Some(judged(SentimentTrend::Worsening));
    let confidence = Confidence::from_probability(0.85);
    made.assessment.complexity = Some(Judged { value: Complexity::Answerable, confidence, evidence: Vec::new() });
    made.assessment.request = Some(Judged { value: false, confidence, evidence: Vec::new() });
    let mut rules = rules_of(&decide(&policy, &made, 1)).into_iter().map(str::to_owned).collect::<Vec<_>>();
    rules.sort();
    assert_eq!(rules, ["doubtful", "souring", "written-down"]);
}

#[test]
fn no_rule_alone_acts_on_what_may_be_no_request() {
    let policy = and_rules("[[rules]]\nid = \"sure\"\nwhen = 'ticket.text.contains(\"lunch\")'\nmode = \"auto\"\n");
    let judged = |value, probability| {
        Some(Judged { value, confidence: Confidence::from_probability(probability), evidence: Vec::new() })
    };
    let mut made = inputs("lunch", None);
    assert_eq!(decide(&policy, &made, 1).mode, Mode::Auto);
    made.assessment.request = judged(true, 0.6);
    assert_eq!(decide(&policy, &made, 1).mode, Mode::Auto);
    made.assessment.request = judged(false, 0.55);
    let decision = decide(&policy, &made, 1);
    assert_eq!(
        (decision.mode, decision.warnings.as_slice()),
        (Mode::Confirm, &["it may be no request at all".to_owned()][..])
    );
}

#[test]
fn what_was_assessed_before_these_were_judged_reads_and_decides_as_it_did() {
    let policy = load(POLICY);
    let old = serde_json::to_string(&inputs("charged twice", Some("billing"))).unwrap();
    for younger in ["sentiment_trend", "complexity", "\"request\""] {
        assert!(!old.contains(younger), "{younger} is written although nobody judged it");
    }
    let read: DecisionInputs = serde_json::from_str(&old).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
    let mut made = read.clone();
    made.assessment.complexity =
        Some(Judged { value: Complexity::NeedsPerson, confidence: Confidence::NONE, evidence: Vec::new() });
    assert_eq!(decide(&policy, &read, 1), decide(&policy, &made, 1));
}
