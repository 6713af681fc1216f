//! Sentence vectors held in 8 bits a number. Up to [`EXACT_TO`] of them a query is compared with all, exactly; beyond,
//! each vector's signs, a bit a number, choose whom it is compared with.

use pulp::NullaryFnOnce;
use serde::{Deserialize, Serialize};

pub use self::keyed::Keyed;
use self::signs::Signs;

mod keyed;
mod signs;

const TINY: f32 = 1e-6;
/// From so many vectors on the signs choose first: reading 12 MB for each query is quick enough, reading 40 MB is not where
/// several programs share the memory.
pub const EXACT_TO: usize = 30_000;
/// For each vector that is wanted, so many are compared exactly, and [`CHOSEN_AT_LEAST`] in all.
const CHOSEN_PER_WANTED: usize = 10;
const CHOSEN_AT_LEAST: usize = 500;

/// Vectors of one width and of length 1, by the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vectors {
    width: usize,
    rows: Vec<i8>,
    scales: Vec<f32>,
    /// Empty up to [`EXACT_TO`].
    #[serde(skip)]
    signs: Signs,
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
        if self.scales.len() > EXACT_TO {
            let known = self.signs.len();
            self.rows.chunks_exact(self.width).skip(known).for_each(|row| self.signs.push(row));
        }
        true
    }

    /// Takes a vector out; the last one takes its place. Says whether there was one.
    pub fn swap_remove(&mut self, place: usize) -> bool {
        let Some(last) = self.scales.len().checked_sub(1).filter(|last| place <= *last) else { return false };
        let width = self.width;
        self.rows.copy_within(last * width.., place * width);
        self.rows.truncate(last * width);
        self.scales.swap_remove(place);
        self.signs.swap_remove(place);
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
        let Some(query) = self.rounded(query) else { return Vec::new() };
        let rows = self.rows.chunks_exact(self.width).zip(&self.scales);
        pulp::Arch::new().dispatch(Scan { rows, query: &query })
    }

    /// The places of the `wanted` nearest with their cosines, the nearest first.
    pub fn nearest(&self, query: &[f32], wanted: usize) -> Vec<(usize, f32)> {
        self.nearest_among(query, wanted, (0..self.len()).collect())
    }

    /// [`Self::nearest`] of those at `places`, as if there were no others.
    pub fn nearest_among(&self, query: &[f32], wanted: usize, places: Vec<usize>) -> Vec<(usize, f32)> {
        let Some(rounded) = self.rounded(query) else { return Vec::new() };
        let compared = if places.len() > EXACT_TO {
            self.signs.nearest(
                &rounded.numbers,
                places,
                (wanted.saturating_mul(CHOSEN_PER_WANTED)).max(CHOSEN_AT_LEAST),
            )
        } else {
            places
        };
        let cosines = self.cosines_of(query, &compared);
        let found = compared.into_iter().zip(cosines).collect();
        first(found, wanted, |left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)))
    }

    /// The cosine of those at `places`, in their order; what isn't there is left out.
    pub fn cosines_of(&self, query: &[f32], places: &[usize]) -> Vec<f32> {
        let Some(query) = self.rounded(query) else { return Vec::new() };
        pulp::Arch::new().dispatch(Scan { rows: places.iter().filter_map(|place| self.row(*place)), query: &query })
    }

    fn row(&self, place: usize) -> Option<(&[i8], &f32)> {
        Some((self.rows.get(place * self.width..(place + 1) * self.width)?, self.scales.get(place)?))
    }

    fn rounded(&self, query: &[f32]) -> Option<Query> {
        let mut numbers = Vec::with_capacity(query.len());
        let scale = round(query, &mut numbers);
        (query.len() == self.width && self.width > 0).then_some(Query { numbers, scale })
    }
}

/// The first `wanted` of them in order.
fn first<T>(mut all: Vec<T>, wanted: usize, order: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<T> {
    if wanted > 0 && wanted < all.len() {
        all.select_nth_unstable_by(wanted - 1, &order);
    }
    all.truncate(wanted);
    all.sort_unstable_by(order);
    all
}

struct Query {
    numbers: Vec<i8>,
    scale: f32,
}

#[allow(clippy::cast_possible_truncation)]
fn round(vector: &[f32], rows: &mut Vec<i8>) -> f32 {
    let largest = vector.iter().fold(TINY, |largest, value| largest.max(value.abs()));
    rows.extend(vector.iter().map(|value| (value / largest * 127.0).round() as i8));
    largest / 127.0
}

struct Scan<'a, Rows> {
    rows: Rows,
    query: &'a Query,
}

impl<'a, Rows: Iterator<Item = (&'a [i8], &'a f32)>> NullaryFnOnce for Scan<'_, Rows> {
    type Output = Vec<f32>;

    #[inline(always)]
    #[allow(clippy::inline_always, clippy::cast_precision_loss)] // Compiled inside the function that may use wide registers.
    fn call(self) -> Vec<f32> {
        let query: Vec<i16> = self.query.numbers.iter().map(|value| i16::from(*value)).collect();
        let mut cosines = Vec::with_capacity(self.rows.size_hint().1.unwrap_or(0));
        // A loop, not an iterator's closure: that may be compiled outside of this function, without its registers.
        for (row, of_row) in self.rows {
            let mut sum = 0_i32;
            for (row, query) in row.iter().zip(&query) {
                sum += i32::from(i16::from(*row)) * i32::from(*query);
            }
            cosines.push(sum as f32 * of_row * self.query.scale);
        }
        cosines
    }
}

#[cfg(test)]
mod tests {
    use super::{EXACT_TO, Vectors};

    #[test]
    fn cosines_are_those_of_the_unrounded_vectors() {
        let mut vectors = Vectors::default();
        assert!(vectors.push(&[1.0, 0.0]) && vectors.push(&[0.6, -0.8]));
        assert!(!vectors.push(&[1.0, 0.0, 0.0]) && !Vectors::default().push(&[]));
        let cosines = vectors.cosines(&[0.6, -0.8]);
        assert!((cosines[0] - 0.6).abs() < 0.02 && (cosines[1] - 1.0).abs() < 0.02, "{cosines:?}");
        assert!(vectors.cosines(&[1.0]).is_empty());
    }

    #[test]
    fn the_nearest_come_first_and_those_taken_out_never() {
        let mut vectors = Vectors::default();
        for vector in [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]] {
            vectors.push(&vector);
        }
        let places =
            |vectors: &Vectors| vectors.nearest(&[1.0, 0.1], 2).iter().map(|(place, _)| *place).collect::<Vec<_>>();
        assert_eq!(places(&vectors), [0, 1]);
        // The last one, which points away, takes the first one's place.
        assert!(vectors.swap_remove(0) && !vectors.swap_remove(3));
        assert_eq!(places(&vectors), [1, 2]);
        assert_eq!((vectors.len(), vectors.nearest(&[1.0], 2).len()), (3, 0));
    }

    #[test]
    fn beyond_what_is_compared_exactly_the_signs_choose_the_nearest() {
        let mut state = 1_u32;
        let mut vector = || {
            let numbers: Vec<f32> = (0..64)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
                })
                .collect();
            let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
            numbers.into_iter().map(|number| number / length).collect::<Vec<f32>>()
        };
        let all: Vec<Vec<f32>> = (0..EXACT_TO + 50).map(|_| vector()).collect();
        let mut vectors = Vectors::default();
        assert!(all.iter().all(|vector| vectors.push(vector)));
        for place in [0, 777, EXACT_TO, EXACT_TO + 49] {
            let found = vectors.nearest(&all[place], 3);
            assert_eq!((found[0].0, found.len()), (place, 3));
            let exact = vectors.cosines(&all[place])[place];
            assert!((found[0].1 - exact).abs() < 1e-6);
        }
        // What is taken out is no longer found, and the last one is found where it went.
        vectors.swap_remove(777);
        assert_eq!(vectors.nearest(&all[EXACT_TO + 49], 1)[0].0, 777);
    }
}
