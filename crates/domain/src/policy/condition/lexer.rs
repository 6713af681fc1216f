//! Splits a condition into tokens, just enough to cut out the text of one predicate.

/// What a token means for finding the ends of a predicate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TokenKind {
    Open,
    Close,
    /// `&&`, `||`, `?`, `:` and `,`: what separates predicates outside brackets.
    Separator,
    Not,
    Other,
}

/// A token and its byte offsets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a text that the parser accepted; comments and blanks are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(rest) = source.get(start..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = next(rest);
        if let Some(kind) = kind {
            found.push(Token { kind, start, end: start + length });
        }
        start += length.max(1);
    }
    found
}

/// The kind (none for blanks and comments) and the length in bytes of the token that the text starts with.
fn next(text: &str) -> (Option<TokenKind>, usize) {
    let first = text.chars().next().unwrap_or_default();
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if text.starts_with("//") {
        return (None, text.find('\n').unwrap_or(text.len()));
    }
    if let Some(length) = quoted(text) {
        return (Some(TokenKind::Other), length);
    }
    if first.is_alphanumeric() || first == '_' {
        let length = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
        return (Some(TokenKind::Other), length);
    }
    let two = text.get(..2).unwrap_or_default();
    match two {
        "&&" | "||" => return (Some(TokenKind::Separator), 2),
        "==" | "!=" | "<=" | ">=" => return (Some(TokenKind::Other), 2),
        _ => {}
    }
    let kind = match first {
        '(' | '[' | '{' => TokenKind::Open,
        ')' | ']' | '}' => TokenKind::Close,
        '?' | ':' | ',' => TokenKind::Separator,
        '!' => TokenKind::Not,
        _ => TokenKind::Other,
    };
    (Some(kind), first.len_utf8())
}

/// The length of the quoted text at the start, with its `r` and `b` prefixes, if there is one.
fn quoted(text: &str) -> Option<usize> {
    let prefix = text.find(|letter: char| !matches!(letter, 'r' | 'R' | 'b' | 'B')).filter(|length| *length <= 2)?;
    let raw = text.get(..prefix)?.contains(['r', 'R']);
    let body = text.get(prefix..)?;
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote))?;
    let mut at = quote.len();
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return Some(prefix + at + quote.len());
        }
        let mut letters = rest.chars();
        let letter = letters.next()?;
        at += letter.len_utf8();
        if letter == '\\' && !raw {
            at += letters.next().map_or(0, char::len_utf8);
        }
    }
    Some(text.len())
}

/// The tokens of the predicate around the token at this byte offset: from the separators or brackets that hold
/// it, without the `!` before it when `strip_not` is set.
pub(super) fn predicate(tokens: &[Token], offset: usize, strip_not: bool) -> &[Token] {
    let root = tokens.iter().position(|token| token.start <= offset && offset < token.end).unwrap_or(0);
    let (before, after) = tokens.split_at(root);
    let opens = usize::from(after.first().is_some_and(|token| token.kind == TokenKind::Open));
    let mut start = root - reach(before.iter().rev(), TokenKind::Close, TokenKind::Open, 0);
    let end = root + 1 + reach(after.iter().skip(1), TokenKind::Open, TokenKind::Close, opens);
    while strip_not && start < root && tokens.get(start).is_some_and(|token| token.kind == TokenKind::Not) {
        start += 1;
    }
    tokens.get(start..end).unwrap_or_default()
}

/// How many tokens lie before the first separator or closing bracket outside of brackets.
fn reach<'a>(tokens: impl Iterator<Item = &'a Token>, opening: TokenKind, closing: TokenKind, depth: usize) -> usize {
    let mut depth = depth;
    let mut count = 0;
    for token in tokens {
        if depth == 0 && (token.kind == closing || token.kind == TokenKind::Separator) {
            break;
        }
        if token.kind == opening {
            depth += 1;
        } else if token.kind == closing {
            depth -= 1;
        }
        count += 1;
    }
    count
}
