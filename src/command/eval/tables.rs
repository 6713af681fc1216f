//! Reads rows of text and label from CSV (with a header) or from a JSON object a line.

use std::path::Path;

use deskbell_judgement::classifier::Example;
use serde_json::Value;

use super::read;
use crate::command::Failure;

/// What the columns are called where nobody says it, tried in this order.
const TEXT_NAMES: &[&str] = &["text", "Document", "utterance", "query"];
const LABEL_NAMES: &[&str] = &["label", "category", "intent", "Topic_group"];

/// The columns' names, if they were given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) label: Option<&'a str>,
}

/// The file's rows; `.jsonl` and `.json` are read as a JSON object a line, all others as CSV.
pub(super) fn rows(path: &Path, columns: Columns<'_>) -> Result<Vec<Example>, Failure> {
    let content = read(path)?;
    let is_json = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "json");
    let rows = if is_json { from_json(&content, columns) } else { from_csv(&content, columns) };
    match rows {
        Ok(rows) if rows.is_empty() => Err(Failure::wrong(format!("{} has no rows", path.display()))),
        Ok(rows) => Ok(rows),
        Err(reason) => Err(Failure::wrong(format!("{}: {reason}", path.display()))),
    }
}

fn names<'a>(given: Option<&'a str>, usual: &'a [&'a str]) -> Vec<&'a str> {
    given.map_or_else(|| usual.to_vec(), |name| vec![name])
}

fn from_csv(content: &str, columns: Columns<'_>) -> Result<Vec<Example>, String> {
    let mut reader = csv::Reader::from_reader(content.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let place = |names: Vec<&str>, option: &str| {
        let found = names.iter().find_map(|name| header.iter().position(|column| column == *name));
        found.ok_or_else(|| format!("no column {}; name it with {option}", names.join(" or ")))
    };
    let text = place(names(columns.text, TEXT_NAMES), "--text")?;
    let label = place(names(columns.label, LABEL_NAMES), "--label")?;
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| error.to_string())?;
            let field = |place| record.get(place).unwrap_or_default().to_owned();
            Ok(Example { text: field(text), label: field(label) })
        })
        .collect()
}

fn from_json(content: &str, columns: Columns<'_>) -> Result<Vec<Example>, String> {
    let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let object: Value = serde_json::from_str(line).map_err(|_| format!("line {number} is no JSON object"))?;
            let field = |names: Vec<&str>, option: &str| {
                let value = names.iter().find_map(|name| object.get(name)?.as_str().map(str::to_owned));
                value.ok_or_else(|| format!("line {number} has no text {}; name it with {option}", names.join(" or ")))
            };
            let text = field(names(columns.text, TEXT_NAMES), "--text")?;
            Ok(Example { text, label: field(names(columns.label, LABEL_NAMES), "--label")? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Columns, from_csv, from_json};

    #[test]
    fn reads_both_forms_by_usual_or_given_names() {
        let csv = from_csv("id,category,text\n1,a,\"x, \"\"y\"\"\nz\"\n", Columns::default()).unwrap();
        assert_eq!((csv[0].text.as_str(), csv[0].label.as_str()), ("x, \"y\"\nz", "a"));
        let given = Columns { text: Some("q"), label: Some("l") };
        let json = from_json("{\"q\":\"x\",\"l\":\"a\"}\n\n", given).unwrap();
        assert_eq!((json[0].text.as_str(), json[0].label.as_str()), ("x", "a"));
    }

    #[test]
    fn names_what_is_missing() {
        assert!(from_csv("a,b\n1,2\n", Columns::default()).unwrap_err().contains("--text"));
        assert!(from_json("{\"text\":\"x\"}", Columns::default()).unwrap_err().contains("line 1"));
        assert!(from_json("x", Columns::default()).unwrap_err().contains("line 1"));
    }
}
