//! Answers from passages alone: asked for with citations, and checked before anybody reads them.
//!
//! A model is not believed. [`check`] is pure and keeps a sentence only if a passage that it cites holds the words that it
//! quotes, if every number in it stands in that passage and every address in the quoted words, and, in the same language, if
//! sentence and quotation speak of the same things. What is left may be nothing: then the answer is "I don't know".

use std::collections::BTreeSet;

use deskbell_domain::ids::TicketId;
use deskbell_judgement::language;
use deskbell_judgement::text::{index_terms, words};
use serde_json::{Value, json};

use super::shape::Shape;
use super::{Llm, LlmError, PromptCall, PromptName};

/// The most sentences of an answer.
pub const SENTENCES_MAX: usize = 8;
/// The fewest words that a quotation holds, or all of a shorter passage.
const QUOTED_WORDS_MIN: usize = 3;
/// Of a sentence's words that matter, so many in a hundred must stand in what it quotes, or in that page's title.
const SHARED_PERCENT: usize = 30;
/// Characters of a passage that are sent.
const PASSAGE_CHARS: usize = 4_000;

/// A passage that an answer may be made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its page and heading.
    pub title: &'a str,
    /// Its words.
    pub text: &'a str,
}

/// Where a sentence comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Which of the passages, counted from 0.
    pub passage: usize,
    /// The passage's words.
    pub quote: String,
}

/// A sentence that its citations bear out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// At least one.
    pub citations: Vec<Citation>,
}

/// What is left of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grounded {
    /// The passages don't answer, or nothing that was said is borne out by them.
    Unknown {
        /// Sentences that were left out because nothing bore them out.
        dropped: usize,
    },
    /// Sentences that are borne out.
    Answer {
        /// In their order.
        sentences: Vec<Sentence>,
        /// As above.
        dropped: usize,
    },
}

/// Answers a question from these passages, or doesn't.
///
/// `names` are people's names that are known and must not leave.
///
/// # Errors
/// Why the model gave no answer.
pub async fn answer(
    llm: &Llm,
    question: &str,
    sources: &[Source<'_>],
    names: Vec<String>,
    ticket: Option<TicketId>,
) -> Result<Grounded, LlmError> {
    if sources.is_empty() {
        return Ok(Grounded::Unknown { dropped: 0 });
    }
    let call = PromptCall::new(PromptName::Answer, shape(sources.len()))
        .told("sentences_max", SENTENCES_MAX)
        .words("question", question)
        .words("passages", numbered(sources))
        .names(names);
    let call = ticket.into_iter().fold(call, PromptCall::for_ticket);
    let completion = llm.complete(call).await?;
    let grounded = check(&completion.answer, question, sources);
    let (outcome, dropped) = match &grounded {
        Grounded::Unknown { dropped } => ("unknown", *dropped),
        Grounded::Answer { dropped, .. } => ("answered", *dropped),
    };
    metrics::counter!("deskbell_llm_grounded_total", "outcome" => outcome).increment(1);
    metrics::counter!("deskbell_llm_sentences_dropped_total").increment(u64::try_from(dropped).unwrap_or(u64::MAX));
    Ok(grounded)
}

/// The passages that help with a question, the best first, each by its place in `sources`.
///
/// # Errors
/// Why the model gave no answer.
pub async fn rerank(
    llm: &Llm,
    question: &str,
    sources: &[Source<'_>],
    names: Vec<String>,
    ticket: Option<TicketId>,
) -> Result<Vec<usize>, LlmError> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let call = PromptCall::new(PromptName::Rerank, order_shape(sources.len()))
        .words("question", question)
        .words("passages", numbered(sources))
        .names(names);
    let call = ticket.into_iter().fold(call, PromptCall::for_ticket);
    let completion = llm.complete(call).await?;
    Ok(ordered(&completion.answer, sources.len()))
}

/// The shape of an order of so many passages.
fn order_shape(passages: usize) -> Shape {
    let order = Shape::list(Shape::Whole { min: 1, max: whole(passages) }, passages);
    Shape::object([("order", order)])
}

/// The places that an answer of that [`order_shape`] names, each once.
fn ordered(answer: &Value, passages: usize) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let numbers = answer.get("order").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    numbers.iter().filter_map(place).filter(|at| *at < passages && seen.insert(*at)).collect()
}

fn numbered(sources: &[Source<'_>]) -> Vec<Value> {
    let shown = |(at, source): (usize, &Source<'_>)| {
        let text: String = source.text.chars().take(PASSAGE_CHARS).collect();
        json!({ "number": at + 1, "title": source.title, "text": text })
    };
    sources.iter().enumerate().map(shown).collect()
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// From the number that the model saw to a place.
fn place(number: &Value) -> Option<usize> {
    usize::try_from(number.as_u64()?).ok()?.checked_sub(1)
}

/// The shape of an answer from so many passages.
pub fn shape(passages: usize) -> Shape {
    let citation =
        Shape::object([("passage", Shape::Whole { min: 1, max: whole(passages.max(1)) }), ("quote", Shape::text(600))]);
    let sentence = Shape::object([("text", Shape::text(600)), ("citations", Shape::list(citation, 4))]);
    Shape::object([("known", Shape::Flag), ("sentences", Shape::list(sentence, SENTENCES_MAX))])
}

/// Keeps what the passages bear out of an answer of that [`shape`].
pub fn check(answer: &Value, question: &str, sources: &[Source<'_>]) -> Grounded {
    let said = answer.get("sentences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if answer.get("known") != Some(&Value::Bool(true)) {
        return Grounded::Unknown { dropped: said.len() };
    }
    let sentences: Vec<Sentence> = said.iter().filter_map(|said| borne_out(said, question, sources)).collect();
    let dropped = said.len() - sentences.len();
    if sentences.is_empty() { Grounded::Unknown { dropped } } else { Grounded::Answer { sentences, dropped } }
}

fn borne_out(said: &Value, question: &str, sources: &[Source<'_>]) -> Option<Sentence> {
    let text = said.get("text")?.as_str()?.trim();
    let citations: Vec<Citation> =
        said.get("citations")?.as_array()?.iter().filter_map(|cited| citation(cited, sources)).collect();
    let cited: BTreeSet<usize> = citations.iter().map(|citation| citation.passage).collect();
    let cited: Vec<&Source<'_>> = cited.into_iter().filter_map(|at| sources.get(at)).collect();
    let holds = !text.is_empty() && !cited.is_empty() && says_no_more(text, question, &citations, &cited);
    holds.then(|| Sentence { text: text.to_owned(), citations })
}

/// A citation whose passage holds the words that it quotes.
fn citation(cited: &Value, sources: &[Source<'_>]) -> Option<Citation> {
    let passage = place(cited.get("passage")?)?;
    let quote = cited.get("quote")?.as_str()?.trim();
    let source = sources.get(passage)?;
    let (quoted, there) = (words(quote), words(source.text));
    let enough = quoted.len() >= QUOTED_WORDS_MIN.min(there.len()) && !quoted.is_empty();
    let stands = there.windows(quoted.len().max(1)).any(|window| window == quoted.as_slice());
    (enough && stands).then(|| Citation { passage, quote: quote.to_owned() })
}

/// Whether a sentence says nothing that its citations don't, as far as words can tell. An address has to stand in the quoted words
/// themselves: a page that hides one somewhere leads nobody there.
fn says_no_more(text: &str, question: &str, citations: &[Citation], cited: &[&Source<'_>]) -> bool {
    let there: String = cited.iter().flat_map(|source| [source.title, "\n", source.text, "\n"]).collect();
    let pieces = citations.iter().map(|citation| citation.quote.as_str());
    let quoted: String = pieces.chain(cited.iter().map(|source| source.title)).flat_map(|text| [text, "\n"]).collect();
    let known: BTreeSet<String> = words(&there).into_iter().chain(words(question)).collect();
    let said = words(text);
    let mut figures = said.iter().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    figures.all(|word| known.contains(word))
        && addresses(text).all(|address| quoted.contains(address))
        && speaks_of_the_same(text, &there, &quoted)
}

/// Whatever leads somewhere: web addresses and e-mail addresses.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let edges: &[char] = &['.', ',', ';', ':', '!', '?', ')', '(', '"', '\'', '<', '>', '|', '*', '_', '`'];
    let pieces = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '|' | '[' | ']'));
    pieces
        .map(move |piece| piece.trim_matches(edges))
        .filter(|piece| piece.contains("://") || piece.starts_with("www.") || piece.contains('@'))
}

/// Whether a sentence and what it quotes share words that matter.
fn speaks_of_the_same(text: &str, there: &str, quoted: &str) -> bool {
    let (said, told) = (language::detect(text), language::detect(there));
    if said != told || said == language::UNDETERMINED {
        // Across languages words say nothing.
        return true;
    }
    let terms = index_terms(text);
    let known: BTreeSet<String> = index_terms(quoted).into_iter().collect();
    let shared = terms.iter().filter(|term| known.contains(*term)).count();
    shared * 100 >= terms.len() * SHARED_PERCENT
}

#[cfg(test)]
#[path = "grounded_tests.rs"]
mod tests;
