//! Where the requester's tone goes in the course of a thread.

use deskbell_domain::assessment::{Confidence, Judged, SentimentTrend};

use super::{EVIDENCE, weigh};

/// One of the requester's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// In Slack's markup.
    pub text: &'a str,
    /// When it was sent, in seconds of any clock; `None` where nobody knows.
    pub at_seconds: Option<i64>,
}

/// Messages that follow one another so closely are one utterance: people break their sentences over several.
const SAME_BREATH_SECONDS: i64 = 10 * 60;
/// However strong the words, an utterance weighs no more than this.
const HEAVIEST: i32 = 4;
/// So many utterances before the newest say what the tone was.
const BEFORE: usize = 4;
/// From this difference on the tone has changed; a single mild word is no change.
const CHANGE: f64 = 1.75;

struct Utterance {
    until: Option<i64>,
    weight: i32,
    evidence: Vec<(i32, String)>,
}

/// Compares the newest utterance with those before it, of which the nearer count for more. `messages` stand in their order;
/// `None` for a single utterance.
pub fn trend(messages: &[Said<'_>]) -> Option<Judged<SentimentTrend>> {
    let utterances = utterances(messages);
    let (newest, earlier) = utterances.split_last()?;
    if earlier.is_empty() {
        return None;
    }
    let (mut sum, mut shares, mut share) = (0.0, 0.0, 1.0);
    for utterance in earlier.iter().rev().take(BEFORE) {
        sum += share * f64::from(utterance.weight.clamp(-HEAVIEST, HEAVIEST));
        shares += share;
        share *= 0.7;
    }
    let change = f64::from(newest.weight.clamp(-HEAVIEST, HEAVIEST)) - sum / shares;
    let value = if change <= -CHANGE {
        SentimentTrend::Worsening
    } else if change >= CHANGE {
        SentimentTrend::Improving
    } else {
        SentimentTrend::Steady
    };
    let probability = match value {
        SentimentTrend::Steady => 0.85 - 0.15 * change.abs(),
        SentimentTrend::Worsening | SentimentTrend::Improving => (0.45 + 0.1 * change.abs()).min(0.9),
    };
    Some(Judged { value, confidence: Confidence::from_probability(probability), evidence: evidence(newest, value) })
}

fn evidence(newest: &Utterance, value: SentimentTrend) -> Vec<String> {
    let speaks = |weight: i32| match value {
        SentimentTrend::Worsening => weight < 0,
        SentimentTrend::Improving => weight > 0,
        SentimentTrend::Steady => false,
    };
    newest
        .evidence
        .iter()
        .filter(|(weight, _)| speaks(*weight))
        .map(|(_, words)| words.clone())
        .take(EVIDENCE)
        .collect()
}

fn utterances(messages: &[Said<'_>]) -> Vec<Utterance> {
    let mut utterances: Vec<Utterance> = Vec::new();
    for said in messages.iter().filter(|said| !said.text.trim().is_empty()) {
        let (weight, evidence) = weigh(said.text);
        let goes_on = |last: &&mut Utterance| match (last.until, said.at_seconds) {
            (Some(until), Some(at)) => at.saturating_sub(until) <= SAME_BREATH_SECONDS,
            _ => false,
        };
        match utterances.last_mut().filter(goes_on) {
            Some(last) => {
                last.until = said.at_seconds;
                last.weight = last.weight.saturating_add(weight);
                last.evidence.extend(evidence);
            }
            None => utterances.push(Utterance { until: said.at_seconds, weight, evidence }),
        }
    }
    utterances
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::SentimentTrend::{self, Improving, Steady, Worsening};
    use proptest::prelude::*;

    use super::{Said, trend};

    /// Texts with the hour at which each was sent.
    fn heard(messages: &[(i64, &str)]) -> Option<SentimentTrend> {
        let said: Vec<Said> =
            messages.iter().map(|(hour, text)| Said { text, at_seconds: Some(hour * 3600) }).collect();
        trend(&said).map(|judged| judged.value)
    }

    #[test]
    fn patience_that_ends_is_a_worsening() {
        for thread in [
            &[
                (0, "Hello, the export is empty, could you have a look?"),
                (24, "Still no answer. This is unacceptable."),
            ][..],
            &[(0, "Thanks for your help!"), (3, "It fails again, I'm really frustrated")],
            &[(0, "the export is empty"), (5, "any news?"), (30, "still waiting"), (50, "This is ridiculous!!")],
            &[(0, "Hallo, der Export ist leer"), (24, "Das ist eine Frechheit, ich bin enttäuscht")],
        ] {
            assert_eq!(heard(thread), Some(Worsening), "{thread:?}");
        }
    }

    #[test]
    fn relief_is_an_improvement() {
        for thread in [
            &[(0, "This is unacceptable, third time this week"), (4, "Great, it works now, thank you so much")][..],
            &[(0, "I'm fed up with this"), (4, "ok, now it runs. Thanks")],
        ] {
            assert_eq!(heard(thread), Some(Improving), "{thread:?}");
        }
    }

    #[test]
    fn the_usual_back_and_forth_is_steady() {
        for thread in [
            &[(0, "the export is empty"), (2, "it is the monthly one")][..],
            &[(0, "Could you help please?"), (2, "order 4411"), (9, "thanks")],
            &[(0, "This is unacceptable"), (9, "It is still unacceptable")],
            &[(0, "terrible"), (2, "awful"), (3, "horrible, worst support")],
        ] {
            assert_eq!(heard(thread), Some(Steady), "{thread:?}");
        }
    }

    #[test]
    fn one_breath_is_no_thread() {
        assert_eq!(trend(&[]), None);
        assert_eq!(heard(&[(0, "hello")]), None);
        let burst = [("Hi, great tool", 0), ("but this is terrible", 60), ("and ridiculous", 90)];
        let said = burst.map(|(text, at)| Said { text, at_seconds: Some(at) });
        assert_eq!(trend(&said), None);
        let apart = burst.map(|(text, _)| Said { text, at_seconds: None });
        assert_eq!(trend(&apart).map(|judged| judged.value), Some(Worsening));
    }

    #[test]
    fn evidence_is_of_the_newest_words() {
        let said =
            [("thanks, nice", 0), ("this is ridiculous", 9000)].map(|(text, at)| Said { text, at_seconds: Some(at) });
        assert_eq!(trend(&said).unwrap().evidence, ["ridiculous"]);
    }

    proptest! {
        #[test]
        fn any_thread_is_judged_the_same_twice(
            texts in proptest::collection::vec(("\\PC{0,60}", proptest::option::of(any::<i64>())), 0..8)
        ) {
            let said: Vec<Said> = texts.iter().map(|(text, at)| Said { text, at_seconds: *at }).collect();
            prop_assert_eq!(trend(&said), trend(&said));
        }
    }
}
