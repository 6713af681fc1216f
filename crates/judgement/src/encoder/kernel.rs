//! The arithmetic that takes the time: products of int8 weights with 16-bit inputs, summed in 32 bits.
//!
//! Weights are rounded to 8 bits once, a scale per output; inputs to 14 bits at each call, a scale per token, which
//! loses nothing that the weights hold. AVX2 is used where the processor has it (looked up at run time), and plain
//! loops elsewhere; both give the same sums, as whole numbers add up exactly.

use pulp::{NullaryFnOnce, WithSimd};

/// So wide that `1536 * 127 * INPUT_LIMIT` fits 32 bits.
const INPUT_LIMIT: f32 = 8191.0;
/// Numbers in a 256-bit register of 16-bit numbers; every row is a multiple of it.
pub(super) const LANES: usize = 16;

/// A matrix with int8 weights: `outputs` rows of `inputs` numbers.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    inputs: usize,
    weights: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    /// Rounds the weights; `None` unless they are `bias.len()` rows of a multiple of 16.
    pub(super) fn pack(weights: &[f32], bias: Vec<f32>) -> Option<Self> {
        let inputs = weights.len().checked_div(bias.len())?;
        if inputs == 0 || !inputs.is_multiple_of(LANES) || inputs * bias.len() != weights.len() {
            return None;
        }
        let mut packed = Vec::with_capacity(weights.len());
        let mut scales = Vec::with_capacity(bias.len());
        for row in weights.chunks_exact(inputs) {
            scales.push(round_row(row, &mut packed));
        }
        Some(Self { inputs, weights: packed, scales, bias })
    }

    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// `input` holds whole rows of `inputs`; gives as many rows of `outputs`.
    pub(super) fn apply(&self, input: &[f32]) -> Vec<f32> {
        let tokens = input.len() / self.inputs;
        let mut rounded = Vec::with_capacity(input.len());
        let scales: Vec<f32> = input.chunks_exact(self.inputs).map(|row| round_input(row, &mut rounded)).collect();
        // By output first: each row of weights is widened once and used for every token.
        let mut sums = vec![0_i32; tokens * self.outputs()];
        multiply(self.inputs, &self.weights, &rounded, &mut sums);
        let mut output = vec![0.0; tokens * self.outputs()];
        for ((of_output, scale), (place, bias)) in
            sums.chunks_exact(tokens.max(1)).zip(&self.scales).zip(self.bias.iter().enumerate())
        {
            let column = output.iter_mut().skip(place).step_by(self.outputs());
            for ((value, sum), input_scale) in column.zip(of_output).zip(&scales) {
                *value = as_float(*sum) * scale * input_scale + bias;
            }
        }
        output
    }
}

/// Appends the row as 8-bit numbers and gives what one of them is worth.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn round_row(row: &[f32], packed: &mut Vec<i8>) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs())).max(f32::MIN_POSITIVE);
    packed.extend(row.iter().map(|weight| (weight / largest * 127.0).round() as i8));
    largest / 127.0
}

#[allow(clippy::cast_possible_truncation)]
fn round_input(row: &[f32], rounded: &mut Vec<i16>) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())).max(f32::MIN_POSITIVE);
    let factor = INPUT_LIMIT / largest;
    rounded.extend(row.iter().map(|value| {
        let scaled = value * factor;
        (scaled + 0.5_f32.copysign(scaled)) as i16
    }));
    largest / INPUT_LIMIT
}

#[allow(clippy::cast_precision_loss)]
fn as_float(sum: i32) -> f32 {
    sum as f32
}

/// Runs the work compiled for the widest registers that this processor has.
pub(super) fn widest<Work: NullaryFnOnce>(work: Work) -> Work::Output {
    pulp::Arch::new().dispatch(work)
}

/// `sums[output][token]` of `weights[output] · inputs[token]`.
fn multiply(length: usize, weights: &[i8], inputs: &[i16], sums: &mut [i32]) {
    let product = Product { length, weights, inputs, sums };
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(simd, ProductV3 { simd, product });
    }
    widest(product);
}

struct Product<'a> {
    length: usize,
    weights: &'a [i8],
    inputs: &'a [i16],
    sums: &'a mut [i32],
}

impl Product<'_> {
    /// Hands each row of weights, widened, with the sums it fills to `each`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // It must be compiled inside the function that may use wide registers.
    fn rows(self, mut each: impl FnMut(&[i16], &[i16], &mut [i32])) {
        let tokens = self.inputs.len() / self.length;
        let mut wide = vec![0_i16; self.length];
        for (row, sums) in self.weights.chunks_exact(self.length).zip(self.sums.chunks_exact_mut(tokens.max(1))) {
            for (wide, weight) in wide.iter_mut().zip(row) {
                *wide = i16::from(*weight);
            }
            each(&wide, self.inputs, sums);
        }
    }
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn call(self) {
        let length = self.length;
        self.rows(|weights, inputs, sums| {
            for (input, sum) in inputs.chunks_exact(length).zip(sums) {
                *sum = weights.iter().zip(input).map(|(weight, value)| i32::from(*weight) * i32::from(*value)).sum();
            }
        });
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
struct ProductV3<'a> {
    simd: pulp::x86::V3,
    product: Product<'a>,
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
impl WithSimd for ProductV3<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { simd, product } = self;
        let length = product.length;
        product.rows(|weights, inputs, sums| {
            let (weights, _) = pulp::as_arrays::<LANES, _>(weights);
            let mut fours = inputs.chunks_exact(4 * length);
            let mut sums_of_four = sums.chunks_exact_mut(4);
            for (four, sums) in fours.by_ref().zip(sums_of_four.by_ref()) {
                let mut rows = four.chunks_exact(length);
                let (Some(a), Some(b), Some(c), Some(d)) = (rows.next(), rows.next(), rows.next(), rows.next()) else {
                    return;
                };
                sums.copy_from_slice(&dot(simd, weights, [a, b, c, d]));
            }
            for (input, sum) in fours.remainder().chunks_exact(length).zip(sums_of_four.into_remainder()) {
                let [one] = dot(simd, weights, [input]);
                *sum = one;
            }
        });
    }
}

/// One row of weights times `N` inputs, so that each piece of the weights is loaded once for all.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[inline(always)]
#[allow(clippy::inline_always)]
fn dot<const N: usize>(simd: pulp::x86::V3, weights: &[[i16; LANES]], inputs: [&[i16]; N]) -> [i32; N] {
    use pulp::{cast, i16x16, i32x8};
    let inputs = inputs.map(|input| pulp::as_arrays::<LANES, _>(input).0);
    let mut totals = [cast::<[i32; 8], i32x8>([0; 8]); N];
    for (place, weight) in weights.iter().enumerate() {
        let weight: i16x16 = cast(*weight);
        for (total, input) in totals.iter_mut().zip(inputs) {
            let Some(value) = input.get(place) else { return [0; N] };
            let pairs = simd.multiply_wrapping_add_adjacent_i16x16(weight, cast(*value));
            *total = simd.wrapping_add_i32x8(*total, pairs);
        }
    }
    totals.map(|total| cast::<i32x8, [i32; 8]>(total).iter().sum())
}

#[cfg(test)]
mod tests {
    use super::{Linear, Product, multiply};
    use pulp::NullaryFnOnce;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32768.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn products_are_near_those_of_the_unrounded_weights() {
        for tokens in [1, 3, 4, 7] {
            let (weights, bias, input) = (numbers(6 * 32, 1), numbers(6, 2), numbers(tokens * 32, 3));
            let linear = Linear::pack(&weights, bias.clone()).unwrap();
            let output = linear.apply(&input);
            assert_eq!(output.len(), tokens * 6);
            for (token, row) in input.chunks(32).enumerate() {
                for (place, of_output) in weights.chunks(32).enumerate() {
                    let exact: f32 = of_output.iter().zip(row).map(|(a, b)| a * b).sum::<f32>() + bias[place];
                    assert!((output[token * 6 + place] - exact).abs() < 0.08, "{tokens} {token} {place}");
                }
            }
        }
    }

    #[test]
    #[allow(clippy::cast_possible_truncation)]
    fn wide_and_plain_sums_are_equal() {
        let weights: Vec<i8> = numbers(5 * 48, 4).iter().map(|value| (value * 127.0) as i8).collect();
        let inputs: Vec<i16> = numbers(6 * 48, 5).iter().map(|value| (value * 8191.0) as i16).collect();
        let (mut wide, mut plain) = (vec![0; 30], vec![0; 30]);
        multiply(48, &weights, &inputs, &mut wide);
        Product { length: 48, weights: &weights, inputs: &inputs, sums: &mut plain }.call();
        assert_eq!(wide, plain);
        assert!(wide.iter().any(|sum| *sum != 0));
    }

    #[test]
    fn shapes_that_do_not_fit_are_none() {
        assert!(Linear::pack(&[0.0; 30], vec![0.0; 2]).is_none());
        assert!(Linear::pack(&[0.0; 33], vec![0.0; 2]).is_none());
        assert!(Linear::pack(&[], Vec::new()).is_none());
    }
}
