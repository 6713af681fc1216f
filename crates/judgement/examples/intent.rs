//! Learns whether a message asks for anything, and whether a person must answer, from labelled messages (JSONL: `text`, `request`,
//! `complexity`; what says neither is a request) on standard input, and which sentence of a longer one is its point (`points`), and
//! writes the models into a folder of sources. With `validate` in place of the folder it says
//! what ten-fold cross-validation makes of them.
//!
//! `cargo run --release -p deskbell-judgement --example intent -- crates/judgement/src < <(cat tests/eval/{intent,urgency,points}/train.jsonl)`

use std::io::Read;

use deskbell_judgement::intent::training::{Labelled, learn, validated};
use deskbell_judgement::mrkdwn::plain;
use deskbell_judgement::{complexity, request, summary};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    text: String,
    #[serde(default = "asks")]
    request: bool,
    complexity: Option<String>,
    /// Sentences of the text.
    #[serde(default)]
    points: Vec<String>,
}

fn asks() -> bool {
    true
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("give the folder of sources to write to, or `validate`")?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let rows = input.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
    let (pointed, rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| !row.points.is_empty());
    let requests: Vec<Labelled> = rows
        .iter()
        .map(|row| Labelled { text: plain(&row.text), signs: request::signs(&row.text), is_yes: row.request })
        .collect();
    let complexities: Vec<Labelled> = rows
        .iter()
        .filter_map(|row| {
            let is_yes = row.complexity.as_deref()? == "needs_person";
            Some(Labelled { text: plain(&row.text), signs: complexity::signs(&row.text), is_yes })
        })
        .collect();
    let points: Vec<Labelled> = pointed.iter().flat_map(|row| summary::labelled(&row.text, &row.points)).collect();
    for (name, messages) in [("request", requests), ("complexity", complexities), ("summary", points)] {
        if out == "validate" {
            println!("{name}: {:?}", validated(&messages));
        } else {
            std::fs::write(format!("{out}/{name}/model.bin"), learn(&messages))?;
        }
    }
    Ok(())
}
