//! Who is asked: the words, the regression on sentence vectors, the nearest example, and all examples as far as they
//! are near. Each gives a score per label.

use serde::{Deserialize, Serialize};

use super::THREADS;
use super::calibration::Scores;
use super::features::{Features, Vocabulary};
use super::logistic::{Known, Regression};
use super::neighbours::Neighbours;
use super::solver::{self, Labelled};

/// What an error costs against small weights in the regression; vectors have length 1, so it is high.
const COST: f64 = 20.0;

/// An example taken apart, or a text to be judged.
pub(super) struct Row {
    pub(super) features: Features,
    pub(super) vector: Option<Vec<f32>>,
    pub(super) label: usize,
}

/// The vocabulary and one plane per label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Planes {
    pub(super) vocabulary: Vocabulary,
    pub(super) weights: Vec<Vec<f32>>,
}

impl Planes {
    fn learn(examples: &[&Row], labels: usize) -> Self {
        let vocabulary = Vocabulary::learn(examples.iter().map(|row| &row.features));
        let labelled: Vec<Labelled> = examples
            .iter()
            .map(|row| Labelled { vector: vocabulary.vector(&row.features), label: row.label })
            .collect();
        let (labelled, vocabulary_len) = (&labelled, vocabulary.len());
        let all: Vec<usize> = (0..labels).collect();
        // Each label is learned by itself: the threads change nothing but the time.
        let weights = std::thread::scope(|scope| {
            let share = labels.div_ceil(THREADS).max(1);
            let separate = |label: &usize| solver::separate(labelled, *label, vocabulary_len);
            let working: Vec<_> = all
                .chunks(share)
                .map(|part| scope.spawn(move || part.iter().map(separate).collect::<Vec<_>>()))
                .collect();
            working.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        Self { vocabulary, weights }
    }

    fn margins(&self, features: &Features) -> Vec<f64> {
        let vector = self.vocabulary.vector(features);
        self.weights.iter().map(|plane| solver::score(&vector, plane)).collect()
    }
}

/// All of them; those that read vectors only where there are vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Experts {
    pub(super) planes: Planes,
    meaning: Option<Meaning>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Meaning {
    /// None where examples are too few for it.
    regression: Option<Regression>,
    neighbours: Neighbours,
}

/// What the labels' names mean, where examples are so few that this helps.
pub(super) struct Names {
    pub(super) vectors: Vec<Option<Vec<f32>>>,
    /// Examples are too few for anything else: their means and the names speak alone.
    pub(super) alone: bool,
}

impl Experts {
    pub(super) fn learn(rows: &[&Row], labels: usize, names: Option<&Names>) -> Self {
        let encoded = || rows.iter().filter_map(|row| Some((row.vector.as_deref()?, row.label)));
        let meaning = match names {
            Some(names) if names.alone => {
                let neighbours = Neighbours::centroids(encoded(), &names.vectors, labels);
                Some(Meaning { regression: None, neighbours })
            }
            _ if encoded().next().is_some() => {
                // A name is one more example of its label.
                let named = names.iter().flat_map(|names| names.vectors.iter().enumerate());
                let named = named.filter_map(|(label, vector)| Some((vector.as_deref()?, label)));
                let known: Vec<Known<'_>> =
                    encoded().chain(named).map(|(vector, label)| Known { vector, label }).collect();
                let regression = Some(Regression::learn(&known, labels, COST));
                Some(Meaning { regression, neighbours: Neighbours::all(encoded(), labels) })
            }
            _ => None,
        };
        Self { planes: Planes::learn(rows, labels), meaning }
    }

    /// One row of scores per expert: the words' first, then the regression's, the nearest examples' and all examples'.
    pub(super) fn scores(&self, row: &Row) -> Scores {
        let margins = self.planes.margins(&row.features);
        let Some((meaning, vector)) = self.meaning.as_ref().zip(row.vector.as_ref()) else {
            return vec![margins];
        };
        let logits = match &meaning.regression {
            Some(regression) => regression.logits(vector),
            None => vec![0.0; margins.len()],
        };
        let (nearest, softened) = meaning.neighbours.near(vector);
        vec![margins, logits, nearest, softened]
    }
}
