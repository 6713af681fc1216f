//! Is a message a request at all? Few, precise rules: a request taken for small talk is lost, so whatever
//! holds a question, a problem word, a link, code, a number or words that are no courtesy is a request.

mod courtesy;
mod fillers;
mod signals;

use crate::mrkdwn::{Piece, pieces, plain};
use crate::phrases::{clauses, matches_at};
use crate::text::words;

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
