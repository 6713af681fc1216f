//! Regular expressions of conditions: compiled at load, with an estimate of what a search costs.

use regex::{Regex, RegexBuilder};

/// A compiled pattern may take this much memory; `\w{1,20}` needs most of it.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// How many steps of a search, one for a byte of text and a state of the pattern, are a unit of work.
const STEPS_PER_WORK: usize = 1024;

/// A pattern that is searched for anywhere in a text.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// No fewer than the states that a search may be in at once: the letters times the counted repetitions.
    states: usize,
}

impl Pattern {
    /// Compiles a pattern; the error is the reason in one line.
    pub(super) fn new(written: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(written).size_limit(MAX_PATTERN_BYTES).build();
        let regex = regex.map_err(|error| {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default();
            last.trim().trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self { regex, states: written.len().saturating_mul(repetitions(written)) })
    }

    /// Whether the pattern is in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The work of a search, at worst. Searches take time linear in the text, but with a pattern such as
    /// `[ab]*a[ab]{900}` some microseconds for every byte.
    pub(super) fn work(&self, text: &str) -> usize {
        1 + text.len().saturating_mul(self.states) / STEPS_PER_WORK
    }
}

/// The product of the largest counts of all `{n}`, `{n,}` and `{n,m}`.
fn repetitions(pattern: &str) -> usize {
    let counts = pattern.split('{').skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('}')?;
        inside.split(',').filter_map(|count| count.trim().parse::<usize>().ok()).max()
    });
    counts.fold(1, |product, count| product.saturating_mul(count.max(1)))
}
