//! Reads a BERT in the safetensors form and packs it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::EncoderError;
use super::kernel::{Linear, round_row};
use super::layers::{Layer, Norm, WIDTH};

/// The network's layers.
const LAYERS: usize = 6;

/// One vector per word piece, rounded to 8 bits.
#[derive(Debug, Clone)]
pub(super) struct Table {
    rows: Vec<i8>,
    scales: Vec<f32>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// Adds the row to `to`; a number out of range adds nothing.
    pub(super) fn add(&self, number: u32, to: &mut [f32]) {
        let place = number as usize;
        let row = self.rows.chunks_exact(WIDTH).nth(place).unwrap_or_default();
        let scale = self.scales.get(place).copied().unwrap_or_default();
        for (to, weight) in to.iter_mut().zip(row) {
            *to += f32::from(*weight) * scale;
        }
    }
}

/// Everything that the file holds, packed.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) words: Table,
    /// Vectors of the places, with that of the first kind of segment added.
    pub(super) places: Vec<f32>,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
}

impl Weights {
    pub(super) fn read(file: &[u8]) -> Result<Self, EncoderError> {
        let reader = Reader::open(file).ok_or(EncoderError::NotSafetensors)?;
        let mut words = Table { rows: Vec::new(), scales: Vec::new() };
        for row in reader.floats("embeddings.word_embeddings.weight", WIDTH)?.chunks_exact(WIDTH) {
            let scale = round_row(row, &mut words.rows);
            words.scales.push(scale);
        }
        let mut places = reader.floats("embeddings.position_embeddings.weight", WIDTH)?;
        let segments = reader.floats("embeddings.token_type_embeddings.weight", WIDTH)?;
        for place in places.chunks_exact_mut(WIDTH) {
            for (place, segment) in place.iter_mut().zip(&segments) {
                *place += segment;
            }
        }
        let layers = (0..LAYERS).map(|layer| reader.layer(layer)).collect::<Result<_, _>>()?;
        Ok(Self { words, places, norm: reader.norm("embeddings.LayerNorm")?, layers })
    }
}

/// The file's form: the header's length in 8 bytes, the header as JSON, the numbers.
/// <https://huggingface.co/docs/safetensors/index#format>
struct Reader<'a> {
    tensors: BTreeMap<String, serde_json::Value>,
    numbers: &'a [u8],
}

/// Where a tensor's numbers lie after the header.
#[derive(Deserialize)]
struct Place {
    dtype: String,
    data_offsets: (usize, usize),
}

impl<'a> Reader<'a> {
    fn open(file: &'a [u8]) -> Option<Self> {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (header, numbers) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        Some(Self { tensors: serde_json::from_slice(header).ok()?, numbers })
    }

    /// The numbers of a tensor, whose count must be a multiple of `row`. Some files name everything after `bert.`.
    fn floats(&self, name: &str, row: usize) -> Result<Vec<f32>, EncoderError> {
        self.numbers_of(name)
            .or_else(|| self.numbers_of(&format!("bert.{name}")))
            .filter(|floats| !floats.is_empty() && floats.len() % row == 0)
            .ok_or_else(|| EncoderError::Tensor { name: name.to_owned() })
    }

    fn numbers_of(&self, name: &str) -> Option<Vec<f32>> {
        let place = Place::deserialize(self.tensors.get(name)?).ok()?;
        let (from, to) = place.data_offsets;
        let (numbers, rest) = self.numbers.get(from..to)?.as_chunks::<4>();
        let floats: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let sound = place.dtype == "F32" && rest.is_empty() && floats.iter().all(|number| number.is_finite());
        sound.then_some(floats)
    }

    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, EncoderError> {
        let fault = || EncoderError::Tensor { name: format!("{name}.weight") };
        let weights = self.floats(&format!("{name}.weight"), inputs)?;
        let bias = self.floats(&format!("{name}.bias"), 1)?;
        if weights.len() != inputs * outputs || bias.len() != outputs {
            return Err(fault());
        }
        Linear::pack(&weights, bias).ok_or_else(fault)
    }

    fn norm(&self, name: &str) -> Result<Norm, EncoderError> {
        let part = |part: &str| {
            let floats = self.floats(&format!("{name}.{part}"), WIDTH)?;
            if floats.len() == WIDTH {
                Ok(floats)
            } else {
                Err(EncoderError::Tensor { name: format!("{name}.{part}") })
            }
        };
        Ok(Norm { scale: part("weight")?, shift: part("bias")? })
    }

    fn layer(&self, number: usize) -> Result<Layer, EncoderError> {
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let square = |part: &str| self.linear(&name(part), WIDTH, WIDTH);
        Ok(Layer {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            mix: square("attention.output.dense")?,
            after_mix: self.norm(&name("attention.output.LayerNorm"))?,
            widen: self.linear(&name("intermediate.dense"), WIDTH, 4 * WIDTH)?,
            narrow: self.linear(&name("output.dense"), 4 * WIDTH, WIDTH)?,
            after_narrow: self.norm(&name("output.LayerNorm"))?,
        })
    }
}
