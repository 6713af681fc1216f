//! `deskbell eval`: measures judgement on your own data. The figures' names are documented in docs/JUDGEMENT.md.

mod answers;
mod classify;
mod classify_llm;
mod corpus;
mod duplicates;
mod intent;
mod language;
mod retrieve;
mod tables;
mod urgency;

use std::fs;
use std::path::Path;

use deskbell_judgement::encoder::Encoder;
use serde::Serialize;

use super::arguments::eval::EvalCommand;
use super::{Failure, output};
use crate::assessor::config::load_encoder;

/// Runs the subcommand. It computes for seconds to minutes and serves nobody meanwhile.
pub(super) async fn run(command: &EvalCommand) -> Result<(), Failure> {
    match command {
        EvalCommand::Classify(arguments) => match &arguments.llm {
            Some(config) => classify_llm::run(arguments, config).await,
            None => classify::run(arguments),
        },
        EvalCommand::Retrieve(arguments) => retrieve::run(arguments),
        EvalCommand::Duplicates(arguments) => duplicates::run(arguments),
        EvalCommand::Language(arguments) => language::run(arguments),
        EvalCommand::Urgency(arguments) => urgency::run(arguments),
        EvalCommand::Request(arguments) => intent::request(arguments),
        EvalCommand::Complexity(arguments) => intent::complexity(arguments),
        EvalCommand::Answers(arguments) => answers::run(arguments),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::wrong(format!("{} can't be read: {error}", path.display())))
}

/// The sentence encoder of a folder.
fn encoder(folder: Option<&Path>) -> Result<Option<Encoder>, Failure> {
    load_encoder(folder).map_err(|error| Failure::wrong(format!("--model: {error}")))
}

/// The most memory that this process has held, in MB; `None` where the system doesn't tell (it is Linux's /proc).
fn memory_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some((kilobytes / 1024.0).round())
}

/// The figures as JSON, or a line for each.
fn show(figures: &impl Serialize, json: bool) {
    if json {
        output::say_json(figures);
    } else if let Ok(serde_json::Value::Object(object)) = serde_json::to_value(figures) {
        let width = object.keys().map(String::len).max().unwrap_or(0);
        let lines: Vec<String> = object.iter().map(|(key, value)| format!("{key:width$}  {}", shown(value))).collect();
        output::say(&lines.join("\n"));
    }
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::Number(number) if number.is_f64() => format!("{:.4}", number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
