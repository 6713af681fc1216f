//! Learns the languages' model from lines of language, tab, text on standard input, and writes it to a file.
//!
//! `cargo run --release -p deskbell-judgement --example language -- crates/judgement/src/language/model.bin < texts.tsv`

use std::io::Read;

use deskbell_judgement::language::training::learn;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("give the file to write")?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let bytes = learn(input.lines().filter_map(|line| line.split_once('\t')));
    std::fs::write(&out, bytes)?;
    Ok(())
}
