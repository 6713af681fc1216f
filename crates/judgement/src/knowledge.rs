//! Full-text search over Markdown documents. The caller reads the files.

use std::collections::BTreeSet;

use crate::lexical::Index;
use crate::markdown::{self, Section};
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
        for section in telling_sections(document.sections) {
            let headings = section.heading_path.join("\n");
            self.index.add(self.passages.len(), &format!("{title}\n{headings}\n{}", section.text));
            self.passages.push(Indexed {
                title: title.clone(),
                url: source.url.as_deref().map(|url| with_anchor(url, &section.anchor)),
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
            seen.insert((&passage.path, &passage.anchor)).then(|| self.show(passage, hit.score, &hit.matched))
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

    /// The run of sentences that fits and holds most of the matched terms; the earliest of equals.
    fn snippet(&self, text: &str, matched: &[String]) -> String {
        let sentences = crate::summary::sentences(text);
        let mut best = (-1.0, String::new());
        for start in 0..sentences.len() {
            let run = fitting_run(sentences.get(start..).unwrap_or_default());
            let terms: BTreeSet<String> = index_terms(&run).into_iter().collect();
            let held = matched.iter().filter(|term| terms.contains(*term));
            let weight: f64 = held.map(|term| self.index.rarity(term)).sum();
            if weight > best.0 {
                best = (weight, run);
            }
        }
        crate::summary::shorten(&best.1, SNIPPET_CHARS)
    }
}

/// The first sentence, however long, and those after it while there is room.
fn fitting_run(sentences: &[&str]) -> String {
    let mut run = String::new();
    let mut length = 0;
    for sentence in sentences {
        let more = sentence.chars().count() + 1;
        if length > 0 && length + more > SNIPPET_CHARS {
            break;
        }
        if length > 0 {
            run.push(' ');
        }
        run.push_str(sentence);
        length += more;
    }
    run
}

/// A heading without text of its own is found through the sections below it, which carry its words.
pub fn telling_sections(sections: Vec<Section>) -> Vec<Section> {
    let is_above = |at: usize| {
        let pair = sections.get(at).zip(sections.get(at + 1));
        pair.is_some_and(|(section, next)| {
            section.text.is_empty()
                && next.heading_path.len() > section.heading_path.len()
                && next.heading_path.starts_with(&section.heading_path)
        })
    };
    let kept: Vec<bool> = (0..sections.len()).map(|at| !is_above(at)).collect();
    sections.into_iter().zip(kept).filter_map(|(section, kept)| kept.then_some(section)).collect()
}

fn file_stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

fn with_anchor(url: &str, anchor: &str) -> String {
    if anchor.is_empty() { url.to_owned() } else { format!("{url}#{anchor}") }
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
            source("sso/okta.md", None, "Connect Okta with SAML. Sign in as an owner first."),
        ])
    }

    #[test]
    fn answers_with_heading_anchor_and_the_matching_sentences() {
        let found = knowledge().search("can I do a partial refund of a payment?", 3);
        assert_eq!(found[0].heading_path, ["Refunds", "Partial refunds"]);
        assert_eq!(found[0].url.as_deref(), Some("https://help.example/refunds#partial-refunds"));
        assert!(found[0].snippet.contains("You can refund a part"), "{}", found[0].snippet);
        assert_eq!(found[1].anchor, "refunds");
    }

    #[test]
    fn a_long_passage_is_shown_where_it_matches() {
        let filler = "This sentence is about something else entirely. ".repeat(9);
        let markdown = format!("# Limits\n{filler}The quota of webhooks is 40. More on request.");
        let knowledge = KnowledgeIndex::from_documents([Source { path: "l.md".into(), url: None, markdown }]);
        let snippet = &knowledge.search("webhook quota", 1)[0].snippet;
        assert!(snippet.contains("The quota of webhooks is 40."), "{snippet}");
    }

    #[test]
    fn a_document_without_title_is_named_by_its_file() {
        let found = knowledge().search("okta", 3);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].title.as_str(), found[0].path.as_str()), ("okta", "sso/okta.md"));
    }

    #[test]
    fn a_bare_title_gives_way_to_what_stands_below() {
        let markdown =
            "# Exports\n\n## As CSV\nPress the button. Then wait for the mail.\n\n## Exports of refunds\n".to_owned();
        let knowledge = KnowledgeIndex::from_documents([Source { path: "e.md".into(), url: None, markdown }]);
        let found = knowledge.search("exports", 5);
        let anchors: Vec<&str> = found.iter().map(|passage| passage.anchor.as_str()).collect();
        assert_eq!(anchors, ["exports-of-refunds", "as-csv"]);
        assert_eq!(found[1].snippet, "Press the button. Then wait for the mail.");
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
