//! Documents and questions in the form of BEIR (<https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset>), or a
//! folder of Markdown documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use deskbell_judgement::evaluation::Judgements;
use serde::Deserialize;

use super::read;
use crate::command::Failure;

/// A document or a question.
#[derive(Deserialize)]
pub(super) struct Line {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) text: String,
    /// The words that a good answer to this question has.
    #[serde(default)]
    pub(super) answer: Option<String>,
}

impl Line {
    pub(super) fn whole(&self) -> String {
        [self.title.as_str(), self.text.as_str()].join("\n").trim().to_owned()
    }
}

/// A JSON object a line.
pub(super) fn lines(path: &Path) -> Result<Vec<Line>, Failure> {
    let content = read(path)?;
    let numbered = (1..).zip(content.lines()).filter(|(_, line): &(u32, &str)| !line.trim().is_empty());
    numbered
        .map(|(number, line)| {
            let fault = || format!("{}: line {number} is no JSON object with `_id` and `text`", path.display());
            serde_json::from_str(line).map_err(|_| Failure::wrong(fault()))
        })
        .collect()
}

/// The questions that have a judgement.
pub(super) fn questions(path: &Path, judgements: &BTreeMap<String, Judgements>) -> Result<Vec<Line>, Failure> {
    let questions: Vec<Line> =
        lines(path)?.into_iter().filter(|question| judgements.contains_key(&question.id)).collect();
    if questions.is_empty() {
        return Err(Failure::wrong("no question has a judgement: do the ids of --queries and --qrels agree?"));
    }
    Ok(questions)
}

/// Lines of question, document and how well it answers, separated by tabs, after a header.
pub(super) fn judgements(path: &Path) -> Result<BTreeMap<String, Judgements>, Failure> {
    let mut judgements: BTreeMap<String, Judgements> = BTreeMap::new();
    for (number, line) in (1..).zip(read(path)?.lines()) {
        let mut fields = line.split('\t').map(str::trim);
        let (question, document, score) = (fields.next(), fields.next(), fields.next());
        match (question, document, score.map(str::parse::<u32>)) {
            (Some(question), Some(document), Some(Ok(score))) => {
                judgements.entry(question.to_owned()).or_default().insert(document.to_owned(), score);
            }
            _ if number == 1 || line.trim().is_empty() => {}
            _ => {
                let fault =
                    format!("{}: line {number} is no question, document and number with tabs between", path.display());
                return Err(Failure::wrong(fault));
            }
        }
    }
    Ok(judgements)
}

/// The Markdown documents below a folder, by their paths within it, without `.md`, and in their order.
pub(super) fn markdown(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let fault = |error| Failure::wrong(format!("{} can't be read: {error}", next.display()));
        for entry in fs::read_dir(&next).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let within = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                waiting.push(path);
            } else if let Some(id) = within.strip_suffix(".md") {
                found.insert(id.to_owned(), read(&path)?);
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::wrong(format!("{} holds no .md file", folder.display())));
    }
    Ok(found.into_iter().collect())
}
