//! From a document to the passages that are indexed, and from those that were found to the ones that are shown: what the
//! knowledge server does, and `deskbell eval` measures.

use std::collections::BTreeSet;

use crate::compression::Shingles;
use crate::markdown::{self, Section};

/// What a snippet holds at most, in characters.
pub const SNIPPET_CHARS: usize = 400;
/// Passages of fewer words are not held to be the same as others.
const SHINGLED_WORDS: usize = 8;

/// A Markdown document's passages, in their order.
pub fn passages(markdown: &str) -> Vec<Section> {
    telling_sections(markdown::read(markdown).sections)
}

/// What of a passage is indexed: its document's title and its headings stand before its text.
pub fn indexed(title: &str, heading_path: &[String], text: &str) -> String {
    format!("{title}\n{}\n{text}", heading_path.join("\n"))
}

/// Tells passages that say something new from those that were seen before: of one heading only the first is shown, and of
/// several that say the same.
#[derive(Debug, Default)]
pub struct Distinct {
    headings: BTreeSet<(String, String)>,
    texts: Vec<Shingles>,
}

impl Distinct {
    /// Whether the passage is new; it is remembered.
    pub fn is_new(&mut self, document: &str, anchor: &str, text: &str) -> bool {
        self.headings.insert((document.to_owned(), anchor.to_owned())) && !self.is_repeated(text)
    }

    fn is_repeated(&mut self, text: &str) -> bool {
        if text.split_whitespace().count() < SHINGLED_WORDS {
            return false;
        }
        let shingles = Shingles::of(text);
        if self.texts.iter().any(|known| known.is_same(&shingles)) {
            return true;
        }
        self.texts.push(shingles);
        false
    }
}

/// A heading without text of its own is found through the sections below it, which carry its words.
fn telling_sections(sections: Vec<Section>) -> Vec<Section> {
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

#[cfg(test)]
mod tests {
    use super::{Distinct, indexed, passages};

    #[test]
    fn a_bare_title_gives_way_to_what_stands_below() {
        let cut = passages("# Exports\n\n## As CSV\nPress the button.\n\n## Exports of refunds\n");
        let anchors: Vec<&str> = cut.iter().map(|passage| passage.anchor.as_str()).collect();
        assert_eq!(anchors, ["as-csv", "exports-of-refunds"]);
        let first = &cut[0];
        assert_eq!(indexed("Exports", &first.heading_path, &first.text), "Exports\nExports\nAs CSV\nPress the button.");
    }

    #[test]
    fn one_passage_of_a_heading_and_one_of_those_that_say_the_same() {
        let mut distinct = Distinct::default();
        let text = "You can refund a part of a payment up to ninety days after it was made.";
        assert!(distinct.is_new("a.md", "refunds", text));
        assert!(!distinct.is_new("a.md", "refunds", "The second part of it."));
        assert!(!distinct.is_new("copy-of-a.md", "refunds", text));
        assert!(distinct.is_new("b.md", "refunds", "Fees are not returned."));
        assert!(distinct.is_new("c.md", "refunds", "Fees are not returned."), "too short to be told apart");
    }
}
