//! Writing to the terminal. A reader that went away (`| head`) is no fault.

use std::io::Write;

/// A line, or several, on standard output.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Lines on standard error, each after `error: `; nothing for an empty text.
pub fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(err, "error: {line}");
    }
}

/// A value as indented JSON.
pub fn say_json(value: &impl serde::Serialize) {
    if let Ok(text) = serde_json::to_string_pretty(value) {
        say(&text);
    }
}
