//! Trains the classifier on one CSV of `text,label` and measures it on another.
//!
//! `cargo run --release -p deskbell-judgement --example classify -- --train a.csv --test b.csv [--shots 10]`
#![allow(clippy::print_stderr, clippy::cast_precision_loss)]

use std::collections::BTreeMap;
use std::time::Instant;

use deskbell_judgement::classifier::{Example, Lesson, Model};
use deskbell_judgement::encoder::Encoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let (Some(train), Some(test)) = (option("--train"), option("--test")) else {
        return Err("give --train CSV and --test CSV, both with the columns text,label".into());
    };
    let mut examples = read(&std::fs::read_to_string(train)?);
    if let Some(shots) = option("--shots") {
        examples = first_of_each(examples, shots.parse()?);
    }
    let started = Instant::now();
    let encoder = match option("--model") {
        Some(folder) => Some(Encoder::read(
            &std::fs::read(format!("{folder}/model.safetensors"))?,
            &std::fs::read_to_string(format!("{folder}/vocab.txt"))?,
        )?),
        None => None,
    };
    let lesson = Lesson { examples: &examples, encoder: encoder.as_ref(), ..Lesson::default() };
    let (model, held_out) = Model::learn(&lesson)?;
    println!("{} held out", held_out.len());
    println!("trained on {} texts, {} labels in {:.2?}", examples.len(), model.labels().len(), started.elapsed());
    measure(&model, encoder.as_ref(), &read(&std::fs::read_to_string(test)?));
    let size = serde_json::to_vec(&model)?.len();
    println!("model as JSON: {} kB", size / 1024);
    Ok(())
}

fn measure(model: &Model, encoder: Option<&Encoder>, tests: &[Example]) {
    let started = Instant::now();
    let answers: Vec<(f64, bool)> = tests
        .iter()
        .filter_map(|test| {
            let (label, probability) = model.predict_with(&test.text, encoder).ranked.into_iter().next()?;
            Some((probability, label == test.label))
        })
        .collect();
    let each = started.elapsed().as_secs_f64() / answers.len().max(1) as f64;
    let right = answers.iter().filter(|(_, right)| *right).count();
    println!("accuracy {:.2} %, {:.0} us per text", 100.0 * right as f64 / answers.len() as f64, each * 1e6);
    let mut error = 0.0;
    for bin in 0..15 {
        let (from, to) = (f64::from(bin) / 15.0, f64::from(bin + 1) / 15.0);
        let inside: Vec<_> = answers.iter().filter(|(said, _)| *said > from && *said <= to).collect();
        if inside.is_empty() {
            continue;
        }
        let said = inside.iter().map(|(said, _)| said).sum::<f64>() / inside.len() as f64;
        let was = inside.iter().filter(|(_, right)| *right).count() as f64 / inside.len() as f64;
        error += (said - was).abs() * inside.len() as f64 / answers.len() as f64;
        println!("  said {said:.2}, was {was:.2} ({})", inside.len());
    }
    println!("expected calibration error {:.2} %", 100.0 * error);
}

fn first_of_each(examples: Vec<Example>, shots: usize) -> Vec<Example> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    examples
        .into_iter()
        .filter(|example| {
            let count = seen.entry(example.label.clone()).or_insert(0);
            *count += 1;
            *count <= shots
        })
        .collect()
}

/// Rows of `text,label` after a header; fields may be quoted and hold line ends.
fn read(csv: &str) -> Vec<Example> {
    let mut rows = Vec::new();
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                fields.push(std::mem::take(&mut field).trim_end_matches('\r').to_owned());
                rows.push(std::mem::take(&mut fields));
            }
            _ => field.push(letter),
        }
    }
    rows.into_iter()
        .skip(1)
        .filter_map(|row| match row.as_slice() {
            [text, label] => Some(Example { text: text.clone(), label: label.clone() }),
            _ => None,
        })
        .collect()
}
