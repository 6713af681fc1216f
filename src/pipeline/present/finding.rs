//! What the knowledge base says, as people see it.

use deskbell_domain::action::{ActionRecord, ActionState};
use deskbell_domain::assessment::AssessorName;
use deskbell_domain::knowledge::{Citation, Finding, Outcome, SolvingEnd, Statement as Stated, Unanswered};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Status, Ticket};

use crate::mcp_host::FoundPassage;
use crate::pipeline::knowledge::{Brought, Reading};
use crate::slack::messages::{
    AnswerKind, AnswerOutcome, AnswerStep, KbAnswer, Passage, Source, Statement, StepState, Suggestion, ThreadEvent,
    TriedAnswer,
};

/// Passages that are shown without being said as an answer.
const NEAR: usize = 3;

/// What is said to a question.
#[derive(Debug)]
pub(in crate::pipeline) struct Said {
    question: String,
    kind: AnswerKind,
    /// The answer, if there is one.
    pub finding: Option<Finding>,
    /// What was found besides.
    pub near: Vec<FoundPassage>,
    without: Vec<String>,
}

impl Said {
    /// From what the servers brought and what was made of it.
    pub fn of(question: &str, brought: &Brought, reading: Reading) -> Self {
        let untold = || brought.passages.iter().filter(|passage| passage.confidence.is_none()).cloned();
        let (kind, finding, near): (_, _, Vec<FoundPassage>) = match reading {
            Reading::Answer(finding) => (AnswerKind::Answer, Some(finding), untold().collect()),
            Reading::Thin(_) if untold().next().is_some() => (AnswerKind::Found, None, untold().collect()),
            Reading::Thin(Unanswered::Nothing | Unanswered::Failed) => (AnswerKind::Nothing, None, Vec::new()),
            Reading::Thin(_) => (AnswerKind::Thin, None, brought.passages.clone()),
        };
        let near = near.into_iter().take(NEAR).collect();
        Self { question: question.to_owned(), kind, finding, near, without: brought.without.clone() }
    }

    /// From what was kept of it.
    pub fn again(question: &str, finding: Option<Finding>) -> Self {
        let kind = if finding.is_some() { AnswerKind::Answer } else { AnswerKind::Found };
        Self { question: question.to_owned(), kind, finding, near: Vec::new(), without: Vec::new() }
    }
}

/// The answer to somebody who asked; `answer_id` is what its buttons are about.
pub(in crate::pipeline) fn kb_answer(said: &Said, answer_id: Option<String>) -> KbAnswer {
    let near = said.near.iter().map(|passage| Passage {
        title: titled(&passage.title, passage.headings.last().map(String::as_str)),
        snippet: passage.snippet.clone(),
        url: passage.url.clone(),
    });
    KbAnswer {
        answer_id,
        question: Some(said.question.clone()),
        kind: said.kind.clone(),
        written_by: said.finding.as_ref().and_then(writer),
        statements: said.finding.iter().flat_map(|finding| statements(&finding.statements)).collect(),
        sources: said.finding.iter().flat_map(|finding| sources(&finding.sources)).collect(),
        near: near.collect(),
        without: Some(said.without.join(", ")).filter(|without| !without.is_empty()),
        outcome: None,
        steps: Vec::new(),
    }
}

/// The answer to a ticket's requester, and what became of it; `None` once its words are gone.
pub(super) fn ticket_answer(
    policy: &Policy,
    ticket: &Ticket,
    number: u64,
    reply_within: Option<String>,
) -> Option<KbAnswer> {
    let finding = ticket.words.answers.get(&number)?;
    let outcome = outcome(policy, ticket, number, reply_within);
    Some(KbAnswer {
        answer_id: Some(ticket.id.to_string()).filter(|_| outcome.is_none()),
        question: None,
        kind: AnswerKind::Answer,
        written_by: writer(finding),
        statements: statements(&finding.statements).collect(),
        sources: sources(&finding.sources).collect(),
        near: Vec::new(),
        without: None,
        outcome,
        steps: ticket.solving_actions().map(step).collect(),
    })
}

/// What the bot did along with its answer.
fn step(record: &ActionRecord) -> AnswerStep {
    let state = match record.state {
        ActionState::Pending => StepState::UnderWay,
        ActionState::Done { .. } => StepState::Done,
        ActionState::TakenOver { .. } => StepState::ByHand,
        ActionState::Parked { .. } | ActionState::Skipped { .. } | ActionState::Withdrawn { .. } => StepState::Failed,
    };
    AnswerStep { name: record.name.replace('_', " "), state }
}

fn outcome(policy: &Policy, ticket: &Ticket, number: u64, reply_within: Option<String>) -> Option<AnswerOutcome> {
    let offer = ticket.offers.iter().find(|offer| offer.answer == number)?;
    let handed_to = ticket.approval().and_then(|_| squad(policy, ticket)).filter(|_| !ticket.outsiders_read);
    let Some(end) = &offer.end else {
        // The requester may still say what it was worth, whoever has the ticket.
        return (!ticket.status.is_open()).then_some(AnswerOutcome::HandedOver { handed_to });
    };
    let by = end.by.as_ref().map(ToString::to_string);
    Some(match (end.outcome, by) {
        (Outcome::Solved, Some(by_user_id)) => AnswerOutcome::Solved {
            by_user_id,
            reply_within: reply_within.filter(|_| ticket.status == Status::Resolved),
        },
        (Outcome::NotHelpful, Some(by_user_id)) => AnswerOutcome::NotHelpful { by_user_id, handed_to },
        (Outcome::AskedPerson, Some(by_user_id)) => AnswerOutcome::AskedPerson { by_user_id, handed_to },
        (Outcome::Silent, _) | (_, None) => AnswerOutcome::HandedOver { handed_to },
    })
}

fn squad(policy: &Policy, ticket: &Ticket) -> Option<String> {
    ticket.squad.as_ref().and_then(|id| policy.squad(id)).map(|squad| squad.name.clone())
}

/// What a requester is asked where nothing answers surely, and what became of it.
pub(super) fn asked_back(ticket: &Ticket) -> ThreadEvent {
    ThreadEvent::AskedBack {
        ticket_id: ticket.waits_for_more().then(|| ticket.id.to_string()),
        near: sources(&ticket.words.near).take(NEAR).collect(),
    }
}

/// What the card suggests.
pub(super) fn suggestion(ticket: &Ticket) -> Option<Suggestion> {
    let finding = ticket.words.suggestion.as_ref()?;
    let is_sending = ticket.sending.is_some();
    Some(Suggestion {
        statements: statements(&finding.statements).collect(),
        sources: sources(&finding.sources).collect(),
        confidence_percent: u8::try_from(finding.confidence.percent()).unwrap_or(100),
        can_send: ticket.status.is_open() && ticket.can_be_answered() && ticket.open_offer().is_none(),
        is_sending,
    })
}

/// What the requester was answered last, for those who work on it: they are others, and may not read every page.
pub(super) fn tried(ticket: &Ticket) -> Option<TriedAnswer> {
    let ended = ticket.solving.as_ref().and_then(|solving| solving.end.as_ref()).map(SolvingEnd::as_words);
    let Some(offer) = ticket.offers.last() else {
        let outcome = with_steps(ticket, ended?);
        return Some(TriedAnswer { is_answered: false, sources: Vec::new(), outcome });
    };
    let finding = ticket.words.answers.get(&offer.answer)?;
    let said = offer.end.as_ref().map(|end| match end.outcome {
        Outcome::Solved => SolvingEnd::Confirmed.as_words(),
        Outcome::NotHelpful => SolvingEnd::NotHelpful.as_words(),
        Outcome::AskedPerson => "the requester asked for a person",
        Outcome::Silent => SolvingEnd::Silent.as_words(),
    });
    let outcome = said.or(ended).unwrap_or("the requester has not said yet whether it helps");
    let public: Vec<Citation> = finding.sources.iter().filter(|source| source.is_public).cloned().collect();
    Some(TriedAnswer { is_answered: true, sources: sources(&public).collect(), outcome: with_steps(ticket, outcome) })
}

/// What the bot did along with its answer people must know of, too.
fn with_steps(ticket: &Ticket, outcome: &str) -> String {
    let said = |record: &ActionRecord| {
        let AnswerStep { name, state } = step(record);
        let state = match state {
            StepState::Done => "done",
            StepState::UnderWay => "under way",
            StepState::ByHand => "left to a person",
            StepState::Failed => "not done",
        };
        format!("{name}: {state}")
    };
    let steps: Vec<String> = ticket.solving_actions().map(said).collect();
    if steps.is_empty() { outcome.to_owned() } else { format!("{outcome} ({})", steps.join(", ")) }
}

fn writer(finding: &Finding) -> Option<String> {
    match &finding.by {
        AssessorName::Llm(name) => Some(name.clone()),
        AssessorName::Keywords | AssessorName::Local | AssessorName::Nobody => None,
    }
}

fn statements(stated: &[Stated]) -> impl Iterator<Item = Statement> {
    stated.iter().map(|stated| Statement { text: stated.text.clone(), sources: stated.sources.clone() })
}

fn sources(cited: &[Citation]) -> impl Iterator<Item = Source> {
    (1..).zip(cited).map(|(number, cited)| Source {
        number,
        title: titled(&cited.title, Some(cited.heading.as_str())),
        url: cited.url.clone(),
        version: cited.version.clone(),
    })
}

fn titled(title: &str, heading: Option<&str>) -> String {
    match heading {
        Some(heading) if !heading.is_empty() && heading != title => format!("{title} › {heading}"),
        _ => title.to_owned(),
    }
}
