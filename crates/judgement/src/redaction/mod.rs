//! Personal details and secrets out of a text before it leaves, and back into what returns.
//!
//! A [`Redaction`] puts a placeholder such as `[EMAIL_1]` in the place of each detail: the same detail always gets the same
//! one, in all texts of a call, and [`Redaction::restore`] puts the details back. `structured` finds what has a form (e-mail
//! addresses, telephone numbers, IBANs, cards, addresses of machines, national ids), `secrets` passwords, keys and links that
//! carry one, `names` people by what stands around them.
//!
//! In doubt it redacts: a number that was none costs a model a little, one that was somebody's can't be called back. What is
//! left out on purpose: version numbers, times, ids of tickets and orders.

mod names;
mod plain;
mod secrets;
mod structured;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use regex::bytes::RegexBuilder;

use self::plain::Plain;

/// What a detail is. The order is that of their weight where two overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What only looks like a placeholder: taken out too, so that nothing else comes back in its place.
    Text,
    /// A password, key or token.
    Secret,
    /// An e-mail address.
    Email,
    /// A bank account.
    Iban,
    /// A payment card.
    Card,
    /// A national, tax or passport number.
    Id,
    /// A telephone number.
    Phone,
    /// A machine's address.
    Ip,
    /// A device's hardware address.
    Mac,
    /// Somebody in Slack.
    Person,
    /// The name somebody signs in with.
    User,
    /// A date of birth.
    Birthday,
    /// A street and number.
    Address,
    /// Somebody's name.
    Name,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Text,
        Self::Secret,
        Self::Email,
        Self::Iban,
        Self::Card,
        Self::Id,
        Self::Phone,
        Self::Ip,
        Self::Mac,
        Self::Person,
        Self::User,
        Self::Birthday,
        Self::Address,
        Self::Name,
    ];

    /// The word in its placeholders.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Secret => "SECRET",
            Self::Email => "EMAIL",
            Self::Iban => "IBAN",
            Self::Card => "CARD",
            Self::Id => "ID",
            Self::Phone => "PHONE",
            Self::Ip => "IP",
            Self::Mac => "MAC",
            Self::Person => "PERSON",
            Self::User => "USER",
            Self::Birthday => "BIRTHDAY",
            Self::Address => "ADDRESS",
            Self::Name => "NAME",
        }
    }
}

/// Something that was found, by its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    span: Range<usize>,
    kind: Kind,
}

/// A pattern and what it finds.
struct Rule {
    kind: Kind,
    /// The group that holds the detail; 0 is all of the match.
    group: usize,
    /// Over the [`Plain`] form.
    regex: regex::bytes::Regex,
    /// Whether a match is one indeed.
    holds: fn(&Match<'_>) -> bool,
}

/// A match with what stands before it.
struct Match<'a> {
    before: &'a str,
    text: &'a str,
    after: &'a str,
}

/// What each pattern's automaton may keep, for each thread: a request is short, and the patterns are many.
const AUTOMATON_BYTES: usize = 32 * 1024;

/// A [`Rule`] before its pattern is compiled. The pattern is written for the [`Plain`] form: its classes are ASCII, its words may
/// have accents.
type Pattern = (Kind, usize, &'static str, fn(&Match<'_>) -> bool);

/// The rules of these patterns. One that can't be compiled is left out; a test sees to it that there is none.
fn compiled(patterns: &[Pattern]) -> Vec<Rule> {
    let rule = |(kind, group, pattern, holds): &Pattern| {
        let regex = RegexBuilder::new(Plain::of(pattern).as_str())
            .unicode(false)
            .dfa_size_limit(AUTOMATON_BYTES)
            .build()
            .ok()?;
        Some(Rule { kind: *kind, group: *group, regex, holds: *holds })
    };
    patterns.iter().filter_map(rule).collect()
}

/// For patterns that say all.
fn always(_: &Match<'_>) -> bool {
    true
}

fn find(rules: &[Rule], text: &str, plain: &Plain) -> Vec<Found> {
    let mut found = Vec::new();
    for rule in rules {
        for captures in rule.regex.captures_iter(plain.as_str().as_bytes()) {
            let Some(group) = captures.get(rule.group) else { continue };
            let span = plain.in_text(group.range());
            let matched = Match {
                before: text.get(..span.start).unwrap_or_default(),
                text: text.get(span.clone()).unwrap_or_default(),
                after: text.get(span.end..).unwrap_or_default(),
            };
            if (rule.holds)(&matched) {
                found.push(Found { span, kind: rule.kind });
            }
        }
    }
    found
}

/// Overlapping finds become one, so that no end of one sticks out. The weightier kind names it.
fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|it| !it.span.is_empty());
    found.sort_by_key(|it| (it.span.start, it.kind));
    let mut merged: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut().filter(|last| next.span.start < last.span.end) {
            Some(last) => {
                last.span.end = last.span.end.max(next.span.end);
                last.kind = last.kind.min(next.kind);
            }
            None => merged.push(next),
        }
    }
    merged
}

static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    Regex::new(&format!(r"\[(?:{})_[0-9]+\]", kinds.join("|"))).ok()
});

fn placeholders(text: &str) -> Vec<Range<usize>> {
    PLACEHOLDER.iter().flat_map(|regex| regex.find_iter(text)).map(|it| it.range()).collect()
}

/// The details that were taken out of the texts of one call.
#[derive(Clone, Default)]
pub struct Redaction {
    by_detail: BTreeMap<String, String>,
    by_placeholder: BTreeMap<String, String>,
    counts: BTreeMap<Kind, usize>,
    known: names::Known,
}

impl Redaction {
    /// Nothing is taken out yet. These names of people are known beforehand.
    pub fn new(names: &[String]) -> Self {
        let mut redaction = Self::default();
        for name in names {
            redaction.known.add(name);
        }
        redaction
    }

    /// Learns the names in a text that is redacted later, so that they are found in the texts before it too.
    pub fn learn(&mut self, text: &str) {
        self.learn_from(text, &Plain::of(text));
    }

    fn learn_from(&mut self, text: &str, plain: &Plain) {
        for it in names::by_context(text, plain) {
            self.known.add(text.get(it.span).unwrap_or_default());
        }
    }

    /// The text with placeholders in the place of its details.
    pub fn redact(&mut self, text: &str) -> String {
        let plain = Plain::of(text);
        self.learn_from(text, &plain);
        let mut found: Vec<Found> =
            placeholders(text).into_iter().map(|span| Found { span, kind: Kind::Text }).collect();
        found.extend(secrets::find(text, &plain));
        found.extend(structured::find(text, &plain));
        found.extend(names::by_context(text, &plain));
        found.extend(self.known.find(text));
        let mut redacted = String::with_capacity(text.len());
        let mut at = 0;
        for it in merged(found) {
            redacted.push_str(text.get(at..it.span.start).unwrap_or_default());
            let detail = text.get(it.span.clone()).unwrap_or_default();
            redacted.push_str(&self.placeholder(it.kind, detail));
            at = it.span.end;
        }
        redacted.push_str(text.get(at..).unwrap_or_default());
        redacted
    }

    fn placeholder(&mut self, kind: Kind, detail: &str) -> String {
        if let Some(known) = self.by_detail.get(detail) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let placeholder = format!("[{}_{count}]", kind.as_str());
        self.by_detail.insert(detail.to_owned(), placeholder.clone());
        self.by_placeholder.insert(placeholder.clone(), detail.to_owned());
        placeholder
    }

    /// Puts the details back. Placeholders that stand for nothing stay as they are.
    pub fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut at = 0;
        for span in placeholders(text) {
            restored.push_str(text.get(at..span.start).unwrap_or_default());
            let placeholder = text.get(span.clone()).unwrap_or_default();
            restored.push_str(self.by_placeholder.get(placeholder).map_or(placeholder, String::as_str));
            at = span.end;
        }
        restored.push_str(text.get(at..).unwrap_or_default());
        restored
    }

    /// How many details of each kind were taken out.
    pub fn counts(&self) -> impl Iterator<Item = (Kind, usize)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }
}

/// Never shows a detail.
impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redaction").field("counts", &self.counts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
