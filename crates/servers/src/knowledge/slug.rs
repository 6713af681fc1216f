//! A draft's name: a file's name without its ending, and nothing that could lead out of the folder.

use crate::failure::ToolFailure;

/// Characters of a slug at most.
const SLUG_MAX: usize = 80;

/// Lowercase letters, digits and single hyphens between them, at most 80 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slug(String);

impl Slug {
    /// As the caller wrote it, with or without `.md`.
    pub(super) fn parse(text: &str) -> Result<Self, ToolFailure> {
        let text = text.trim();
        let text = text.strip_suffix(".md").unwrap_or(text);
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.len() <= SLUG_MAX && text.split('-').all(is_word) {
            return Ok(Self(text.to_owned()));
        }
        let message = "a slug is lowercase letters and digits with single hyphens between them, at most 80 characters, such as \
                       refund-times";
        Err(ToolFailure::permanent(message).with_field_errors([("slug".to_owned(), message.to_owned())].into()))
    }

    /// Made of a title's words.
    pub(super) fn of_title(title: &str) -> Result<Self, ToolFailure> {
        let mut slug = String::new();
        for word in title.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            if slug.len() + word.len() >= SLUG_MAX {
                break;
            }
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.push_str(word);
        }
        if slug.is_empty() {
            let message =
                "the title has no letters that a file's name could be made of: give a slug, such as refund-times";
            return Err(
                ToolFailure::permanent(message).with_field_errors([("slug".to_owned(), message.to_owned())].into())
            );
        }
        Ok(Self(slug))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn file_name(&self) -> String {
        format!("{}.md", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_leads_nowhere_else() {
        for good in ["refund-times", "a", "2026-plan", "refund-times.md"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(SLUG_MAX + 1);
        for bad in [
            "",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "A",
            "a--b",
            "-a",
            "a-",
            "a.b",
            "é",
            "a b",
            "a\0",
            ".md",
            &long,
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_title_becomes_a_slug() {
        for (title, slug) in [("How long does a Refund take?", "how-long-does-a-refund-take"), ("../../etc", "etc")] {
            assert_eq!(Slug::of_title(title).unwrap().as_str(), slug);
        }
        let long = Slug::of_title(&"word ".repeat(40)).unwrap();
        assert_eq!(Slug::parse(long.as_str()).unwrap(), long);
        assert!(Slug::of_title("возврат").is_err());
    }
}
