//! What somebody's own figures are worth: one factor on their log-odds, fitted to how often they came true.
//!
//! It is temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017) of a probability that is only stated:
//! a factor below 1 says that more was claimed than held. Nothing else is fitted, so the order of what is stated never changes.

use std::collections::BTreeMap;

use deskbell_domain::label::Label;
use serde::Serialize;

/// The factor where nothing is known: language models claim more than holds.
pub const PRIOR: f64 = 0.55;
/// The prior counts as so many answers.
const PRIOR_ANSWERS: f64 = 50.0;
/// They were stated as surely as this, and as many of them were right as the prior says.
const PRIOR_STATED: f64 = 0.95;
/// No evidence leads beyond: figures that say nothing still say a little, and nobody is taken for much surer than they state.
pub const LEAST: f64 = 0.1;
/// As above.
pub const MOST: f64 = 1.5;
/// What is stated as certain, either way, counts as this: its log-odds have no end.
const STATED: (f64, f64) = (0.001, 0.999);
/// Halvings of the range; what is left of it is far below what anybody is shown.
const HALVINGS: usize = 40;

/// The factor on somebody's log-odds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Temperature(f64);

impl Default for Temperature {
    fn default() -> Self {
        Self(PRIOR)
    }
}

impl Temperature {
    /// The factor that makes these answers likeliest: what was stated of each, and whether it was right. Few answers leave it near
    /// [`PRIOR`], which weighs as much as 50 of them.
    ///
    /// The loss has one valley, whatever the answers: its slope is followed to where it changes its sign.
    pub fn fit(answers: &[(f64, bool)]) -> Self {
        let stated: Vec<(f64, f64)> =
            answers.iter().map(|(stated, right)| (log_odds(*stated), f64::from(u8::from(*right)))).collect();
        let prior = log_odds(PRIOR_STATED);
        let slope = |factor: f64| {
            let of_prior = PRIOR_ANSWERS * prior * (logistic(factor * prior) - logistic(PRIOR * prior));
            let of_one = |(odds, right): &(f64, f64)| odds * (logistic(factor * odds) - right);
            of_prior + stated.iter().map(of_one).sum::<f64>()
        };
        let (mut low, mut high) = (LEAST, MOST);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if slope(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        Self(f64::midpoint(low, high))
    }

    /// As a number, from [`LEAST`] to [`MOST`].
    pub const fn factor(self) -> f64 {
        self.0
    }

    /// What a stated probability is worth.
    pub fn applied(self, stated: f64) -> f64 {
        logistic(self.0 * log_odds(stated))
    }
}

fn log_odds(stated: f64) -> f64 {
    let stated = if stated.is_nan() { 0.5 } else { stated.clamp(STATED.0, STATED.1) };
    (stated / (1.0 - stated)).ln()
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// How a language model did, by what people decided afterwards.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Candour {
    /// Answers by people about a category that it stated.
    pub labels: u32,
    /// Those of them that found that category right.
    pub right: u32,
    /// The share that was right.
    pub precision: Option<f64>,
    /// How sure it said it was, on average.
    pub stated: Option<f64>,
    /// What its log-odds are multiplied with.
    pub factor: Temperature,
}

impl Candour {
    /// By model, of the labels that keep what a model stated.
    pub fn of<'a>(labels: impl IntoIterator<Item = &'a Label>) -> BTreeMap<String, Self> {
        let mut answers: BTreeMap<&str, Vec<(f64, bool)>> = BTreeMap::new();
        for label in labels {
            if let (Some(stated), Some(right)) = (&label.stated, label.stated_rightly()) {
                answers.entry(&stated.model).or_default().push((stated.confidence.probability(), right));
            }
        }
        answers.into_iter().map(|(model, answers)| (model.to_owned(), Self::measured(&answers))).collect()
    }

    fn measured(answers: &[(f64, bool)]) -> Self {
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        let labels = count(answers.len());
        let right = count(answers.iter().filter(|(_, right)| *right).count());
        let share = |part: f64| (labels > 0).then(|| part / f64::from(labels));
        Self {
            labels,
            right,
            precision: share(f64::from(right)),
            stated: share(answers.iter().map(|(stated, _)| stated).sum()),
            factor: Temperature::fit(answers),
        }
    }
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::{AssessorName, Confidence, Stated};
    use deskbell_domain::ids::{CategoryId, PersonId, TicketId};
    use deskbell_domain::ticket::Verdict;
    use proptest::prelude::*;

    use super::*;

    /// So many answers stated as this, of which that share was right.
    fn answers(count: u32, stated: f64, right: f64) -> Vec<(f64, bool)> {
        (0..count).map(|at| (stated, f64::from(at) < right * f64::from(count))).collect()
    }

    fn factor(answers: &[(f64, bool)]) -> f64 {
        Temperature::fit(answers).factor()
    }

    #[test]
    fn nothing_known_is_the_prior() {
        assert!((factor(&[]) - PRIOR).abs() < 1e-6);
        assert!((factor(&answers(50, 0.5, 0.2)) - PRIOR).abs() < 1e-6, "a half tells nothing of a factor");
        assert!((Temperature::default().applied(0.9) - 0.770).abs() < 0.001);
    }

    #[test]
    fn few_answers_move_it_little_and_many_move_it_there() {
        let moved: Vec<f64> = [1, 5, 50, 500, 20_000].map(|count| factor(&answers(count, 0.95, 0.95))).to_vec();
        assert!(moved.is_sorted(), "{moved:?}");
        assert!(moved[1] < 0.6 && moved[2] > 0.65 && moved[2] < 0.8 && moved[4] > 0.99, "{moved:?}");
        let wrong: Vec<f64> = [1, 3, 10].map(|count| factor(&answers(count, 1.0, 0.0))).to_vec();
        assert!(wrong[0] > 0.4 && wrong[1] > 0.25 && wrong[2] < 0.2, "{wrong:?}");
        // As many as the prior counts for: half of the way, in what an answer is worth.
        let half = Temperature::fit(&[answers(40, 0.95, 1.0), answers(10, 0.95, 0.0)].concat()).applied(0.95);
        assert!((half - f64::midpoint(0.8, Temperature::default().applied(0.95))).abs() < 0.001, "{half}");
    }

    #[test]
    fn who_says_what_holds_has_a_factor_of_one() {
        let calibrated = [answers(400, 0.6, 0.6), answers(400, 0.8, 0.8), answers(400, 0.95, 0.95)].concat();
        assert!((factor(&calibrated) - 1.0).abs() < 0.05, "{}", factor(&calibrated));
        let boasting = [answers(400, 0.9, 0.7), answers(400, 0.99, 0.8)].concat();
        assert!(factor(&boasting) < 0.45, "{}", factor(&boasting));
        let modest = answers(2_000, 0.7, 0.9);
        assert!((factor(&modest) - MOST).abs() < 1e-6, "{}", factor(&modest));
        assert!((factor(&answers(2_000, 0.9, 0.3)) - LEAST).abs() < 1e-6, "never turned into its opposite");
    }

    fn label(model: Option<&str>, stated: f64, settled: Option<&str>) -> Label {
        let (category, confidence) = (CategoryId::from("a"), Confidence::from_probability(stated));
        Label {
            ticket: TicketId::new(1),
            decision: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: PersonId::from("U1"),
            verdict: if settled.is_some() { Verdict::Changed } else { Verdict::NotATicket },
            assessor: AssessorName::Local,
            said: None,
            stated: model.map(|model| Stated { model: model.to_owned(), category, confidence }),
            category: settled.map(CategoryId::from),
            proposed: None,
            squad: None,
        }
    }

    #[test]
    fn each_model_is_measured_by_its_own_labels() {
        let labels = [
            label(Some("m-1"), 0.9, Some("a")),
            label(Some("m-1"), 0.8, Some("b")),
            label(Some("m-1"), 0.7, None),
            label(Some("m-2"), 0.6, Some("a")),
            label(None, 0.5, Some("a")),
        ];
        let found = Candour::of(&labels);
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["m-1", "m-2"]);
        let one = &found["m-1"];
        assert_eq!((one.labels, one.right, found["m-2"].labels), (3, 1, 1));
        assert!((one.precision.unwrap() - 1.0 / 3.0).abs() < 1e-9 && (one.stated.unwrap() - 0.8).abs() < 1e-9);
        assert!(one.factor.factor() < PRIOR && found["m-2"].factor.factor() > PRIOR);
        assert_eq!(Candour::default().factor, Temperature::default());
    }

    fn any_probability() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0_f64]
    }

    proptest! {
        #[test]
        fn whatever_is_stated_the_factor_stays_inside_its_bounds(answers in proptest::collection::vec((proptest::num::f64::ANY, any::<bool>()), 0..60)) {
            let fitted = Temperature::fit(&answers);
            prop_assert!((LEAST..=MOST).contains(&fitted.factor()), "{fitted:?}");
            for (stated, _) in answers {
                prop_assert!((0.0..=1.0).contains(&fitted.applied(stated)));
            }
        }

        #[test]
        fn what_is_stated_more_surely_counts_for_no_less(
            answers in proptest::collection::vec((any_probability(), any::<bool>()), 0..60), one in any_probability(), other in any_probability(),
        ) {
            let fitted = Temperature::fit(&answers);
            prop_assert!(fitted.applied(one.min(other)) <= fitted.applied(one.max(other)));
            prop_assert!((fitted.applied(one) + fitted.applied(1.0 - one) - 1.0).abs() < 1e-9, "yes and no are mirrored");
            // Never over the middle.
            prop_assert!((one - 0.5) * (fitted.applied(one) - 0.5) >= 0.0);
        }

        #[test]
        fn one_more_that_came_true_never_lowers_it(answers in proptest::collection::vec((0.5..=1.0_f64, any::<bool>()), 1..60)) {
            let better: Vec<(f64, bool)> = answers.iter().map(|(stated, _)| (*stated, true)).collect();
            prop_assert!(factor(&better) >= factor(&answers) - 1e-9);
            let mut in_another_order = answers.clone();
            in_another_order.reverse();
            prop_assert!((factor(&in_another_order) - factor(&answers)).abs() < 1e-9);
        }
    }
}
