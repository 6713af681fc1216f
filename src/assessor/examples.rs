//! The examples that a model learns from, and whether they are enough.

use std::collections::BTreeMap;

use deskbell_domain::policy::Category;
use deskbell_judgement::classifier::Example;

use super::config::AssessorConfigError;

/// A category needs so many examples before a model may learn from it, where nothing but words is compared.
const EXAMPLES_AT_LEAST: usize = 2;
/// A category's name is told with so many of its keywords.
const KEYWORDS_OF_A_NAME: usize = 6;

/// The policy's own.
pub(super) fn of_policy(categories: &[Category]) -> Vec<Example> {
    let of_one = |category: &Category| -> Vec<Example> {
        let label = category.id.to_string();
        category.examples.iter().map(|text| Example { text: text.clone(), label: label.clone() }).collect()
    };
    categories.iter().flat_map(of_one).collect()
}

/// What categories are called, for categories of few examples.
pub(super) fn names(categories: &[Category]) -> Vec<(String, String)> {
    let named = |category: &Category| {
        let keywords = category.keywords.iter().take(KEYWORDS_OF_A_NAME).map(String::as_str);
        let words: Vec<&str> = std::iter::once(category.name.as_str()).chain(keywords).collect();
        (category.id.to_string(), words.join(", "))
    };
    categories.iter().map(named).collect()
}

/// Refuses examples of the file whose label is no category.
pub(super) fn check_labels(categories: &[Category], labelled: &[Example]) -> Result<(), AssessorConfigError> {
    let stranger = labelled.iter().find(|example| categories.iter().all(|known| known.id.as_str() != example.label));
    let Some(example) = stranger else { return Ok(()) };
    let known: Vec<&str> = categories.iter().map(|category| category.id.as_str()).collect();
    Err(AssessorConfigError::UnknownLabel { label: example.label.clone(), known: known.join(", ") })
}

/// Why a model would do harm: it never answers with a category that it has no examples of. With an encoder a name is enough.
pub(super) fn too_little(categories: &[Category], examples: &[Example], has_encoder: bool) -> Option<String> {
    if categories.len() < 2 {
        return Some("the policy has fewer than 2 categories".to_owned());
    }
    if has_encoder {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        *counts.entry(&example.label).or_insert(0) += 1;
    }
    let poor = categories
        .iter()
        .find(|category| counts.get(category.id.as_str()).is_none_or(|count| *count < EXAMPLES_AT_LEAST))?;
    Some(format!("category `{}` has fewer than {EXAMPLES_AT_LEAST} examples", poor.id))
}
