//! Is a message a request at all? Few, precise rules: a request taken for small talk is lost, so whatever
//! holds a question, a problem word, a link, code, a number or words that are no courtesy is a request.

mod courtesy;
mod fillers;
mod signals;

use std::collections::BTreeSet;

use deskbell_domain::assessment::{Confidence, Judged, Urgency};

use crate::intent::{Model, SIGNS};
use crate::mrkdwn::{Piece, pieces, plain};
use crate::phrases::{clauses, matches_at};
use crate::text::words;
use crate::urgency;

const LEARNED: &[u8] = include_bytes!("model.bin");

/// Why a message asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARequest {
    /// "Thanks, that worked!"
    #[error("it only says thanks")]
    Thanks,
    /// "Good morning all"
    #[error("it only greets")]
    Greeting,
    /// "ok, got it"
    #[error("it only acknowledges")]
    Acknowledgement,
    /// ":tada:"
    #[error("it holds only emoji")]
    OnlyEmoji,
    /// "<@U123>"
    #[error("it only mentions somebody")]
    OnlyMention,
    /// No word at all.
    #[error("it is empty")]
    Empty,
}

/// Names beside courtesy ("Thanks Anna") that a message may hold.
const NAMES_AT_MOST: usize = 2;

/// Tells a request from small talk.
///
/// # Errors
/// Says which kind of small talk the message is.
pub fn judge(text: &str) -> Result<(), NotARequest> {
    let parts = pieces(text);
    let shows_something = parts.iter().any(|piece| match piece {
        Piece::Link { .. } => true,
        Piece::CodeBlock(code) => !code.trim().is_empty(),
        _ => false,
    });
    let plain = plain(text);
    if shows_something || plain.contains(['?', '？', '¿', '؟']) || plain.contains("://") {
        return Ok(());
    }
    if plain.trim() == "+1" {
        return Err(NotARequest::Acknowledgement);
    }
    if words(&plain).is_empty() {
        return Err(wordless(&parts, &plain));
    }
    small_talk(&plain).map_or(Ok(()), Err)
}

/// Small talk that is less sure than this is asked about rather than dropped.
const SURE_ENOUGH: f64 = 0.8;

/// Tells a request from small talk where a wrong guess would lose something: what may be either passes, with its doubt in
/// [`weigh`], and a person looks at it.
///
/// # Errors
/// Says which kind of small talk the message surely is.
pub fn judge_surely(text: &str) -> Result<(), NotARequest> {
    judge(text).or_else(|kind| if weigh(text).confidence.probability() < SURE_ENOUGH { Ok(()) } else { Err(kind) })
}

/// How sure it is that a message asks for something, or for nothing, and the words that say so. Plain courtesy rules know; of all
/// else a learned model ([`crate::intent`]) says whether it asks or only tells.
pub fn weigh(text: &str) -> Judged<bool> {
    let plain = plain(text);
    let (value, probability, evidence) = match judge(text) {
        Err(NotARequest::OnlyEmoji | NotARequest::OnlyMention | NotARequest::Empty) => (false, 0.98, Vec::new()),
        Err(kind) => (false, small_talk_certainty(&plain, kind), courtesies(&plain, |_| true)),
        Ok(()) => asks_or_tells(text, &plain),
    };
    Judged { value, confidence: Confidence::from_probability(probability), evidence }
}

/// A capitalised word beside "ok" may be a name or what the trouble is with; "same here" repeats somebody's request.
fn small_talk_certainty(plain: &str, kind: NotARequest) -> f64 {
    let names = clauses(plain).into_iter().filter_map(read_clause).filter(|(_, name)| *name).count();
    match (kind, names) {
        _ if words(plain).join(" ") == "same here" => 0.5,
        (NotARequest::Acknowledgement, 1..) => 0.7,
        (_, 1..) => 0.9,
        _ => 0.97,
    }
}

fn asks_or_tells(text: &str, plain: &str) -> (bool, f64, Vec<String>) {
    let Some(model) = Model::read(LEARNED) else { return (true, 0.5, Vec::new()) };
    let (signals, courtesies) = (said_signals(plain), courtesies(plain, |kind| kind != NotARequest::Greeting));
    let told = model.tell(plain, &signs_of(text, plain, (&signals, &courtesies)));
    let is_request = told.yes >= 0.5;
    let phrases = if is_request { signals } else { courtesies };
    let mut evidence = phrases;
    evidence.extend(told.evidence);
    let mut seen = BTreeSet::new();
    evidence.retain(|said| seen.insert(said.clone()));
    evidence.truncate(EVIDENCE);
    (is_request, told.yes.max(1.0 - told.yes), evidence)
}

/// What rules find in a text, for [`crate::intent`].
pub fn signs(text: &str) -> [f64; SIGNS] {
    let plain = plain(text);
    let courtesies = courtesies(&plain, |kind| kind != NotARequest::Greeting);
    signs_of(text, &plain, (&said_signals(&plain), &courtesies))
}

#[allow(clippy::cast_precision_loss)]
fn signs_of(text: &str, plain: &str, (signals, courtesies): (&[String], &[String])) -> [f64; SIGNS] {
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    let shows = pieces(text).iter().any(|piece| matches!(piece, Piece::Link { .. } | Piece::CodeBlock(_)));
    [
        signals.len() as f64 / EVIDENCE as f64,
        courtesies.len() as f64 / EVIDENCE as f64,
        flag(plain.contains('?')),
        flag(plain.trim_end().ends_with('?')),
        flag(shows),
        flag(plain.contains(|letter: char| letter.is_ascii_digit())),
        (words(plain).len() as f64 + 1.0).ln() / 2.0,
        flag(sounds_urgent(text)),
    ]
}

/// The first words that speak of trouble or of a wish.
fn said_signals(plain: &str) -> Vec<String> {
    let all = words(plain);
    (0..all.len())
        .filter_map(|at| all.get(at..))
        .filter_map(|rest| longest(rest, signals::SIGNALS).and_then(|taken| rest.get(..taken)))
        .map(|words| words.join(" "))
        .take(EVIDENCE)
        .collect()
}

fn sounds_urgent(text: &str) -> bool {
    let judged = urgency::judge(text);
    judged.value > Urgency::Normal && judged.confidence.probability() >= 0.6
}

/// At most so many words are shown as evidence.
const EVIDENCE: usize = 4;

fn courtesies(plain: &str, counts: impl Fn(NotARequest) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for clause in clauses(plain) {
        let words = words(clause);
        let mut rest = words.as_slice();
        while let Some((_, others)) = rest.split_first() {
            let courtesy = longest_courtesy(rest);
            let taken = courtesy.map(|(_, taken)| taken);
            if courtesy.is_some_and(|(kind, _)| counts(kind))
                && let Some(said) = taken.and_then(|taken| rest.get(..taken))
            {
                found.push(said.join(" "));
            }
            rest = taken.and_then(|taken| rest.get(taken..)).unwrap_or(others);
        }
    }
    found.truncate(EVIDENCE);
    found
}

/// Whether a sentence is courtesy alone.
pub fn is_courtesy(sentence: &str) -> bool {
    judge(sentence).is_err()
}

fn wordless(parts: &[Piece<'_>], plain: &str) -> NotARequest {
    let pictures = plain.chars().any(|letter| !letter.is_ascii() && !letter.is_whitespace());
    if pictures || parts.iter().any(|piece| matches!(piece, Piece::Emoji(_))) {
        NotARequest::OnlyEmoji
    } else if parts.iter().any(|piece| matches!(piece, Piece::Mention(_))) {
        NotARequest::OnlyMention
    } else {
        NotARequest::Empty
    }
}

/// The kind of courtesy, where every word of the text is courtesy, filler or a name beside it.
fn small_talk(plain: &str) -> Option<NotARequest> {
    let mut kinds = Vec::new();
    let mut names = 0;
    for clause in clauses(plain) {
        let (found, name) = read_clause(clause)?;
        kinds.extend(found);
        names += usize::from(name);
    }
    if names > NAMES_AT_MOST {
        return None;
    }
    let thanks = kinds.iter().find(|kind| **kind == NotARequest::Thanks);
    let other = kinds.iter().find(|kind| **kind != NotARequest::Greeting);
    thanks.or(other).or(kinds.first()).copied()
}

/// The courtesies of a clause and whether it names somebody; `None` when it holds anything else.
fn read_clause(clause: &str) -> Option<(Vec<NotARequest>, bool)> {
    let words = words(clause);
    let mut rest = words.as_slice();
    let mut kinds = Vec::new();
    while !rest.is_empty() {
        if let Some((kind, taken)) = longest_courtesy(rest) {
            kinds.push(kind);
            rest = rest.get(taken..)?;
        } else if starts_with_signal(rest) {
            return None;
        } else if let Some(taken) = longest(rest, fillers::FILLERS) {
            rest = rest.get(taken..)?;
        } else {
            return is_name(rest, &kinds, clause).then_some((kinds, true));
        }
    }
    Some((kinds, false))
}

fn longest_courtesy(words: &[String]) -> Option<(NotARequest, usize)> {
    let matches =
        courtesy::COURTESY.iter().filter_map(|(kind, patterns)| longest(words, patterns).map(|taken| (*kind, taken)));
    matches.max_by_key(|(_, taken)| *taken)
}

fn longest(words: &[String], patterns: &[&str]) -> Option<usize> {
    patterns.iter().filter_map(|pattern| matches_at(words, pattern)).max()
}

fn starts_with_signal(words: &[String]) -> bool {
    longest(words, signals::SIGNALS).is_some()
}

/// One last word right after thanks or a greeting ("hi anna"), or a capitalised one ("ok Anna", "Thanks, Anna").
fn is_name(rest: &[String], kinds: &[NotARequest], clause: &str) -> bool {
    let [word] = rest else { return false };
    if !word.chars().all(char::is_alphabetic) {
        return false;
    }
    let follows = matches!(kinds.last(), Some(NotARequest::Thanks | NotARequest::Greeting));
    follows || clause.split_whitespace().next_back().is_some_and(is_capitalised)
}

fn is_capitalised(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase)
}

#[cfg(test)]
mod tests;
