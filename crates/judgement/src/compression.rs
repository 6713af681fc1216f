//! What of a passage answers a question: a few of its own sentences, in their order; and whether two passages say the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::summary::{ends_with_a_mark, sentences, shorten};
use crate::text::{index_terms, words};

/// Between lines that end without a mark, such as those of a table or a list.
const BETWEEN_LINES: &str = " · ";
/// Between sentences that don't follow each other.
const GAP: &str = " … ";
/// Shared runs of three words from which on two passages say the same.
const SAME: f64 = 0.8;
/// A sentence behind a chosen one joins it while the whole is shorter than this share of the room.
const CONTEXT_SHARE: f64 = 0.6;

/// The sentences of `text` that hold most of what `rarities` asks for (stemmed terms with their weight), in the text's
/// order and at most `limit` characters, all of a short text; the beginning where none does.
pub fn answering(text: &str, rarities: &BTreeMap<String, f64>, limit: usize) -> String {
    let sentences = sentences(text);
    let terms: Vec<BTreeSet<String>> =
        sentences.iter().map(|sentence| index_terms(sentence).into_iter().collect()).collect();
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    let mut asked: BTreeMap<&str, f64> = rarities.iter().map(|(term, rarity)| (term.as_str(), *rarity)).collect();
    while let Some(next) = most_telling(&terms, &asked, &chosen) {
        if !fits(&sentences, &chosen, next, limit) {
            break;
        }
        chosen.insert(next);
        // A second sentence of the same words adds less than one of new words.
        for term in terms.get(next).into_iter().flatten() {
            if let Some(weight) = asked.get_mut(term.as_str()) {
                *weight = 0.0;
            }
        }
    }
    if chosen.is_empty() {
        let first = most_telling(&terms, &asked, &chosen).unwrap_or(0);
        return shorten(sentences.get(first).copied().unwrap_or_default(), limit);
    }
    // Where there is room for all of it nobody has to guess what was left out.
    let whole = joined(&sentences, &(0..sentences.len()).collect());
    if whole.chars().count() <= limit {
        return whole;
    }
    with_context(&sentences, &mut chosen, limit);
    joined(&sentences, &chosen)
}

/// The sentence that holds most of what is still asked, the earlier one of equals.
#[allow(clippy::cast_precision_loss)]
fn most_telling(terms: &[BTreeSet<String>], asked: &BTreeMap<&str, f64>, taken: &BTreeSet<usize>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, held) in terms.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
        let weight: f64 = held.iter().filter_map(|term| asked.get(term.as_str())).sum();
        // Of two sentences that hold the same the plainer one.
        let weight = weight / (1.0 + held.len().min(60) as f64 * 0.01);
        if weight > 0.0 && best.is_none_or(|(_, most)| weight > most + 1e-9) {
            best = Some((at, weight));
        }
    }
    best.map(|(at, _)| at)
}

/// The sentences behind the chosen ones, while there is room: a step is often told in two.
fn with_context(sentences: &[&str], chosen: &mut BTreeSet<usize>, limit: usize) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let room = (limit as f64 * CONTEXT_SHARE) as usize;
    for after in chosen.iter().map(|at| at + 1).collect::<Vec<_>>() {
        if after < sentences.len() && !chosen.contains(&after) && fits(sentences, chosen, after, room) {
            chosen.insert(after);
        }
    }
}

fn fits(sentences: &[&str], chosen: &BTreeSet<usize>, next: usize, limit: usize) -> bool {
    let length = |at: &usize| sentences.get(*at).map_or(0, |sentence| sentence.chars().count() + GAP.chars().count());
    chosen.iter().chain([&next]).map(length).sum::<usize>() <= limit + GAP.chars().count()
}

fn joined(sentences: &[&str], chosen: &BTreeSet<usize>) -> String {
    let mut text = String::new();
    let mut last: Option<usize> = None;
    for at in chosen {
        let follows = last.is_some_and(|last| last + 1 == *at);
        let between = if last.is_none() {
            ""
        } else if follows {
            if ends_with_a_mark(&text) { " " } else { BETWEEN_LINES }
        } else {
            GAP
        };
        text.push_str(between);
        text.push_str(sentences.get(*at).copied().unwrap_or_default());
        last = Some(*at);
    }
    text
}

/// The runs of three words of a text, by which near-duplicates are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles(BTreeSet<Vec<String>>);

impl Shingles {
    /// Of a text; one of fewer words is one run.
    pub fn of(text: &str) -> Self {
        let words = words(text);
        if words.len() < 3 {
            return Self([words].into());
        }
        Self(words.windows(3).map(<[String]>::to_vec).collect())
    }

    /// Whether the texts say nearly the same, or one is within the other.
    #[allow(clippy::cast_precision_loss)]
    pub fn is_same(&self, other: &Self) -> bool {
        let shared = self.0.intersection(&other.0).count() as f64;
        let fewer = self.0.len().min(other.0.len()).max(1) as f64;
        shared / fewer >= SAME
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Shingles, answering};

    fn asked(terms: &[&str]) -> BTreeMap<String, f64> {
        terms.iter().map(|term| ((*term).to_owned(), 1.0)).collect()
    }

    #[test]
    fn the_sentences_that_answer_are_kept_in_their_order() {
        let filler = "This sentence is about something else entirely. ".repeat(4);
        let text = format!("First the quota of webhooks is forty. {filler}Fees apply to refunds. {filler}");
        let told = answering(&text, &asked(&["fee", "refund", "webhook", "quota"]), 120);
        assert_eq!(told, "First the quota of webhooks is forty. … Fees apply to refunds.");
        let alone = answering("Press the button. Then wait for the mail.", &asked(&["button"]), 200);
        assert_eq!(alone, "Press the button. Then wait for the mail.");
        assert_eq!(answering("Nothing shared here. At all.", &asked(&["bicycle"]), 100), "Nothing shared here.");
        assert_eq!(answering("", &asked(&["bicycle"]), 100), "");
        let table = "Money arrives after:\ncards: 5 days\ntransfers: 3 days";
        let told = answering(table, &asked(&["card"]), 100);
        assert_eq!(told, "Money arrives after: cards: 5 days · transfers: 3 days");
    }

    #[test]
    fn near_duplicates_are_told_from_others() {
        let same = |one: &str, other: &str| Shingles::of(one).is_same(&Shingles::of(other));
        let text = "A refund takes five business days to reach the card of the customer who paid";
        assert!(same(text, &format!("{text}.")) && same(text, &format!("Note: {text}. Weekends do not count.")));
        assert!(!same(text, "A refund takes up to ten days for a bank transfer"));
        assert!(same("Yes", "yes") && !same("Yes", "No"));
    }

    proptest! {
        #[test]
        fn an_answer_keeps_its_limit(text in "\\PC{0,900}", limit in 20_usize..400) {
            let told = answering(&text, &asked(&["a", "the", "e"]), limit);
            prop_assert!(told.chars().count() <= limit, "{}", told);
        }
    }
}
