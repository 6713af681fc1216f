//! The default categoriser: which category's keywords and examples does a text share words with? It learned
//! nothing, so its confidence stays low.

use std::collections::BTreeSet;

use deskbell_domain::assessment::{Confidence, Judged};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;

use crate::lexical::Index;
use crate::mrkdwn::plain;
use crate::text::{index_terms, stem, words};

/// However many words match, an untrained answer is no surer than this.
const CONFIDENCE_LIMIT: f64 = 0.55;
/// A matched keyword counts so much more than an example's word.
const KEYWORD_WEIGHT: f64 = 1.0;
/// What the best example adds at most: whole likeness to an example is as good as one keyword.
const EXAMPLE_WEIGHT: f64 = 1.0;
/// Below this likeness an example only shares everyday words.
const EXAMPLE_THRESHOLD: f64 = 0.2;
/// At most so many words are shown as evidence.
const EVIDENCE: usize = 4;

/// Categories made ready for matching.
#[derive(Debug, Clone)]
pub struct Keywords {
    categories: Vec<Prepared>,
    examples: Index<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Prepared {
    id: CategoryId,
    keywords: Vec<(String, Vec<String>)>,
}

impl Keywords {
    /// Prepares the categories. Their order decides between equal scores.
    pub fn new(categories: &[Category]) -> Self {
        let mut examples = Index::default();
        for (at, category) in categories.iter().enumerate() {
            for (ordinal, example) in category.examples.iter().enumerate() {
                examples.add((at, ordinal), &plain(example));
            }
        }
        let prepared = |category: &Category| Prepared {
            id: category.id.clone(),
            keywords: category
                .keywords
                .iter()
                .map(|keyword| (keyword.clone(), stems(keyword)))
                .filter(|(_, stems)| !stems.is_empty())
                .collect(),
        };
        Self { categories: categories.iter().map(prepared).collect(), examples }
    }

    /// The category whose words the text holds; `None` when no word speaks for any.
    pub fn categorize(&self, text: &str) -> Option<Judged<CategoryId>> {
        let plain = plain(text);
        let scores = self.scores(&plain);
        let total: f64 = scores.iter().map(|(score, _)| score).sum();
        let (best, (score, evidence)) = best_of(scores)?;
        let category = self.categories.get(best)?;
        // One keyword alone gives a third, more of them and no rival lead towards the limit.
        let strength = score / (score + 1.0);
        let share = score / total;
        Some(Judged {
            value: category.id.clone(),
            confidence: Confidence::from_probability((strength * share * 0.75).min(CONFIDENCE_LIMIT)),
            evidence,
        })
    }

    fn scores(&self, plain: &str) -> Vec<(f64, Vec<String>)> {
        let text = stems(plain);
        let likeness = self.example_likeness(plain);
        self.categories
            .iter()
            .zip(likeness)
            .map(|(category, (alike, shared))| {
                let matched: Vec<&String> = category
                    .keywords
                    .iter()
                    .filter(|(_, stems)| text.windows(stems.len()).any(|window| window == stems.as_slice()))
                    .map(|(keyword, _)| keyword)
                    .collect();
                let weight: f64 = matched.iter().map(|keyword| KEYWORD_WEIGHT * words_in(keyword).sqrt()).sum();
                let mut evidence: Vec<String> = matched.into_iter().cloned().collect();
                let told: BTreeSet<String> = evidence.iter().flat_map(|keyword| stems(keyword)).collect();
                evidence.extend(shared.into_iter().filter(|term| !told.contains(&stem(term))));
                evidence.truncate(EVIDENCE);
                (weight + EXAMPLE_WEIGHT * alike, evidence)
            })
            .collect()
    }

    /// For each category how alike its best example is (0 to 1) and the words of the text shared with it.
    fn example_likeness(&self, plain: &str) -> Vec<(f64, Vec<String>)> {
        let mut best = vec![(0.0, Vec::new()); self.categories.len()];
        let own = self.examples.self_score(plain);
        for hit in self.examples.search(plain, usize::MAX) {
            let Some(other) = self.examples.self_score_of(&hit.id) else {
                continue;
            };
            let ratio = (hit.score / (own * other).sqrt()).min(1.0);
            if let Some(slot) = best.get_mut(hit.id.0)
                && ratio >= EXAMPLE_THRESHOLD
                && ratio > slot.0
            {
                *slot = (ratio, surface_words(plain, &hit.matched));
            }
        }
        best
    }
}

/// The text's own words for stemmed terms.
fn surface_words(plain: &str, terms: &[String]) -> Vec<String> {
    let all = words(plain);
    terms.iter().filter_map(|term| all.iter().find(|word| stem(word) == *term).cloned()).collect()
}

fn best_of(scores: Vec<(f64, Vec<String>)>) -> Option<(usize, (f64, Vec<String>))> {
    scores.into_iter().enumerate().filter(|(_, (score, _))| *score > 0.0).fold(None, |best, next| match best {
        Some((_, (score, _))) if score >= next.1.0 => best,
        _ => Some(next),
    })
}

/// Every word, stop words too: a keyword may be `log in`.
fn stems(text: &str) -> Vec<String> {
    words(text).iter().map(|word| stem(word)).collect()
}

fn words_in(keyword: &str) -> f64 {
    u32::try_from(index_terms(keyword).len()).map_or(1.0, f64::from).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use deskbell_domain::policy::Category;

    use super::Keywords;

    fn keywords() -> Keywords {
        let category = |id: &str, keywords: &[&str], examples: &[&str]| Category {
            id: id.into(),
            name: id.to_owned(),
            area: String::new(),
            squad: None,
            keywords: keywords.iter().map(ToString::to_string).collect(),
            examples: examples.iter().map(ToString::to_string).collect(),
        };
        Keywords::new(&[
            category("payments", &["refund", "payout", "chargeback"], &["A customer was charged twice"]),
            category("login", &["log in", "SSO", "two-factor"], &["The password reset mail never arrives"]),
            category("api", &["API", "webhook", "rate limit"], &[]),
        ])
    }

    fn check(text: &str, expected: Option<&str>) {
        let found = keywords().categorize(text);
        assert_eq!(found.as_ref().map(|judged| judged.value.as_str()), expected, "{text}: {found:?}");
    }

    #[test]
    fn keywords_and_examples_speak() {
        check("please process two refunds", Some("payments"));
        check("I cannot log in with sso", Some("login"));
        check("logging out of the file", None);
        check("our webhooks hit the rate limits", Some("api"));
        check("we were charged twice for one customer", Some("payments"));
        check("reset mail for my password", Some("login"));
        check("bicycle", None);
        check("", None);
    }

    #[test]
    fn confidence_stays_low_and_evidence_is_the_words() {
        let one = keywords().categorize("a refund").unwrap();
        let many = keywords().categorize("refund after chargeback before payout").unwrap();
        let torn = keywords().categorize("refund through the API").unwrap();
        assert!(one.confidence.percent() < 45);
        assert!(many.confidence > one.confidence && many.confidence.percent() <= 55);
        assert!(torn.confidence < one.confidence);
        assert_eq!(many.evidence, ["refund", "payout", "chargeback"]);
    }

    proptest! {
        #[test]
        fn any_text_is_categorised_the_same_twice(text in "\\PC{0,120}") {
            let keywords = keywords();
            prop_assert_eq!(keywords.categorize(&text), keywords.categorize(&text));
        }
    }
}
