//! Figures of language detection.

use std::collections::BTreeMap;

use serde::Serialize;

use super::classification::calibration_error;
use crate::language::UNDETERMINED;

/// The figures; shares are `0.0..=1.0`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Languages {
    /// The share of texts whose language was told rightly; a text that nothing was said of counts as wrong.
    pub accuracy: f64,
    /// The mean over languages of the same.
    pub mean_accuracy: f64,
    /// The share of texts of which nothing was said.
    pub undetermined: f64,
    /// Expected calibration error over ten bins, of what was said.
    pub ece: f64,
    /// The share told rightly by language.
    pub by_language: BTreeMap<String, f64>,
}

impl Languages {
    /// Measures the language that each text has, and the one that was said with its probability.
    pub fn measure<'a>(told: impl IntoIterator<Item = (&'a str, &'a str, f64)>) -> Self {
        let mut sure = Vec::new();
        let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let (mut all, mut right, mut silent) = (0_u32, 0_u32, 0_u32);
        for (truth, said, probability) in told {
            if said != UNDETERMINED {
                sure.push((probability, truth == said));
            }
            let of_truth = counts.entry(truth).or_default();
            of_truth.0 += u32::from(truth == said);
            of_truth.1 += 1;
            all += 1;
            right += u32::from(truth == said);
            silent += u32::from(said == UNDETERMINED && truth != UNDETERMINED);
        }
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        let by_language: BTreeMap<String, f64> =
            counts.iter().map(|(language, (right, all))| ((*language).to_owned(), share(*right, *all))).collect();
        let languages = u32::try_from(by_language.len()).unwrap_or(u32::MAX);
        Self {
            accuracy: share(right, all),
            mean_accuracy: by_language.values().sum::<f64>() / f64::from(languages.max(1)),
            undetermined: share(silent, all),
            ece: calibration_error(&sure),
            by_language,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Languages;

    #[test]
    fn figures_of_a_small_sample_computed_by_hand() {
        let figures =
            Languages::measure([("de", "de", 0.95), ("de", "nl", 0.55), ("de", "und", 0.0), ("fr", "fr", 0.95)]);
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} is not {right}");
        near(figures.accuracy, 0.5);
        near(figures.undetermined, 0.25);
        near(figures.ece, (0.05 * 2.0 + 0.55) / 3.0);
        near(figures.mean_accuracy, f64::midpoint(1.0 / 3.0, 1.0));
        near(figures.by_language["fr"], 1.0);
        near(Languages::measure([]).accuracy, 0.0);
    }
}
