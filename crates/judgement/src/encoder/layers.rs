//! BERT's forward pass: self-attention and a two-layer network, six times over.
//!
//! Vaswani et al., "Attention Is All You Need" (2017); Devlin et al., "BERT" (2018).

use pulp::NullaryFnOnce;

use super::kernel::{Linear, widest};

/// Numbers per token.
pub(super) const WIDTH: usize = 384;
/// Attention heads; each sees 32 of the numbers.
pub(super) const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;

/// Brings a token's numbers to mean 0 and variance 1, then scales and shifts them as learned.
#[derive(Debug, Clone)]
pub(super) struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Norm {
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn apply(&self, tokens: &mut [f32]) {
        let count = WIDTH as f32;
        for row in tokens.chunks_exact_mut(WIDTH) {
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
            let factor = 1.0 / (variance + 1e-12).sqrt();
            for ((value, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
                *value = (*value - mean) * factor * scale + shift;
            }
        }
    }
}

/// One of the six layers.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) mix: Linear,
    pub(super) after_mix: Norm,
    pub(super) widen: Linear,
    pub(super) narrow: Linear,
    pub(super) after_narrow: Norm,
}

impl Layer {
    /// `tokens` holds rows of [`WIDTH`].
    pub(super) fn apply(&self, tokens: &mut Vec<f32>) {
        let attention = Attention {
            queries: &self.query.apply(tokens),
            keys: &self.key.apply(tokens),
            values: &self.value.apply(tokens),
        };
        let mut mixed = self.mix.apply(&widest(attention));
        add(&mut mixed, tokens);
        self.after_mix.apply(&mut mixed);
        let mut wide = self.widen.apply(&mixed);
        widest(Gelu(&mut wide));
        let mut narrow = self.narrow.apply(&wide);
        add(&mut narrow, &mixed);
        self.after_narrow.apply(&mut narrow);
        *tokens = narrow;
    }
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}

/// Each token takes from every other what its query finds in that one's key.
struct Attention<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
}

impl NullaryFnOnce for Attention<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    #[allow(clippy::inline_always, clippy::cast_precision_loss)]
    fn call(self) -> Vec<f32> {
        let tokens = self.queries.len() / WIDTH;
        let mut output = vec![0.0; self.queries.len()];
        let mut shares = vec![0.0_f32; tokens];
        let scale = 1.0 / (HEAD as f32).sqrt();
        let heads = |row: &'_ [f32]| row.as_chunks::<HEAD>().0.to_vec();
        // Turned once, so that a head's rows lie together.
        let (keys, values) = (heads(self.keys), heads(self.values));
        let (queries, _) = self.queries.as_chunks::<HEAD>();
        let (outputs, _) = output.as_chunks_mut::<HEAD>();
        for (place, (query, output)) in queries.iter().zip(outputs).enumerate() {
            let head = place % HEADS;
            for (share, key) in shares.iter_mut().zip(keys.iter().skip(head).step_by(HEADS)) {
                *share = product(query, key) * scale;
            }
            let top = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut total = 0.0;
            for share in &mut shares {
                *share = exponential(*share - top);
                total += *share;
            }
            for (share, value) in shares.iter().zip(values.iter().skip(head).step_by(HEADS)) {
                let share = share / total;
                for (output, value) in output.iter_mut().zip(value) {
                    *output += share * value;
                }
            }
        }
        output
    }
}

/// Eight sums side by side, as a register holds them.
#[inline(always)]
#[allow(clippy::inline_always)]
fn product(left: &[f32; HEAD], right: &[f32; HEAD]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (left, right) in left.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}

/// The activation x·Φ(x).
struct Gelu<'a>(&'a mut [f32]);

impl NullaryFnOnce for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn call(self) {
        for value in self.0.iter_mut() {
            *value *= 0.5 * (1.0 + error_function(*value * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26: at most 1.5e-7 off.
#[inline(always)]
#[allow(clippy::inline_always)]
fn error_function(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let polynomial = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    (1.0 - polynomial * exponential(-size * size)).copysign(x)
}

/// `e^x` for `x <= 0`, without a branch so that the compiler does eight at once; relative error below 1e-5.
#[inline(always)]
#[allow(clippy::inline_always, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn exponential(x: f32) -> f32 {
    let power = (x * std::f32::consts::LOG2_E).max(-126.0);
    // Truncation towards zero is the ceiling here: what is left is in -1..=0.
    let whole = power as i32;
    #[allow(clippy::cast_precision_loss)]
    let part = (power - whole as f32) * std::f32::consts::LN_2;
    let series = 1.0
        + part
            * (1.0
                + part
                    * (0.5
                        + part
                            * (1.0 / 6.0
                                + part * (1.0 / 24.0 + part * (1.0 / 120.0 + part * (1.0 / 720.0 + part / 5040.0))))));
    f32::from_bits(((whole + 127) as u32) << 23) * series
}

#[cfg(test)]
mod tests {
    use super::{error_function, exponential};

    #[test]
    fn the_quick_exponential_is_near_the_exact_one() {
        for step in 0..2000 {
            let x = -f32::from(u16::try_from(step).unwrap()) / 25.0;
            let exact = x.exp();
            assert!((exponential(x) - exact).abs() <= exact * 1e-5 + 1e-37, "{x}");
        }
        assert!(exponential(-1000.0) < 1e-37);
    }

    #[test]
    fn the_error_function_has_its_known_values() {
        for (x, value) in [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (-2.0, -0.995_322_3), (5.0, 1.0)] {
            assert!((error_function(x) - value).abs() < 1e-6, "{x}");
        }
    }
}
