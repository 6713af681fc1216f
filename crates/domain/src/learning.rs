//! From which confidence on a category may be carried out without asking: moved by evidence alone, inside the policy's bounds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::assessment::Confidence;
use crate::ids::CategoryId;
use crate::label::Label;

/// How sure one may be that the true share is no lower: the normal quantile of 95 %, one-sided.
const QUANTILE: f64 = 1.645;
/// Thresholds lie this far apart, in thousandths.
const STEP: usize = 10;

/// What the policy allows: `[learning] auto_from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoBounds {
    /// Never lower, whatever the evidence says.
    pub min: Confidence,
    /// Never higher; and what holds without evidence.
    pub max: Confidence,
    /// So many answers by people are needed for a move.
    pub evidence: u32,
    /// The share of right categories that must be sure, at 95 % confidence.
    pub precision: Confidence,
}

/// Where a category stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// From here on it may be carried out without asking.
    pub from: Confidence,
    /// Answers by people about what was at least so sure.
    pub answers: u32,
    /// Those of them that found the category right.
    pub right: u32,
}

impl AutoBounds {
    /// What is in force, given what was found: always inside the bounds.
    pub fn within(&self, found: Option<Confidence>) -> Confidence {
        found.map_or(self.max, |found| found.clamp(self.min, self.max))
    }

    /// Where each category of these labels stands: the lowest confidence from which on enough answers found it right often
    /// enough, and the highest that is allowed where there is none.
    pub fn thresholds<'a>(&self, labels: impl IntoIterator<Item = &'a Label>) -> BTreeMap<CategoryId, Threshold> {
        let mut said: BTreeMap<CategoryId, Vec<(Confidence, bool)>> = BTreeMap::new();
        for label in labels {
            if let (Some((category, confidence)), Some(right)) = (&label.said, label.said_rightly()) {
                said.entry(category.clone()).or_default().push((*confidence, right));
            }
        }
        said.into_iter().map(|(category, said)| (category, self.threshold(&said))).collect()
    }

    fn threshold(&self, said: &[(Confidence, bool)]) -> Threshold {
        let at = |from: Confidence| {
            let count = |right_alone: bool| {
                let counted = said.iter().filter(|(sure, right)| *sure >= from && (*right || !right_alone)).count();
                u32::try_from(counted).unwrap_or(u32::MAX)
            };
            Threshold { from, answers: count(false), right: count(true) }
        };
        let holds = |found: &Threshold| {
            found.answers >= self.evidence.max(1)
                && sure_share(found.right, found.answers) >= self.precision.probability()
        };
        let steps = (self.min.thousandths()..self.max.thousandths()).step_by(STEP);
        steps.map(Confidence::from_thousandths).map(at).find(holds).unwrap_or_else(|| at(self.max))
    }
}

/// The share that the true one is no lower than, surely: Wilson's bound (Wilson, "Probable Inference, the Law of Succession, and
/// Statistical Inference", 1927).
pub fn sure_share(right: u32, of: u32) -> f64 {
    if of == 0 {
        return 0.0;
    }
    let (count, share) = (f64::from(of), f64::from(right) / f64::from(of));
    let square = QUANTILE * QUANTILE;
    let middle = share + square / (2.0 * count);
    let spread = QUANTILE * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    ((middle - spread) / (1.0 + square / count)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AutoBounds, sure_share};
    use crate::assessment::{AssessorName, Confidence};
    use crate::ids::{CategoryId, PersonId, TicketId};
    use crate::label::Label;
    use crate::ticket::Verdict;

    fn label(percent: u16, right: bool) -> Label {
        Label {
            ticket: TicketId::new(1),
            decision: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: PersonId::from("U1"),
            verdict: if right { Verdict::Confirmed } else { Verdict::Changed },
            assessor: AssessorName::Local,
            said: Some((CategoryId::from("a"), Confidence::from_thousandths(percent * 10))),
            stated: None,
            category: Some(CategoryId::from(if right { "a" } else { "b" })),
            proposed: None,
            squad: None,
        }
    }

    fn bounds() -> AutoBounds {
        let of = Confidence::from_probability;
        AutoBounds { min: of(0.7), max: of(0.95), evidence: 30, precision: of(0.9) }
    }

    fn from(labels: &[Label]) -> u16 {
        bounds().thresholds(labels).get(&CategoryId::from("a")).map_or(0, |found| found.from.percent())
    }

    #[test]
    fn wilson_s_bound_is_the_textbook_s() {
        assert!((sure_share(30, 30) - 0.9173).abs() < 0.001, "{}", sure_share(30, 30));
        assert!((sure_share(90, 100) - 0.8405).abs() < 0.001, "{}", sure_share(90, 100));
        assert!(sure_share(0, 0) == 0.0 && sure_share(0, 9) < 1e-9);
    }

    #[test]
    fn moves_with_evidence_alone_and_no_further_than_the_bounds() {
        let right = |count: usize, percent: u16| vec![label(percent, true); count];
        assert_eq!(from(&right(29, 80)), 95, "too few answers");
        assert_eq!(from(&right(30, 80)), 70, "the lowest bound from which on all of them lie");
        assert_eq!(from(&right(300, 40)), 95, "what was said below the bounds tells nothing of what lies inside");
        let mixed = [right(60, 90), vec![label(75, false); 20]].concat();
        assert_eq!(from(&mixed), 76, "just above what went wrong");
        let bad = [right(60, 90), vec![label(94, false); 20]].concat();
        assert_eq!(from(&bad), 95);
        // No ticket at all is as wrong as another category.
        let spam = Label { verdict: Verdict::NotATicket, category: None, ..label(75, true) };
        assert_eq!(from(&[right(60, 90), vec![spam; 20]].concat()), 76);
    }

    proptest! {
        #[test]
        fn whatever_people_answer_it_stays_inside_the_bounds(answers in proptest::collection::vec((0_u16..=100, any::<bool>()), 0..120)) {
            let labels: Vec<Label> = answers.iter().map(|(percent, right)| label(*percent, *right)).collect();
            for found in bounds().thresholds(&labels).values() {
                prop_assert!(found.from >= bounds().min && found.from <= bounds().max && found.right <= found.answers);
                let moved = found.from < bounds().max;
                prop_assert!(!moved || found.answers >= 30 && sure_share(found.right, found.answers) >= 0.9);
            }
        }
    }
}
