//! A file past 500 lines wants splitting, a function past 70 is two.

use super::{none, rust_text, whole_workspace};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Longer than the limit with a reason; keep this short.
const LONGER_FILES: &[&str] = &[];
/// As above, `path function`.
const LONGER_FUNCTIONS: &[&str] = &[];

#[test]
fn files_are_short() {
    let mut faults = Vec::new();
    for file in whole_workspace() {
        let lines = rust_text::lines_of_code(&file.code);
        if lines > FILE_LINES_MAX && !LONGER_FILES.contains(&file.path.as_str()) {
            faults.push(format!("{}: {lines} lines", file.path));
        }
    }
    none(&faults, "files have at most 500 lines, tests aside");
}

#[test]
fn functions_are_short() {
    let mut faults = Vec::new();
    for file in whole_workspace() {
        for function in rust_text::functions(&file.code) {
            let known = format!("{} {}", file.path, function.name);
            if function.lines > FUNCTION_LINES_MAX && !LONGER_FUNCTIONS.contains(&known.as_str()) {
                faults.push(format!("{}:{} {}: {} lines", file.path, function.line, function.name, function.lines));
            }
        }
    }
    none(&faults, "functions have at most 70 lines");
}
