//! Multinomial logistic regression on sentence vectors, by L-BFGS.
//!
//! Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 3.1. It starts at zero and draws no
//! random number, so training twice gives the same bytes.

use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

/// Steps at most.
const STEPS: usize = 80;
/// How many earlier steps shape the next.
const MEMORY: usize = 8;
/// The last step improved the loss by a smaller share than this.
const TOLERANCE: f64 = 2e-5;
/// The examples are summed in so many parts, each on its own thread; fixed, so that sums come out alike everywhere.
const PARTS: usize = 2;

/// One row of weights per label, the bias last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Regression {
    width: usize,
    weights: Vec<f32>,
}

/// A vector with its label's number.
pub(super) struct Known<'a> {
    pub(super) vector: &'a [f32],
    pub(super) label: usize,
}

impl Regression {
    /// `cost` is what an error costs against small weights (scikit-learn's C).
    pub(super) fn learn(examples: &[Known<'_>], labels: usize, cost: f64) -> Self {
        let width = examples.first().map_or(0, |example| example.vector.len()) + 1;
        let mut weights = vec![0.0_f32; labels * width];
        let objective = Objective { examples, labels, width, cost };
        let (mut loss, mut gradient) = objective.at(&weights);
        let mut history = History::default();
        for _ in 0..STEPS {
            let direction = history.direction(&gradient);
            let slope = dot(&direction, &gradient);
            let Some(step) = objective.step(&weights, &direction, loss, slope, history.is_empty()) else { break };
            let change: Vec<f32> = step.weights.iter().zip(&weights).map(|(new, old)| new - old).collect();
            let turned: Vec<f32> = step.gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
            history.keep(change, turned);
            let improved = (loss - step.loss) / loss.abs().max(1e-9);
            (weights, loss, gradient) = (step.weights, step.loss, step.gradient);
            if improved < TOLERANCE {
                break;
            }
        }
        Self { width, weights }
    }

    /// A logit per label.
    pub(super) fn logits(&self, vector: &[f32]) -> Vec<f64> {
        self.weights.chunks_exact(self.width).map(|row| f64::from(affine(row, vector))).collect()
    }
}

struct Objective<'a> {
    examples: &'a [Known<'a>],
    labels: usize,
    width: usize,
    cost: f64,
}

struct Step {
    weights: Vec<f32>,
    loss: f64,
    gradient: Vec<f32>,
}

impl Objective<'_> {
    /// Loss and gradient: `cost` times the log-loss plus half the squared weights, biases aside.
    #[allow(clippy::cast_possible_truncation)]
    fn at(&self, weights: &[f32]) -> (f64, Vec<f32>) {
        let share = self.examples.len().div_ceil(PARTS).max(1);
        let parts: Vec<(f64, Vec<f32>)> = std::thread::scope(|scope| {
            let sum = |part| pulp::Arch::new().dispatch(Sum { part, weights, width: self.width, labels: self.labels });
            let working: Vec<_> = self.examples.chunks(share).map(|part| scope.spawn(move || sum(part))).collect();
            working.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        let mut loss = 0.0;
        let mut gradient = vec![0.0_f32; weights.len()];
        for (part_loss, part) in parts {
            loss += part_loss * self.cost;
            for (total, part) in gradient.iter_mut().zip(part) {
                *total += part * self.cost as f32;
            }
        }
        for (row, gradient) in weights.chunks_exact(self.width).zip(gradient.chunks_exact_mut(self.width)) {
            for (weight, gradient) in row.iter().zip(gradient).take(self.width - 1) {
                loss += 0.5 * f64::from(*weight).powi(2);
                *gradient += weight;
            }
        }
        (loss, gradient)
    }

    /// Halves the step until the loss falls enough (Armijo).
    #[allow(clippy::cast_possible_truncation)]
    fn step(&self, from: &[f32], direction: &[f32], loss: f64, slope: f64, first: bool) -> Option<Step> {
        if slope >= 0.0 {
            return None;
        }
        let mut size = if first { 1.0 / (-slope).sqrt() } else { 1.0 };
        for _ in 0..20 {
            let weights: Vec<f32> =
                from.iter().zip(direction).map(|(from, direction)| from + direction * size as f32).collect();
            let (new, gradient) = self.at(&weights);
            if new <= loss + 1e-4 * size * slope {
                return Some(Step { weights, loss: new, gradient });
            }
            size /= 2.0;
        }
        None
    }
}

struct Sum<'a> {
    part: &'a [Known<'a>],
    weights: &'a [f32],
    width: usize,
    labels: usize,
}

impl NullaryFnOnce for Sum<'_> {
    type Output = (f64, Vec<f32>);

    #[inline(always)]
    #[allow(clippy::inline_always)] // It must be compiled inside the function that may use wide registers.
    fn call(self) -> Self::Output {
        let mut loss = 0.0_f64;
        let mut gradient = vec![0.0_f32; self.weights.len()];
        let mut shares = vec![0.0_f32; self.labels];
        for example in self.part {
            for (share, row) in shares.iter_mut().zip(self.weights.chunks_exact(self.width)) {
                *share = affine(row, example.vector);
            }
            let top = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let truth = shares.get(example.label).copied().unwrap_or(top);
            let mut total = 0.0;
            for share in &mut shares {
                *share = (*share - top).exp();
                total += *share;
            }
            loss += f64::from(total.ln() - (truth - top));
            for (label, (share, row)) in shares.iter().zip(gradient.chunks_exact_mut(self.width)).enumerate() {
                let error = share / total - if label == example.label { 1.0 } else { 0.0 };
                if error.abs() < 1e-7 {
                    continue;
                }
                for (gradient, value) in row.iter_mut().zip(example.vector) {
                    *gradient += error * value;
                }
                if let Some(bias) = row.last_mut() {
                    *bias += error;
                }
            }
        }
        (loss, gradient)
    }
}

/// The row's weights times the vector, plus its bias; eight sums side by side, as a register holds them.
#[inline(always)]
#[allow(clippy::inline_always)]
fn affine(row: &[f32], vector: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (weights, values) = (row.as_chunks::<8>().0, vector.as_chunks::<8>());
    for (weights, values) in weights.iter().zip(values.0) {
        for ((sum, weight), value) in sums.iter_mut().zip(weights).zip(values) {
            *sum += weight * value;
        }
    }
    let done = vector.len() - values.1.len();
    let rest: f32 = row.iter().skip(done).zip(values.1).map(|(weight, value)| weight * value).sum();
    sums.iter().sum::<f32>() + rest + row.last().copied().unwrap_or(0.0)
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

/// Earlier steps and how each turned the gradient.
#[derive(Default)]
struct History {
    steps: std::collections::VecDeque<(Vec<f32>, Vec<f32>, f64)>,
}

impl History {
    fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn keep(&mut self, change: Vec<f32>, turned: Vec<f32>) {
        let curvature = dot(&change, &turned);
        if curvature > 1e-12 {
            self.steps.push_back((change, turned, curvature));
        }
        if self.steps.len() > MEMORY {
            self.steps.pop_front();
        }
    }

    /// Where to go: the two-loop recursion.
    #[allow(clippy::cast_possible_truncation)]
    fn direction(&self, gradient: &[f32]) -> Vec<f32> {
        let mut direction: Vec<f32> = gradient.iter().map(|value| -value).collect();
        let mut shares = Vec::with_capacity(self.steps.len());
        for (change, turned, curvature) in self.steps.iter().rev() {
            let share = dot(change, &direction) / curvature;
            add(&mut direction, turned, -share as f32);
            shares.push(share);
        }
        if let Some((_, turned, curvature)) = self.steps.back() {
            let scale = (curvature / dot(turned, turned)) as f32;
            for value in &mut direction {
                *value *= scale;
            }
        }
        for ((change, turned, curvature), share) in self.steps.iter().zip(shares.into_iter().rev()) {
            let back = dot(turned, &direction) / curvature;
            add(&mut direction, change, (share - back) as f32);
        }
        direction
    }
}

fn add(to: &mut [f32], what: &[f32], times: f32) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what * times;
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Regression};

    #[test]
    fn separates_directions_and_is_the_surer_the_dearer_an_error() {
        let rows: Vec<(Vec<f32>, usize)> = (0..60_u8)
            .map(|at| {
                let label = usize::from(at % 3);
                let mut vector = vec![0.1 * f32::from(at % 7); 9];
                vector[label] += 1.0;
                (vector, label)
            })
            .collect();
        let known: Vec<Known<'_>> = rows.iter().map(|(vector, label)| Known { vector, label: *label }).collect();
        let sure = |cost| {
            let model = Regression::learn(&known, 3, cost);
            let logits = model.logits(&rows[1].0);
            assert!(logits[1] > logits[0] && logits[1] > logits[2], "{logits:?}");
            logits[1] - logits[0]
        };
        assert!(sure(10.0) > sure(0.1));
    }
}
