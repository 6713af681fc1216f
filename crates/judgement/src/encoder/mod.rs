//! Sentences as vectors: texts that mean alike lie near each other, whatever their words.
//!
//! The network is all-MiniLM-L6-v2 (Reimers and Gurevych, "Sentence-BERT", 2019;
//! <https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2>), a BERT of six layers. Its weights are rounded to
//! 8 bits when they are read and take 23 MB; one thread does all the work of a call. Read [`Encoder`], then `layers`
//! (the network), `kernel` (the arithmetic), `tokenizer` and `weights` (the files).

mod kernel;
mod layers;
mod tokenizer;
mod weights;

use std::sync::Arc;

use self::layers::WIDTH;
use self::tokenizer::Tokenizer;
use self::weights::Weights;

/// Numbers in a vector.
pub const DIMENSIONS: usize = WIDTH;
/// What follows so many pieces of words is left out; the network was trained on no longer texts.
pub const TOKENS_AT_MOST: usize = 256;

/// Why a model can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncoderError {
    /// The weights' file is of another kind, or cut off.
    #[error("the weights are no safetensors file; get model.safetensors of all-MiniLM-L6-v2 anew")]
    NotSafetensors,
    /// A part is missing or of another shape.
    #[error("the weights lack `{name}` in the shape of all-MiniLM-L6-v2; other models can't be used")]
    Tensor {
        /// Which part.
        name: String,
    },
    /// The vocabulary isn't the weights'.
    #[error("the vocabulary has {pieces} pieces and the weights {rows}; take vocab.txt and weights of one model")]
    Vocabulary {
        /// Lines of the vocabulary; 0 when BERT's marks are missing.
        pieces: usize,
        /// Rows of the weights.
        rows: usize,
    },
}

/// The model in memory. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Encoder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tokenizer: Tokenizer,
    weights: Weights,
}

impl Encoder {
    /// Reads `model.safetensors` and `vocab.txt`. Takes about a tenth of a second.
    ///
    /// # Errors
    /// When the files aren't those of all-MiniLM-L6-v2.
    pub fn read(safetensors: &[u8], vocabulary: &str) -> Result<Self, EncoderError> {
        let weights = Weights::read(safetensors)?;
        let rows = weights.words.len();
        let tokenizer = Tokenizer::read(vocabulary).ok_or(EncoderError::Vocabulary { pieces: 0, rows })?;
        if tokenizer.len() != rows {
            return Err(EncoderError::Vocabulary { pieces: tokenizer.len(), rows });
        }
        Ok(Self { inner: Arc::new(Inner { tokenizer, weights }) })
    }

    /// How many pieces of words the text has, with BERT's two marks, at most [`TOKENS_AT_MOST`].
    pub fn tokens(&self, text: &str) -> usize {
        self.inner.tokenizer.encode(text, TOKENS_AT_MOST).len()
    }

    /// The text's vector of [`DIMENSIONS`] numbers and length 1.
    pub fn encode(&self, text: &str) -> Vec<f32> {
        self.encode_up_to(text, TOKENS_AT_MOST)
    }

    /// [`Self::encode`] of the text's first `tokens` pieces.
    pub fn encode_up_to(&self, text: &str, tokens: usize) -> Vec<f32> {
        let Inner { tokenizer, weights } = &*self.inner;
        let numbers = tokenizer.encode(text, tokens.min(TOKENS_AT_MOST));
        let mut rows = vec![0.0; numbers.len() * WIDTH];
        for ((row, place), number) in rows.chunks_exact_mut(WIDTH).zip(weights.places.chunks_exact(WIDTH)).zip(&numbers)
        {
            row.copy_from_slice(place);
            weights.words.add(*number, row);
        }
        weights.norm.apply(&mut rows);
        for layer in &weights.layers {
            layer.apply(&mut rows);
        }
        mean_of_length_one(&rows)
    }

    /// Vectors of many texts, on `threads` threads; the same as one by one.
    pub fn encode_all(&self, texts: &[&str], tokens: usize, threads: usize) -> Vec<Vec<f32>> {
        let share = texts.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            let working: Vec<_> = texts
                .chunks(share)
                .map(|part| {
                    scope.spawn(move || part.iter().map(|text| self.encode_up_to(text, tokens)).collect::<Vec<_>>())
                })
                .collect();
            working.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        })
    }
}

fn mean_of_length_one(rows: &[f32]) -> Vec<f32> {
    let mut mean = vec![0.0_f32; WIDTH];
    for row in rows.chunks_exact(WIDTH) {
        for (mean, value) in mean.iter_mut().zip(row) {
            *mean += value;
        }
    }
    let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    mean.iter().map(|value| value / length).collect()
}

/// The cosine of two vectors of length 1.
pub fn cosine(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests;
