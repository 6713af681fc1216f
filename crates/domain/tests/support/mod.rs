//! A policy and the inputs that the tests share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, Judged, Sentiment, Urgency};
use deskbell_domain::decision::{Customer, DecisionInputs, Load, TicketFacts};
use deskbell_domain::ids::{CategoryId, ChannelId, MessageTs, SquadId};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Severity, SlackPath, Source};
use jiff::Timestamp;

/// A policy with every part in it.
pub const POLICY: &str = include_str!("policy.toml");

/// The policy with a text replaced that must stand in it once.
pub fn with(from: &str, to: &str) -> String {
    assert_eq!(POLICY.matches(from).count(), 1, "{from:?} must stand in the policy once");
    POLICY.replacen(from, to, 1)
}

/// The policy with rules added.
pub fn and_rules(rules: &str) -> Policy {
    load(&format!("{POLICY}\n{rules}"))
}

pub fn load(source: &str) -> Policy {
    Policy::load(source).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Tuesday, 20 January 2026, 10:00 in Berlin.
pub fn start() -> Timestamp {
    "2026-01-20T09:00:00Z".parse().unwrap()
}

fn judged<T>(value: T) -> Judged<T> {
    Judged { value, confidence: Confidence::from_probability(0.9), evidence: Vec::new() }
}

pub fn assessment(category: Option<&str>) -> Assessment {
    Assessment {
        assessor: AssessorName::Keywords,
        category: category.map(|name| judged(CategoryId::from(name))),
        area: String::new(),
        squad: None,
        urgency: judged(Urgency::Normal),
        sentiment: judged(Sentiment::Neutral),
        sentiment_trend: None,
        complexity: None,
        request: None,
        language: "en".to_owned(),
        language_confidence: Confidence::from_probability(0.9),
        summary: "A summary".to_owned(),
        summary_confidence: Confidence::from_probability(0.9),
        similar: Vec::new(),
        stated: None,
        warnings: Vec::new(),
    }
}

pub fn source() -> Source {
    Source::SlackMessage {
        channel: ChannelId::from("C0SUPPORT"),
        ts: MessageTs::from("1.0001"),
        thread: None,
        path: SlackPath::WatchedChannel,
    }
}

pub fn load_of(squads: &[(&str, u32)]) -> Load {
    Load { squads: squads.iter().map(|(id, open)| (SquadId::from(*id), *open)).collect(), ..Load::default() }
}

pub fn inputs(text: &str, category: Option<&str>) -> DecisionInputs {
    DecisionInputs {
        ticket: TicketFacts {
            text: text.to_owned(),
            source: source(),
            requester_is_external: false,
            received_at: start(),
            severity: Severity::MILDEST,
            requested_priority: None,
        },
        assessment: assessment(category),
        customer: Customer::default(),
        load: Load::default(),
        queue_load: None,
        lapses: Vec::new(),
        auto_from: None,
        now: start(),
    }
}
