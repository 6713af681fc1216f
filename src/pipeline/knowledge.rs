//! What the knowledge servers say to a question, and for whom: every question goes this way, from `/kb`, a direct message, a
//! thread or a ticket.
//!
//! [`readers`] says who will read the answer, [`questions`] answers people who ask, [`tickets`] suggests on cards and answers
//! where a rule lets the bot, [`facts`] looks up what the rule lets it tell besides, [`ranking`] and [`wording`] have a language model put passages in order and in words, [`outcomes`] keeps what people make of it, [`clicks`] carries out what a click allows that belongs
//! to no ticket, [`agents`] asks for other agents, [`lessons`] hands over what resolved tickets taught, [`gaps`] lists what the knowledge lacks.

mod agents;
mod clicks;
mod facts;
mod gaps;
mod lessons;
mod outcomes;
mod questions;
mod ranking;
pub(super) mod readers;
mod tickets;
mod wording;

pub use agents::KnowledgeForAgents;
pub(super) use outcomes::{answer_number, is_below_answers};
pub(super) use questions::{asked_by_word, is_question};
pub use readers::Readerships;

use std::collections::BTreeSet;
use std::time::Duration;

use deskbell_domain::assessment::{AssessorName, Confidence};
use deskbell_domain::knowledge::{Citation, Finding, Statement, Unanswered};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;

use self::facts::Facts;
use super::World;
use super::enrich::Nothing;
use super::perform::Undone;
use crate::mcp_host::{FoundPassage, Lookup, NotRead, PassagePointers};
use crate::store::ClaimedJob;

/// Passages that are asked of each server, and where a language model puts them in order.
const PASSAGES: usize = 5;
const PASSAGES_TO_RANK: usize = 20;
/// Passages that an answer is made from.
const QUOTED: usize = 3;
/// A passage this much less likely than the best one says something else.
const WORTH_QUOTING: f64 = 0.6;
/// A server that is just starting is waited for, where no other has anything to say.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// What follows in a longer question is not asked, in characters.
const QUESTION_CHARS: usize = 1_000;

/// What the servers brought.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// The best of each first.
    pub passages: Vec<FoundPassage>,
    /// What was looked up besides, since a rule lets the bot tell it.
    pub facts: Facts,
    /// Those that brought nothing that can be used.
    pub without: Vec<String>,
}

/// What is made of it.
#[derive(Debug)]
pub(super) enum Reading {
    /// It answers.
    Answer(Finding),
    /// What is near, if anything.
    Thin(Unanswered),
}

impl World {
    /// There is a knowledge base to ask.
    pub(super) fn has_knowledge(&self) -> bool {
        !self.lookups.knowledge.is_empty()
    }

    /// Something may answer a ticket: a knowledge base, or a fact that answers by itself.
    pub(super) fn may_know(&self) -> bool {
        self.has_knowledge() || self.lookups.facts.values().any(|fact| fact.answers)
    }

    /// Asks every knowledge server. `readers` are all who will read what comes of it, by their e-mail addresses: nobody stands for
    /// what everybody may read.
    ///
    /// # Errors
    /// When no server can be asked yet: then it is worth coming back.
    pub(super) async fn ask_knowledge(
        &self,
        job: &ClaimedJob,
        question: &str,
        readers: &[String],
    ) -> Result<Brought, Undone> {
        // A server may keep what it is asked.
        let question: String = gaps::anonymous(question).chars().take(QUESTION_CHARS).collect();
        let has_readers = !readers.is_empty();
        let named: Vec<_> = readers.iter().map(|email| json!({ "email": email })).collect();
        let wanted = if self.llm.is_some() && self.habits.reranks { PASSAGES_TO_RANK } else { PASSAGES };
        let context = json!({ "question": question, "readers": named, "max_results": wanted });
        let context = &context;
        let asking = self.lookups.knowledge.iter().map(|binding| async move {
            let until = Instant::now() + Duration::try_from(binding.deadline).unwrap_or_default();
            (binding, self.look_up_with(job, binding, context, until).await)
        });
        let (mut brought, mut again) = (Vec::new(), None);
        let mut without = Vec::new();
        for (binding, answer) in join_all(asking).await {
            match answer {
                Ok(answer) => match binding.passages(&answer, has_readers, wanted) {
                    Some(passages) => brought.push(passages),
                    None => without.push(said_nothing(job, binding, "its answer is not what its binding says")),
                },
                Err(Nothing::Store(error)) => return Err(error.into()),
                Err(Nothing::From(_, NotRead { again_after, reason, .. })) => {
                    without.push(said_nothing(job, binding, &reason));
                    again = again.or(again_after.map(|after| (after, reason)));
                }
                Err(Nothing::Late) => without.push(said_nothing(job, binding, "no answer in time")),
            }
        }
        // What others brought is not kept waiting for a server that is away.
        if let Some((after, reason)) = again.filter(|_| brought.iter().all(Vec::is_empty) && waited(job) < PATIENCE) {
            return Err(Undone::PutOff { after, reason });
        }
        let passages = Box::pin(self.without_others_lessons(job, by_turns(brought), readers)).await?;
        Ok(Brought { passages, facts: Facts::default(), without })
    }

    /// What the passages say: an answer where that is likely enough, else why there is none.
    pub(super) fn read_passages(&self, brought: &Brought) -> Reading {
        match self.read_knowledge(brought) {
            Reading::Answer(finding) => Reading::Answer(facts::told_with(finding, &brought.facts.told)),
            Reading::Thin(why) => facts::or_told_alone(why, &brought.facts),
        }
    }

    fn read_knowledge(&self, brought: &Brought) -> Reading {
        let Some(best) = brought.passages.iter().filter_map(|passage| passage.confidence).max() else {
            let nothing = brought.passages.is_empty();
            let failed = nothing && !brought.without.is_empty();
            let why = match (nothing, failed) {
                (_, true) => Unanswered::Failed,
                (true, false) => Unanswered::Nothing,
                (false, false) => Unanswered::Unsure,
            };
            return Reading::Thin(why);
        };
        if best < self.habits.answer_from {
            return Reading::Thin(Unanswered::Unsure);
        }
        Reading::Answer(quoted(&brought.passages, best))
    }
}

/// How long a job has been tried.
fn waited(job: &ClaimedJob) -> SignedDuration {
    Timestamp::now().duration_since(job.first_run_at)
}

fn said_nothing(job: &ClaimedJob, binding: &Lookup<PassagePointers>, reason: &str) -> String {
    tracing::warn!(job = %job.id, server = binding.server, reason, "a knowledge server brought nothing");
    binding.server.clone()
}

/// The best passages in their own words, each with its source.
fn quoted(passages: &[FoundPassage], best: Confidence) -> Finding {
    let least = best.probability() * WORTH_QUOTING;
    let is_worth = |passage: &&FoundPassage| passage.confidence.is_some_and(|sure| sure.probability() >= least);
    let worth: Vec<&FoundPassage> = passages.iter().filter(is_worth).take(QUOTED).collect();
    let statement = |(place, passage): (usize, &&FoundPassage)| Statement {
        text: passage.snippet.clone(),
        sources: vec![u32::try_from(place + 1).unwrap_or(u32::MAX)],
    };
    Finding {
        number: 0,
        by: AssessorName::Nobody,
        statements: worth.iter().enumerate().map(statement).collect(),
        sources: worth.into_iter().map(citation).collect(),
        confidence: best,
    }
}

/// Where a passage stands.
pub(super) fn citation(passage: &FoundPassage) -> Citation {
    let heading = passage.headings.last().filter(|heading| **heading != passage.title).cloned();
    Citation {
        server: passage.server.clone(),
        passage: passage.passage.clone(),
        title: passage.title.clone(),
        heading: heading.unwrap_or_default(),
        url: passage.url.clone(),
        version: passage.version.clone(),
        updated: passage.updated.clone(),
        is_public: passage.is_public,
    }
}

/// The best of each server first; a document that two of them know stands once for both.
fn by_turns(brought: Vec<Vec<FoundPassage>>) -> Vec<FoundPassage> {
    let document =
        |passage: &FoundPassage| passage.url.as_deref().and_then(|url| url.split('#').next()).map(str::to_owned);
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    let mut queues: Vec<_> = brought.into_iter().map(Vec::into_iter).collect();
    let mut mixed = Vec::new();
    loop {
        let turn: Vec<FoundPassage> = queues.iter_mut().filter_map(Iterator::next).collect();
        if turn.is_empty() {
            return mixed;
        }
        for passage in turn {
            let address = document(&passage);
            let is_anothers = address.as_ref().is_some_and(|address| {
                known.iter().any(|(server, known)| known == address && *server != passage.server)
            });
            if !is_anothers {
                known.extend(address.map(|address| (passage.server.clone(), address)));
                mixed.push(passage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(server: &str, title: &str, url: Option<&str>, sure: Option<f64>) -> FoundPassage {
        FoundPassage {
            server: server.to_owned(),
            passage: format!("{server}/{title}"),
            title: title.to_owned(),
            headings: vec![title.to_owned(), "How long?".to_owned()],
            snippet: format!("{title} says"),
            text: None,
            url: url.map(str::to_owned),
            version: Some("3".to_owned()),
            updated: None,
            confidence: sure.map(Confidence::from_probability),
            is_public: true,
        }
    }

    #[test]
    fn the_best_of_each_comes_first_and_what_both_know_stands_once() {
        let own = vec![
            passage("own", "a", Some("https://x/a#one"), None),
            passage("own", "a2", Some("https://x/a#two"), None),
        ];
        let wiki = vec![passage("wiki", "w", None, None), passage("wiki", "a", Some("https://x/a"), None)];
        let titles: Vec<String> = by_turns(vec![own, wiki]).into_iter().map(|passage| passage.title).collect();
        assert_eq!(titles, ["a", "w", "a2"], "another heading of a page is no repetition");
    }

    #[test]
    fn each_quotation_names_its_source_and_what_is_far_less_likely_is_left_out() {
        let passages = [
            passage("own", "a", None, Some(0.9)),
            passage("own", "b", None, Some(0.6)),
            passage("own", "c", None, Some(0.3)),
            passage("own", "d", None, None),
        ];
        let finding = quoted(&passages, Confidence::from_probability(0.9));
        let said: Vec<_> =
            finding.statements.iter().map(|said| (said.text.as_str(), said.sources.as_slice())).collect();
        assert_eq!(said, [("a says", &[1][..]), ("b says", &[2][..])]);
        assert_eq!(finding.sources[1].heading, "How long?");
        assert_eq!(finding.sources.len(), 2);
    }
}
