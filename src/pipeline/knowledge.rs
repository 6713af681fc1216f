//! `/kb`: what the folder's documents say, and beside them what a bound server finds.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::World;
use super::answer::passage_title;
use super::tell::rendered;
use crate::mcp_host::FoundPassage;
use crate::slack::SlackError;
use crate::slack::messages::{KbAnswer, Passage};
use crate::store::ClaimedJob;

/// Passages of the folder, and as many of the server.
const PASSAGES: usize = 3;

impl World {
    /// The answer to a question. What the server does not find in time is done without, and said so.
    pub(super) async fn knowledge_answer(&self, job: &ClaimedJob, question: &str) -> Result<Value, SlackError> {
        if question.is_empty() {
            return self.problem(
                "What do you want to know?",
                "Write the question after the command: /kb How do refunds work?",
            );
        }
        let own = self.knowledge.search(question, PASSAGES).into_iter().map(|passage| Passage {
            title: passage_title(&passage.title, &passage.heading_path),
            snippet: passage.snippet,
            url: passage.url,
        });
        let (found, without) = self.found_elsewhere(job, question).await;
        let found = found.into_iter().map(|passage| Passage {
            title: passage.title,
            snippet: passage.snippet,
            url: passage.url,
        });
        let passages = by_turns(own.collect(), found.collect());
        rendered(self.messages.kb_answer(&KbAnswer { question: question.to_owned(), passages, without }))
    }

    /// What the bound server finds, or who did not answer.
    async fn found_elsewhere(&self, job: &ClaimedJob, question: &str) -> (Vec<FoundPassage>, Option<String>) {
        let Some(binding) = &self.lookups.knowledge else { return (Vec::new(), None) };
        let until = Instant::now() + Duration::try_from(binding.deadline).unwrap_or_default();
        let answer = self.look_up_with(job, binding, &json!({ "question": question }), until).await.ok();
        if let Some(passages) = answer.and_then(|answer| binding.passages(&answer, PASSAGES)) {
            return (passages, None);
        }
        tracing::warn!(job = %job.id, server = binding.server, "a knowledge server brought nothing");
        (Vec::new(), Some(binding.server.clone()))
    }
}

/// The best of each first; a document that both know stands once.
fn by_turns(own: Vec<Passage>, found: Vec<Passage>) -> Vec<Passage> {
    let document = |passage: &Passage| passage.url.as_deref().and_then(|url| url.split('#').next()).map(str::to_owned);
    let is_known = |passage: &Passage| {
        let address = document(passage);
        address.is_some() && own.iter().any(|known| document(known) == address)
    };
    let found: Vec<Passage> = found.into_iter().filter(|passage| !is_known(passage)).collect();
    let (mut own, mut found) = (own.into_iter(), found.into_iter());
    let mut mixed = Vec::new();
    loop {
        let (one, other) = (own.next(), found.next());
        if one.is_none() && other.is_none() {
            return mixed;
        }
        mixed.extend(one.into_iter().chain(other));
    }
}
