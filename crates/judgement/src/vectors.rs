//! Sentence vectors held in 8 bits a number, compared with all of them at once: exact, and quick enough without an index.

use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

const TINY: f32 = 1e-6;

/// Vectors of one width and of length 1, by the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vectors {
    width: usize,
    rows: Vec<i8>,
    scales: Vec<f32>,
}

impl Vectors {
    /// Adds a vector; the first one decides the width, and others are refused.
    pub fn push(&mut self, vector: &[f32]) -> bool {
        if self.scales.is_empty() {
            self.width = vector.len();
        }
        if vector.is_empty() || vector.len() != self.width {
            return false;
        }
        let scale = round(vector, &mut self.rows);
        self.scales.push(scale);
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The cosine of each to `query`, in their order; nothing for a query of another width.
    pub fn cosines(&self, query: &[f32]) -> Vec<f32> {
        if query.len() != self.width {
            return Vec::new();
        }
        let mut rounded = Vec::with_capacity(query.len());
        let scale = round(query, &mut rounded);
        pulp::Arch::new().dispatch(Scan { vectors: self, query: &rounded, scale })
    }
}

#[allow(clippy::cast_possible_truncation)]
fn round(vector: &[f32], rows: &mut Vec<i8>) -> f32 {
    let largest = vector.iter().fold(TINY, |largest, value| largest.max(value.abs()));
    rows.extend(vector.iter().map(|value| (value / largest * 127.0).round() as i8));
    largest / 127.0
}

struct Scan<'a> {
    vectors: &'a Vectors,
    query: &'a [i8],
    scale: f32,
}

impl NullaryFnOnce for Scan<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    #[allow(clippy::inline_always, clippy::cast_precision_loss)] // Compiled inside the function that may use wide registers.
    fn call(self) -> Vec<f32> {
        let query: Vec<i16> = self.query.iter().map(|value| i16::from(*value)).collect();
        let rows = self.vectors.rows.chunks_exact(self.vectors.width).zip(&self.vectors.scales);
        rows.map(|(row, scale)| {
            let sum: i32 =
                row.iter().zip(&query).map(|(row, query)| i32::from(i16::from(*row)) * i32::from(*query)).sum();
            sum as f32 * scale * self.scale
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Vectors;

    #[test]
    fn cosines_are_those_of_the_unrounded_vectors() {
        let mut vectors = Vectors::default();
        assert!(vectors.push(&[1.0, 0.0]) && vectors.push(&[0.6, -0.8]));
        assert!(!vectors.push(&[1.0, 0.0, 0.0]) && !Vectors::default().push(&[]));
        let cosines = vectors.cosines(&[0.6, -0.8]);
        assert!((cosines[0] - 0.6).abs() < 0.02 && (cosines[1] - 1.0).abs() < 0.02, "{cosines:?}");
        assert!(vectors.cosines(&[1.0]).is_empty());
    }
}
