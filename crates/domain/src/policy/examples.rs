//! A rule's own examples, tried when the policy is loaded: a rule that does not do what its author thinks is
//! refused before it meets a ticket.

use std::ops::Range;

use jiff::Timestamp;

use super::document::{ExampleDocument, RuleDocument};
use super::{Policy, facts};
use crate::assessment::{Assessment, AssessorName, Confidence, Judged, Sentiment, SimilarTicket, Urgency};
use crate::decision::{Customer, DecisionInputs, Load, RequestedPriority, TicketFacts};
use crate::ids::{CategoryId, ChannelId, MessageTs, PersonId, PriorityId, QueueId, SquadId, TicketId};
use crate::ticket::{Severity, SlackPath, Source};

/// Each example that does not hold: where it stands and what happened instead.
pub(super) fn failures(policy: &Policy, rules: &[RuleDocument]) -> Vec<(Range<usize>, String)> {
    let mut failures = Vec::new();
    for (rule, written) in policy.rules.iter().zip(rules) {
        for example in &written.examples {
            let stated = example.get_ref();
            let outcome = facts::inputs(policy, &inputs(policy, stated))
                .map_err(|error| error.to_string())
                .and_then(|inputs| rule.when.evaluate(&inputs).map_err(|error| error.to_string()));
            let message = match outcome {
                Ok(matched) if matched == stated.matches => continue,
                Ok(true) => format!("rule `{}` matches this example, which says it must not", rule.id),
                Ok(false) => format!("rule `{}` does not match its own example", rule.id),
                Err(error) => format!("rule `{}` can't be evaluated on this example: {error}", rule.id),
            };
            failures.push((example.span(), message));
        }
    }
    failures
}

fn inputs(policy: &Policy, example: &ExampleDocument) -> DecisionInputs {
    let confidence = Confidence::from_probability(example.confidence.unwrap_or(1.0));
    DecisionInputs {
        ticket: TicketFacts {
            text: example.text.clone(),
            source: source(example),
            requester_is_external: example.external,
            received_at: Timestamp::UNIX_EPOCH,
            severity: Severity::MILDEST,
            requested_priority: example.requested_priority.as_ref().map(|priority| RequestedPriority {
                priority: PriorityId::new(priority.get_ref()),
                by: PersonId::new(""),
            }),
        },
        assessment: Assessment {
            assessor: AssessorName::Keywords,
            category: example.category.as_ref().map(|category| judged(CategoryId::new(category.get_ref()), confidence)),
            area: area(policy, example),
            squad: None,
            urgency: judged(example.urgency.unwrap_or(Urgency::Normal), confidence),
            sentiment: judged(example.sentiment.unwrap_or(Sentiment::Neutral), confidence),
            sentiment_trend: example.sentiment_trend.map(|trend| judged(trend, confidence)),
            complexity: example.complexity.map(|complexity| judged(complexity, confidence)),
            request: example
                .request_confidence
                .map(|probability| judged(true, Confidence::from_probability(probability))),
            language: example.language.clone().unwrap_or_else(|| "en".to_owned()),
            language_confidence: confidence,
            summary: String::new(),
            summary_confidence: Confidence::NONE,
            similar: (0..example.similar.unwrap_or_default()).map(similar).collect(),
            stated: None,
            warnings: Vec::new(),
        },
        customer: Customer {
            known: example.tier.is_some(),
            tier: example.tier.clone().unwrap_or_default(),
            ..Customer::default()
        },
        load: Load {
            squads: example.load.iter().map(|(squad, open)| (SquadId::new(squad), *open)).collect(),
            ..Load::default()
        },
        queue_load: example
            .helpdesk
            .as_ref()
            .map(|queues| queues.iter().map(|(queue, tickets)| (QueueId::new(queue), *tickets)).collect()),
        lapses: Vec::new(),
        auto_from: None,
        now: Timestamp::UNIX_EPOCH,
    }
}

/// What a path brings: a message, a form, or a helpdesk's ticket.
fn source(example: &ExampleDocument) -> Source {
    let channel = example.channel.as_deref().map(ChannelId::from);
    if let Some(system) = &example.system {
        return Source::Helpdesk { system: system.clone(), external_id: String::new(), url: None };
    }
    match example.path {
        path @ (SlackPath::GlobalShortcut | SlackPath::SlashCommand) => Source::SlackForm { channel, path },
        path => Source::SlackMessage {
            channel: channel.unwrap_or_else(|| ChannelId::new("")),
            ts: MessageTs::new(""),
            thread: None,
            path,
        },
    }
}

/// An assessor takes the area from the category.
fn area(policy: &Policy, example: &ExampleDocument) -> String {
    let category = example.category.as_ref().map(|category| CategoryId::new(category.get_ref()));
    let known = policy.categories.iter().find(|known| Some(&known.id) == category.as_ref());
    known.map(|known| known.area.clone()).unwrap_or_default()
}

fn similar(number: u32) -> SimilarTicket {
    SimilarTicket { ticket: TicketId::new(u64::from(number) + 1), similarity: Confidence::from_probability(1.0) }
}

fn judged<T>(value: T, confidence: Confidence) -> Judged<T> {
    Judged { value, confidence, evidence: Vec::new() }
}
