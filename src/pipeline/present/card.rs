//! The triage card.

use deskbell_domain::action::{ActionRecord, ActionState};
use deskbell_domain::assessment::{Assessment, SentimentTrend};
use deskbell_domain::ids::{CategoryId, SquadId};
use deskbell_domain::interaction::About;
use deskbell_domain::knowledge::{Outcome, SolvingEnd};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Answer, Source, Status, Ticket, Verdict};
use deskbell_judgement::mrkdwn;
use jiff::Timestamp;

use super::{
    assessed_by, capitalised, category, conversation_url, escalation, issue, person, priority, priority_name,
    requester, severity, sla,
};
use crate::slack::messages::{AnsweringStage, CardStatus, CustomerRecord, IssueLink, SimilarTicket, TriageCard, Why};

/// The card as it stands now.
pub(in crate::pipeline) fn triage_card(policy: &Policy, ticket: &Ticket, similar: Vec<SimilarTicket>) -> TriageCard {
    let assessment = ticket.words.assessment.as_ref();
    let judged = assessment.and_then(|assessment| assessment.category.as_ref());
    let squad = ticket.squad.as_ref().and_then(|id| policy.squad(id));
    TriageCard {
        ticket_id: About { ticket: ticket.id, seen: ticket.shows() }.to_string(),
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        requester: requester(ticket),
        customer: customer(ticket),
        source_url: conversation_url(ticket),
        helpdesk: helpdesk(ticket),
        request: words_in_full(ticket),
        category: category(policy, ticket),
        area: assessment.map(|assessment| assessment.area.clone()).filter(|area| !area.is_empty()),
        urgency: assessment.map_or("normal", |assessment| assessment.urgency.value.as_str()).to_owned(),
        priority: priority(policy, ticket),
        requested_priority: requested_priority(policy, ticket),
        severity: severity(ticket.severity),
        confidence_percent: judged.map_or(0, |judged| u8::try_from(judged.confidence.percent()).unwrap_or(100)),
        assessed_by: assessment.map_or_else(String::new, |assessment| assessed_by(&assessment.assessor)),
        squad: squad.map_or_else(String::new, |squad| squad.name.clone()),
        squad_channel_id: squad.map(|squad| squad.channel.to_string()),
        queue: ticket.queue.as_ref().and_then(|id| policy.queues.get(id)).map(|queue| queue.name.clone()),
        why: why(policy, ticket),
        sla: sla(ticket),
        similar,
        issue: issue(ticket),
        warnings: warnings(ticket),
        escalation: escalation(ticket),
        suggestion: super::finding::suggestion(ticket),
        tried: super::finding::tried(ticket),
        under_way: None,
        undo: super::undoing::offer(policy, ticket),
        undone: super::undoing::undone(ticket),
        status: status(policy, ticket),
    }
}

fn customer(ticket: &Ticket) -> Option<CustomerRecord> {
    let found = ticket.words.enrichment.customer.as_ref().filter(|customer| customer.known)?;
    Some(CustomerRecord {
        account: found.account.clone(),
        tier: found.tier.clone(),
        owner: found.owner.clone(),
        open_cases: found.open_cases,
        open_opportunities: found.open_opportunities,
        entitlement: found.entitlement.clone(),
        earlier_tickets: found.earlier_tickets,
    })
}

fn helpdesk(ticket: &Ticket) -> Option<IssueLink> {
    match &ticket.source {
        Source::Helpdesk { system, external_id, url } => Some(IssueLink {
            tracker: capitalised(system),
            key: format!("#{external_id}"),
            url: url.clone(),
            status: None,
        }),
        Source::SlackMessage { .. } | Source::SlackForm { .. } => None,
    }
}

/// What was asked, where nobody who reads the card finds it beside it: a form's and a helpdesk's words, and those of a message
/// in another conversation.
fn words_in_full(ticket: &Ticket) -> Option<String> {
    let text = ticket.words.text();
    let shown = match &ticket.source {
        Source::SlackMessage { channel, .. } if *channel == ticket.card.channel => return None,
        // Slack's own markup would mention people anew.
        Source::SlackMessage { .. } => mrkdwn::plain(&text),
        Source::SlackForm { .. } | Source::Helpdesk { .. } => text,
    };
    let shown: String = shown.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty() && !ticket.words.erased)
}

/// What to know before acting: what the rules met, and that a solution or a dismissal did not hold.
fn warnings(ticket: &Ticket) -> Vec<String> {
    let reopened = ticket.reopened_at().filter(|_| ticket.status.is_open());
    let decided = ticket.decision.iter().flat_map(|decision| decision.warnings.clone());
    let said = if ticket.asks_again() {
        "Asked again: it was dismissed before, and the requester answered"
    } else {
        "Reopened: the requester says that it is not solved"
    };
    let souring = souring(ticket).then(|| "The requester's tone is getting worse".to_owned());
    reopened.map(|_| said.to_owned()).into_iter().chain(souring).chain(decided).collect()
}

/// As long as somebody can still do something about it.
fn souring(ticket: &Ticket) -> bool {
    let trend = ticket.words.assessment.as_ref().and_then(|assessment| assessment.sentiment_trend.as_ref());
    ticket.status.is_open() && trend.is_some_and(|trend| trend.value == SentimentTrend::Worsening)
}

/// Only where it is another than the ticket's.
fn requested_priority(policy: &Policy, ticket: &Ticket) -> Option<String> {
    let requested = ticket.requested_priority.as_ref().filter(|asked| ticket.priority.as_ref() != Some(asked));
    requested.map(|id| priority_name(policy, id))
}

fn why(policy: &Policy, ticket: &Ticket) -> Why {
    let evidence = ticket.words.assessment.as_ref().map(Assessment::evidence).unwrap_or_default();
    let Some(decision) = &ticket.decision else {
        return Why { rules: Vec::new(), reason: String::new(), runner_up: None, evidence };
    };
    let name = |id: &deskbell_domain::ids::SquadId| {
        policy.squad(id).map_or_else(|| id.to_string(), |squad| squad.name.clone())
    };
    Why {
        rules: decision.matched.iter().map(|matched| matched.rule.to_string()).collect(),
        reason: decision.reason.clone(),
        runner_up: decision.runner_up.as_ref().map(name),
        evidence,
    }
}

fn status(policy: &Policy, ticket: &Ticket) -> CardStatus {
    let closed_unix = || ticket.closed_at.map_or(0, Timestamp::as_second);
    match ticket.status {
        Status::Received | Status::AwaitingConfirmation => {
            let expired_unix = ticket.expired_at.map(Timestamp::as_second);
            CardStatus::Awaiting { expires_unix: expires(policy, ticket), expired_unix }
        }
        Status::Answering => answering(ticket),
        Status::Parked => parked(ticket),
        Status::Resolved if ended_in_silence(ticket) => CardStatus::Unconfirmed { at_unix: closed_unix() },
        Status::Resolved => CardStatus::Resolved { by_user_id: resolver(ticket), at_unix: closed_unix() },
        Status::Dismissed => dismissed(ticket, closed_unix()),
        Status::Dispatching | Status::Following => decided(policy, ticket),
    }
}

fn answering(ticket: &Ticket) -> CardStatus {
    let offered = ticket.open_offer().map(|offer| offer.at);
    let since = offered.or_else(|| ticket.solving.as_ref().map(|solving| solving.since)).unwrap_or(ticket.received_at);
    let asked = ticket.solving.as_ref().and_then(|solving| solving.asked_back.as_ref());
    let (stage, since) = match asked.filter(|_| ticket.waits_for_more()) {
        Some(asked) => (AnsweringStage::AskedBack, asked.at),
        None if offered.is_some() => (AnsweringStage::Answered, since),
        None => (AnsweringStage::Seeking, since),
    };
    CardStatus::Answering { since_unix: since.as_second(), stage }
}

/// Nobody confirmed that it is solved.
fn ended_in_silence(ticket: &Ticket) -> bool {
    let silent = ticket.solving.as_ref().is_some_and(|solving| solving.end == Some(SolvingEnd::Silent));
    silent && ticket.approval().is_none()
}

/// When the confirmation expires, as long as that is still to come.
pub(super) fn expires(policy: &Policy, ticket: &Ticket) -> Option<i64> {
    let decided = ticket.decision.as_ref().filter(|_| ticket.expired_at.is_none())?.at;
    decided.checked_add(policy.confirmation.expire_after).ok().map(Timestamp::as_second)
}

fn parked(ticket: &Ticket) -> CardStatus {
    let waiting = ticket.standing_actions().find(|record| matches!(record.state, ActionState::Parked { .. }));
    let since = waiting.and_then(|record| record.since).map_or_else(|| decided_unix(ticket), Timestamp::as_second);
    CardStatus::Parked { step: waiting.map_or("A step", step).to_owned(), at_unix: since }
}

/// An action in words.
pub(in crate::pipeline) fn step(record: &ActionRecord) -> &str {
    match record.name.as_str() {
        "create_issue" => "Creating the issue",
        "comment" => "Commenting on the issue",
        "transition" => "Moving the issue",
        "set_priority" => "Setting the issue's priority",
        "assign" => "Assigning the issue",
        "add_labels" => "Labelling the issue",
        "remove_labels" => "Taking labels off the issue",
        "create_story" => "Creating the story",
        "update_ticket" => "Updating the helpdesk's ticket",
        "post_message" => "Posting the message",
        "write_back" => "Writing back to the customer's record",
        // A company's own, as it calls it.
        custom => custom,
    }
}

fn resolver(ticket: &Ticket) -> Option<String> {
    let resolved = |kind: &deskbell_domain::notice::NoticeKind| match kind {
        deskbell_domain::notice::NoticeKind::Resolved { by } => Some(by.to_string()),
        _ => None,
    };
    let by_word =
        ticket.offers.last().and_then(|offer| offer.end.as_ref()).filter(|end| end.outcome == Outcome::Solved);
    let by_word = by_word.and_then(|end| end.by.as_ref()).map(ToString::to_string);
    ticket.notices.iter().rev().find_map(|notice| resolved(&notice.kind)).or(by_word)
}

fn decided_unix(ticket: &Ticket) -> i64 {
    let answered = ticket.answer.as_ref().map(|answer| answer.at);
    answered.or_else(|| ticket.decision.as_ref().map(|decision| decision.at)).unwrap_or(ticket.received_at).as_second()
}

fn dismissed(ticket: &Ticket, at_unix: i64) -> CardStatus {
    match ticket.answer.as_ref().map(|answer| (&answer.verdict, person(&answer.by))) {
        Some((Verdict::Expired, _)) => CardStatus::Expired { at_unix, outcome: "closed without action".to_owned() },
        Some((_, Some(by_user_id))) => CardStatus::Dismissed { by_user_id, at_unix },
        // Nobody answered: the requester deleted what they had asked.
        _ => CardStatus::Withdrawn { by_user_id: ticket.requester.to_string(), at_unix },
    }
}

/// What the person who confirmed made another than what the rules proposed.
fn changes(policy: &Policy, ticket: &Ticket) -> Vec<String> {
    let Some(proposed) = &ticket.decision else { return Vec::new() };
    let squad = |id: &SquadId| policy.squad(id).map_or_else(|| id.to_string(), |squad| squad.name.clone());
    let known = |id: &CategoryId| policy.category(id).map_or_else(|| id.to_string(), |category| category.name.clone());
    let pairs = [
        ("squad", Some(squad(&proposed.squad)), ticket.squad.as_ref().map(squad)),
        (
            "priority",
            Some(priority_name(policy, &proposed.priority)),
            ticket.priority.as_ref().map(|id| priority_name(policy, id)),
        ),
        ("category", proposed.category.as_ref().map(known), ticket.category.as_ref().map(known)),
    ];
    let other = pairs.into_iter().filter(|(_, from, to)| from != to);
    let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    other.map(|(what, from, to)| format!("{what} {} → {}", shown(from), shown(to))).collect()
}

fn decided(policy: &Policy, ticket: &Ticket) -> CardStatus {
    match &ticket.answer {
        Some(Answer { verdict: Verdict::Expired, at, .. }) => {
            CardStatus::Expired { at_unix: at.as_second(), outcome: "carried out as proposed".to_owned() }
        }
        Some(Answer { verdict, by: Actor::Person(by), at }) => CardStatus::Confirmed {
            by_user_id: by.to_string(),
            at_unix: at.as_second(),
            changed: *verdict == Verdict::Changed,
            changes: if *verdict == Verdict::Changed { changes(policy, ticket) } else { Vec::new() },
        },
        _ => CardStatus::Auto { rule: deciding_rule(ticket), at_unix: decided_unix(ticket) },
    }
}

fn deciding_rule(ticket: &Ticket) -> String {
    let by = ticket.approval().map(deskbell_domain::action::Approval::by);
    match by {
        Some(Actor::Rule(rule)) => rule.to_string(),
        _ => "the policy's default".to_owned(),
    }
}
