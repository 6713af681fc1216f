//! The tone of a request, from words of praise and annoyance and their negation. A coarse measure: most
//! requests are matter of fact. [`mod@trend`] says where the tone of a thread goes.

mod lexicon;
pub mod trend;

use deskbell_domain::assessment::{Confidence, Judged, Sentiment};

use crate::mrkdwn::{Piece, pieces, plain};
use crate::phrases::{find_all, shouts};
use lexicon::LEXICON;

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;

/// How often the tone is right where its words weigh nothing, 1, 2, and 3 or more, either way: counted on
/// `tests/eval/sentiment/calibration.jsonl`, whose messages were written and labelled by somebody who had not seen the words, with
/// one right and one wrong added to each. A test counts anew.
const RIGHT: [f64; 4] = [0.65, 0.375, 0.909, 0.944];

/// Judges the tone; without words of feeling it is `Neutral` at less than two thirds, since many feelings have no words.
pub fn judge(text: &str) -> Judged<Sentiment> {
    let (weight, evidence) = weigh(text);
    conclude(weight, evidence)
}

/// What the words of feeling weigh together, positive for friendly, and each of them.
fn weigh(text: &str) -> (i32, Vec<(i32, String)>) {
    let plain = plain(text);
    let mut weight = 0_i32;
    let mut evidence: Vec<(i32, String)> = Vec::new();
    for found in find_all(&plain, LEXICON) {
        let signed = if found.negated { -found.meaning } else { found.meaning };
        // "not terrible" is no praise; "not happy" is a complaint.
        let signed = if found.negated && signed > 0 { 0 } else { signed };
        weight += signed;
        let shown = if found.negated { format!("not {}", found.words) } else { found.words };
        evidence.push((signed, shown));
    }
    for name in emoji(text) {
        let signed = emoji_weight(name);
        weight += signed;
        evidence.push((signed, format!(":{name}:")));
    }
    for (face, signed) in FACES {
        if text.contains(face) {
            weight += signed;
            evidence.push((*signed, (*face).to_owned()));
        }
    }
    if shouts(&plain) && weight <= 0 {
        weight -= 2;
        evidence.push((-2, "!!".to_owned()));
    }
    (weight, evidence)
}

fn conclude(weight: i32, evidence: Vec<(i32, String)>) -> Judged<Sentiment> {
    let value = match weight {
        2.. => Sentiment::Positive,
        ..=-2 => Sentiment::Negative,
        _ => Sentiment::Neutral,
    };
    let probability = RIGHT.get(class(weight)).copied().unwrap_or(0.5);
    let speaking = evidence.into_iter().filter(|(signed, _)| signed.signum() == weight.signum() && *signed != 0);
    let mut evidence: Vec<String> = speaking.map(|(_, words)| words).collect();
    evidence.truncate(EVIDENCE);
    if value == Sentiment::Neutral {
        evidence.clear();
    }
    Judged { value, confidence: Confidence::from_probability(probability), evidence }
}

/// Which of [`RIGHT`] a weight has.
fn class(weight: i32) -> usize {
    usize::try_from(weight.unsigned_abs()).unwrap_or(usize::MAX).min(RIGHT.len() - 1)
}

fn emoji(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Emoji(name) => Some(name),
        _ => None,
    })
}

fn emoji_weight(name: &str) -> i32 {
    match name {
        "tada"
        | "heart"
        | "pray"
        | "raised_hands"
        | "clap"
        | "smile"
        | "slightly_smiling_face"
        | "star-struck"
        | "star_struck"
        | "smiley"
        | "grin"
        | "grinning"
        | "blush"
        | "heart_eyes"
        | "hugging_face"
        | "sparkles"
        | "partying_face"
        | "100"
        | "thumbsup"
        | "+1" => 1,
        "rage" | "angry" | "face_with_symbols_on_mouth" | "-1" | "thumbsdown" | "middle_finger" | "hankey" => -2,
        "cry"
        | "sob"
        | "disappointed"
        | "unamused"
        | "face_with_rolling_eyes"
        | "triumph"
        | "weary"
        | "confounded"
        | "tired_face"
        | "facepalm"
        | "frowning"
        | "slightly_frowning_face" => -1,
        _ => 0,
    }
}

/// What people type or paste for a face.
const FACES: &[(&str, i32)] = &[
    (":)", 1),
    (":-)", 1),
    (";)", 1),
    (":D", 1),
    ("<3", 1),
    ("\u{1f64f}", 1),
    ("\u{2764}", 1),
    ("\u{1f389}", 1),
    ("\u{1f44f}", 1),
    ("\u{1f44d}", 1),
    ("\u{1f60a}", 1),
    ("\u{1f60d}", 1),
    ("\u{1f64c}", 1),
    (":(", -1),
    (":-(", -1),
    (":/", -1),
    ("\u{1f620}", -2),
    ("\u{1f621}", -2),
    ("\u{1f92c}", -2),
    ("\u{1f44e}", -2),
    ("\u{1f624}", -2),
    ("\u{1f612}", -1),
    ("\u{1f644}", -1),
    ("\u{1f622}", -1),
    ("\u{1f62d}", -1),
];

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::Sentiment::{self, Negative, Neutral, Positive};
    use proptest::prelude::*;

    use super::{RIGHT, class, judge, weigh};

    const CALIBRATION: &str = include_str!("../../../../tests/eval/sentiment/calibration.jsonl");

    #[test]
    fn confidence_is_how_often_the_tone_was_right() {
        let (mut right, mut all) = ([1.0_f64; 4], [2.0_f64; 4]);
        for line in CALIBRATION.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = row["text"].as_str().unwrap();
            let class = class(weigh(text).0);
            all[class] += 1.0;
            right[class] += f64::from(u8::from(judge(text).value.as_str() == row["sentiment"]));
        }
        let counted: Vec<f64> = right.iter().zip(all).map(|(right, all)| right / all).collect();
        let same = RIGHT.iter().zip(&counted).all(|(known, counted)| (known - counted).abs() < 0.001);
        assert!(same, "words or messages have changed; RIGHT must be {counted:.3?}");
    }

    fn check(expected: Sentiment, texts: &[&str]) {
        for text in texts {
            let judged = judge(text);
            assert_eq!(judged.value, expected, "{text}: {judged:?}");
        }
    }

    #[test]
    fn annoyed_people_sound_negative() {
        check(
            Negative,
            &[
                "This is unacceptable",
                "I'm really frustrated, third time this week",
                "STILL NOT WORKING, FIX THIS",
                "we are not happy with this",
                "Terrible service",
                "worst support ever :rage:",
                "Das ist eine Frechheit",
                "C'est inadmissible",
                "Es una vergüenza",
                "Isso é inaceitável",
                "how many times do I have to ask!!",
                "nobody answers my emails",
            ],
        );
    }

    #[test]
    fn friendly_people_sound_positive() {
        check(
            Positive,
            &[
                "I love the new dashboard, great job",
                "Thanks, you are awesome :heart:",
                "Thank you so much!",
                "Super, danke! Eine Frage noch",
                "amazing work",
            ],
        );
    }

    #[test]
    fn most_requests_are_matter_of_fact() {
        check(
            Neutral,
            &[
                "How do I export transactions?",
                "please refund order 1",
                "",
                "The API returns 502",
                "it's not terrible but slow",
                "Unfortunately the export is empty",
                "the dashboard is super slow",
                ":eyes:",
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_the_same_twice(text in "\\PC{0,160}") {
            prop_assert_eq!(judge(&text), judge(&text));
        }
    }
}
