//! From text to the `cel` crate's syntax tree, within limits, and back from a node to its place in the text.

use super::error::ConditionError;
use cel::Env;
use cel::common::ast::{IdedExpr, SourceInfo};

/// The longest condition, in bytes.
pub(super) const MAX_SOURCE_BYTES: usize = 4096;
/// The deepest nesting of brackets and ternaries.
const MAX_NESTING: u16 = 24;
/// Room for `MAX_NESTING` levels of the generated parser, which needs some 100 KiB a level without optimisation.
const PARSER_STACK_BYTES: usize = 16 << 20;

/// A parsed condition.
pub(super) struct Syntax {
    pub(super) root: IdedExpr,
    pub(super) positions: SourceInfo,
}

/// Parses a condition without expanding macros, so that the checker sees them as they are written.
///
/// The parser recurses deeply and is not ours, so it runs on a thread of its own: a large stack keeps a nested
/// text from aborting the process, and a panic for some unforeseen text ends as an error at load, not as a crash.
pub(super) fn parse(source: &str) -> Result<Syntax, Vec<ConditionError>> {
    if source.trim().is_empty() {
        let hint = "write `true` for a rule that always matches";
        return Err(vec![at(source, 0, "the condition is empty", Some(hint))]);
    }
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the condition is longer than {MAX_SOURCE_BYTES} bytes");
        return Err(vec![at(source, 0, &message, Some("split it into several rules"))]);
    }
    let parsed = std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().name("cel-parser".to_owned()).stack_size(PARSER_STACK_BYTES);
        parser.spawn_scoped(scope, || parse_here(source)).ok().and_then(|running| running.join().ok())
    });
    parsed.unwrap_or_else(|| Err(vec![at(source, 0, "the condition cannot be parsed", Some("simplify it"))]))
}

fn parse_here(source: &str) -> Result<Syntax, Vec<ConditionError>> {
    let parser = Env::default().with_optional_support(false).parser().max_recursion_depth(MAX_NESTING);
    match parser.parse_with_source_info(source) {
        Ok((root, positions)) => Ok(Syntax { root, positions }),
        Err(errors) => {
            let errors = errors.errors.into_iter().map(|error| explain(error.pos, &error.msg));
            let mut errors: Vec<ConditionError> = errors.collect();
            // One slip makes the parser stumble several times: the first place is the one to correct.
            errors.truncate(1);
            Err(errors)
        }
    }
}

/// Puts the generated parser's messages into the words of somebody who writes rules.
fn explain((line, column): (isize, isize), message: &str) -> ConditionError {
    let message = message.trim_start_matches("Syntax error: ");
    let quoted = message.split('\'').nth(1).unwrap_or_default().trim();
    let (text, hint) = if message.contains("Recursion limit") {
        (format!("the condition nests deeper than {MAX_NESTING} levels"), Some("split it into several rules"))
    } else if message.starts_with("token recognition") {
        match quoted {
            "=" => ("`=` is no operator".to_owned(), Some("compare with `==`")),
            "&" => ("`&` is no operator".to_owned(), Some("join with `&&`")),
            "|" => ("`|` is no operator".to_owned(), Some("join with `||`")),
            _ => ("this text is not CEL".to_owned(), Some("close every quote; escape \\ in text as \\\\")),
        }
    } else if message.starts_with("missing") {
        (format!("`{quoted}` is missing"), Some("close what is open before it"))
    } else if quoted == "<EOF>" {
        ("the condition ends too early".to_owned(), Some("a value or a closing bracket is missing"))
    } else if message.starts_with("mismatched") || message.starts_with("extraneous") {
        let hint = match quoted {
            "and" => Some("join with `&&`"),
            "or" => Some("join with `||`"),
            _ => Some("an operator or a bracket is missing before it"),
        };
        (format!("`{quoted}` is not expected here"), hint)
    } else if message.starts_with("invalid string literal") {
        ("the text has an invalid escape".to_owned(), None)
    } else {
        (message.to_owned(), None)
    };
    ConditionError {
        line: usize::try_from(line).unwrap_or(1).max(1),
        column: usize::try_from(column).unwrap_or(1).max(1),
        message: text,
        hint: hint.map(str::to_owned),
    }
}

/// An error at a byte offset of the text.
pub(super) fn at(source: &str, offset: usize, message: &str, hint: Option<&str>) -> ConditionError {
    let before = source.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    ConditionError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    }
}
