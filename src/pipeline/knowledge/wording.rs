//! Passages put in words by a language model, where one is configured: each sentence is held against what it cites, and what
//! nothing bears out is left out. Without a model, or when it does not answer, the passages speak for themselves.

use deskbell_domain::assessment::{AssessorName, Confidence};
use deskbell_domain::ids::TicketId;
use deskbell_domain::knowledge::{Finding, Statement, Unanswered};

use super::super::World;
use super::facts::Fact;
use super::{Brought, Reading, citation};
use crate::llm::grounded::{self, Grounded, Sentence, Source};
use crate::mcp_host::FoundPassage;

/// Passages that a model reads.
const READ: usize = 5;
/// A passage less likely than this to answer is not worth a model's time.
const WORTH_READING: f64 = 0.15;

impl World {
    /// What the passages say, the best first from now on. `names` are people's that are known, and `ticket` is whose budget the words count against.
    pub(super) async fn in_words(
        &self,
        question: &str,
        brought: &mut Brought,
        names: Vec<String>,
        ticket: Option<TicketId>,
    ) -> Reading {
        self.rank(question, brought, &names, ticket).await;
        let brought = &*brought;
        let quoted = self.read_passages(brought);
        let facts = brought.facts.told.iter().map(|fact| &fact.said);
        let passages = brought.passages.iter().filter(|passage| is_worth_reading(passage)).take(READ);
        let worth: Vec<&FoundPassage> = facts.chain(passages).collect();
        let Some(llm) = self.llm.as_ref().filter(|_| !worth.is_empty()) else { return quoted };
        let titles: Vec<String> = worth.iter().map(|passage| titled(passage)).collect();
        let sources: Vec<Source<'_>> = worth
            .iter()
            .zip(&titles)
            .map(|(passage, title)| Source { title, text: passage.text.as_deref().unwrap_or(&passage.snippet) })
            .collect();
        match grounded::answer(llm, question, &sources, names, ticket).await {
            Ok(Grounded::Answer { sentences, .. }) if answers(&sentences, &brought.facts.told) => {
                Reading::Answer(worded(llm.model(), &sentences, &worth))
            }
            Ok(_) => super::facts::or_told_alone(Unanswered::Unsure, &brought.facts),
            Err(error) => {
                tracing::warn!(%error, "the passages are quoted instead of put in words");
                quoted
            }
        }
    }
}

/// Facts that do not answer by themselves are no answer in a model's words either. They stand before the pages.
fn answers(sentences: &[Sentence], facts: &[Fact]) -> bool {
    let mut cited = sentences.iter().flat_map(|sentence| &sentence.citations).map(|citation| citation.passage);
    cited.any(|place| facts.get(place).is_none_or(|fact| fact.answers))
}

fn is_worth_reading(passage: &FoundPassage) -> bool {
    passage.confidence.is_some_and(|sure| sure.probability() >= WORTH_READING)
}

pub(super) fn titled(passage: &FoundPassage) -> String {
    let headings = passage.headings.iter().filter(|heading| **heading != passage.title).map(String::as_str);
    std::iter::once(passage.title.as_str()).chain(headings).collect::<Vec<_>>().join(" > ")
}

/// The sentences, with the passages that they cite and no others.
fn worded(model: &str, sentences: &[Sentence], read: &[&FoundPassage]) -> Finding {
    let mut cited: Vec<usize> = Vec::new();
    let mut statements = Vec::new();
    for sentence in sentences {
        let mut sources = Vec::new();
        for citation in &sentence.citations {
            let place = cited.iter().position(|known| *known == citation.passage).unwrap_or_else(|| {
                cited.push(citation.passage);
                cited.len() - 1
            });
            let number = u32::try_from(place + 1).unwrap_or(u32::MAX);
            if !sources.contains(&number) {
                sources.push(number);
            }
        }
        statements.push(Statement { text: sentence.text.clone(), sources });
    }
    let sources: Vec<&&FoundPassage> = cited.iter().filter_map(|place| read.get(*place)).collect();
    let confidence = sources.iter().filter_map(|passage| passage.confidence).max().unwrap_or(Confidence::NONE);
    Finding {
        number: 0,
        by: AssessorName::Llm(model.to_owned()),
        statements,
        sources: sources.into_iter().map(|passage| citation(passage)).collect(),
        confidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::grounded::Citation;

    fn passage(name: &str, sure: f64) -> FoundPassage {
        FoundPassage {
            server: "own".to_owned(),
            passage: name.to_owned(),
            title: name.to_owned(),
            headings: Vec::new(),
            snippet: String::new(),
            text: None,
            url: None,
            version: None,
            updated: None,
            confidence: Some(Confidence::from_probability(sure)),
            is_public: true,
        }
    }

    #[test]
    fn sentences_keep_their_sources_and_uncited_passages_are_left_out() {
        let passages = [passage("a", 0.2), passage("b", 0.7), passage("c", 0.9)];
        let cite = |passage| Citation { passage, quote: String::new() };
        let said = |text: &str, citations| Sentence { text: text.to_owned(), citations };
        let sentences = [said("One.", vec![cite(1), cite(1)]), said("Two.", vec![cite(0), cite(1)])];
        let finding = worded("m", &sentences, &passages.iter().collect::<Vec<_>>());
        let sources: Vec<_> = finding.statements.iter().map(|said| said.sources.as_slice()).collect();
        assert_eq!(sources, [&[1][..], &[2, 1]]);
        assert_eq!(finding.sources.iter().map(|source| source.passage.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((finding.confidence.percent(), finding.by), (70, AssessorName::Llm("m".to_owned())));
    }
}
