//! A text in plain letters, one ASCII character for each of its own: patterns over it need no table of the world's letters, so
//! they are small, and what they find is told in the text's own bytes.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Stands for signs that no pattern names.
const OTHER: char = '\u{1a}';

/// See the module.
pub(super) struct Plain {
    text: String,
    /// Where each character begins in the text, and where the text ends.
    starts: Vec<usize>,
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { text: text.chars().map(plain).collect(), starts }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where that is in the text.
    pub(super) fn in_text(&self, range: Range<usize>) -> Range<usize> {
        let at = |place: usize| self.starts.get(place).copied().unwrap_or_default();
        at(range.start)..at(range.end)
    }
}

/// A letter without its accent, of another alphabet some letter in the same case; typographic signs as a keyboard has them.
fn plain(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
        '‘' | '’' | '‛' | 'ʼ' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        '\u{2010}'..='\u{2015}' | '−' => '-',
        '→' => '>',
        // What stands on the letter before.
        '\u{300}'..='\u{36f}' => 'x',
        _ if c.is_whitespace() => ' ',
        _ if c.is_alphabetic() => letter(c),
        _ if c.is_numeric() => '0',
        _ => OTHER,
    }
}

fn letter(c: char) -> char {
    let base = std::iter::once(c).nfd().next().filter(char::is_ascii_alphabetic);
    base.unwrap_or(if c.is_uppercase() { 'X' } else { 'x' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_has_one_of_its_own_kind() {
        let plain = Plain::of("Añ’é–Ж ж\u{a0}ß 漢٣→☂");
        assert_eq!(plain.as_str(), "An'e-X x x x0>\u{1a}");
    }

    #[test]
    fn a_range_is_told_in_the_bytes_of_the_text() {
        let text = "Grüße, Jörg Ö.";
        let plain = Plain::of(text);
        let at = plain.as_str().find("Jorg O").unwrap();
        assert_eq!(&text[plain.in_text(at..at + 6)], "Jörg Ö");
        assert_eq!(plain.in_text(0..plain.as_str().len()), 0..text.len());
    }
}
