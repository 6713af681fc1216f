//! Issues like a new one: found by the words of its summary, ranked by BM25 over what was found.

use deskbell_judgement::lexical::Index;
use deskbell_judgement::text::{is_stop_word, words};

use super::client::{JiraClient, Window};
use super::schema::{FindSimilarIssues, Issue, SimilarIssue, SimilarIssues};
use super::shown;
use crate::failure::ToolFailure;

/// Words that are searched for at most; the longest are kept.
const WORDS_MAX: usize = 8;
/// A shorter word tells too little.
const WORD_CHARACTERS_MIN: usize = 3;
/// Issues that are found before they are ranked.
const CANDIDATES: u32 = 50;
/// Issues that are shown when no number is asked for, and at most.
const SHOWN_DEFAULT: u32 = 5;
const SHOWN_MAX: u32 = 20;

/// The most similar issues, the best first.
pub(super) async fn issues(client: &JiraClient, wanted: FindSimilarIssues) -> Result<SimilarIssues, ToolFailure> {
    let words = telling_words(&wanted.summary);
    if words.is_empty() {
        return Err(ToolFailure::permanent("The summary has no word to search for; describe the problem in it"));
    }
    let window = Window { size: CANDIDATES, token: None };
    let found = client.search(&jql(&words, &wanted), window).await?;
    let issues: Vec<Issue> = found.items.iter().map(|issue| shown::issue(client, issue)).collect();
    let limit = wanted.max_results.unwrap_or(SHOWN_DEFAULT).clamp(1, SHOWN_MAX) as usize;
    Ok(SimilarIssues { issues: ranked(issues, &wanted, limit) })
}

fn ranked(issues: Vec<Issue>, wanted: &FindSimilarIssues, limit: usize) -> Vec<SimilarIssue> {
    let others = issues.into_iter().filter(|issue| wanted.except_issue_key.as_ref() != Some(&issue.key));
    let mut issues: Vec<Option<Issue>> = others.map(Some).collect();
    let summaries = issues.iter().flatten().map(|issue| issue.summary.as_str());
    let index = Index::build(summaries.enumerate());
    let best = index.self_score(&wanted.summary);
    let hits = index.search(&wanted.summary, limit);
    hits.into_iter()
        .filter_map(|hit| {
            let issue = issues.get_mut(hit.id)?.take()?;
            let share = if best > 0.0 { (hit.score / best).clamp(0.0, 1.0) } else { 0.0 };
            Some(SimilarIssue { similarity: (share * 100.0).round() / 100.0, issue })
        })
        .collect()
}

/// The words by which the search goes: distinct, without stop words, the longest first.
fn telling_words(summary: &str) -> Vec<String> {
    let mut telling = words(summary);
    telling.retain(|word| !is_stop_word(word) && word.chars().count() >= WORD_CHARACTERS_MIN);
    telling.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let mut distinct: Vec<String> = Vec::new();
    for word in telling {
        if !distinct.contains(&word) && distinct.len() < WORDS_MAX {
            distinct.push(word);
        }
    }
    distinct
}

/// The words hold letters and digits only, so that they can't leave the quotes.
fn jql(words: &[String], wanted: &FindSimilarIssues) -> String {
    let mut clauses = vec![format!("summary ~ \"{}\"", words.join(" OR "))];
    if let Some(project) = &wanted.project_key {
        clauses.push(format!("project = {}", quoted(project)));
    }
    if wanted.resolved_only.unwrap_or(false) {
        clauses.push("resolution is not EMPTY".to_owned());
    }
    format!("{} ORDER BY updated DESC", clauses.join(" AND "))
}

/// A JQL string.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_holds_telling_words_and_stays_in_its_quotes() {
        let wanted = FindSimilarIssues {
            summary: "The refund \"fails\" for the customer's invoices AND \\ more".into(),
            project_key: Some("PA\"Y".into()),
            resolved_only: Some(true),
            except_issue_key: None,
            max_results: None,
        };
        let words = telling_words(&wanted.summary);
        assert!(words.contains(&"refund".to_owned()) && !words.contains(&"the".to_owned()), "{words:?}");
        let query = jql(&words, &wanted);
        assert!(query.ends_with("project = \"PA\\\"Y\" AND resolution is not EMPTY ORDER BY updated DESC"), "{query}");
        assert_eq!(query.matches('"').count(), 5);
    }
}
