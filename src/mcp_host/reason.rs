//! Why something did not happen, so that a server's own words reach people and nothing else.

use std::fmt;

/// Characters of a server's own words that are kept.
const WORDS_MAX: usize = 2_000;

/// A phrase of Deskbell's own, for logs and the store's open columns, and what a server said, which may quote customers or hold
/// secrets. Shown as text, in either way, it is the phrase alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason {
    phrase: String,
    words: Option<String>,
}

impl Reason {
    /// The phrase and the server's words, cut to a length that people read.
    pub fn said(phrase: impl Into<String>, words: &str) -> Self {
        let words: String = words.trim().chars().take(WORDS_MAX).collect();
        Self { phrase: phrase.into(), words: Some(words).filter(|words| !words.is_empty()) }
    }

    /// The same, with who did what before the phrase.
    #[must_use]
    pub fn about(self, server: &str, tool: &str) -> Self {
        Self { phrase: format!("{server}, tool {tool}: {}", self.phrase), words: self.words }
    }

    /// The same, with what came of it before the phrase.
    #[must_use]
    pub fn after(self, what: &str) -> Self {
        Self { phrase: format!("{what}: {}", self.phrase), words: self.words }
    }

    /// Deskbell's own phrase, and what the server said.
    pub fn into_parts(self) -> (String, Option<String>) {
        (self.phrase, self.words)
    }

    /// Both in one, to be shown to a person and kept nowhere.
    pub fn for_people(&self) -> String {
        match &self.words {
            Some(words) => format!("{}: {words}", self.phrase),
            None => self.phrase.clone(),
        }
    }
}

impl<T: Into<String>> From<T> for Reason {
    fn from(phrase: T) -> Self {
        Self { phrase: phrase.into(), words: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.phrase)
    }
}

/// Without the words: what derives `Debug` is logged with `?`.
impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.phrase)
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn only_people_read_a_servers_words() {
        let reason = Reason::said("it refused", "no account of anna@example.com").about("crm", "find");
        assert_eq!(format!("{reason} {reason:?}"), "crm, tool find: it refused \"crm, tool find: it refused\"");
        assert_eq!(reason.for_people(), "crm, tool find: it refused: no account of anna@example.com");
        let (_, words) = Reason::said("it refused", &"x".repeat(5_000)).into_parts();
        assert_eq!(words.map(|words| words.len()), Some(2_000));
        assert_eq!(Reason::said("it refused", "  "), Reason::from("it refused"));
    }
}
