//! Measures the sentence encoder on one thread: lines of standard input, as many a second as it manages.
//!
//! `cargo run --release -p deskbell-judgement --example encode -- FOLDER < texts.txt`
#![allow(clippy::cast_precision_loss)]

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use deskbell_judgement::encoder::Encoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("give the folder of model.safetensors and vocab.txt")?);
    let weights = std::fs::read(folder.join("model.safetensors"))?;
    let started = Instant::now();
    let encoder = Encoder::read(&weights, &std::fs::read_to_string(folder.join("vocab.txt"))?)?;
    println!("read in {:.2?}", started.elapsed());
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let texts: Vec<&str> = input.lines().collect();
    let started = Instant::now();
    let tokens: usize = texts.iter().map(|text| encoder.tokens(text)).sum();
    println!("{tokens} tokens of {} texts in {:.2?}", texts.len(), started.elapsed());
    let started = Instant::now();
    let sum: f32 = texts.iter().map(|text| encoder.encode(text).iter().sum::<f32>()).sum();
    let seconds = started.elapsed().as_secs_f64();
    println!("{:.0} texts/s, {:.0} tokens/s ({sum})", texts.len() as f64 / seconds, tokens as f64 / seconds);
    Ok(())
}
