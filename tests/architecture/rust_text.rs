//! Just enough of Rust's lexical rules to tell code from comments, strings and tests.

/// A function with a body.
pub(super) struct Function {
    pub name: String,
    /// Where it starts, from 1.
    pub line: usize,
    pub lines: usize,
}

/// The text with comments, strings, characters and `#[cfg(test)]` items replaced by blanks; line ends stay.
pub(super) fn production_code(text: &str) -> String {
    without_test_items(&blank_words(text))
}

/// Lines up to the last one that still has code.
pub(super) fn lines_of_code(code: &str) -> usize {
    code.trim_end().lines().count()
}

/// Every `fn` that has a body.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (position, _) in code.match_indices("fn ") {
        if code[..position].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[position + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(end) = end_of_item(&code[position..]) else { continue };
        let item = &code[position..position + end];
        if !name.is_empty() && item.ends_with('}') {
            let line = code[..position].matches('\n').count() + 1;
            found.push(Function { name, line, lines: item.matches('\n').count() + 1 });
        }
    }
    found
}

/// One past the item's closing brace or its semicolon, whichever ends it.
fn end_of_item(code: &str) -> Option<usize> {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (position, c) in code.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 && others == 0 {
                    return Some(position + 1);
                }
            }
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            ';' if braces == 0 && others == 0 => return Some(position + 1),
            _ => {}
        }
    }
    None
}

fn without_test_items(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = end_of_item(&item[MARK.len()..]).map_or(item.len(), |end| end + MARK.len());
        kept.extend(item[..end].chars().map(blank));
        rest = &item[end..];
    }
    kept.push_str(rest);
    kept
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

fn blank_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = word_length(rest, out.chars().next_back());
        if length == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(blank));
            rest = &rest[length..];
        }
    }
    out
}

/// Bytes of the comment or literal that starts here, 0 when none does.
fn word_length(rest: &str, before: Option<char>) -> usize {
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if let Some(length) = raw_string_length(rest).filter(|_| !in_name) {
        return length;
    }
    if rest.starts_with('"') {
        return quoted_length(rest, '"');
    }
    // A lifetime is no literal: 'a' is, 'a is not.
    let mut ahead = rest.chars().skip(1);
    if rest.starts_with('\'') && (ahead.next() == Some('\\') || ahead.next() == Some('\'')) {
        return quoted_length(rest, '\'');
    }
    0
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return position + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.chars().take_while(|c| *c == '#').count();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let opening = rest.len() - body.len();
    Some(body.find(&close).map_or(rest.len(), |end| opening + end + close.len()))
}

#[test]
fn words_and_tests_are_no_code() {
    let text = "fn a() { // crate::x\n  let q = \"crate::y }\"; let c = '{'; let d: &'static str = r#\"\" }\"#; }\n\
                #[cfg(test)]\nmod tests { fn b() {} }\nfn c() {\n}\n";
    let code = production_code(text);
    assert!(!code.contains("crate::") && !code.contains("mod tests"));
    assert_eq!(code.lines().count(), text.lines().count());
    let found: Vec<_> = functions(&code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(found, [("a".to_owned(), 1, 2), ("c".to_owned(), 5, 2)]);
}
