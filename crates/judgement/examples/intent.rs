//! Learns whether a message asks for anything, and whether a person must answer, from labelled messages (JSONL: `text`, `request`,
//! `complexity`; what says neither is a request) on standard input, and writes both models into a folder of sources. With `validate` in place of the folder it says
//! what ten-fold cross-validation makes of them.
//!
//! `cargo run --release -p deskbell-judgement --example intent -- crates/judgement/src < <(cat tests/eval/{intent,urgency}/train.jsonl)`

use std::io::Read;

use deskbell_judgement::intent::training::{Labelled, learn, validated};
use deskbell_judgement::mrkdwn::plain;
use deskbell_judgement::{complexity, request};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    text: String,
    #[serde(default = "asks")]
    request: bool,
    complexity: Option<String>,
}

fn asks() -> bool {
    true
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("give the folder of sources to write to, or `validate`")?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let rows = input.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
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
    for (name, messages) in [("request", requests), ("complexity", complexities)] {
        if out == "validate" {
            println!("{name}: {:?}", validated(&messages));
        } else {
            std::fs::write(format!("{out}/{name}/model.bin"), learn(&messages))?;
        }
    }
    Ok(())
}
