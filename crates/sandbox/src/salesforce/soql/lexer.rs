//! Words, literals and signs of a query.

/// One character of a quoted text, and whether a backslash stood before it: in a pattern that takes its meaning.
pub(super) type Quoted = Vec<(char, bool)>;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, or a field with dots.
    Word(String),
    Text(Quoted),
    Number(f64),
    /// An unquoted date, or date and time.
    Date(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`.
    Sign(&'static str),
}

const SIGNS: [&str; 10] = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","];

/// Splits a query; the message says at which character it stopped making sense.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let characters: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = characters.get(at) {
        let rest = characters.get(at..).unwrap_or_default();
        let (token, length) = match first {
            one if one.is_whitespace() => {
                at += 1;
                continue;
            }
            '\'' => quoted(rest).ok_or_else(|| format!("unterminated or wrongly escaped text at {at}"))?,
            one if one.is_ascii_alphabetic() => {
                run(rest, |one| one.is_ascii_alphanumeric() || "_.".contains(one), Token::Word)
            }
            one if one.is_ascii_digit() || *one == '-' => number(rest).ok_or_else(|| unexpected(*one, at))?,
            one => sign(rest).ok_or_else(|| unexpected(*one, at))?,
        };
        tokens.push(token);
        at += length;
    }
    Ok(tokens)
}

fn unexpected(character: char, at: usize) -> String {
    format!("unexpected token: '{character}' at {at}")
}

fn run(rest: &[char], belongs: impl Fn(char) -> bool, token: impl Fn(String) -> Token) -> (Token, usize) {
    let text: String = rest.iter().take_while(|one| belongs(**one)).collect();
    let length = text.chars().count();
    (token(text), length)
}

fn sign(rest: &[char]) -> Option<(Token, usize)> {
    let starts = |sign: &&str| sign.chars().zip(rest).filter(|(one, other)| one == *other).count() == sign.len();
    let found = SIGNS.iter().find(|sign| starts(sign))?;
    Some((Token::Sign(if *found == "<>" { "!=" } else { found }), found.len()))
}

fn number(rest: &[char]) -> Option<(Token, usize)> {
    let text: String = rest.iter().take_while(|one| one.is_ascii_alphanumeric() || "+-:.".contains(**one)).collect();
    let length = text.chars().count();
    if let Ok(number) = text.parse() {
        return Some((Token::Number(number), length));
    }
    let is_date = text.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    is_date.then_some((Token::Date(text), length))
}

/// A text and the length with its quotes; only Salesforce's own escapes are taken.
fn quoted(rest: &[char]) -> Option<(Token, usize)> {
    let mut text = Vec::new();
    let mut characters = rest.iter().enumerate().skip(1);
    while let Some((at, one)) = characters.next() {
        match one {
            '\'' => return Some((Token::Text(text), at + 1)),
            '\\' => {
                let (_, escaped) = characters.next()?;
                text.push(match escaped {
                    'n' | 'N' => ('\n', false),
                    'r' | 'R' => ('\r', false),
                    't' | 'T' => ('\t', false),
                    'b' | 'B' => ('\u{8}', false),
                    'f' | 'F' => ('\u{c}', false),
                    '\'' | '"' | '\\' | '_' | '%' => (*escaped, true),
                    _ => return None,
                });
            }
            '\n' | '\r' => return None,
            plain => text.push((*plain, false)),
        }
    }
    None
}
