//! What a rule's condition may speak of, and how a decision's inputs become that.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Policy;
use super::condition::{Field, InputError, Inputs, ObjectType, Schema, Type, Vocabularies, Vocabulary};
use crate::assessment::{Complexity, Sentiment, SentimentTrend, Urgency};
use crate::decision::{Customer, DecisionInputs};
use crate::ticket::{Severity, SlackPath, Source};

const fn field(name: &'static str, of: Type, doc: &'static str) -> Field {
    Field { name, of, doc }
}

static TICKET: ObjectType = ObjectType {
    name: "ticket",
    fields: &[
        field("text", Type::String, "everything the requester wrote, a line a message"),
        field("source", Type::String, "`slack_message`, `slack_form` or `helpdesk`"),
        field("channel", Type::String, "Slack channel id; empty for helpdesk tickets"),
        field("system", Type::String, "helpdesk's name; empty for Slack"),
        field(
            "path",
            Type::String,
            "`watched_channel`, `mention`, `direct_message`, `reaction`, `message_shortcut`, `global_shortcut`, `slash_command`; empty for helpdesk tickets",
        ),
        field("external", Type::Bool, "the requester belongs to another organisation (Slack Connect)"),
        field("severity", Type::Int, "so far, 1 (worst) to 4"),
        field("received_at", Type::Timestamp, "when the first message was accepted"),
        field("requested_priority", Type::String, "priority id that the requester chose in the form; empty when none"),
    ],
};

static ASSESSMENT: ObjectType = ObjectType {
    name: "assessment",
    fields: &[
        field("category", Type::String, "category id; empty when the assessor does not know"),
        field("category_confidence", Type::Double, "0.0 to 1.0"),
        field("area", Type::String, "technical area in a word"),
        field("area_confidence", Type::Double, "0.0 to 1.0: the category's; 0.0 without an area"),
        field("squad", Type::String, "squad the assessor suggests; empty when none"),
        field("squad_confidence", Type::Double, "0.0 to 1.0"),
        field("urgency", Type::String, "`low`, `normal`, `high` or `critical`"),
        field("urgency_confidence", Type::Double, "0.0 to 1.0"),
        field("sentiment", Type::String, "`positive`, `neutral` or `negative`"),
        field("sentiment_trend", Type::String, "in the thread: `improving`, `steady` or `worsening`"),
        field(
            "complexity",
            Type::String,
            "`answerable` by what is written, or `needs_person`; empty when the assessor does not know",
        ),
        field("complexity_confidence", Type::Double, "0.0 to 1.0"),
        field("request_confidence", Type::Double, "0.0 to 1.0: that it asks for something at all"),
        field("language", Type::String, "ISO 639-1 code, or `und`"),
        field("language_confidence", Type::Double, "0.0 to 1.0"),
        field("similar", Type::Int, "number of similar tickets found"),
    ],
};

static CUSTOMER: ObjectType = ObjectType {
    name: "customer",
    fields: &[
        field("known", Type::Bool, "a look-up answered"),
        field("tier", Type::String, "for example `enterprise`; empty when unknown"),
        field("account", Type::String, "the account's name; empty when unknown"),
        field("open_cases", Type::Int, "open cases elsewhere; 0 when unknown"),
        field("owner", Type::String, "who looks after the account; empty when unknown"),
        field("open_opportunities", Type::Int, "open opportunities; 0 when unknown"),
        field("entitlement", Type::String, "support they are entitled to; empty when unknown"),
        field("earlier_tickets", Type::Int, "tickets they had before; 0 when unknown"),
    ],
};

static INT: Type = Type::Int;

static LOAD: ObjectType = ObjectType {
    name: "load",
    fields: &[
        field("squads", Type::Map(&INT), "open tickets by squad id; every squad of the policy is there"),
        field("queues", Type::Map(&INT), "open tickets by queue id; every queue of the policy is there"),
    ],
};

static HELPDESK: ObjectType = ObjectType {
    name: "helpdesk",
    fields: &[
        field("known", Type::Bool, "a look-up answered"),
        field(
            "queues",
            Type::Map(&INT),
            "tickets in the helpdesk by queue id; every queue of the policy is there, 0 when unknown",
        ),
    ],
};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::new(vec![
        field("ticket", Type::Object(&TICKET), "the request"),
        field("assessment", Type::Object(&ASSESSMENT), "what the assessor found"),
        field("customer", Type::Object(&CUSTOMER), "who asks"),
        field("load", Type::Object(&LOAD), "open work now"),
        field("helpdesk", Type::Object(&HELPDESK), "the helpdesk's own queues"),
    ])
});

/// The variables of every condition.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// The names that a policy defines.
pub(super) struct Known {
    pub squads: Vec<String>,
    pub queues: Vec<String>,
    pub priorities: Vec<String>,
    pub categories: Vec<String>,
    pub areas: Vec<String>,
}

/// What the fields can hold at all, where that is known.
pub(super) fn vocabularies(known: &Known) -> Vocabularies {
    let urgencies = [Urgency::Low, Urgency::Normal, Urgency::High, Urgency::Critical].map(Urgency::as_str);
    let sentiments = [Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative].map(Sentiment::as_str);
    let trends =
        [SentimentTrend::Improving, SentimentTrend::Steady, SentimentTrend::Worsening].map(SentimentTrend::as_str);
    let complexities = [Complexity::Answerable, Complexity::NeedsPerson].map(Complexity::as_str);
    let queue = || Vocabulary::one_of("queue", &known.queues);
    let confidence = || Vocabulary::between("a confidence", 0.0, 1.0);
    let [worst, mildest] = [Severity::WORST, Severity::MILDEST].map(|severity| f64::from(severity.level()));
    Vocabularies::new([
        ("ticket.source", Vocabulary::one_of("source", SOURCES)),
        ("ticket.path", Vocabulary::one_of_or_nothing("path", SlackPath::ALL.map(SlackPath::as_str))),
        (
            "ticket.channel",
            Vocabulary::shaped("channel id", is_channel, "C0123ABC, from the channel's details in Slack"),
        ),
        ("ticket.severity", Vocabulary::between("a severity", worst, mildest)),
        ("ticket.requested_priority", Vocabulary::one_of_or_nothing("priority", &known.priorities)),
        ("assessment.category", Vocabulary::one_of_or_nothing("category", &known.categories)),
        ("assessment.area", Vocabulary::one_of_or_nothing("area of a category", &known.areas)),
        ("assessment.squad", Vocabulary::one_of_or_nothing("squad", &known.squads)),
        ("assessment.urgency", Vocabulary::one_of("urgency", urgencies)),
        ("assessment.sentiment", Vocabulary::one_of("sentiment", sentiments)),
        ("assessment.sentiment_trend", Vocabulary::one_of("sentiment trend", trends)),
        ("assessment.complexity", Vocabulary::one_of_or_nothing("complexity", complexities)),
        ("assessment.language", Vocabulary::shaped("language", is_language, "\"en\", \"de\" …, or \"und\"")),
        ("assessment.category_confidence", confidence()),
        ("assessment.squad_confidence", confidence()),
        ("assessment.urgency_confidence", confidence()),
        ("assessment.complexity_confidence", confidence()),
        ("assessment.request_confidence", confidence()),
        ("load.squads[]", Vocabulary::one_of("squad", &known.squads)),
        ("load.queues[]", queue()),
        ("helpdesk.queues[]", queue()),
    ])
}

fn is_channel(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(['C', 'G', 'D'])
        && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'))
}

fn is_language(text: &str) -> bool {
    text == "und" || text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// What `ticket.source` can be.
const SOURCES: [&str; 3] = ["slack_message", "slack_form", "helpdesk"];

/// A decision's inputs as the conditions read them.
///
/// # Errors
/// Never for inputs built by Deskbell; the error names the field all the same.
pub fn inputs(policy: &Policy, inputs: &DecisionInputs) -> Result<Inputs, InputError> {
    Inputs::new(schema(), &as_json(policy, inputs))
}

fn as_json(policy: &Policy, inputs: &DecisionInputs) -> Value {
    json!({
        "ticket": ticket(inputs),
        "assessment": assessment(inputs),
        "customer": customer(&inputs.customer),
        "load": {
            "squads": with_zeroes(policy.squads.keys().map(|id| (id.as_str(), inputs.load.squads.get(id)))),
            "queues": with_zeroes(policy.queues.keys().map(|id| (id.as_str(), inputs.load.queues.get(id)))),
        },
        "helpdesk": helpdesk(policy, inputs),
    })
}

fn helpdesk(policy: &Policy, inputs: &DecisionInputs) -> Value {
    let tickets = |id| inputs.queue_load.as_ref().and_then(|queues| queues.get(id));
    json!({
        "known": inputs.queue_load.is_some(),
        "queues": with_zeroes(policy.queues.keys().map(|id| (id.as_str(), tickets(id)))),
    })
}

fn with_zeroes<'a>(counts: impl Iterator<Item = (&'a str, Option<&'a u32>)>) -> Value {
    counts.map(|(name, count)| (name.to_owned(), json!(count.copied().unwrap_or(0)))).collect()
}

fn ticket(inputs: &DecisionInputs) -> Value {
    let facts = &inputs.ticket;
    let (source, channel, system, path) = match &facts.source {
        Source::SlackMessage { channel, path, .. } => ("slack_message", Some(channel), None, Some(path)),
        Source::SlackForm { channel, path } => ("slack_form", channel.as_ref(), None, Some(path)),
        Source::Helpdesk { system, .. } => ("helpdesk", None, Some(system), None),
    };
    json!({
        "text": facts.text,
        "source": source,
        "channel": channel,
        "system": system,
        "path": path,
        "external": facts.requester_is_external,
        "severity": facts.severity.level(),
        "received_at": facts.received_at,
        "requested_priority": facts.requested_priority.as_ref().map(|requested| &requested.priority),
    })
}

fn assessment(inputs: &DecisionInputs) -> Value {
    let found = &inputs.assessment;
    json!({
        "category": found.category.as_ref().map(|judged| &judged.value),
        "category_confidence": found.category.as_ref().map(|judged| judged.confidence.probability()),
        "area": found.area,
        "area_confidence": found.area_confidence().probability(),
        "squad": found.squad.as_ref().map(|judged| &judged.value),
        "squad_confidence": found.squad.as_ref().map(|judged| judged.confidence.probability()),
        "urgency": found.urgency.value.as_str(),
        "urgency_confidence": found.urgency.confidence.probability(),
        "sentiment": found.sentiment.value.as_str(),
        "sentiment_trend": found.sentiment_trend.as_ref().map_or(SentimentTrend::Steady, |judged| judged.value).as_str(),
        "complexity": found.complexity.as_ref().map(|judged| judged.value.as_str()),
        "complexity_confidence": found.complexity.as_ref().map(|judged| judged.confidence.probability()),
        "request_confidence": found.request_probability(),
        "language": found.language,
        "language_confidence": found.language_confidence.probability(),
        "similar": found.similar.len(),
    })
}

fn customer(customer: &Customer) -> Value {
    json!({
        "known": customer.known,
        "tier": customer.tier,
        "account": customer.account,
        "open_cases": customer.open_cases,
        "owner": customer.owner,
        "open_opportunities": customer.open_opportunities,
        "entitlement": customer.entitlement,
        "earlier_tickets": customer.earlier_tickets,
    })
}
