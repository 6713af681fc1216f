//! How an assessor did, by what people decided afterwards: per category and squad how often it was right, how often it spoke,
//! and whether its confidence came true.

use std::collections::BTreeMap;

use deskbell_domain::label::Label;
use deskbell_domain::learning::sure_share;
use deskbell_domain::ticket::Verdict;
use serde::Serialize;

use crate::classifier::HeldOut;

/// Parts into which confidence is cut for people to read.
const BINS: u16 = 5;
/// Parts into which it is cut for the calibration error.
const FINE_BINS: u16 = 10;

/// Figures of one category, one squad, or all. Shares are `0.0..=1.0`, and absent where there is nothing to divide by.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// Requests that people settled as this.
    pub requests: u32,
    /// Requests that were said to be this.
    pub said: u32,
    /// Those of them that people settled as this.
    pub right: u32,
    /// The share of what was said that was right.
    pub precision: Option<f64>,
    /// What that share surely is at least, at 95 % confidence.
    pub precision_at_least: Option<f64>,
    /// The share of the requests of this kind on which the assessor named any category.
    pub coverage: Option<f64>,
    /// The share of the requests of this kind that were said to be it.
    pub found: Option<f64>,
    /// How sure the assessor was of what it said to be this, on average. Calibrated, it is the precision.
    pub confidence: Option<f64>,
    #[serde(skip)]
    spoken: u32,
    #[serde(skip)]
    thousandths: u64,
}

/// Answers between two confidences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// From this confidence on.
    pub from: f64,
    /// Up to this.
    pub to: f64,
    /// Answers by people about what was so sure.
    pub answers: u32,
    /// The mean confidence of these.
    pub confidence: Option<f64>,
    /// The share that was right.
    pub right: Option<f64>,
}

/// All the figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Accuracy {
    /// Answers by people, a ticket counted once.
    pub labels: u32,
    /// Answers that it was no ticket.
    pub not_tickets: u32,
    /// Answers that changed category, squad or priority.
    pub changed: u32,
    /// All categories together.
    pub overall: Group,
    /// By category.
    pub categories: BTreeMap<String, Group>,
    /// By squad: what the rules proposed, and what people settled.
    pub squads: BTreeMap<String, Group>,
    /// Whether confidence comes true.
    pub calibration: Vec<Bin>,
    /// Expected calibration error: how far confidence and truth lie apart, over 10 bins of equal width.
    pub ece: Option<f64>,
}

impl Accuracy {
    /// Measures the labels.
    pub fn of<'a>(labels: impl IntoIterator<Item = &'a Label>) -> Self {
        let mut new = Self::default();
        let mut answers = Vec::new();
        for label in labels {
            new.labels += 1;
            new.not_tickets += u32::from(label.verdict == Verdict::NotATicket);
            new.changed += u32::from(label.verdict == Verdict::Changed);
            new.count(label);
            if let (Some((_, confidence)), Some(right)) = (&label.said, label.said_rightly()) {
                answers.push((confidence.probability(), right));
            }
        }
        let groups = new.categories.values_mut().chain(new.squads.values_mut());
        groups.chain(std::iter::once(&mut new.overall)).for_each(Group::finish);
        new.calibration = bins(&answers, BINS);
        new.ece = calibration_error(&answers);
        new
    }

    fn count(&mut self, label: &Label) {
        let said = label.said.as_ref();
        let thousandths = said.map_or(0, |(_, confidence)| u64::from(confidence.thousandths()));
        let right = label.said_rightly().unwrap_or(false);
        self.overall.requests += 1;
        self.overall.spoken += u32::from(said.is_some());
        if let Some((category, _)) = said {
            self.overall.was_said(right, thousandths);
            self.categories.entry(category.to_string()).or_default().was_said(right, thousandths);
        }
        if let Some(category) = &label.category {
            self.categories.entry(category.to_string()).or_default().was_settled(said.is_some());
        }
        if let Some(squad) = &label.proposed {
            let right = label.squad.as_ref() == Some(squad);
            self.squads.entry(squad.to_string()).or_default().was_said(right, thousandths);
        }
        if let Some(squad) = &label.squad {
            self.squads.entry(squad.to_string()).or_default().was_settled(said.is_some());
        }
    }
}

impl Group {
    fn was_said(&mut self, right: bool, thousandths: u64) {
        self.said += 1;
        self.right += u32::from(right);
        self.thousandths += thousandths;
    }

    fn was_settled(&mut self, spoken: bool) {
        self.requests += 1;
        self.spoken += u32::from(spoken);
    }

    #[allow(clippy::cast_precision_loss)] // Thousandths of as many answers as fit into memory.
    fn finish(&mut self) {
        self.precision = share(self.right, self.said);
        self.precision_at_least = self.precision.map(|_| sure_share(self.right, self.said));
        self.coverage = share(self.spoken, self.requests);
        self.found = share(self.right, self.requests);
        self.confidence = (self.said > 0).then(|| self.thousandths as f64 / 1000.0 / f64::from(self.said));
    }
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

fn bins(answers: &[(f64, bool)], count: u16) -> Vec<Bin> {
    let width = 1.0 / f64::from(count);
    let bin = |place: u16| {
        let (from, to) = (f64::from(place) * width, f64::from(place + 1) * width);
        let is_last = place + 1 == count;
        let inside = answers.iter().filter(|(sure, _)| *sure >= from && (*sure < to || is_last));
        let (mut answers, mut right, mut sum) = (0_u32, 0_u32, 0.0);
        for (sure, was_right) in inside {
            answers += 1;
            right += u32::from(*was_right);
            sum += sure;
        }
        let confidence = (answers > 0).then(|| sum / f64::from(answers));
        Bin { from, to, answers, confidence, right: share(right, answers) }
    };
    (0..count).map(bin).collect()
}

#[allow(clippy::cast_precision_loss)]
fn calibration_error(answers: &[(f64, bool)]) -> Option<f64> {
    let apart = |bin: &Bin| {
        let (said, was) = bin.confidence.zip(bin.right)?;
        Some((said - was).abs() * f64::from(bin.answers))
    };
    let total: f64 = bins(answers, FINE_BINS).iter().filter_map(apart).sum();
    (!answers.is_empty()).then(|| total / answers.len() as f64)
}

/// What a model said of examples that it had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOutFigures {
    /// The share that was right.
    pub accuracy: f64,
    /// Expected calibration error.
    pub ece: f64,
    /// The largest share of answers, the surest first, of which 95 % were right.
    pub coverage_at_95: f64,
}

impl HeldOutFigures {
    /// `None` where nothing was held out.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(held_out: &[HeldOut]) -> Option<Self> {
        let mut answers: Vec<(f64, bool)> = held_out.iter().map(|answer| (answer.probability, answer.right)).collect();
        let ece = calibration_error(&answers)?;
        answers.sort_by(|left, right| right.0.total_cmp(&left.0));
        let (mut right, mut covered) = (0_usize, 0_usize);
        for (answered, (probability, was_right)) in (1..).zip(&answers) {
            right += usize::from(*was_right);
            let last_of_its_probability = answers.get(answered).is_none_or(|(next, _)| next < probability);
            if last_of_its_probability && right as f64 >= 0.95 * answered as f64 {
                covered = answered;
            }
        }
        let of = |part: usize| part as f64 / answers.len() as f64;
        Some(Self { accuracy: of(right), ece, coverage_at_95: of(covered) })
    }
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::{AssessorName, Confidence};
    use deskbell_domain::ids::{CategoryId, PersonId, SquadId, TicketId};
    use proptest::prelude::*;

    use super::*;

    /// What was said (and how surely), and what a person made of it; `-` is no ticket.
    fn label(said: Option<(&str, u16)>, settled: &str) -> Label {
        let category = (settled != "-").then(|| CategoryId::from(settled));
        let said = said.map(|(name, percent)| (CategoryId::from(name), Confidence::from_thousandths(percent * 10)));
        let verdict = match &said {
            _ if settled == "-" => Verdict::NotATicket,
            Some((name, _)) if Some(name) == category.as_ref() => Verdict::Confirmed,
            _ => Verdict::Changed,
        };
        let squad = |name: &CategoryId| SquadId::from(format!("squad-{name}").as_str());
        Label {
            ticket: TicketId::new(1),
            decision: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: PersonId::from("U1"),
            verdict,
            assessor: AssessorName::Local,
            proposed: said.as_ref().map(|(name, _)| squad(name)),
            squad: category.as_ref().map(squad),
            said,
            stated: None,
            category,
        }
    }

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} is not {expected}");
    }

    #[test]
    fn figures_of_a_small_sample_computed_by_hand() {
        let labels = [
            label(Some(("a", 90)), "a"),
            label(Some(("a", 90)), "a"),
            label(Some(("a", 50)), "b"),
            label(Some(("b", 70)), "b"),
            label(None, "b"),
            label(Some(("b", 30)), "-"),
        ];
        let found = Accuracy::of(&labels);
        assert_eq!((found.labels, found.not_tickets, found.changed), (6, 1, 2));
        near(found.overall.precision, 3.0 / 5.0);
        near(found.overall.coverage, 5.0 / 6.0);
        let (a, b) = (&found.categories["a"], &found.categories["b"]);
        assert_eq!((a.requests, a.said, a.right), (2, 3, 2));
        near(a.precision, 2.0 / 3.0);
        near(a.confidence, 2.3 / 3.0);
        near(a.found, 1.0);
        assert_eq!((b.requests, b.said, b.right), (3, 2, 1));
        near(b.coverage, 2.0 / 3.0);
        near(b.found, 1.0 / 3.0);
        let squad = &found.squads["squad-a"];
        assert_eq!((squad.requests, squad.said, squad.right), (2, 3, 2));
        // Bins of a tenth: 0.9 twice right, 0.5 wrong, 0.7 right, 0.3 wrong.
        near(found.ece, (2.0 * 0.1 + 0.5 + 0.3 + 0.3) / 5.0);
        assert_eq!(found.calibration.iter().map(|bin| bin.answers).collect::<Vec<_>>(), [0, 1, 1, 1, 2]);
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let none = Accuracy::of(&[]);
        assert_eq!((none.overall.precision, none.ece, none.categories.len()), (None, None, 0));
        assert_eq!(HeldOutFigures::of(&[]), None);
    }

    #[test]
    fn held_out_answers_are_covered_while_they_are_right() {
        let answer = |probability, right| HeldOut { probability, right, familiarity: 1.0 };
        let mut all: Vec<HeldOut> = (0..39).map(|_| answer(0.9, true)).collect();
        all.extend([answer(0.9, false), answer(0.2, false), answer(0.1, false)]);
        let found = HeldOutFigures::of(&all).unwrap();
        near(Some(found.coverage_at_95), 41.0 / 42.0);
        near(Some(found.accuracy), 39.0 / 42.0);
    }

    proptest! {
        #[test]
        fn shares_are_shares(answers in proptest::collection::vec((proptest::option::of((0_usize..3, 0_u16..=100)), 0_usize..4), 0..60)) {
            let names = ["a", "b", "c", "-"];
            let labels: Vec<Label> = answers
                .iter()
                .map(|(said, settled)| label(said.map(|(at, sure)| (names[at], sure)), names[*settled]))
                .collect();
            let found = Accuracy::of(&labels);
            for group in found.categories.values().chain(found.squads.values()).chain([&found.overall]) {
                for share in [group.precision, group.coverage, group.found, group.confidence].into_iter().flatten() {
                    prop_assert!((0.0..=1.0).contains(&share), "{share}");
                }
                prop_assert!(group.precision_at_least <= group.precision);
            }
            prop_assert_eq!(found.calibration.iter().map(|bin| bin.answers).sum::<u32>(), found.overall.said);
        }
    }
}
