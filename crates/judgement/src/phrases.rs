//! Word patterns matched against a text's folded words.
//!
//! A pattern is words separated by blanks. A word ending in `*` matches its beginning, `|` stands between words of which
//! any will do, `#` is a number, and a lone `_` skips up to two words of any kind.

use crate::text::words;

/// How many words `_` skips at most.
const GAP: usize = 2;

/// How many words from `words`' start the pattern takes; `None` where it doesn't match there.
pub fn matches_at(words: &[String], pattern: &str) -> Option<usize> {
    match_parts(words, Some(pattern)).filter(|taken| *taken > 0)
}

fn match_parts(words: &[String], pattern: Option<&str>) -> Option<usize> {
    let Some(pattern) = pattern else {
        return Some(0);
    };
    let (part, others) = match pattern.split_once(' ') {
        Some((part, others)) => (part, Some(others)),
        None => (pattern, None),
    };
    if part == "_" {
        return (0..=GAP).find_map(|skipped| match_parts(words.get(skipped..)?, others).map(|taken| taken + skipped));
    }
    let (word, words) = words.split_first()?;
    if !word_matches(word, part) {
        return None;
    }
    match_parts(words, others).map(|taken| taken + 1)
}

/// Whether one word matches one part of a pattern.
fn word_matches(word: &str, part: &str) -> bool {
    part.split('|').any(|part| match part.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None if part == "#" => word.bytes().all(|byte| byte.is_ascii_digit()),
        None => word == part,
    })
}

/// A pattern found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What the pattern stands for.
    pub meaning: T,
    /// The words that matched, as they were folded.
    pub words: String,
    /// Whether a word shortly before turns it round ("not urgent").
    pub negated: bool,
}

/// How many words before a match may hold its negation.
const NEGATION_REACH: usize = 3;

/// Everything of `lexicon` in the text, in reading order; at each word the longest pattern wins and its words
/// are used up.
pub fn find_all<T: Copy>(text: &str, lexicon: &[(T, &[&str])]) -> Vec<Found<T>> {
    let mut found = Vec::new();
    for clause in clauses(text) {
        let words = words(clause);
        let mut at = 0;
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((meaning, taken)) = longest(rest, lexicon) else {
                at += 1;
                continue;
            };
            found.push(Found {
                meaning,
                words: rest.get(..taken).unwrap_or_default().join(" "),
                negated: is_negated(&words, at),
            });
            at += taken;
        }
    }
    found
}

fn longest<T: Copy>(words: &[String], lexicon: &[(T, &[&str])]) -> Option<(T, usize)> {
    let matches = lexicon.iter().flat_map(|(meaning, patterns)| {
        patterns.iter().filter_map(move |pattern| matches_at(words, pattern).map(|taken| (*meaning, taken)))
    });
    // The first of equals: `max_by_key` would take the last.
    matches.fold(None, |best, next| match best {
        Some((_, taken)) if taken >= next.1 => best,
        _ => Some(next),
    })
}

/// Many patterns, found by their first word: what a long text costs then hangs on what is found and not on how many there are.
#[derive(Debug)]
pub struct Lexicon<T> {
    patterns: Vec<(T, &'static str)>,
    /// The first words, sorted, each with its pattern's place.
    whole: Vec<(&'static str, usize)>,
    /// First parts that are more than a word: beginnings and numbers.
    open: Vec<(&'static str, usize)>,
}

impl<T: Copy + PartialEq> Lexicon<T> {
    /// Prepares the patterns of `parts`. Their first part is no gap.
    pub fn new(parts: &[&[(T, &'static [&'static str])]]) -> Self {
        let all = parts.iter().flat_map(|part| part.iter());
        let patterns: Vec<(T, &'static str)> =
            all.flat_map(|(meaning, patterns)| patterns.iter().map(|pattern| (*meaning, *pattern))).collect();
        let (mut whole, mut open) = (Vec::new(), Vec::new());
        for (at, (_, pattern)) in patterns.iter().enumerate() {
            for first in pattern.split(' ').next().unwrap_or_default().split('|') {
                let list = if first.ends_with('*') || first == "#" { &mut open } else { &mut whole };
                list.push((first, at));
            }
        }
        whole.sort_unstable();
        Self { patterns, whole, open }
    }

    /// Everything in the text. Unlike with [`find_all`] only matches of the same meaning use words up for one another.
    pub fn find(&self, text: &str) -> Vec<Found<T>> {
        let mut found = Vec::new();
        for clause in clauses(text) {
            let words = words(clause);
            let mut used: Vec<(T, usize)> = Vec::new();
            for at in 0..words.len() {
                for (meaning, taken) in self.matches(&words, at) {
                    if used.iter().any(|(other, until)| *other == meaning && *until > at) {
                        continue;
                    }
                    used.retain(|(other, _)| *other != meaning);
                    used.push((meaning, at + taken));
                    found.push(Found {
                        meaning,
                        words: words.get(at..at + taken).unwrap_or_default().join(" "),
                        negated: is_negated(&words, at),
                    });
                }
            }
        }
        found
    }

    /// For each meaning the longest match that begins at a word.
    fn matches(&self, words: &[String], at: usize) -> Vec<(T, usize)> {
        let rest = words.get(at..).unwrap_or_default();
        let Some(word) = rest.first() else { return Vec::new() };
        let from = self.whole.partition_point(|(first, _)| *first < word.as_str());
        let same = self.whole.iter().skip(from).take_while(|(first, _)| first == word);
        let open = self.open.iter().filter(|(first, _)| word_matches(word, first));
        let mut best: Vec<(T, usize)> = Vec::new();
        for (_, pattern) in same.chain(open) {
            let Some((meaning, pattern)) = self.patterns.get(*pattern) else { continue };
            let Some(taken) = matches_at(rest, pattern) else { continue };
            match best.iter_mut().find(|(other, _)| other == meaning) {
                Some((_, longest)) => *longest = taken.max(*longest),
                None => best.push((*meaning, taken)),
            }
        }
        best
    }
}

fn is_negated(words: &[String], at: usize) -> bool {
    let before = words.get(at.saturating_sub(NEGATION_REACH)..at).unwrap_or_default();
    before.iter().any(|word| NEGATIONS.contains(&word.as_str()))
}

const NEGATIONS: &[&str] = &[
    "not", "no", "never", "isnt", "arent", "wasnt", "dont", "doesnt", "didnt", "hardly", "without", "nicht", "kein",
    "keine", "keinen", "nie", "pas", "jamais", "nunca", "nao", "non", "niet", "geen",
];

/// How much of the text shouts: words of three letters and more in capitals only, and `!!` or more. Short
/// texts and single abbreviations (`API`) don't shout.
pub fn shouts(text: &str) -> bool {
    let capitals = |word: &&str| word.chars().count() > 3 && word.chars().all(char::is_uppercase);
    let long_words = |word: &&str| word.chars().count() > 3 && word.chars().any(char::is_alphabetic);
    let tokens: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
    let loud = tokens.iter().copied().filter(|word| capitals(word)).count();
    let all = tokens.iter().copied().filter(|word| long_words(word)).count();
    text.contains("!!") || (loud >= 2 && loud * 2 >= all)
}

/// Splits a text into clauses: a negation or a name in one says nothing about the next.
pub fn clauses(text: &str) -> Vec<&str> {
    text.split(['.', ',', ';', ':', '!', '?', '\n', '(', ')', '—', '–', '…', '¡', '¿', '。', '、', '！', '？'])
        .filter(|clause| !clause.trim().is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Lexicon, find_all, matches_at, shouts};
    use crate::text::words;

    #[test]
    fn patterns_take_words_from_the_start() {
        let check = |text: &str, pattern: &str, taken: Option<usize>| {
            assert_eq!(matches_at(&words(text), pattern), taken, "{text} / {pattern}");
        };
        check("all customers wait", "all customers", Some(2));
        check("all our customers", "all _ customer*", Some(3));
        check("all of our dear customers", "all _ customer*", None);
        check("failing again", "fail*", Some(1));
        check("all", "all customers", None);
        check("", "all", None);
        check("40 customers", "# customers", Some(2));
        check("forty customers", "# customers", None);
    }

    const PATTERNS: &[(u8, &[&str])] =
        &[(1, &["all|every _ customers", "all"]), (2, &["fail*", "# customers"]), (3, &["customers fail"])];

    #[test]
    fn a_lexicon_finds_the_longest_of_each_meaning() {
        let found = Lexicon::new(&[PATTERNS]).find("not all our 40 customers failed");
        let shown: Vec<_> = found.iter().map(|found| (found.meaning, found.words.as_str(), found.negated)).collect();
        assert_eq!(
            shown,
            [(1, "all our 40 customers", true), (2, "40 customers", true), (2, "failed", false)],
            "what one meaning takes another may take too"
        );
    }

    proptest! {
        #[test]
        fn a_lexicon_finds_what_looking_for_each_meaning_alone_finds(text in "(all|every|our|40|customers|fail|fails|not|[,.]| ){0,24}") {
            let lexicon = Lexicon::new(&[PATTERNS]);
            for meaning in 1..=3 {
                let own: Vec<(u8, &[&str])> = PATTERNS.iter().filter(|(of, _)| *of == meaning).copied().collect();
                let mut found = lexicon.find(&text);
                found.retain(|found| found.meaning == meaning);
                prop_assert_eq!(found, find_all(&text, &own));
            }
        }
    }

    #[test]
    fn negation_reaches_back_within_a_clause() {
        let check = |text: &str, expected: &[(&str, bool)]| {
            let found = find_all(text, &[((), &["urgent", "all customers"])]);
            let shown: Vec<_> = found.iter().map(|found| (found.words.as_str(), found.negated)).collect();
            assert_eq!(shown, expected, "{text}");
        };
        check("urgent for all customers", &[("urgent", false), ("all customers", false)]);
        check("this is not that urgent", &[("urgent", true)]);
        check("no, it is urgent", &[("urgent", false)]);
        check("", &[]);
    }

    #[test]
    fn shouting_takes_more_than_an_abbreviation() {
        for text in ["PLEASE HELP US", "fix it!!", "NOTHING WORKS here"] {
            assert!(shouts(text), "{text}");
        }
        for text in ["the API and SAML fail", "CSV", "", "Help!"] {
            assert!(!shouts(text), "{text}");
        }
    }
}
