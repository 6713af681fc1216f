//! Measures the sentence encoder on one thread: lines of standard input, as many a second as it manages. With a file,
//! writes the vectors there, each number in 4 bytes, little end first.
//!
//! `cargo run --release -p deskbell-judgement --example encode -- FOLDER [TOKENS [FILE]] < texts.txt`
#![allow(clippy::cast_precision_loss)]

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use deskbell_judgement::encoder::{Encoder, TOKENS_AT_MOST};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder of model.safetensors and vocab.txt")?);
    let limit = arguments.next().map_or(Ok(TOKENS_AT_MOST), |limit| limit.parse())?;
    let weights = std::fs::read(folder.join("model.safetensors"))?;
    let started = Instant::now();
    let encoder = Encoder::read(&weights, &std::fs::read_to_string(folder.join("vocab.txt"))?)?;
    println!("read in {:.2?}", started.elapsed());
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let texts: Vec<&str> = input.lines().collect();
    let started = Instant::now();
    let tokens: usize = texts.iter().map(|text| encoder.tokens(text).min(limit)).sum();
    println!("{tokens} tokens of {} texts in {:.2?}", texts.len(), started.elapsed());
    let started = Instant::now();
    let vectors: Vec<Vec<f32>> = texts.iter().map(|text| encoder.encode_up_to(text, limit)).collect();
    let seconds = started.elapsed().as_secs_f64();
    println!("{:.0} texts/s, {:.0} tokens/s", texts.len() as f64 / seconds, tokens as f64 / seconds);
    if let Some(file) = arguments.next() {
        let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        std::fs::write(file, bytes)?;
    }
    Ok(())
}
