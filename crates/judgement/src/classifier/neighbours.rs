//! The examples themselves as sentence vectors: which label has an example that means the same, and which has many that
//! mean nearly so?

use serde::{Deserialize, Serialize};

use crate::vectors::Vectors;

/// How much a label's name counts beside the mean of its examples.
const NAME_SHARE: f32 = 0.5;
/// The name alone, where there is no example.
const TINY: f32 = 1e-6;
/// How much more a near example counts than one farther off, where all of a label's speak: chosen by 10 examples a label
/// of banking77's training part, the others of it judged.
const SHARPNESS: f64 = 20.0;

/// The vectors with the label of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Neighbours {
    labels: usize,
    of: Vec<u32>,
    vectors: Vectors,
}

impl Neighbours {
    /// Every example is a neighbour.
    pub(super) fn all<'a>(examples: impl Iterator<Item = (&'a [f32], usize)>, labels: usize) -> Self {
        let mut new = Self { labels, of: Vec::new(), vectors: Vectors::default() };
        for (vector, label) in examples {
            new.push(vector, label);
        }
        new
    }

    /// One neighbour per label: the mean of its examples, drawn towards what its name means.
    pub(super) fn centroids<'a>(
        examples: impl Iterator<Item = (&'a [f32], usize)>,
        names: &[Option<Vec<f32>>],
        labels: usize,
    ) -> Self {
        let mut sums: Vec<(Vec<f32>, f32)> = vec![(Vec::new(), 0.0); labels];
        for (vector, label) in examples {
            if let Some((sum, count)) = sums.get_mut(label) {
                sum.resize(vector.len(), 0.0);
                *count += 1.0;
                sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
            }
        }
        let mut new = Self { labels, of: Vec::new(), vectors: Vectors::default() };
        for (label, (mut centre, count)) in sums.into_iter().enumerate() {
            for value in &mut centre {
                *value /= f32::max(count, TINY);
            }
            if let Some(Some(name)) = names.get(label) {
                centre.resize(name.len(), 0.0);
                centre.iter_mut().zip(name).for_each(|(value, name)| *value += NAME_SHARE * name);
            }
            let length = centre.iter().map(|value| value * value).sum::<f32>().sqrt().max(TINY);
            for value in &mut centre {
                *value /= length;
            }
            if !centre.is_empty() {
                new.push(&centre, label);
            }
        }
        new
    }

    fn push(&mut self, vector: &[f32], label: usize) {
        if self.vectors.push(vector) {
            self.of.push(u32::try_from(label).unwrap_or(u32::MAX));
        }
    }

    /// For each label the largest cosine to any of its neighbours, and the softened mean over all of them: a sum of
    /// exponentials (a kernel density, von Mises and Fisher's), brought back to the cosine's scale.
    pub(super) fn near(&self, vector: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let mut nearest = vec![-1.0_f64; self.labels];
        let mut sums = vec![(0.0_f64, 0.0_f64); self.labels];
        for (cosine, label) in self.vectors.cosines(vector).into_iter().zip(&self.of) {
            let cosine = f64::from(cosine);
            if let Some(best) = nearest.get_mut(*label as usize) {
                *best = best.max(cosine);
            }
            if let Some((sum, count)) = sums.get_mut(*label as usize) {
                *sum += (SHARPNESS * (cosine - 1.0)).exp();
                *count += 1.0;
            }
        }
        let softened = |(sum, count): (f64, f64)| if count > 0.0 { 1.0 + (sum / count).ln() / SHARPNESS } else { -1.0 };
        (nearest, sums.into_iter().map(softened).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Neighbours;

    #[test]
    fn the_nearest_example_speaks_for_its_label() {
        let vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
        let all = Neighbours::all(vectors.iter().map(|v| &v[..]).zip([0, 1, 0]), 3);
        let (nearest, softened) = all.near(&[0.0, 1.0]);
        assert!((nearest[0] - 0.8).abs() < 0.02 && (nearest[1] - 1.0).abs() < 0.02, "{nearest:?}");
        assert!(nearest[2] < 0.0 && softened[2] < 0.0);
        // One of the label's two examples is near, so it speaks for half of them.
        assert!((softened[0] - (0.8 - 2.0_f64.ln() / 20.0)).abs() < 0.02, "{softened:?}");
    }

    #[test]
    fn a_name_speaks_where_there_is_no_example() {
        let names = [Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0])];
        let one = [[1.0_f32, 0.0]];
        let centroids = Neighbours::centroids(one.iter().map(|v| (&v[..], 0)), &names, 2);
        let (nearest, _) = centroids.near(&[0.0, 1.0]);
        assert!(nearest[1] > 0.98 && nearest[0] < 0.1, "{nearest:?}");
    }
}
