//! A linear support vector machine per label, by dual coordinate descent.
//!
//! Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM" (2008), squared hinge loss. The
//! order of the examples comes from a fixed generator, so training twice gives the same bytes.

use super::features::Vector;

/// How much an error costs against a small margin.
const COST: f64 = 1.0;
/// Passes over the examples at most.
const PASSES: usize = 30;
/// A pass whose largest step is below this is the last.
const TOLERANCE: f64 = 0.05;

/// A text's vector with its label's number.
pub(super) struct Labelled {
    pub(super) vector: Vector,
    pub(super) label: usize,
}

/// The weights that separate `label` from the rest: one per feature, and the bias as the last.
pub(super) fn separate(examples: &[Labelled], label: usize, features: usize) -> Vec<f32> {
    let mut weights = vec![0.0_f32; features + 1];
    let mut rows: Vec<Row<'_>> = examples.iter().map(|example| Row::new(example, label)).collect();
    let mut random = Sequence(0x9e37_79b9_7f4a_7c15);
    for _ in 0..PASSES {
        random.shuffle(&mut rows);
        let mut largest = 0.0_f64;
        for row in &mut rows {
            largest = largest.max(row.improve(&mut weights));
        }
        if largest < TOLERANCE {
            break;
        }
    }
    weights
}

struct Row<'a> {
    vector: &'a Vector,
    sign: f64,
    alpha: f64,
    curvature: f64,
}

impl<'a> Row<'a> {
    fn new(example: &'a Labelled, label: usize) -> Self {
        let length: f64 = example.vector.iter().map(|(_, weight)| f64::from(*weight).powi(2)).sum();
        Self {
            vector: &example.vector,
            sign: if example.label == label { 1.0 } else { -1.0 },
            alpha: 0.0,
            // The bias counts as a feature that is always 1.
            curvature: length + 1.0 + 0.5 / COST,
        }
    }

    /// One step for this example; returns the projected gradient's size.
    #[allow(clippy::cast_possible_truncation)]
    fn improve(&mut self, weights: &mut [f32]) -> f64 {
        let gradient = self.sign * score(self.vector, weights) - 1.0 + self.alpha * 0.5 / COST;
        let projected = if self.alpha > 0.0 { gradient } else { gradient.min(0.0) };
        if projected.abs() < 1e-9 {
            return 0.0;
        }
        let alpha = (self.alpha - gradient / self.curvature).max(0.0);
        let step = (alpha - self.alpha) * self.sign;
        self.alpha = alpha;
        for (feature, value) in self.vector {
            if let Some(weight) = weights.get_mut(*feature as usize) {
                *weight += (step * f64::from(*value)) as f32;
            }
        }
        if let Some(bias) = weights.last_mut() {
            *bias += step as f32;
        }
        projected.abs()
    }
}

/// How far on the label's side a vector lies.
pub(super) fn score(vector: &Vector, weights: &[f32]) -> f64 {
    let bias = weights.last().copied().unwrap_or(0.0);
    let products = vector.iter().map(|(feature, value)| weights.get(*feature as usize).copied().unwrap_or(0.0) * value);
    f64::from(products.sum::<f32>() + bias)
}

/// A fixed pseudo-random sequence (Knuth's MMIX constants).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % (limit.max(1) as u64)).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
