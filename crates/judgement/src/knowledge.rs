//! Full-text search over Markdown documents. The caller reads the files.

use std::collections::BTreeSet;

use crate::lexical::Index;
use crate::markdown;
use crate::text::index_terms;

/// What a snippet holds at most, in characters.
const SNIPPET_CHARS: usize = 280;

/// A Markdown document as its owner hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path within the folder, with `/`.
    pub path: String,
    /// Where people read it, without an anchor.
    pub url: Option<String>,
    /// Its text.
    pub markdown: String,
}

/// An answer: the part of a document that shares the question's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The document's title, or its file name where it has none.
    pub title: String,
    /// The headings from the top down to the passage's own.
    pub heading_path: Vec<String>,
    /// The heading's anchor without `#`; empty at a document's untitled start.
    pub anchor: String,
    /// The document's path.
    pub path: String,
    /// The document's address with the anchor, where the source has an address.
    pub url: Option<String>,
    /// The sentences that hold most of the question's words, at most 280 characters.
    pub snippet: String,
    /// BM25; comparable within one search only.
    pub score: f64,
}

/// Documents split into passages and indexed by their words.
#[derive(Debug, Clone, Default)]
pub struct KnowledgeIndex {
    passages: Vec<Indexed>,
    index: Index<usize>,
}

#[derive(Debug, Clone)]
struct Indexed {
    title: String,
    heading_path: Vec<String>,
    anchor: String,
    path: String,
    url: Option<String>,
    text: String,
}

impl KnowledgeIndex {
    /// Splits and indexes the documents.
    pub fn from_documents(documents: impl IntoIterator<Item = Source>) -> Self {
        let mut knowledge = Self::default();
        for source in documents {
            knowledge.add(&source);
        }
        knowledge
    }

    fn add(&mut self, source: &Source) {
        let document = markdown::read(&source.markdown);
        let title = document.title.unwrap_or_else(|| file_stem(&source.path));
        for section in document.sections {
            let headings = section.heading_path.join("\n");
            self.index.add(
                self.passages.len(),
                &format!("{title}\n{headings}\n{}", section.text),
            );
            self.passages.push(Indexed {
                title: title.clone(),
                url: source
                    .url
                    .as_deref()
                    .map(|url| with_anchor(url, &section.anchor)),
                heading_path: section.heading_path,
                anchor: section.anchor,
                path: source.path.clone(),
                text: section.text,
            });
        }
    }

    /// How many passages there are.
    pub fn len(&self) -> usize {
        self.passages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }

    /// The best `limit` passages for a question, one per heading; none where no word is shared.
    pub fn search(&self, question: &str, limit: usize) -> Vec<Passage> {
        let mut seen = BTreeSet::new();
        let hits = self.index.search(question, limit.saturating_mul(4));
        let found = hits.into_iter().filter_map(|hit| {
            let passage = self.passages.get(hit.id)?;
            seen.insert((&passage.path, &passage.anchor))
                .then(|| self.show(passage, hit.score, &hit.matched))
        });
        found.take(limit).collect()
    }

    fn show(&self, passage: &Indexed, score: f64, matched: &[String]) -> Passage {
        Passage {
            title: passage.title.clone(),
            heading_path: passage.heading_path.clone(),
            anchor: passage.anchor.clone(),
            path: passage.path.clone(),
            url: passage.url.clone(),
            snippet: self.snippet(&passage.text, matched),
            score,
        }
    }

    /// The sentence that holds most of the matched terms, and what follows it while there is room.
    fn snippet(&self, text: &str, matched: &[String]) -> String {
        let sentences = crate::summary::sentences(text);
        let weight = |sentence: &str| -> f64 {
            let terms: BTreeSet<String> = index_terms(sentence).into_iter().collect();
            matched
                .iter()
                .filter(|term| terms.contains(*term))
                .map(|term| self.index.rarity(term))
                .sum()
        };
        let mut best = (0, -1.0);
        for (at, sentence) in sentences.iter().enumerate() {
            let found = weight(sentence);
            if found > best.1 {
                best = (at, found);
            }
        }
        let mut snippet = String::new();
        for sentence in sentences.iter().skip(best.0) {
            let fits = snippet.chars().count() + sentence.chars().count() < SNIPPET_CHARS;
            if !snippet.is_empty() && !fits {
                break;
            }
            if !snippet.is_empty() {
                snippet.push(' ');
            }
            snippet.push_str(sentence);
        }
        crate::summary::shorten(&snippet, SNIPPET_CHARS)
    }
}

fn file_stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

fn with_anchor(url: &str, anchor: &str) -> String {
    if anchor.is_empty() {
        url.to_owned()
    } else {
        format!("{url}#{anchor}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KnowledgeIndex, Source};

    fn knowledge() -> KnowledgeIndex {
        let source = |path: &str, url: Option<&str>, markdown: &str| Source {
            path: path.to_owned(),
            url: url.map(str::to_owned),
            markdown: markdown.to_owned(),
        };
        KnowledgeIndex::from_documents([
            source(
                "refunds.md",
                Some("https://help.example/refunds"),
                "# Refunds\nMoney goes back to the card.\n\n## Partial refunds\nFirst things first. You can refund a part of a payment up to 90 days after it. Fees are not returned.",
            ),
            source(
                "sso/okta.md",
                None,
                "Connect Okta with SAML. Sign in as an owner first.",
            ),
        ])
    }

    #[test]
    fn answers_with_heading_anchor_and_the_matching_sentences() {
        let found = knowledge().search("can I do a partial refund of a payment?", 3);
        assert_eq!(found[0].heading_path, ["Refunds", "Partial refunds"]);
        assert_eq!(
            found[0].url.as_deref(),
            Some("https://help.example/refunds#partial-refunds")
        );
        assert!(
            found[0].snippet.starts_with("You can refund a part"),
            "{}",
            found[0].snippet
        );
        assert_eq!(found[1].anchor, "refunds");
    }

    #[test]
    fn a_document_without_title_is_named_by_its_file() {
        let found = knowledge().search("okta", 3);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].title.as_str(), found[0].path.as_str()),
            ("okta", "sso/okta.md")
        );
    }

    #[test]
    fn nothing_shared_gives_nothing() {
        assert!(knowledge().search("bicycle", 3).is_empty());
        assert!(knowledge().search("", 3).is_empty());
        assert!(KnowledgeIndex::default().search("refund", 3).is_empty());
    }

    proptest! {
        #[test]
        fn snippets_keep_their_limit(question in "\\PC{0,60}", text in "\\PC{0,900}") {
            let markdown = format!("# T\n{text}");
            let knowledge = KnowledgeIndex::from_documents([Source { path: "t.md".into(), url: None, markdown }]);
            for passage in knowledge.search(&question, 3) {
                prop_assert!(passage.snippet.chars().count() <= 280);
            }
        }
    }
}
