//! Where something stands in a policy file, also within a TOML string whose escapes hide what was typed.

use std::ops::Range;

/// A place for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// The place of a byte.
pub(super) fn of(source: &str, offset: usize) -> Place {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
    }
}

/// The place in the file of a place in the text of the TOML string that stands at `span`.
pub(super) fn within(source: &str, span: Range<usize>, inner: Place) -> Place {
    let literal = source.get(span.clone()).unwrap_or_default();
    let start = opening(literal);
    let mut rest = literal.get(start..).unwrap_or_default();
    let escapes = literal.starts_with('"');
    let mut at = Place { line: 1, column: 1 };
    while !rest.is_empty() {
        let (written, meant) = unit(rest, escapes);
        if at == inner && meant.is_some() {
            break;
        }
        at = match meant {
            Some('\n') => Place { line: at.line + 1, column: 1 },
            Some(_) => Place { line: at.line, column: at.column + 1 },
            None => at,
        };
        rest = rest.get(written..).unwrap_or_default();
    }
    of(source, span.start + literal.len() - rest.len())
}

/// Bytes from the opening quote to the text; a newline right after `'''` is not part of it.
fn opening(literal: &str) -> usize {
    let quotes = if literal.starts_with("'''") || literal.starts_with("\"\"\"") { 3 } else { 1 };
    let rest = literal.get(quotes..).unwrap_or_default();
    let newline = match quotes {
        3 if rest.starts_with("\r\n") => 2,
        3 if rest.starts_with('\n') => 1,
        _ => 0,
    };
    quotes + newline
}

/// The next unit of a string: how many bytes it takes, and the character it means if it means one.
fn unit(rest: &str, escapes: bool) -> (usize, Option<char>) {
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return (0, None) };
    if !escapes || first != '\\' {
        return (first.len_utf8(), Some(first));
    }
    let code = |digits: usize| {
        let hex = rest.get(2..2 + digits).unwrap_or_default();
        let meant = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        (2 + digits, meant.or(Some('?')))
    };
    match chars.next() {
        Some('n') => (2, Some('\n')),
        Some('x') => code(2),
        Some('u') => code(4),
        Some('U') => code(8),
        // A backslash at the end of a line swallows the white space up to the next word.
        Some(space) if space.is_ascii_whitespace() => (rest.len() - chars.as_str().trim_start().len(), None),
        Some(other) => (1 + other.len_utf8(), Some(other)),
        None => (1, Some(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, within};

    #[test]
    fn finds_what_was_typed_behind_escapes_and_folded_lines() {
        let cases = [
            ("'a && X'", (1, 6), (1, 7)),
            (r#""\"q\" && X""#, (1, 8), (1, 11)),
            (r#""a\n\tX""#, (2, 2), (1, 7)),
            (r#""\u00e9\U0001F600X""#, (1, 3), (1, 18)),
            ("'''\na\n  X'''", (2, 3), (3, 3)),
            ("'''\r\na\r\n  X'''", (2, 3), (3, 3)),
            ("\"\"\"a \\\n   X\"\"\"", (1, 3), (2, 4)),
            ("'é X'", (1, 3), (1, 4)),
        ];
        for (literal, (line, column), (file_line, file_column)) in cases {
            let source = format!("# first\n{literal}\n");
            let place = within(&source, 8..8 + literal.len(), Place { line, column });
            assert_eq!((place.line, place.column), (file_line + 1, file_column), "{literal}");
        }
    }
}
