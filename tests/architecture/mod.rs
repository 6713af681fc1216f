//! The house's rules that the compiler does not enforce, read off the source: who may import whom inside `src/`, who may
//! call a tool, how long a file and a function may be.

mod imports;
mod rust_text;
mod sizes;

use std::path::{Path, PathBuf};

use rust_text::production_code;

/// A file of production code: comments, strings and `#[cfg(test)]` items are blanked, lines keep their numbers.
struct SourceFile {
    /// Relative to the workspace, with `/`.
    path: String,
    code: String,
}

impl SourceFile {
    /// Whether the file is, or lies under, `place` (`src/store` covers `src/store.rs` and `src/store/…`).
    fn within(&self, place: &str) -> bool {
        self.path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/') || rest.is_empty())
    }
}

/// Every file of production code below one of the workspace's folders.
fn production_files(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for path in rust_files(&root.join(folder)) {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if is_test_file(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        files.push(SourceFile { path: name, code: production_code(&text) });
    }
    assert!(!files.is_empty(), "no source was found under {folder}");
    files
}

/// All production code of the workspace.
fn whole_workspace() -> Vec<SourceFile> {
    let mut files = production_files("src");
    for name in ["domain", "judgement", "block-kit", "listener", "servers", "sandbox"] {
        files.extend(production_files(&format!("crates/{name}/src")));
    }
    files
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Fails with every fault at once.
#[track_caller]
fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

/// `path:line` of every place where `needle` stands in the code.
fn places<'a>(files: &'a [SourceFile], needle: &'a str) -> impl Iterator<Item = (&'a SourceFile, usize)> {
    files.iter().flat_map(move |file| {
        let lines = file.code.lines().enumerate();
        lines.filter(move |(_, line)| line.contains(needle)).map(move |(index, _)| (file, index + 1))
    })
}

/// An action is carried out in one file, from the witness alone.
#[test]
fn only_the_dispatcher_calls_a_tool() {
    let files = production_files("src");
    // `attended.rs` sends what `server.rs`, and nobody else, hands it.
    let inside =
        ["src/mcp_host/attended.rs", "src/mcp_host/dispatch.rs", "src/mcp_host/mod.rs", "src/mcp_host/server.rs"];
    let mut faults = Vec::new();
    // `reading.rs` calls what an operator bound as a look-up, and that is said to only read.
    let bare = places(&files, "self.call(").filter(|(file, _)| file.within("src/mcp_host"));
    for (file, line) in bare.filter(|(file, _)| file.path != "src/mcp_host/reading.rs") {
        if !inside.contains(&file.path.as_str()) {
            faults.push(format!("{}:{line} has self.call(", file.path));
        }
    }
    for needle in
        ["call_tool(", "CallToolRequest", "self.host.call(", "host.call(", "mcp.call(", "AttendedCall {", "unattended("]
    {
        for (file, line) in places(&files, needle) {
            if !inside.contains(&file.path.as_str()) {
                faults.push(format!("{}:{line} has {needle}", file.path));
            }
        }
    }
    none(&faults, "only src/mcp_host/dispatch.rs calls a tool that changes something");
    let outside = ["pub async fn call(", "pub fn call("];
    let public: Vec<String> = outside
        .iter()
        .flat_map(|needle| places(&files, needle))
        .filter(|(file, _)| file.within("src/mcp_host"))
        .map(|(file, line)| format!("{}:{line}", file.path))
        .collect();
    none(&public, "mcp_host offers `ready`, `find` and `try_reading`, never a bare call");
}

/// Only a ticket that the store read back leads to an approved action, so that no message can bring one along.
#[test]
fn only_the_store_vouches_for_a_tickets_approvals() {
    let files = whole_workspace();
    let found: Vec<(&SourceFile, usize)> = places(&files, "read_back").collect();
    let is_in = |place: &'static str| move |(file, _): &&(&SourceFile, usize)| file.within(place);
    // The proof is made, and where it is made is seen: else this would hold of a name that nobody uses.
    let made = found.iter().filter(is_in("src/store")).count();
    assert_eq!(made, 2, "src/store makes the one `StoredTicket`, and the one `StoredClick`");
    let elsewhere = found.iter().filter(|(file, _)| !file.within("src/store") && !is_home_of_approvals(file));
    let mut faults: Vec<String> =
        elsewhere.map(|(file, line)| format!("{}:{line} says that a ticket was read back", file.path)).collect();
    for needle in ["StoredTicket(", "StoredClick(", "Approval {", "Approval::new", "Lesson::new"] {
        for (file, line) in places(&files, needle).filter(|(file, _)| !is_home_of_approvals(file)) {
            // The workflow alone approves.
            if !needle.ends_with("::new") || !file.within("crates/domain/src/workflow") {
                faults.push(format!("{}:{line} has {needle}", file.path));
            }
        }
    }
    none(&faults, "what is approved comes from the workflow, and back from src/store alone");
}

/// Where the witnesses are defined. Nothing in it makes a `StoredTicket` but its constructor.
fn is_home_of_approvals(file: &SourceFile) -> bool {
    let homes =
        ["crates/domain/src/action.rs", "crates/domain/src/action/approved.rs", "crates/domain/src/knowledge.rs"];
    homes.contains(&file.path.as_str())
}

/// What the tests need is on the wire; a build for tests is the build that ships.
#[test]
fn production_code_has_no_test_hooks() {
    let mut faults = Vec::new();
    for file in &whole_workspace() {
        for (index, line) in file.code.lines().enumerate() {
            let hook =
                line.contains("cfg(feature") || line.contains("cfg(debug_assertions") || line.contains("cfg!(test");
            if hook || line.contains("cfg!(debug_assertions") || line.contains("cfg(not(test") {
                faults.push(format!("{}:{} {}", file.path, index + 1, line.trim()));
            }
        }
    }
    none(&faults, "production code behaves the same under test");
}
