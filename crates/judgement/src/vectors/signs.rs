//! The signs of vectors, 64 to a word: texts that mean alike have most of them in common.

use pulp::NullaryFnOnce;

const WORD: usize = 64;

/// One row of words per vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Signs {
    words_per_row: usize,
    words: Vec<u64>,
}

impl Signs {
    pub(super) fn len(&self) -> usize {
        self.words.len().checked_div(self.words_per_row).unwrap_or(0)
    }

    /// The last row takes the place of this one.
    pub(super) fn swap_remove(&mut self, place: usize) {
        let (width, Some(last)) = (self.words_per_row, self.len().checked_sub(1)) else { return };
        self.words.copy_within(last * width.., place * width);
        self.words.truncate(last * width);
    }

    pub(super) fn push(&mut self, row: &[i8]) {
        self.words_per_row = row.len().div_ceil(WORD);
        self.words.extend(signs(row));
    }

    /// Of the rows at `places` the `wanted` that share most signs with the query, in their order; more where several share
    /// as many as the last.
    pub(super) fn nearest(&self, query: &[i8], places: Vec<usize>, wanted: usize) -> Vec<usize> {
        let query: Vec<u64> = signs(query).collect();
        let apart = pulp::Arch::new().dispatch(Count { signs: self, query: &query });
        let distance = |place: usize| apart.get(place).map_or(usize::MAX, |distance| usize::from(*distance));
        let mut counts = vec![0_usize; query.len() * WORD + 1];
        for place in &places {
            if let Some(count) = counts.get_mut(distance(*place)) {
                *count += 1;
            }
        }
        let mut total = 0;
        let reached = counts.iter().position(|count| {
            total += count;
            total >= wanted
        });
        let most = reached.unwrap_or(usize::MAX);
        places.into_iter().filter(|place| distance(*place) <= most).collect()
    }
}

fn signs(row: &[i8]) -> impl Iterator<Item = u64> {
    row.chunks(WORD).map(|numbers| {
        numbers.iter().enumerate().fold(0, |word, (place, number)| word | (u64::from(*number > 0) << place))
    })
}

/// In how many signs each row differs from the query.
struct Count<'a> {
    signs: &'a Signs,
    query: &'a [u64],
}

impl NullaryFnOnce for Count<'_> {
    type Output = Vec<u16>;

    #[inline(always)]
    #[allow(clippy::inline_always, clippy::cast_possible_truncation)] // Compiled where population counts are one instruction.
    fn call(self) -> Vec<u16> {
        let mut apart = Vec::with_capacity(self.signs.len());
        for row in self.signs.words.chunks_exact(self.signs.words_per_row.max(1)) {
            let mut different = 0;
            for (row, query) in row.iter().zip(self.query) {
                different += (row ^ query).count_ones();
            }
            apart.push(different as u16);
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use super::Signs;

    #[test]
    fn rows_that_share_most_signs_are_chosen() {
        let mut signs = Signs::default();
        for row in [[1, 1, 1, 1], [1, 1, -1, -1], [-1, -1, -1, -1], [1, 1, 1, -1]] {
            signs.push(&row);
        }
        assert_eq!(signs.len(), 4);
        let nearest = |places: &[usize], wanted| signs.nearest(&[5, 5, 5, 5], places.to_vec(), wanted);
        assert_eq!(nearest(&[0, 1, 2, 3], 2), [0, 3]);
        assert_eq!(nearest(&[0, 1, 2, 3], 99), [0, 1, 2, 3]);
        assert_eq!(nearest(&[1, 2, 3], 1), [3]);
    }
}
