//! The order of what was found, as a language model sees it, where one is configured.
//!
//! A model is one voice: it orders what is about as likely to answer as the best, and nothing else is shown to it. So a page that
//! speaks to models moves ahead of none that fits far better, and whatever goes wrong leaves the order as it was.

use std::time::Duration;

use deskbell_domain::assessment::Confidence;
use deskbell_domain::ids::TicketId;

use super::super::World;
use super::wording::titled;
use super::{Brought, WORTH_QUOTING};
use crate::llm::Llm;
use crate::llm::grounded::{self, Source};
use crate::mcp_host::FoundPassage;

/// Passages that are ordered, and characters of one that a model reads.
const ORDERED: usize = 20;
const READ_CHARS: usize = 1_200;
/// Somebody waits for the answer: a model that thinks for longer has no say.
const WITHIN: Duration = Duration::from_secs(5);

impl World {
    /// Puts what was found in order. `names` are people's that are known, and `ticket` is whose budget it counts against.
    pub(super) async fn rank(&self, question: &str, brought: &mut Brought, names: &[String], ticket: Option<TicketId>) {
        let Some(llm) = self.llm.as_ref().filter(|_| self.habits.reranks) else { return };
        let places = likely(&brought.passages);
        if places.len() < 2 {
            return;
        }
        let outcome = match ordered(llm, question, (&brought.passages, &places), names, ticket).await {
            Ok(order) => {
                let is_new = reorder(&mut brought.passages, &places, &order);
                if is_new { "reordered" } else { "kept" }
            }
            Err(reason) => {
                tracing::warn!(reason, "what was found keeps its order");
                "failed"
            }
        };
        metrics::counter!("deskbell_answers_ranked_total", "outcome" => outcome).increment(1);
    }
}

/// The places of the passages that are about as likely to answer as the best.
fn likely(passages: &[FoundPassage]) -> Vec<usize> {
    let best = passages.iter().filter_map(|passage| passage.confidence).max();
    let Some(best) = best.map(Confidence::probability) else { return Vec::new() };
    let is_likely = |passage: &FoundPassage| {
        passage.confidence.is_some_and(|sure| sure.probability() >= best * WORTH_QUOTING && sure.probability() > 0.0)
    };
    let places = passages.iter().enumerate().filter(|(_, passage)| is_likely(passage)).map(|(place, _)| place);
    places.take(ORDERED).collect()
}

/// The model's order, as places in `places`, the best first.
async fn ordered(
    llm: &Llm,
    question: &str,
    (passages, places): (&[FoundPassage], &[usize]),
    names: &[String],
    ticket: Option<TicketId>,
) -> Result<Vec<usize>, String> {
    let read = |passage: &FoundPassage| -> (String, String) {
        let text = passage.text.as_deref().unwrap_or(&passage.snippet);
        (titled(passage), text.chars().take(READ_CHARS).collect())
    };
    let texts: Vec<_> = places.iter().filter_map(|place| passages.get(*place)).map(read).collect();
    let sources: Vec<Source<'_>> = texts.iter().map(|(title, text)| Source { title, text }).collect();
    let asked = grounded::rerank(llm, question, &sources, names.to_vec(), ticket);
    match tokio::time::timeout(WITHIN, asked).await {
        Ok(Ok(order)) => Ok(order),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the model did not answer in time".to_owned()),
    }
}

/// Puts the passages at `places` in the order given, those that it leaves out behind the others as they were. Says whether that
/// changes anything.
fn reorder(passages: &mut [FoundPassage], places: &[usize], order: &[usize]) -> bool {
    let rest = (0..places.len()).filter(|at| !order.contains(at));
    let wanted: Vec<usize> = order.iter().copied().chain(rest).filter_map(|at| places.get(at).copied()).collect();
    if wanted == places {
        return false;
    }
    let taken: Vec<FoundPassage> = wanted.iter().filter_map(|place| passages.get(*place).cloned()).collect();
    for (place, passage) in places.iter().zip(taken) {
        if let Some(at) = passages.get_mut(*place) {
            *at = passage;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::Confidence;

    use super::*;

    fn passage(name: &str, sure: Option<f64>) -> FoundPassage {
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
            confidence: sure.map(Confidence::from_probability),
            is_public: true,
        }
    }

    #[test]
    fn what_is_about_as_likely_is_put_in_order_and_the_rest_stays_in_its_place() {
        let mut all = [("a", Some(0.9)), ("b", None), ("c", Some(0.3)), ("d", Some(0.8)), ("e", Some(0.6))]
            .map(|(name, sure)| passage(name, sure));
        let places = likely(&all);
        assert_eq!(places, [0, 3, 4]);
        let names = |all: &[FoundPassage]| all.iter().map(|passage| passage.title.clone()).collect::<String>();
        assert!(!reorder(&mut all, &places, &[]) && names(&all) == "abcde", "who says nothing changes nothing");
        assert!(!reorder(&mut all, &places, &[0, 1]) && names(&all) == "abcde");
        assert!(reorder(&mut all, &places, &[2]) && names(&all) == "ebcad");
        assert!(likely(&[passage("a", None), passage("b", Some(0.0))]).is_empty());
    }
}
