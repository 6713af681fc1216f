//! What stands behind a passage that was found: the rest of its document, and how far it stands out from what else was found.

use std::collections::BTreeMap;

use crate::passages::{Found, Hit, Slot};

/// A document is lifted by what of its second and third passage stands above the hit of this place. Where fewer were found, nothing
/// is known of what any document would hold.
const BACKGROUND: usize = 100;
/// The share of the second passage; the third adds its square.
const OF_SECOND: f64 = 0.5;
const PASSAGES_OF_ONE: usize = 3;
/// A passage stands out from so many others.
const OTHERS: usize = 10;
/// The cosine of what has nothing to do with a question, where there are fewer others.
const UNRELATED: f64 = 0.2;
/// Among so many passages the confidence by words was fitted; ten times as many take this off.
const FITTED_AMONG: f64 = 125.0;
const CHANCE: f64 = 2.0;

/// Lifts the best passage of each document by what else of it was found: a page that answers seldom does so in one place only.
/// Puts the hits, which must be sorted, into their new order.
pub fn lift_documents<D: Ord>(hits: &mut [Hit], document: impl Fn(Slot) -> Option<D>) {
    let Some(level) = hits.get(BACKGROUND - 1).map(|hit| hit.score) else { return };
    let mut places: BTreeMap<D, Vec<usize>> = BTreeMap::new();
    for (place, hit) in hits.iter().enumerate() {
        if let Some(document) = document(hit.slot) {
            places.entry(document).or_default().push(place);
        }
    }
    for places in places.values() {
        let others = places.iter().skip(1).take(PASSAGES_OF_ONE - 1).filter_map(|place| hits.get(*place));
        let shares = std::iter::successors(Some(OF_SECOND), |share| Some(share * OF_SECOND));
        let lift: f64 = others.zip(shares).map(|(other, share)| share * (other.score - level).max(0.0)).sum();
        if let Some(best) = places.first().and_then(|place| hits.get_mut(*place)) {
            best.score += lift;
        }
    }
    hits.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.slot.cmp(&other.slot)));
}

/// How likely passages answer what was asked.
#[derive(Debug, Clone)]
pub struct Confidence {
    /// The cosines of the first hits, the best hit's first.
    first: Vec<(Slot, f64)>,
    seen: f64,
}

impl Confidence {
    /// Of what a search found.
    pub fn of(found: &Found) -> Self {
        let cosines = found.hits.iter().filter_map(|hit| Some((hit.slot, hit.cosine?)));
        Self { first: cosines.take(OTHERS + 1).collect(), seen: found.seen }
    }

    /// That of one hit, `0.0..=1.0`: a logistic of how near its meaning is and how much nearer than others', or of how much of the
    /// question its words hold; among many passages words meet by chance. The weights are fitted, see docs/JUDGEMENT.md.
    pub fn that(&self, hit: &Hit) -> f64 {
        let logit = match hit.cosine {
            None => -2.8 + 6.3 * hit.coverage - CHANCE * (self.seen / FITTED_AMONG).log10().max(0.0),
            Some(cosine) => -4.9 + 3.35 * cosine + 10.8 * (cosine - self.others(hit.slot)),
        };
        1.0 / (1.0 + (-logit).exp())
    }

    /// The mean cosine of the best others.
    #[allow(clippy::cast_precision_loss)]
    fn others(&self, slot: Slot) -> f64 {
        let others = self.first.iter().filter(|(other, _)| *other != slot).map(|(_, cosine)| *cosine);
        others.chain(std::iter::repeat(UNRELATED)).take(OTHERS).sum::<f64>() / OTHERS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{BACKGROUND, Confidence, lift_documents};
    use crate::passages::{Found, Hit, Slot};

    fn hit(slot: Slot, score: f64, cosine: Option<f64>) -> Hit {
        Hit { slot, score, coverage: 0.5, cosine }
    }

    /// Scores fall from 1 in steps of a hundredth.
    fn hits(count: usize) -> Vec<Hit> {
        (0..).take(count).map(|place: Slot| hit(place, 1.0 - f64::from(place) / 100.0, None)).collect()
    }

    #[test]
    fn a_document_with_several_good_passages_comes_before_one_with_a_single_one() {
        let document = |slot: Slot| Some(if slot == 1 || slot == 2 { 1000 } else { slot });
        let mut found = hits(BACKGROUND);
        lift_documents(&mut found, document);
        assert_eq!(found.iter().take(3).map(|hit| hit.slot).collect::<Vec<_>>(), [1, 0, 2]);
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let mut few = hits(BACKGROUND - 1);
        lift_documents(&mut few, document);
        assert_eq!(few, hits(BACKGROUND - 1), "of few nothing is known");
    }

    fn confidence(cosines: &[f64]) -> f64 {
        let hits: Vec<Hit> = cosines.iter().zip(0..).map(|(cosine, slot)| hit(slot, *cosine, Some(*cosine))).collect();
        let found = Found { hits, seen: 100.0, ..Found::default() };
        Confidence::of(&found).that(&found.hits[0])
    }

    #[test]
    fn what_stands_out_is_surer_than_one_of_many_alike() {
        assert!(confidence(&[0.7, 0.2, 0.1]) > 0.9);
        assert!(confidence(&[0.7; 12]) < 0.1);
        assert!(confidence(&[0.3]) < 0.1 && confidence(&[0.8]) > 0.9, "alone it is held against what is unrelated");
    }

    #[test]
    fn by_words_the_same_share_says_less_among_more() {
        let of = |seen: f64, coverage: f64| {
            let found = Found { seen, ..Found::default() };
            Confidence::of(&found).that(&Hit { coverage, ..hit(0, 1.0, None) })
        };
        assert!(of(100.0, 1.0) > 0.9 && of(100.0, 0.2) < 0.3);
        assert!(of(10_000.0, 1.0) < of(100.0, 1.0));
    }
}
