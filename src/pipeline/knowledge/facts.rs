//! What the bot looks up for an answer with tools that only read, where the rule that lets it answer names them. A fact is about
//! whoever asked: it is told to them alone, unless everybody may read it.

use std::time::Duration;

use deskbell_domain::assessment::{AssessorName, Confidence};
use deskbell_domain::knowledge::{Finding, Purpose, Statement, Unanswered};
use deskbell_domain::ticket::Ticket;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use super::super::World;
use super::super::enrich::{Nothing, requester};
use super::super::perform::Undone;
use super::{Reading, citation};
use crate::mcp_host::{Fact as Binding, FoundPassage};
use crate::store::ClaimedJob;

/// What a tool says stands as it says.
const SURE: f64 = 0.95;

/// What came of looking facts up.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Facts {
    /// In the order of the rule.
    pub told: Vec<Fact>,
    /// Why one that answers by itself is not told, where that is no fault of the question's.
    pub untold: Option<Unanswered>,
}

/// A fact that was looked up.
#[derive(Debug)]
pub(in crate::pipeline) struct Fact {
    /// It answers by itself.
    pub answers: bool,
    /// What it says, as if a page said it.
    pub said: FoundPassage,
}

impl World {
    /// What the ticket's rule lets the bot tell, as far as it is known. What a tool does not say in time is left out.
    pub(super) async fn facts(&self, job: &ClaimedJob, ticket: &Ticket, question: &str) -> Result<Facts, Undone> {
        let named = ticket.decision.iter().flat_map(|decision| &decision.facts);
        let bound = named.filter_map(|name| self.lookups.facts.get(name));
        let is_told = |fact: &&Binding| fact.everybody || is_told_alone(ticket);
        let (told, withheld): (Vec<&Binding>, Vec<&Binding>) = bound.partition(is_told);
        let asked = told.into_iter().map(|fact| self.fact(job, ticket, question, fact));
        let is_withheld = withheld.iter().any(|fact| fact.answers && fact.found(question).is_some());
        let mut facts = Facts { told: Vec::new(), untold: is_withheld.then_some(Unanswered::NotHere) };
        for found in join_all(asked).await {
            match found? {
                Outcome::Told(fact) => facts.told.push(*fact),
                Outcome::Failed { answers: true } => facts.untold = Some(Unanswered::Failed),
                Outcome::NotAsked | Outcome::Failed { answers: false } => {}
            }
        }
        Ok(facts)
    }

    async fn fact(&self, job: &ClaimedJob, ticket: &Ticket, question: &str, fact: &Binding) -> Result<Outcome, Undone> {
        let Some(found) = fact.found(question) else { return Ok(Outcome::NotAsked) };
        let lookup = fact.lookup();
        let until = Instant::now() + Duration::try_from(lookup.deadline).unwrap_or_default();
        let asked = async {
            let profile = self.profile(ticket, until).await?;
            let mut context = requester(ticket, profile);
            if let Some(context) = context.as_object_mut() {
                context.insert("found".to_owned(), json!(found));
            }
            self.look_up_with(job, lookup, &context, until).await
        };
        let why = match asked.await {
            Ok(answer) => match fact.told(&answer) {
                Some(told) => return Ok(Outcome::Told(Box::new(as_passage(fact, told)))),
                None => "it says nothing that could be told".to_owned(),
            },
            Err(Nothing::Store(error)) => return Err(error.into()),
            Err(Nothing::From(_, not_read)) => not_read.reason,
            Err(Nothing::Late) => "no answer in time".to_owned(),
        };
        tracing::warn!(job = %job.id, lookup = lookup.name, reason = why, "a fact is left out of an answer");
        Ok(Outcome::Failed { answers: fact.answers })
    }
}

/// What came of one.
enum Outcome {
    Told(Box<Fact>),
    /// The request holds nothing that its tool could be asked about.
    NotAsked,
    Failed {
        answers: bool,
    },
}

/// Nobody else reads the answer, and whoever does is known by more than what they say of themselves.
fn is_told_alone(ticket: &Ticket) -> bool {
    ticket.readers_of(Purpose::Answer).is_none() && !ticket.outsiders_read && !ticket.requester_is_external
}

fn as_passage(fact: &Binding, told: String) -> Fact {
    let lookup = fact.lookup();
    let said = FoundPassage {
        server: lookup.server.clone(),
        passage: String::new(),
        title: fact.title.clone(),
        headings: Vec::new(),
        text: Some(told.clone()),
        snippet: told,
        url: None,
        version: None,
        updated: None,
        confidence: Some(Confidence::from_probability(SURE)),
        is_public: fact.everybody,
    };
    Fact { answers: fact.answers, said }
}

/// The facts stand before what the pages say.
pub(super) fn told_with(finding: Finding, facts: &[Fact]) -> Finding {
    let before = u32::try_from(facts.len()).unwrap_or(u32::MAX);
    let mut told = quoted(facts.iter());
    let moved = |statement: Statement| {
        let sources = statement.sources.into_iter().map(|source| source.saturating_add(before)).collect();
        Statement { sources, ..statement }
    };
    told.statements.extend(finding.statements.into_iter().map(moved));
    told.sources.extend(finding.sources);
    Finding { statements: told.statements, sources: told.sources, ..finding }
}

/// Facts that answer by themselves, where the pages do not; else why there is no answer.
pub(super) fn or_told_alone(why: Unanswered, facts: &Facts) -> Reading {
    if facts.told.iter().any(|fact| fact.answers) {
        return Reading::Answer(quoted(facts.told.iter()));
    }
    Reading::Thin(facts.untold.unwrap_or(why))
}

fn quoted<'a>(facts: impl Iterator<Item = &'a Fact>) -> Finding {
    let (mut statements, mut sources) = (Vec::new(), Vec::new());
    for (number, fact) in (1..).zip(facts) {
        statements.push(Statement { text: fact.said.snippet.clone(), sources: vec![number] });
        sources.push(citation(&fact.said));
    }
    let confidence = Confidence::from_probability(SURE);
    Finding { number: 0, by: AssessorName::Nobody, statements, sources, confidence }
}
