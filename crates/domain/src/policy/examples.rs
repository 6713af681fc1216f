//! A rule's own examples, tried when the policy is loaded: a rule that does not do what its author thinks is
//! refused before it meets a ticket.

use std::ops::Range;

use jiff::Timestamp;

use super::document::{ExampleDocument, RuleDocument};
use super::{Policy, facts};
use crate::assessment::{Assessment, AssessorName, Confidence, Judged, Sentiment, Urgency};
use crate::decision::{Customer, DecisionInputs, Load, RequestedPriority, TicketFacts};
use crate::ids::{CategoryId, ChannelId, PersonId, PriorityId, SquadId};
use crate::ticket::{Severity, SlackPath, Source};

/// Each example that does not hold: where it stands and what happened instead.
pub(super) fn failures(policy: &Policy, rules: &[RuleDocument]) -> Vec<(Range<usize>, String)> {
    let mut failures = Vec::new();
    for (rule, written) in policy.rules.iter().zip(rules) {
        for example in &written.examples {
            let stated = example.get_ref();
            let outcome = facts::inputs(policy, &inputs(stated))
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

fn inputs(example: &ExampleDocument) -> DecisionInputs {
    let confidence = Confidence::from_probability(example.confidence.unwrap_or(1.0));
    DecisionInputs {
        ticket: TicketFacts {
            text: example.text.clone(),
            source: Source::SlackForm {
                channel: example.channel.as_deref().map(ChannelId::from),
                path: SlackPath::WatchedChannel,
            },
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
            area: String::new(),
            squad: None,
            urgency: judged(example.urgency.unwrap_or(Urgency::Normal), confidence),
            sentiment: judged(example.sentiment.unwrap_or(Sentiment::Neutral), confidence),
            language: example.language.clone().unwrap_or_else(|| "en".to_owned()),
            summary: String::new(),
            similar: Vec::new(),
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
        now: Timestamp::UNIX_EPOCH,
    }
}

fn judged<T>(value: T, confidence: Confidence) -> Judged<T> {
    Judged { value, confidence, evidence: Vec::new() }
}
