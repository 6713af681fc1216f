//! Tags and words of a page.

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Words, with entities.
    Words(&'t str),
    /// Words as they stand.
    Verbatim(&'t str),
    /// `<name …>`, or `<name …/>`.
    Open { name: String, attributes: &'t str, is_closed: bool },
    /// `</name>`.
    Close(String),
}

/// The text cut into its pieces.
pub(super) fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let (words, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if !words.is_empty() {
            found.push(Piece::Words(words));
        }
        rest = if tail.is_empty() { "" } else { tag(tail, &mut found) };
    }
    found
}

/// Takes the tag at the start of `text`; gives what follows.
fn tag<'t>(text: &'t str, found: &mut Vec<Piece<'t>>) -> &'t str {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    if let Some(data) = text.strip_prefix("<![CDATA[") {
        let (words, rest) = data.split_once("]]>").unwrap_or((data, ""));
        found.push(Piece::Verbatim(words));
        return rest;
    }
    if text.starts_with("<!") || text.starts_with("<?") {
        return text.split_once('>').map_or("", |(_, rest)| rest);
    }
    let inner = text.get(1..).unwrap_or_default();
    let (is_close, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    if !inner.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        found.push(Piece::Verbatim("<"));
        return text.get(1..).unwrap_or_default();
    }
    let (inside, rest) = inner.split_at_checked(tag_end(inner)).unwrap_or((inner, ""));
    let rest = rest.strip_prefix('>').unwrap_or(rest);
    let is_in_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, ':' | '-' | '_');
    let name_end = inside.find(|letter| !is_in_name(letter)).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(name_end).unwrap_or((inside, ""));
    let name = name.to_ascii_lowercase();
    if is_close {
        found.push(Piece::Close(name));
        return rest;
    }
    // What stands in these is no markup.
    let rest = if matches!(name.as_str(), "script" | "style") { behind_raw(rest, &name) } else { rest };
    let is_closed = attributes.trim_end().ends_with('/') || matches!(name.as_str(), "script" | "style");
    found.push(Piece::Open { name, attributes, is_closed });
    rest
}

/// Where the tag ends: the first `>` outside quotes.
fn tag_end(inner: &str) -> usize {
    let mut quote = None;
    for (at, letter) in inner.char_indices() {
        match (quote, letter) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    inner.len()
}

fn behind_raw<'t>(text: &'t str, name: &str) -> &'t str {
    let end = format!("</{name}");
    let at = text
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| text.get(*at..*at + end.len()).is_some_and(|here| here.eq_ignore_ascii_case(&end)));
    let rest = at.and_then(|at| text.get(at..)).unwrap_or_default();
    rest.split_once('>').map_or("", |(_, rest)| rest)
}

/// The value of an attribute, without entities.
pub(super) fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        let (key, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let tail = tail.trim_start();
        let (value, tail) = match tail.strip_prefix('=') {
            None => ("", tail),
            Some(tail) => value(tail.trim_start()),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(without_entities(value));
        }
        rest = if key.is_empty() { tail.get(1..).unwrap_or_default().trim_start() } else { tail.trim_start() };
    }
    None
}

fn value(tail: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = tail.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
    tail.split_at_checked(end).unwrap_or((tail, ""))
}

/// The words with their entities resolved; what is none stays.
pub(super) fn without_entities(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('&') {
        plain.push_str(before);
        let entity = tail.split_once(';').filter(|(name, _)| name.len() <= 8);
        let found = entity.and_then(|(name, rest)| Some((letter(name)?, rest)));
        let (letter, after) = found.unwrap_or(('&', tail));
        plain.push(letter);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn letter(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|letter| !letter.is_control() || *letter == '\n');
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter)
}

/// The entities that editors write; <https://html.spec.whatwg.org/multipage/named-characters.html> has them all.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("larr", '←'),
    ("rarr", '→'),
    ("uarr", '↑'),
    ("darr", '↓'),
    ("times", '×'),
    ("divide", '÷'),
    ("plusmn", '±'),
    ("deg", '°'),
    ("micro", 'µ'),
    ("sect", '§'),
    ("para", '¶'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("yen", '¥'),
    ("cent", '¢'),
    ("frac12", '½'),
    ("iexcl", '¡'),
    ("iquest", '¿'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("euml", 'ë'),
    ("iuml", 'ï'),
    ("szlig", 'ß'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("igrave", 'ì'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("ntilde", 'ñ'),
    ("ograve", 'ò'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("oslash", 'ø'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("Aacute", 'Á'),
    ("Eacute", 'É'),
    ("Oslash", 'Ø'),
    ("Aring", 'Å'),
];

#[cfg(test)]
mod tests {
    use super::{attribute, without_entities};

    #[test]
    fn attributes_are_read_in_every_writing() {
        let attributes = " href = 'a b' hidden data-x=1 style=\"x: &quot;y&quot;\" ";
        assert_eq!(attribute(attributes, "HREF").as_deref(), Some("a b"));
        assert_eq!(attribute(attributes, "hidden").as_deref(), Some(""));
        assert_eq!(attribute(attributes, "data-x").as_deref(), Some("1"));
        assert_eq!(attribute(attributes, "style").as_deref(), Some("x: \"y\""));
        assert_eq!(attribute(attributes, "none"), None);
        assert_eq!(attribute("=\"x\" = /", "a"), None);
    }

    #[test]
    fn entities_are_resolved_once() {
        for (text, plain) in [
            ("a &amp;lt; b", "a &lt; b"),
            ("&#8364;&#x20AC;&euro;", "€€€"),
            ("&unknown; & &;", "&unknown; & &;"),
            ("&#0;&#xD800;", "&#0;&#xD800;"),
        ] {
            assert_eq!(without_entities(text), plain);
        }
    }
}
