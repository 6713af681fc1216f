//! A Markdown document split into passages, one per heading, with the anchors that GitHub gives headings.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A passage longer than this (in bytes) is divided where a block ends.
const LONG_PASSAGE: usize = 1_600;

/// The text under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The headings from the document's title down to this one's. Empty only for an untitled document's start.
    pub heading_path: Vec<String>,
    /// The heading's anchor without `#`; empty for text before any heading.
    pub anchor: String,
    /// The words without markup; one block per line.
    pub text: String,
}

/// A document read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// From `title:` in the front matter, or the first heading of level 1; `None` where there is neither.
    pub title: Option<String>,
    /// In reading order. A heading without text of its own keeps a section, so that it can be found.
    pub sections: Vec<Section>,
}

/// Reads a document; every text is a Markdown document, so nothing can fail.
pub fn read(markdown: &str) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, options) {
        reader.take(event);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    title: Option<String>,
    sections: Vec<Section>,
    headings: Vec<(HeadingLevel, String)>,
    anchors: BTreeMap<String, usize>,
    anchor: String,
    text: String,
    heading: Option<String>,
    front_matter: Option<String>,
    sections_of_heading: usize,
    /// Cells of the table's row so far.
    cells: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => self.front_matter = Some(String::new()),
            Event::End(TagEnd::MetadataBlock(_)) => self.read_front_matter(),
            Event::Start(Tag::Heading { .. }) => {
                self.close_section();
                self.heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(level)) => self.open_section(level),
            Event::Text(words) | Event::Code(words) => self.push(&words),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            Event::Start(Tag::TableHead | Tag::TableRow) => self.cells = 0,
            Event::Start(Tag::TableCell) => self.begin_cell(),
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::TableHead | TagEnd::TableRow) => {
                self.end_block();
            }
            _ => {}
        }
    }

    /// A row reads as one: what it is about, and what is said of that.
    fn begin_cell(&mut self) {
        match self.cells {
            0 => {}
            1 => self.push(": "),
            _ => self.push(", "),
        }
        self.cells += 1;
    }

    fn push(&mut self, words: &str) {
        let target = self.front_matter.as_mut().or(self.heading.as_mut()).unwrap_or(&mut self.text);
        target.push_str(words);
    }

    fn read_front_matter(&mut self) {
        let block = self.front_matter.take().unwrap_or_default();
        self.title = block
            .lines()
            .filter_map(|line| line.strip_prefix("title:"))
            .map(|title| title.trim().trim_matches(['"', '\'']).to_owned())
            .find(|title| !title.is_empty());
    }

    fn end_block(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        if self.text.len() > LONG_PASSAGE {
            self.close_section();
        }
    }

    fn open_section(&mut self, level: HeadingLevel) {
        let heading = self.heading.take().unwrap_or_default().trim().to_owned();
        self.headings.retain(|(above, _)| *above < level);
        if level == HeadingLevel::H1 && self.title.is_none() {
            self.title = Some(heading.clone());
        }
        self.anchor = self.unique_anchor(&slug(&heading));
        self.headings.push((level, heading));
        self.sections_of_heading = 0;
    }

    /// GitHub numbers a heading that was there before: `setup`, `setup-1`, `setup-2`.
    fn unique_anchor(&mut self, slug: &str) -> String {
        let seen = self.anchors.entry(slug.to_owned()).or_insert(0);
        let anchor = if *seen == 0 { slug.to_owned() } else { format!("{slug}-{seen}") };
        *seen += 1;
        anchor
    }

    fn close_section(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let names_something = !self.headings.is_empty() && self.sections_of_heading == 0;
        if text.is_empty() && !names_something {
            return;
        }
        self.sections_of_heading += 1;
        self.sections.push(Section {
            heading_path: self.headings.iter().map(|(_, heading)| heading.clone()).collect(),
            anchor: self.anchor.clone(),
            text,
        });
    }

    fn finish(mut self) -> Document {
        self.close_section();
        Document { title: self.title, sections: self.sections }
    }
}

/// The anchor GitHub makes of a heading: lower case, spaces to hyphens, punctuation dropped.
pub fn slug(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ if letter.is_alphanumeric() => Some(letter),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_tables_rows_read_as_what_is_said_of_what() {
        let document =
            super::read("# Refunds\n\n| method | arrives | fee |\n| --- | --- | --- |\n| cards | 5 days | none |\n");
        assert_eq!(document.sections[0].text, "method: arrives, fee\ncards: 5 days, none");
    }

    use proptest::prelude::*;

    use super::{read, slug};

    #[test]
    fn slugs_are_githubs() {
        for (heading, expected) in [
            ("Set up SSO", "set-up-sso"),
            ("What's new?", "whats-new"),
            ("Rate limits & quotas", "rate-limits--quotas"),
            ("`POST /refunds`", "post-refunds"),
            ("Über_uns", "über_uns"),
            ("", ""),
        ] {
            assert_eq!(slug(heading), expected, "{heading}");
        }
    }

    #[test]
    fn splits_by_headings_and_keeps_the_path() {
        let document = read(
            "# Refunds\nWhat they *are*.\n\n## Partial\nSome [words](https://x.example).\n\n### Limits\n- one\n- `two`\n\n## Full\n\n## Partial\nagain",
        );
        assert_eq!(document.title.as_deref(), Some("Refunds"));
        let shown: Vec<String> = document
            .sections
            .iter()
            .map(|section| format!("{} #{} {:?}", section.heading_path.join(" > "), section.anchor, section.text))
            .collect();
        assert_eq!(
            shown,
            [
                "Refunds #refunds \"What they are.\"",
                "Refunds > Partial #partial \"Some words.\"",
                "Refunds > Partial > Limits #limits \"one\\ntwo\"",
                "Refunds > Full #full \"\"",
                "Refunds > Partial #partial-1 \"again\"",
            ]
        );
    }

    #[test]
    fn front_matter_names_the_document_and_is_no_text() {
        let document = read("---\ntitle: \"API limits\"\ntags: [x]\n---\nHello.\n\n```\n# no heading\n```\n");
        assert_eq!(document.title.as_deref(), Some("API limits"));
        assert_eq!(document.sections.len(), 1);
        assert_eq!(document.sections[0].text, "Hello.\n# no heading");
        assert_eq!(document.sections[0].anchor, "");
    }

    #[test]
    fn long_sections_are_divided_between_blocks() {
        let paragraph = "word ".repeat(200);
        let document = read(&format!("# T\n{paragraph}\n\n{paragraph}\n\n{paragraph}"));
        assert_eq!(document.sections.len(), 2);
        assert!(document.sections.iter().all(|section| section.anchor == "t"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_document(markdown in "[#\\-*`>|\\[\\]() a-cé🎉\n]{0,200}") {
            let _ = read(&markdown);
        }
    }
}
