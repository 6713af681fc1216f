//! Figures of a search: are the documents that answer a question among the first?

use std::collections::BTreeMap;

use serde::Serialize;

/// Which documents answer a question, and how well (above 0).
pub type Judgements = BTreeMap<String, u32>;

/// The figures, `0.0..=1.0`, each the mean over questions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Ranking {
    /// The share of questions whose first document answers.
    pub hit_at_1: f64,
    /// The same for one of the first 5.
    pub hit_at_5: f64,
    /// The same for one of the first 10.
    pub hit_at_10: f64,
    /// The mean of one over the place of the first that answers, 0 beyond 10.
    pub mrr_at_10: f64,
    /// Discounted cumulative gain of the first 10 over the best possible (Järvelin and Kekäläinen, 2002).
    pub ndcg_at_10: f64,
}

impl Ranking {
    /// Each question's documents, the best first, with those that answer it.
    pub fn measure<'a>(questions: impl IntoIterator<Item = (&'a [String], &'a Judgements)>) -> Self {
        let mut sums = Self::default();
        let mut count = 0.0_f64;
        for (found, answers) in questions {
            count += 1.0;
            let gains: Vec<u32> =
                found.iter().take(10).map(|document| answers.get(document).copied().unwrap_or(0)).collect();
            let first = gains.iter().position(|gain| *gain > 0);
            let within = |places: usize| f64::from(u8::from(first.is_some_and(|first| first < places)));
            sums.hit_at_1 += within(1);
            sums.hit_at_5 += within(5);
            sums.hit_at_10 += within(10);
            sums.mrr_at_10 += first.map_or(0.0, discount_by_place);
            let mut ideal: Vec<u32> = answers.values().copied().collect();
            ideal.sort_unstable_by(|left, right| right.cmp(left));
            let possible = cumulative(&ideal);
            sums.ndcg_at_10 += if possible > 0.0 { cumulative(&gains) / possible } else { 0.0 };
        }
        let count = count.max(1.0);
        Self {
            hit_at_1: sums.hit_at_1 / count,
            hit_at_5: sums.hit_at_5 / count,
            hit_at_10: sums.hit_at_10 / count,
            mrr_at_10: sums.mrr_at_10 / count,
            ndcg_at_10: sums.ndcg_at_10 / count,
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn discount_by_place(place: usize) -> f64 {
    1.0 / (place as f64 + 1.0)
}

fn cumulative(gains: &[u32]) -> f64 {
    let places = (2_u32..).map(f64::from);
    gains.iter().take(10).zip(places).map(|(gain, place)| f64::from(*gain) / place.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Judgements, Ranking};

    #[test]
    fn figures_of_two_questions_computed_by_hand() {
        let found = [["a", "b", "c"].map(str::to_owned), ["x", "y", "z"].map(str::to_owned)];
        let answers: [Judgements; 2] =
            [Judgements::from([("a".to_owned(), 1)]), Judgements::from([("y".to_owned(), 1), ("q".to_owned(), 1)])];
        let figures = Ranking::measure(found.iter().map(|found| &found[..]).zip(&answers));
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} is not {right}");
        near(figures.hit_at_1, 0.5);
        near(figures.hit_at_5, 1.0);
        near(figures.mrr_at_10, 0.75);
        let ideal = 1.0 + 1.0 / 3.0_f64.log2();
        near(figures.ndcg_at_10, f64::midpoint(1.0, (1.0 / 3.0_f64.log2()) / ideal));
        near(Ranking::measure([]).hit_at_1, 0.0);
    }
}
