//! Who may import whom inside `src/`. The crates' own directions are Cargo's business.

use super::{SourceFile, none, production_files};

/// A folder (or file) of `src/` and what it may name of the others. `part::inner` allows that inner module alone.
struct Rule {
    who: &'static str,
    may_import: &'static [&'static str],
}

/// Reading order is the order of the flow: what stands further down may import more.
const RULES: &[Rule] = &[
    // Pure: both who ask services that may be away keep one.
    Rule { who: "breaker", may_import: &[] },
    Rule { who: "threads", may_import: &[] },
    Rule { who: "compute", may_import: &["threads"] },
    Rule { who: "llm", may_import: &["breaker"] },
    Rule { who: "assessor", may_import: &["compute", "llm", "threads"] },
    Rule { who: "slack", may_import: &[] },
    Rule { who: "mcp_host", may_import: &["breaker"] },
    Rule { who: "store", may_import: &["threads"] },
    Rule { who: "models", may_import: &[] },
    // It reads what people answered, trains the local assessor, and writes versions.
    Rule { who: "learning", may_import: &["assessor", "store"] },
    // It records and answers; `slack` is there to open a loading view while Slack's trigger lives.
    Rule { who: "intake", may_import: &["store", "slack"] },
    // What intake kept is read again by the same pure readers.
    Rule {
        who: "pipeline",
        may_import: &[
            "assessor",
            "compute",
            "learning",
            "llm",
            "slack",
            "mcp_host",
            "store",
            "threads",
            "intake::parse",
            "intake::envelope",
        ],
    },
    Rule { who: "console", may_import: &["learning", "store", "slack", "mcp_host"] },
    // A request of another agent's is recorded as every door records it.
    Rule { who: "mcp_server", may_import: &["store", "slack", "intake::agent"] },
    // Each concern's own settings are declared where they are used.
    Rule {
        who: "config",
        may_import: &[
            "assessor::config",
            "intake::config",
            "llm",
            "mcp_host",
            "mcp_server",
            "models",
            "store",
            "slack",
        ],
    },
    Rule { who: "telemetry", may_import: &["config"] },
    Rule { who: "prepare", may_import: &["config", "assessor", "llm", "mcp_host", "slack"] },
    Rule {
        who: "serve",
        may_import: &[
            "assessor",
            "config",
            "console",
            "intake",
            "learning",
            "llm",
            "mcp_host",
            "mcp_server",
            "pipeline",
            "prepare",
            "slack",
            "store",
            "telemetry",
        ],
    },
    Rule {
        who: "command",
        may_import: &[
            // `eval` measures with the encoder that the assessor would have, and asks a language model as it does.
            "assessor::config",
            "assessor::llm",
            "assessor::AssessRequest",
            "config",
            "console",
            "learning",
            "llm",
            "mcp_host",
            "mcp_server",
            "models",
            "prepare",
            "serve",
            "slack",
            "store",
            "telemetry",
        ],
    },
];

#[test]
fn folders_import_only_what_they_may() {
    let files = production_files("src");
    let mut faults = Vec::new();
    for file in &files {
        let Some(part) = part_of(&file.path) else { continue };
        let Some(rule) = RULES.iter().find(|rule| rule.who == part) else {
            faults.push(format!("{} belongs to no part that the rules name: add a rule for {part}", file.path));
            continue;
        };
        for (line, import) in imports(file) {
            if !allowed(rule, &import) {
                faults.push(format!("{}:{line} imports crate::{import}", file.path));
            }
        }
    }
    none(&faults, "a part of src/ imports only what its rule names");
}

/// `store` for `src/store.rs` and `src/store/mod.rs`; none for the roots, which wire or list the parts.
fn part_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let part = inner.split('/').next()?;
    let part = part.strip_suffix(".rs").unwrap_or(part);
    (part != "lib" && part != "main").then_some(part)
}

fn allowed(rule: &Rule, import: &str) -> bool {
    let own = import.split("::").next() == Some(rule.who);
    own || rule
        .may_import
        .iter()
        .any(|may| import == *may || import.strip_prefix(may).is_some_and(|rest| rest.starts_with("::")))
}

/// Every path after `crate::`, with its line; a group `crate::{a, b::c}` counts as each of its members.
fn imports(file: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (position, _) in file.code.match_indices("crate::") {
        let before = file.code[..position].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = file.code[..position].matches('\n').count() + 1;
        let rest = &file.code[position + "crate::".len()..];
        found.extend(members(rest).into_iter().map(|path| (line, path)));
    }
    found
}

/// The paths that start here: one, or those of a `{…}` group, which may nest.
fn members(rest: &str) -> Vec<String> {
    let head: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
    let after = &rest[head.len()..];
    if !after.starts_with('{') {
        return vec![head];
    }
    let inside = group(after);
    split_outside_braces(inside).into_iter().flat_map(members).map(|member| format!("{head}{member}")).collect()
}

/// What stands between the first brace and its partner.
fn group(text: &str) -> &str {
    let mut depth = 0;
    for (position, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..position];
        }
    }
    text
}

fn split_outside_braces(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (position, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..position].trim());
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn groups_are_taken_apart() {
    let code = "use crate::{a::B, c::{D, e::F}};\nlet x = crate::g::h(); deskbell_crate::no;".to_owned();
    let file = SourceFile { path: "src/x.rs".to_owned(), code };
    let found: Vec<String> = imports(&file).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
    assert_eq!(found, ["1 a::B", "1 c::D", "1 c::e::F", "2 g::h"]);
}

#[test]
fn an_inner_module_allows_no_more_than_itself() {
    let rule = RULES.iter().find(|rule| rule.who == "pipeline").unwrap();
    assert!(allowed(rule, "intake::parse::message"));
    assert!(!allowed(rule, "intake"));
    assert!(!allowed(rule, "intake::accept"));
    assert!(!allowed(rule, "console"));
}
