//! How soon somebody must act, from what people write: what has failed and for whom, what is lost, until when, who waits, and
//! all that says that there is time.
//!
//! Read [`judge`]: it looks for the cues (`grave`, `harm`, `pressing`, `mild`, `aside`), makes features of them
//! (`features`) and weighs these by a linear model with few, readable weights (`weights`), which were learned from the
//! labelled tickets in `tests/eval/urgency/train.jsonl`; a test learns them anew and compares.

mod aside;
mod features;
mod grave;
mod harm;
mod mild;
mod pressing;
mod weights;

use std::sync::LazyLock;

use deskbell_domain::assessment::{Confidence, Judged, Urgency};

use crate::mrkdwn::plain;
use crate::phrases::{Found, Lexicon};
use features::{FEATURES, Features};
use weights::{BIAS, WEIGHTS};

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;
/// The classes in the order of the weights.
const CLASSES: [Urgency; 4] = [Urgency::Low, Urgency::Normal, Urgency::High, Urgency::Critical];
/// Divides the scores, so that they come true: measured on 145 of the training tickets that were written after the cues they
/// were judged by, before these were mended.
const TEMPERATURE: f64 = 1.1;

/// What a phrase says about urgency. The order is the weights'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    /// A system is down.
    Outage,
    /// All are hit.
    Everybody,
    /// Something fails.
    Failing,
    /// Work stands still.
    Standstill,
    /// It goes on at this moment.
    UnderWay,
    /// Money or orders are lost.
    Money,
    /// Somebody got in, or data got out.
    Breach,
    /// Data are lost.
    Loss,
    /// People's health or safety.
    Safety,
    /// Duties under law or contract.
    Legal,
    /// A deadline within hours.
    Hours,
    /// Today or tomorrow.
    Today,
    /// "Urgent", "asap".
    Hurry,
    /// One person can't work.
    Blocked,
    /// A team.
    Team,
    /// Customers notice.
    CustomerSees,
    /// Waited long, a promise broken.
    Waited,
    /// Somebody or something important.
    Important,
    /// "No rush".
    Calm,
    /// An idea.
    Idea,
    /// Curiosity, by the way.
    Curious,
    /// Cleaning up.
    Tidy,
    /// Thanks and praise.
    Thanks,
    /// "Minor".
    Minor,
    /// Looks and wording.
    Trifle,
    /// A question.
    Asks,
    /// A wish for something to be done.
    Wishes,
    /// There is a way around.
    Workaround,
    /// Next week.
    Later,
    /// It is over.
    Past,
    /// It is said not to be so.
    Spared,
    /// Only thought of: exercises, plans.
    Planned,
    /// One of many, now and then.
    Few,
}

static LEXICON: LazyLock<Lexicon<Cue>> =
    LazyLock::new(|| Lexicon::new(&[grave::GRAVE, harm::HARM, pressing::PRESSING, mild::MILD, aside::ASIDE]));

/// Judges a request's urgency. Without any cue the answer is `Normal`, without much confidence.
pub fn judge(text: &str) -> Judged<Urgency> {
    let plain = plain(text);
    let cues = cues(&plain);
    let features = Features::of(text, &plain, &cues);
    let probabilities = probabilities(&features);
    let (best, probability) = best_of(&probabilities);
    let value = CLASSES.get(best).copied().unwrap_or(Urgency::Normal);
    Judged { value, confidence: Confidence::from_probability(probability), evidence: evidence(&cues, best) }
}

/// The cues of a text. Who scrolls or writes down for all tells of no outage.
fn cues(plain: &str) -> Vec<Found<Cue>> {
    let mut cues = LEXICON.find(plain);
    if cues.iter().any(|found| found.meaning == Cue::Spared && found.words.ends_with(" down")) {
        cues.retain(|found| found.meaning != Cue::Outage || !found.words.starts_with("down"));
    }
    cues
}

/// The first of the largest.
fn best_of(probabilities: &[f64; 4]) -> (usize, f64) {
    let numbered = probabilities.iter().copied().enumerate();
    numbered.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

fn probabilities(features: &Features) -> [f64; 4] {
    let mut scores = BIAS;
    for ((_, weights), value) in WEIGHTS.iter().zip(features.values()) {
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score += weight * value;
        }
    }
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares = scores.map(|score| ((score - top) / TEMPERATURE).exp());
    let sum: f64 = shares.iter().sum();
    shares.map(|share| share / sum)
}

/// The phrases that spoke most for a class against the mean of the others, the heaviest first.
fn evidence(cues: &[Found<Cue>], class: usize) -> Vec<String> {
    let mut weighed: Vec<(f64, String)> = Vec::new();
    for found in cues {
        let Some(place) = features::place(found) else { continue };
        let Some((_, weights)) = WEIGHTS.get(place) else { continue };
        let own = weights.get(class).copied().unwrap_or_default();
        let others = (weights.iter().sum::<f64>() - own) / 3.0;
        let turned = found.negated && features::can_be_negated(found.meaning);
        let shown = if turned { format!("not {}", found.words) } else { found.words.clone() };
        // One phrase may be a cue of several things.
        match weighed.iter_mut().find(|(_, words)| *words == shown) {
            Some((weight, _)) => *weight += own - others,
            None => weighed.push((own - others, shown)),
        }
    }
    weighed.retain(|(weight, _)| *weight > 0.05);
    weighed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    weighed.into_iter().map(|(_, words)| words).take(EVIDENCE).collect()
}

#[cfg(test)]
mod fitting;
#[cfg(test)]
mod tests;
