//! Reads rows of text and label from CSV (with a header) or from a JSON object a line.

use std::path::Path;

use deskbell_judgement::classifier::Example;
use serde_json::Value;

use super::read;
use crate::command::Failure;

/// What the columns are called where nobody says it, tried in this order.
const TEXT_NAMES: &[&str] = &["text", "Document", "utterance", "query", "sentence"];
const LABEL_NAMES: &[&str] = &["label", "category", "intent", "Topic_group", "language", "lang"];

/// The columns' names, if they were given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) label: Option<&'a str>,
    /// What the label's column is called first of all where its name was not given.
    pub(super) usual: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn texts(self) -> Vec<&'a str> {
        self.text.map_or_else(|| TEXT_NAMES.to_vec(), |name| vec![name])
    }

    fn labels(self) -> Vec<&'a str> {
        match self.label {
            Some(name) => vec![name],
            None => self.usual.into_iter().chain(LABEL_NAMES.iter().copied()).collect(),
        }
    }
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

fn from_csv(content: &str, columns: Columns<'_>) -> Result<Vec<Example>, String> {
    let mut reader = csv::Reader::from_reader(content.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let place = |names: Vec<&str>, option: &str| {
        let found = names.iter().find_map(|name| header.iter().position(|column| column == *name));
        found.ok_or_else(|| format!("no column {}; name it with {option}", names.join(" or ")))
    };
    let text = place(columns.texts(), "--text")?;
    let label = place(columns.labels(), "--label")?;
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
                let value = names.iter().find_map(|name| word(object.get(name)?));
                value.ok_or_else(|| format!("line {number} has no text {}; name it with {option}", names.join(" or ")))
            };
            let text = field(columns.texts(), "--text")?;
            Ok(Example { text, label: field(columns.labels(), "--label")? })
        })
        .collect()
}

/// A text, or a label that is written as yes or no; nothing is an empty one.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A ticket with its id.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) text: String,
}

/// The file's tickets; the columns of the text are joined by line breaks.
pub(super) fn items(path: &Path, id: &str, texts: &[String]) -> Result<Vec<Item>, Failure> {
    let wanted: Vec<&str> = std::iter::once(id).chain(texts.iter().map(String::as_str)).collect();
    let read = fields(path, &wanted, "--id or --text")?;
    let item = |row: Vec<String>| {
        let (id, texts) = row.split_first()?;
        Some(Item { id: id.clone(), text: texts.join("\n").trim().to_owned() })
    };
    Ok(read.into_iter().filter_map(item).collect())
}

/// The first two columns of a CSV file with a header.
pub(super) fn pairs(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let content = read(path)?;
    let mut reader = csv::Reader::from_reader(content.as_bytes());
    let fault = |error: csv::Error| Failure::wrong(format!("{}: {error}", path.display()));
    let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(fault)?;
    let pair = |row: &csv::StringRecord| Some((row.get(0)?.trim().to_owned(), row.get(1)?.trim().to_owned()));
    Ok(rows.iter().filter_map(pair).collect())
}

/// The named columns of each row.
fn fields(path: &Path, wanted: &[&str], option: &str) -> Result<Vec<Vec<String>>, Failure> {
    let content = read(path)?;
    let is_json = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "json");
    let read = if is_json { fields_of_json(&content, wanted, option) } else { fields_of_csv(&content, wanted, option) };
    read.map_err(|reason| Failure::wrong(format!("{}: {reason}", path.display())))
}

fn fields_of_csv(content: &str, wanted: &[&str], option: &str) -> Result<Vec<Vec<String>>, String> {
    let mut reader = csv::Reader::from_reader(content.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let place = |name: &&str| {
        let found = header.iter().position(|column| column == *name);
        found.ok_or_else(|| format!("no column {name}; name it with {option}"))
    };
    let places = wanted.iter().map(place).collect::<Result<Vec<usize>, String>>()?;
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        Ok(places.iter().map(|place| record.get(*place).unwrap_or_default().to_owned()).collect())
    };
    reader.records().map(row).collect()
}

fn fields_of_json(content: &str, wanted: &[&str], option: &str) -> Result<Vec<Vec<String>>, String> {
    let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty());
    let row = |(number, line): (u32, &str)| {
        let object: Value = serde_json::from_str(line).map_err(|_| format!("line {number} is no JSON object"))?;
        let field = |name: &&str| {
            let text = object.get(name).and_then(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            text.ok_or_else(|| format!("line {number} has no text {name}; name it with {option}"))
        };
        wanted.iter().map(field).collect::<Result<Vec<String>, String>>()
    };
    lines.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{Columns, fields_of_csv, fields_of_json, from_csv, from_json};

    #[test]
    fn fields_are_read_by_their_names() {
        let csv = fields_of_csv("a,b,c\n1,2,3\n", &["c", "a"], "--id").unwrap();
        assert_eq!(csv, [["3", "1"]]);
        assert_eq!(fields_of_json("{\"a\":1,\"c\":\"3\"}\n", &["c", "a"], "--id").unwrap(), csv);
        assert!(fields_of_csv("a\n1\n", &["x"], "--id").unwrap_err().contains("--id"));
    }

    #[test]
    fn reads_both_forms_by_usual_or_given_names() {
        let csv = from_csv("id,category,text\n1,a,\"x, \"\"y\"\"\nz\"\n", Columns::default()).unwrap();
        assert_eq!((csv[0].text.as_str(), csv[0].label.as_str()), ("x, \"y\"\nz", "a"));
        let given = Columns { text: Some("q"), label: Some("l"), usual: None };
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
