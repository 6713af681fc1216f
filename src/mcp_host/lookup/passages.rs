//! What a knowledge base answers: passages of documents, and what it lacks.

use deskbell_domain::assessment::Confidence;
use serde::Deserialize;
use serde_json::Value;

use super::{CallOutput, Lookup, Named, document, number, shortened, text};

/// Characters of what a passage says.
const SNIPPET_CHARS_MAX: usize = 1_000;
/// Characters of a whole passage.
const TEXT_CHARS_MAX: usize = 6_000;
/// Headings above a passage.
const HEADINGS_MAX: usize = 8;

/// Where the answer lists passages; the others count from an entry. What is left out is not known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassagePointers {
    /// The list.
    pub list: String,
    /// The document's title.
    pub title: String,
    /// What the passage says, in short.
    pub snippet: String,
    /// Where people read it.
    pub url: Option<String>,
    /// The server's id of the passage: what people make of it is told by this.
    pub passage: Option<String>,
    /// The headings from the top down, as a list.
    pub headings: Option<String>,
    /// The document's version.
    pub version: Option<String>,
    /// When that version was written.
    pub updated: Option<String>,
    /// How likely it answers the question, 0 to 1. Without it nothing is said as an answer, only shown as found.
    pub confidence: Option<String>,
    /// `public` where everybody may read the document. Without it, and without `everybody`, only what a server finds that was told
    /// who reads is shown.
    pub visibility: Option<String>,
    /// The whole passage: what a language model reads.
    pub text: Option<String>,
}

/// Where the answer lists what is asked often and answered badly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapPointers {
    /// The list.
    pub list: String,
    /// What is asked.
    pub question: String,
    /// How often.
    pub asked: String,
    /// How often the answer did not help, or there was none.
    pub answered_badly: Option<String>,
}

/// A passage that a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPassage {
    /// The configured server that brought it.
    pub server: String,
    /// Its id there; empty where the server names none.
    pub passage: String,
    /// The document.
    pub title: String,
    /// The headings from the top down.
    pub headings: Vec<String>,
    /// What it says, in short.
    pub snippet: String,
    /// All that it says, where the server tells.
    pub text: Option<String>,
    /// Where people read it.
    pub url: Option<String>,
    /// The document's version.
    pub version: Option<String>,
    /// When that version was written.
    pub updated: Option<String>,
    /// That it answers the question, where the server tells.
    pub confidence: Option<Confidence>,
    /// Everybody may read the document, as far as the server says.
    pub is_public: bool,
}

/// Something that is asked and not answered well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundGap {
    /// What is asked.
    pub question: String,
    /// How often.
    pub asked: u32,
    /// How often the answer did not help, or there was none.
    pub answered_badly: u32,
}

impl Named for PassagePointers {
    fn pointers(&self) -> Vec<(&'static str, &str)> {
        let further = [
            ("url", &self.url),
            ("passage", &self.passage),
            ("headings", &self.headings),
            ("version", &self.version),
            ("updated", &self.updated),
            ("confidence", &self.confidence),
            ("visibility", &self.visibility),
            ("text", &self.text),
        ];
        [("list", self.list.as_str()), ("title", &self.title), ("snippet", &self.snippet)]
            .into_iter()
            .chain(further.into_iter().filter_map(|(field, pointer)| Some((field, pointer.as_deref()?))))
            .collect()
    }
}

impl Named for GapPointers {
    fn pointers(&self) -> Vec<(&'static str, &str)> {
        let badly = self.answered_badly.as_deref().map(|pointer| ("answered_badly", pointer));
        [("list", self.list.as_str()), ("question", &self.question), ("asked", &self.asked)]
            .into_iter()
            .chain(badly)
            .collect()
    }
}

impl Lookup<PassagePointers> {
    /// Nothing of what it finds is ever shown: nobody says who may read it.
    pub fn shows_nothing(&self) -> bool {
        !self.everybody && self.result.visibility.is_none() && !self.arguments.speak_of("readers")
    }

    /// The best passages that may be shown, in the server's order. `has_readers`: those who will read them were named to whoever asks
    /// to be told. `None`: the answer has no such list.
    ///
    /// Who may read a passage is the server's to say: it was told who reads, or says that the passage is public. Where it does
    /// neither, only the configuration can vouch for it; what nobody vouches for is shown to nobody.
    pub fn passages(&self, answer: &CallOutput, has_readers: bool, at_most: usize) -> Option<Vec<FoundPassage>> {
        let answer = document(answer);
        let entries = answer.pointer(&self.result.list)?.as_array()?.iter();
        let is_told = has_readers && self.arguments.speak_of("readers");
        let passages = entries.filter_map(|entry| self.passage(entry));
        Some(passages.filter(|passage| is_told || passage.is_public).take(at_most).collect())
    }

    fn passage(&self, entry: &Value) -> Option<FoundPassage> {
        let of = &self.result;
        let at = |pointer: &Option<String>| pointer.as_deref().and_then(|pointer| entry.pointer(pointer));
        let said = |pointer: &Option<String>| at(pointer).and_then(text).filter(|text| !text.is_empty());
        let headings = at(&of.headings).and_then(Value::as_array).into_iter().flatten();
        Some(FoundPassage {
            server: self.server.clone(),
            passage: said(&of.passage).unwrap_or_default(),
            title: text(entry.pointer(&of.title)?)?,
            headings: headings.filter_map(text).take(HEADINGS_MAX).collect(),
            snippet: shortened(entry.pointer(&of.snippet)?.as_str()?, SNIPPET_CHARS_MAX),
            text: at(&of.text).and_then(Value::as_str).map(|text| text.chars().take(TEXT_CHARS_MAX).collect()),
            url: said(&of.url),
            version: said(&of.version),
            updated: said(&of.updated),
            confidence: at(&of.confidence).and_then(Value::as_f64).map(Confidence::from_probability),
            is_public: self.everybody || said(&of.visibility).as_deref() == Some("public"),
        })
    }
}

impl Lookup<GapPointers> {
    /// What weighs most first. `None`: the answer has no such list.
    pub fn gaps(&self, answer: &CallOutput, at_most: usize) -> Option<Vec<FoundGap>> {
        let answer = document(answer);
        let entries = answer.pointer(&self.result.list)?.as_array()?.iter();
        let count = |entry: &Value, pointer: &str| {
            let count = entry.pointer(pointer).and_then(number).unwrap_or(0);
            u32::try_from(count.max(0)).unwrap_or(u32::MAX)
        };
        let read = |entry: &Value| {
            Some(FoundGap {
                question: text(entry.pointer(&self.result.question)?)?,
                asked: count(entry, &self.result.asked),
                answered_badly: self.result.answered_badly.as_deref().map_or(0, |pointer| count(entry, pointer)),
            })
        };
        Some(entries.filter_map(read).take(at_most).collect())
    }
}
